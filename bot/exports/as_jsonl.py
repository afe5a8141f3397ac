"""JSONL, for scripts: the contract of docs/design.md, section 8. New keys may be added behind the old ones."""

import json
from collections.abc import Sequence
from datetime import datetime
from json.encoder import encode_basestring as quoted
from typing import TextIO

from bot import richtext
from bot.exports.formats import Say
from bot.localtime import iso
from bot.poll import Result
from bot.transcript import Gap, Head, Line, Transcript


def write(transcript: Transcript, out: TextIO, say: Say) -> None:
    """First the debate, then each message in reading order, each gap, and what was answered before, a line each.

    No word is translated.
    """
    put = out.write
    # Only a copy that lacks something has a notice.
    notice: dict[str, object] = {"notice": transcript.head.notice} if transcript.head.notice else {}
    put(_json(_debate(transcript.head) | notice))
    for line in transcript.lines():
        put(_message(line))
    for gap in transcript.head.gaps:
        put(_json(_gap(gap)))
    for found in transcript.head.polls:
        put(_json(poll_shape(found)))


def _json(record: dict[str, object]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


def _debate(head: Head) -> dict[str, object]:
    return {
        "type": "debate",
        "id": head.id,
        "title": head.title,
        "hashtag": head.hashtag,
        "host": head.host,
        "timezone": head.timezone,
        "starts_at": iso(head.starts_at),
        "opened_at": iso(head.opened_at),
        "closed_at": iso(head.closed_at),
        "questions": [
            {
                "number": asked.number, "text": asked.text, "asked_at": iso(asked.asked_at),
                "answer": asked.answer or None, "source": asked.source, "asker": asked.asker or None,
            }
            for asked in head.questions
        ],
        "people": head.people,
        "messages": head.messages,
        "slug": head.slug,
        "locale": head.locale,
        "phase": head.phase,
        "queue": [
            {
                "text": queued.text, "state": queued.state, "asker": queued.asker or None,
                "votes": queued.votes, "reason": queued.reason or None,
            }
            for queued in head.queue
        ],
    }  # fmt: skip


def _gap(gap: Gap) -> dict[str, object]:
    return {
        "type": "gap",
        "platform": gap.platform,
        "from": iso(gap.start),
        "to": iso(gap.end),
        "closed": gap.closed,
    }


def poll_shape(found: Result) -> dict[str, object]:
    """What came out of a poll, as a line of the transcript has it."""
    return {
        "type": "poll",
        "kind": found.kind.value,
        "text": found.text,
        "several": found.several,
        "people": found.people,
        "options": [{"text": one.text, "people": one.people, "percent": one.percent} for one in found.counts],
        "other": {"people": found.wrote.people, "percent": found.wrote.percent, "texts": list(found.others)},
    }


def _message(line: Line) -> str:
    """One message. Written by hand: a general encoder takes twice as long for the same bytes."""
    gone = line.deleted
    # X counts ids of a post and of its author as its content: they go with the post.
    known = not (gone and line.platform == "x")
    person = line.author_id if known else None
    thread = line.thread if known or line.thread != line.platform_id else None
    links = [] if gone else richtext.links(line.text, line.rich)
    return (
        f'{{"type":"message","id":"{line.id}","platform":"{line.platform}",'
        f'"platform_id":{_or_null(line.told_id)},'
        f'"author":{{"id":{_or_null(person)},"name":{"null" if gone else quoted(line.author)},'
        f'"role":{quoted(line.role)}}},"text":{"null" if gone else quoted(line.text)},'
        f'"posted_at":{_time(line.posted_at)},"edited_at":{_time(line.edited_at)},"deleted":{_bool(gone)},'
        f'"question":{"null" if line.question is None else line.question},"filed_by":"{line.filed_by}",'
        f'"confidence":"{line.confidence}","late":{_bool(line.late)},"reply_to":{_or_null(line.reply_to)},'
        f'"thread":{_or_null(thread)},"reactions":{_plain(line.reactions)},"links":{_plain(links)},'
        f'"conflict":{_bool(line.conflict)},"files":{_files(line)}}}\n'
    )


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _or_null(value: str | None) -> str:
    return quoted(value) if value else "null"


def _time(instant: datetime | None) -> str:
    return "null" if instant is None else f'"{iso(instant)}"'


def _plain(value: dict[str, int] | Sequence[str]) -> str:
    if not value:
        return "{}" if isinstance(value, dict) else "[]"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _files(line: Line) -> str:
    if line.deleted or not line.files:
        return "[]"
    files = [{"name": file.name, "mimetype": file.mimetype or None} for file in line.files]
    return json.dumps(files, ensure_ascii=False, separators=(",", ":"))
