"""What a run looked like over time: who ran, who led, what was committed, what went wrong. For the drawn report.

Owns spans and marks, gathered from observations; never judges. Bounded: `MARKS_MAX` of each kind; what comes beyond is
counted and not drawn.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from simulator.observation import (
    Acknowledged,
    BlockTold,
    CalmBegan,
    FaultBegan,
    FaultEnded,
    NodeBroke,
    NodeEnded,
    NodePaused,
    NodeStarted,
    RoleTaken,
    Stream,
)

# More than a screen can show.
MARKS_MAX = 20_000
DOWN = "down"
PAUSED = "paused"
LEADER = "leader"


class Span(NamedTuple):
    """Something lasted; `end_us` is None while it does."""

    start_us: int
    end_us: int | None
    what: str
    text: str


class Mark(NamedTuple):
    """Something happened at one moment."""

    time_us: int
    what: str
    text: str


@dataclass(slots=True)
class _Lane:
    """One node's line: what it is now, since when, and what it was."""

    what: str = DOWN
    text: str = ""
    since_us: int = 0
    role: tuple[str, str] = ("observer", "")
    spans: list[Span] = field(default_factory=list)


class Timeline:
    """Listens to a stream from its beginning."""

    def __init__(self, stream: Stream) -> None:
        self._lanes: dict[int, _Lane] = {}
        self.faults: dict[int, Span] = {}
        self.blocks: dict[int, int] = {}
        self.marks: list[tuple[int, Mark]] = []
        self.acknowledged: list[int] = []
        self.latencies_us: list[int] = []
        self.calm_us: int | None = None
        self.terms: set[int] = set()
        self.starts = 0
        kinds = (
            (NodeStarted, self._started),
            (NodeEnded, self._ended),
            (NodeBroke, self._broke),
            (NodePaused, self._paused),
            (RoleTaken, self._role),
            (BlockTold, self._block),
            (Acknowledged, self._acknowledged),
            (FaultBegan, self._fault_began),
            (FaultEnded, self._fault_ended),
            (CalmBegan, self._calm),
        )
        for kind, listener in kinds:
            stream.listen((kind,), listener)

    def lanes(self, end_us: int) -> Iterator[tuple[int, list[Span]]]:
        """Each node's spans, the last one closed at `end_us`."""
        for node, lane in sorted(self._lanes.items()):
            yield node, [*lane.spans, Span(lane.since_us, end_us, lane.what, lane.text)]

    def _lane(self, node: int) -> _Lane:
        lane = self._lanes.get(node)
        if lane is None:
            lane = self._lanes[node] = _Lane()
        return lane

    def _turn(self, node: int, time_us: int, what: str, text: str) -> None:
        lane = self._lane(node)
        if time_us > lane.since_us and len(lane.spans) < MARKS_MAX:
            lane.spans.append(Span(lane.since_us, time_us, lane.what, lane.text))
        lane.what, lane.text, lane.since_us = what, text, time_us

    def _mark(self, node: int, mark: Mark) -> None:
        if len(self.marks) < MARKS_MAX:
            self.marks.append((node, mark))

    def _started(self, seen: Any) -> None:
        self.starts += 1
        self._lane(seen.node).role = ("observer", "")
        self._turn(seen.node, seen.time_us, "observer", "started")

    def _ended(self, seen: Any) -> None:
        self._turn(seen.node, seen.time_us, DOWN, seen.reason)

    def _broke(self, seen: Any) -> None:
        self._mark(seen.node, Mark(seen.time_us, "broke", seen.error))

    def _paused(self, seen: Any) -> None:
        what, text = (PAUSED, "paused") if seen.paused else self._lane(seen.node).role
        self._turn(seen.node, seen.time_us, what, text)

    def _role(self, seen: Any) -> None:
        self.terms.add(seen.term)
        self._lane(seen.node).role = (seen.role, f"{seen.role} in term {seen.term}")
        self._turn(seen.node, seen.time_us, *self._lane(seen.node).role)
        if seen.role == LEADER:
            self._mark(seen.node, Mark(seen.time_us, "term", str(seen.term)))

    def _block(self, seen: Any) -> None:
        if len(self.blocks) < MARKS_MAX:
            self.blocks.setdefault(seen.height, seen.time_us)

    def _acknowledged(self, seen: Any) -> None:
        self.latencies_us.append(seen.time_us - seen.submitted_us)
        if len(self.acknowledged) < MARKS_MAX:
            self.acknowledged.append(seen.time_us)

    def _fault_began(self, seen: Any) -> None:
        self.faults[seen.number] = Span(seen.time_us, None, seen.text.partition(" ")[0], seen.text)

    def _fault_ended(self, seen: Any) -> None:
        self.faults[seen.number] = self.faults[seen.number]._replace(end_us=seen.time_us)

    def _calm(self, seen: Any) -> None:
        self.calm_us = seen.time_us
