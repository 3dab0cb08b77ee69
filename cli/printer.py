"""Text for people: lines, labelled fields, tables.

Owns the layout (columns that are right for wide Chinese characters too) and the rule that nothing from the ledger
can steer a terminal. Never decides what is shown. On a terminal long values are folded; in a pipe nothing is cut.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

# Control characters but line break and tab, and the characters that turn the direction of writing around.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Wider than any line there is: nothing is folded where no terminal asks for it.
_PIPE_WIDTH = 1_000_000


def printable(text: str) -> str:
    """`text` with every character that could steer a terminal shown as an escape, such as `\\x1b`."""
    return _STEERING.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


def time_text(time_ms: int) -> str:
    """A time in milliseconds since 1970 as people read it, in UTC; the number itself where no calendar has it."""
    try:
        moment = datetime.fromtimestamp(time_ms // 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{time_ms} ms"
    return f"{moment:%Y-%m-%d %H:%M:%S}.{time_ms % 1000:03} UTC"


class Printer:
    """Prints to one stream."""

    def __init__(self, stream: TextIO) -> None:
        terminal = stream.isatty()
        self._console = Console(
            file=stream, width=None if terminal else _PIPE_WIDTH, markup=False, highlight=False, emoji=False
        )

    def line(self, text: str = "", style: str | None = None) -> None:
        """One line, or several with line breaks in `text`; terminals wrap it as they like."""
        self._console.print(Text(printable(text), style=style or ""), soft_wrap=True)

    def good(self, text: str) -> None:
        """A line that says that something is as it should be."""
        self.line(text, "green")

    def bad(self, text: str) -> None:
        """A line that says that something is not."""
        self.line(text, "bold red")

    def fields(self, rows: Iterable[tuple[str, object]]) -> None:
        """Labels and values, one pair a line; the values stand below each other."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="bold", no_wrap=True)
        grid.add_column(overflow="fold")
        for label, value in rows:
            grid.add_row(Text(printable(label)), Text(printable(str(value))))
        self._print_table(grid)

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A table; numbers stand to the right."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for header in headers:
            table.add_column(Text(printable(header)), overflow="fold")
        for row in rows:
            table.add_row(
                *(Text(printable(str(cell)), justify="right" if isinstance(cell, int) else "left") for cell in row)
            )
        self._print_table(table)

    def _print_table(self, table: Table) -> None:
        # In a pipe the lines end where their text ends: trailing spaces are in the way of other programs.
        if self._console.is_terminal:
            self._console.print(table)
            return
        with self._console.capture() as captured:
            self._console.print(table)
        for line in captured.get().splitlines():
            self._console.file.write(line.rstrip() + "\n")
