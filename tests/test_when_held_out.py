"""Free words that nobody had in mind when the grammar of ``bot/when.py`` was made, each list written before a try.

It is Wednesday, 13 January 2027, noon in Madrid. What is not understood must be refused: nothing is silently wrong. At
first sight the grammar had 26 of the first 28 right (one was refused for nothing, one was wrong), and 42 of the next 50
(eight were wrong: half a range, a series or a second day stood in the title), which is refused since; and 29 of the
last 30 («hoy mismo» left a title).
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
NEXT = [
    ("jueves, 19 h, ¿fiel o leal?", "2027-01-14T19:00", MADRID, "¿fiel o leal?"),
    ("quiero un debate el jueves a las 19:00", "2027-01-14T19:00", MADRID, "quiero un debate"),
    ("Sobre liderazgo: viernes 22 de enero a las 18.30", "2027-01-22T18:30", MADRID, "Sobre liderazgo"),
    ("Tue 19 Jan 2027 19:00", "2027-01-19T19:00", MADRID, ""),
    ("Tuesday, January 19, 2027 at 7:00 PM", "2027-01-19T19:00", MADRID, ""),
    ("19/01 7pm", "2027-01-19T19:00", MADRID, ""),
    ("el martes diecinueve a las siete", None, "", ""),
    ("el lunes por la noche, a las nueve", "2027-01-18T21:00", MADRID, ""),
    ("lunes 18, 9 pm hora de Bogotá", "2027-01-18T21:00", "America/Bogota", ""),
    ("el 3 de septiembre, 19:00 (hora de Madrid)", "2027-09-03T19:00", MADRID, ""),
    ("sept 9 7pm", "2027-09-09T19:00", MADRID, ""),
    ("9 sept. 19h — Vuelta al cole", "2027-09-09T19:00", MADRID, "Vuelta al cole"),
    ("jueves 14 enero 2027 19.00h CET", "2027-01-14T19:00", MADRID, ""),
    ("2027/01/14 19:00", None, "", ""),
    ("14-1 19:00", None, "", ""),
    ("mañana 7 de la mañana", "2027-01-14T07:00", MADRID, ""),
    ("mañana temprano", None, "", ""),
    ("this friday noon", "2027-01-15T12:00", MADRID, ""),
    ("next week", None, "", ""),
    ("in 3 days at 5pm", "2027-01-16T17:00", MADRID, ""),
    ("dentro de dos horas", None, "", ""),
    ("tomorrow 19", None, "", ""),
    ("today at 8 in the evening", "2027-01-13T20:00", MADRID, ""),
    ("el sábado 16 a las doce del mediodía", "2027-01-16T12:00", MADRID, ""),
    ("domingo a las 5 de la tarde en Santiago", "2027-01-17T17:00", "America/Santiago", ""),
    ("jueves 19:00 en Tokio", None, "", ""),
    ("jueves 19:00 hora española / 15:00 Chile", None, "", ""),
    ("jueves a las 19:00, 15:00 en Chile", None, "", ""),
    ("jueves 19:00 y media", None, "", ""),
    ("jueves a las 7 y 20 de la tarde", "2027-01-14T19:20", MADRID, ""),
    ("jueves a las 19 y 30", "2027-01-14T19:30", MADRID, ""),
    ("jueves entre las 7 y las 8 de la tarde", None, "", ""),
    ("del 14 al 16 de enero 19:00", None, "", ""),
    ("cada jueves 19:00", None, "", ""),
    ("todos los jueves a las 19:00", None, "", ""),
    ("no el jueves, el viernes 19:00", None, "", ""),
    ("jueves 21:00 o 22:00", None, "", ""),
    ("jueves próximo 21 a las 19:00", "2027-01-21T19:00", MADRID, ""),
    ("la semana que viene, jueves, 19:00", "2027-01-21T19:00", MADRID, ""),
    ("friday week 7pm", None, "", ""),
    ("a fortnight from thursday 7pm", None, "", ""),
    ("last friday of january 19:00", "2027-01-29T19:00", MADRID, ""),
    ("1st tuesday of october 7 pm", "2027-10-05T19:00", MADRID, ""),
    ("jueves 0:30", "2027-01-14T00:30", MADRID, ""),
    ("jueves 19:00 GMT", "2027-01-14T19:00", "UTC", ""),
    ("jueves 19:00 hora del Pacífico", None, "", ""),
    ("jueves 7 PM EDT", None, "", ""),
    ("jueves catorce de enero 19:00", None, "", ""),
    ("XIX jueves 19:00", "2027-01-14T19:00", MADRID, "XIX"),
    ("hoy", None, "", ""),
]  # fmt: skip
LAST = [
    ("a ver si el martes que viene a las 19:00 hablamos de métricas", None, "", ""),
    ("Martes 19/1/27, 19:30 — NPS: ¿sirve de algo?", "2027-01-19T19:30", MADRID, "NPS: ¿sirve de algo?"),
    (
        "jueves 4 de febrero 7 de la tarde CDMX ¿Y el CX en México?",
        "2027-02-04T19:00", "America/Mexico_City", "¿Y el CX en México?",
    ),
    ("19.30 del próximo viernes", "2027-01-15T19:30", MADRID, ""),
    ("viernes próximo, 20 horas, hora peruana", "2027-01-15T20:00", "America/Lima", ""),
    ("Feb 29 2028 7pm", "2028-02-29T19:00", MADRID, ""),
    ("28th of feb 2027, 19h", "2027-02-28T19:00", MADRID, ""),
    ("the 20th, 7 PM, Who is the CXO?", "2027-01-20T19:00", MADRID, "Who is the CXO?"),
    ("Jan 20 @ 7pm", "2027-01-20T19:00", MADRID, ""),
    ("tomorrow evening 7:15", "2027-01-14T19:15", MADRID, ""),
    ("tomorrow night at eleven", "2027-01-14T23:00", MADRID, ""),
    ("mañana a la 1", None, "", ""),
    ("hoy mismo a las 21h", "2027-01-13T21:00", MADRID, ""),
    ("el 1 de abril de 2027 a las 7 p. m.", "2027-04-01T19:00", MADRID, ""),
    ("el día 28, jueves, a las 19:00", "2027-01-28T19:00", MADRID, ""),
    ("jueves, 28 a las siete de la tarde", "2027-01-28T19:00", MADRID, ""),
    ("lun 18 ene 18:00", "2027-01-18T18:00", MADRID, ""),
    ("miércoles que viene 12:30", "2027-01-20T12:30", MADRID, ""),
    ("next tue noon", "2027-01-19T12:00", MADRID, ""),
    ("a mediados de enero", None, "", ""),
    ("fin de semana 12:00", None, "", ""),
    ("dentro de una semana, a las 19:00", "2027-01-20T19:00", MADRID, ""),
    ("in a week at 7pm London time", None, "", ""),
    ("jueves 19:00:30", None, "", ""),
    ("jueves 19h00 Buenos Aires", "2027-01-14T19:00", "America/Argentina/Buenos_Aires", ""),
    ("jueves 25 de diciembre 19:00", None, "", ""),
    ("24 de diciembre a las 19:00", "2027-12-24T19:00", MADRID, ""),
    ("jueves 19:00 Santiago: liderazgo", "2027-01-14T19:00", "America/Santiago", "liderazgo"),
    ("thursday, seven thirty pm", None, "", ""),
    ("thursday 1900", None, "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "local", "zone", "rest"), [*HELD_OUT, *NEXT, *LAST], ids=repr)
def test_words_that_nobody_had_in_mind(text: str, local: str | None, zone: str, rest: str) -> None:
    """Understood rightly, or refused; a refusal is never a crash."""
    if local is None:
        with pytest.raises(errors.Refusal):
            understand(text, now=NOW, zone=MADRID)
        return
    found = understand(text, now=NOW, zone=MADRID)
    assert (found.local, found.zone, found.rest) == (datetime.fromisoformat(local), zone, rest)
