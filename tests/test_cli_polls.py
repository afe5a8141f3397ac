"""``tertulia poll`` and ``question carry`` as a dialogue."""

import sqlalchemy as sa

from bot.store.engine import Store

from tests.console import Answer, Terminal, tertulia
from tests.test_cli import planned

__all__ = ["tertulia"]

READY = ("debate", "add", "--ready", "formarse-en-cx", "--starts", "2037-01-14T19:00", "--timezone", "Europe/Madrid")


def test_the_ready_made_debate_on_training_asks_for_the_ten_triggers(tertulia: Terminal) -> None:
    """Several of them, and others in free words; planned, and not yet open."""
    tertulia(*READY)
    (found,) = tertulia("poll", "show", "1", "--json").json
    assert (found["kind"], found["state"], found["people"], found["several"]) == ("before", "planned", 0, True)
    assert (len(found["options"]), found["opens_at"]) == (10, None)
    assert tertulia("poll", "show", "1").out.startswith("before · por abrir · 0 personas\n  ¿Qué te mueve")


def test_a_poll_is_added_shown_and_closed(tertulia: Terminal) -> None:
    """Each in a line; closed before it opened, it will not be asked."""
    planned(tertulia)
    assert tertulia("poll", "show", "1") == Answer(0, "Este debate no tiene encuestas.\n", "")
    assert tertulia("poll", "add", "1", "¿Vienes?", "-o", "Sí", "-o", "No") == Answer(0, "Guardada.\n", "")
    (found,) = tertulia("poll", "show", "1", "--json").json
    assert [one["text"] for one in found["options"]] == ["Sí", "No"]
    assert tertulia("poll", "close", "1") == Answer(0, "Cerrada.\n", "")
    assert tertulia("poll", "show", "1").out == "before · No se preguntará.\n"


def test_what_cannot_be_is_refused_in_a_line(tertulia: Terminal) -> None:
    """A fault in the poll, a kind that is none, a poll that is not there, and a pulse of one's own."""
    planned(tertulia)
    assert "hay 1 opción; van de 2 a 10" in tertulia("poll", "add", "1", "¿Vienes?", "-o", "Sí").refusal
    assert "no tiene esa encuesta" in tertulia("poll", "close", "1").refusal
    assert "no tiene esa encuesta" in tertulia("poll", "close", "1", "--kind", "nada").refusal
    assert (
        "el pulso tiene siempre la misma pregunta"
        in tertulia("poll", "add", "1", "x", "-o", "a", "-o", "b", "--kind", "pulse").refusal
    )


def test_the_subject_is_voted_on_with_what_there_is_ready(tertulia: Terminal) -> None:
    """Open at once; a second time it is refused."""
    planned(tertulia)
    tertulia("poll", "add", "1", "--kind", "topic")
    (found,) = tertulia("poll", "show", "1", "--json").json
    assert (found["kind"], found["state"], len(found["options"])) == ("topic", "open", 5)
    assert "ya está abierta" in tertulia("poll", "add", "1", "--kind", "topic").refusal


def test_an_anonymous_poll_tells_nothing_while_it_is_open(tertulia: Terminal) -> None:
    """What was answered is null; that somebody answered is no secret."""
    planned(tertulia)
    store = Store("sqlite:///tertulia.db")
    with store.writing() as conn, conn.begin():
        conn.execute(sa.text("UPDATE debate SET phase = 'closed'"))
        conn.execute(sa.text(
            "INSERT INTO poll (id, debate_id, kind, text, options, several, other, opens_at, rev) "
            "VALUES (1, 1, 'pulse', '¿Qué tal?', '[\"1\", \"2\"]', false, true, 0, 0)"
        ))  # fmt: skip
        conn.execute(sa.text(
            "INSERT INTO ballot (id, poll_id, choices, other) VALUES (7, 1, '[1]', 'palabra'), (8, 1, '[1]', ''), "
            "(9, 1, '[1]', ''), (10, 1, '[1]', ''), (11, 1, '[2]', '')"
        ))  # fmt: skip
    store.close()
    (found,) = tertulia("poll", "show", "1", "--json").json
    assert (found["state"], found["people"], found["options"], found["other"]) == ("open", 5, None, None)
    assert "palabra" not in tertulia("poll", "show", "1").out
    tertulia("poll", "close", "1", "--kind", "pulse")
    assert "Nadie ha escrito eso" in tertulia("poll", "strike", "1", "nada", "--kind", "pulse").refusal
    assert tertulia("poll", "show", "1").out == (
        "pulse · cerrada · 5 personas\n  ¿Qué tal?\n  80 % · 1 (4)\n  20 % · 2 (1)\n  «palabra»\n"
    )


def test_open_questions_are_carried_and_their_new_ids_printed(tertulia: Terminal) -> None:
    """One a line, for a script; a second time there is none."""
    planned(tertulia)
    tertulia(*READY)
    store = Store("sqlite:///tertulia.db")
    with store.writing() as conn, conn.begin():
        conn.execute(sa.text("UPDATE debate SET phase = 'closed' WHERE id = 1"))
        conn.execute(sa.text("UPDATE question SET state = 'carried' WHERE debate_id = 1"))
    store.close()
    assert len(tertulia("question", "carry", "1", "2").out.split()) == 3
    assert "no queda ninguna pregunta" in tertulia("question", "carry", "1", "2").refusal
