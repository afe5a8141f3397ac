"""Refusals in another language: our words are translated, people's own are not."""

import gettext

from bot import errors
from bot.words.catalogue import Words

DUTCH = {
    errors.UnknownCommand.template(): "Ik ken «{word}» niet. Bedoelde u «{nearest}»? Bijvoorbeeld: {example}",
    errors.WrongPhase.template(): "Het debat is {phase} en kan niet {verb}.",
    errors.Empty.template(): "U schreef niets in {what}.",
    "cerrar": "gesloten worden",
    "programado": "gepland",
    "el título": "de titel",
    "": "Content-Type: text/plain",
}


class Dutch(gettext.NullTranslations):
    """A small catalogue, with the header that every catalogue has under its empty key."""

    def gettext(self, message: str) -> str:
        """The Dutch, or the Spanish where there is none."""
        return DUTCH.get(message, message)


def dutch() -> Words:
    """The words of that catalogue."""
    found = Words("es")
    found._catalogue = Dutch()
    return found


def test_codes_and_our_own_words_are_translated() -> None:
    """A phase, a verb and the name of a field are read in the reader's language."""
    assert dutch().error(errors.WrongPhase(phase="scheduled", verb="close")) == (
        "Het debat is gepland en kan niet gesloten worden."
    )
    assert dutch().error(errors.Empty(what="el título")) == "U schreef niets in de titel."


def test_what_people_typed_stays_as_it_is() -> None:
    """A command is no sentence of ours, even where it is spelt like one; nothing at all stays nothing."""
    error = errors.UnknownCommand(word="", nearest="cerrar", example="cerrar")
    assert dutch().error(error) == "Ik ken «» niet. Bedoelde u «cerrar»? Bijvoorbeeld: cerrar"


def test_spanish_needs_no_catalogue_for_codes() -> None:
    """In Spanish too nobody reads «scheduled»."""
    assert Words("es").error(errors.CannotMove(state="asked", wanted="approved")) == (
        "Una pregunta ya hecha no puede pasar a aprobada. No se ha cambiado nada."
    )
