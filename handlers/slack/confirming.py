"""The button below the question whether a series goes on: who moderates presses it, and its dates are no drafts."""

from bot.actions import series
from bot.store import debates
from bot.store.engine import Tx
from handlers.slack import desk as border
from handlers.slack.blocks import Page
from handlers.slack.desk import Caller, Desk


async def confirm(desk: Desk, caller: Caller, value: str) -> Page:
    """The series of a debate goes on in its season; says so in the place of the question. Raises Refusal."""
    now = desk.now()

    def action(tx: Tx) -> str:
        debate = debates.get(tx, value)
        actor = border.actor(tx, caller)
        done = series.goes_on(tx, debate, house=desk.house, actor=actor, now=now)
        held, season = len(done.confirmed) + len(done.made), series.season_of(debate)
        if not held:
            return caller.say("«{title}» ya estaba confirmada en {season}.", title=debate.title, season=season)
        return caller.say(
            "«{title}» sigue en {season}; fechas confirmadas: {count}.", title=debate.title, season=season, count=held
        )

    return Page(await desk.writer.do(action))
