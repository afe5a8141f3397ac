"""Keyed hashes: what stands in the database for an id or an address that must not be kept there itself."""

import hashlib
import secrets

import sqlalchemy as sa

from bot.store import passes
from bot.store.engine import Prepared, Tx

# Above these bits the id of a post counts eighths of a second (of 128 ms).
_MOMENT_BITS = 29
_KEPT = Prepared(sa.text("SELECT value FROM kept WHERE name = :name"), ("name",))


def key(tx: Tx, name: str) -> bytes:
    """The installation's own key of that name, made at the first need: without it nobody can tell what was hashed."""
    found = known(tx, name)
    if found is None:
        found = bytes.fromhex(passes.first(tx, name, secrets.token_bytes(32).hex()))
    return found


def known(tx: Tx, name: str) -> bytes | None:
    """The key of that name, or None where nothing was ever hashed with it; a writer looks it up once."""
    found = tx.memory.get(("key", name))
    if found is None:
        rows = _KEPT.fetch(tx.conn, name)
        if not rows:
            return None
        found = tx.memory["key", name] = bytes.fromhex(rows[0][0])
    return bytes(found)


def keyed(secret: bytes, value: str) -> str:
    """What stands for the value under a key: 24 hexadecimal digits."""
    return hashlib.blake2b(value.encode(), key=secret, digest_size=12).hexdigest()


def placed(secret: bytes, ident: str) -> str:
    """What stands for the id of a post of X: as ``keyed``, behind the moment that the id tells.

    Posts of the same moment stand side by side in an index, so that a full stream writes on few of its pages. When a
    post was made is no secret: the log keeps it, of one that is gone too.
    """
    return f"{int(ident) >> _MOMENT_BITS:x}-{keyed(secret, ident)}" if ident.isdecimal() else keyed(secret, ident)
