"""Whether a post to us says that its author wants to be left out: STOP, BAJA or PARAR, and nothing of substance more.

Every answer to a question of ours mentions us, so the word alone is no sign: «R1 Parar de improvisar» is one. Pure.
"""

import re

from handlers.x.posts import Post

_WORD = re.compile(r"\b(?:stop|baja|parar)\b")
# The word, and what politeness puts around it.
_NOTHING_ELSE = re.compile(
    r"\W*(?:\b(?:stop|baja|parar|a|ahora|dadme|dame|dar|darme|de|doy|favor|gracias|hello|hi|hola|la|me|mi|pido|please|por"
    r"|porfa|quiero|quisiera|solicito|thanks?|ya|you)\b\W*)+"
)
_NOT_WORDS = re.compile(r"https?://\S+|[@＠#＃]\w+")


def asked(post: Post, me: str) -> bool:
    """Whether the post, which mentions us (``me`` is our id), asks for nothing but to be left out."""
    if me not in post.mentions:
        return False
    said = _NOT_WORDS.sub(" ", post.text).casefold()
    return _WORD.search(said) is not None and _NOTHING_ELSE.fullmatch(said) is not None
