"""Keyed hashes: what stands in the database for an id or an address that must not be kept there itself."""

import hashlib
import secrets

from bot.store import passes
from bot.store.engine import Tx


def key(tx: Tx, name: str) -> bytes:
    """The installation's own key of that name, made at the first need: without it nobody can tell what was hashed."""
    found = passes.kept(tx, name)
    if found is None:
        found = secrets.token_hex(32)
        passes.keep(tx, name, found)
    return bytes.fromhex(found)


def keyed(secret: bytes, value: str) -> str:
    """What stands for the value under a key: 24 hexadecimal digits."""
    return hashlib.blake2b(value.encode(), key=secret, digest_size=12).hexdigest()
