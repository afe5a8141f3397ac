"""How long a text is for X, and which addresses X sees in it: twitter-text's weighted length, version 3. Pure.

Bare domains ("ejemplo.com") count as addresses too, as on X. Of the endings that a domain can have we know those of
countries and the everyday ones; an ``https://`` address with any other counts as the longer of its two lengths.
"""

import re
import unicodedata
from collections.abc import Iterator

LONGEST = 280
# Whatever is behind it, X makes every address this long.
URL = 23

# The characters that weigh 1 (both ends included); every other one weighs 2.
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))

_COUNTRIES = (
    "ac ad ae af ag ai al am an ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs bt bv bw by "
    "bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er es et eu fi fj fk fm "
    "fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je "
    "jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp "
    "mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa "
    "re ro rs ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to "
    "tp tr tt tv tw tz ua ug uk um us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw"
)
_EVERYDAY = (
    "academy agency app art audio bar barcelona bcn best bio biz blog book business cafe cam camp care career cat "
    "center chat city click cloud club coach codes coffee com community company consulting cool design dev digital "
    "direct edu education email energy eus events expert express family fashion film finance fit foundation fun "
    "fund gal games gift global gmbh gold gov green group guide guru health help host house how info ink institute "
    "int international jobs lat law legal life link live llc love ltd madrid market marketing media mil mobi money "
    "museum name net network news ngo one onion online org page paris partners party photo photos pics plus press "
    "pro pub radio report rest review reviews rocks run sale school science services shop show site social software "
    "solutions space store stream studio style support swiss systems team tech tel tips today tools top tours town "
    "trade training travel tv university ventures video vip vision vote web website wiki win wine work works world "
    "wtf xyz yoga zone"
)
_KNOWN = frozenset(f"{_COUNTRIES} {_EVERYDAY}".split())

_LABEL = r"[a-z0-9\u00c0-\u024f](?:[a-z0-9_\u00c0-\u024f-]*[a-z0-9\u00c0-\u024f])?"
_PATH = r"(?:[/?#](?:\([^\s()<>]*\)|[^\s<>()\"'«»“”])*(?<![.,;:!?\]…¡¿*]))?"
_ADDRESS = re.compile(
    rf"(?<![\w@＠$#＃/.-])(?P<scheme>https?://)?(?P<host>(?:{_LABEL}\.)+(?P<end>[a-z]{{2,24}}|xn--[a-z0-9-]+))"
    rf"(?![\w@＠])(?::\d+)?(?P<path>{_PATH})",
    re.IGNORECASE,
)

_BASE = (
    "[\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935\u2b05-\u2b55\u3030"
    "\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff]"
)
_ONE = f"(?:{_BASE}|[\u00a9\u00ae](?=\ufe0f))(?:\ufe0f|[\U0001f3fb-\U0001f3ff])?"
_EMOJI = re.compile(
    rf"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_BASE}[\U000e0020-\U000e007e]+\U000e007f"
    rf"|{_ONE}(?:\u200d{_ONE})*"
)


def weighted(text: str) -> int:
    """How much of X's ``LONGEST`` a text takes: most letters 1, CJK and emoji 2, an address 23."""
    text = unicodedata.normalize("NFC", text)
    total = at = 0
    for match in _found(text):
        plain = _without_addresses(match[0])
        known = match["end"].lower() in _KNOWN
        total += _without_addresses(text[at : match.start()]) + (URL if known else max(URL, plain))
        at = match.end()
    return total + _without_addresses(text[at:])


def addresses(text: str) -> list[str]:
    """The addresses that X makes links of, and asks the price of a post with a link for, in order."""
    return [match[0] for match in _found(unicodedata.normalize("NFC", text))]


def _found(text: str) -> Iterator[re.Match[str]]:
    for match in _ADDRESS.finditer(text) if "." in text else ():
        if match["scheme"] or match["end"].lower() in _KNOWN or match["end"].lower().startswith("xn--"):
            yield match


def _without_addresses(text: str) -> int:
    if text.isascii():
        # A keycap is not ASCII, so nothing here can be an emoji.
        return len(text)
    emoji = 0
    if _EMOJI.search(text):
        text, emoji = _EMOJI.subn("", text)
    return 2 * emoji + sum(1 if _light(ord(one)) else 2 for one in text)


def _light(code: int) -> bool:
    return any(first <= code <= last for first, last in _LIGHT)
