"""The rules of the stream: checked when they are added, in force some seconds later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.standin_x.matching import BadQueryError, Place, Test, reads
from tests.standin_x.problems import PROBLEMS, Json, bad_parameter
from tests.standin_x.world import Post, World, stamp

MOST_RULES = 1000
LONGEST_RULE = 1024


@dataclass(eq=False)
class Rule:
    """A rule, and from when until when it is in force."""

    id: str
    value: str
    tag: str
    test: Test
    since: datetime
    until: datetime | None = None

    def shown(self) -> Json:
        """The rule as X lists it."""
        return {"id": self.id, "value": self.value} | ({"tag": self.tag} if self.tag else {})

    def matches(self, post: Post, now: datetime) -> bool:
        """Whether the rule is in force and the post is what it wants."""
        return self.since <= now and (self.until is None or now < self.until) and self.test(post)


class Rulebook:
    """The rules that are listed, and those that are still in force though they are no longer listed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.listed: list[Rule] = []
        self._leaving: list[Rule] = []

    def matching(self, post: Post) -> list[Rule]:
        """The rules in force that want this post."""
        now = self._world.clock()
        self._leaving = [rule for rule in self._leaving if rule.until and rule.until > now]
        return [rule for rule in (*self.listed, *self._leaving) if rule.matches(post, now)]

    def add(self, wanted: Sequence[Json], delay: float, *, dry: bool = False) -> Json:
        """Each rule is added or refused by itself; X's answer about all of them."""
        created: list[Rule] = []
        errors: list[Json] = []
        for each in wanted:
            found = self._checked(each, delay, created)
            if isinstance(found, Rule):
                created.append(found)
            else:
                errors.append(found)
        if not dry:
            self.listed += created
        summary = {"created": len(created), "not_created": len(errors), "valid": len(created), "invalid": len(errors)}
        body: Json = {"meta": {"sent": stamp(self._world.clock()), "summary": summary}}
        return (
            body
            | ({"data": [rule.shown() for rule in created]} if created else {})
            | ({"errors": errors} if errors else {})
        )

    def remove(self, ids: Sequence[str], values: Sequence[str], delay: float, *, dry: bool = False) -> Json:
        """The rules with these ids or values leave; X's answer about it."""
        now = self._world.clock()
        leaving = [rule for rule in self.listed if rule.id in ids or rule.value in values]
        missing = len(set(ids)) + len(set(values)) - len(leaving)
        if not dry:
            for rule in leaving:
                rule.until = now + timedelta(seconds=delay)
            self.listed = [rule for rule in self.listed if rule not in leaving]
            self._leaving += leaving
        body: Json = {"meta": {"sent": stamp(now), "summary": {"deleted": len(leaving), "not_deleted": missing}}}
        if missing:
            body["errors"] = [bad_parameter("Rule does not exist").body] * missing
        return body

    def _checked(self, wanted: Json, delay: float, created: Sequence[Rule]) -> Rule | Json:
        value, tag = str(wanted["value"]), str(wanted.get("tag", ""))
        error: Json = {"value": value, "id": self._world.new_id(self._world.clock())}
        same = [rule for rule in (*self.listed, *created) if rule.value == value]
        if same:
            return error | {"id": same[0].id, "title": "DuplicateRule", "type": PROBLEMS + "duplicate-rules"}
        if len(self.listed) + len(created) >= MOST_RULES:
            return error | {"title": "RulesCapExceeded", "type": PROBLEMS + "rule-cap",
                            "detail": f"Rules cap exceeded: {MOST_RULES}"}  # fmt: skip
        bad = error | {"title": "UnprocessableEntity", "type": PROBLEMS + "invalid-rules"}
        if len(value) > LONGEST_RULE:
            return bad | {"details": [f"The rule is {len(value)} characters long; the maximum is {LONGEST_RULE}"]}
        try:
            test = reads(value, Place.STREAM, self._world)
        except BadQueryError as wrong:
            return bad | {"details": [str(wrong)]}
        return Rule(error["id"], value, tag, test, self._world.clock() + timedelta(seconds=delay))
