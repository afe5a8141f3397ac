"""Guests as the clock and the run-sheet know them: told what comes, and what they wrote said in their name."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from bot import cues as clock
from bot import errors
from bot import guest as rules
from bot.actions import say
from bot.debate import Phase
from bot.guest import Invited, Progress, Step
from bot.outbox import ABORTED
from bot.people import person_name, room_id
from bot.ports import House, Operation, Platform
from bot.question import State
from bot.store import debates, passes, people
from bot.store import guests as store
from bot.store.engine import Tx
from bot.tables import Debate, Identity, Outbox, Question
from bot.tables_year import Guest
from bot.words.catalogue import words

# Questions that will be asked, or are being asked: what a guest prepares.
PREPARED_FOR = frozenset({State.APPROVED})
# The kinds of what a guest is told: the last is of no use any more soon after (bot/outbox.py).
TOLD, EARLY = "guest", "guest_early"
_GONE = frozenset({Phase.GRACE, Phase.CLOSED, Phase.CANCELLED, Phase.MISSED})


def invite(tx: Tx, debate: Debate, wanted: Iterable[Invited], *, house: House, now: datetime) -> list[Guest]:
    """They are guests of the debate, and their timeline is planned; who is invited late is told of all that has passed.

    The first of a debate by the clock, at once, so that a draft keeps silent; later ones here, alone. Raises
    ``WrongPhase``, ``GuestTwice``, ``TooManyGuests``, ``BadSlackId``, ``Empty`` or ``FilledUp``.
    """
    debate_id = debates.ident(debate)
    first = not store.of_debate(tx, debate_id)
    made = [_invite_one(tx, debate, one, house=house, now=now) for one in wanted]
    if not made:
        return made
    _plan(tx, debate, now=now)
    step = rules.passed(debate.starts_at, debate.timezone, now=now)
    if step is not None and first:
        debates.plan_cue(tx, debate_id, step.key, now)
    elif step is not None and debate.phase == Phase.SCHEDULED:
        for guest in made:
            _nudge(tx, debate, guest, step, house=house, now=now)
    debates.bump(tx, debate_id)
    return made


def nudge(tx: Tx, debate: Debate, cue: clock.Cue, *, house: House, now: datetime) -> None:
    """Every guest who has not done the cue's step is reminded of it; what a moderator has let go out goes out."""
    step = Step(cue.key.partition(":")[2])
    for guest in store.of_debate(tx, debates.ident(debate)):
        if step is Step.FRAMING and guest.approved_at and not guest.framed_at:
            frame(tx, debate, guest, now=now)
        elif step is Step.FRAMING and guest.framing and not guest.framed_at:
            _ask_approval(tx, debate, guest, house=house, now=now)
        elif not rules.done(step, progress(tx, debate, guest)):
            _nudge(tx, debate, guest, step, house=house, now=now)


def moved(tx: Tx, debate: Debate, *, house: House, now: datetime) -> None:
    """The timeline follows the debate's new date, and every guest is told of it, with all that is still missing."""
    invited = store.of_debate(tx, debates.ident(debate))
    if not invited or debate.phase != Phase.SCHEDULED:
        return
    _plan(tx, debate, now=now)
    text = words(debate.locale)
    step = rules.passed(debate.starts_at, debate.timezone, now=now) or Step.TOPIC
    for guest in invited:
        told = text("Cambio de fecha: «{title}» será el {when}.", title=debate.title, when=say.when(debate))
        _tell(tx, guest, " ".join([told, *_missing(tx, debate, guest, step)]), house=house, now=now)


def called_off(tx: Tx, debate: Debate, *, now: datetime) -> None:
    """Every guest whom we can write to knows that the debate will not be held; who cancels it tells the others."""
    text = words(debate.locale)(
        "«{title}» ({when}) no se celebrará. Gracias por haberte preparado.", title=debate.title, when=say.when(debate)
    )
    for guest in store.of_debate(tx, debates.ident(debate)):
        if _on_slack(tx, guest):
            say.to_person(tx, debate, TOLD, text, identity_id=guest.identity_id, now=now)


def release(tx: Tx, debate: Debate, question: Question, *, parents: dict[str, Outbox], now: datetime) -> None:
    """What guests have prepared to the question is on its way below its posts, each in their name, and stands with it.

    One after the other, in the order in which they were invited.
    """
    for guest, one in store.to_question(tx, question.id or 0):
        text = in_their_name(debate, guest, one.text)
        for row in say.under(tx, debate, "answer", text, parents=parents, now=now):
            _mark(tx, row, guest=str(guest.id))
        question.answer = "\n\n".join(filter(None, [question.answer, text]))
        tx.session.add(question)


def answers(tx: Tx, debate: Debate, question: Question) -> list[str]:
    """What guests have prepared to the question, each in their name, in the order in which they were invited."""
    return [in_their_name(debate, guest, one.text) for guest, one in store.to_question(tx, question.id or 0)]


def framings(tx: Tx, debate: Debate) -> list[str]:
    """The framings that a moderator has let go out and that wait for their time, as X takes them."""
    invited = store.of_debate(tx, debates.ident(debate))
    return [_brief_framing(debate, one) for one in invited if one.approved_at and not one.framed_at]


def own_answer(tx: Tx, debate: Debate, question: Question) -> str:
    """The run-sheet's own prepared answer, without what guests said under the question."""
    return _without(question.answer, answers(tx, debate, question))


def dismiss(tx: Tx, debate_id: int) -> None:
    """The debate has no guests: what they prepared is gone, and who is nobody else's guest is none any more."""
    for guest in store.of_debate(tx, debate_id):
        let_go(tx, guest)


def let_go(tx: Tx, guest: Guest) -> None:
    """The guest and what they prepared are gone, and so are their ways in, unless another debate's guest has them."""
    who = people.identity(tx, guest.identity_id)
    store.delete(tx, guest)
    if who is not None:
        store.set_role(tx, who)
        if not store.of_identities(tx, [who.id or 0]):
            store.revoke(tx, who.id or 0)


def in_their_name(debate: Debate, guest: Guest, text: str) -> str:
    """«Elena Alfaro, persona invitada: …», as it goes out."""
    return words(debate.locale)("{name}, persona invitada: {text}", name=guest.name, text=text)


def frame(tx: Tx, debate: Debate, guest: Guest, *, now: datetime) -> None:
    """The guest's post that frames the subject is on its way to every place."""
    worded = say.Worded(framing_post(debate, guest), _brief_framing(debate, guest))
    posts = say.everywhere(tx, debate, "framing", worded, now=now)
    for row in posts.values():
        _mark(tx, row, guest=str(guest.id))
    guest.framed_at = now
    tx.session.add(guest)
    debates.bump(tx, debates.ident(debate))


def _brief_framing(debate: Debate, guest: Guest) -> str:
    """X's mouth cuts it where it must, and keeps the hashtag."""
    return f"{guest.name}: {guest.framing}" + (f" #{debate.hashtag}" if debate.hashtag else "")


def framing_post(debate: Debate, guest: Guest) -> str:
    """The post that frames the subject, as it goes out."""
    return words(debate.locale)(
        "{name}, persona invitada a «{title}»: {text}", name=guest.name, title=debate.title, text=guest.framing
    )


def progress(tx: Tx, debate: Debate, guest: Guest) -> Progress:
    """What the guest has done so far."""
    debate_id = debates.ident(debate)
    coming = [one for one in debates.questions(tx, debate_id) if one.state in PREPARED_FOR]
    answered = store.counts(tx, debate_id, PREPARED_FOR).get(guest.id or 0, 0)
    return Progress(
        seen=guest.seen_at is not None, answered=answered, questions=len(coming), framing=bool(guest.framing),
        begun=debate.phase not in {Phase.DRAFT, Phase.SCHEDULED},
    )  # fmt: skip


def unreached(tx: Tx, guest: Guest) -> str:
    """Why the last thing that was said to the guest has not come to them; "" where it has, or nothing was."""
    said = [row for row in store.posts(tx, guest.debate_id) if _is_told(row, guest)]
    return said[-1].error if said and said[-1].state in {"failed", "expired"} else ""


def page_of(guest: Guest, house: House) -> str:
    """The address of the guest's page."""
    return f"{house.url}/invitado/{guest.id}"


def unsay(tx: Tx, guest: Guest, *, now: datetime) -> None:
    """Nothing of the guest waits to be said, and what was said in their name is taken back."""
    debate = debates.get(tx, guest.debate_id)
    said = {in_their_name(debate, guest, one.text) for one in store.prepared(tx, guest.id or 0).values()}
    for question in debates.questions(tx, guest.debate_id):
        left = _without(question.answer, said)
        if left != question.answer:
            question.answer, question.rev = left, debates.bump(tx, guest.debate_id)
            tx.session.add(question)
    for row in store.posts(tx, guest.debate_id):
        if json.loads(row.extra).get("guest") == str(guest.id):
            _unsay(tx, row, now=now)
    tx.session.flush()


def _without(answer: str, said: Iterable[str]) -> str:
    for text in said:
        answer = answer.replace(text, "")
    return "\n\n".join(part for part in answer.split("\n\n") if part.strip())


def _unsay(tx: Tx, row: Outbox, *, now: datetime) -> None:
    if row.state == "sending":
        row.kind, row.debate_id, row.question_id = ABORTED, None, None
        tx.session.add(row)  # it may be there any moment: send.landed takes it back then, and its text goes
        return
    if row.operation == Operation.POST and row.state == "sent":
        say.take_back(tx, row, now=now)
    tx.session.delete(row)


# --- what an invitation is made of -----------------------------------------------------------------------------------


def _invite_one(tx: Tx, debate: Debate, one: Invited, *, house: House, now: datetime) -> Guest:
    debate_id = debates.ident(debate)
    if debate.phase in _GONE:
        raise errors.WrongPhase(phase=debate.phase, verb="invitar a nadie")
    name = person_name(one.name)
    others = store.of_debate(tx, debate_id)
    if len(others) >= rules.MOST_GUESTS:
        raise errors.TooManyGuests(limit=rules.MOST_GUESTS)
    who = _slack(tx, one.slack, name) if one.slack else _room(tx, name, house)
    if any(other.identity_id == who.id or other.name.casefold() == name.casefold() for other in others):
        raise errors.GuestTwice(name=name)
    guest = Guest(debate_id=debate_id, identity_id=who.id or 0, name=name, created_at=now)
    store.add(tx, guest)
    store.set_role(tx, who)
    return guest


def _slack(tx: Tx, ident: str, name: str) -> Identity:
    if not rules.SLACK_PERSON.fullmatch(ident):
        raise errors.BadSlackId(who=ident)
    known = passes.known(tx, Platform.SLACK, ident)
    return people.ensure(tx, Platform.SLACK, ident, name="" if known else name)


def _room(tx: Tx, name: str, house: House) -> Identity:
    reserved = [who.removeprefix("room:") for who in house.moderators if who.startswith("room:")]
    return people.ensure(tx, Platform.ROOM, store.free_room_id(tx, room_id(name), but=reserved), name=name)


def unplan(tx: Tx, debate: Debate, *, now: datetime) -> None:
    """The debate has no guest any more: no step of the timeline waits for anybody."""
    for row in debates.cues(tx, debates.ident(debate)):
        if row.key.startswith(f"{clock.Kind.GUEST}:") and row.state == "planned":
            row.state, row.done_at, row.why = "cancelled", now, words(debate.locale)("ya no hay nadie invitado")
            tx.session.add(row)


def _plan(tx: Tx, debate: Debate, *, now: datetime) -> None:
    """Each step still to come has its cue at its time; one whose time has passed has none that waits."""
    debate_id = debates.ident(debate)
    known = {row.key: row for row in debates.cues(tx, debate_id) if row.key.startswith(f"{clock.Kind.GUEST}:")}
    coming = {cue.key: cue.due_at for cue in rules.cues(debate.starts_at, debate.timezone, now=now)}
    for key, row in known.items():
        if row.state == "planned" and key not in coming:
            row.state, row.done_at, row.why = "skipped", now, words(debate.locale)("su hora ya había pasado")
            tx.session.add(row)
    for key, due_at in coming.items():
        if key not in known or known[key].state not in {"done", "skipped"}:
            debates.plan_cue(tx, debate_id, key, due_at)


# --- what they are told ----------------------------------------------------------------------------------------------


def _nudge(tx: Tx, debate: Debate, guest: Guest, step: Step, *, house: House, now: datetime) -> None:
    sentences = [_headline(debate, guest, step, house=house, now=now), *_missing(tx, debate, guest, step)]
    _tell(tx, guest, " ".join(sentences), kind=EARLY if step is Step.EARLY else TOLD, house=house, now=now)


def _headline(debate: Debate, guest: Guest, step: Step, *, house: House, now: datetime) -> str:
    text, when = words(debate.locale), say.when(debate)
    if step is Step.EARLY:
        ahead = debate.starts_at - now
        return text(
            "{name}, «{title}» empieza en {left}: entra unos minutos antes. Es aquí: {where}.",
            name=guest.name, title=debate.title, left=say.left(debate, ahead), where=f"{house.url}/d/{debate.slug}",
        )  # fmt: skip
    return text("{name}, te esperamos en «{title}», el {when}.", name=guest.name, title=debate.title, when=when)


def _missing(tx: Tx, debate: Debate, guest: Guest, step: Step) -> Sequence[str]:
    """What is left to do of the steps up to this one, a sentence each."""
    text, done = words(debate.locale), progress(tx, debate, guest)
    sentences = {
        Step.QUESTIONS: text(
            "Preguntas sin respuesta preparada: {count}. Lo que escribas sale a tu nombre, debajo de su pregunta.",
            count=done.left,
        ),
        Step.FRAMING: text("Falta el texto que presenta el tema: sale antes del debate, a tu nombre."),
    }
    return [sentences[one] for one in rules.missing(step, done)]


def _tell(tx: Tx, guest: Guest, told: str, *, house: House, now: datetime, kind: str = TOLD) -> None:
    """The guest reads it in Slack, with a fresh link to their page; else the moderators have it to pass it on."""
    debate = debates.get(tx, guest.debate_id)
    text = words(debate.locale)
    row = None
    if _on_slack(tx, guest):
        said = text("{text} Tu página:", text=told)
        row = say.to_person(tx, debate, kind, said, identity_id=guest.identity_id, now=now)
    if row is not None:
        _mark(tx, row, guest=str(guest.id), page=page_of(guest, house))
        return
    passed_on = text(
        "Para {name}, a quien no podemos escribir: «{text}» Su enlace se saca en {page}",
        name=guest.name, text=told, page=f"{house.url}/d/{debate.slug}/guests",
    )  # fmt: skip
    for row in say.to_moderators(tx, debate, kind, passed_on, now=now):
        _mark(tx, row, guest=str(guest.id))


def _is_told(row: Outbox, guest: Guest) -> bool:
    extra = json.loads(row.extra)
    return "page" in extra and extra.get("guest") == str(guest.id)


def _mark(tx: Tx, row: Outbox, **more: str) -> None:
    row.extra = json.dumps({**json.loads(row.extra), **more})
    tx.session.add(row)


def _on_slack(tx: Tx, guest: Guest) -> bool:
    who = people.identity(tx, guest.identity_id)
    return who is not None and who.platform == Platform.SLACK


def _ask_approval(tx: Tx, debate: Debate, guest: Guest, *, house: House, now: datetime) -> None:
    text = words(debate.locale)(
        "{name} ha escrito el texto que presenta «{title}». Léelo y dale el visto bueno: {page}",
        name=guest.name, title=debate.title, page=f"{house.url}/d/{debate.slug}/guests",
    )  # fmt: skip
    say.to_moderators(tx, debate, TOLD, text, now=now)
