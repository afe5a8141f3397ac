"""HTML: one file that needs nothing else, to be read, searched and printed for as long as there are browsers.

It is written line by line: a debate of a hundred thousand messages never stands in memory as a whole.
"""

from base64 import b64encode
from functools import cache, lru_cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import TextIO

from bot.exports.formats import Say
from bot.exports.sections import AFTER, BEFORE, Section, sections
from bot.exports.wording import Wording, reaction
from bot.localtime import iso
from bot.richtext import to_html, visible
from bot.transcript import Head, Line, Transcript


@cache
def _part(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


@cache
def content_security_policy() -> str:
    """The policy that lets this page's own style and script run, and nothing else: no network, no frame, no form."""
    style, script = (b64encode(sha256(_part(name).encode()).digest()).decode() for name in ("html.css", "html.js"))
    return (
        f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; "
        "base-uri 'none'; form-action 'none'"
    )


def write(transcript: Transcript, out: TextIO, say: Say) -> None:
    """A page with a table of contents by question, each message with an anchor of its own, and a filter."""
    wording = Wording(transcript.head, say)
    put = out.write
    put(_top(transcript.head, wording))
    for section, lines in sections(transcript):
        put(_section(section, wording))
        for line in lines:
            put(_line(line, wording))
        put("</section>\n")
    put(_bottom(transcript.head, wording))


@lru_cache(maxsize=4096)  # the same few hundred people say it all
def _shown(text: str) -> str:
    return escape(visible(text))


def _top(head: Head, wording: Wording) -> str:
    title = _shown(head.title)
    facts = "".join([f"<li>{_shown(fact)}</li>" for fact in wording.facts()])
    return f"""<!doctype html>
<html lang="{escape(wording.say.locale)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{content_security_policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Tertulia">
<title>{title}</title>
<style>{_part("html.css")}</style>
</head>
<body>
<a class="skip" href="#main">{escape(wording.say("Saltar a los mensajes"))}</a>
<header>
<h1>{title}</h1>
<ul class="facts">{facts}</ul>
</header>
{_contents(head, wording)}
<main id="main" tabindex="-1" lang="{escape(head.locale)}">
{_filter(wording)}
{_polls(head, wording)}"""


def _polls(head: Head, wording: Wording) -> str:
    rows = [f"<li><bdi>{_shown(row)}</bdi></li>" for found in head.polls for row in wording.poll(found)]
    return _list("encuesta", wording.say("La encuesta de antes"), rows) + "\n" if rows else ""


def _contents(head: Head, wording: Wording) -> str:
    links = []
    for asked in head.questions:
        section = Section(f"p{asked.number}", asked)
        count = escape(wording.messages(asked.messages))
        links.append(
            f'<li><a href="#{section.anchor}">{_shown(wording.title(section))}</a> <span>({count})</span></li>'
        )
    if head.polls:
        links.insert(0, f'<li><a href="#encuesta">{escape(wording.say("La encuesta de antes"))}</a></li>')
    if head.queue:
        links.append(f'<li><a href="#comunidad">{escape(wording.say("Preguntas de la comunidad"))}</a></li>')
    if head.gaps:
        links.append(f'<li><a href="#huecos">{escape(wording.say("Lo que no se oyó"))}</a></li>')
    heading = escape(wording.say("Índice"))
    return f'<nav aria-labelledby="indice"><h2 id="indice">{heading}</h2><ul>{"".join(links)}</ul></nav>'


def _filter(wording: Wording) -> str:
    say = wording.say
    many = say("{count} mensajes", count="{count}")  # the page fills it itself
    return (
        f'<div class="filter" role="search" aria-label="{escape(say("Filtrar los mensajes"))}" '
        f'lang="{escape(say.locale)}" hidden>\n'
        f'<label>{escape(say("Buscar en los mensajes"))}<br><input type="search" autocomplete="off"></label>\n'
        f'<label>{escape(say("Persona"))}<br><input type="search" list="people" autocomplete="off"></label>\n'
        f'<datalist id="people"></datalist>\n'
        f'<p role="status" data-one="{escape(say("1 mensaje"))}" data-many="{escape(many)}"></p>\n'
        f"</div>"
    )


def _section(section: Section, wording: Wording) -> str:
    anchor = section.anchor
    title = _shown(wording.title(section))
    begin = f'<section id="{anchor}" aria-labelledby="{anchor}-t"><h2 id="{anchor}-t">{title}</h2>\n'
    if section is BEFORE or section is AFTER or section.question is None:
        return begin
    asked = section.question
    begin += f'<p class="sub">{_shown(wording.asked(asked))} · {escape(wording.messages(asked.messages))}</p>\n'
    if asked.answer:
        begin += f'<div class="answer" dir="auto">{to_html(asked.answer)}</div>\n'
    return begin


def _line(line: Line, wording: Wording) -> str:
    """One message; the name stands in ``b``, where the filter looks for it."""
    known = wording.notes(line)
    notes = f' <span class="n">({_shown(known)})</span>' if known else ""
    begin = f'<article class="m{" r" if line.depth else ""}" id="m{line.id}"><p>'
    time = f'<time datetime="{iso(line.posted_at)}">{wording.clock(line.posted_at)}</time>'
    at = f'<a class="a" href="#m{line.id}">{time}</a>'
    if line.deleted:
        return f'{begin}{at}{notes}</p>\n<p class="g">{escape(wording.deleted)}</p></article>\n'
    extras = _extras(line, wording) if line.files or line.reactions else ""
    who = f"<b><bdi>{_shown(line.author)}</bdi></b> " if line.author else ""
    there = _there(line, wording) if line.platform == "x" else ""
    return (
        f"{begin}{who}{at}{notes}{there}</p>\n"
        f'<div class="t" dir="auto">{to_html(line.text, line.rich)}</div>{extras}</article>\n'
    )


def _there(line: Line, wording: Wording) -> str:
    """The way to the post on X; "" where the text is nothing but that."""
    address = line.on_x
    if not address or address == line.text:
        return ""
    return f' <a class="n" href="{address}" rel="nofollow noopener">{escape(wording.say("Ver en X"))}</a>'


def _extras(line: Line, wording: Wording) -> str:
    extras = ""
    if line.files:
        word = escape(wording.say("Archivo"))
        extras += "".join(
            ['<ul class="f">', *[f"<li>{word}: {_shown(file.name)}</li>" for file in line.files], "</ul>"]
        )
    if line.reactions:
        given = [f"<li>{_shown(reaction(name, count))}</li>" for name, count in line.reactions.items()]
        extras += "".join([f'<ul class="e" aria-label="{escape(wording.say("Reacciones"))}">', *given, "</ul>"])
    return extras


def _bottom(head: Head, wording: Wording) -> str:
    say = wording.say
    parts = []
    if head.queue:
        rows = [
            f'<li><bdi>{_shown(one.text)}</bdi><br><span class="n">{_shown(wording.queued(one))}</span></li>'
            for one in head.queue
        ]
        parts.append(_list("comunidad", say("Preguntas de la comunidad"), rows))
    if head.gaps:
        parts.append(
            _list("huecos", say("Lo que no se oyó"), [f"<li>{_shown(wording.gap(gap))}</li>" for gap in head.gaps])
        )
    made = escape(say("Transcripción hecha con Tertulia."))
    lists = "\n".join(parts)
    return f"</main>\n{lists}\n<footer>{made}</footer>\n<script>{_part('html.js')}</script>\n</body>\n</html>\n"


def _list(anchor: str, title: str, rows: list[str]) -> str:
    return (
        f'<section id="{anchor}" aria-labelledby="{anchor}-t"><h2 id="{anchor}-t">{escape(title)}</h2>'
        f"<ul>{''.join(rows)}</ul></section>"
    )
