"""The schema brought up to date. Alembic is imported only when there is something to do: it costs 0.4 s."""

from importlib import resources
from typing import TYPE_CHECKING

from bot import errors
from bot.store.engine import BUSY_MS, HEAD, THINKING_MS, Store

if TYPE_CHECKING:
    from alembic.config import Config


_UPGRADE_LOCK = 0x7465727475  # any number that is nobody else's: "tertu"
# So long one program waits for another that upgrades the same database: all migrations are one change.
_UPGRADING_MS = 60_000


def ready(store: Store) -> bool:
    """Whether the database is at this program's migration; raises ``DatabaseAhead`` when a newer one made it."""
    found = store.revision()
    if found is not None and found > HEAD:
        raise errors.DatabaseAhead(found=found, wanted=HEAD)
    return found == HEAD


def upgrade(store: Store, *, to: str = "head") -> None:
    """The database has the tables of a migration, its rows kept; nothing happens when it has them already."""
    if to == "head" and ready(store):
        return
    from alembic import command

    # One upgrades, in one change; another that starts at the same time waits, and finds it done. Left to itself Alembic
    # commits each migration on SQLite, and the other would begin in between.
    with store.writing() as conn:
        raw = conn.connection.driver_connection
        if store.sqlite and raw is not None:
            raw.execute(f"PRAGMA busy_timeout={_UPGRADING_MS}")
        with conn.begin():
            if not store.sqlite:
                conn.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = {THINKING_MS}")
                conn.exec_driver_sql(f"SET LOCAL lock_timeout = {_UPGRADING_MS}")
                conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})")
                conn.exec_driver_sql(f"SET LOCAL lock_timeout = {BUSY_MS}")
            config = configuration()
            config.attributes["connection"] = conn
            command.upgrade(config, to)


def configuration() -> "Config":
    """Alembic's settings: where the migrations are."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.files("bot") / "migrations"))
    return config
