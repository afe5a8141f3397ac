"""An edited post of X has an id for each version; whatever hangs on any of them hangs on the post."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from bot.actions import inbox, log, people, refile
from bot.actions.inbox import Delivery
from bot.actions.sync import Found
from bot.ports import OPERATOR, Deleted, Incoming, Platform, Said
from bot.store import debates, engine, gone, transcripts
from bot.store.engine import Store
from bot.writer import Writer

from tests.hashtag_evening import HASHTAG, HashtagEvening, alone, evening
from tests.standin_x.server import XStandin
from tests.test_log import ANY_ORDER, shuffled, undone
from tests.test_x_gone import everything, exported, left_of
from tests.waiting import until
from tests.x_held import NOW, Log
from tests.x_listening import listening

__all__ = ["alone", "evening"]

FIRST, SECOND, THIRD = "1850000000000000001", "1850000000000000002", "1850000000000000003"


def written(evening: HashtagEvening, text: str, *, reply_to: str | None = "P1") -> Said:
    """Ana's post, as it was written; not heard yet."""
    said = evening.post("ana", text, reply_to=reply_to)._replace(id=FIRST)
    evening.messages[FIRST] = said
    return said


def edited(said: Said, text: str, *versions: str) -> Said:
    """The post as its last version has it, a minute later for each."""
    return said._replace(text=text, edited_at=said.posted_at + timedelta(minutes=len(versions)), versions=versions)


def hear(evening: HashtagEvening, *said: Said | Deleted) -> None:
    """They came together in one delivery."""
    event = Delivery(Platform.X, f"x:post:{said[0].id}", said)
    evening.store.write(lambda tx: inbox.take(tx, [event], now=evening.now))


def hanging(evening: HashtagEvening) -> dict[str, tuple[str | None, ...]]:
    """By its text, what each message that stands hangs on: conversation, answered post, quoted one."""
    query = sa.text("SELECT text, thread, reply_to, quotes FROM message WHERE deleted_at IS NULL")
    with evening.store.read() as tx:
        return {text: tuple(points) for text, *points in tx.conn.execute(query).all()}


def filed(evening: HashtagEvening) -> dict[str, tuple[int | None, str]]:
    """By its text, the question of each message and why it stands there."""
    return {text: (question, by) for _, text, question, by, _ in evening.log()}


# --- what hangs on a later version -----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_an_answer_to_an_edited_post_hangs_on_the_post(evening: HashtagEvening, order: Sequence[int]) -> None:
    """Post, edit and an answer to what was edited: whichever comes first, the answer follows the post."""
    post = written(evening, "R2 la escucha", reply_to=None)
    answer = evening.post("luis", "de acuerdo", reply_to=SECOND)
    said = [post, edited(post, "R2 la escucha activa", SECOND), answer]
    for at in order:
        hear(evening, said[at])

    assert hanging(evening) == {"R2 la escucha activa": (None, None, None), "de acuerdo": (FIRST, FIRST, None)}
    assert filed(evening) == {"R2 la escucha activa": (2, "label"), "de acuerdo": (2, "conversation")}
    lines = transcripts.load(evening.store, 1).lines()
    assert [(line.text, line.depth) for line in lines] == [("R2 la escucha activa", 0), ("de acuerdo", 1)]


def test_a_quote_of_an_edited_post_names_the_post(evening: HashtagEvening) -> None:
    """Heard before the edit and after it."""
    post = written(evening, "la escucha")
    before, after = (evening.post("luis", text, quotes=SECOND) for text in ("esto", "y esto"))
    hear(evening, post)
    hear(evening, before)
    hear(evening, edited(post, "la escucha activa", SECOND))
    hear(evening, after)

    assert (hanging(evening)["esto"], hanging(evening)["y esto"]) == ((None, None, FIRST), (None, None, FIRST))


def test_every_version_of_many_is_the_post(evening: HashtagEvening) -> None:
    """Edited twice, and only the last edit came: what answers the one in between hangs on the post all the same."""
    post = written(evening, "R2 la escucha")
    hear(evening, evening.post("luis", "a la segunda", reply_to=SECOND))
    hear(evening, edited(post, "R2 la escucha activa, siempre", SECOND, THIRD))
    hear(evening, evening.post("eva", "a la tercera", reply_to=THIRD))

    assert {points[1] for text, points in hanging(evening).items() if text.startswith("a la")} == {FIRST}
    assert filed(evening)["a la segunda"] == filed(evening)["a la tercera"] == (2, "conversation")


def test_all_of_it_in_one_delivery(evening: HashtagEvening) -> None:
    """Search brings a page with the answer, the post and its edit in it."""
    post = written(evening, "R2 la escucha")
    answer = evening.post("luis", "de acuerdo", reply_to=SECOND)
    hear(evening, answer, edited(post, "R2 la escucha activa", SECOND), post)

    assert filed(evening)["de acuerdo"] == (2, "conversation")
    assert hanging(evening)["de acuerdo"][1] == FIRST


def test_what_hangs_below_goes_along(evening: HashtagEvening) -> None:
    """An answer to an answer, heard before anybody knew what the first of them answers."""
    post = written(evening, "R2 la escucha", reply_to=None)
    answer = evening.post("luis", "de acuerdo", reply_to=SECOND)
    below = evening.post("eva", "y yo", reply_to=answer.id)
    hear(evening, below)
    hear(evening, answer)
    hear(evening, post)
    assert filed(evening)["y yo"] == (3, "conversation")
    hear(evening, edited(post, "R2 la escucha activa", SECOND))

    assert (filed(evening)["y yo"], hanging(evening)["y yo"]) == ((2, "conversation"), (FIRST, answer.id, None))


def test_who_watches_hears_of_what_was_tied(evening: HashtagEvening) -> None:
    """A page that is open gets the answer where it belongs now."""
    post = written(evening, "R2 la escucha")
    hear(evening, post)
    hear(evening, evening.post("luis", "de acuerdo", reply_to=SECOND))
    with evening.store.read() as tx:
        before = debates.get(tx, 1).rev
    hear(evening, edited(post, "R2 la escucha activa", SECOND))

    with evening.store.read() as tx:
        revs = tx.conn.execute(sa.text("SELECT rev FROM message ORDER BY id")).scalars().all()
    assert revs == [before + 1, before + 1]


def test_a_hand_stays(evening: HashtagEvening) -> None:
    """What a moderator has filed is not filed anew by what becomes known later."""
    post = written(evening, "R2 la escucha")
    hear(evening, evening.post("luis", "de acuerdo", reply_to=SECOND))
    evening.store.write(lambda tx: refile.by_hand(tx, debates.get(tx, 1), 1, 1, actor=OPERATOR, now=evening.now))
    hear(evening, edited(post, "R2 la escucha activa", SECOND))

    assert filed(evening)["de acuerdo"] == (1, "hand")
    assert hanging(evening)["de acuerdo"][1] == FIRST


TEXTS = st.sampled_from(["sí", "R1 sí", "R3: esto"])
# (text, which of the post's versions it answers, whether it quotes it instead).
ANSWERS = st.lists(st.tuples(TEXTS, st.sampled_from([FIRST, SECOND, THIRD]), st.booleans()), min_size=1, max_size=4)


@ANY_ORDER
@given(answers=ANSWERS, root=st.booleans(), data=st.data())
def test_any_order_ends_in_the_same_log(
    alone: HashtagEvening, answers: list[tuple[str, str, bool]], root: bool, data: st.DataObject
) -> None:
    """A post, its edits, what answers or quotes any version, and what answers that: one log, in batches of any size."""
    post = written(alone, "R2 la escucha", reply_to=None if root else "P1")
    said = [post, edited(post, "R3 la escucha", SECOND), edited(post, "R1 la escucha", SECOND, THIRD)]
    for text, version, quotes in answers:
        if quotes:
            said.append(alone.post("luis", text, quotes=version))
            continue
        # The conversation of a root that was edited goes by the version that was answered.
        conversation = version if root else alone.slack.ids["P1"]
        answer = alone.post("luis", text, reply_to=version, thread=conversation)
        said += [answer, alone.post("eva", "y yo", reply_to=answer.id, thread=conversation)]

    assert outcome(alone, shuffled(said, data)) == outcome(alone, [[one] for one in said])


def outcome(evening: HashtagEvening, batches: Iterable[Sequence[Incoming]]) -> Sequence[object]:
    """The rows that hearing these leaves, filed as a rebuild would file them; nothing stays behind."""
    rows = sa.text(
        "SELECT platform_id, thread, reply_to, quotes, text, edited_at, question, filed_by, confidence, conflict "
        "FROM message ORDER BY posted_at, platform_id"
    )
    names = sa.text("SELECT v.mark, m.platform_id FROM version v JOIN message m ON m.id = v.message_id ORDER BY v.mark")
    with undone(evening.store) as tx:
        # The same marks at every try.
        tx.memory["key", "gone-key"] = bytes(32)
        for batch in batches:
            log.hear(tx, batch, now=evening.now)
        found = [*tx.conn.execute(rows).all(), *tx.conn.execute(names).all()]
        assert refile.whole(tx, debates.get(tx, 1)) == 0
    return found


# --- what goes, goes with all its versions ---------------------------------------------------------------------------


def a_conversation(evening: HashtagEvening) -> None:
    """Ana has edited a post twice; Luis answers the second version, and Eva quotes the third."""
    post = written(evening, "el xilofonista")
    hear(evening, post)
    hear(evening, edited(post, "el xilofonista nuevo", SECOND, THIRD))
    hear(evening, evening.post("luis", "¿cuál?", reply_to=SECOND))
    hear(evening, evening.post("eva", "miren", quotes=THIRD))


def test_no_id_of_a_version_is_ever_kept(evening: HashtagEvening) -> None:
    """Not even while the post stands: a mark is enough to know it by."""
    a_conversation(evening)

    assert left_of(everything(evening.store), SECOND, THIRD) == []


def test_a_post_taken_back_takes_its_versions_along(evening: HashtagEvening) -> None:
    """No byte of any id is left, and what answered or quoted a version hangs on the mark."""
    a_conversation(evening)
    hear(evening, Deleted(Platform.X, HASHTAG, FIRST, evening.now))

    assert left_of(everything(evening.store), FIRST, SECOND, THIRD, "xilofonista") == []
    points = hanging(evening)
    assert points["¿cuál?"][1] == points["miren"][2]
    assert str(points["miren"][2]).startswith(gone.MARK)


def test_a_version_taken_back_is_the_post_taken_back(evening: HashtagEvening) -> None:
    """Whichever id X names: any version gone, all gone."""
    a_conversation(evening)
    hear(evening, Deleted(Platform.X, HASHTAG, THIRD, evening.now))

    assert left_of(everything(evening.store) + exported(evening.store), FIRST, THIRD, "xilofonista") == []


def test_a_later_answer_to_a_version_of_what_is_gone_hangs_on_its_mark(evening: HashtagEvening) -> None:
    """X still says which version it answers; nothing of that id is kept."""
    a_conversation(evening)
    hear(evening, Deleted(Platform.X, HASHTAG, FIRST, evening.now))
    hear(evening, evening.post("luis", "yo lo leí", reply_to=THIRD, thread="P1"))

    assert str(hanging(evening)["yo lo leí"][1]).startswith(gone.MARK)
    assert left_of(everything(evening.store), FIRST, SECOND, THIRD) == []


def test_an_edit_of_what_is_gone_brings_nothing_back(evening: HashtagEvening) -> None:
    """Gone before its last edit was heard: no word returns, and that version's id is known by the mark, too."""
    a_conversation(evening)
    hear(evening, Deleted(Platform.X, HASHTAG, FIRST, evening.now))
    fourth = "1850000000000000004"
    hear(evening, evening.post("luis", "a la cuarta", reply_to=fourth, thread="P1"))
    hear(evening, edited(evening.messages[FIRST], "el xilofonista, otra vez", SECOND, THIRD, fourth))

    assert str(hanging(evening)["a la cuarta"][1]).startswith(gone.MARK)
    assert left_of(everything(evening.store), FIRST, fourth, "xilofonista") == []


def test_forgetting_a_person_takes_the_ids_of_their_versions(evening: HashtagEvening) -> None:
    """As an erasure does by hand, or a word to us."""
    a_conversation(evening)
    evening.store.write(lambda tx: people.forget(tx, "x:7ana", actor=OPERATOR, now=evening.now))

    assert left_of(everything(evening.store), FIRST, SECOND, THIRD, "xilofonista") == []


def test_a_debate_that_is_erased_leaves_no_version(evening: HashtagEvening) -> None:
    """The rows go with their messages."""
    a_conversation(evening)
    evening.store.write(lambda tx: debates.erase(tx, 1))

    with evening.store.read() as tx:
        assert tx.conn.execute(sa.text("SELECT count(*) FROM version")).scalar() == 0


def test_of_an_edited_post_that_is_in_no_debate_nothing_is_kept(evening: HashtagEvening) -> None:
    """It was posted the day before."""
    old = written(evening, "la escucha")._replace(posted_at=evening.now - timedelta(days=1))
    hear(evening, edited(old, "la escucha activa", SECOND))

    with evening.store.read() as tx:
        assert tx.conn.execute(sa.text("SELECT count(*) FROM version")).scalar() == 0


# --- what it costs ---------------------------------------------------------------------------------------------------


def test_a_post_that_names_nobody_s_edit_costs_no_query_more(
    alone: HashtagEvening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether there were edits before or not: as many statements for a batch, however many posts it has."""

    def statements(size: int) -> list[str]:
        run: list[str] = []
        past = engine._past_sqlalchemy

        def counting(conn: sa.Connection, sql: str, *rest: object, **more: object) -> object:
            run.append(sql)
            return past(conn, sql, *rest, **more)  # type: ignore[arg-type]

        batch = [alone.post("luis", "de acuerdo", reply_to="P1") for _ in range(size)]
        with monkeypatch.context() as patch:
            patch.setattr(engine, "_past_sqlalchemy", counting)
            alone.store.write(lambda tx: log.hear(tx, batch, now=alone.now))
        return [one for one in run if "version" in one]

    never = statements(3)
    a_conversation(alone)

    assert (never, len(statements(1)), len(statements(50))) == ([], 1, 1)


# --- on the wire -----------------------------------------------------------------------------------------------------


async def test_an_answer_to_an_edit_is_tied_to_the_post_whoever_brings_it(sqlite_store: Store) -> None:
    """The answer before the edit: X calls the edited version by its own id, conversation and all."""
    async with XStandin(strict_rates=False) as x, listening(x, sqlite_store) as bot:
        first = await x.post("ana", "El coral #coral")
        await until(lambda: len(bot.texts()) == 1)
        x.faults.reorder(2)
        second = x.edit(first, "El coral rojo #coral")
        await x.post("bea", "¿Cuál? #coral", reply_to=second)
        await until(lambda: bot.texts() == ["El coral rojo #coral", "@ana ¿Cuál? #coral".removeprefix("@ana ")])
        await bot.ears.hearing.settled()

        rows = bot.rows()
        assert [(row.platform_id == first, row.thread, row.reply_to) for row in rows] == [
            (True, None, None), (False, first, first),
        ]  # fmt: skip
        assert left_of(everything(sqlite_store), second) == []


async def test_a_look_at_the_debate_ties_what_was_left_loose(sqlite_store: Store, sqlite_writer: Writer) -> None:
    """The log has an edit and an answer to it from before it knew of versions: nothing is edited, both are tied."""
    async with XStandin(strict_rates=False, clock=lambda: NOW) as x:
        held = Log(x, sqlite_store, sqlite_writer)
        first = await held.says("ana", "Un animal #coral")
        second = x.edit(first, "Una colonia #coral", NOW - timedelta(days=2, minutes=30), heard=False)
        assert await held.look() == Found(posts=1, edited=1)
        sqlite_store.write(lambda tx: tx.conn.execute(sa.text("DELETE FROM version")).rowcount)
        await held.says("bea", "¿De qué? #coral", reply_to=second)
        assert held.rows()[-1].reply_to == second
        held.now += timedelta(days=1)

        assert await held.look() == Found(posts=2)
        assert held.rows()[-1].reply_to == first
