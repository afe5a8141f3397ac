"""What the room itself refuses; each docstring is the sentence that its visitor reads."""

from bot import errors


class NotStarted(errors.Refusal):
    """Este debate aún no ha empezado: todavía no se recogen respuestas. Vuelve a la hora de comienzo."""


class AlreadyOver(errors.Refusal):
    """Este debate ya ha terminado y no recoge más respuestas. Su transcripción sigue aquí."""


class NotHere(errors.Refusal):
    """Este debate no se celebra en la sala: aquí se puede leer, y se participa en su canal."""


class WhoAreYou(errors.Refusal):
    """Antes de participar, di cómo te llamas. Si ya habías entrado, tu entrada ha caducado: entra otra vez."""


class NotYours(errors.Refusal):
    """Solo quien escribió un mensaje puede cambiarlo o retirarlo. No se ha cambiado nada."""


class NotYetAsked(errors.Refusal):
    """Esa pregunta todavía no ha salido; elige una de las que ya están en la sala."""


class UnknownReaction(errors.Refusal):
    """Esa reacción no existe aquí. No se ha cambiado nada."""


class Garbled(errors.Refusal):
    """El formulario no ha llegado bien (no es texto UTF-8 de un formulario). No se ha guardado nada."""


class TooBig(errors.Refusal):
    """Lo enviado es demasiado grande. No se ha guardado nada; acórtalo y vuelve a enviarlo."""


class FromElsewhere(errors.Refusal):
    """Esta petición venía de otra página y no se ha atendido. Abre la sala y hazlo desde aquí."""


class UsedLink(errors.Refusal):
    """Este enlace ya se ha usado, ha caducado o no es correcto. Pide otro a quien lleva la instalación."""


class NoRehearsal(errors.Refusal):
    """Aquí no se puede empezar un ensayo ahora mismo."""
