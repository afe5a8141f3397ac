"""One class per broken rule. Its docstring is the sentence the user reads, in Spanish; `words` has the English.

``{fields}`` in the docstring are filled from the keyword arguments of the exception.
"""


class TertuliaError(Exception):
    """Algo no ha salido bien."""

    def __init__(self, **fields: object) -> None:
        """Keep the fields that fill the sentence."""
        self.fields = fields
        super().__init__(self.sentence())

    @classmethod
    def template(cls) -> str:
        """The sentence with its fields still open: the key under which `words` has its translation."""
        return " ".join((cls.__doc__ or "").split())

    def sentence(self) -> str:
        """The sentence in Spanish, filled."""
        return self.template().format(**self.fields)


class Refusal(TertuliaError):
    """No se puede hacer."""


# --- who -----------------------------------------------------------------------------------------------------------


class NotModerator(Refusal):
    """Eso lo puede hacer quien modera; pide a un moderador que te dé el papel. No se ha cambiado nada."""


class NoSuchPerson(Refusal):
    """No conocemos a «{who}». Las personas se nombran PLATAFORMA:ID, por ejemplo slack:U123 o room:ana."""


class NameTaken(Refusal):
    """Alguien se llama ya «{name}» en esta sala; elige otro nombre o añade tu apellido."""


# --- which ---------------------------------------------------------------------------------------------------------


class NoSuchDebate(Refusal):
    """No hay ningún debate «{debate}». Míralos con: tertulia debate list"""


class NoDebateHere(Refusal):
    """Ahora no hay ningún debate en marcha aquí. Con «calendario» ves los que vienen."""


class NothingComing(Refusal):
    """No hay ningún debate por venir. Cuando se programe uno, lo verás en el calendario."""


class NoSuchQuestion(Refusal):
    """No hay ninguna pregunta «{question}» en este debate. Míralas con: tertulia question list"""


class NoSuchMessage(Refusal):
    """Ese mensaje ya no está en el debate; puede que lo hayan retirado. No se ha cambiado nada."""


class NoSuchDraft(Refusal):
    """Ese borrador ya no está en la bandeja: se ha retirado lo que respondía. No se ha cambiado nada."""


class NothingToUndo(Refusal):
    """En este debate no queda ninguna corrección que deshacer. No se ha cambiado nada."""


class CorrectedSince(Refusal):
    """Esa ya no es la última corrección: entretanto alguien ha colocado o deshecho otra. No se ha cambiado nada; mira
    cuál es ahora y, si quieres, deshazla.
    """


class NoSuchSeason(Refusal):
    """No hay ninguna temporada «{season}». Míralas con: tertulia season list"""


class NoSuchSeries(Refusal):
    """No hay ninguna serie «{series}». Míralas con: tertulia series list"""


class UnknownCommand(Refusal):
    """No conozco «{word}». ¿Querías decir «{nearest}»? Por ejemplo: {example}"""


class MissingArgument(Refusal):
    """A «{word}» le falta un dato: {what}. Por ejemplo: {example}"""


# --- when ----------------------------------------------------------------------------------------------------------


class WrongPhase(Refusal):
    """El debate está {phase} y así no se puede {verb}. No se ha cambiado nada."""


class TooSoon(Refusal):
    """La última pregunta salió hace {seconds} s: parece una doble pulsación. Espera un minuto entre una y otra."""


class StillPouring(Refusal):
    """Siguen llegando respuestas ({count} en {seconds} s). ¿De verdad? Repite la orden con «de verdad» (o --yes)."""


class SomethingSaid(Refusal):
    """Ya hay mensajes ({count}) y anular los borraría. ¿De verdad? Repite la orden con «de verdad» (o --yes)."""


class BadMinutes(Refusal):
    """Se puede extender entre 1 y {most} minutos. No se ha cambiado nada; por ejemplo, dale 5."""


class NoQuestionLeft(Refusal):
    """No queda ninguna pregunta por hacer. Añade una, o cierra el debate."""


class PastStart(Refusal):
    """El comienzo, {starts}, ya ha pasado. No se ha guardado nada; elige una hora que esté por llegar."""


class BadStart(Refusal):
    """«{starts}» en «{zone}» no es un día y una hora, por ejemplo 2027-01-14T19:00 en Europe/Madrid. No se ha guardado
    nada.
    """


class BadYear(Refusal):
    """El año {year} no parece el de un debate (entre {first} y {last}). No se ha guardado nada."""


class NoDates(Refusal):
    """La regla «{rule}» no da ninguna fecha que esté por llegar. No se ha guardado nada."""


class NothingAhead(Refusal):
    """En {year} ya no queda ninguna fecha por llegar. No se ha guardado nada; elige otro año u otro ritmo."""


class SeasonStale(Refusal):
    """Entretanto ha cambiado el calendario y saldría otra cosa. No se ha guardado nada; míralo otra vez."""


class SeriesThere(Refusal):
    """Esa serie ya está: es la {series}, «{title}». No se ha guardado nada por segunda vez."""


class SeriesOver(Refusal):
    """La serie {series}, «{title}», ya terminó. No se ha cambiado nada; si vuelve, añádela de nuevo."""


class NotInSeason(Refusal):
    """La serie {series} no tiene fechas por llegar en la temporada «{season}». Puede confirmarse en: {seasons}"""


class NotUnderstood(Refusal):
    """No entiendo «{text}» como día y hora: {why}. Por ejemplo: {example}"""


class NoSuchTime(Refusal):
    """Las {local} no existen en {zone}: ese día cambia la hora. Elige {before} o {after}."""


class TwoTimes(Refusal):
    """Las {local} ocurren dos veces en {zone}: ese día cambia la hora. ¿{first} o {second}? Dilo con su desfase."""


class BadRule(Refusal):
    """No vale la regla «{rule}»: {why}. No se ha guardado nada; por ejemplo: FREQ=WEEKLY;BYDAY=TH"""


class BadRhythm(Refusal):
    """El ritmo de la temporada tiene fallos y no se ha guardado nada: {faults}"""


class NoSuchCountry(Refusal):
    """No conocemos los festivos de «{country}». Los países van por sus dos letras, por ejemplo ES, MX o CL."""


class Overlap(Refusal):
    """Se solapa con «{title}» ({starts}) en {place}. No se ha guardado nada; elige otra hora u otro lugar."""


class NoHashtag(Refusal):
    """«{title}» no tiene etiqueta, y en X se participa con una. Pon una, o quita X. No se ha programado nada."""


class BadHashtag(Refusal):
    """«{hashtag}» no vale como etiqueta: solo letras, cifras y guion bajo, sin espacios. No se ha cambiado nada."""


class BadPlace(Refusal):
    """El debate no puede cambiar en «{place}»: {why}. No se ha cambiado nada."""


class NoSuchPlace(Refusal):
    """El debate no está en «{place}»; está en: {places}. No se ha cambiado nada."""


class FilledUp(Refusal):
    """Caben como mucho {limit} en {what}; esto ocupa {size}. No se ha guardado nada; acórtalo y vuelve a enviarlo."""


class Empty(Refusal):
    """No has escrito nada en {what}. Escríbelo y vuelve a enviarlo."""


class TooFast(Refusal):
    """Vas muy deprisa: espera {seconds} s y vuelve a enviarlo. Tu texto sigue en la caja."""


class NothingCarried(Refusal):
    """De «{title}» no queda ninguna pregunta por llevar a otro debate. No se ha cambiado nada."""


class BadPoll(Refusal):
    """La encuesta no se puede guardar: {why}. No se ha cambiado nada."""


class NoSuchPoll(Refusal):
    """Este debate no tiene esa encuesta. No se ha cambiado nada."""


class NoSuchWords(Refusal):
    """Nadie ha escrito eso en esta encuesta. No se ha cambiado nada."""


class PollOpen(Refusal):
    """La encuesta ya está abierta y hay quien puede haber respondido: no se cambia. Ciérrala, si no debe seguir."""


class PollClosed(Refusal):
    """Esta encuesta no está abierta ahora, así que tu respuesta no se ha guardado."""


class BadBallot(Refusal):
    """Tu respuesta no se ha guardado: {why}."""


class AnsweredBefore(Refusal):
    """Ya respondiste a esta encuesta. Es anónima, y por eso tu respuesta no se puede cambiar: no se sabe cuál es."""


class CannotMove(Refusal):
    """Una pregunta {state} no puede pasar a {wanted}. No se ha cambiado nada."""


class OwnVote(Refusal):
    """Tu propia pregunta ya cuenta con tu voto."""


class NotToCome(Refusal):
    """«{title}» está {phase}: ya no se apunta nadie, ni hay de qué avisar. No se ha cambiado nada."""


class BadLead(Refusal):
    """«{text}» no vale para avisarte: di cuánto antes, entre 1 minuto y 14 días (45m, 2h, 1d), y como mucho {most}
    veces. No se ha cambiado nada.
    """


class NoWayThere(Refusal):
    """Allí no puedo avisarte: «{place}» no es una cuenta tuya de Slack o de la sala. No se ha cambiado nada."""


# --- files ---------------------------------------------------------------------------------------------------------


class NoSuchReady(Refusal):
    """No hay ningún debate ya escrito que se llame «{name}». Míralos con: tertulia debate ready"""


class BadDebateFile(Refusal):
    """El fichero de debate tiene fallos y no se ha guardado nada: {faults}"""


class BadImport(Refusal):
    """No se puede importar: {why}. No se ha guardado nada."""


class NotAnExport(BadImport):
    """En {path} no hay una exportación de Slack (una carpeta o un zip con un fichero por canal y día)."""


class NoSuchChannel(BadImport):
    """En la exportación no hay ningún canal «{channel}». ¿Querías decir «{nearest}»?"""


class NotAnArchive(BadImport):
    """En {path} no hay publicaciones de X (JSON Lines de la API v2 o de twarc: un fichero o una carpeta con ellos)."""


class NoSuchHost(BadImport):
    """En el archivo no hay ninguna publicación de «{host}». Sus nombres de usuario solo constan si se guardaron también
    los perfiles; si no, vale el número de su cuenta.
    """


class BrokenFile(BadImport):
    """No se entiende {file}: {why}. No se ha guardado nada de la exportación."""


class NothingSaid(BadImport):
    """Nadie dijo nada en «{channel}» en ese tiempo. No se ha guardado nada."""


class AlreadyImported(BadImport):
    """Eso ya está en el registro: es el debate {debate}, «{title}». No se ha guardado nada por segunda vez."""


class OverBudget(Refusal):
    """Mirar {posts} publicaciones en X cuesta {usd} $ y el tope es {budget} $ (X_BUDGET_USD). No se ha mirado nada."""


class NotAgreed(Refusal):
    """Mirar {posts} publicaciones en X cuesta {usd} $. No se ha mirado nada; si te parece bien, añade --yes."""


class XAway(Refusal):
    """X no ha contestado a todo ({why}). Lo ya mirado queda hecho: repite la orden más tarde y sigue desde ahí."""


class AllGone(Refusal):
    """X dice que no existe ninguna de {posts} publicaciones de {people} personas: no es de creer. No se ha borrado
    ninguna de ellas; repite la orden más tarde.
    """


class BadExport(Refusal):
    """No se puede exportar: {why}."""


# --- guests --------------------------------------------------------------------------------------------------------


class NoSuchGuest(Refusal):
    """No hay ningún invitado «{guest}». Míralos con: tertulia guest list"""


class GuestTwice(Refusal):
    """{name} ya tiene invitación a este debate. No se ha cambiado nada."""


class TooManyGuests(Refusal):
    """Caben {limit} invitados por debate. No se ha cambiado nada."""


class BadSlackId(Refusal):
    """«{who}» no es el identificador de una persona en Slack (por ejemplo U0123456): cópialo de su perfil."""


class BadGuestLink(Refusal):
    """Este enlace ya se ha usado, ha caducado o no es el tuyo. Pide otro a quien te invitó; lo que escribiste sigue
    guardado.
    """


class FramingLink(Refusal):
    """La presentación va sin enlaces y lleva «{text}». No se ha guardado; quítalo y vuelve a enviarla."""


class NothingFramed(Refusal):
    """{name} todavía no ha escrito su texto de presentación. No se ha cambiado nada."""


class AlreadyFramed(Refusal):
    """El texto de presentación de {name} ya ha salido. No se ha cambiado nada."""


class AlreadyAsked(Refusal):
    """La pregunta ya ha salido, como P{number}, con lo que había guardado; lo nuevo dilo en el debate."""


class ChangedMeanwhile(Refusal):
    """Entretanto guardaste otro texto desde otra ventana. Aquí sigue lo que has escrito: guarda otra vez para que valga
    este.
    """


# --- the house -----------------------------------------------------------------------------------------------------


class BadSetting(Refusal):
    """Ajuste incorrecto: {why}"""


class BadToken(Refusal):
    """{platform} rechaza {token}: {why}. {advice}"""


class DatabaseAhead(Refusal):
    """La base de datos es de una versión más nueva ({found}) que este programa ({wanted}). Actualiza Tertulia."""


class BadBackup(Refusal):
    """No se puede copiar: {why}. No se ha escrito nada."""


class Unwell(Refusal):
    """Por arreglar antes de un debate: {count}. Están marcadas con ✗."""


class ForeignPackage(Refusal):
    """Otro paquete instalado ({owner}) trae también «{package}» y puede pisar a Tertulia. Usa un entorno propio."""


class Overloaded(TertuliaError):
    """Hay demasiado trabajo esperando al disco y esto no se ha guardado; vuelve a intentarlo en unos segundos."""


# --- what a mouth says to its publisher ----------------------------------------------------------------------------


class NotNow(TertuliaError):
    """Todavía no se puede enviar: {why}."""

    def __init__(self, why: str, *, seconds: float | None = None) -> None:
        """``seconds`` until it may be tried again, where the platform said so."""
        self.seconds = seconds
        super().__init__(why=why)


class Unsure(TertuliaError):
    """No se sabe si llegó: {why}."""


class NotEver(TertuliaError):
    """La plataforma lo rechaza: {why}."""
