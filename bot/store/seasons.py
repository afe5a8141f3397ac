"""Seasons and series, the debates that were planned from them, and who confirmed a series."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel import col, select

from bot import errors
from bot.debate import COMING, OVER
from bot.store.debates import LARGEST_ID
from bot.store.engine import Tx
from bot.tables import Debate, Place
from bot.tables_year import Confirmation, Season, Series

_YEAR_LOCK = 0x7465727476  # any number that is nobody else's: the one behind that of upgrades


def lock(tx: Tx) -> None:
    """Nobody else plans seasons or series until this action is committed (on SQLite nobody else writes at all)."""
    if not tx.sqlite:
        tx.conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_YEAR_LOCK})")


# --- seasons ---------------------------------------------------------------------------------------------------------


def season(tx: Tx, slug: str) -> Season | None:
    """The season of a short name, or None."""
    return tx.session.exec(select(Season).where(Season.slug == slug)).first()


def get(tx: Tx, wanted: int | str) -> Season:
    """The season of an id or short name; raises ``NoSuchSeason``."""
    key = str(wanted)
    row = tx.session.get(Season, int(key)) if _is_id(key) else None
    row = row or season(tx, key)
    if row is None:
        raise errors.NoSuchSeason(season=wanted)
    return row


def ident(season: Season) -> int:
    """The id of a stored season."""
    if season.id is None:
        raise ValueError("not stored yet")
    return season.id


def every(tx: Tx, *, year: int | None = None) -> Sequence[Season]:
    """The seasons of a year, or all there are, in the order in which they were planned."""
    query = select(Season).order_by(Season.year, col(Season.id))  # type: ignore[arg-type]  # a column, to mypy an int
    return tx.session.exec(query if year is None else query.where(Season.year == year)).all()


def slug_of(tx: Tx, season_id: int | None) -> str | None:
    """The short name of a season, None where there is none."""
    row = tx.session.get(Season, season_id) if season_id is not None else None
    return row.slug if row is not None else None


def planned(tx: Tx, season_id: int) -> Sequence[Debate]:
    """The debates that a season's rhythm planned, whatever became of them, by the dates that it gave them.

    Those that it has taken back since have no date of it any more, and are left out; so are those of series.
    """
    query = select(Debate).where(
        Debate.season_id == season_id, col(Debate.series_id).is_(None), Debate.occurrence != ""
    )
    return tx.session.exec(query.order_by(Debate.occurrence, col(Debate.id))).all()


def of_series(tx: Tx, year: int) -> Sequence[Debate]:
    """The debates of series whose dates are in a year and that are of no season yet."""
    query = select(Debate).where(col(Debate.series_id).is_not(None), col(Debate.season_id).is_(None))
    return tx.session.exec(query.where(col(Debate.occurrence).startswith(f"{year}-")).order_by(col(Debate.id))).all()


def adopt(tx: Tx, season: Season, found: Iterable[Debate]) -> None:
    """The debates are of the season."""
    for debate in found:
        debate.season_id = ident(season)
        tx.session.add(debate)
    tx.session.flush()


def held(tx: Tx, season_id: int) -> Sequence[Debate]:
    """All debates of a season, those of series and those taken back among them, in order of time."""
    query = select(Debate).where(Debate.season_id == season_id)
    return tx.session.exec(query.order_by(col(Debate.starts_at), col(Debate.id))).all()


# --- what else is there ----------------------------------------------------------------------------------------------


def standing(tx: Tx, *, start: datetime, end: datetime) -> Sequence[tuple[Debate, Place]]:
    """The debates that are not over and whose hour touches the time from ``start`` to ``end``, once for each place."""
    query = (
        select(Debate, Place)
        .join(Place, col(Place.debate_id) == col(Debate.id))
        .where(col(Debate.phase).not_in(OVER), col(Debate.starts_at) < end, col(Debate.ends_at) > start)
    )
    return tx.session.exec(query.order_by(col(Debate.starts_at), col(Debate.id), Place.platform)).all()


# --- series ----------------------------------------------------------------------------------------------------------


def one_series(tx: Tx, wanted: int | str) -> Series:
    """The series of an id; raises ``NoSuchSeries``."""
    key = str(wanted)
    row = tx.session.get(Series, int(key)) if _is_id(key) else None
    if row is None:
        raise errors.NoSuchSeries(series=wanted)
    return row


def series_ident(series: Series) -> int:
    """The id of a stored series."""
    if series.id is None:
        raise ValueError("not stored yet")
    return series.id


def every_series(tx: Tx, *, ended: bool = True) -> Sequence[Series]:
    """All series, oldest first; without ``ended`` those alone that go on."""
    query = select(Series).order_by(col(Series.id))
    return tx.session.exec(query if ended else query.where(col(Series.ended_at).is_(None))).all()


def occurrences(tx: Tx, series_id: int) -> Sequence[Debate]:
    """The debates of a series, whatever became of them, by the dates that its rule gave them.

    Those that its rule has taken back since have no date of it any more, and are left out.
    """
    query = select(Debate).where(Debate.series_id == series_id, Debate.occurrence != "")
    return tx.session.exec(query.order_by(Debate.occurrence, col(Debate.id))).all()


def unheld(tx: Tx, series_id: int) -> Sequence[Debate]:
    """The debates of a series that have not begun, by the dates that its rule gave them."""
    query = select(Debate).where(Debate.series_id == series_id, col(Debate.phase).in_(COMING))
    return tx.session.exec(query.order_by(Debate.occurrence, col(Debate.id))).all()


def confirmed(tx: Tx, series_id: int) -> set[str]:
    """The short names of the seasons for which somebody has confirmed a series."""
    return set(tx.session.exec(select(Confirmation.season).where(Confirmation.series_id == series_id)).all())


def confirm(tx: Tx, series_id: int, season: str, *, who: str, now: datetime) -> bool:
    """Somebody has confirmed the series for a season; returns whether nobody had before."""
    if tx.session.get(Confirmation, (series_id, season)) is not None:
        return False
    tx.session.add(Confirmation(series_id=series_id, season=season, who=who, at=now))
    tx.session.flush()
    return True


def _is_id(key: str) -> bool:
    return key.isdecimal() and key.isascii() and len(key) < 12 and int(key) <= LARGEST_ID
