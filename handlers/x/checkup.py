"""What ``tertulia doctor`` asks of X, for a cent: the keys, who we are, whether we may post and listen.

What X shows to nobody, and a person must have seen to, is said in any case.
"""

import asyncio
from collections.abc import Mapping

from bot.finding import Finding
from handlers.x import activity_rules
from handlers.x.client import Kind, Rule, XClient, XRefused
from handlers.x.platform import Access
from handlers.x.refused import Json
from handlers.x.rules import MENTIONS, OURS
from handlers.x.terms import PRICES

# A wrong address must not look like a hang (seconds).
PATIENCE = 8.0
_KEYS = "cópiala otra vez de la página de tu aplicación en console.x.com"
_ADVICE: Mapping[Kind, str] = {
    Kind.UNAUTHORISED: _KEYS,
    Kind.FORBIDDEN: "mira en console.x.com que la aplicación esté en un proyecto y con plan de pago por uso",
    Kind.CREDITS: "compra créditos en console.x.com y mira su límite de gasto: sin ellos X no contesta a nada",
    Kind.CAPPED: "se ha leído lo que X deja leer en un mes: hasta el próximo no se oye",
    Kind.LIMITED: "se ha preguntado demasiado: espera un cuarto de hora",
}


async def examine(access: Access) -> list[Finding]:
    """All that can be known of X without posting anything; each question is answered within ``PATIENCE`` seconds."""
    client = XClient(access.keys, access.api_url)
    await client.start()
    try:
        found = [*await _listening(client), *await _deletions(client, access), *await _speaking(client, access)]
    finally:
        await client.close()
    fields: dict[str, object] = {"usd": access.budget, "day": PRICES.as_of.isoformat()}
    found.append(Finding("x", "ok", "un debate puede costar {usd} $ en X, a precios de {day}", fields=fields))
    return [*found, *by_hand()] if access.keys.can_post else found


def by_hand() -> list[Finding]:
    """What X asks of an account that a program posts from, and shows to no program."""
    return [
        Finding("x", "warning", "no se ve desde aquí si la cuenta lleva la etiqueta «Automated»",
                "en X: Configuración, Tu cuenta, Información de la cuenta, Automatización"),
        Finding("x", "warning", "no se ve desde aquí si la etiqueta nombra la cuenta de una persona responsable",
                "en el mismo sitio"),
        Finding("x", "warning", "no se ve desde aquí si la biografía dice que es un bot y quién lo lleva",
                "en X: Editar perfil"),
        Finding("x", "warning", "no se ve desde aquí si hay un límite de gasto y si el uso que se declaró es este",
                "en console.x.com, Billing y la página de tu aplicación"),
    ]  # fmt: skip


async def _listening(client: XClient) -> list[Finding]:
    try:
        async with asyncio.timeout(PATIENCE):
            standing = await client.rules()
    except (XRefused, TimeoutError) as error:
        return [_refused("X_BEARER_TOKEN", error)]
    found = [Finding("x", "ok", "X_BEARER_TOKEN vale: se puede oír")]
    foreign = sum(not _ours(one) for one in standing)
    if foreign:
        advice = "usa una aplicación de X para Tertulia sola: lo que traen se paga, y solo uno puede escuchar"
        found.append(Finding("x", "warning", "hay {count} reglas de otro programa", advice, {"count": foreign}))
    return found


async def _deletions(client: XClient, access: Access) -> list[Finding]:
    """Whether X lets us subscribe to what people delete, where it is to be asked."""
    if not access.delete_events_days:
        return []
    try:
        async with asyncio.timeout(PATIENCE):
            standing = await client.subscriptions()
    except (XRefused, TimeoutError) as error:
        why: dict[str, object] = {"why": str(error) or "sin respuesta"}
        advice = "pon X_DELETE_EVENTS_DAYS=0: lo borrado se busca también con «tertulia x sync» y X_SYNC_DAYS"
        return [Finding("x", "warning", "X no avisa de lo que se borra: {why}", advice, why)]
    count = sum(one.tag == activity_rules.TAG for one in standing)
    fields: dict[str, object] = {"count": count, "usd": PRICES.delete_event, "day": PRICES.as_of.isoformat()}
    return [
        Finding("x", "ok", "X avisa de lo que borran {count} personas; cada aviso se cuenta a {usd} $ "
                "(X no dice claro si cobra: {day})", fields=fields)
    ]  # fmt: skip


async def _speaking(client: XClient, access: Access) -> list[Finding]:
    if not access.keys.can_post:
        advice = "para publicar, pon X_API_KEY, X_API_SECRET, X_ACCESS_TOKEN y X_ACCESS_TOKEN_SECRET"
        return [Finding("x", "warning", "sin las cuatro claves de la cuenta, en X solo se oye", advice)]
    try:
        async with asyncio.timeout(PATIENCE):
            me = await client.me()
            found = _account(me)
            found.append(await _may_post(client))
    except (XRefused, TimeoutError) as error:
        return [_refused("X_ACCESS_TOKEN", error)]
    return found


def _account(me: Json) -> list[Finding]:
    fields: dict[str, object] = {"name": me.get("username") or me.get("id")}
    if me.get("protected"):
        advice = "en X: Configuración, Privacidad, quita «Proteger tus posts»"
        return [Finding("x", "fault", "@{name} es una cuenta protegida: nadie vería las preguntas", advice, fields)]
    return [Finding("x", "ok", "las claves de la cuenta valen: @{name}", fields=fields)]


async def _may_post(client: XClient) -> Finding:
    """An empty post is refused by everybody: for being empty where we may post, for lack of leave where we may not."""
    try:
        await client.create("")
    except XRefused as refused:
        if refused.kind is Kind.REFUSED:
            return Finding("x", "ok", "puede publicar")
        if refused.kind is Kind.FORBIDDEN:
            advice = "dale permiso de escritura en console.x.com y haz después claves nuevas"
            return Finding("x", "fault", "la cuenta solo puede leer: no se publicaría nada", advice)
        raise
    return Finding("x", "warning", "X no ha dicho si se puede publicar")


def _ours(rule: Rule) -> bool:
    return rule.tag.startswith((OURS, MENTIONS))


def _refused(what: str, error: XRefused | TimeoutError) -> Finding:
    if not isinstance(error, XRefused) or error.kind in {Kind.NETWORK, Kind.UPSET}:
        fields: dict[str, object] = {"why": str(error) or "sin respuesta"}
        return Finding("x", "fault", "X no contesta: {why}", "mira la red y X_API_URL; si están bien, espera", fields)
    advice = _ADVICE.get(error.kind, "mira qué significa en docs.x.com")
    return Finding("x", "fault", "X rechaza {what}: {why}", advice, {"what": what, "why": str(error)})
