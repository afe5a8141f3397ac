"""Who wants to be heard no more: a keyed hash of their platform id, and nothing else of them."""

from collections.abc import Iterable

from sqlmodel import col, select

from bot.store import hashes, passes
from bot.store.engine import Tx
from bot.tables import Kept

# The name under which the installation keeps the key of its hashes, and what the names of the hashes begin with.
_KEY = "opt-out-key"
_OUT = "opted out "


def add(tx: Tx, platform: str, ident: str, *, at: str) -> bool:
    """The identity of a platform is out; ``at`` says since when. False where it was before."""
    name = _name(hashes.key(tx, _KEY), platform, ident)
    if passes.kept(tx, name) is not None:
        return False
    passes.keep(tx, name, at)
    return True


def among(tx: Tx, platform: str, idents: Iterable[str]) -> set[str]:
    """Those of the identities that are out."""
    key = hashes.known(tx, _KEY)
    if key is None:  # nobody ever was
        return set()
    names = {_name(key, platform, ident): ident for ident in idents}
    found = tx.session.exec(select(Kept.name).where(col(Kept.name).in_(list(names)))).all()
    return {names[name] for name in found}


def _name(key: bytes, platform: str, ident: str) -> str:
    return _OUT + hashes.keyed(key, f"{platform}:{ident}")
