"""What the doctor finds at X: its keys, its account, its leave to post, and what only a person can see."""

import dataclasses
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from bot.finding import Finding
from bot.words.catalogue import words
from handlers.x import checkup
from handlers.x.activity_rules import TAG
from handlers.x.client import Keys, Rule, XClient
from handlers.x.platform import Access

from tests.standin_x.activity import NOT_ENROLLED
from tests.standin_x.server import XStandin


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    """State and what, in Spanish, without what is to be done by hand."""
    say = words("es")
    return [(one.state, one.what(say)) for one in findings if "no se ve desde aquí" not in one.seen]


@pytest.fixture
async def x() -> AsyncIterator[XStandin]:
    """A strict X."""
    async with XStandin() as standin:
        yield standin


def access(x: XStandin) -> Access:
    """The right way in."""
    keys = Keys(x.bearer, x.keys.api_key, x.keys.api_secret, x.keys.access_token, x.keys.access_token_secret)
    return Access(keys, x.url, Decimal("7.5"))


COSTS = ("ok", "un debate puede costar 7.5 $ en X, a precios de 2026-08-22")


async def test_x_in_order_is_said_part_by_part(x: XStandin) -> None:
    """Both ways in, the account, its leave to post, the budget; nothing was posted, and one profile was paid for."""
    assert told(await checkup.examine(access(x))) == [
        ("ok", "X_BEARER_TOKEN vale: se puede oír"), ("ok", "las claves de la cuenta valen: @tertulia_bot"),
        ("ok", "puede publicar"), COSTS,
    ]  # fmt: skip
    assert (x.posts, x.meter.usd) == ([], 0.01)


async def test_what_only_a_person_sees_is_listed(x: XStandin) -> None:
    """The label, the person behind the account, the biography, and the limit of what may be spent."""
    listed = [one for one in await checkup.examine(access(x)) if "no se ve desde aquí" in one.seen]

    assert [one.state for one in listed] == ["warning"] * 4
    assert [word in one.what(words("es")) for one, word in zip(
        listed, ("Automated", "persona", "biografía", "gasto"), strict=True
    )] == [True] * 4  # fmt: skip


async def test_a_wrong_bearer_is_named_and_the_rest_is_looked_at(x: XStandin) -> None:
    """Each key by itself."""
    right = access(x)
    wrong = dataclasses.replace(right, keys=dataclasses.replace(right.keys, bearer="wrong"))
    found = told(await checkup.examine(wrong))

    assert found[:2] == [
        ("fault", "X rechaza X_BEARER_TOKEN: 401 unauthorised: Unauthorized"),
        ("ok", "las claves de la cuenta valen: @tertulia_bot"),
    ]  # fmt: skip


async def test_a_wrong_key_of_the_account_is_named(x: XStandin) -> None:
    """X does not say which of the four it is."""
    right = access(x)
    wrong = dataclasses.replace(right, keys=dataclasses.replace(right.keys, access_token_secret="wrong"))

    assert told(await checkup.examine(wrong))[1] == (
        "fault", "X rechaza X_ACCESS_TOKEN: 401 unauthorised: Unauthorized",
    )  # fmt: skip


async def test_an_account_that_may_only_read_is_a_fault(x: XStandin) -> None:
    """The usual mistake: keys made before the leave to write was given."""
    x.faults.status("create", 403, "permissions")

    assert told(await checkup.examine(access(x)))[2] == ("fault", "la cuenta solo puede leer: no se publicaría nada")


async def test_without_credit_is_a_fault_with_what_to_do(x: XStandin) -> None:
    """402 for everything."""
    x.faults.credits_gone()
    first = (await checkup.examine(access(x)))[0]

    assert (first.state, "créditos" in first.advice) == ("fault", True)


async def test_rules_of_another_program_are_a_warning(x: XStandin) -> None:
    """They cost, and there is one connection for all."""
    client = XClient(access(x).keys, x.url)
    await client.start()
    await client.add_rules([Rule("#otra", "ajena"), Rule("#cxo", "tertulia:cxo")])
    await client.close()

    assert told(await checkup.examine(access(x)))[1] == ("warning", "hay 1 reglas de otro programa")


async def test_what_x_tells_of_deletions_is_said_where_it_is_asked_for(x: XStandin) -> None:
    """How many people it is about, and what each event counts; without the setting X is not asked."""
    x.activities.add("post.delete", x.person("Ana", "ana"), TAG)
    x.activities.add("post.delete", x.person("Bea", "bea"), "ajena")
    asking = dataclasses.replace(access(x), delete_events_days=30)

    assert told(await checkup.examine(asking))[1] == (
        "ok",
        "X avisa de lo que borran 1 personas; cada aviso se cuenta a 0.005 $ (X no dice claro si cobra: 2026-08-22)",
    )
    assert len(x.asked("subscriptions")) == 1
    await checkup.examine(access(x))
    assert len(x.asked("subscriptions")) == 1


async def test_an_x_that_does_not_tell_of_deletions_is_a_warning(x: XStandin) -> None:
    """It costs that alone."""
    x.faults.respond("subscriptions", NOT_ENROLLED)
    asking = dataclasses.replace(access(x), delete_events_days=30)

    assert told(await checkup.examine(asking))[1:3] == [
        ("warning", "X no avisa de lo que se borra: 403 forbidden: Client Forbidden"),
        ("ok", "las claves de la cuenta valen: @tertulia_bot"),
    ]


async def test_the_bearer_alone_is_a_warning_and_no_more(x: XStandin) -> None:
    """It is heard; there is no account whose label would matter."""
    findings = await checkup.examine(dataclasses.replace(access(x), keys=Keys(x.bearer)))

    assert told(findings) == [
        ("ok", "X_BEARER_TOKEN vale: se puede oír"),
        ("warning", "sin las cuatro claves de la cuenta, en X solo se oye"), COSTS,
    ]  # fmt: skip
    assert len(findings) == 3


async def test_an_x_that_cannot_be_reached_is_a_fault_and_no_hang(x: XStandin) -> None:
    """Nobody listens on this port."""
    findings = told(await checkup.examine(dataclasses.replace(access(x), api_url="http://127.0.0.1:9")))

    assert [state for state, _ in findings] == ["fault", "fault", "ok"]
