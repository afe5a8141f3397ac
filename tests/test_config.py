"""Settings come from the environment and `.env`; a bad one is named on one line; secrets never show."""

import re
from pathlib import Path
from typing import Any

import pytest

from bot import config, errors
from bot.config import Settings
from bot.ports import ZONES, House

from tests.console import Terminal, tertulia

__all__ = ["tertulia"]

ODD_KEY = "lleva espacios u otros caracteres que una clave no tiene: cópiala otra vez"
CHECKOUT = Path(__file__).resolve().parents[1]
DEFAULTS = {
    "TERTULIA_DATABASE_URL": "sqlite:///tertulia.db",
    "TERTULIA_LOCALE": "es",
    "TERTULIA_TIMEZONE": "Europe/Madrid",
    "TERTULIA_HASHTAG": "MeetAlfaro",
    "TERTULIA_LABELS": "R,A,P,Q,T",
    "TERTULIA_ZONES": ",".join(ZONES),
    "TERTULIA_COUNTRIES": "ES,MX,CO,PE,CL,AR",
    "TERTULIA_MODERATORS": "",
    "TERTULIA_WEB_HOST": "127.0.0.1",
    "TERTULIA_WEB_PORT": "8000",
    "TERTULIA_WEB_URL": "",
    "TERTULIA_LOG_LEVEL": "info",
    "SLACK_BOT_TOKEN": "",
    "SLACK_APP_TOKEN": "",
    "SLACK_SIGNING_SECRET": "",
    "SLACK_CHANNEL": "",
    "SLACK_API_URL": "https://slack.com/api/",
    "X_BEARER_TOKEN": "",
    "X_API_KEY": "",
    "X_API_SECRET": "",
    "X_ACCESS_TOKEN": "",
    "X_ACCESS_TOKEN_SECRET": "",
    "X_API_URL": "https://api.x.com",
    "X_BUDGET_USD": "10",
    "X_DOWNLOADS_A_DAY": "500",
    "X_SYNC_DAYS": "0",
    "X_DELETE_EVENTS_DAYS": "0",
}


def fault(**values: str) -> str:
    """The sentence with which settings of these values are refused."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        with pytest.raises(errors.BadSetting) as refused:
            config.load()
    return str(refused.value)


def test_settings_are_those_of_the_contract() -> None:
    """Every name and default that scripts rely on."""
    assert config.names() == DEFAULTS


def test_example_lists_every_setting_with_its_default() -> None:
    """`.env.example` and the class say the same, in the same order."""
    lines = (CHECKOUT / ".env.example").read_text(encoding="utf-8").splitlines()
    listed = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    assert list(listed.items()) == list(config.names().items())


def test_example_copied_unchanged_changes_nothing(tertulia: Terminal) -> None:
    """A copy of the example is the same as no file at all."""
    plain = config.load()
    tertulia.write(".env", (CHECKOUT / ".env.example").read_text(encoding="utf-8"))

    assert config.load() == plain


def test_environment_wins_over_the_file_and_empty_counts_as_not_set(tertulia: Terminal) -> None:
    """An empty variable does not hide what `.env` says."""
    tertulia.write(".env", "TERTULIA_HASHTAG=DelFichero\nTERTULIA_WEB_PORT=81\nTERTULIA_LOCALE=en\n")
    tertulia.monkeypatch.setenv("TERTULIA_HASHTAG", "#DelEntorno")
    tertulia.monkeypatch.setenv("TERTULIA_WEB_PORT", "")
    settings = config.load()

    assert (settings.hashtag, settings.web_port, settings.locale) == ("DelEntorno", 81, "en")


def test_house_is_what_the_settings_say(tertulia: Terminal) -> None:
    """Everything an action may know of the installation."""
    tertulia.write(
        ".env",
        "TERTULIA_LOCALE=en_GB\nTERTULIA_TIMEZONE=Atlantic/Canary\nTERTULIA_HASHTAG=#CX\nSLACK_CHANNEL=C1\n"
        "TERTULIA_MODERATORS= slack:U1 , room:ana,\nTERTULIA_WEB_URL=https://debates.example.org/\n"
        "TERTULIA_LABELS= r, S\n",
    )
    house = House("en", "Atlantic/Canary", "CX", "https://debates.example.org", "C1", ("slack:U1", "room:ana"), "RS")

    assert config.load().house() == house


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("debates.lan", "http://debates.lan:8000"),
    ],
)
def test_address_leads_to_where_it_listens(host: str, address: str) -> None:
    """Without an address of its own the room is reached at its host and port."""
    assert Settings(web_host=host).address() == address


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("TERTULIA_WEB_PORT", "ochenta", "=ochenta: debe ser un número entero"),
        ("TERTULIA_WEB_PORT", "70000", "=70000: debe estar entre 0 y 65535"),
        ("TERTULIA_LOCALE", "fr", "=fr: vale es o en"),
        ("TERTULIA_DATABASE_URL", "mysql://x", "=mysql://x: debe ser sqlite:///fichero.db o postgresql+psycopg://…"),
        ("TERTULIA_LABELS", "R,AA", "=R,AA: letras sueltas, cada una una vez, separadas por comas: R,A,P,Q,T"),
        ("TERTULIA_LABELS", "R,Á", "=R,Á: letras sueltas, cada una una vez, separadas por comas: R,A,P,Q,T"),
        ("TERTULIA_LABELS", "R,1", "=R,1: letras sueltas, cada una una vez, separadas por comas: R,A,P,Q,T"),
        ("TERTULIA_LABELS", "R,r", "=R,r: letras sueltas, cada una una vez, separadas por comas: R,A,P,Q,T"),
        (
            "TERTULIA_ZONES",
            "Europe/Madrid,Marte",
            "=Europe/Madrid,Marte: «Marte» no es una zona horaria (por ejemplo Europe/Madrid)",
        ),
        ("TERTULIA_COUNTRIES", "ES,MEX", "=ES,MEX: países por sus dos letras, separados por comas: ES,MX,CO"),
        ("TERTULIA_LABELS", "A,Q", "=A,Q: la R no puede faltar: es la que se propone a quien responde"),
        ("TERTULIA_HASHTAG", "dos palabras", "=dos palabras: solo letras, cifras y guion bajo, sin espacios"),
        ("TERTULIA_MODERATORS", "a", "=a: personas como PLATAFORMA:ID, separadas por comas: slack:U123,room:ana"),
        ("TERTULIA_WEB_URL", "debates.org", "=debates.org: debe empezar por http:// o https://"),
        ("TERTULIA_LOG_LEVEL", "alto", "=alto: vale una de estas: 'debug', 'info', 'warning', 'error'"),
        ("SLACK_BOT_TOKEN", "xapp-1-s", ": es la clave de otra cosa: la del bot empieza por xoxb-"),
        ("SLACK_APP_TOKEN", "xoxb-1-s", ": es la clave de otra cosa: la de la aplicación empieza por xapp-"),
        ("X_BEARER_TOKEN", "dos partes", f": {ODD_KEY}"),
        ("X_ACCESS_TOKEN_SECRET", "ñandú", f": {ODD_KEY}"),
        ("X_API_URL", "api.x.com", "=api.x.com: debe empezar por http:// o https://"),
        ("X_BUDGET_USD", "diez", "=diez: debe ser una cantidad en dólares, por ejemplo 10 o 7.50"),
        ("X_BUDGET_USD", "NaN", "=NaN: debe ser una cantidad en dólares, por ejemplo 10 o 7.50"),
        ("X_BUDGET_USD", "-1", "=-1: no puede ser menos de 0"),
        ("X_DOWNLOADS_A_DAY", "-1", "=-1: no puede ser menos de 0"),
        ("TERTULIA_HASHTAG", "x" * 46, f"={'x' * 46}: caben 45 caracteres"),
    ],
)
def test_bad_value_is_named_with_what_is_wrong(name: str, value: str, what: str) -> None:
    """The sentence names the variable, and repeats the value unless it is a secret."""
    assert fault(**{name: value}) == f"Ajuste incorrecto: {name}{what}"


def test_password_of_a_refused_database_is_not_repeated() -> None:
    """An address may hold a password."""
    assert "secreto" not in fault(TERTULIA_DATABASE_URL="mysql://ana:secreto@host/db")


def test_every_fault_is_told_on_one_line(tertulia: Terminal) -> None:
    """A command with bad settings ends with 1 and a line that has all of them."""
    tertulia.write(".env", "TERTULIA_WEB_PORT=x\nTERTULIA_TIMEZONE=Europe/Madri\n")
    refusal = tertulia("debate", "list").refusal

    assert re.findall(r"TERTULIA_\w+", refusal) == ["TERTULIA_TIMEZONE", "TERTULIA_WEB_PORT"]


def test_postgresql_addresses_get_their_driver() -> None:
    """The short forms that hosts hand out mean the same."""
    assert Settings(database_url="postgres://u@h/d").database_url == "postgresql+psycopg://u@h/d"


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"slack_bot_token": "xoxb-1"}, "SLACK_BOT_TOKEN necesita a su lado SLACK_APP_TOKEN"),
        ({"slack_app_token": "xapp-1"}, "falta SLACK_BOT_TOKEN"),
        ({"x_api_key": "k"}, "falta X_BEARER_TOKEN"),
        ({"x_bearer_token": "b", "x_api_key": "k", "x_access_token": "t"},
         "para hablar en X faltan X_API_SECRET, X_ACCESS_TOKEN_SECRET"),
    ],
)  # fmt: skip
def test_half_a_platform_is_refused_before_anything_starts(values: dict[str, Any], what: str) -> None:
    """One token without the other is told at once, not when the debate begins."""
    with pytest.raises(errors.BadSetting, match=re.escape(what)):
        Settings(**values).complete()


@pytest.mark.parametrize(
    ("values", "on", "speaks"),
    [
        ({}, False, False),
        ({"x_bearer_token": "b"}, True, False),
        ({"x_bearer_token": "b", "x_api_key": "k", "x_api_secret": "s", "x_access_token": "t",
          "x_access_token_secret": "u"}, True, True),
    ],
)  # fmt: skip
def test_x_hears_with_its_bearer_and_speaks_with_all_five(values: dict[str, Any], on: bool, speaks: bool) -> None:
    """The bearer token alone is no mistake: who only reads needs no account."""
    settings = Settings(**values)
    settings.complete()

    assert (settings.x_on, settings.x_speaks) == (on, speaks)


def test_x_of_the_house_is_reached_without_a_stroke_too_many() -> None:
    """The address stands before a path that begins with one."""
    assert Settings(x_api_url="http://127.0.0.1:8001/").x_api_url == "http://127.0.0.1:8001"


def test_secrets_show_nowhere() -> None:
    """Printed, dumped or formatted, a secret is asterisks."""
    settings = Settings(
        slack_bot_token="xoxb-1-secreto", slack_app_token="xapp-1-secreto", x_bearer_token="1-secreto",
        x_api_key="2-secreto", x_api_secret="3-secreto", x_access_token="4-secreto", x_access_token_secret="5-secreto",
    )  # fmt: skip

    assert "secreto" not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"
    assert settings.secrets() == (
        "xoxb-1-secreto", "xapp-1-secreto", "1-secreto", "2-secreto", "3-secreto", "4-secreto", "5-secreto",
    )  # fmt: skip


def test_strangers_are_found_with_the_nearest_name(tmp_path: Path) -> None:
    """A misspelt name would otherwise be silently nothing."""
    file = tmp_path / ".env"
    file.write_text("TERTULIA_HASTAG=x\nSLACK_CHANNEL=C1\nOTHER=1\n", encoding="utf-8")

    assert config.strangers({"SLACK_BOTTOKEN": "x"}, file=file) == [
        ("SLACK_BOTTOKEN", "SLACK_BOT_TOKEN"), ("TERTULIA_HASTAG", "TERTULIA_HASHTAG"),
    ]  # fmt: skip


def test_what_others_call_x_is_no_stranger(tmp_path: Path) -> None:
    """Only what is nearly a name of ours was meant to be one."""
    none = tmp_path / "none"

    assert config.strangers({"X_BARER_TOKEN": "x", "X_FRAME_RATE_MODE": "1"}, file=none) == [
        ("X_BARER_TOKEN", "X_BEARER_TOKEN")
    ]
