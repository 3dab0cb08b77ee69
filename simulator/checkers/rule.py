"""What a checker is: a rule, the kinds of facts it looks at, and what it says when one breaks the rule.

Owns the interface and `Watch`, which feeds all checkers and remembers the first breach. A checker never raises and
never changes anything but its own memory.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, NamedTuple, Protocol

from simulator.observation import LiarNamed, Stream


class Violation(NamedTuple):
    """A rule was broken; node numbers and the like are in the text."""

    rule: str
    text: str
    time_us: int


class Checker(Protocol):
    """One rule. `KINDS` are the observations that it is shown."""

    RULE: ClassVar[str]
    KINDS: ClassVar[tuple[type, ...]]

    def see(self, observation: Any) -> str | None:
        """What is wrong with this, or None."""

    def end(self, time_us: int) -> str | None:
        """What is wrong with the whole, or None; called once, when the run is over and nothing else was wrong."""


class Watch:
    """All checkers of a run; `found` is the first violation, and `stop` is called when there is one.

    What nodes of `liars` are seen to do is nobody's business: rules are for the honest ones. That they lie is.
    """

    def __init__(
        self,
        checkers: Iterable[Checker],
        stream: Stream,
        stop: Callable[[], None],
        liars: frozenset[int] = frozenset(),
    ) -> None:
        self.found: Violation | None = None
        self._stop = stop
        self._liars = liars
        self._checkers = tuple(checkers)
        for checker in self._checkers:
            stream.listen(checker.KINDS, self._listener(checker))

    def end(self, time_us: int) -> None:
        """Ask every checker about the whole run."""
        for checker in self._checkers:
            if self.found is None:
                self._judge(checker, checker.end(time_us), time_us)

    def _listener(self, checker: Checker) -> Callable[[Any], None]:
        see, liars = checker.see, self._liars

        def listen(observation: Any) -> None:
            if liars and getattr(observation, "node", None) in liars and not isinstance(observation, LiarNamed):
                return
            text = see(observation)
            if text is not None:
                self._judge(checker, text, observation.time_us)

        return listen

    def _judge(self, checker: Checker, text: str | None, time_us: int) -> None:
        if text is not None and self.found is None:
            self.found = Violation(checker.RULE, text, time_us)
            self._stop()
