"""After a debate: an anonymous pulse, what comes next, and questions that nobody answered."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from bot import errors, poll, subjects
from bot.actions import after, ask, carry, leftovers, people, plan, polls, run
from bot.debatefile import parse
from bot.poll import Choice, Kind
from bot.ports import OPERATOR, Actor, House
from bot.store import debates, questions, transcripts
from bot.store import polls as kept
from bot.store.engine import Store, Tx
from bot.tables import Audit, Inbox, Question
from bot.tables_year import Answered, Ballot, Poll, Season

from tests.stories import FILE, MODERATOR, STARTS, Evening

ANA, LUIS, EVA = Actor("slack:UANA", "Ana"), Actor("slack:ULUIS", "Luis"), Actor("room:eva", "Eva")
CROWD = [Actor(f"slack:UCROWD{number:02}", f"Vecina {number:02}") for number in range(12)]
DAY = 24 * 60.0
NEXT = FILE.replace("¿Quién es el CXO?", "Pensar desde el cliente").replace("2027-01-14", "2027-01-21")


@pytest.fixture
def evening(store: Store, house: House) -> Evening:
    """A debate in which Ana answered the first question, until its grace is over."""
    made = Evening(store, house).until(12)
    made.says("Ana", "curiosidad", under="P1")
    return made.until(110)


def pulse(evening: Evening, who: Actor, mark: int, other: str = "") -> None:
    """Somebody says how it was."""
    given = Choice((mark,), other)

    def action(tx: Tx) -> None:
        polls.answer(tx, debates.get(tx, evening.id), Kind.PULSE, given, voter=who, now=evening.now)

    evening.store.write(action)


def told(evening: Evening, kind: str) -> list[str]:
    """What the moderator was told in private."""
    return [text for _minute, who, one, text in evening.slack.private if (who, one) == ("UMOD", kind)]


# --- the pulse -------------------------------------------------------------------------------------------------------


def test_the_pulse_opens_half_an_hour_after_the_grace_and_closes_after_three_days(evening: Evening) -> None:
    """Neutral: no number is chosen beforehand, and the two ends of the scale are worded alike."""
    assert [(minute, text) for minute, kind, text in evening.slack.posts if kind == "pulse"] == [
        (
            105,
            "«¿Quién es el CXO?» ha terminado. Una pregunta anónima: Del 1 al 5, ¿qué utilidad ha tenido para ti este "
            "debate? No se guarda quién respondió qué, y tu respuesta no se publica.",
        )
    ]
    assert after.survey("es").options == ("1 · muy poca", "2", "3", "4", "5 · mucha")
    pulse(evening, ANA, 5)
    evening.until(105 + 3 * DAY)
    with pytest.raises(errors.PollClosed):
        pulse(evening, LUIS, 1)


def test_the_pulse_is_answered_once_by_each(evening: Evening) -> None:
    """Nobody knows which answer is whose: it cannot be changed."""
    pulse(evening, ANA, 5)
    with pytest.raises(errors.AnsweredBefore):
        pulse(evening, ANA, 1)
    with pytest.raises(errors.BadBallot):
        pulse(evening, LUIS, 6)
    pulse(evening, LUIS, 1)
    assert evening.look(lambda tx: kept.count(tx, _pulse(tx, evening).id or 0)) == 2


def test_below_five_answers_nobody_is_told_what_they_were(evening: Evening) -> None:
    """In a circle of four people are known by what they say."""
    for number, who in enumerate(CROWD[:4], start=1):
        pulse(evening, who, number, other=f"palabra {number}")
    evening.until(110 + 3 * DAY)
    (said,) = told(evening, "pulse_result")
    assert said == (
        "Han respondido al pulso de «¿Quién es el CXO?» menos de 5 personas: con tan pocas se sabría quién dijo qué, "
        "así que no se muestra."
    )


def test_moderators_alone_are_told_of_the_pulse_once_it_is_closed(store: Store, evening: Evening) -> None:
    """The scale in its order, all of it; the words in that of the alphabet; nothing of it in the transcript."""
    for who, (mark, other) in zip(CROWD, [(5, "z"), (1, ""), (5, "a"), (3, ""), (5, "")], strict=False):
        pulse(evening, who, mark, other)
    row = evening.look(lambda tx: _pulse(tx, evening))
    found = evening.look(lambda tx: kept.result(tx, _pulse(tx, evening)))
    assert not polls.may_show(row, found)

    evening.until(110 + 3 * DAY)
    (said,) = told(evening, "pulse_result")
    assert said.splitlines()[1:] == [
        "20 % · 1 · muy poca (1)", "0 % · 2 (0)", "20 % · 3 (1)", "0 % · 4 (0)", "60 % · 5 · mucha (3)", "«a»", "«z»",
    ]  # fmt: skip
    assert "pulse_result" not in [kind for _minute, kind in evening.slack.kinds()]
    assert transcripts.load(store, evening.id).head.polls == ()


def test_no_row_leads_from_an_answer_to_a_person(store: Store, evening: Evening) -> None:
    """No name, no time, no order: neither in the columns nor in what the database knows of its rows."""
    for number, who in enumerate(CROWD, start=1):
        pulse(evening, who, 1 + number % 5, other=f"palabra {number:02}")

    def rows(tx: Tx) -> list[Ballot]:
        return list(tx.session.exec(select(Ballot).order_by(Ballot.id)).all())  # type: ignore[arg-type]

    ballots = evening.look(rows)
    assert {(one.person_id, one.at) for one in ballots} == {(None, None)}
    in_order = [f"palabra {number:02}" for number in range(1, 13)]
    assert sorted(one.other for one in ballots) == in_order
    assert [one.other for one in ballots] not in (in_order, in_order[::-1])  # by lot: once in 240 million times

    idents = {one.id for one in ballots}
    marks = {one.mark for one in evening.look(lambda tx: tx.session.exec(select(Answered)).all())}
    assert len(marks) == 12
    for table in sa.inspect(store.writing()).get_table_names():
        if table in {"ballot", "answered"}:
            continue
        with store.read() as tx:
            cells = [cell for row in tx.conn.execute(sa.text(f'SELECT * FROM "{table}"')) for cell in row]
        assert not idents & {cell for cell in cells if isinstance(cell, int)}, table
        assert not [cell for cell in cells if isinstance(cell, str) and (cell in marks or "palabra" in cell)], table
    audited = [(one.who, one.action) for one in evening.look(lambda tx: tx.session.exec(select(Audit)).all())]
    assert not [who for who, _action in audited if "CROWD" in who]
    assert evening.look(lambda tx: tx.session.exec(select(Inbox)).all()) == []
    if not store.sqlite:  # PostgreSQL knows the transaction that wrote a row, and where it lies
        with store.read() as tx:
            wrote = tx.conn.execute(sa.text("SELECT xmin::text, other FROM ballot ORDER BY ctid")).all()
        assert len({xmin for xmin, _other in wrote}) == 1
        assert [other for _xmin, other in wrote] not in (in_order, in_order[::-1])


def test_no_page_of_the_file_holds_an_answer_beside_its_author(sqlite_store: Store, house: House) -> None:
    """Neither the database nor its write-ahead log, also when pages are read as bytes."""
    made = Evening(sqlite_store, house).until(12)
    made.says("Ana", "curiosidad", under="P1")
    made.until(110)
    for number, who in enumerate(CROWD, start=1):
        pulse(made, who, 1 + number % 5, other=f"palabra{number:02}")
    assert sqlite_store.path is not None
    log = Path(f"{sqlite_store.path}-wal")
    held = [sqlite_store.path.read_bytes(), log.read_bytes() if log.exists() else b""]
    pages = [whole[at : at + 4096] for whole, begin in zip(held, (0, 32), strict=True)
             for at in range(begin + (24 if begin else 0), len(whole), 4096 + (24 if begin else 0))]  # fmt: skip
    said = [page for page in pages if b"palabra" in page]
    marks = [one.mark.encode() for one in made.look(lambda tx: tx.session.exec(select(Answered)).all())]
    assert said
    assert not [page for page in said if b"UCROWD" in page or any(mark in page for mark in marks)]


def test_who_is_forgotten_has_no_mark_any_more(store: Store, evening: Evening) -> None:
    """Their answer stays among the others: nobody can tell which it is."""
    pulse(evening, ANA, 5)
    pulse(evening, LUIS, 4)
    store.write(lambda tx: people.forget(tx, "slack:UANA", actor=OPERATOR, now=evening.now))
    assert len(evening.look(lambda tx: tx.session.exec(select(Answered)).all())) == 1
    assert len(evening.look(lambda tx: tx.session.exec(select(Ballot)).all())) == 2


ON_X_ALONE = FILE.replace('slack = "C0DEBATE"', "slack = false\nroom = false\nx = true")


@pytest.mark.parametrize("source", ["pulse = false\n" + FILE, ON_X_ALONE], ids=["off", "on X alone"])
def test_no_pulse_where_it_is_switched_off_or_cannot_be_answered(store: Store, house: House, source: str) -> None:
    """A debate file says so; on X alone there is no way to answer."""
    made = Evening(store, replace(house, x=True), source).until(12)
    store.write(lambda tx: people.join(tx, "Eva", house=house, now=made.now))
    made.says("Ana", "hola")
    made.until(200)
    assert made.cues("pulse") == []


def test_no_pulse_after_a_rehearsal_nor_where_nobody_came(store: Store, house: House) -> None:
    """Nor does a rehearsal tell of what comes next."""
    silent = Evening(store, house).until(200)
    assert (silent.cues("pulse"), len(silent.cues("teaser"))) == ([], 1)

    again = replace(parse(FILE.replace("2027-01-14", "2027-01-15")), rehearsal=True)
    played = Evening(store, house, NEXT)
    played.id = store.write(lambda tx: plan.add(tx, again, house=house, actor=OPERATOR, now=played.now).id or 0)
    played.starts = STARTS.replace(day=15)
    played.minute = -10
    played.until(200)
    assert (played.phase, played.cues("pulse", "teaser")) == ("closed", [])


def test_a_moderator_can_switch_the_pulse_off_before_the_end(store: Store, house: House) -> None:
    """Closed before it opened, it never does."""
    made = Evening(store, house).until(12)
    made.says("Ana", "hola", under="P1")
    with pytest.raises(errors.NotModerator):
        store.write(lambda tx: polls.close(tx, debates.get(tx, made.id), Kind.PULSE, actor=ANA, now=made.now).kind)
    store.write(lambda tx: polls.close(tx, debates.get(tx, made.id), Kind.PULSE, actor=MODERATOR, now=made.now).kind)
    made.until(200)
    assert "pulse" not in [kind for _minute, kind in made.slack.kinds()]


# --- what comes next -------------------------------------------------------------------------------------------------


def test_a_day_later_people_read_what_comes_next(store: Store, evening: Evening) -> None:
    """Its title, its hour, and where to ask; nothing where nothing is planned."""
    store.write(lambda tx: plan.add(tx, parse(NEXT), house=evening.house, actor=OPERATOR, now=evening.now).id and None)
    evening.until(60 + DAY)
    assert [(minute, text) for minute, kind, text in evening.slack.posts if kind == "teaser"] == [
        (
            60 + DAY,
            "Lo próximo: «Pensar desde el cliente», jueves 21 de enero de 2027, 19:00 (Europe/Madrid). Por zonas: "
            "19:00 Madrid · 12:00 Ciudad de México · 13:00 Bogotá y Lima · 15:00 Santiago y Buenos Aires. Ya puedes "
            "apuntarte y proponer preguntas: https://tertulia.example/d/2027-01-21-pensar-desde-el-cliente",
        )
    ]


def test_a_rehearsal_is_nobodys_next_debate(store: Store, evening: Evening) -> None:
    """Neither the thanks nor what is told a day later name it."""
    tried = replace(parse(NEXT), rehearsal=True, slack="C0ENSAYO")
    store.write(lambda tx: plan.add(tx, tried, house=evening.house, actor=OPERATOR, now=evening.now).id and None)
    later = Evening(store, evening.house, FILE.replace("2027-01-14", "2027-01-18"), planned=evening.minute)
    store.write(lambda tx: run.open_now(tx, debates.get(tx, later.id), actor=OPERATOR, now=evening.now))
    store.write(
        lambda tx: run.close(tx, debates.get(tx, later.id), actor=OPERATOR, now=evening.now, house=evening.house)
    )
    evening.until(60 + DAY)
    said = [text for _minute, kind, text in evening.slack.posts if kind in {"closing", "teaser"}]
    assert len(said) == 2
    assert [text for text in said if "Pensar desde el cliente" in text] == []


def test_nothing_is_told_where_nothing_is_planned(evening: Evening) -> None:
    """The cue is done all the same."""
    evening.until(60 + DAY)
    assert "teaser" not in [kind for _minute, kind in evening.slack.kinds()]
    assert evening.cues("teaser") == [("teaser", 60 + DAY, "done")]


def test_a_debate_of_a_season_without_a_subject_is_voted_on(store: Store, evening: Evening) -> None:
    """With the teaser; what was debated lately is not offered again."""

    def planned(tx: Tx) -> int:
        season = Season(slug="2027-enero", year=2027, kind="january", title="Enero", timezone="Europe/Madrid",
                        created_at=evening.now, changed_at=evening.now)  # fmt: skip
        tx.session.add(season)
        tx.session.flush()
        row = plan.add(tx, parse(NEXT.replace("Pensar desde el cliente", "Sin líder no hay experiencia")),
                       house=evening.house, actor=OPERATOR, now=evening.now)  # fmt: skip
        row.season_id = season.id
        tx.conn.execute(sa.delete(Question).where(Question.debate_id == row.id))  # type: ignore[arg-type]
        tx.session.add(row)
        return row.id or 0

    following = store.write(planned)
    evening.until(60 + DAY)
    asked = evening.look(lambda tx: kept.planned(kept.needed(tx, following, Kind.TOPIC)))
    assert (asked.several, asked.other) == (True, True)
    assert "Formarse en CX: ¿qué buscas de verdad?" in asked.options
    assert "Sin líder no hay experiencia" not in asked.options
    with pytest.raises(errors.PollOpen):
        store.write(lambda tx: after.choose_topic(tx, debates.get(tx, following), actor=OPERATOR, now=evening.now).id)


def test_every_ready_made_subject_fits_as_an_option(store: Store, house: House) -> None:
    """Whatever was held."""
    made = Evening(store, house)
    offered = made.look(lambda tx: after.subjects(tx, debates.get(tx, made.id), now=made.now))
    assert poll.faults(offered) == []


def test_the_subject_just_debated_is_never_voted_on_again(store: Store, evening: Evening) -> None:
    """In a year in which each ready-made subject has its debate; what was held the longest ago comes first."""
    titles = [one.title for one in subjects.ready_made()]

    def held(tx: Tx) -> int:
        row = debates.get(tx, evening.id)
        row.title = titles[1]  # just debated
        tx.session.add(row)
        file = replace(parse(NEXT), title="Otro")
        for days, title in ((30, titles[2]), (60, titles[0]), (90, titles[3]), (7, titles[4])):
            at = evening.starts - timedelta(days=days)
            past = plan.add(tx, replace(file, title=title, starts=at.replace(tzinfo=None), timezone="UTC"),
                            house=evening.house, actor=OPERATOR, now=at - timedelta(days=1))  # fmt: skip
            past.phase = "missed" if title == titles[4] else "closed"
            tx.session.add(past)
        return debates.ident(plan.add(tx, file, house=evening.house, actor=OPERATOR, now=evening.now))

    following = store.write(held)
    evening.until(60)
    offered = evening.look(lambda tx: after.subjects(tx, debates.get(tx, following), now=evening.now))
    assert list(offered.options) == [titles[4], titles[3], titles[0], titles[2]]

    def own(tx: Tx) -> tuple[str, ...]:
        row = debates.get(tx, following)
        row.title = titles[4].upper()
        return after.subjects(tx, row, now=evening.now).options

    assert list(store.write(own)) == [titles[3], titles[0], titles[2]]


# --- open questions --------------------------------------------------------------------------------------------------


@pytest.fixture
def left(store: Store, house: House) -> Evening:
    """P1 was answered, P2 was not, the third was skipped, and Ana's proposal was not decided on."""
    made = Evening(store, house).until(12)
    made.says("Ana", "curiosidad", under="P1")
    store.write(lambda tx: ask.propose(tx, debates.get(tx, made.id), "¿Y los datos?", asker=ANA, now=made.now).id)
    made.until(25).skip()
    return made.until(80)


def following(left: Evening) -> int:
    """The next debate is planned."""
    ident = left.store.write(
        lambda tx: plan.add(tx, parse(NEXT), house=left.house, actor=OPERATOR, now=left.now).id or 0
    )
    left.deliver()
    return ident


def brought(left: Evening, target: int, actor: Actor = MODERATOR, only: tuple[int, ...] = ()) -> list[str]:
    """The open questions are brought to another debate."""

    def action(tx: Tx) -> list[str]:
        where = debates.get(tx, left.id), debates.get(tx, target)
        return [one.text for one in carry.carry(tx, *where, actor=actor, now=left.now, only=only)]

    return left.store.write(action)


def test_organisers_are_told_how_many_questions_wait(left: Evening) -> None:
    """When the next debate under the hashtag is planned; not for the one after it."""
    following(left)
    later = parse(NEXT.replace("2027-01-21", "2027-01-28"))
    left.store.write(lambda tx: plan.add(tx, later, house=left.house, actor=OPERATOR, now=left.now).id)
    left.deliver()
    assert told(left, "carried") == [
        "Para «Pensar desde el cliente» esperan 3 preguntas que quedaron abiertas en «¿Quién es el CXO?». Tráelas "
        "desde la página del debate en la sala, o con: tertulia question carry"
    ]


def test_open_questions_go_on_once_with_asker_and_votes(left: Evening) -> None:
    """As proposals for a moderator to decide; whoever asked is told when it is asked."""
    target = following(left)
    with pytest.raises(errors.NotModerator):
        brought(left, target, ANA)
    assert sorted(brought(left, target)) == ["¿De quién depende?", "¿Qué mide?", "¿Y los datos?"]
    with pytest.raises(errors.NothingCarried):
        brought(left, target)
    assert left.look(lambda tx: leftovers.waiting(tx, debates.get(tx, target))) == []

    def theirs(tx: Tx) -> Question:
        return next(one for one in debates.questions(tx, target) if one.text == "¿Y los datos?")

    question = left.look(theirs)
    assert (question.state, question.source) == ("pending", "audience")
    assert left.look(lambda tx: questions.votes(tx, target)[question.id or 0]) == 1

    left.store.write(lambda tx: ask.approve(tx, question.id or 0, actor=MODERATOR, now=left.now, first=True).id)
    left.store.write(lambda tx: run.open_now(tx, debates.get(tx, target), actor=MODERATOR, now=left.now))
    left.store.write(lambda tx: run.ask_next(tx, debates.get(tx, target), actor=MODERATOR, now=left.now).id)
    left.deliver()
    assert "Tu pregunta acaba de salir como P1." in [
        text for _minute, who, _kind, text in left.slack.private if who == "UANA"
    ]


def test_a_question_brought_to_a_debate_that_is_undone_waits_again(left: Evening) -> None:
    """Aborted by mistake, nothing is lost."""
    target = following(left)
    chosen = left.look(lambda tx: [one.id or 0 for one in questions.left_open(tx, left.id)])[:1]
    assert len(brought(left, target, only=tuple(chosen))) == 1
    assert len(left.look(lambda tx: questions.left_open(tx, left.id))) == 2
    left.store.write(lambda tx: run.open_now(tx, debates.get(tx, target), actor=MODERATOR, now=left.now))
    left.store.write(lambda tx: run.abort(tx, debates.get(tx, target), actor=MODERATOR, now=left.now))
    assert len(left.look(lambda tx: questions.left_open(tx, left.id))) == 3


def test_questions_go_to_no_debate_that_is_over(left: Evening) -> None:
    """Nor to the one they come from, nor can others be named."""
    target = following(left)
    with pytest.raises(errors.NothingCarried):
        brought(left, left.id)
    with pytest.raises(errors.NoSuchQuestion):
        brought(left, target, only=(4711,))
    left.store.write(lambda tx: plan.cancel(tx, debates.get(tx, target), actor=OPERATOR, now=left.now))
    with pytest.raises(errors.WrongPhase):
        brought(left, target)


def _pulse(tx: Tx, evening: Evening) -> Poll:
    return kept.needed(tx, evening.id, Kind.PULSE)
