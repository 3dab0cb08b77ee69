"""Rows of a CSV file of a data set, with the place of each for messages.

Owns opening the file, its columns, and the bound on its rows. Never knows what a column means.
"""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from cli.errors import UsageError

# Many years of a very large organisation; a demonstration with more would not end in minutes.
ROWS_MAX = 100_000

Entry = TypeVar("Entry")


class BadRowError(Exception):
    """A row that cannot be used; `column` says where."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


def read_rows(path: Path, columns: tuple[str, ...], make: Callable[[dict[str, str]], Entry]) -> list[Entry]:
    """What `make` makes of each row, in the order of the file; at most `ROWS_MAX`.

    Args:
        path: The file.
        columns: It has to have these; `make` gets a text for each, perhaps empty.
        make: Raises `BadRowError` for a row that is none.

    Raises:
        UsageError: no such file, not such a file, or a bad row, with its line.
    """
    found: list[Entry] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if rows.fieldnames is None or not set(columns) <= set(rows.fieldnames):
                raise UsageError(
                    "{path} lacks columns; a data set has {columns}", path=str(path), columns=", ".join(columns)
                )
            for row in rows:
                if len(found) == ROWS_MAX:
                    raise UsageError(
                        "{path} has more than {limit} rows; leave some out", path=str(path), limit=ROWS_MAX
                    )
                try:
                    found.append(make({column: row[column] or "" for column in columns}))
                except BadRowError as error:
                    raise UsageError(
                        "line {number} of {path} has no usable `{column}`; correct the line",
                        number=rows.line_num,
                        path=str(path),
                        column=error.column,
                    ) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(
            "the data set {path} cannot be read: {reason}; give a folder with such a file with --data",
            path=str(path),
            reason=str(error),
        ) from error
    return found
