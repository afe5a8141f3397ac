"""Troubles that a test lays in the way: each has a name, strikes as often as was said, and is counted when it does."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.standin_x.problems import Answer, named, problem

FOREVER = 1_000_000_000
ANSWERS = ("status", "html_503", "empty_503", "too_many_connections")


@dataclass
class Laid:
    """A trouble that waits for its moment."""

    name: str
    left: int
    route: str = "*"
    answer: Answer | None = None
    size: int = 0
    payload: bytes = b""
    after: int = 0


class Faults:
    """What is laid, and in `fired` how often each name has struck."""

    def __init__(self) -> None:
        self.laid: list[Laid] = []
        self.fired: Counter[str] = Counter()

    # Answers of REST and of the stream's door. Routes are named as in server.ROUTES: "create", "search", "stream",
    # "rules", "change_rules", "lookup", "users", "me", "own_posts", "mentions", "delete", ...; "*" is any.

    def status(self, route: str, code: int, kind: str = "", times: int = 1) -> None:
        """The next requests get this status with the body that problems.named() calls `kind`, or a plain problem."""
        answer = named(kind) if kind else problem(code, "Trouble", f"Status {code}, as the test wished.")
        shown = Answer(code, answer.body, answer.text, answer.content_type, answer.headers)
        self.laid.append(Laid("status", times, route, shown))

    def respond(self, route: str, answer: Answer, times: int = 1) -> None:
        """The next requests get exactly this answer."""
        self.laid.append(Laid("status", times, route, answer))

    def html_503(self, route: str = "*", times: int = 1) -> None:
        """The next requests get 503 with a page of HTML."""
        self.laid.append(Laid("html_503", times, route, named("html")))

    def empty_503(self, route: str = "*", times: int = 1) -> None:
        """The next requests get 503 without a body."""
        self.laid.append(Laid("empty_503", times, route, named("empty")))

    def credits_gone(self, *, old: bool = False, times: int = FOREVER) -> None:
        """From now on every call is refused with 402, in the words of mid-2026 or the `old` ones."""
        self.laid.append(Laid("credits_gone", times, "*", named("credits-old" if old else "credits")))

    def too_many_connections(self, times: int = 1) -> None:
        """The stream's next connections are refused as if the old one still stood."""
        self.laid.append(Laid("too_many_connections", times, "stream", named("connections")))

    def hang(self, route: str, times: int = 1) -> None:
        """The next requests are taken and never answered; nothing is stored."""
        self.laid.append(Laid("hang", times, route))

    def hang_after_store(self, times: int = 1) -> None:
        """The next posts are stored, and the answer never comes."""
        self.laid.append(Laid("hang_after_store", times, "create"))

    def drop_after_store(self, times: int = 1) -> None:
        """The next posts are stored, and the connection breaks instead of an answer."""
        self.laid.append(Laid("drop_after_store", times, "create"))

    def drop_before_store(self, times: int = 1) -> None:
        """The connection breaks before the next posts are stored."""
        self.laid.append(Laid("drop_before_store", times, "create"))

    def repeat_page_token(self, times: int = FOREVER) -> None:
        """The last page of a search has a token all the same, and it leads to that page again."""
        self.laid.append(Laid("repeat_page_token", times, "search"))

    # Of the stream's lines.

    def cut_line(self, times: int = 1, *, clean: bool = True) -> None:
        """The next line is cut in the middle, then the answer ends; not `clean` means that the connection breaks."""
        self.laid.append(Laid("cut_line", times, "line", after=0 if clean else 1))

    def silence(self, times: int = 1) -> None:
        """The connections that are open (or else the next) stay open and say nothing more, not even keep-alives."""
        self.laid.append(Laid("silence", times, "connection"))

    def close_after(self, lines: int = 0, times: int = 1) -> None:
        """The next connections get 200 and end after so many lines."""
        self.laid.append(Laid("close_after", times, "opening", after=lines))

    def long_line(self, size: int = 2_000_000, times: int = 1) -> None:
        """The next line is at least so many bytes long."""
        self.laid.append(Laid("long_line", times, "line", size=size))

    def strange_line(self, line: bytes = b'{"strange": {"shape": [1, 2]}}', times: int = 1) -> None:
        """Before the next line comes this one."""
        self.laid.append(Laid("strange_line", times, "line", payload=line))

    def rule_without_tag(self, times: int = 1) -> None:
        """The rules of the next lines have no tag."""
        self.laid.append(Laid("rule_without_tag", times, "line"))

    def duplicate_lines(self, times: int = 1) -> None:
        """The next lines come twice."""
        self.laid.append(Laid("duplicate_lines", times, "line"))

    def reorder(self, lines: int = 2, times: int = 1) -> None:
        """The next lines are held back, and come together in the wrong order."""
        self.laid.append(Laid("reorder", times, "line", after=lines))

    def operational_disconnect(self, times: int = 1) -> None:
        """After the next line X says that it disconnects for operational reasons, and does."""
        self.laid.append(Laid("operational_disconnect", times, "line"))

    def clear(self) -> None:
        """Nothing is laid any more; what has struck stays counted."""
        self.laid.clear()

    def waiting(self, name: str) -> int:
        """How often troubles of this name may still strike."""
        return sum(laid.left for laid in self.laid if laid.name == name)

    def strike(self, name: str) -> Laid | None:
        """The oldest trouble of this name strikes once, or there is none."""
        return self._strike(lambda laid: laid.name == name)

    def refusal(self, route: str) -> Answer | None:
        """The oldest trouble that answers a request of this route strikes once, or there is none."""
        laid = self._strike(lambda laid: laid.name in ANSWERS and laid.route in {"*", route})
        return laid.answer if laid else None

    def hangs(self, route: str) -> bool:
        """Whether a request of this route is to be left without an answer."""
        return self._strike(lambda laid: laid.name == "hang" and laid.route in {"*", route}) is not None

    def _strike(self, fits: Callable[[Laid], bool]) -> Laid | None:
        for laid in self.laid:
            if laid.left > 0 and fits(laid):
                laid.left -= 1
                self.fired[laid.name] += 1
                if not laid.left:
                    self.laid.remove(laid)
                return laid
        return None
