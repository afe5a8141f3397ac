"""Addresses that open a member's own composer: what X reads out of them is what was meant, and fits in one post."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import filing, intents
from bot.drafts import Asked, Draft, Kind, Speech, drafts
from bot.words.catalogue import words
from handlers.x.weight import weighted

TAG = "MeetAlfaro"
SAY = words("es")


def read(address: str) -> dict[str, str]:
    """What X reads out of an address."""
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://x.com/intent/post"
    return {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=True).items()}


def spoke(ident: int, text: str = "Que sepa escuchar", **fields: object) -> Speech:
    """Ana said it on X, in answer to the first question; nobody has reacted."""
    given = {
        "id": ident, "who": ident, "name": "Ana Beltrán", "post": f"19000000000000000{ident}", "text": text,
        "question": 1, "echo": 0, "answered": False, "hidden": False,
    }  # fmt: skip
    return Speech(**{**given, **fields})  # type: ignore[arg-type]  # a story names what it changes


def tray(*said: Speech, asked: tuple[Asked, ...] = (), hashtag: str = TAG) -> list[Draft]:
    """The drafts for what was said."""
    return drafts(said, asked, hashtag=hashtag, say=SAY)


def texts(kind: Kind, *said: Speech) -> list[str]:
    """The texts of the drafts of a kind."""
    return [one.text for one in tray(*said) if one.kind is kind]


# --- the addresses ---------------------------------------------------------------------------------------------------


def test_answer_has_label_room_hashtag_and_target() -> None:
    """P3 is answered with its label, a place to write, the hashtag, below the question's own post."""
    address = intents.answer(3, TAG, to="1900000000000000003")
    assert address == "https://x.com/intent/post?text=R3%20%20%23MeetAlfaro&in_reply_to=1900000000000000003"


def test_answer_before_the_question_stands_on_x_has_no_target() -> None:
    """Until then the label alone says which question is meant."""
    assert read(intents.answer(3, TAG)) == {"text": "R3  #MeetAlfaro"}


def test_answer_is_filed_under_its_question_wherever_it_is_posted() -> None:
    """What the address begins is read back by the rules as an answer to that question, sure of it."""
    begun = read(intents.answer(2, TAG))["text"].replace("  ", " Depende de la dirección ")
    now = datetime(2027, 1, 14, 18, tzinfo=UTC)
    filed = filing.file(begun, now, filing.Asked([now, now, now], [1, 2, 3], {}))
    assert (filed.question, filed.confidence) == (2, filing.Confidence.CERTAIN)


def test_free_post_has_the_hashtag_alone() -> None:
    """Whatever one likes, with the hashtag; a sign before it does not double it."""
    assert [read(intents.write(tag)) for tag in (TAG, f"#{TAG}")] == [{"text": "#MeetAlfaro "}] * 2


@pytest.mark.parametrize(
    "text",
    [
        "¿Y el 100 % de «esto»?",
        "a&in_reply_to=1&text=b",
        "1 + 1 = 2; #no @nadie",
        "dos\nlíneas",
        "👩‍👩‍👧 sí",
        "العربية",
    ],
)
def test_any_text_arrives_as_it_was(text: str) -> None:
    """Signs that mean something in an address are text like any other."""
    assert read(intents.reply(text, TAG, to="19")) == {"text": f"{text} #MeetAlfaro", "in_reply_to": "19"}


@given(
    text=st.text(st.characters(exclude_categories=[]), max_size=600), tag=st.from_regex(r"\w{0,120}", fullmatch=True)
)
def test_every_address_is_plain_ascii_and_fits_in_one_post(text: str, tag: str) -> None:
    """Half surrogates, controls and six hundred emoji: the address holds, and X takes the text."""
    address = intents.reply(text, tag, to="19")
    found = read(address)
    assert (address.isascii(), intents.weight(found.get("text", "")) <= intents.LONGEST) == (True, True)
    assert set(found) <= {"text", "in_reply_to"}


def test_long_text_is_cut_at_a_word_and_keeps_its_hashtag() -> None:
    """What X has no room for goes from the end of the text, never from the hashtag."""
    assert intents.fitted("palabra " * 60, TAG) == f"{'palabra ' * 32}palabra… #MeetAlfaro"


def test_hashtag_that_fills_a_post_is_left_out() -> None:
    """The label is worth more than a tag of three hundred letters."""
    assert intents.fitted("R1 ", "a" * 300) == "R1 "


@pytest.mark.parametrize(
    ("text", "counted"), [("hola", 4), ("¿Qué?", 5), ("日本", 4), ("👍", 2), ("«sí» — no…", 11), ("https://a.es", 35)]
)
def test_weight_is_what_x_counts_or_more(text: str, counted: int) -> None:
    """Letters count one, wide ones, emoji and the ellipsis two, and a link more than its short form."""
    assert intents.weight(text) == counted


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
    | st.from_regex(r"[a-z.:/ é👍🏽日]{0,80}", fullmatch=True)
)
def test_weight_is_never_less_than_the_exact_one(text: str) -> None:
    """The house's own count, which knows every address and emoji of X (handlers/x/weight.py), finds no more."""
    assert weighted(text) <= intents.weight(text)


# --- what there is to say --------------------------------------------------------------------------------------------


def test_everybody_is_welcomed_once_at_their_first_post() -> None:
    """Ana spoke twice and Luis once: two welcomes, each below the first post."""
    found = tray(spoke(1), spoke(2, who=1), spoke(3, name="Luis"))
    assert [(one.key, read(one.address)["in_reply_to"]) for one in found] == [
        ("welcome:1", "190000000000000001"), ("welcome:3", "190000000000000003"),
    ]  # fmt: skip


def test_who_was_answered_by_a_moderator_is_not_welcomed_again() -> None:
    """A moderator replied to Ana's second post from their own account: she has been seen."""
    assert tray(spoke(1), spoke(2, who=1, answered=True)) == []


def test_thanks_go_to_the_three_answers_with_most_echo_of_each_question() -> None:
    """The most echo first, and nobody is thanked for what found none, belongs nowhere, or was answered."""
    said = [spoke(n, echo=n) for n in range(1, 6)]
    rest = [spoke(6, question=2, echo=1), spoke(7, question=None, echo=9), spoke(8), spoke(9, echo=99, answered=True)]
    thanks = [one for one in tray(*said, *rest) if one.kind is Kind.THANKS]
    assert [one.key for one in thanks] == ["thanks:5", "thanks:4", "thanks:6"]


def test_each_question_on_x_has_a_follow_up_below_it() -> None:
    """The one that a moderator has replied to has had its follow-up."""
    asked = tuple(Asked(10 + n, n, "¿Qué mide?", f"19{n}", n == 2) for n in (1, 2, 3))
    found = tray(asked=asked)
    assert [(one.key, one.question, read(one.address)["in_reply_to"]) for one in found] == [
        ("follow:11", 1, "191"), ("follow:13", 3, "193"),
    ]  # fmt: skip


def test_welcome_names_and_quotes_whom_it_is_for() -> None:
    """A name and a few of their words: X refuses a text that one has just posted."""
    said = spoke(3, "R1 Que sepa escuchar y leer una cuenta de resultados #MeetAlfaro")
    assert texts(Kind.WELCOME, said) == [
        "¡Hola, Ana Beltrán! He leído lo de «Que sepa escuchar y leer una…». Te damos la bienvenida al debate: "
        "responde a cada pregunta en su hilo, a todas o a las que quieras. #MeetAlfaro"
    ]


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("Ana ❤️👩‍💻", "¡Hola, Ana!"), ("María-José O'Hara", "¡Hola, María-José O'Hara!"), ("José", "¡Hola, José!"),
        ("@todos", "¡Hola!"), ("#gratis", "¡Hola!"), ("premios.example", "¡Hola!"), ("", "¡Hola!"),
        ("a" * 31, "¡Hola!"), ("Ana\u202egpj", "¡Hola!"),
    ],
)  # fmt: skip
def test_name_that_would_do_something_is_left_out(name: str, called: str) -> None:
    """A name may be anything on X; in a moderator's own post it mentions, tags and links nobody."""
    (text,) = texts(Kind.WELCOME, spoke(1, name=name))
    assert text.partition(" He leído")[0] == called


def test_alias_of_the_archive_is_not_told_on_x() -> None:
    """Who goes by another name in the archive is greeted without any: X knows them by a third one."""
    (text,) = texts(Kind.WELCOME, spoke(1, name="Participante 7", hidden=True))
    assert text.partition(" He leído")[0] == "¡Hola!"


@pytest.mark.parametrize(
    ("said", "quoted"),
    [
        ("@ana #R2 https://x.example mira «esto» ya", "mira esto ya"), ("R3: sí.", "sí"), ("", ""), ("📷", "📷"),
        ("de P2 paso a a.example", "de paso a"),
    ],
)  # fmt: skip
def test_quote_mentions_tags_links_and_files_nothing(said: str, quoted: str) -> None:
    """What a moderator repeats does nothing there."""
    (text,) = texts(Kind.WELCOME, spoke(1, said))
    assert text.partition("«")[2].partition("»")[0] == quoted


def test_what_moderators_send_is_filed_where_it_belongs() -> None:
    """No draft has a label of its own: it stays with what it answers."""
    asked = tuple(Asked(n, n, "¿Qué mide la P7?", f"19{n}", answered=False) for n in range(1, 13))
    said = [
        spoke(n, f"R2 de {n} cosas, la 3", echo=1, name=name) for n, name in enumerate(("Ana", "", "Luis"), start=1)
    ]
    labels = [filing.label(one.text, range(1, 30)) for one in tray(*said, asked=asked)]
    assert labels == [None] * 18


def test_no_two_drafts_of_a_debate_have_the_same_text() -> None:
    """A dozen questions and a dozen people without names: all different, all within one post."""
    asked = tuple(Asked(n, n, f"¿Y la cosa {n}?", f"19{n}", answered=False) for n in range(1, 13))
    said = [spoke(n, f"Opinión número {n} de mucha gente", echo=1, name="", question=n) for n in range(1, 13)]
    found = [one.text for one in tray(*said, asked=asked)]
    assert (len(set(found)), max(intents.weight(text) for text in found) <= intents.LONGEST) == (36, True)


def test_drafts_speak_the_language_of_the_debate() -> None:
    """An English debate is followed up in English, as the catalogue says it."""
    english = words("en")
    (found,) = drafts([], [Asked(1, 1, "Who?", "19", answered=False)], hashtag=TAG, say=english)
    assert found.text == f"{english('¿Quién lo ha vivido de otra manera? Contadlo aquí con un ejemplo.')} #{TAG}"
