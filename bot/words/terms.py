"""What people call the codes of the program, field by field: ``phase`` «held» is «en pausa».

A code has its word here and nowhere else; a field without codes of its own has no words here.
"""

from collections.abc import Callable, Mapping

Say = Callable[[str], str]
"""What says a sentence in a language."""


def of(say: Say, field: str) -> Mapping[str, str]:
    """What people call the codes of a field; empty where its values are words already."""
    known = _FIELDS.get(field)
    return known(say) if known is not None else {}


# --- a debate --------------------------------------------------------------------------------------------------------


def _phase(say: Say) -> Mapping[str, str]:
    return {
        "draft": say("en borrador"), "scheduled": say("programado"), "open": say("abierto"),
        "held": say("en pausa"), "grace": say("recogiendo las últimas respuestas"), "closed": say("cerrado"),
        "cancelled": say("cancelado"), "missed": say("sin celebrar"),
    }  # fmt: skip


def _verb(say: Say) -> Mapping[str, str]:
    return {
        "open": say("abrir"), "next": say("pasar a la siguiente pregunta"), "hold": say("pausar"),
        "resume": say("seguir"), "extend": say("extender"), "skip": say("saltar una pregunta"),
        "reorder": say("reordenar"), "add": say("añadir preguntas"), "close": say("cerrar"),
        "cancel": say("cancelar"), "abort": say("anular"), "join": say("añadir un lugar"),
        "leave": say("quitar un lugar"), "edit": say("cambiar"), "move": say("cambiar de fecha"),
    }  # fmt: skip


def _question(say: Say) -> Mapping[str, str]:
    return {
        "pending": say("pendiente"), "approved": say("aprobada"), "asked": say("ya hecha"),
        "answered": say("ya respondida"), "declined": say("rechazada"), "merged": say("unida a otra"),
        "carried": say("guardada para otro día"),
    }  # fmt: skip


def _cue(say: Say) -> Mapping[str, str]:
    return {
        "planned": say("prevista"), "held": say("parada"), "done": say("hecha"), "skipped": say("saltada"),
        "cancelled": say("retirada"),
    }  # fmt: skip


def _cue_kind(say: Say) -> Mapping[str, str]:  # bot/cues.py
    return {
        "announce": say("anuncio"), "remind": say("recordatorio"), "open": say("apertura"),
        "label": say("cómo se etiqueta"), "warn": say("aviso de la pregunta"), "ask": say("pregunta"),
        "wrap_up": say("últimos minutos"), "close": say("cierre"),
        "forgotten_hold": say("fin de una pausa olvidada"), "end_grace": say("fin de las últimas respuestas"),
        "recap": say("resumen"), "confirm": say("confirmación de la serie"),
        "lapse": say("retirada de la serie sin confirmar"), "guest": say("aviso a quien está invitado"),
        "nudge": say("recordatorio en privado"), "pulse": say("encuesta de después"),
        "poll_end": say("fin de la encuesta"), "teaser": say("anticipo del siguiente"),
    }  # fmt: skip


def _doubt(say: Say) -> Mapping[str, str]:
    return {
        "time": say("colocado por la hora"), "label": say("etiqueta dudosa"),
        "conversation": say("colocado como lo que responde"), "conflict": say("la etiqueta no cuadra con el hilo"),
    }  # fmt: skip


def _count(say: Say) -> Mapping[str, str]:
    return {
        "messages": say("mensajes"), "people": say("personas"), "questions": say("preguntas"),
        "posts": say("publicaciones"), "waiting": say("por enviar"), "failed": say("sin enviar"),
    }  # fmt: skip


# --- the year --------------------------------------------------------------------------------------------------------


def _fate(say: Say) -> Mapping[str, str]:  # of a date that is proposed for a season (bot/actions/seasons.py)
    return {
        "new": say("nuevo"), "move": say("cambia de fecha"), "stay": say("se queda"), "left": say("no se toca"),
        "drop": say("se retira"), "taken": say("ocupado"), "past": say("ya pasó"),
    }  # fmt: skip


def _country(say: Say) -> Mapping[str, str]:  # where we have no name, its two letters
    return {
        "AR": say("Argentina"), "BO": say("Bolivia"), "CL": say("Chile"), "CO": say("Colombia"),
        "CR": say("Costa Rica"), "CU": say("Cuba"), "DO": say("República Dominicana"), "EC": say("Ecuador"),
        "ES": say("España"), "GT": say("Guatemala"), "HN": say("Honduras"), "MX": say("México"),
        "NI": say("Nicaragua"), "PA": say("Panamá"), "PE": say("Perú"), "PR": say("Puerto Rico"),
        "PT": say("Portugal"), "PY": say("Paraguay"), "SV": say("El Salvador"), "US": say("Estados Unidos"),
        "UY": say("Uruguay"), "VE": say("Venezuela"),
    }  # fmt: skip


_FIELDS: Mapping[str, Callable[[Say], Mapping[str, str]]] = {
    "phase": _phase, "verb": _verb, "state": _question, "wanted": _question, "cue": _cue, "cue_kind": _cue_kind,
    "fate": _fate, "country": _country, "doubt": _doubt, "count": _count,
}  # fmt: skip
