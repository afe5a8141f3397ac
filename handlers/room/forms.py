"""A form as it was sent: read whole within a limit, in valid UTF-8, or refused."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from bot import richtext
from handlers.room.refusals import Garbled, TooBig

# A text of 40,000 emoji, percent-encoded, still comes in whole, so that it can be handed back to its author.
MOST_BYTES = 512 * 1024
_KIND = "application/x-www-form-urlencoded"


async def read(request: Request) -> Mapping[str, str]:
    """The fields of the form by name (the last of each); raises ``TooBig`` or ``Garbled``."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > MOST_BYTES:
        raise TooBig
    if request.headers.get("content-type", _KIND).partition(";")[0].strip().lower() != _KIND:
        raise Garbled
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise TooBig
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200)
    except ValueError as error:
        raise Garbled from error
    return {name: richtext.storable(value) for name, value in fields}
