"""Who wants to be heard no more: a keyed hash of their platform id, and nothing else of them."""

import hashlib
import secrets
from collections.abc import Iterable

from sqlmodel import col, select

from bot.store import passes
from bot.store.engine import Tx
from bot.tables import Kept

# The name under which the installation keeps the key of its hashes, and what the names of the hashes begin with.
_KEY = "opt-out-key"
_OUT = "opted out "


def add(tx: Tx, platform: str, ident: str, *, at: str) -> bool:
    """The identity of a platform is out; ``at`` says since when. False where it was before."""
    name = _name(_key(tx), platform, ident)
    if passes.kept(tx, name) is not None:
        return False
    passes.keep(tx, name, at)
    return True


def among(tx: Tx, platform: str, idents: Iterable[str]) -> set[str]:
    """Those of the identities that are out."""
    key = passes.kept(tx, _KEY)
    if key is None:  # nobody ever was
        return set()
    names = {_name(bytes.fromhex(key), platform, ident): ident for ident in idents}
    found = tx.session.exec(select(Kept.name).where(col(Kept.name).in_(list(names)))).all()
    return {names[name] for name in found}


def _name(key: bytes, platform: str, ident: str) -> str:
    return _OUT + hashlib.blake2b(f"{platform}:{ident}".encode(), key=key, digest_size=16).hexdigest()


def _key(tx: Tx) -> bytes:
    found = passes.kept(tx, _KEY)
    if found is None:
        found = secrets.token_hex(32)
        passes.keep(tx, _KEY, found)
        tx.session.flush()
    return bytes.fromhex(found)
