"""Shortcuts: a message proposed as a question, and the form for one from anywhere."""

from bot import errors
from handlers.slack import modal, questions, reading
from handlers.slack.desk import Caller, Desk, Json

MESSAGE, GLOBAL = "propose_message", "propose_question"


async def from_message(desk: Desk, caller: Caller, body: Json) -> None:
    """The message is proposed as a question; one that is too long or empty opens in the form, to be made shorter."""
    message = body.get("message") or {}
    text, _looks = reading.read(
        message.get("text"), message.get("blocks"), message.get("attachments"), names=desk.names
    )
    try:
        told = await questions.propose(desk, caller, text)
    except (errors.FilledUp, errors.Empty):
        await modal.open_question(desk, caller, text)
    else:
        await desk.reply(caller, told)


async def from_anywhere(desk: Desk, caller: Caller, _body: Json) -> None:
    """The form for a question is before the caller."""
    await modal.open_question(desk, caller)
