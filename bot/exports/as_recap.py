"""The draft of a recap: what an organiser edits and publishes the day after. Markdown."""

from collections.abc import Iterator, Sequence

from bot import dates, richtext
from bot.exports.formats import Say
from bot.exports.wording import Wording
from bot.recap import Answer, best
from bot.transcript import Line, Transcript


def draft(transcript: Transcript, say: Say) -> str:
    """A recap to be edited by hand: the best answers to each question, the links that were shared, what stayed open."""
    head = transcript.head
    lines = [line for line in transcript.lines() if not line.deleted and line.role != "bot"]
    found = best(_answers(lines))
    when = dates.long(head.opened_at or head.starts_at, head.timezone, locale=say.locale)
    wording = Wording(head, say)
    counts = f"{wording.people(head.people)}, {wording.messages(head.messages)}"
    parts = [f"# {say('Resumen de «{title}»', title=richtext.to_markdown(head.title))}", f"{when} · {counts}"]
    parts.append(say("Borrador: elige, corrige y publica con tus palabras."))
    parts += [head.notice] if head.notice else []
    for question in head.questions:
        answers = [
            (f"**{richtext.to_markdown(one.author)}**: " if one.author else "") + richtext.to_markdown(one.text)
            for one in found.get(question.number, ())
        ]
        parts += _section(f"P{question.number} {richtext.to_markdown(question.text)}", answers)
    # What stands without an author is a link to a post itself, and none that somebody shared (bot/exports/bounded.py).
    signed = [line for line in lines if line.author]
    links = dict.fromkeys(f"<{link}>" for line in signed for link in richtext.links(line.text, line.rich))
    left = [richtext.to_markdown(one.text) for one in head.queue if one.state == "carried"]
    if links:
        parts += _section(say("Enlaces compartidos"), list(links))
    if left:
        parts += _section(say("Preguntas que quedan para otro día"), left)
    return "\n\n".join(parts) + "\n"


def _section(title: str, points: Sequence[str]) -> list[str]:
    return [f"## {title}", "\n".join(f"- {point}" for point in points)] if points else [f"## {title}"]


def _answers(lines: Sequence[Line]) -> Iterator[Answer]:
    replies: dict[str, int] = {}
    for line in lines:
        if line.thread is not None and line.thread != line.platform_id:
            replies[line.thread] = replies.get(line.thread, 0) + 1
    for line in lines:
        if line.question is not None and line.text:
            given = sum(line.reactions.values())
            yield Answer(line.question, line.author, line.text, given, replies.get(line.platform_id, 0))
