"""What stands in a cell, and what a person reads there.

Owns the types of cells and their text. Never converts a text into anything else. A CSV file has texts only; a workbook
has numbers, truth values, dates and cells that cannot be used.
"""

import math
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, TypeAlias

from cli.errors import UsageError

# What Excel itself can hold; a larger one is a file that was put together by something else.
CELL_LENGTH_MAX = 32_767
# Excel keeps fifteen digits of a number and makes zeros of the others.
EXACT_MAX = 10**15
# White space, and the marks without width that copying from web pages leaves.
_BLANK = " \t\r\n\v\f\u00a0\u2007\u202f\u3000\ufeff\u200b\u2060"


class CellError(UsageError):
    """A cell cannot become what the plan asks for; the sentence says what is wrong and what to do."""

    code = "cell"


class UnusableCell(NamedTuple):
    """A cell without a usable value: an Excel error, a formula that was never calculated."""

    shown: str
    error: CellError


Cell: TypeAlias = str | int | float | bool | datetime | date | time | timedelta | UnusableCell | None


def text_of(cell: Cell) -> str:
    """The text of a cell, normalised to NFC, as it was typed: numbers without what a computer adds to them.

    Raises:
        CellError: the cell cannot be used.
    """
    if isinstance(cell, str):
        return cell if cell.isascii() else unicodedata.normalize("NFC", cell)
    if cell is None:
        return ""
    if isinstance(cell, UnusableCell):
        raise cell.error
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return number_text(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time):
        return cell.isoformat("seconds" if cell.second else "minutes")
    minutes, seconds = divmod(int(cell.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if seconds else f"{hours}:{minutes:02}"


def number_text(number: int | float) -> str:
    """A number as a spreadsheet shows it: 7 for 7.0, fifteen digits at most, never an exponent.

    Raises:
        CellError: not a number, or too large to be told exactly.
    """
    if math.isnan(number) or abs(number) >= EXACT_MAX:
        raise CellError(
            "the number is too long for a spreadsheet, which changed its last digits; format the column as text and"
            " type it again"
        )
    if number == int(number):
        return str(int(number))
    return f"{number:.15g}" if abs(number) >= 1e-4 else f"{number:.20f}".rstrip("0")


def stripped(text: str) -> str:
    """`text` without blanks around it, the invisible ones included."""
    return text.strip(_BLANK)


def is_blank(cell: Cell) -> bool:
    """Whether nothing stands in the cell."""
    return cell is None or (isinstance(cell, str) and not stripped(cell))


def shown_cell(cell: Cell) -> str:
    """What a person sees in the cell, for a report; never raises."""
    if isinstance(cell, UnusableCell):
        return cell.shown
    try:
        return text_of(cell)
    except CellError:
        return str(cell)
