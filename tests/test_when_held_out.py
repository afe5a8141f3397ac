"""Free words that nobody had in mind when the grammar of ``bot/when.py`` was made: written before it, and kept apart.

It is Wednesday, 13 January 2027, noon in Madrid. What is not understood must be refused: nothing is silently wrong.
"""

from datetime import UTC, datetime

import pytest

from bot import errors
from bot.when import understand

NOW = datetime(2027, 1, 13, 11, 0, tzinfo=UTC)
MADRID = "Europe/Madrid"

# text, the local time (None: refused), the zone where it is not Madrid, the title that is left
HELD_OUT = [
    ("Jueves 21 de enero, 19:00h, hora de Colombia", "2027-01-21T19:00", "America/Bogota", ""),
    ("pasado mañana a las 10 y cuarto de la mañana", "2027-01-15T10:15", MADRID, ""),
    ("sat 16 jan 6.30pm", "2027-01-16T18:30", MADRID, ""),
    ("lunes que viene a las 20hs Clientes fieles o leales", "2027-01-18T20:00", MADRID, "Clientes fieles o leales"),
    ("tomorrow at half past seven in the evening", "2027-01-14T19:30", MADRID, ""),
    ("the first Tuesday of October 2027 at 7pm CX Day", "2027-10-05T19:00", MADRID, "CX Day"),
    ("1/2/2027 a las 19", "2027-02-01T19:00", MADRID, ""),
    ("Vie. 22/01 18:30 – Sin líder no hay experiencia", "2027-01-22T18:30", MADRID, "Sin líder no hay experiencia"),
    ("en dos semanas a mediodía", "2027-01-27T12:00", MADRID, ""),
    ("february 3rd 2027, 8 pm Lima time", "2027-02-03T20:00", "America/Lima", ""),
    ("hoy a las nueve menos cuarto de la noche", "2027-01-13T20:45", MADRID, ""),
    ("MIERCOLES 19H", "2027-01-13T19:00", MADRID, ""),
    ("miércoles a las 11 de la mañana", "2027-01-20T11:00", MADRID, ""),
    (
        "20 ene 19.30 (America/Santiago) ¿De quién depende el CXO?",
        "2027-01-20T19:30", "America/Santiago", "¿De quién depende el CXO?",
    ),
    ("¿Quién manda aquí? el próximo martes a las 19:00", "2027-01-19T19:00", MADRID, "¿Quién manda aquí?"),
    ("jueves a las 8", None, "", ""),
    ("viernes 14 de enero 19:00", None, "", ""),
    ("30 de febrero 19:00", None, "", ""),
    ("jueves 25:00", None, "", ""),
    ("mañana", None, "", ""),
    ("19:00 jueves o viernes", None, "", ""),
    ("Thu 7pm Sydney time", None, "", ""),
    ("next week friday 17h", "2027-01-22T17:00", MADRID, ""),
    ("dia 5 a las 19:00", "2027-02-05T19:00", MADRID, ""),
    ("ayer a las 19:00", None, "", ""),
    ("31 de octubre 2:30", None, "", ""),
    ("Sunday Mar 28 02:30", None, "", ""),
    ("quizás el jueves por la tarde", None, "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "local", "zone", "rest"), HELD_OUT, ids=[one[0] for one in HELD_OUT])
def test_words_that_nobody_had_in_mind(text: str, local: str | None, zone: str, rest: str) -> None:
    """Understood rightly, or refused; a refusal is never a crash."""
    if local is None:
        with pytest.raises(errors.Refusal):
            understand(text, now=NOW, zone=MADRID)
        return
    found = understand(text, now=NOW, zone=MADRID)
    assert (found.local, found.zone, found.rest) == (datetime.fromisoformat(local), zone, rest)
