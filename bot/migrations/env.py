"""Alembic's way in: the connection is handed over by ``bot/store/schema.py``."""

import sqlmodel  # noqa: F401  (the tables need it)
from alembic import context

import bot.tables
import bot.tables_year  # noqa: F401  (importing the tables fills the metadata)
from bot.store.engine import metadata


def keep(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """Whether autogenerate looks at a thing: not at what search keeps for itself."""
    return not (name or "").startswith(("message_fts", "ix_message_tsv")) and not (kind == "column" and name == "tsv")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    render_as_batch=True,
    include_object=keep,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
