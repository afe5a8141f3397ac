"""Free words as a day and an hour: how people write them in Spanish and English, and what is said of two readings.

Where nothing else is said it is Wednesday, 13 January 2027, noon in Madrid.
"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import dates, errors, localtime
from bot.when import Understood, understand
from bot.words.catalogue import words

NOW = datetime(2027, 1, 13, 11, 0, tzinfo=UTC)
MADRID = "Europe/Madrid"
ZONES = (MADRID, "America/Mexico_City", "America/Bogota", "America/Lima", "America/Santiago",
         "America/Argentina/Buenos_Aires")  # fmt: skip


def read(text: str, *, now: datetime = NOW, zone: str = MADRID) -> Understood:
    """What was understood."""
    return understand(text, now=now, zone=zone, zones=ZONES)


def said(text: str, *, now: datetime = NOW) -> str:
    """The refusal, as it is read in Spanish."""
    with pytest.raises(errors.Refusal) as refused:
        read(text, now=now)
    return words("es").error(refused.value)


@pytest.mark.parametrize(
    ("text", "local"),
    [
        # weekdays
        ("jueves 19:00", "2027-01-14T19:00"),
        ("este jueves a las 19:00", "2027-01-14T19:00"),
        ("el próximo jueves a las 19:00", "2027-01-14T19:00"),
        ("el jueves que viene a las 19:00", "2027-01-14T19:00"),
        ("el jueves próximo, 19h", "2027-01-14T19:00"),
        ("jueves de la semana que viene 19:00", "2027-01-21T19:00"),
        ("la semana que viene el jueves a las 19:00", "2027-01-21T19:00"),
        ("la próxima semana, lunes 19:00", "2027-01-18T19:00"),
        ("next thursday 19:00", "2027-01-14T19:00"),
        ("Thursday 7pm", "2027-01-14T19:00"),
        ("this thursday at 7:30 pm", "2027-01-14T19:30"),
        ("thursday of next week at 7 pm", "2027-01-21T19:00"),
        ("thurs 19.00", "2027-01-14T19:00"),
        ("thursday at 7pm next week", "2027-01-21T19:00"),
        ("jueves a las 19:00 de la semana que viene", "2027-01-21T19:00"),
        ("el lunes a las 19h que viene", "2027-01-18T19:00"),
        ("JUEVES   19:00", "2027-01-14T19:00"),
        ("jue. 19:00", "2027-01-14T19:00"),
        ("sábado 12:00", "2027-01-16T12:00"),
        ("sabado a mediodia", "2027-01-16T12:00"),
        ("el domingo al mediodía", "2027-01-17T12:00"),
        ("friday noon", "2027-01-15T12:00"),
        ("viernes noche 21h", "2027-01-15T21:00"),
        ("friday evening at 8", "2027-01-15T20:00"),
        # today and after
        ("hoy a las 20h", "2027-01-13T20:00"),
        ("mañana a las 7 de la tarde", "2027-01-14T19:00"),
        ("mañana por la tarde a las siete", "2027-01-14T19:00"),
        ("mañana a las 9 de la mañana", "2027-01-14T09:00"),
        ("manana 19:00", "2027-01-14T19:00"),
        ("pasado mañana a las 10:30", "2027-01-15T10:30"),
        ("tomorrow at 7pm", "2027-01-14T19:00"),
        ("the day after tomorrow 19:00", "2027-01-15T19:00"),
        ("esta tarde a las 7", "2027-01-13T19:00"),
        ("esta noche a las nueve y media", "2027-01-13T21:30"),
        ("tonight at 9", "2027-01-13T21:00"),
        ("dentro de 3 días a las 19:00", "2027-01-16T19:00"),
        ("en una semana a las 19h", "2027-01-20T19:00"),
        ("in two weeks at 19:00", "2027-01-27T19:00"),
        ("de aquí a quince días, 19:00", "2027-01-28T19:00"),
        # dates
        ("14 de enero 19:00", "2027-01-14T19:00"),
        ("el 14 de enero de 2027 a las 19:00", "2027-01-14T19:00"),
        ("jueves 14 de enero, 19:00", "2027-01-14T19:00"),
        ("jueves, 14 de enero de 2027 · 19:00", "2027-01-14T19:00"),
        ("14 enero 19h", "2027-01-14T19:00"),
        ("14 ene. 19h", "2027-01-14T19:00"),
        ("1º de febrero a las 19:00", "2027-02-01T19:00"),
        ("primero de febrero a las 19:00", "2027-02-01T19:00"),
        ("14/1 19:00", "2027-01-14T19:00"),
        ("14/01/2027 19:00", "2027-01-14T19:00"),
        ("14/01/27 19h30", "2027-01-14T19:30"),
        ("14.01.2027 19.30", "2027-01-14T19:30"),
        ("14-01-2027 - 19:00", "2027-01-14T19:00"),
        ("2027-01-14 19:00", "2027-01-14T19:00"),
        ("2027-01-14T19:00", "2027-01-14T19:00"),
        ("2027-01-14T19:00:00", "2027-01-14T19:00"),
        ("Jan 14 7pm", "2027-01-14T19:00"),
        ("January 14th, 2027 at 7 p.m.", "2027-01-14T19:00"),
        ("14th of January at seven pm", "2027-01-14T19:00"),
        ("on the 14th at 19:00", "2027-01-14T19:00"),
        ("el 14 a las 19:00", "2027-01-14T19:00"),
        ("jueves 14 a las 19", "2027-01-14T19:00"),
        ("jueves 14 19:00", "2027-01-14T19:00"),
        ("19:00 jueves 14", "2027-01-14T19:00"),
        ("el 10 a las 19:00", "2027-02-10T19:00"),
        ("10 de enero 19:00", "2028-01-10T19:00"),
        ("29 de febrero 19:00", "2028-02-29T19:00"),
        ("primer martes de octubre a las 19:00", "2027-10-05T19:00"),
        ("el último jueves de enero 19:00", "2027-01-28T19:00"),
        ("second thursday of september 2027, 7pm", "2027-09-09T19:00"),
        # hours
        ("jueves a las siete y media de la tarde", "2027-01-14T19:30"),
        ("jueves a las ocho menos cuarto de la tarde", "2027-01-14T19:45"),
        ("jueves, 7 de la tarde", "2027-01-14T19:00"),
        ("jueves a la una de la tarde", "2027-01-14T13:00"),
        ("jueves a las 19 horas", "2027-01-14T19:00"),
        ("jueves 19 hs", "2027-01-14T19:00"),
        ("jueves 19:00hrs", "2027-01-14T19:00"),
        ("jueves a las 19 30", "2027-01-14T19:30"),
        ("jueves 12 de la mañana", "2027-01-14T12:00"),
        ("jueves 8 de la noche", "2027-01-14T20:00"),
        ("jueves 12 de la noche", "2027-01-15T00:00"),
        ("jueves a medianoche", "2027-01-15T00:00"),
        ("jueves 24:00", "2027-01-15T00:00"),
        ("thursday at 12 am", "2027-01-14T00:00"),
        ("thursday quarter past seven pm", "2027-01-14T19:15"),
        ("thursday ten to eight in the evening", "2027-01-14T19:50"),
        ("thursday at seven o'clock in the evening", "2027-01-14T19:00"),
        ("jueves 07:00", "2027-01-14T07:00"),
        ("19:00 jueves", "2027-01-14T19:00"),
        ("a las 19:00 del jueves", "2027-01-14T19:00"),
        ("jueves@19:00", "2027-01-14T19:00"),
    ],
)
def test_words_as_people_write_them(text: str, local: str) -> None:
    """One local time in the zone of the house, and nothing is left over."""
    found = read(text)
    assert (found.local, found.zone, found.rest) == (datetime.fromisoformat(local), MADRID, "")


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("jueves 19:00 hora de Chile", "America/Santiago"),
        ("jueves a las 19:00, hora chilena", "America/Santiago"),
        ("jueves 19:00 Bogotá", "America/Bogota"),
        ("jueves 19:00 (Bogota)", "America/Bogota"),
        ("jueves 19:00 en Lima", "America/Lima"),
        ("jueves 19:00 CDMX", "America/Mexico_City"),
        ("jueves 19:00 hora de Ciudad de México", "America/Mexico_City"),
        ("thursday 7pm Buenos Aires time", "America/Argentina/Buenos_Aires"),
        ("thursday 7pm Madrid time", MADRID),
        ("jueves 19:00 hora peninsular", MADRID),
        ("jueves 19:00 America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("jueves 19:00 asia/tokyo", "Asia/Tokyo"),
        ("jueves 19:00 UTC", "UTC"),
        ("jueves 19:00Z", "UTC"),
        ("hora de Chile: jueves 19:00", "America/Santiago"),
        ("jueves 19:00 CET", MADRID),
    ],
)
def test_a_place_is_a_zone_of_the_community(text: str, zone: str) -> None:
    """The hour is that of the place's clocks; nothing is left over."""
    found = read(text)
    assert (found.local, found.zone, found.rest) == (datetime(2027, 1, 14, 19, 0), zone, "")  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("jueves 19:00 ¿Quién es el CXO?", "¿Quién es el CXO?"),
        ("jueves 19:00: ¿Quién es el CXO?", "¿Quién es el CXO?"),
        ("jueves 19:00 — «Sin líder no hay experiencia»", "Sin líder no hay experiencia"),
        ("jueves 19:00 El cliente, en el centro", "El cliente, en el centro"),
        ("jueves 19:00 Bogotá ¿Quién manda?", "¿Quién manda?"),
        ("¿Quién es el CXO? el jueves a las 19:00", "¿Quién es el CXO?"),
        ("el jueves ¿Quién es el CXO? a las 19:00", "¿Quién es el CXO?"),
        ("thursday 7pm Customers, 24h a day", "Customers, 24h a day"),
        ("jueves 19:00 5 claves de la CX", "5 claves de la CX"),
        ("jueves 19:00 Lunes de CX", "Lunes de CX"),
        ("«Lunes de CX» jueves 19:00", "Lunes de CX"),
        ("Cada cliente cuenta: jueves 19:00", "Cada cliente cuenta"),
        ("jueves 19:00 Experiencia 360º", "Experiencia 360º"),
    ],
)
def test_what_is_left_is_the_title(text: str, title: str) -> None:
    """As it was typed, without the marks between it and the hour."""
    found = read(text)
    assert (found.local, found.rest) == (datetime(2027, 1, 14, 19, 0), title)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "local", "notes"),
    [
        ("jueves 19:00", "2027-01-14T19:00", []),
        ("el próximo jueves 19:00", "2027-01-14T19:00", ["es el más cercano; el siguiente es el jueves 21/01/2027"]),
        ("next monday 19:00", "2027-01-18T19:00", []),
        ("miércoles 19:00", "2027-01-13T19:00", ["es hoy mismo; el siguiente es el miércoles 20/01/2027"]),
        (
            "miércoles 11:00", "2027-01-20T11:00",
            ["hoy es miércoles y esa hora ya ha pasado: es el de la semana que viene"],
        ),
        ("el próximo miércoles 19:00", "2027-01-20T19:00", ["no es hoy: es el de la semana que viene"]),
        (
            "5/2 19:00", "2027-02-05T19:00",
            ["lo leo como día/mes, no como mes/día: 05/02 es el viernes 05/02/2027"],
        ),
        ("1/14 19:00", "2027-01-14T19:00", ["lo leo como mes/día: el jueves 14/01/2027"]),
        ("2/2 19:00", "2027-02-02T19:00", []),
        ("10 de enero 19:00", "2028-01-10T19:00", ["sin año, es el que viene: el lunes 10/01/2028"]),
        ("jueves 7:30", "2027-01-14T07:30", ["son las 07:30, por la mañana; por la tarde serían las 19:30"]),
        ("jueves a medianoche", "2027-01-15T00:00", ["medianoche: la noche del jueves 14/01/2027 al día siguiente"]),
        (
            "jueves 19:00 Bogotá y el cliente", "2027-01-14T19:00",
            ["«Bogotá» es la zona de la hora, America/Bogota"],
        ),
    ],
)  # fmt: skip
def test_a_second_reading_is_said(text: str, local: str, notes: list[str]) -> None:
    """What could be meant otherwise is told with what it would be; what could not has no note."""
    found = read(text)
    assert (found.local, [*found.notes]) == (datetime.fromisoformat(local), notes)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no hay nada escrito"),
        ("x" * 500, "es demasiado largo"),
        ("cuando se pueda", "no veo ni el día ni la hora"),
        ("jueves", "falta la hora del jueves 14/01/2027"),
        ("jueves ¿Quién es el CXO?", "falta la hora del jueves 14/01/2027"),
        ("a las 19:00", "falta el día"),
        ("19:00 ¿Quién es el CXO?", "falta el día"),
        ("jueves 7", "«7» puede ser las 07:00 o las 19:00"),
        ("mañana a las 7", "«7:00» puede ser las 07:00 o las 19:00"),
        ("jueves a las siete y media", "«7:30» puede ser las 07:30 o las 19:30"),
        ("jueves 19", "«19» puede ser un día o las 19:00"),
        ("jueves 15 de enero 19:00", "el viernes 15/01/2027 no es jueves"),
        ("lunes 14 19:00", "el jueves 14/01/2027 no es lunes"),
        ("31/2 19:00", "no hay ningún día «31/2»"),
        ("29/02/2027 19:00", "no hay ningún día «29/2»"),
        ("13/13/2027 19:00", "no hay ningún día «13/13»"),
        ("jueves 25:00", "no hay ninguna hora «25:00»"),
        ("jueves 19:75", "no hay ninguna hora «19:75»"),
        ("jueves 19:00 de la mañana", "las 19:00 no son esa parte del día"),
        ("jueves 19:00 hora de Marte", "no sé dónde es «Marte»"),
        ("thursday 7pm Narnia time", "no sé dónde es «Narnia»"),
        ("jueves 19:00 UTC+2", "no sé dónde es «UTC+2»"),
        ("jueves 19:00 EST", "no sé dónde es «EST»"),
        ("jueves 19:00 Europe/Madird", "no sé dónde es «Europe/Madird»"),
        ("jueves 19:00-20:00", "veo más de un día o más de una hora"),
        ("jueves de 19 a 20h", "veo más de un día o más de una hora"),
        ("jueves o viernes 19:00", "veo más de un día o más de una hora"),
        ("jueves 19:00 o viernes 20:00", "veo más de un día o más de una hora"),
        ("jueves 19:00 y otra a las 21:00", "veo más de un día o más de una hora"),
        ("14 - 15 de enero 19:00", "no sé qué hacer con «14»"),
        ("14 a 15 de enero 19:00", "veo más de un día o más de una hora"),
        ("14 de enero 5 19:00", "no sé qué hacer con «5»"),
        ("jueves 19:00 y media", "no sé qué hacer con «y media»"),
        ("jueves entre las 7 y las 8 de la tarde", "no sé qué hacer con «entre las 7 y las»"),
        ("del 14 al 16 de enero 19:00", "no sé qué hacer con «del 14 al»"),
        ("cada jueves 19:00", "eso sería una serie"),
        ("every Thursday 7pm", "eso sería una serie"),
        ("no el jueves, el viernes 19:00", "veo más de un día o más de una hora"),
        ("jueves catorce de enero 19:00", "veo más de un día o más de una hora"),
        ("a fortnight from thursday 7pm", "no sé qué hacer con «a fortnight from»"),
        ("jueves pasado 19:00", "eso ya ha pasado"),
        ("last thursday 7pm", "eso ya ha pasado"),
        ("thursday after next 7pm", "puede ser el jueves 21/01/2027 o el jueves 14/01/2027"),
        ("14 de enero 19:00 de la semana que viene", "no sé de qué semana hablas"),
        ("la semana que viene a las 19:00", "falta el día"),
        ("el otro jueves 19:00", "puede ser el jueves 21/01/2027 o el jueves 14/01/2027"),
        ("quinto jueves de febrero de 2027 19:00", "ese mes no tiene tantos"),
        ("14/01/2099 19:00", "el año 2099 queda demasiado lejos"),
    ],
)
def test_what_is_not_understood_is_refused_with_the_nearest_and_an_example(text: str, why: str) -> None:
    """The sentence says what is missing or meant twice; its example is one that is understood."""
    with pytest.raises(errors.NotUnderstood) as refused:
        read(text)
    assert str(refused.value.fields["why"]).startswith(why)
    assert read(str(refused.value.fields["example"])).local > datetime(2027, 1, 13, 12, 0)  # noqa: DTZ001


def test_the_example_has_the_day_that_was_understood() -> None:
    """Whoever left out the hour, or half of it, copies the example."""
    assert said("el 20 de enero") == (
        "No entiendo «el 20 de enero» como día y hora: falta la hora del miércoles 20/01/2027. "
        "Por ejemplo: 20/01/2027 19:00"
    )
    assert said("jueves a las 8").endswith("«8:00» puede ser las 08:00 o las 20:00. Por ejemplo: 14/01/2027 20:00")


def test_the_places_known_are_named_in_the_language_of_the_reader() -> None:
    """Of a house that speaks Spanish, too."""
    with pytest.raises(errors.NotUnderstood) as refused:
        read("thursday 7pm Narnia time")
    assert "conozco Madrid, Ciudad de México, Bogotá, Lima," in words("es").error(refused.value)
    assert "Madrid, Mexico City, Bogotá, Lima," in words("en").error(refused.value)


@pytest.mark.parametrize(
    "text", ["hoy 11:00", "ayer a las 19:00", "14/01/2026 19:00", "01/01/0001 00:00", "2027-01-13 12:00"]
)
def test_what_is_past_is_refused(text: str) -> None:
    """As any plan in the past is."""
    assert "ya ha pasado" in said(text)


def test_a_time_that_does_not_exist_or_comes_twice_is_refused_as_everywhere() -> None:
    """Both readings are named."""
    assert said("28 de marzo a las 02:30").startswith("Las 02:30 no existen en Europe/Madrid: ese día cambia la hora.")
    assert said("31 de octubre a las 02:30").startswith("Las 02:30 ocurren dos veces en Europe/Madrid")


def test_today_is_that_of_the_place() -> None:
    """At two in the morning in Madrid it is still yesterday in Bogotá."""
    now = datetime(2027, 1, 14, 1, 0, tzinfo=UTC)
    assert read("hoy 21:00 Bogotá", now=now).local == datetime(2027, 1, 13, 21, 0)  # noqa: DTZ001
    assert read("hoy 21:00", now=now).local == datetime(2027, 1, 14, 21, 0)  # noqa: DTZ001


# --- whatever is typed -----------------------------------------------------------------------------------------------

PIECES = st.sampled_from([
    "jueves", "el próximo jueves", "thursday", "14", "14/1", "1/14", "14 de enero", "january 14th", "hoy", "mañana",
    "mañana por la mañana", "19:00", "7pm", "a las", "siete", "y media", "de la tarde", "mar", "28", "02:30", "24:00",
    "medianoche", "hora de", "Chile", "Bogotá", "EST", "UTC+2", "o", "-", "¿Quién?", "2027", "29/2",
    "último lunes de", "marzo", "en", "2", "días", "(", ")", "«", "İ", "ß", "\uff21", "e\u0301", "\xa0", "./", ":",
    "que viene", "after next", "pasado", "00:00", "noche",
])  # fmt: skip
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(text=st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=8).map(" ".join)), now=MOMENTS)
def test_whatever_is_typed_is_a_time_ahead_or_a_refusal(text: str, now: datetime) -> None:
    """Nothing else is raised, no time lies in the past, and each exists."""
    try:
        found = read(text, now=now)
    except errors.Refusal as refusal:
        told = words("en").error(refusal)
    else:
        told = "" if found.instant > now else "past"
        assert localtime.wall(found.instant, found.zone).replace(tzinfo=None) == found.local
    assert told != "past"


@given(
    now=MOMENTS,
    minutes=st.integers(2, 5 * 366 * 24 * 60),
    zone=st.sampled_from(ZONES),
    locale=st.sampled_from(["es", "en"]),
)
def test_what_is_shown_is_understood_again(now: datetime, minutes: int, zone: str, locale: str) -> None:
    """A date as the house writes it, in either language, means itself; so does ISO 8601."""
    instant = (now + timedelta(minutes=minutes)).replace(second=0, microsecond=0)
    local = localtime.wall(instant, zone).replace(tzinfo=None)
    for text in (dates.long(instant, zone, locale=locale), f"{local:%Y-%m-%dT%H:%M} {zone}"):
        try:
            found = read(f"{text} ¿Quién manda?", now=now)
        except errors.TwoTimes:
            continue  # the hour that comes twice: asked, never guessed
        assert (found.local, found.zone, found.rest) == (local, zone, "¿Quién manda?")
