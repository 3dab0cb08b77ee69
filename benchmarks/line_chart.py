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
# As many lines as there can be.
_COLOURS = ("#1f7a4d", "#2f6db3", "#c8473b", "#8e7cc3", "#e8b04a", "#40454c", "#2a9d8f", "#b5548e", "#8a6d3b")
_STEPS = 4
_NAMES_IN_A_ROW, _NAME_WIDTH, _ROW_HEIGHT = 3, 190, 16


class Point(NamedTuple):
    """One figure; `x` is above 0."""

    x: float
    y: float


def write_line_chart(path: Path, title: str, x_label: str, lines: Mapping[str, Sequence[Point]]) -> None:
    """Draw the lines, at most nine, each under its name; the upright axis begins at 0."""
    assert 0 < len(lines) <= len(_COLOURS), "every line has a colour of its own"
    more = _ROW_HEIGHT * ((len(lines) - 1) // _NAMES_IN_A_ROW)
    top, height = _TOP + more, _HEIGHT + more
    points = [point for line in lines.values() for point in line]
    low, high = log10(min(point.x for point in points)), log10(max(point.x for point in points))
    most = max(point.y for point in points) or 1.0

    def place(point: Point) -> tuple[float, float]:
        along = (log10(point.x) - low) / ((high - low) or 1.0)
        x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * along
        return round(x, 1), round(height - _BOTTOM - (height - top - _BOTTOM) * point.y / most, 1)

    parts = [f'<text x="{_LEFT}" y="16" font-weight="bold">{escape(title)}</text>']
    for step in range(_STEPS + 1):
        value = most * step / _STEPS
        _, y = place(Point(10**low, value))
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}" stroke="#dde1e6"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{_number(value)}</text>')
    for x_value in sorted({point.x for point in points}):
        x, y = place(Point(x_value, 0))
        parts.append(f'<text x="{x}" y="{y + 16}" text-anchor="middle">{x_value:g}</text>')
    parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{height - 6}" text-anchor="end">{escape(x_label)}</text>')
    for number, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[number]
        row, column = divmod(number, _NAMES_IN_A_ROW)
        told = ", ".join(f"{point.x:g}: {_number(point.y)}" for point in line)
        spots = " ".join(f"{x},{y}" for x, y in map(place, line))
        parts.append(
            f'<polyline points="{spots}" fill="none" stroke="{colour}" stroke-width="2">'
            f"<title>{escape(name)}: {told}</title></polyline>"
        )
        name_x, name_y = _LEFT + _NAME_WIDTH * column, 32 + _ROW_HEIGHT * row
        parts.append(f'<text x="{name_x}" y="{name_y}" fill="{colour}">{escape(name)}</text>')
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"'
        f' aria-label="{escape(title)}" font-family="sans-serif" font-size="11">' + "".join(parts) + "</svg>\n",
        encoding="utf-8",
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
