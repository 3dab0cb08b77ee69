"""A drawing of a few lines over a logarithmic axis: an SVG that stands beside the figures.

Owns shapes and colours; the figures are the caller's. What is drawn is there as text, too, for those who do not see it.
"""

from collections.abc import Mapping, Sequence
from html import escape
from math import log10
from pathlib import Path
from typing import NamedTuple

_WIDTH, _HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 40, 40
_COLOURS = ("#1f7a4d", "#2f6db3", "#c8473b", "#8e7cc3", "#e8b04a", "#40454c")
_STEPS = 4


class Point(NamedTuple):
    """One figure; `x` is above 0."""

    x: float
    y: float


def write_line_chart(path: Path, title: str, x_label: str, lines: Mapping[str, Sequence[Point]]) -> None:
    """Draw the lines, each under its name; the upright axis begins at 0."""
    points = [point for line in lines.values() for point in line]
    low, high = log10(min(point.x for point in points)), log10(max(point.x for point in points))
    most = max(point.y for point in points) or 1.0

    def place(point: Point) -> tuple[float, float]:
        along = (log10(point.x) - low) / ((high - low) or 1.0)
        x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * along
        return round(x, 1), round(_HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * point.y / most, 1)

    parts = [f'<text x="{_LEFT}" y="16" font-weight="bold">{escape(title)}</text>']
    for step in range(_STEPS + 1):
        value = most * step / _STEPS
        _, y = place(Point(10**low, value))
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}" stroke="#dde1e6"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{value:.3g}</text>')
    for x_value in sorted({point.x for point in points}):
        x, y = place(Point(x_value, 0))
        parts.append(f'<text x="{x}" y="{y + 16}" text-anchor="middle">{x_value:g}</text>')
    parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 6}" text-anchor="end">{escape(x_label)}</text>')
    for number, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        told = ", ".join(f"{point.x:g}: {point.y:.3g}" for point in line)
        spots = " ".join(f"{x},{y}" for x, y in map(place, line))
        parts.append(
            f'<polyline points="{spots}" fill="none" stroke="{colour}" stroke-width="2">'
            f"<title>{escape(name)}: {told}</title></polyline>"
        )
        parts.append(f'<text x="{_LEFT + 10 + 180 * number}" y="32" fill="{colour}">{escape(name)}</text>')
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        f' aria-label="{escape(title)}" font-family="sans-serif" font-size="11">' + "".join(parts) + "</svg>\n",
        encoding="utf-8",
    )
