"""The drawing of a run: an SVG with time from left to right, a lane for each node, faults below, commits above.

Owns shapes and colours; reads a timeline and nothing else. What the drawing shows is also there as text (titles of the
shapes, which browsers show and screen readers read).
"""

from collections.abc import Iterable, Iterator
from html import escape

from simulator.timeline import DOWN, LEADER, PAUSED, Span, Timeline

WIDTH = 1200
_LEFT = 110
_RIGHT = 20
_LANE = 26
_GAP = 6
_TOP = 78
_SECOND_US = 1_000_000
# Enough lines for the eye, whatever the length.
_TICKS = 12
_COLOURS = {
    LEADER: "#1f7a4d",
    "follower": "#9cc5e8",
    "candidate": "#e8b04a",
    "observer": "#cfd4da",
    PAUSED: "#8e7cc3",
    DOWN: "#40454c",
}
_FAULT_COLOUR = "#c8473b"
_COMMIT_COLOUR = "#1f7a4d"
# The commits are counted in so many columns.
_COLUMNS = 200
_COMMIT_HEIGHT = 36
# Lanes of a thousand nodes are still an image; more faults than these are listed and not drawn.
_FAULT_LANES_MAX = 60


class Chart:
    """One drawing; `svg` is the whole of it."""

    def __init__(self, timeline: Timeline, end_us: int, failed_us: int | None) -> None:
        self._timeline = timeline
        self._end_us = max(end_us, 1)
        self._failed_us = failed_us
        self._lanes = list(timeline.lanes(end_us))
        self._faults = sorted(timeline.faults.values(), key=lambda fault: fault.start_us)[:_FAULT_LANES_MAX]

    def svg(self) -> str:
        """The drawing as an SVG element."""
        parts = [
            *self._grid(),
            *self._commits(),
            *self._nodes(),
            *self._marks(),
            *self._fault_bars(),
            *self._failure(),
        ]
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self._height}" role="img"'
            f' aria-label="Nodes, leaders, commits and faults over time" font-family="sans-serif" font-size="11">'
            + "".join(parts)
            + "</svg>"
        )

    @property
    def _faults_top(self) -> int:
        return _TOP + len(self._lanes) * (_LANE + _GAP) + 24

    @property
    def _height(self) -> int:
        return self._faults_top + len(self._faults) * 14 + 20

    def _x(self, time_us: int) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * min(time_us, self._end_us) / self._end_us, 2)

    def _y(self, node: int) -> int:
        order = {number: place for place, (number, _) in enumerate(self._lanes)}
        return _TOP + order.get(node, 0) * (_LANE + _GAP)

    def _grid(self) -> Iterator[str]:
        step_us = max(self._end_us // _TICKS // _SECOND_US, 1) * _SECOND_US
        for time_us in range(0, self._end_us + 1, step_us):
            x = self._x(time_us)
            yield f'<line x1="{x}" y1="{_TOP - 8}" x2="{x}" y2="{self._height - 16}" stroke="#e3e6ea"/>'
            yield f'<text x="{x}" y="{self._height - 4}" text-anchor="middle">{time_us // _SECOND_US} s</text>'

    def _commits(self) -> Iterator[str]:
        """How many transactions were committed in each column of time."""
        yield f'<text x="{_LEFT - 8}" y="{_TOP - 18}" text-anchor="end">committed</text>'
        counts = [0] * _COLUMNS
        for time_us in self._timeline.acknowledged:
            counts[min(time_us * _COLUMNS // self._end_us, _COLUMNS - 1)] += 1
        highest = max(counts)
        width = (WIDTH - _LEFT - _RIGHT) / _COLUMNS
        for column, count in enumerate(counts):
            if count:
                height = round(_COMMIT_HEIGHT * count / highest, 2)
                yield _rectangle(
                    _LEFT + column * width, _TOP - 14 - height, width, height, _COMMIT_COLOUR, f"{count} transactions"
                )

    def _nodes(self) -> Iterator[str]:
        for node, spans in self._lanes:
            y = self._y(node)
            yield f'<text x="{_LEFT - 8}" y="{y + 17}" text-anchor="end">node {node}</text>'
            yield from self._spans(spans, y)

    def _spans(self, spans: Iterable[Span], y: int) -> Iterator[str]:
        for span in spans:
            end_us = self._end_us if span.end_us is None else span.end_us
            left, right = self._x(span.start_us), self._x(end_us)
            title = f"{span.text or span.what}, {_seconds(span.start_us)} to {_seconds(end_us)} s"
            yield _rectangle(left, y, max(right - left, 0.5), _LANE, _COLOURS.get(span.what, "#cfd4da"), title)

    def _marks(self) -> Iterator[str]:
        for node, mark in self._timeline.marks:
            x, y = self._x(mark.time_us), self._y(node)
            if mark.what == "term":
                yield f'<text x="{x + 2}" y="{y + 17}" fill="#fff">{escape(mark.text)}</text>'
            else:
                yield (
                    f'<circle cx="{x}" cy="{y + _LANE / 2}" r="6" fill="{_FAULT_COLOUR}">'
                    f"<title>{escape(mark.text)}</title></circle>"
                )

    def _fault_bars(self) -> Iterator[str]:
        for place, fault in enumerate(self._faults):
            y = self._faults_top + place * 14
            end_us = self._end_us if fault.end_us is None else fault.end_us
            left, right = self._x(fault.start_us), self._x(end_us)
            yield _rectangle(left, y, max(right - left, 2), 10, _FAULT_COLOUR, fault.text)
            yield f'<text x="{_LEFT - 8}" y="{y + 9}" text-anchor="end">{escape(fault.what)}</text>'
        calm_us = self._timeline.calm_us
        if calm_us is not None and self._faults:
            x = self._x(calm_us)
            yield (
                f'<line x1="{x}" y1="{_TOP - 8}" x2="{x}" y2="{self._height - 16}" stroke="{_COMMIT_COLOUR}"'
                f' stroke-dasharray="4 3"><title>the last fault is over</title></line>'
            )

    def _failure(self) -> Iterator[str]:
        if self._failed_us is not None:
            x = self._x(self._failed_us)
            yield (
                f'<line x1="{x}" y1="{_TOP - 60}" x2="{x}" y2="{self._height - 16}" stroke="{_FAULT_COLOUR}"'
                f' stroke-width="2"><title>the rule was broken here</title></line>'
            )


def legend() -> str:
    """What the colours mean, as HTML."""
    items = [*_COLOURS.items(), ("fault", _FAULT_COLOUR)]
    return " ".join(f'<span class="key"><i style="background:{colour}"></i>{what}</span>' for what, colour in items)


def _rectangle(x: float, y: float, width: float, height: float, colour: str, title: str) -> str:
    return (
        f'<rect x="{round(x, 2)}" y="{round(y, 2)}" width="{round(width, 2)}" height="{round(height, 2)}"'
        f' fill="{colour}"><title>{escape(title)}</title></rect>'
    )


def _seconds(time_us: int) -> str:
    return f"{time_us / _SECOND_US:.3f}"
