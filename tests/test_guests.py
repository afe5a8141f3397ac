"""Guests: invited, reminded of each step, heard in their own name under the question, and gone without a trace."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import errors, localtime
from bot import guest as rules
from bot.actions import ask, clock, doors, guests, moving, people, plan, preparing, runsheet, send
from bot.guest import AHEAD, Invited, Step
from bot.ports import OPERATOR, Actor, Draft, House, Platform
from bot.store import debates, erasure, outbox, transcripts
from bot.store import guests as store_of_guests
from bot.store import people as known
from bot.store.engine import Store, Tx
from bot.tables_year import Guest
from handlers.x.looks import look
from handlers.x.weight import addresses, weighted

from tests.stories import FILE, MODERATOR, Evening
from tests.test_people import everything, files

DAY = 24 * 60.0  # minutes
ELENA = Invited("Elena Rosal", "UELENA")
MEMBER = Actor("slack:UEVA", "Eva")
PAGE = "https://tertulia.example/invitado/"


@pytest.fixture
def early(store: Store, house: House) -> Evening:
    """A debate of three questions, planned thirty days ahead."""
    return Evening(store, house, planned=-30 * DAY)


def invite(evening: Evening, wanted: Invited = ELENA, actor: Actor = MODERATOR) -> int:
    """Somebody is a guest of the evening; returns their id."""

    def action(tx: Tx) -> int:
        debate = debates.get(tx, evening.id)
        return guests.add(tx, debate, wanted, house=evening.house, actor=actor, now=evening.now).id or 0

    found = evening.store.write(action)
    evening.wake()
    evening.deliver()
    return found


def guest_of(evening: Evening, ident: int) -> Guest:
    """The guest as they are kept."""
    return evening.look(lambda tx: store_of_guests.get(tx, ident))


def write(evening: Evening, ident: int, texts: dict[int, str], *, marks: dict[int, str] | None = None) -> list[str]:
    """The guest saves these texts by question id (0: the framing); returns the kinds of what was refused."""

    def action(tx: Tx) -> list[str]:
        guest = store_of_guests.get(tx, ident)
        kept = {at: one.text for at, one in store_of_guests.prepared(tx, ident).items()} | {0: guest.framing}
        changes = {
            at: preparing.Change(text, (marks or {}).get(at, preparing.mark(kept.get(at, ""))))
            for at, text in texts.items()
        }
        outcome = preparing.save(tx, guest, changes, now=evening.now)
        return [type(one).__name__ for one in outcome.refused.values()]

    return evening.store.write(action)


def told(evening: Evening, who: str) -> list[tuple[float, str]]:
    """(days before the start, text) of what one person was told in private on Slack."""
    return [(minute / DAY, text) for minute, place, kind, text in evening.slack.private if place == who]


def texts_of(evening: Evening, kind: str) -> list[tuple[str, str]]:
    """(platform, text) of the posts of a kind."""
    rows = evening.look(lambda tx: outbox.of_debate(tx, evening.id))
    return [(row.platform, row.text) for row in rows if row.kind == kind]


def entered(evening: Evening, ident: int) -> str:
    """The guest has come in by a link; returns the secret of their session."""
    secret = evening.store.write(lambda tx: guests.make_link(tx, ident, actor=OPERATOR, now=evening.now))
    return evening.store.write(lambda tx: doors.enter(tx, ident, secret, now=evening.now))[0]


# --- the timeline ----------------------------------------------------------------------------------------------------


def test_a_guest_is_told_at_each_step(early: Evening) -> None:
    """Three weeks ahead the topic, two weeks the questions, ten days the framing, an hour to come early."""
    invite(early)
    assert told(early, "UELENA") == []

    early.until(-1)

    when, text = zip(*told(early, "UELENA"), strict=True)
    assert list(when) == pytest.approx([-21, -14, -10, -1 / 24], abs=0.001)
    assert text[0].startswith("Elena Rosal, te esperamos en «¿Quién es el CXO?», el jueves 14 de enero de 2027, 19:00")
    assert "Preguntas sin respuesta preparada: 3." in text[1]
    assert "Falta el texto que presenta el tema" in text[2]
    assert text[3].startswith("Elena Rosal, «¿Quién es el CXO?» empieza en una hora: entra unos minutos antes.")
    assert all(f"Tu página: {PAGE}" in one for one in text)
    assert [state for _, _, state in early.cues("guest")] == ["done"] * 4


def test_a_step_that_is_done_needs_no_nudge(early: Evening) -> None:
    """Who has answered everything and written the framing hears only what is left: let it out, and come early."""
    elena = invite(early)
    early.until(-20 * DAY)
    first, second, third = early.question_ids()
    entered(early, elena)
    write(early, elena, {first: "Perfil de puente.", second: "Del consejo.", third: "El esfuerzo.", 0: "Mi marco."})

    early.until(-1)

    assert [round(when) for when, _ in told(early, "UELENA")] == [-21, 0]
    assert [text for _, place, kind, text in early.slack.private if kind == "guest" and place == "UMOD"] == [
        "Elena Rosal ha escrito el texto que presenta «¿Quién es el CXO?». Léelo y dale el visto bueno: "
        "https://tertulia.example/d/2027-01-14-quien-es-el-cxo/guests"
    ]


@pytest.mark.parametrize(
    ("planned", "steps", "headline"),
    [
        (-12 * DAY, ["guest:questions", "guest:framing", "guest:early"], "te esperamos en"),
        (-30, ["guest:early"], "empieza en 30 minutos"),
    ],
)
def test_who_is_invited_late_is_told_at_once(
    store: Store, house: House, planned: float, steps: list[str], headline: str
) -> None:
    """One message with all that is missing, in the place of the steps that have passed."""
    evening = Evening(store, house, planned=planned)

    invite(evening)

    assert [key for key, _, _ in evening.cues("guest")] == steps
    ((_, text),) = told(evening, "UELENA")
    assert headline in text
    assert "Preguntas sin respuesta preparada: 3." in text


def test_a_draft_invites_nobody_yet(store: Store, house: House) -> None:
    """Until somebody confirms the date no guest is told of it; who is invited then is not told twice."""
    evening = Evening(store, house, planned=-12 * DAY)

    def draft(tx: Tx) -> None:
        debate = debates.get(tx, evening.id)
        debate.phase = "draft"
        tx.session.add(debate)

    store.write(draft)
    invite(evening)

    assert told(evening, "UELENA") == []
    assert evening.why("guest:questions") == "el debate está en borrador"


def test_a_second_guest_does_not_repeat_to_the_first(early: Evening) -> None:
    """Who comes to the list later is told alone what has passed; the steps to come are for both."""
    invite(early)
    early.until(-12 * DAY)
    invite(early, Invited("Bruno Salas", "UBRUNO"))

    early.until(-9 * DAY)

    assert [round(when) for when, _ in told(early, "UELENA")] == [-21, -14, -10]
    assert [round(when) for when, _ in told(early, "UBRUNO")] == [-12, -10]


def test_without_slack_the_moderators_pass_it_on(early: Evening) -> None:
    """A guest who cannot be written to: the moderators have the words, and where the link is made."""
    invite(early, Invited("Bruno Salas"))

    early.until(-20 * DAY)

    text = "Para Bruno Salas, a quien no podemos escribir: «Bruno Salas, te esperamos en"
    assert [one[:72] for _, place, kind, one in early.slack.private if kind == "guest"] == [text[:72]]
    assert [platform for platform, one in texts_of(early, "guest") if one.startswith(text)] == ["room", "slack"]


def test_a_bot_that_was_off_for_days_says_nothing_stale(early: Evening) -> None:
    """Three days late the topic is skipped, with the reason; what comes is said."""
    invite(early)

    early.away(-18 * DAY).until(-13 * DAY)

    assert early.cues("guest")[:2] == [("guest:topic", -21 * DAY, "skipped"), ("guest:questions", -14 * DAY, "done")]
    assert "límite 48 h" in early.why("guest:topic")


def test_a_debate_file_brings_its_guests(store: Store, house: House) -> None:
    """They are invited with the debate."""
    source = FILE.replace("[where]", 'guests = ["Bruno Salas", { name = "Elena Rosal", slack = "UELENA" }]\n[where]')
    evening = Evening(store, house, source, planned=-30 * DAY)

    found = evening.look(lambda tx: store_of_guests.of_debate(tx, evening.id))

    assert [one.name for one in found] == ["Bruno Salas", "Elena Rosal"]
    assert [key for key, _, _ in evening.cues("guest")] == [step.key for step in AHEAD]


# --- a date that changes ---------------------------------------------------------------------------------------------


def move(evening: Evening, local: datetime) -> None:
    """The debate is moved to a local time in Madrid."""
    evening.store.write(
        lambda tx: moving.move(
            tx, debates.get(tx, evening.id), moving.When(local), house=evening.house, actor=MODERATOR, now=evening.now
        )
    )
    evening.deliver()


def test_a_guest_hears_of_the_new_date(early: Evening) -> None:
    """With what is missing by now, once; the steps keep their distance from the new start."""
    invite(early)
    early.until(-20 * DAY)

    move(early, datetime(2027, 1, 7, 19, 0))  # noqa: DTZ001  (a week earlier)

    assert [text.partition(" Lo que escribas")[0] for _, text in told(early, "UELENA")[1:]] == [
        "Cambio de fecha: «¿Quién es el CXO?» será el jueves 7 de enero de 2027, 19:00 (Europe/Madrid). "
        "Preguntas sin respuesta preparada: 3."
    ]
    assert early.cues("guest") == [
        ("guest:topic", -21 * DAY, "done"), ("guest:questions", -21 * DAY, "skipped"),
        ("guest:framing", -17 * DAY, "planned"), ("guest:early", -7 * DAY - 60, "planned"),
    ]  # fmt: skip


def on_clocks(instant: datetime) -> datetime:
    """What the clocks of the debate show."""
    return localtime.wall(instant, "Europe/Madrid").replace(tzinfo=None)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.integers(0, 12), st.integers(-20, 30)), max_size=4))
def test_the_timeline_keeps_its_order_wherever_the_debate_goes(
    sqlite_store: Store, house: House, moves: list[tuple[int, int]]
) -> None:
    """What waits is in the future, at its distance from the start, in order; nothing waits that has passed."""
    evening = Evening(sqlite_store, house, planned=-40 * DAY)
    invite(evening, Invited("Bruno Salas"))
    for pause, by in moves:
        evening.until(evening.minute + pause * DAY)
        debate = evening.debate
        wanted = debate.starts_at + timedelta(days=by)
        if wanted > evening.now + timedelta(hours=2) and debate.phase == "scheduled":
            move(evening, wanted.replace(tzinfo=None) + timedelta(hours=1))
    debate = evening.debate
    rows = evening.look(lambda tx: debates.cues(tx, evening.id))
    waiting = [row for row in rows if row.key.startswith("guest:") and row.state == "planned"]

    assert all(row.due_at > evening.now for row in waiting)
    order = [Step(row.key.partition(":")[2]) for row in waiting]
    starts = on_clocks(debate.starts_at)
    assert [starts - on_clocks(row.due_at) for row in waiting] == [AHEAD[step] for step in order]
    assert order == [step for step in AHEAD if step in order]
    evening.store.write(lambda tx: debates.erase(tx, evening.id))


def test_a_cancelled_debate_is_called_off(early: Evening) -> None:
    """Who has prepared for it knows, and no step waits."""
    invite(early)
    early.until(-15 * DAY)

    early.store.write(lambda tx: plan.cancel(tx, debates.get(tx, early.id), actor=MODERATOR, now=early.now) and None)
    early.deliver()

    assert told(early, "UELENA")[-1][1].endswith("no se celebrará. Gracias por haberte preparado.")
    assert {state for _, _, state in early.cues("guest")[1:]} == {"cancelled"}


# --- what they prepare -----------------------------------------------------------------------------------------------


def test_answers_go_out_under_their_question_in_the_guests_name(store: Store, house: House) -> None:
    """First what the run-sheet had, then each guest in the order of invitation, in every place, and in the archive."""
    evening = Evening(store, replace(house, x=True), planned=-2 * DAY)
    elena, bruno = invite(evening), invite(evening, Invited("Bruno Salas"))
    second = evening.question_ids()[1]
    write(evening, bruno, {second: "De finanzas."})
    write(evening, elena, {second: "Del consejo,\n\nsin duda."})

    evening.until(25)

    wanted = ["Del comité.", "Elena Rosal, persona invitada: Del consejo,\n\nsin duda.",
              "Bruno Salas, persona invitada: De finanzas."]  # fmt: skip
    assert [text for _, kind, text in evening.slack.posts if kind == "answer"] == wanted
    for platform in ("room", "x"):
        assert [text for where, text in texts_of(evening, "answer") if where == platform] == wanted
    head = transcripts.load(store, evening.id).head
    assert [one.answer for one in head.questions] == ["", "\n\n".join(wanted)]


def test_each_answer_hangs_below_its_own_question(store: Store, house: House) -> None:
    """Reordered and pushed back by a question of the audience, no text ends up under another."""
    evening = Evening(store, house, planned=-2 * DAY)
    elena = invite(evening)
    first, second, third = evening.question_ids()
    write(evening, elena, {first: "uno", second: "dos", third: "tres"})
    evening.reorder(third, first, second)
    proposed = evening.store.write(
        lambda tx: ask.propose(tx, debates.get(tx, evening.id), "¿Y tú?", asker=MEMBER, now=evening.now).id or 0
    )
    evening.store.write(lambda tx: ask.approve(tx, proposed, actor=MODERATOR, now=evening.now, first=True).id)

    evening.until(59)

    asked = transcripts.load(store, evening.id).head.questions
    assert [(one.text, one.answer.rpartition(": ")[2]) for one in asked] == [
        ("¿Y tú?", ""), ("¿Qué mide?", "tres"), ("¿Qué perfil?", "uno"), ("¿De quién depende?", "dos"),
    ]  # fmt: skip


def test_a_question_that_is_withdrawn_keeps_its_text(early: Evening) -> None:
    """The guest still sees what they wrote, may go on, and none of it goes out."""
    elena = invite(early)
    first = early.question_ids()[0]
    write(early, elena, {first: "No lo pierdas."})
    early.store.write(lambda tx: ask.decline(tx, first, reason="otra vez", actor=MODERATOR, now=early.now).id)

    assert write(early, elena, {first: "No lo pierdas, por favor."}) == []
    desk = early.look(lambda tx: preparing.desk(tx, store_of_guests.get(tx, elena), now=early.now))

    assert [(one.text, one.gone) for one in desk.sheets if one.text] == [("No lo pierdas, por favor.", True)]
    assert early.until(59).slack.posts != []
    assert [text for _, kind, text in early.slack.posts if kind == "answer"] == ["Del comité."]


def test_two_windows_lose_nothing(early: Evening) -> None:
    """A window that did not touch a text leaves it alone; one that did is told that another was saved."""
    elena = invite(early)
    first, second, _ = early.question_ids()
    write(early, elena, {first: "del portátil"})

    assert write(early, elena, {first: "", second: "del móvil"}, marks={first: "", second: ""}) == []
    assert write(early, elena, {first: "del móvil"}, marks={first: ""}) == ["ChangedMeanwhile"]

    kept = early.look(lambda tx: store_of_guests.prepared(tx, elena))
    assert {at: one.text for at, one in kept.items()} == {first: "del portátil", second: "del móvil"}


@pytest.mark.parametrize(
    ("text", "refused"),
    [("x" * 3_000, []), ("x" * 3_001, ["FilledUp"]), ("y" * 40_000, ["FilledUp"]), ("a\x00b\ud800", [])],
)
def test_an_answer_that_cannot_be_kept_is_refused(early: Evening, text: str, refused: list[str]) -> None:
    """Too long is refused and changes nothing; what no database holds is left out of it."""
    elena = invite(early)
    first = early.question_ids()[0]

    assert write(early, elena, {first: text}) == refused

    kept = early.look(lambda tx: store_of_guests.prepared(tx, elena))
    assert first in kept if not refused else kept == {}


def test_an_answer_to_what_is_not_theirs_is_refused(early: Evening, house: House) -> None:
    """A question of another debate, one that is none, one that is out already: the rest is saved all the same."""
    elena = invite(early)
    first, second, _ = early.question_ids()
    early.until(12)

    refused = write(early, elena, {first: "tarde", 9_999: "¿?", 2**40: "¿?", second: "a tiempo"})

    assert refused == ["AlreadyAsked", "NoSuchQuestion", "NoSuchQuestion"]
    assert list(early.look(lambda tx: store_of_guests.prepared(tx, elena))) == [second]


# --- the framing -----------------------------------------------------------------------------------------------------


def release(evening: Evening, ident: int, *, at_once: bool = False, actor: Actor = MODERATOR) -> bool:
    """A moderator lets the framing go out; returns whether it is on its way."""
    found = evening.store.write(lambda tx: guests.release(tx, ident, actor=actor, now=evening.now, at_once=at_once))
    evening.deliver()
    return found


def framings(evening: Evening) -> list[tuple[float, str]]:
    """(days before the start, text) of the framings in the channel."""
    return [(round(minute / DAY), text) for minute, kind, text in evening.slack.posts if kind == "framing"]


def test_an_approved_framing_goes_out_at_its_time(store: Store, house: House) -> None:
    """Ten days ahead, to every place, in the guest's name; on X under the hashtag."""
    evening = Evening(store, replace(house, x=True), planned=-30 * DAY)
    elena = invite(evening)
    write(evening, elena, {0: "Nadie sabe qué es\nun CXO."})

    assert not release(evening, elena)
    evening.until(-9 * DAY)

    assert framings(evening) == [
        (-10, "Elena Rosal, persona invitada a «¿Quién es el CXO?»: Nadie sabe qué es\nun CXO.")
    ]
    assert [text for platform, text in texts_of(evening, "framing") if platform == "x"] == [
        "Elena Rosal: Nadie sabe qué es\nun CXO. #MeetAlfaro"
    ]
    assert write(evening, elena, {0: "otra cosa"}) == ["AlreadyFramed"]
    with pytest.raises(errors.AlreadyFramed):
        release(evening, elena)


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("Leed https://ejemplo.es/a, y ya.", "https://ejemplo.es/a"), ("HTTP://X.ES", "HTTP://X.ES"),
        ("En www.ejemplo.museum.", "www.ejemplo.museum"),
        ("«https://x.es/a…»", "https://x.es/a"), ("(ejemplo.com/b?c=1)", "ejemplo.com/b?c=1"),
        ("mi-blog.ejemplo.org", "mi-blog.ejemplo.org"), ("mailto:a@b.es", "mailto:a@b.es"),
        ("slack://canal", "slack://canal"), ("a\nt.co/x", "t.co/x"),
        # no links
        ("La voz del cliente.La empresa.Es otra cosa", ""), ("EE.UU./UE, 3.5 de 5, y/o p.ej. etc./otros", ""),
        ("Mi correo: ana@ejemplo.com", ""), ("a:b // c... ¿y.qué?", ""), ("Node.js y ASP.NET", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_framing_with_a_link_is_refused(early: Evening, text: str, link: str) -> None:
    """It goes to every place as it is, and the page says that it leads nowhere: what was written before stays."""
    elena = invite(early)
    write(early, elena, {0: "Antes."})
    assert rules.link_in(text) == link
    assert write(early, elena, {0: f"{text} x"}) == (["FramingLink"] if link else [])
    kept = early.look(lambda tx: store_of_guests.get(tx, elena).framing)
    assert kept == ("Antes." if link else f"{text} x".strip())


def test_an_approval_is_for_the_text_that_was_read(early: Evening) -> None:
    """Changed afterwards, it waits for another."""
    elena = invite(early)
    write(early, elena, {0: "Lo leído."})
    release(early, elena)
    write(early, elena, {0: "Otra cosa."})

    early.until(-9 * DAY)

    assert framings(early) == []
    assert release(early, elena)  # its time has passed: it goes out at once
    assert framings(early) == [(-9, "Elena Rosal, persona invitada a «¿Quién es el CXO?»: Otra cosa.")]


def test_a_framing_can_go_out_before_its_time(early: Evening) -> None:
    """When a moderator says now."""
    elena = invite(early)
    with pytest.raises(errors.NothingFramed):
        release(early, elena)
    write(early, elena, {0: "Ya."})

    assert release(early, elena, at_once=True)
    assert [when for when, _ in framings(early.until(-9 * DAY))] == [-30]


def test_on_x_it_fits_and_leads_nowhere(store: Store, house: House) -> None:
    """Framing and answers, however long, in 280 as X counts, calling nobody, with no address that X would bill."""
    evening = Evening(store, replace(house, x=True), planned=-12 * DAY)
    elena = invite(evening)
    first = evening.question_ids()[0]
    long = "Mirad https://example.com/a y @nadie: " + "👩‍🚒 ñandú " * 90
    # What we take for no link X may all the same.
    write(evening, elena, {first: long, 0: long.replace("https://example.com/a", "example.today/a")})
    release(evening, elena, at_once=True)
    evening.until(12)

    for kind in ("framing", "answer"):
        rows = [one for one in texts_of(evening, kind) if one[0] == "x"]
        assert len(rows) == 1
        post = look(Draft(kind, kind, Platform.X, "meetalfaro", rows[0][1]))
        assert weighted(post) <= 280
        assert addresses(post) == []
        assert "@nadie" not in post
        assert post.startswith("Elena Rosal")


def test_the_check_of_a_run_sheet_has_the_guests_posts(store: Store, house: House) -> None:
    """What a guest has prepared is seen as X will have it, where it will stand."""
    evening = Evening(store, replace(house, x=True), planned=-12 * DAY)
    elena = invite(evening)
    write(evening, elena, {evening.question_ids()[0]: "Oír.", 0: "Mi marco."})
    release(evening, elena)

    posts = evening.look(lambda tx: runsheet.coming(tx, debates.get(tx, evening.id), house=evening.house))

    assert [(one.kind, one.text) for one in posts if "Elena" in one.text] == [
        ("framing", "Elena Rosal: Mi marco. #MeetAlfaro"), ("answer", "Elena Rosal, persona invitada: Oír."),
    ]  # fmt: skip


# --- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "act",
    [
        lambda tx, ident, evening: guests.make_link(tx, ident, actor=MEMBER, now=evening.now),
        lambda tx, ident, evening: guests.revoke(tx, ident, actor=MEMBER, now=evening.now),
        lambda tx, ident, evening: guests.release(tx, ident, actor=MEMBER, now=evening.now),
        lambda tx, ident, evening: guests.remove(tx, ident, actor=MEMBER, now=evening.now),
        lambda tx, _, evening: guests.show_questions(
            tx, debates.get(tx, evening.id), public=False, actor=MEMBER, now=evening.now
        ),
        lambda tx, _, evening: guests.add(
            tx, debates.get(tx, evening.id), Invited("Eva"), house=evening.house, actor=MEMBER, now=evening.now
        ),
    ],
)
def test_guests_are_for_moderators(early: Evening, act: Callable[[Tx, int, Evening], object]) -> None:
    """A member can do none of it."""
    elena = invite(early)

    with pytest.raises(errors.NotModerator):
        early.store.write(lambda tx: act(tx, elena, early))


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (ELENA, errors.GuestTwice),
        (Invited("Otra Elena", "UELENA"), errors.GuestTwice),
        (Invited("elena rosal"), errors.GuestTwice),
        (Invited("  "), errors.Empty),
        (Invited("🙂"), errors.Empty),
        (Invited("a" * 61), errors.FilledUp),
        (Invited("Bruno", "bruno"), errors.BadSlackId),
    ],
)
def test_who_cannot_be_invited(early: Evening, wanted: Invited, error: type[errors.Refusal]) -> None:
    """Twice, without a name, or under what is nobody's id: refused, and nothing is changed."""
    invite(early)

    with pytest.raises(error):
        invite(early, wanted)

    assert len(early.look(lambda tx: store_of_guests.of_debate(tx, early.id))) == 1


def test_there_is_room_for_ten(early: Evening) -> None:
    """More is a panel."""
    for number in range(10):
        invite(early, Invited(f"Guest {number}"))

    with pytest.raises(errors.TooManyGuests):
        invite(early, Invited("One More"))


def test_a_debate_that_is_over_invites_nobody(early: Evening) -> None:
    """Nor is anybody removed once it has begun."""
    elena = invite(early)
    early.until(80)

    with pytest.raises(errors.WrongPhase):
        invite(early, Invited("Bruno"))
    with pytest.raises(errors.WrongPhase):
        early.store.write(lambda tx: guests.remove(tx, elena, actor=OPERATOR, now=early.now))


def test_a_guest_has_the_role_but_no_moderator_loses_theirs(early: Evening) -> None:
    """The transcript says «guest» of who is one, and of nobody else."""
    elena, marta = invite(early), invite(early, Invited("Marta", "UMOD"))

    def role(who: str) -> str:
        return early.look(lambda tx: known.find(tx, who).role)

    assert (role("slack:UELENA"), role("slack:UMOD")) == ("guest", "moderator")
    early.store.write(lambda tx: guests.remove(tx, elena, actor=OPERATOR, now=early.now))
    early.store.write(lambda tx: guests.remove(tx, marta, actor=OPERATOR, now=early.now))
    assert (role("slack:UELENA"), role("slack:UMOD")) == ("member", "moderator")


# --- ways in ---------------------------------------------------------------------------------------------------------


def test_a_link_lets_one_browser_in_once(early: Evening) -> None:
    """The guest is inside, and known in the room by their name; the second to use it is refused."""
    elena = invite(early)
    secret = early.store.write(lambda tx: guests.make_link(tx, elena, actor=MODERATOR, now=early.now))

    session, who = early.store.write(lambda tx: doors.enter(tx, elena, secret, now=early.now))

    assert who == Actor("room:elena-rosal", "Elena Rosal")
    assert early.look(lambda tx: doors.inside(tx, elena, session, now=early.now).name) == "Elena Rosal"
    assert not early.look(lambda tx: doors.link_is_good(tx, elena, secret, now=early.now))
    with pytest.raises(errors.BadGuestLink):
        early.store.write(lambda tx: doors.enter(tx, elena, secret, now=early.now))


def test_a_nudges_link_is_fresh_and_kept_nowhere(early: Evening) -> None:
    """What went to the guest lets them in; no row holds the secret, neither in words nor in the outbox."""
    elena = invite(early)
    early.until(-20 * DAY)

    secret = told(early, "UELENA")[0][1].rpartition("/")[2]

    assert early.look(lambda tx: doors.link_is_good(tx, elena, secret, now=early.now))
    session, _ = early.store.write(lambda tx: doors.enter(tx, elena, secret, now=early.now))
    assert [one for one in (secret, session) if one in everything(early.store)] == []


def test_a_new_link_ends_the_old_one_and_revoking_ends_all(early: Evening) -> None:
    """Of links that wait only the last is good; who is inside stays until they are put out."""
    elena = invite(early)
    session = entered(early, elena)
    old, new = (
        early.store.write(lambda tx: guests.make_link(tx, elena, actor=MODERATOR, now=early.now)) for _ in range(2)
    )

    assert not early.look(lambda tx: doors.link_is_good(tx, elena, old, now=early.now))
    assert early.look(lambda tx: doors.link_is_good(tx, elena, new, now=early.now))
    early.look(lambda tx: doors.inside(tx, elena, session, now=early.now))

    early.store.write(lambda tx: guests.revoke(tx, elena, actor=MODERATOR, now=early.now))

    assert not early.look(lambda tx: doors.link_is_good(tx, elena, new, now=early.now))
    with pytest.raises(errors.BadGuestLink):
        early.look(lambda tx: doors.inside(tx, elena, session, now=early.now))


def test_the_page_closes_a_day_after_the_debate(early: Evening) -> None:
    """Link and session are good until then, wherever the debate was moved to."""
    elena = invite(early)
    session = entered(early, elena)
    secret = early.store.write(lambda tx: guests.make_link(tx, elena, actor=MODERATOR, now=early.now))
    early.until(90)
    evening_after, next_night = early.now + timedelta(hours=22), early.now + timedelta(days=1)

    early.look(lambda tx: doors.inside(tx, elena, session, now=evening_after))
    assert early.look(lambda tx: doors.link_is_good(tx, elena, secret, now=evening_after))
    assert not early.look(lambda tx: doors.link_is_good(tx, elena, secret, now=next_night))
    with pytest.raises(errors.BadGuestLink):
        early.look(lambda tx: doors.inside(tx, elena, session, now=next_night))
    with pytest.raises(errors.WrongPhase):
        early.store.write(lambda tx: guests.make_link(tx, elena, actor=MODERATOR, now=next_night))


def test_a_namesake_keeps_their_name_in_the_room(early: Evening) -> None:
    """Who was in the room before is not the guest, nor are two guests of that name one person."""
    early.store.write(lambda tx: people.join(tx, "Bruno Salas", house=early.house, now=early.now))
    bruno = invite(early, Invited("Bruno Salas"))
    other = Evening(early.store, early.house, FILE.replace("19:00", "21:30"), planned=-30 * DAY)

    assert early.look(lambda tx: known.find(tx, "room:bruno-salas").role) == "member"
    session = entered(early, bruno)
    with pytest.raises(errors.BadGuestLink):
        early.look(lambda tx: doors.inside(tx, invite(other, Invited("Bruno Salas")), session, now=early.now))
    assert early.look(lambda tx: known.find(tx, "room:bruno-salas-2").role) == "guest"


# --- before the debate -----------------------------------------------------------------------------------------------


def test_questions_can_be_read_once_announced(early: Evening) -> None:
    """Not before the announcement, not when a moderator says no, not once the hour runs; prepared answers never."""

    def readable() -> list[str]:
        return early.look(lambda tx: [one.text for one in guests.beforehand(tx, debates.get(tx, early.id))])

    assert readable() == []
    early.until(-6 * DAY)
    assert readable() == ["¿Qué perfil?", "¿De quién depende?", "¿Qué mide?"]

    def show(*, public: bool) -> None:
        early.store.write(
            lambda tx: guests.show_questions(
                tx, debates.get(tx, early.id), public=public, actor=MODERATOR, now=early.now
            )
        )

    show(public=False)
    assert readable() == []
    show(public=True)
    early.until(1)
    assert readable() == []


def test_a_debate_file_can_keep_its_questions_to_itself(store: Store, house: House) -> None:
    """``questions_public = false``."""
    evening = Evening(store, house, FILE.replace("[where]", "questions_public = false\n[where]"))

    assert evening.look(lambda tx: guests.beforehand(tx, debates.get(tx, evening.id))) == []


# --- without a trace -------------------------------------------------------------------------------------------------


def test_who_is_removed_leaves_nothing(early: Evening) -> None:
    """What they wrote, what went out in their name and their ways in are gone; no step waits for nobody."""
    elena = invite(early)
    session = entered(early, elena)
    first = early.question_ids()[0]
    write(early, elena, {first: "ocarina", 0: "marimba"})
    release(early, elena, at_once=True)

    early.store.write(lambda tx: guests.remove(tx, elena, actor=MODERATOR, now=early.now))
    early.deliver()

    assert [word for word in ("ocarina", "marimba") if word in everything(early.store)] == []
    assert len(early.slack.removed) == 1
    assert {state for _, _, state in early.cues("guest")} == {"cancelled"}
    with pytest.raises(errors.BadGuestLink):
        early.look(lambda tx: doors.inside(tx, elena, session, now=early.now))
    assert invite(early) and [state for _, _, state in early.cues("guest")] == ["planned"] * 4  # and may come again


def test_who_is_forgotten_was_no_guest(store: Store, house: House) -> None:
    """Not a byte is left of what they prepared, and what was said in their name is taken back, answers and framing."""
    evening = Evening(store, house, planned=-12 * DAY)
    zenobia = invite(evening, Invited("Zenobia", "UZENOBIA"))
    entered(evening, zenobia)
    first, second, _ = evening.question_ids()
    write(evening, zenobia, {first: "ocarina", second: "marimba", 0: "xilofonista"})
    release(evening, zenobia)
    evening.until(25)

    store.write(lambda tx: people.forget(tx, "slack:UZENOBIA", actor=OPERATOR, now=evening.now))
    evening.deliver()
    erasure.scrub(store, deep=True)

    left = everything(store).casefold() + files(store)
    assert [word for word in ("zenobia", "xilofonista", "marimba", "ocarina") if word in left] == []
    assert len(evening.slack.removed) == 3
    head = transcripts.load(store, evening.id).head
    assert [one.answer for one in head.questions] == ["", "Del comité."]


def test_a_post_on_its_way_is_taken_back_when_it_lands(store: Store, house: House) -> None:
    """A framing that Slack is being given while its guest is removed does not stay."""
    evening = Evening(store, house, planned=-12 * DAY)
    elena = invite(evening)
    write(evening, elena, {0: "marimba"})
    store.write(lambda tx: guests.release(tx, elena, actor=MODERATOR, now=evening.now, at_once=True))
    ((row, draft, _),) = store.write(lambda tx: send.claim(tx, Platform.SLACK, owner="other", now=evening.now))

    store.write(lambda tx: guests.remove(tx, elena, actor=MODERATOR, now=evening.now))
    store.write(lambda tx: send.landed(tx, row, evening.slack.take(draft, evening.now), now=evening.now))
    evening.deliver()

    assert len(evening.slack.removed) == 1
    assert "marimba" not in everything(store)


def test_a_debate_cloned_afterwards_has_not_their_words(store: Store, house: House) -> None:
    """The run-sheet's own answers go with it, the guests' and the guests do not."""
    evening = Evening(store, house, planned=-2 * DAY)
    elena = invite(evening)
    first, second, _ = evening.question_ids()
    write(evening, elena, {first: "ocarina", second: "marimba"})
    evening.until(80)

    def clone(tx: Tx) -> tuple[list[str], int]:
        when = moving.When(datetime(2027, 1, 21, 19, 0))  # noqa: DTZ001
        twin = moving.clone(
            tx, debates.get(tx, evening.id), when, house=evening.house, actor=MODERATOR, now=evening.now
        )
        questions = debates.questions(tx, debates.ident(twin))
        return [one.answer for one in questions], len(store_of_guests.of_debate(tx, debates.ident(twin)))

    assert store.write(clone) == (["", "Del comité.", ""], 0)


def test_an_aborted_debate_leaves_nobody_a_guest(store: Store, house: House) -> None:
    """Opened by mistake and erased: no text, no role, no way in."""
    evening = Evening(store, house, planned=-2 * DAY)
    elena = invite(evening)
    entered(evening, elena)
    write(evening, elena, {evening.question_ids()[0]: "ocarina"})
    evening.until(12)

    evening.abort(really=True)

    assert "ocarina" not in everything(store)
    assert evening.look(lambda tx: known.find(tx, "slack:UELENA").role) == "member"


def test_come_early_is_not_said_late(store: Store, house: House) -> None:
    """Slack that takes nothing for an hour is not told afterwards that the debate begins in one."""
    evening = Evening(store, house, planned=-30 * DAY)
    invite(evening)
    evening.until(-61)
    store.write(lambda tx: clock.do_due(tx, now=evening.now + timedelta(minutes=1), house=house))

    claimed = store.write(
        lambda tx: send.claim(tx, Platform.SLACK, owner="test", now=evening.now + timedelta(minutes=40))
    )

    assert [draft.kind for _, draft, _ in claimed if draft.place == "UELENA"] == []
