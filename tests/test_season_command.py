"""`tertulia season` and `tertulia series` as a dialogue: what is shown, asked, written, and refused."""

import sys
from datetime import UTC, datetime

import pytest

from bot.cli import home

from tests.console import Answer, Terminal, tertulia

__all__ = ["tertulia"]

JANUARY = ["2027-01-14T19:00:00+01:00", "2027-01-21T19:00:00+01:00", "2027-01-28T19:00:00+01:00"]
COFFEE = """
title = "Café de CX"
questions = ["¿Qué has probado?"]
"""


@pytest.fixture
def terminal(tertulia: Terminal) -> Terminal:
    """A terminal in November 2026."""
    tertulia.monkeypatch.setattr(home, "now", lambda: datetime(2026, 11, 22, 12, tzinfo=UTC))
    return tertulia


def answering(terminal: Terminal, answer: str) -> None:
    """A person sits at the terminal, and types that."""

    class Person:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return f"{answer}\n"

    terminal.monkeypatch.setattr(sys, "stdin", Person())


def locals_of(terminal: Terminal) -> list[str]:
    """The local times of all debates, oldest first, as scripts read them."""
    return sorted(one["local"] for one in terminal("debate", "list", "--json").json)


def test_a_year_is_shown_date_by_date(terminal: Terminal) -> None:
    """With its subject and host, the hour in each zone, the holidays and the changes of the clocks."""
    shown = terminal("season", "plan", "2027", "--weekday", "jueves").out

    assert shown.startswith(
        "Enero de 2027 (2027-enero)\n"
        "  jueves 14 de enero de 2027, 19:00 (Europe/Madrid) · nuevo\n"
        "    Formarse en CX: ¿qué buscas de verdad? · Conduce Elena Alfaro\n"
        "    Ciudad de México 12:00 · Bogotá 13:00 · Lima 13:00 · Santiago 15:00 · Buenos Aires 15:00\n"
    )
    assert (
        "  jueves 16 de septiembre de 2027, 19:00 (Europe/Madrid) · nuevo\n"
        "    Sin líder no hay experiencia · Conduce Elena Alfaro\n"
        "    Ciudad de México 11:00 · Bogotá 12:00 · Lima 12:00 · Santiago 14:00 · Buenos Aires 14:00\n"
        "    ! festivo en México: Día de la Independencia\n"
        "    ! semanas de cambio de hora: son las 14:00 en Santiago\n"
    ) in shown
    assert "  martes 5 de octubre de 2027, 19:00 (Europe/Madrid) · nuevo\n    Día de la CX" in shown
    assert shown.endswith("\nnuevo: 8\n")


def test_without_a_terminal_and_without_yes_nothing_is_written(terminal: Terminal) -> None:
    """It says so, and how to do it."""
    answer = terminal("season", "plan", "2027")

    assert answer.code == 1
    assert answer.err == (
        "No se ha escrito nada: aquí no hay a quién preguntar. Si te parece bien, añade --yes.\n"
    )  # fmt: skip
    assert terminal("debate", "list", "--json").json == []


@pytest.mark.parametrize("yes", ["s", "Sí", "y"])
def test_who_says_no_has_written_nothing_and_who_says_yes_has(terminal: Terminal, yes: str) -> None:
    """The same question, twice; a Spanish question is answered in Spanish, too."""
    answering(terminal, "n")
    answer = terminal("season", "plan", "2027")
    assert (answer.code, answer.err) == (1, "¿Lo escribo? [s/N] No se ha escrito nada.\n")
    assert locals_of(terminal) == []

    answering(terminal, yes)
    assert terminal("season", "plan", "2027").code == 0
    assert locals_of(terminal)[:3] == JANUARY


def test_planned_twice_with_yes_changes_nothing(terminal: Terminal) -> None:
    """The same ids, each with its season; the second time it says that there is nothing to do."""
    assert terminal("season", "plan", "2027", "--yes").code == 0
    before = terminal("debate", "list", "--json").json
    again = terminal("season", "plan", "2027", "--yes")

    assert (again.code, again.out.splitlines()[-2:]) == (0, ["ya está: 8", "No hay nada que cambiar."])
    assert terminal("debate", "list", "--json").json == before
    assert {one["local"][:10]: one["season"] for one in before} == {
        "2027-01-14": "2027-enero", "2027-01-21": "2027-enero", "2027-01-28": "2027-enero",
        "2027-09-09": "2027-septiembre", "2027-09-16": "2027-septiembre", "2027-09-23": "2027-septiembre",
        "2027-09-30": "2027-septiembre", "2027-10-05": "2027-cx-day",
    }  # fmt: skip


def test_for_scripts(terminal: Terminal) -> None:
    """Without a yes the proposal, nothing written; with it the debates that came of it."""
    shown = terminal("season", "plan", "2027", "--skip", "2027-01-21", "--skip", "2027-09-16", "--json").json
    assert (shown["written"], shown["nothing"], len(shown["dates"])) == (False, False, 6)
    assert shown["dates"][0] == {
        "season": "2027-enero", "fate": "new", "starts_at": "2027-01-14T18:00:00Z", "timezone": "Europe/Madrid",
        "local": JANUARY[0], "title": "Formarse en CX: ¿qué buscas de verdad?", "host": "Elena Alfaro", "debate": None,
        "was": None, "why": None, "collisions": [],
        "hours": [
            {"zone": "Europe/Madrid", "local": "2027-01-14T19:00", "unusual": False},
            {"zone": "America/Mexico_City", "local": "2027-01-14T12:00", "unusual": False},
            {"zone": "America/Bogota", "local": "2027-01-14T13:00", "unusual": False},
            {"zone": "America/Lima", "local": "2027-01-14T13:00", "unusual": False},
            {"zone": "America/Santiago", "local": "2027-01-14T15:00", "unusual": False},
            {"zone": "America/Argentina/Buenos_Aires", "local": "2027-01-14T15:00", "unusual": False},
        ],
    }  # fmt: skip
    assert locals_of(terminal) == []

    done = terminal("season", "plan", "2027", "--skip", "2027-01-21,2027-09-16", "--yes", "--json").json
    assert (done["written"], [one["debate"] for one in done["dates"]]) == (True, ["1", "2", "3", "4", "5", "6"])


def test_a_season_is_changed_listed_and_shown(terminal: Terminal) -> None:
    """Its new rhythm is kept; what somebody touched stays, and says why."""
    terminal("season", "plan", "2027", "--yes")
    terminal("debate", "edit", "2", "--title", "Muy especial")
    shown = terminal("season", "change", "2027-enero", "--weekday", "martes", "--at", "18:30", "--yes").out

    assert "  martes 12 de enero de 2027, 18:30 (Europe/Madrid) · se mueve aquí\n" in shown
    assert "    Ahora está el jueves 14 de enero de 2027, 19:00 (Europe/Madrid).\n" in shown
    assert "  jueves 21 de enero de 2027, 19:00 (Europe/Madrid) · se queda como está\n    Muy especial" in shown
    assert "    ! alguien lo ha cambiado a mano\n" in shown
    (row,) = [one for one in terminal("season", "list", "--json").json if one["slug"] == "2027-enero"]
    assert (row["debates"], row["first"], row["last"]) == (3, "2027-01-12T17:30:00Z", "2027-01-26T17:30:00Z")
    assert (row["rhythm"]["weekday"], row["rhythm"]["at"]) == ("TU", "18:30")
    found = terminal("season", "show", "2027-enero", "--json").json
    assert [(one["id"], one["local"][:16]) for one in found["dates"]] == [
        ("1", "2027-01-12T18:30"), ("2", "2027-01-21T19:00"), ("3", "2027-01-26T18:30"),
    ]  # fmt: skip
    shown = terminal("season", "show", "2027-enero").out
    assert "Muy especial" in shown
    assert "--zone Europe/Madrid --weekday TU --at 18:30 --per-week 1 --quiet none\n" in shown
    assert "2027-cx-day      1        2027-10-05" in terminal("season", "list").out


def test_debates_of_ones_own(terminal: Terminal) -> None:
    """The files of a folder, by name; every fault of every file is told, and nothing is written."""
    (terminal.folder / "debates").mkdir()
    terminal.write("debates/b-cafe.toml", COFFEE)
    terminal.write("debates/a-te.toml", COFFEE.replace("Café", "Té"))
    shown = terminal("season", "plan", "2027", "--debates", "debates", "--json").json
    assert [one["title"] for one in shown["dates"][:3]] == ["Té de CX", "Café de CX", "Té de CX"]

    terminal.write("debates/a-te.toml", "title = 3")
    terminal.write("debates/b-cafe.toml", COFFEE + "\nhos = 1")
    refusal = terminal("season", "plan", "2027", "--debates", "debates", "--yes").refusal
    assert "a-te.toml: línea 1, title: debe ser un texto" in refusal
    assert "b-cafe.toml: línea 5, hos: clave desconocida" in refusal
    assert locals_of(terminal) == []


@pytest.mark.parametrize(
    ("args", "refusal"),
    [
        (["1200"], "El año 1200 no parece el de un debate (entre 1971 y 2199). No se ha guardado nada."),
        (["2020"], "En 2020 ya no queda ninguna fecha por llegar."),
        (["2027", "--weekday", "juevs"], "--weekday: «juevs» no es un día de la semana, por ejemplo jueves"),
        (["2027", "--at", "25:00"], "--at: «25:00» no es una hora, por ejemplo 19:00"),
        (["2027", "--per-week", "9"], "--per-week: va de 1 a 7"),
        (["2027", "--skip", "14/01/2027"], "--skip: «14/01/2027» no es una fecha, por ejemplo 2027-01-14"),
        (["2027", "--skip", "6 de enero"], "--skip: «6 de enero» no es una fecha, por ejemplo 2027-01-14"),
        (["2027", "--zone", "Europe/Madriz"], "--zone: «Europe/Madriz» no es una zona horaria"),
        (["2027", "--subject", "nada"], "no hay ningún debate «nada»"),
        (["2027", "--debates", "nowhere"], "no existe la carpeta nowhere"),
        (
            ["2027", "--minutes", "20"],
            "--minutes: en 20 min no caben las preguntas de «Formarse en CX: ¿qué buscas de verdad?»",
        ),
    ],
)
def test_what_cannot_be_planned_is_refused_in_one_line(terminal: Terminal, args: list[str], refusal: str) -> None:
    """With --yes, too; nothing is written."""
    assert refusal in terminal("season", "plan", *args, "--yes").refusal
    assert locals_of(terminal) == []


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["plan"], "YEAR"),
        (["plan", "dosmil"], "«dosmil» no es un año, por ejemplo 2027"),
        (["plan", "2027", "--skip", "6", "de", "enero"], "sobra «de enero»: lo que lleva espacios va entre comillas."),
        (["plan", "2027", "--title", "Primavera"], "una temporada propia lleva --title, --from y --to"),
        (["plan", "2027", "--from", "2027-02-01", "--yes"], "una temporada propia lleva --title, --from y --to"),
        (["confirm", "1"], "SEASON"),
        (["brew"], "brew"),
    ],
)
def test_what_is_not_understood_is_exit_2(terminal: Terminal, args: list[str], told: str) -> None:
    """Usage goes to standard error; nothing is planned that was not meant."""
    answer = terminal("season", *args)
    assert (answer.code, answer.out, told in answer.err) == (2, "", True)
    assert locals_of(terminal) == []


def test_in_english(terminal: Terminal) -> None:
    """Weekdays in either language, whichever the terminal speaks; faults by the names of the options."""
    terminal.monkeypatch.setenv("TERTULIA_LOCALE", "en")
    refusal = terminal("season", "plan", "2027", "--per-week", "9", "--at", "7pm").refusal
    assert "--at: “7pm” is no time of day" in refusal and "--per-week: it goes from 1 to 7" in refusal
    shown = terminal("season", "plan", "2027", "--weekday", "Tuesday").out

    assert "  Tuesday, 12 January 2027, 19:00 (Europe/Madrid) · new\n" in shown
    assert "    ! weeks between clock changes: it is 14:00 in Santiago\n" in shown


def test_a_series_from_its_first_draft_to_its_end(terminal: Terminal) -> None:
    """Added, asked for, confirmed, changed, ended: each step says what came of it."""
    terminal.write("cafe.toml", COFFEE)
    added = terminal(
        "series", "add", "cafe.toml", "--rule", "FREQ=WEEKLY;BYDAY=WE;UNTIL=20270131", "--starts", "2027-01-13T19:00"
    )
    assert added == Answer(
        0, "1\n",
        "nuevos: 3, del miércoles 13 de enero de 2027, 19:00 (Europe/Madrid) al miércoles 27 de enero de 2027, 19:00 "
        "(Europe/Madrid)\n",
    )  # fmt: skip
    (row,) = terminal("series", "list", "--json").json
    assert (row["id"], row["rule"], row["timezone"]) == (
        "1",
        "FREQ=WEEKLY;UNTIL=20270131T235959;BYDAY=WE",
        "Europe/Madrid",
    )
    (season,) = row["seasons"]
    assert (season["season"], season["confirmed"], season["until"]) == ("2027-enero", False, "2027-01-03T18:00:00Z")
    assert {one["phase"] for one in season["debates"]} == {"draft"}
    assert {one["season"] for one in terminal("debate", "list", "--json").json} == {"2027-enero"}

    assert terminal("season", "confirm", "1", "2027-enero").out == "Confirmada.\n"
    assert {one["phase"] for one in terminal("debate", "list", "--json").json} == {"scheduled"}
    assert "sí" in terminal("series", "list").out
    moved = terminal("series", "change", "1", "--starts", "2027-01-13T20:00")
    assert (moved.out, moved.err[:12]) == ("Hecho.\n", "movidos: 3, ")
    ended = terminal("series", "end", "1")
    assert (ended.out, ended.err[:15]) == ("Hecho.\n", "cancelados: 3, ")
    assert terminal("series", "end", "1").refusal.startswith("La serie 1, «Café de CX», ya terminó.")


def test_a_season_that_only_a_series_names_is_shown(terminal: Terminal) -> None:
    """Nobody has planned it: it has the series' debates, says so, and is as any other once somebody does."""
    terminal.write("cafe.toml", COFFEE)
    terminal("series", "add", "cafe.toml", "--rule", "FREQ=WEEKLY;UNTIL=20270131", "--starts", "2027-01-13T19:00")

    found = terminal("season", "show", "2027-enero", "--json").json
    assert {name: found[name] for name in ("title", "year", "kind", "timezone", "rhythm", "debates")} == {
        "title": "Enero de 2027", "year": 2027, "kind": "january", "timezone": "Europe/Madrid", "rhythm": None,
        "debates": 3,
    }  # fmt: skip
    assert (found["first"], [one["id"] for one in found["dates"]]) == ("2027-01-13T18:00:00Z", ["1", "2", "3"])
    shown = terminal("season", "show", "2027-enero").out
    assert shown.startswith("Enero de 2027  (2027-enero)\nNadie la ha planificado: sus fechas son de series")
    assert shown.count("Café de CX") == 3
    for other in ("2027-septiembre", "2028-enero", "2027-nada", "0027-enero", "enero", "²027-enero"):
        assert terminal("season", "show", other).refusal.startswith(f"No hay ninguna temporada «{other}».")

    terminal("season", "plan", "2027", "--yes")
    planned = terminal("season", "show", "2027-enero", "--json").json
    assert (planned["debates"], len(planned["dates"]), planned["rhythm"]["at"]) == (3, 6, "19:00")


def test_a_series_ends_after_a_yes(terminal: Terminal) -> None:
    """Whoever sits at the terminal is asked, and an answer that is no yes ends nothing."""
    terminal.write("cafe.toml", COFFEE)
    terminal("series", "add", "cafe.toml", "--rule", "FREQ=WEEKLY;UNTIL=20270131", "--starts", "2027-01-13T19:00")
    answering(terminal, "")
    asked = terminal("series", "end", "1")
    assert (asked.code, asked.err[:52]) == (1, "Se cancelarán sus debates por venir. ¿Seguro? [s/N] ")
    assert terminal("series", "list", "--json").json[0]["ended_at"] is None

    answering(terminal, "sí")
    assert terminal("series", "end", "1").out == "Hecho.\n"
    assert terminal("series", "list", "--json").json[0]["ended_at"]


@pytest.mark.parametrize(
    ("args", "refusal"),
    [
        (["add", "cafe.toml", "--rule", "cada jueves", "--starts", "2027-01-14T19:00"], "No vale la regla"),
        (["add", "cafe.toml", "--rule", "FREQ=WEEKLY"], "falta su primera fecha"),
        (["add", "nada.toml", "--rule", "FREQ=WEEKLY", "--starts", "2027-01-14T19:00"], "no existe el fichero"),
        (
            ["add", "--ready", "nada", "--rule", "FREQ=WEEKLY", "--starts", "2027-01-14T19:00"],
            "No hay ningún debate ya",
        ),
        (["end", "7"], "No hay ninguna serie «7»."),
        (["change", "7", "--rule", "FREQ=WEEKLY"], "No hay ninguna serie «7»."),
    ],
)
def test_what_is_no_series_is_refused_in_one_line(terminal: Terminal, args: list[str], refusal: str) -> None:
    """Nothing is kept."""
    terminal.write("cafe.toml", COFFEE)
    assert refusal in terminal("series", *args).refusal
    assert terminal("series", "list", "--json").json == []
