"""What ``tertulia doctor`` asks of Slack: tokens, scopes, the channel, and whose clock is right."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.config import Settings
from bot.finding import Finding

# A wrong address must not look like a hang.
PATIENCE = 8
# Slack's Date has whole seconds and took its time to get here; Slack refuses signatures that are five minutes off.
CLOCK_WARNING, CLOCK_FAULT = 5, 120

# What each scope is for; without those of NEEDED no debate can be held.
NEEDED: Mapping[str, str] = {
    "chat:write": "publicar",
    "channels:history": "oír lo que se dice",
    "channels:read": "mirar los canales",
}
WANTED: Mapping[str, str] = {
    "commands": "las órdenes /tertulia y /pregunta",
    "reactions:read": "las reacciones",
    "users:read": "los nombres de la gente",
    "im:history": "los mensajes directos",
    "im:write": "avisar en privado",
}

DEAF = Finding(
    "slack", "fault", "sin SLACK_APP_TOKEN ni SLACK_SIGNING_SECRET no se oye a Slack",
    "crea una clave de aplicación (xapp-) con el permiso connections:write",
)  # fmt: skip

_REFUSALS: Mapping[str, str] = {
    "invalid_auth": "cópiala otra vez de la página de tu aplicación de Slack",
    "not_authed": "cópiala otra vez de la página de tu aplicación de Slack",
    "not_allowed_token_type": "es una clave de otra clase: la del bot empieza por xoxb-, la de la aplicación por xapp-",
    "token_revoked": "la retiraron: instala otra vez la aplicación y copia la nueva",
    "token_expired": "ha caducado: instala otra vez la aplicación y copia la nueva",
    "account_inactive": "desinstalaron la aplicación: instálala otra vez y copia la clave nueva",
    "missing_scope": "dale el permiso {needed} en la página de tu aplicación e instálala otra vez",
    "channel_not_found": "mira el identificador (C…) al final de los detalles del canal, o invita al bot si es privado",
}


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach Slack, and as whom; the secrets are not shown."""

    url: str
    channel: str
    bot_token: str = field(repr=False)
    app_token: str = field(repr=False, default="")
    signing_secret: str = field(repr=False, default="")

    @classmethod
    def of(cls, settings: Settings) -> "Access":
        """The access that the settings give."""
        return cls(
            url=settings.slack_api_url, channel=settings.slack_channel,
            bot_token=settings.slack_bot_token.get_secret_value(),
            app_token=settings.slack_app_token.get_secret_value(),
            signing_secret=settings.slack_signing_secret.get_secret_value(),
        )  # fmt: skip


async def examine(access: Access) -> list[Finding]:
    """All that can be known of Slack without posting anything; takes no longer than ``PATIENCE`` seconds."""
    client = AsyncWebClient(token=access.bot_token, base_url=access.url, timeout=PATIENCE)
    try:
        async with asyncio.timeout(PATIENCE):
            return await _findings(client, access)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        fields: dict[str, object] = {"url": access.url, "why": str(error) or type(error).__name__}
        away = Finding("slack", "fault", "no se llega a {url}: {why}", "mira la red y SLACK_API_URL", fields)
        return [away] if access.app_token or access.signing_secret else [away, DEAF]


async def _findings(client: AsyncWebClient, access: Access) -> list[Finding]:
    asked_at = datetime.now(UTC)
    try:
        me = await client.auth_test()
    except SlackApiError as error:
        return [_refused("SLACK_BOT_TOKEN", error), await _way_in(client, access)]
    fields: dict[str, object] = {"bot": me.get("user"), "team": me.get("team")}
    findings = [Finding("slack", "ok", "SLACK_BOT_TOKEN vale: {bot} en {team}", fields=fields)]
    findings += scopes(_header(me, "x-oauth-scopes"))
    findings += clock(_header(me, "date"), now=asked_at)
    findings.append(await _way_in(client, access))
    findings.append(await _channel(client, access.channel))
    return findings


def scopes(granted: str) -> list[Finding]:
    """One finding for each scope that is missing from Slack's list, or one that says that all are there."""
    has = {one.strip() for one in granted.split(",") if one.strip()}
    if not has:
        return [Finding("slack", "warning", "Slack no ha dicho qué permisos hay")]
    advice = "añade {scope} en OAuth & Permissions e instala otra vez la aplicación"
    found: list[Finding] = []
    for scope, use in NEEDED.items():
        if scope not in has:
            found.append(Finding("slack", "fault", "falta el permiso {scope}: sin él no se puede {use}", advice,
                                 {"scope": scope, "use": use}))  # fmt: skip
    for scope, use in WANTED.items():
        if scope not in has:
            found.append(Finding("slack", "warning", "falta el permiso {scope}: sin él no hay {use}", advice,
                                 {"scope": scope, "use": use}))  # fmt: skip
    return found or [Finding("slack", "ok", "tiene todos los permisos")]


def clock(date: str, *, now: datetime) -> list[Finding]:
    """How far this machine's clock is from Slack's, by the ``Date`` header of its answer."""
    try:
        off = abs((now - parsedate_to_datetime(date)).total_seconds())
    except (TypeError, ValueError):
        return [Finding("clock", "warning", "Slack no ha dicho qué hora es")]
    fields: dict[str, object] = {"seconds": round(off)}
    advice = "pon en hora esta máquina (NTP): los debates empiezan por su reloj"
    if off > CLOCK_FAULT:
        return [Finding("clock", "fault", "el reloj difiere {seconds} s del de Slack", advice, fields)]
    if off > CLOCK_WARNING:
        return [Finding("clock", "warning", "el reloj difiere {seconds} s del de Slack", advice, fields)]
    return [Finding("clock", "ok", "en hora con Slack")]


async def _way_in(client: AsyncWebClient, access: Access) -> Finding:
    """Whether what is said in Slack gets here."""
    if not access.app_token:
        if access.signing_secret:
            return Finding("slack", "ok", "oye por HTTP en /slack/events; su firma se comprueba en cada mensaje")
        return DEAF
    try:
        await client.apps_connections_open(app_token=access.app_token)
    except SlackApiError as error:
        return _refused("SLACK_APP_TOKEN", error)
    return Finding("slack", "ok", "SLACK_APP_TOKEN vale: oye por Socket Mode")


async def _channel(client: AsyncWebClient, channel: str) -> Finding:
    if not channel:
        advice = "ponla si tus debates no dicen su canal en [where] slack"
        return Finding("slack", "warning", "no hay SLACK_CHANNEL", advice)
    try:
        answer = await client.conversations_info(channel=channel)
    except SlackApiError as error:
        return _refused("SLACK_CHANNEL", error)
    found: Mapping[str, Any] = answer.get("channel") or {}
    fields: dict[str, object] = {"channel": found.get("name") or channel}
    if found.get("is_archived"):
        return Finding("slack", "fault", "el canal #{channel} está archivado", "elige otro en SLACK_CHANNEL", fields)
    if not found.get("is_member"):
        advice = "escribe allí /invite y el nombre del bot"
        return Finding("slack", "fault", "el bot no está en #{channel}", advice, fields)
    return Finding("slack", "ok", "está en #{channel}", fields=fields)


def _refused(what: str, error: SlackApiError) -> Finding:
    answer: Any = error.response
    code = str(answer.get("error", "")) if hasattr(answer, "get") else ""
    fields: dict[str, object] = {"what": what, "code": code, "needed": str(answer.get("needed", "")) if code else ""}
    advice = _REFUSALS.get(code, "mira qué significa {code} en docs.slack.dev")
    return Finding("slack", "fault", "Slack rechaza {what}: {code}", advice, fields)


def _header(answer: AsyncSlackResponse, name: str) -> str:
    headers: Mapping[str, Any] = answer.headers
    return next((str(value) for key, value in headers.items() if key.lower() == name), "")
