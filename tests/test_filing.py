"""Which question a message answers: labels as people type them, threads, quotes, time, and who wins."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import filing
from bot.filing import Asked, Confidence, Filing, Reason, label, letters_of, marks

STARTS = datetime(2027, 1, 14, 18, 0, tzinfo=UTC)
# P1 at 10, P2 at 20, P3 at 30, P4 at 40, P5 at 50.
ASKED = Asked(
    times=[STARTS + timedelta(minutes=10 * number) for number in (1, 2, 3, 4, 5)],
    numbers=[1, 2, 3, 4, 5],
    posts={f"post{number}": number for number in (1, 2, 3, 4, 5)},
)


def at(minute: float) -> datetime:
    """That minute of the debate."""
    return STARTS + timedelta(minutes=minute)


def file(text: str, posted_at: datetime, asked: Asked, parent: Filing | None = None, **hangs_on: str) -> Filing:
    """Where a message stands that hangs on something (``thread``, ``reply_to``, ``quotes``)."""
    return filing.file(text, posted_at, asked, filing.by_place(asked, parent=parent, **hangs_on))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("R1 La confianza", 1), ("A1 Trust", 1), ("P1 yo digo", 1), ("Q1 I say", 1),
        ("r1 en minúscula", 1), ("a1 lower case", 1), ("p3: sí", 3), ("q3: yes", 3),
        ("R.1 con punto", 1), ("r1) con paréntesis", 1), ("R-1: con guion", 1), ("R 1. con espacio", 1),
        ("R1", 1), ("R1:", 1), ("R1- pegado", 1), ("R1, con coma", 1), ("R1/ barra", 1), ("(R1) entre paréntesis", 1),
        ("*R2* en negrita", 2), ("“R2” entre comillas", 2), ("¡R2! con ganas", 2), ("[R2] corchetes", 2),
        ("#R1 etiqueta", 1), ("creo que #R1 sí", 1), ("al final #P2", 2), ("#R_2 raro", 2),
        ("@tertulia R2 hola", 2), ("#MeetAlfaro R3: hola", 3), ("  \n R1 tras espacios", 1), ("R1\nen otra línea", 1),
        ("R5", 5), ("R6 no hay seis", None), ("R0 cero", None), ("R11 once", None), ("R123", None),
    ],
)  # fmt: skip
def test_label_at_the_start_or_as_a_tag_is_certain(text: str, number: int | None) -> None:
    """The spellings that people use in a hurry; only numbers that were asked count."""
    assert label(text, ASKED.numbers) == (None if number is None else (number, Confidence.CERTAIN))


@pytest.mark.parametrize(
    "text",
    [
        "A4 paper is too small", "A4 papel", "A4 hojas", "a4 size", "A 4 de mayo nos vemos", "a 3 clientes les pasó",
        "A 2 euros", "a 5 manos", "A4 horas de aquí", "la A2 está cortada", "Rápido 1", "R2D2 me gusta", "PS1 mejor",
        "Para 1 cliente", "1) primero", "R", "hola", "", "el 4 de mayo", "&#1;", "http://x.es/#R1x", "R12,5 %",
    ],
)  # fmt: skip
def test_words_that_look_like_a_label_are_none(text: str) -> None:
    """A sheet of paper, a date, a road, a robot: nothing of this answers a question."""
    assert label(text, ASKED.numbers) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("La confianza R1", 1), ("La confianza, P2.", 2), ("Trust Q3 #MeetAlfaro", 3), ("pagamos 3 € por R.2", 2)],
)
def test_label_at_the_end_is_likely(text: str, number: int) -> None:
    """Some sign their answers."""
    assert label(text, ASKED.numbers) == (number, Confidence.LIKELY)


@pytest.mark.parametrize(
    "text",
    ["(" * 40_000, "_" * 40_000 + "x", "#R9 " * 10_000 + "x", "R1 #a" + " #a" * 13_000 + " x.", "@a " * 13_000,
     "*«" * 20_000, " " * 40_000 + "x", "R 1" * 13_000, "“a" * 20_000, "RT @a " * 7_000, "> \n" * 13_000,
     "\n" * 40_000, "\nR n" * 10_000, "R9) " * 10_000, "\ufdfa" * 40_000, "primera pregunta " * 2_500],
)  # fmt: skip
def test_label_of_a_hostile_text_is_found_at_once(text: str) -> None:
    """40,000 characters made to be slow take less than a quarter of a second of the processor's time."""
    before = time.process_time()

    label(text, ASKED.numbers)

    assert time.process_time() - before < 0.25


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("@tertulia @luis R2 del CEO", 2), (".@tertulia R2: de la central", 2), ("👋 R2: hola", 2), ("RR3: doble", 3),
        ("R3\u200b: invisible", 3), ("\u202bR3: al revés\u202c", 3), ("Ｒ３：ancho", 3), ("𝐑𝟑 negrita", 3),
        ("R3️⃣ tecla", 3), ("R3ª: ordinal", 3), ("R nº3: número", 3), ("R3El pegado", 3), ("r2del pegado", 2),
        ("Qué bien.\nR4: en otra línea", 4), ("Hola a todos, R2: tras el saludo", 2), ("Respuesta 3: entera", 3),
        ("Answer five: in words", 5), ("A five: in words", 5), ("3R: al revés", 3), ("Re: A3: I'd say", 3),
        ("Sobre la R3: eso", 3), ("T2: topic", 2), ("> R2: de otro\nR4: mío", 4),
        ('R4: como dijo Ana, "R1: humildad"', 4), ("A.1 sin espacio", 1), ("R5: como en R2", 5),
    ],
)  # fmt: skip
def test_label_is_found_however_it_is_written(text: str, number: int) -> None:
    """Behind mentions and greetings, misspelt, in words, with marks that nobody sees, beside what others said."""
    assert label(text, ASKED.numbers) == (number, Confidence.CERTAIN)


@pytest.mark.parametrize(
    "text",
    [
        "R2 D2 de jefe",
        "Q3 results were great",
        "A1 steak sauce",
        "T4 de Barajas",
        "https://x.es/?q=R1: todo",
        "RT @ana: R2: del CEO",
        "“R1: la confianza de siempre” cierto",
        "a la A2 no voy",
        "I printed it on A3",
    ],
)
def test_words_of_others_and_other_things_are_no_label(text: str) -> None:
    """What is forwarded, quoted or an address is not the writer's own word; robots and motorways answer nothing."""
    assert label(text, ASKED.numbers) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("R1: escucha. R2: CEO.", 1),
        ("R2 y R3: el dueño", 2),
        ("A3/A4 at once", 3),
        ("lo que Marta dijo en la R1 hoy", 1),
    ],
)
def test_several_labels_or_one_in_passing_are_a_guess(text: str, number: int) -> None:
    """The first of them, or the only one: a moderator may know better."""
    assert label(text, ASKED.numbers) == (number, Confidence.GUESS)


def test_label_in_words_or_brackets_is_likely() -> None:
    """Meant, most likely: nothing firm stands behind it."""
    texts = ["un equipo mixto (R4), sin más", "a la cuarta pregunta: depende", "small team. A4"]
    assert [label(text, ASKED.numbers) for text in texts] == [(4, Confidence.LIKELY)] * 3


def test_label_of_a_question_not_asked_yet_is_none() -> None:
    """«R3» while P2 is open, also when it is filed again after the close; the clocks may differ by five seconds."""
    assert file("R3 me adelanto", at(25), ASKED) == Filing(2, Reason.TIME, Confidence.GUESS)
    assert file("R3 a tiempo", at(29.95), ASKED) == Filing(3, Reason.LABEL, Confidence.CERTAIN)


def test_reply_deeper_in_the_conversation_of_a_question_is_likely() -> None:
    """Its question is known, but it answers somebody else; a reply to the post itself is sure."""
    assert file("sí", at(44), ASKED, thread="post1", reply_to="x") == Filing(1, Reason.CONVERSATION, Confidence.LIKELY)
    assert file("sí", at(44), ASKED, thread="y", reply_to="post1") == Filing(1, Reason.THREAD, Confidence.CERTAIN)
    assert file("sí", at(44), ASKED, thread="post1", reply_to="x", quotes="post2") == Filing(
        2, Reason.QUOTE, Confidence.LIKELY
    )


def test_guess_of_a_label_does_not_move_what_hangs_on_a_question() -> None:
    """Several labels in a reply to P2: it stays there."""
    assert file("R1: eso. R3: esto.", at(44), ASKED, thread="post2") == Filing(2, Reason.THREAD, Confidence.CERTAIN)


@pytest.mark.parametrize(
    ("minute", "question"), [(0, None), (9.99, None), (10, 1), (19.99, 1), (20, 2), (50, 5), (70, 5)]
)
def test_unmarked_message_goes_to_the_question_open_at_its_time(minute: float, question: int | None) -> None:
    """Before P1 to none; from the second in which a question was asked to that one; a guess each time."""
    assert file("pues sí", at(minute), ASKED) == Filing(question, Reason.TIME, Confidence.GUESS)


def test_late_label_goes_to_its_question() -> None:
    """«R2» during P4 is an answer to P2."""
    assert file("R2 llego tarde", at(44), ASKED) == Filing(2, Reason.LABEL, Confidence.CERTAIN)


def test_reply_in_the_thread_of_a_question_is_certain() -> None:
    """Whatever the hour, the thread says it."""
    assert file("pues sí", at(44), ASKED, thread="post1") == Filing(1, Reason.THREAD, Confidence.CERTAIN)


def test_label_that_contradicts_the_thread_wins_and_is_flagged() -> None:
    """«R3» in P1's thread: the person says which, and a moderator may look."""
    assert file("R3 esto", at(44), ASKED, thread="post1") == Filing(3, Reason.LABEL, Confidence.CERTAIN, conflict=True)


def test_likely_label_does_not_contradict_a_thread() -> None:
    """A sentence that ends in «P3» within P1's thread stays there."""
    assert file("lo digo en P3", at(44), ASKED, thread="post1") == Filing(1, Reason.THREAD, Confidence.CERTAIN)


def test_label_that_agrees_with_the_thread_is_the_thread() -> None:
    """Both say P1; nothing is flagged."""
    assert file("R1 esto", at(44), ASKED, thread="post1") == Filing(1, Reason.THREAD, Confidence.CERTAIN)


def test_label_that_agrees_with_a_conversation_makes_it_certain() -> None:
    """The conversation was filed by a guess; who writes «R2» in it knows."""
    root = Filing(2, Reason.TIME, Confidence.GUESS)

    assert file("R2 esto", at(44), ASKED, thread="x", parent=root) == Filing(2, Reason.LABEL, Confidence.CERTAIN)


def test_quote_of_a_question_is_likely() -> None:
    """Who quotes P2 speaks of P2."""
    assert file("esto", at(44), ASKED, quotes="post2") == Filing(2, Reason.QUOTE, Confidence.LIKELY)


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        (Filing(2, Reason.LABEL, Confidence.CERTAIN), Filing(2, Reason.CONVERSATION, Confidence.LIKELY)),
        (Filing(2, Reason.HAND, Confidence.CERTAIN), Filing(2, Reason.CONVERSATION, Confidence.LIKELY)),
        (Filing(2, Reason.QUOTE, Confidence.LIKELY), Filing(2, Reason.CONVERSATION, Confidence.LIKELY)),
        (Filing(2, Reason.TIME, Confidence.GUESS), Filing(2, Reason.CONVERSATION, Confidence.GUESS)),
        (Filing(None, Reason.TIME, Confidence.GUESS), Filing(None, Reason.CONVERSATION, Confidence.GUESS)),
    ],
)
def test_reply_goes_where_its_conversation_is(root: Filing, expected: Filing) -> None:
    """Never surer than what it answers."""
    assert file("de acuerdo", at(44), ASKED, thread="other", parent=root) == expected


def test_label_in_a_conversation_before_the_first_question_is_no_conflict() -> None:
    """The thread belongs to no question, so there is nothing to contradict."""
    root = Filing(None, Reason.TIME, Confidence.GUESS)

    assert file("R2 esto", at(44), ASKED, thread="x", parent=root) == Filing(2, Reason.LABEL, Confidence.CERTAIN)


def test_nothing_asked_yet_files_under_no_question() -> None:
    """A label of a question that nobody has asked is no label."""
    nothing = Asked([], [], {})

    assert file("R1 me adelanto", at(5), nothing) == Filing(None, Reason.TIME, Confidence.GUESS)


# --- the letters of labels -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letters", "text", "found"),
    [
        ("RAPQT", "S2 svar", None),
        ("RS", "S2 svar", (2, Confidence.CERTAIN)),
        ("RS", "s2: svar", (2, Confidence.CERTAIN)),
        ("RS", "ett svar S2", (2, Confidence.LIKELY)),
        ("RS", "som sagt i S2 och sen", (2, Confidence.GUESS)),
        ("RS", "svar #S2 ja", (2, Confidence.CERTAIN)),
        ("RS", "3S: svar", (3, Confidence.CERTAIN)),
        ("RS", "S1 y S2", (1, Confidence.GUESS)),
        ("RS", "R1 como siempre", (1, Confidence.CERTAIN)),
        ("RS", "respuesta 3: en palabras", (3, Confidence.CERTAIN)),
        ("RS", "A2: the lift to the second floor", None),
        ("RS", "Buenas. A2", None),
        ("RS", "P2: pregunta", None),
        ("RPQ", "T3: la terminal", None),
        ("RAPQT", "T3: el tema", (3, Confidence.CERTAIN)),
    ],
)
def test_a_debate_has_the_letters_that_it_was_planned_with(
    letters: str, text: str, found: tuple[int, Confidence] | None
) -> None:
    """What is no letter of its labels is none, in whatever spelling; any other is one."""
    assert label(text, ASKED.numbers, letters_of(letters)) == found


@pytest.mark.parametrize("letters", ["R", "RA", "RT", "RSXZ", "RABCDEFGHIJKLMNOPQSTUVWXYZ"])
def test_any_letters_make_labels(letters: str) -> None:
    """One, or the whole alphabet."""
    for one in letters:
        assert label(f"{one}2: así", ASKED.numbers, letters_of(letters)) == (2, Confidence.CERTAIN)


# What labels are made of, so that texts of it have many and half ones.
PIECES = st.sampled_from(
    ["R1", "r2", "A", "4", "#P3", "Q2:", "(R5)", "respuesta", "pregunta", "tres", "A five", "3R.", "quinta", " ", "\n",
     ".", ":", "y", "> ", "RT @ana", "«R1 como dijo»", "R nº3", "hola", "🪸", "\u200b"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map(" ".join), st.sets(st.integers(1, 6)).map(sorted))
def test_marks_that_were_found_before_say_what_the_text_says(text: str, known: list[int]) -> None:
    """Whoever heard a message may have looked for its labels, before it was known which questions there are."""
    assert label(text, known, found=marks(text)) == label(text, known)


def test_marks_are_of_the_everyday_letters_and_no_others() -> None:
    """A debate with letters of its own reads the text itself."""
    own = letters_of("RS")
    assert label("S2 hola", [1, 2], own, marks("S2 hola")) == label("S2 hola", [1, 2], own) == (2, Confidence.CERTAIN)
    assert label("A2 hola", [1, 2], own, marks("A2 hola")) is None
