"""A rehearsal while it is played, with the Slack that it has for itself."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.rehearsal.play import Play, Played
    from handlers.slack.platform import SlackPlatform
    from handlers.slack.standin.server import SlackStandin


class Rehearsal:
    """A rehearsal under way, and the local Slack that was opened for it."""

    def __init__(self, played: "Played", play: "Play", slack: "tuple[SlackStandin, SlackPlatform] | None") -> None:
        """``perform`` plays it."""
        self.played = played
        self._play = play
        self._slack = slack

    async def perform(self) -> None:
        """It has been played to its end, and its Slack is closed."""
        try:
            await self._play.perform()
        finally:
            if self._slack is not None:
                standin, platform = self._slack
                await platform.stop()
                await standin.stop()
