"""Official results of elections, from a table of places, to compare a count with.

Owns the form of that table: columns `election`, `place`, `candidate`, and `seats` where it is known. Never counts.
Source: docs/reference/reports.md, "election".
"""

import csv
import io
from pathlib import Path
from typing import NamedTuple

from cli.errors import UsageError
from cli.importing.sheet import read_file

_COLUMNS = ("election", "place", "candidate")


class Official(NamedTuple):
    """What was declared: the candidates of each place, best first, and the seats, if they are known."""

    places: list[list[str]]
    seats: int | None


def read_official(path: Path, election: str) -> Official:
    """What a file says of one election.

    Raises:
        UsageError: it says nothing of it, or is not such a table.
    """
    try:
        text = read_file(path).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError("the official results are no CSV file in UTF-8: {reason}", reason=str(error)) from error
    for column in _COLUMNS:
        if not rows or column not in rows[0]:
            raise UsageError(
                "the official results have no column {name}; they need {columns}",
                name=column,
                columns=", ".join(_COLUMNS),
            )
    known = sorted({row["election"] or "" for row in rows})
    if election not in known:
        raise UsageError(
            "the official results have no election {name}, but {known}; name one of them with `--election`",
            name=repr(election),
            known=", ".join(known),
        )
    places: dict[int, list[str]] = {}
    seats: set[int] = set()
    for number, row in enumerate(rows, 2):
        if row["election"] == election:
            places.setdefault(_number(row, "place", number), []).append((row["candidate"] or "").strip())
            if row.get("seats"):
                seats.add(_number(row, "seats", number))
    return Official([places[place] for place in sorted(places)], seats.pop() if len(seats) == 1 else None)


def _number(row: dict[str, str], column: str, number: int) -> int:
    cell = (row[column] or "").strip()
    if not cell.isdecimal() or int(cell) < 1:
        raise UsageError(
            "row {row} of the official results: {cell} is no {column}", row=number, cell=repr(cell), column=column
        )
    return int(cell)
