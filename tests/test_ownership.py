"""With names as plain as ours, another package may own one: that is said before anything starts."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot import errors, ownership

HOME = Path(ownership.__file__).resolve().parents[1]
OURS: Mapping[str, list[str]] = {name: ["tertulia-debates"] for name in ownership.OURS}


def where(name: str) -> Path:
    """Each package beside this one."""
    return HOME / name


def test_this_checkout_is_its_own() -> None:
    """What the tests run on passes."""
    ownership.check()


def test_checkout_without_installation_is_its_own() -> None:
    """From the folder alone no package is installed at all."""
    ownership.check(dict, where)


def test_other_owner_is_named() -> None:
    """Two packages with one name: the other one is told."""
    shared = {**OURS, "handlers": ["other-lib", "tertulia-debates"]}
    with pytest.raises(errors.ForeignPackage) as refused:
        ownership.check(lambda: shared, where)

    assert refused.value.fields == {"package": "handlers", "owner": "other-lib"}


def test_file_that_hides_our_folder_is_named() -> None:
    """A `schedules.py` in the folder one starts in comes before ours."""
    with pytest.raises(errors.ForeignPackage) as refused:
        ownership.check(lambda: OURS, lambda name: Path("/elsewhere") if name == "schedules" else HOME / name)

    assert refused.value.fields == {"package": "schedules", "owner": "/elsewhere"}
