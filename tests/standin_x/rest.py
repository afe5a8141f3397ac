"""Posts and accounts one by one: created within X's rules, deleted, looked up."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.standin_x.backend import Call
from tests.standin_x.problems import (
    DUPLICATE,
    QUOTE_RULE,
    REPLY_RULE,
    TOO_LONG,
    Answer,
    RefusedError,
    bad_parameter,
    forbidden,
    problem,
)
from tests.standin_x.search import timeline
from tests.standin_x.shapes import lookup_error, written
from tests.standin_x.weight import LINK, LONGEST, weighted
from tests.standin_x.world import Person, Post, Standing

MOST_IDS = 100
REMEMBERED = timedelta(hours=24)
CREATE_KEYS = {
    "text", "reply", "poll", "media", "quote_tweet_id", "reply_settings", "for_super_followers_only", "geo", "nullcast",
    "direct_message_deep_link", "community_id", "card_uri", "made_with_ai", "paid_partnership", "edit_options",
    "share_with_followers",
}  # fmt: skip
CASHTAG = re.compile(r"(?<!\w)\$[A-Za-z]{1,6}\b")


def create(call: Call) -> Answer:
    """Our post is stored and goes out to whoever listens; `RefusedError` where X's rules forbid it."""
    body = call.body if isinstance(call.body, dict) else {}
    text = _text(body)
    target = _reply_target(call, body)
    poll = _poll(body)
    if body.get("quote_tweet_id"):
        raise RefusedError(QUOTE_RULE)
    _refuse_duplicate(call, text)
    x = call.x
    now = x.clock()
    new_id = x.world.new_id(now)
    post = Post(new_id, x.me, text, now, new_id, reply_to=target.id if target else None, poll=poll)
    x.world.add_post(post)
    x.posts.append(post)
    x.meter.wrote(_price(call, post, target))
    x.hub.publish(post)
    shown, _, _ = written(x.world, post)
    return call.answer_body({"data": {"id": post.id, "text": shown, "edit_history_tweet_ids": [post.id]}}, 201)


def _text(body: dict[str, Any]) -> str:
    unknown = set(body) - CREATE_KEYS
    if unknown:
        raise RefusedError(bad_parameter(f"$.{min(unknown)}: is not defined in the schema", **{min(unknown): ""}))
    text = body.get("text", "")
    if not isinstance(text, str) or not (text.strip() or body.get("media")):
        raise RefusedError(problem(400, "Invalid Request", "The text of a post must not be empty."))
    if weighted(text) > LONGEST:
        raise RefusedError(TOO_LONG)
    if len(set(CASHTAG.findall(text))) > 1:
        raise RefusedError(forbidden("A post may have one cashtag."))
    return text


def _reply_target(call: Call, body: dict[str, Any]) -> Post | None:
    if "reply" not in body:
        return None
    reply = body["reply"] if isinstance(body["reply"], dict) else {}
    wanted = str(reply.get("in_reply_to_tweet_id", ""))
    if not wanted.isdigit():
        raise RefusedError(bad_parameter("$.reply.in_reply_to_tweet_id: is not a post id", in_reply_to_tweet_id=wanted))
    target = call.x.world.posts.get(wanted)
    if target is None or target.deleted or target.author.standing is not Standing.ACTIVE:
        raise RefusedError(forbidden("You attempted to reply to a Tweet that is deleted or not visible to you."))
    if not may_answer(call, target):
        raise RefusedError(REPLY_RULE)
    return target


def may_answer(call: Call, target: Post) -> bool:
    """Whether X lets us answer it: it is ours, it calls us by name, or it quotes us."""
    me = call.x.me
    quoted = call.x.world.posts.get(target.quotes or "")
    return target.author is me or target.calls(me.username) or (quoted is not None and quoted.author is me)


def _poll(body: dict[str, Any]) -> tuple[str, ...]:
    if "poll" not in body:
        return ()
    poll = body["poll"] if isinstance(body["poll"], dict) else {}
    options, minutes = poll.get("options", []), poll.get("duration_minutes", 0)
    if not 2 <= len(options) <= 4 or not all(1 <= len(option) <= 25 for option in options) or not 5 <= minutes <= 10080:
        raise RefusedError(
            bad_parameter("$.poll: 2 to 4 options of 1 to 25 characters, 5 to 10080 minutes", poll=options)
        )
    return tuple(options)


def _refuse_duplicate(call: Call, text: str) -> None:
    since = call.x.clock() - REMEMBERED
    recent = (post for post in call.x.world.by_author(call.x.me.id) if post.posted_at > since)
    if any(" ".join(post.text.split()).casefold() == " ".join(text.split()).casefold() for post in recent):
        raise RefusedError(DUPLICATE)


def _price(call: Call, post: Post, target: Post | None) -> str:
    if LINK.search(post.text):
        return "post_with_link"
    return "summoned_reply" if target is not None and target.author is not call.x.me else "post"


def delete(call: Call) -> Answer:
    """Our post is gone, every version of it; 403 for another's."""
    post = call.x.world.posts.get(call.request.match_info["id"])
    if post is not None and post.author is not call.x.me:
        raise RefusedError(forbidden("You are not authorized to delete this Tweet."))
    if post is None or post.deleted:
        return call.answer_body({"data": {"deleted": False}})
    for version in call.x.world.versions(post.id):
        version.deleted = True
    call.x.meter.wrote("delete")
    return call.answer_body({"data": {"deleted": True}})


def lookup(call: Call) -> Answer:
    """Each post that may be read, and an error for each that may not, with HTTP 200."""
    shaper = call.shaper()
    for wanted in _ids(call, "ids"):
        shaper.look_up(wanted, "ids")
    call.x.bill(shaper.page)
    return call.answer(shaper)


def lookup_one(call: Call) -> Answer:
    """The post with the id in the path."""
    wanted = call.request.match_info["id"]
    if not re.fullmatch(r"\d{1,19}", wanted):
        raise RefusedError(bad_parameter(f"The `id` query parameter value [{wanted}] is not valid", id=wanted))
    shaper = call.shaper()
    shaper.look_up(wanted, "id")
    call.x.bill(shaper.page)
    return call.answer(shaper, one=True)


def users(call: Call) -> Answer:
    """Each account that is there, and an error for each that is not."""
    found = [(wanted, call.x.world.people.get(wanted)) for wanted in _ids(call, "ids")]
    return _people(call, found, "ids")


def users_by(call: Call) -> Answer:
    """The same by user name."""
    found = [(wanted, call.x.world.named(wanted)) for wanted in _listed(call, "usernames")]
    return _people(call, found, "usernames")


def _people(call: Call, found: Sequence[tuple[str, Person | None]], parameter: str) -> Answer:
    shaper = call.shaper()
    for wanted, person in found:
        if person is None or person.standing is Standing.SUSPENDED:
            reason = "gone" if person is None else "suspended"
            shaper.page.errors.append(lookup_error(wanted, parameter, reason, kind="user"))
        else:
            shaper.add_person(person)
    call.x.bill(shaper.page)
    return call.answer(shaper)


def me(call: Call) -> Answer:
    """Our account."""
    shaper = call.shaper()
    shaper.add_person(call.x.me)
    call.x.bill(shaper.page)
    return call.answer(shaper, one=True)


def own_posts(call: Call) -> Answer:
    """What the account has posted."""
    author = call.request.match_info["id"]
    return timeline(call, call.x.world.by_author(author), owned=_owned(call, author))


def mentions(call: Call) -> Answer:
    """What others have posted that names the account."""
    person = call.x.world.people.get(call.request.match_info["id"])
    username = person.username.casefold() if person else ""
    posts = (post for post in call.x.world.public() if post.author is not person and username in post.mentions)
    return timeline(call, posts, owned=_owned(call, person.id if person else ""))


def quotes(call: Call) -> Answer:
    """What quotes the post."""
    wanted = call.request.match_info["id"]
    return timeline(call, (post for post in call.x.world.public() if post.quotes == wanted), owned=False)


def _owned(call: Call, author: str) -> bool:
    return call.caller == "user" and author == call.x.me.id


def _ids(call: Call, name: str) -> list[str]:
    wanted = _listed(call, name)
    wrong = [each for each in wanted if not re.fullmatch(r"\d{1,19}", each)]
    if wrong:
        raise RefusedError(bad_parameter(f"The `{name}` query parameter value [{wrong[0]}] is not valid", ids=wrong[0]))
    return wanted


def _listed(call: Call, name: str) -> list[str]:
    wanted = [each for each in call.query.get(name, "").split(",") if each]
    if not 1 <= len(wanted) <= MOST_IDS:
        raise RefusedError(bad_parameter(f"The number of values in the `{name}` query parameter list [{len(wanted)}] "
                                         f"is not between 1 and {MOST_IDS}", **{name: len(wanted)}))  # fmt: skip
    return list(dict.fromkeys(wanted))
