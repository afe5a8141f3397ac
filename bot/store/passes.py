"""Links and sessions of moderators and guests, known by the hashes of their secrets; and names taken in the room."""

import hashlib
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from bot.store.engine import Tx
from bot.tables import Identity, Kept, Pass


def hashed(secret: str) -> str:
    """What stands for a secret here."""
    return hashlib.sha256(secret.encode()).hexdigest()


def add(tx: Tx, secret_hash: str, *, kind: str, identity_id: int | None, now: datetime, expires_at: datetime) -> None:
    """The pass is good until it expires."""
    tx.session.add(Pass(hash=secret_hash, kind=kind, identity_id=identity_id, created_at=now, expires_at=expires_at))


def find(tx: Tx, secret_hash: str, *, kind: str, now: datetime) -> Pass | None:
    """The pass of a hash that is still good, or None."""
    row = tx.session.get(Pass, secret_hash)
    if row is None or row.kind != kind or row.used_at is not None or row.expires_at <= now:
        return None
    return row


def use(tx: Tx, row: Pass, *, now: datetime) -> None:
    """The link has been used and is good no more."""
    row.used_at = now
    tx.session.add(row)


def drop(tx: Tx, secret_hash: str) -> None:
    """The pass is gone."""
    row = tx.session.get(Pass, secret_hash)
    if row is not None:
        tx.session.delete(row)


def known(tx: Tx, platform: str, ident: str) -> bool:
    """Whether somebody has this id on a platform."""
    query = select(Identity.id).where(Identity.platform == platform, Identity.platform_id == ident)
    return tx.session.exec(query).first() is not None


def kept(tx: Tx, name: str) -> str | None:
    """The value kept under a name, or None."""
    return tx.conn.execute(sa.select(col(Kept.value)).where(col(Kept.name) == name)).scalar()


def keep(tx: Tx, name: str, value: str) -> None:
    """The value is kept under the name, in the place of an earlier one."""
    tx.conn.execute(
        sa.text(
            "INSERT INTO kept (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = :value"
        ),
        {"name": name, "value": value},
    )


def first(tx: Tx, name: str, value: str) -> str:
    """The value that is kept under the name: this one, unless another process was first."""
    insert = "INSERT INTO kept (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING"
    tx.conn.execute(sa.text(insert), {"name": name, "value": value})
    return kept(tx, name) or value
