"""Whether a post to us says that its author wants to be left out: STOP, BAJA or PARAR, and nothing of substance more.

Every answer to a question of ours mentions us, so the word alone is no sign: «R1 Parar de improvisar» is one. Pure.
"""

import re

from handlers.x.posts import Post

WORDS = frozenset({"stop", "baja", "parar"})
# What politeness puts around it.
_AROUND = frozenset(
    {
        "a", "ahora", "dadme", "dame", "dar", "darme", "de", "doy", "favor", "gracias", "hello", "hi", "hola", "la",
        "me", "mi", "pido", "please", "por", "porfa", "quiero", "quisiera", "solicito", "thank", "thanks", "ya", "you",
    }
)  # fmt: skip
_NOT_WORDS = re.compile(r"https?://\S+|[@＠#＃]\w+")


def asked(post: Post, me: str) -> bool:
    """Whether the post, which mentions us (``me`` is our id), asks for nothing but to be left out."""
    if me not in post.mentions:
        return False
    words = re.findall(r"\w+", _NOT_WORDS.sub(" ", post.text).casefold())
    return bool(WORDS.intersection(words)) and _AROUND.union(WORDS).issuperset(words)
