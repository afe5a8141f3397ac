"""What was heard goes into the log: one correct final state, in whatever order and however often it comes.

New, edited, seen again, deleted, reacted to: each rule is "the later word wins", by the platform's own times, so that
redelivery, disorder and backfill all end in the same rows. Filing (bot/filing.py) is done as the row is made, and done
again when the thread it hangs on becomes known.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bot import analyser, errors, filing
from bot.actions import columns, gone, refile
from bot.ports import Deleted, Incoming, Platform, Reacted, Renamed, Said
from bot.store import debates, passes
from bot.store import gone as tombs
from bot.store import log as store
from bot.store.engine import Tx
from bot.store.log import Hearing, Known
from bot.tables import to_micros

_THREAD = store.NEW.index("thread")


def hear(tx: Tx, incoming: Sequence[Incoming], *, now: datetime, into: int | None = None) -> list[str]:
    """Everything of it that belongs to a debate is in the log; returns the platform ids of new and changed messages.

    ``into`` puts all of it into one debate (an import); otherwise place and time of each decide.
    """
    changed: list[str] = []
    for platform in {one.platform for one in incoming}:
        batch = _Batch(tx, platform, now=now, into=into)
        mine = [one for one in incoming if one.platform == platform]
        if platform == Platform.X:
            mine = gone.recognised(tx, mine)
        batch.say([one for one in mine if isinstance(one, Said)])
        batch.react([one for one in mine if isinstance(one, Reacted)])
        batch.delete([one for one in mine if isinstance(one, Deleted)])
        for one in mine:
            if isinstance(one, Renamed):
                rename(tx, one)
        changed += batch.changed
    return changed


def rename(tx: Tx, renamed: Renamed) -> None:
    """A person's name is known; what they said before without one has it now. Of X only who is in the log has one."""
    if renamed.platform == Platform.X and not passes.known(tx, renamed.platform, renamed.who):
        return
    who = store.identities(tx, renamed.platform, {renamed.who: renamed.name})[renamed.who]
    for debate_id in store.name_messages(tx, who, renamed.name):
        debates.bump(tx, debate_id)


class _Standing:
    """What a writer remembers of a debate between batches; good while the debate's clock shows only our own ticks."""

    def __init__(self, rev: int) -> None:
        self.rev = rev
        self.asked: filing.Asked | None = None
        self.homes: dict[tuple[str, str], Hearing] = {}
        self.people: dict[tuple[str, str, str], int] = {}  # (platform, platform id, name) -> identity


class _Batch:
    """What was heard from one platform in one go, with what of the log it touches, looked up once."""

    def __init__(self, tx: Tx, platform: Platform, *, now: datetime, into: int | None) -> None:
        self.tx = tx
        self.platform = platform
        self.now = now
        self.into = into
        self.changed: list[str] = []
        self._hearing: dict[str, list[Hearing]] = {}
        self._revs: dict[int, int] = {}

    # --- said --------------------------------------------------------------------------------------------------------

    def say(self, said: Sequence[Said]) -> None:
        if not said:
            return
        # What answers comes behind what it answers, also where the platform's times are of whole seconds.
        ordered = sorted(said, key=lambda one: (one.posted_at, one.id))
        # What is known to be gone gets no row where it has none.
        homes = [(one, home) for one in ordered if not one.id.startswith(tombs.MARK) for home in self._homes(one)]
        known = self._known(said)
        housed = {(one.place, one.id) for one, _ in homes}
        fresh = [one for one in said if (one.place, one.id) in housed or (one.place, one.id) in known]
        if not fresh:
            return
        who = self._people(fresh)
        bots = {one.author.id for one in fresh if one.author.bot}
        if bots:
            store.set_roles(self.tx, self.platform, "bot", bots)
        roots: dict[tuple[int, str], filing.Filing] = {}
        for rows in known.values():
            for row in rows:
                reason, sure = filing.Reason(row.filed_by), filing.Confidence(row.confidence)
                roots[row.debate_id, row.platform_id] = filing.Filing(row.question, reason, sure)
        new: dict[tuple[int, str, str], tuple[object, ...]] = {}
        edits: dict[tuple[int, str, str], datetime | None] = {}
        for one, home in homes:
            key = (home.debate_id, one.place, one.id)
            if any(row.debate_id == home.debate_id for row in known.get((one.place, one.id), ())):
                continue
            earlier = edits.get(key)
            if key not in new or (one.edited_at and (earlier is None or one.edited_at > earlier)):
                new[key] = self._row(one, home, who[one.author.id], roots)
                edits[key] = one.edited_at
        store.insert(self.tx, list(new.values()))
        self.changed += [ident for _, _, ident in new]
        self._again([one for one in fresh if (one.place, one.id) in known], known, who, roots)
        self._late_roots(new, roots, known)
        self._versions(fresh, roots)
        self._reactions_seen(fresh)

    def _row(
        self, one: Said, home: Hearing, who: int, roots: dict[tuple[int, str], filing.Filing]
    ) -> tuple[object, ...]:
        filed = self._file(one, home.debate_id, roots)
        posted = to_micros(one.posted_at)
        roots[home.debate_id, one.id] = filed
        return (
            home.debate_id, self.platform.value, one.place, one.id, one.thread, one.reply_to, one.quotes, who,
            one.author.name, one.text, columns.rich(one), columns.files(one.files), posted,
            to_micros(one.edited_at) if one.edited_at else None, None,
            home.closed_at is not None and posted > home.closed_at,
            filed.question, filed.reason.value, filed.confidence.value, filed.conflict,
            analyser.terms(one.text) if one.terms is None else one.terms, self._rev(home.debate_id),
        )  # fmt: skip

    def _file(self, one: Said, debate_id: int, roots: dict[tuple[int, str], filing.Filing]) -> filing.Filing:
        asked, parent = self._asked(debate_id), None
        for above in (one.reply_to, one.thread):
            if parent is None and above is not None and above != one.id:
                parent = roots.get((debate_id, above))
        place = filing.by_place(asked, thread=one.thread, reply_to=one.reply_to, quotes=one.quotes, parent=parent)
        return filing.file(one.text, one.posted_at, asked, place, one.marks)

    def _asked(self, debate_id: int) -> filing.Asked:
        standing = self._standing(debate_id)
        if standing.asked is None:
            standing.asked = refile.asked_in(self.tx, debate_id)
        return standing.asked

    def _again(
        self,
        said: Sequence[Said],
        known: dict[tuple[str, str], list[Known]],
        who: dict[str, int],
        roots: dict[tuple[int, str], filing.Filing],
    ) -> None:
        """Messages that the log holds already: a later edit replaces the text, anything else is the same again."""
        latest: dict[tuple[str, str], Said] = {}
        for one in said:
            other = latest.get((one.place, one.id))
            if other is None or _edited(one) > _edited(other):
                latest[one.place, one.id] = one
        for at, one in latest.items():
            for row in known[at]:
                empty = row.identity_id is None  # kept for a reaction that came first, or deleted
                if _edited(one) > (row.edited_at or 0) or (empty and _edited(one) == (row.edited_at or 0)):
                    self._replace(one, row, who[one.author.id], roots)

    def _replace(self, one: Said, row: Known, who: int, roots: dict[tuple[int, str], filing.Filing]) -> None:
        """The row says what the message says now; of a deleted one only its place in the order is learnt."""
        rev = self._rev(row.debate_id)
        closed = next((home.closed_at for home in self._homes(one) if home.debate_id == row.debate_id), None)
        posted = to_micros(one.posted_at)
        words: tuple[object, ...] = (None, "", "", None, None)
        if row.deleted_at is None:
            words = (who, one.author.name, one.text, columns.rich(one), columns.files(one.files))
            self.tx.scrub = True  # the words that were there before are to go from the index
            self.changed.append(one.id)
        terms = analyser.terms(one.text) if row.deleted_at is None else None
        late = closed is not None and posted > closed
        store.say_again(
            self.tx,
            [(one.thread, one.reply_to, one.quotes, *words, posted, _edited(one) or None, late, terms, rev, row.id)],
        )
        if row.deleted_at is not None:
            tombs.trim(self.tx, [row.id])
        if row.hand is None:
            filed = roots[row.debate_id, one.id] = self._file(one, row.debate_id, roots)
            store.file(self.tx, [(*refile.columns(filed), rev, row.id)])
            self._below(row.debate_id, {one.id: one.thread}, roots)

    def _late_roots(
        self,
        new: dict[tuple[int, str, str], tuple[object, ...]],
        roots: dict[tuple[int, str], filing.Filing],
        known: dict[tuple[str, str], list[Known]],
    ) -> None:
        """Replies that came before what they answer are filed again."""
        rows = [row for found in known.values() for row in found]
        waiting = {(row.debate_id, above) for row in rows for above in (row.thread, row.reply_to)}
        by_debate: dict[int, dict[str, str | None]] = {}
        for (debate_id, _place, ident), row in new.items():
            if (debate_id, ident) in waiting:
                by_debate.setdefault(debate_id, {})[ident] = str(row[_THREAD]) if row[_THREAD] else None
        for debate_id, above in by_debate.items():
            self._below(debate_id, above, roots)

    def _below(
        self, debate_id: int, above: Mapping[str, str | None], roots: dict[tuple[int, str], filing.Filing]
    ) -> None:
        """What answers these (platform id: thread) is filed anew, and ``roots`` has where it stands now."""
        filings = {ident: roots[debate_id, ident] for ident in above}
        found = refile.below(self.tx, debate_id, above.items(), roots=filings, rev=self._rev(debate_id))
        roots |= {(debate_id, ident): one for ident, one in found.items()}

    def _versions(self, said: Sequence[Said], roots: dict[tuple[int, str], filing.Filing]) -> None:
        """What answered or quoted a later version of a post, and came first, hangs on the post and is filed so."""
        edited = [one for one in said if one.versions]
        if not edited:
            return
        versions: dict[str, set[str]] = {}
        for one in edited:
            versions.setdefault(one.id, set()).update(one.versions)
        threads = {one.id: one.thread for one in edited}
        for debate_id, ident in sorted(tombs.learn(self.tx, versions, self._rev)):
            if ident in self._asked(debate_id).posts or (debate_id, ident) not in roots:
                refile.whole(self.tx, debates.get(self.tx, debate_id))
            else:
                self._below(debate_id, {ident: threads[ident]}, roots)

    # --- reacted and deleted -----------------------------------------------------------------------------------------

    def _reactions_seen(self, said: Sequence[Said]) -> None:
        """A backfill saw all reactions of a message: those it names are on, those it lacks are off."""
        telling = [one for one in said if one.reactions is not None]
        if not telling:
            return
        at = to_micros(self.now)
        rows: list[tuple[object, ...]] = []
        known = self._known(telling)
        for seen in telling:
            for row in known.get((seen.place, seen.id), ()):
                if row.deleted_at is None:
                    rows += columns.reactions(row.id, seen, at)
                    if self.into is None:
                        store.quench(self.tx, row.id, at)
        store.react(self.tx, rows)

    def react(self, reacted: Sequence[Reacted]) -> None:
        if not reacted:
            return
        self._placeholders([(one.place, one.id, one.posted_at) for one in reacted])
        known = self._known(reacted)
        rows: list[tuple[object, ...]] = []
        for one in reacted:
            for row in known.get((one.place, one.id), ()):
                if row.deleted_at is None:
                    rows.append((row.id, one.name, one.who, int(one.added), to_micros(one.at)))
                    store.touch(self.tx, row.id, self._rev(row.debate_id))
        store.react(self.tx, rows)

    def delete(self, deleted: Sequence[Deleted]) -> None:
        if not deleted:
            return
        self._placeholders([(one.place, one.id, one.posted_at) for one in deleted])
        known = self._known(deleted)
        rows: list[tuple[object, ...]] = []
        authors: set[int] = set()
        for one in deleted:
            for row in known.get((one.place, one.id), ()):
                if row.deleted_at is None:
                    rows.append((to_micros(one.at), self._rev(row.debate_id), row.id))
                    authors |= set() if row.identity_id is None else {row.identity_id}
                    self.changed.append(one.id)
        if rows:
            store.erase(self.tx, rows)
        if rows and self.platform == Platform.X:
            tombs.cover(self.tx, [int(str(row[2])) for row in rows], self._rev)
            self._forget(authors)

    def _forget(self, authors: set[int]) -> None:
        """Who has nothing left in the log is forgotten, by whoever else writes, too."""
        if not tombs.forget_authors(self.tx, authors):
            return
        for standing in self.tx.memory.values():
            if isinstance(standing, _Standing):
                standing.people.clear()
        for debate in debates.listening(self.tx):
            self._rev(debates.ident(debate))

    def _placeholders(self, wanted: Sequence[tuple[str, str, datetime | None]]) -> None:
        """Messages not heard yet have a row without author, so that what came first is not lost."""
        rows: list[tuple[object, ...]] = []
        known = store.known(self.tx, self.platform, {ident for _, ident, _ in wanted})
        there = {(row.place, row.platform_id) for row in known}
        for place, ident, posted_at in wanted:
            if posted_at is None or (place, ident) in there:
                continue
            there.add((place, ident))
            for home in self._homes_at(place, posted_at):
                filed = filing.file("", posted_at, self._asked(home.debate_id))
                posted = to_micros(posted_at)
                rows.append(
                    (home.debate_id, self.platform.value, place, ident, None, None, None, None, "", "", None, None,
                     posted, None, None, home.closed_at is not None and posted > home.closed_at, filed.question,
                     filed.reason.value, filed.confidence.value, False, None, self._rev(home.debate_id))
                )  # fmt: skip
        store.insert(self.tx, rows)

    # --- looked up once ----------------------------------------------------------------------------------------------

    def _homes(self, one: Said) -> list[Hearing]:
        return self._homes_at(one.place, one.posted_at)

    def _homes_at(self, place: str, posted_at: datetime) -> list[Hearing]:
        if self.into is not None:
            return [Hearing(self.into, 0, None, None)]
        at = to_micros(posted_at)
        recalled = self._recalled(place)
        if recalled is not None and recalled.hears(at):
            return [recalled]
        found = self._hearing.get(place)
        if found is None:
            found = self._hearing[place] = store.hearing(self.tx, self.platform, place)
        for home in found:
            if home.hears(at):
                self._standing(home.debate_id).homes[self.platform, place] = home
                self.tx.memory[self.platform, place] = home.debate_id
                return [home]
        return []

    def _recalled(self, place: str) -> Hearing | None:
        """The debate that was heard here the last time, if nobody has changed it since."""
        debate_id = self.tx.memory.get((self.platform, place))
        if debate_id is None:
            return None
        try:
            self._rev(debate_id)  # notices a change
        except errors.NoSuchDebate:  # aborted since
            self.tx.memory.clear()
            return None
        return self._standing(debate_id).homes.get((self.platform, place))

    def _standing(self, debate_id: int) -> "_Standing":
        key = ("debate", debate_id)
        standing = self.tx.memory.get(key)
        if standing is None:
            standing = self.tx.memory[key] = _Standing(self._revs.get(debate_id, 0))
        found: _Standing = standing
        return found

    def _people(self, said: Sequence[Said]) -> dict[str, int]:
        """The identities of who speaks, made where they were missing."""
        standings = [self._standing(debate_id) for debate_id in self._revs]
        names = {one.author.id: one.author.name for one in said}
        found: dict[str, int] = {}
        for standing in standings:
            for ident, name in names.items():
                kept = standing.people.get((self.platform, ident, name))
                if kept is not None:
                    found[ident] = kept
        missing = {ident: name for ident, name in names.items() if ident not in found}
        found |= store.identities(self.tx, self.platform, missing)
        for standing in standings:
            standing.people.update({(self.platform, ident, name): found[ident] for ident, name in missing.items()})
        return found

    def _known(self, ones: Iterable[Said | Reacted | Deleted]) -> dict[tuple[str, str], list[Known]]:
        """What the log holds of these messages and of the threads they stand in, by (place, id)."""
        wanted: set[str] = set()
        conversations: set[str] = set()
        for one in ones:
            wanted.add(one.id)
            if isinstance(one, Said) and one.thread is not None:
                conversations.add(one.thread)
                if one.reply_to is not None:
                    conversations.add(one.reply_to)
        found: dict[tuple[str, str], list[Known]] = {}
        for row in store.known(self.tx, self.platform, wanted, conversations):
            if self.into is None or row.debate_id == self.into:
                found.setdefault((row.place, row.platform_id), []).append(row)
        return found

    def _rev(self, debate_id: int) -> int:
        rev = self._revs.get(debate_id)
        if rev is None:
            rev = self._revs[debate_id] = debates.bump(self.tx, debate_id)
            standing = self.tx.memory.get(("debate", debate_id))
            if standing is not None and standing.rev + 1 == rev:
                standing.rev = rev
            else:
                # Somebody else has changed the debate since: what is remembered of it may be wrong.
                self.tx.memory[("debate", debate_id)] = _Standing(rev)
        return rev


def _edited(one: Said) -> int:
    return to_micros(one.edited_at) if one.edited_at else 0
