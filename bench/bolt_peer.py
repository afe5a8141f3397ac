"""The peer: a bare Bolt app with one empty listener, over Socket Mode.

python -m bench.bolt_peer API_URL
"""

import asyncio
import json
import sys

import uvloop
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bench.slack_source import APP_TOKEN, BOT_TOKEN


async def main(url: str) -> None:
    """Every event is acknowledged and nothing is done with it."""
    app = AsyncApp(client=AsyncWebClient(token=BOT_TOKEN, base_url=url))

    @app.event("message")
    async def nothing() -> None:
        pass

    await AsyncSocketModeHandler(app, APP_TOKEN).connect_async()
    print(json.dumps({"connected": True}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
