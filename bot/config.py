"""Settings: the environment, or `.env` in the folder that Tertulia is started in (docs/design.md, 8).

Every one is optional, and one that is empty counts as not set. `.env.example` lists them all.
"""

import difflib
import os
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot import errors, localtime
from bot.filing import LABELS
from bot.phrase import phrase
from bot.ports import COUNTRIES, LONGEST_HASHTAG, ZONES, House
from bot.words.catalogue import LANGUAGES, Words, words

ENV_FILE = ".env"
SLACK_API = "https://slack.com/api/"
X_API = "https://api.x.com"
_PEOPLE = ("slack", "x", "room")
# What pydantic finds wrong, by its own name for it, in our words.
_FAULTS = {
    "int_parsing": "debe ser un número entero",
    "greater_than_equal": "debe estar entre 0 y 65535",
    "less_than_equal": "debe estar entre 0 y 65535",
    "literal_error": "vale una de estas: {expected}",
    "decimal_parsing": "debe ser una cantidad en dólares, por ejemplo 10 o 7.50",
    "finite_number": "debe ser una cantidad en dólares, por ejemplo 10 o 7.50",
}


class Settings(BaseSettings):
    """What an installation says of itself; the secrets show as asterisks wherever they are printed."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True,
        populate_by_name=True, validate_default=False,
    )  # fmt: skip

    database_url: str = Field("sqlite:///tertulia.db", validation_alias="TERTULIA_DATABASE_URL")
    locale: str = Field("es", validation_alias="TERTULIA_LOCALE")
    timezone: str = Field("Europe/Madrid", validation_alias="TERTULIA_TIMEZONE")
    hashtag: str = Field("MeetAlfaro", validation_alias="TERTULIA_HASHTAG")
    labels: str = Field(",".join(LABELS), validation_alias="TERTULIA_LABELS")
    zones: Annotated[tuple[str, ...], NoDecode] = Field(ZONES, validation_alias="TERTULIA_ZONES")
    countries: Annotated[tuple[str, ...], NoDecode] = Field(COUNTRIES, validation_alias="TERTULIA_COUNTRIES")
    moderators: Annotated[tuple[str, ...], NoDecode] = Field((), validation_alias="TERTULIA_MODERATORS")
    web_host: str = Field("127.0.0.1", validation_alias="TERTULIA_WEB_HOST")
    web_port: int = Field(8000, ge=0, le=65535, validation_alias="TERTULIA_WEB_PORT")
    web_url: str = Field("", validation_alias="TERTULIA_WEB_URL")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", validation_alias="TERTULIA_LOG_LEVEL")
    slack_bot_token: SecretStr = Field(SecretStr(""), validation_alias="SLACK_BOT_TOKEN")
    slack_app_token: SecretStr = Field(SecretStr(""), validation_alias="SLACK_APP_TOKEN")
    slack_signing_secret: SecretStr = Field(SecretStr(""), validation_alias="SLACK_SIGNING_SECRET")
    slack_channel: str = Field("", validation_alias="SLACK_CHANNEL")
    slack_api_url: str = Field(SLACK_API, validation_alias="SLACK_API_URL")
    x_bearer_token: SecretStr = Field(SecretStr(""), validation_alias="X_BEARER_TOKEN")
    x_api_key: SecretStr = Field(SecretStr(""), validation_alias="X_API_KEY")
    x_api_secret: SecretStr = Field(SecretStr(""), validation_alias="X_API_SECRET")
    x_access_token: SecretStr = Field(SecretStr(""), validation_alias="X_ACCESS_TOKEN")
    x_access_token_secret: SecretStr = Field(SecretStr(""), validation_alias="X_ACCESS_TOKEN_SECRET")
    x_api_url: str = Field(X_API, validation_alias="X_API_URL")
    x_budget_usd: Decimal = Field(Decimal(10), validation_alias="X_BUDGET_USD")
    x_downloads_a_day: int = Field(500, validation_alias="X_DOWNLOADS_A_DAY")
    x_sync_days: int = Field(0, ge=0, le=65535, validation_alias="X_SYNC_DAYS")
    x_delete_events_days: int = Field(0, ge=0, le=65535, validation_alias="X_DELETE_EVENTS_DAYS")

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        for short in ("postgres://", "postgresql://"):
            if value.startswith(short):
                return "postgresql+psycopg://" + value.removeprefix(short)
        if value.startswith("postgresql+psycopg://") or (
            value.startswith("sqlite:///") and len(value) > len("sqlite:///")
        ):
            return value
        raise ValueError("debe ser sqlite:///fichero.db o postgresql+psycopg://…")

    @field_validator("locale")
    @classmethod
    def _language(cls, value: str) -> str:
        if value.replace("_", "-").partition("-")[0].lower() not in LANGUAGES:
            raise ValueError("vale es o en")
        return value

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        localtime.zone(value)
        return value

    @field_validator("hashtag")
    @classmethod
    def _tag(cls, value: str) -> str:
        tag = value.strip().lstrip("#")
        if tag and not tag.replace("_", "a").isalnum():
            raise ValueError("solo letras, cifras y guion bajo, sin espacios")
        if len(tag) > LONGEST_HASHTAG:
            raise ValueError(phrase("caben {limit} caracteres", limit=LONGEST_HASHTAG))
        return tag

    @field_validator("labels")
    @classmethod
    def _letters(cls, value: str) -> str:
        letters = [part.strip().upper() for part in value.split(",")]
        single = all(len(one) == 1 and one.isascii() and one.isalpha() for one in letters)
        if not single or len(set(letters)) < len(letters):
            raise ValueError("letras sueltas, cada una una vez, separadas por comas: R,A,P,Q,T")
        if "R" not in letters:
            raise ValueError("la R no puede faltar: es la que se propone a quien responde")
        return ",".join(letters)

    @field_validator("zones", "countries", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("zones")
    @classmethod
    def _zones(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            localtime.zone(one)
        return value

    @field_validator("countries")
    @classmethod
    def _countries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(one) != 2 or not one.isalpha() or not one.isascii() for one in value):
            raise ValueError("países por sus dos letras, separados por comas: ES,MX,CO")
        return tuple(one.upper() for one in value)

    @field_validator("moderators", mode="before")
    @classmethod
    def _people(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        people = tuple(part.strip() for part in value.split(",") if part.strip())
        for one in people:
            platform, _, ident = one.partition(":")
            if platform not in _PEOPLE or not ident:
                raise ValueError("personas como PLATAFORMA:ID, separadas por comas: slack:U123,room:ana")
        return people

    @field_validator("web_url", "slack_api_url", "x_api_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("debe empezar por http:// o https://")
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _base(cls, value: str) -> str:
        return value.rstrip("/") + "/"

    @field_validator("x_api_url")
    @classmethod
    def _host(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("x_budget_usd", "x_downloads_a_day")
    @classmethod
    def _not_less_than_none(cls, value: Decimal | int) -> Decimal | int:
        if value < 0:
            raise ValueError("no puede ser menos de 0")
        return value

    @field_validator(
        "slack_bot_token", "slack_app_token", "x_bearer_token", "x_api_key", "x_api_secret", "x_access_token",
        "x_access_token_secret",
    )  # fmt: skip
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        # A line feed or a space would end up in a header of HTTP.
        if any(letter.isspace() or not letter.isascii() for letter in value.get_secret_value()):
            raise ValueError("lleva espacios u otros caracteres que una clave no tiene: cópiala otra vez")
        return value

    @field_validator("slack_bot_token")
    @classmethod
    def _bot(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value().startswith(("xapp-", "xoxp-")):
            raise ValueError("es la clave de otra cosa: la del bot empieza por xoxb-")
        return value

    @field_validator("slack_app_token")
    @classmethod
    def _app(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value().startswith("xox"):
            raise ValueError("es la clave de otra cosa: la de la aplicación empieza por xapp-")
        return value

    @property
    def slack_on(self) -> bool:
        """Whether Slack takes part."""
        return bool(self.slack_bot_token.get_secret_value())

    @property
    def x_on(self) -> bool:
        """Whether X takes part: with the bearer token alone it is heard."""
        return bool(self.x_bearer_token.get_secret_value())

    @property
    def x_speaks(self) -> bool:
        """Whether the bot can post on X: that takes the four keys of its account beside the bearer token."""
        return self.x_on and all(self._x_account().values())

    def _x_account(self) -> dict[str, str]:
        """The four keys with which X lets the bot post, by the names of their settings."""
        return {
            "X_API_KEY": self.x_api_key.get_secret_value(),
            "X_API_SECRET": self.x_api_secret.get_secret_value(),
            "X_ACCESS_TOKEN": self.x_access_token.get_secret_value(),
            "X_ACCESS_TOKEN_SECRET": self.x_access_token_secret.get_secret_value(),
        }

    def x_missing(self) -> list[str]:
        """The settings that X lacks beside those that are set; the bearer token alone lacks nothing."""
        account = self._x_account()
        if not any(account.values()):
            return []
        missing = [name for name, value in account.items() if not value]
        return missing if self.x_on else ["X_BEARER_TOKEN", *missing]

    def complete(self) -> None:
        """Slack and X have all that they need, or nothing at all; raises ``BadSetting`` that names what is missing.

        A bearer token alone is enough for X: the bot hears there, and does not speak.
        """
        self._slack_complete()
        missing, say = self.x_missing(), words(self.locale)
        if "X_BEARER_TOKEN" in missing:
            raise errors.BadSetting(why=say("falta X_BEARER_TOKEN: sin él no se oye lo que se dice en X"))
        if missing:
            why = say("para hablar en X faltan {missing}; sin ninguna de las cuatro, solo se oye",
                      missing=", ".join(missing))  # fmt: skip
            raise errors.BadSetting(why=why)

    def _slack_complete(self) -> None:
        heard = self.slack_app_token.get_secret_value() or self.slack_signing_secret.get_secret_value()
        say = words(self.locale)
        if self.slack_on and not heard:
            why = say("SLACK_BOT_TOKEN necesita a su lado SLACK_APP_TOKEN (Socket Mode) o SLACK_SIGNING_SECRET (HTTP)")
            raise errors.BadSetting(why=why)
        if heard and not self.slack_on:
            raise errors.BadSetting(why=say("falta SLACK_BOT_TOKEN: sin él, Slack no tiene con qué hablar"))

    def secrets(self) -> tuple[str, ...]:
        """The secrets that are set, so that nothing that is written out shows them."""
        every = (
            self.slack_bot_token, self.slack_app_token, self.slack_signing_secret, self.x_bearer_token, self.x_api_key,
            self.x_api_secret, self.x_access_token, self.x_access_token_secret,
        )  # fmt: skip
        return tuple(one.get_secret_value() for one in every if one.get_secret_value())

    def house(self) -> House:
        """What every action may know of this installation."""
        language = self.locale.replace("_", "-").partition("-")[0].lower()
        return House(
            locale=language, timezone=self.timezone, hashtag=self.hashtag, url=self.address(),
            labels=self.labels.replace(",", ""),
            slack_channel=self.slack_channel, moderators=self.moderators, x=self.x_on,
            zones=self.zones, countries=self.countries, x_downloads=self.x_downloads_a_day,
        )  # fmt: skip

    def address(self) -> str:
        """Where people reach the room: as set, or else the host and port that it listens on."""
        if self.web_url:
            return self.web_url.rstrip("/")
        # Who listens everywhere is at home here, too.
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.web_host, self.web_host)  # noqa: S104  (compared)
        return f"http://{host}:{self.web_port}"


def load(locale: str = "es") -> Settings:
    """The settings of this folder and environment; raises ``BadSetting`` with every fault on one line."""
    try:
        return Settings()
    except ValidationError as error:
        raise errors.BadSetting(why=_told(error, words(locale))) from None  # the cause would show the values
    except UnicodeDecodeError:
        raise errors.BadSetting(why=words(locale)("{file} no es un fichero de texto UTF-8", file=ENV_FILE)) from None


def _told(error: ValidationError, say: Words) -> str:
    """«NAME: what is wrong» for every fault; a value is repeated only where it is no secret."""
    told: list[str] = []
    for fault in error.errors(include_url=False):
        name = str(fault["loc"][0])
        value = fault["input"] if isinstance(fault["input"], str) else ""
        context = fault.get("ctx", {})
        # What a validator of ours says is kept beside pydantic's own sentence.
        ours = context["error"].args[0] if "error" in context else str(fault["msg"])
        what = say(_FAULTS[fault["type"]]) if fault["type"] in _FAULTS else say.again(ours)
        what = what.replace("{expected}", str(context.get("expected", "")).replace("' or '", "', '"))
        # An address may hold a password before its @.
        hidden = is_secret(name) or "@" in value or not value
        told.append(f"{name}{'' if hidden else f'={value}'}: {what}")
    return "; ".join(told)


def names() -> dict[str, str]:
    """Every setting's name with its default, as `.env` would write it."""
    found: dict[str, str] = {}
    for field in Settings.model_fields.values():
        default = field.default
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        found[str(field.validation_alias)] = ",".join(default) if isinstance(default, tuple) else str(default)
    return found


def is_secret(name: str) -> bool:
    """Whether a setting's value must never be shown."""
    fields = Settings.model_fields.values()
    return any(field.validation_alias == name and isinstance(field.default, SecretStr) for field in fields)


def strangers(environment: Mapping[str, str] = os.environ, *, file: Path = Path(ENV_FILE)) -> list[tuple[str, str]]:
    """Names that look like settings of ours and are none, each with the nearest that is ("" when none is near).

    ``X_`` is a prefix of many others, too: such a name is strange only where it is nearly one of ours.
    """
    from dotenv import dotenv_values

    given: Iterable[str] = [*environment, *(dotenv_values(file) if file.is_file() else ())]
    ours = names()
    likely = ("TERTULIA_", "SLACK_", "X_")
    odd = sorted({name for name in given if name.startswith(likely) and name.upper() not in ours})
    near = [(name, next(iter(difflib.get_close_matches(name.upper(), ours, n=1)), "")) for name in odd]
    return [(name, nearest) for name, nearest in near if nearest or not name.startswith("X_")]
