"""Ranked ballots from a table that somebody has published: a column for each candidate, a row for each ballot.

Owns the reading of such files and what is refused in them. Never counts. Invariants: a cell is a rank or says nothing;
a column that is no candidate's is left out only if that was asked for; nothing is guessed that could change a result.
Source: docs/reference/reports.md, "election".
"""

import codecs
import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cli.errors import UsageError
from cli.importing.sheet import read_file
from contracts.ballots.counting.preferences import Ranking

# Schulze's method takes the cube of it: some seconds.
CANDIDATES_MAX = 200
BALLOTS_MAX = 200_000
NAME_LENGTH_MAX = 200
# Rows named in an error; whoever repairs the file wants the first few.
ROWS_SHOWN_MAX = 5
# With fewer rows, a column in which no rank repeats may well be a candidate's.
NUMBERING_ROWS_MIN = 10

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Of a spreadsheet's file, and of the format before it.
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_GUESSES = ("gb18030", "big5", "latin-1")
_DELIMITERS = (",", ";", "\t")
# What elections have written where a ballot says nothing of a candidate.
_SILENT = frozenset(("", "no opinion", "no_opinion", "noopinion", "-", "\u2013", "\u2014"))
# A spreadsheet may have made a decimal number of it.
_RANK = re.compile(r"([1-9][0-9]{0,8})(?:\.0+)?")


class ReadingOptions(NamedTuple):
    """How a file is read: `encoding` and `delimiter` are found out where they are None.

    `voter` is the name of the column that says whose ballot it is; `ignored` those of further columns, all of which are
    no candidates.
    """

    encoding: str | None = None
    delimiter: str | None = None
    voter: str | None = None
    ignored: tuple[str, ...] = ()


@dataclass(slots=True)
class Election:
    """Ballots as they were read. `rows` are those of the ballots, counted from 1 with the names' row.

    `blank_cells` says in how many cells nothing stood, rather than that there is no opinion; `rank_most` is the highest
    rank.
    """

    name: str
    sha256: bytes
    candidates: list[str]
    rankings: list[Ranking] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    blank_cells: int = 0
    rank_most: int = 0

    @property
    def silent(self) -> int:
        """How many ballots rank nobody."""
        return sum(all(rank is None for rank in ranking) for ranking in self.rankings)


def read_election(path: Path, options: ReadingOptions) -> Election:
    """The ballots in a file.

    Raises:
        UsageError: what is wrong, in which row and column, and what to do about it.
    """
    content = read_file(path)
    if content.startswith(_WORKBOOKS):
        raise UsageError("this is a workbook and not CSV; export the sheet with the ballots as CSV")
    table = list(_rows(_decoded(content, options.encoding), options.delimiter))
    if not table:
        raise UsageError("the file has no row with the names of candidates; export it again")
    names, columns = _columns(table[0][1], table[1:], options)
    if len(columns) > CANDIDATES_MAX:
        raise UsageError(
            "there are {count} candidates, at most {limit} are counted", count=len(columns), limit=CANDIDATES_MAX
        )
    election = Election(path.name, hashlib.sha256(content).digest(), [names[one] for one in columns])
    for number, cells in table[1:]:
        _take_ballot(election, number, cells, names, columns)
    if not election.rankings:
        raise UsageError("the file has names of candidates and no ballots; export it again")
    _check_numbering(election)
    if options.voter is not None:
        _check_voters(table[1:], names.index(options.voter), options.voter)
    return election


def _decoded(content: bytes, encoding: str | None) -> str:
    marked = next((known for mark, known in _MARKS if content.startswith(mark)), None)
    wanted = encoding or marked or "utf-8"
    try:
        return content.decode(wanted).removeprefix("\ufeff")
    except LookupError as error:
        raise UsageError(
            "{encoding} is no encoding that is known here; try utf-8 or gb18030", encoding=wanted
        ) from error
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        guess = next(known for known in _GUESSES if _decodes(content, known))
        raise UsageError(
            "row {row} is not written in {encoding}; if the names look right with it, give `--encoding {guess}`",
            row=row,
            encoding=wanted,
            guess=guess,
        ) from error


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _rows(text: str, delimiter: str | None) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, with their numbers; cells without the blanks around them."""
    first = text.partition("\n")[0]
    # The one that parts the first row into the most cells.
    found = delimiter or max(_DELIMITERS, key=lambda one: len(next(csv.reader([first], delimiter=one), [])))
    number = 0
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=found, strict=True), 1):
            cells = [cell.strip().strip("\ufeff\u200b") for cell in row]
            if any(cells):
                if number > BALLOTS_MAX + 1:
                    raise UsageError("there are more than {limit} ballots; split the file", limit=BALLOTS_MAX)
                yield number, cells
    except csv.Error as error:
        raise UsageError(
            "the file cannot be read after row {number}: {reason}; look for a quote that is not closed",
            number=number,
            reason=str(error),
        ) from error


def _columns(
    header: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]], options: ReadingOptions
) -> tuple[list[str], list[int]]:
    """The names of all columns, and the positions of those that are candidates'."""
    names = [unicodedata.normalize("NFC", " ".join(cell.split())) for cell in header]
    while names and not names[-1] and not any(len(cells) >= len(names) and cells[len(names) - 1] for _, cells in rows):
        names.pop()
    for position, name in enumerate(names):
        if len(name) > NAME_LENGTH_MAX:
            raise UsageError(
                "the name in column {column} has more than {limit} characters",
                column=position + 1,
                limit=NAME_LENGTH_MAX,
            )
        if names.index(name) != position:
            raise UsageError(
                "two columns have the name {name} (columns {first} and {second}); rename one of them",
                name=repr(name),
                first=names.index(name) + 1,
                second=position + 1,
            )
    left_out = {*options.ignored, *([] if options.voter is None else [options.voter])}
    for name in sorted(left_out - set(names)):
        raise UsageError(
            "there is no column {name}; the columns are {columns}", name=repr(name), columns=", ".join(names)
        )
    columns = [position for position, name in enumerate(names) if name not in left_out]
    for position in columns:
        if not names[position]:
            raise UsageError(
                "column {column} has no name; name it, or leave it out with `--ignore ''` if it is no candidate",
                column=position + 1,
            )
    if not columns or all(_RANK.fullmatch(names[one]) or names[one].casefold() in _SILENT for one in columns):
        raise UsageError("the first row names no candidates; put their names above the ballots")
    for position in columns:
        _check_candidate(names[position], position, rows)
    return names, columns


def _check_candidate(name: str, position: int, rows: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Refuse a column in which nothing is a rank: it is somebody's name, a time, a remark."""
    said = [cells[position] for _, cells in rows if len(cells) > position and cells[position].casefold() not in _SILENT]
    if said and not any(_RANK.fullmatch(one) for one in said):
        raise UsageError(
            "the column {name} holds no ranks (but {cell}); if it is no candidate, give `--ignore {option}`, or"
            " `--voter {option}` if it says whose ballot it is",
            name=repr(name),
            cell=repr(said[0][:40]),
            option=repr(name),
        )


def _take_ballot(
    election: Election, number: int, cells: Sequence[str], names: Sequence[str], columns: Sequence[int]
) -> None:
    if len(cells) < len(names) or any(cells[len(names) :]):
        raise UsageError(
            "row {row} has {count} cells, and there are {columns} columns; look for a missing or surplus separator",
            row=number,
            count=len(cells),
            columns=len(names),
        )
    ranking: list[int | None] = []
    for position in columns:
        cell = cells[position]
        match = _RANK.fullmatch(cell)
        if match is None and cell.casefold() not in _SILENT:
            raise UsageError(
                "row {row}, column {name}: {cell} is no rank; write 1 for the best, 2, …, or No opinion",
                row=number,
                name=repr(names[position]),
                cell=repr(cell[:40]),
            )
        election.blank_cells += not cell
        ranking.append(None if match is None else int(match[1]))
    election.rankings.append(tuple(ranking))
    election.rows.append(number)
    election.rank_most = max(election.rank_most, *(rank or 0 for rank in ranking))


def _check_numbering(election: Election) -> None:
    """Refuse a column that counts the ballots: every number in it once, more of them than there are candidates."""
    count = len(election.rankings)
    if count < max(NUMBERING_ROWS_MIN, len(election.candidates) + 1):
        return
    for position, name in enumerate(election.candidates):
        ranks = {ranking[position] for ranking in election.rankings}
        if None not in ranks and len(ranks) == count:
            raise UsageError(
                "the column {name} holds another number in every row, as if it numbered the ballots; leave it out with"
                " `--ignore {option}`",
                name=repr(name),
                option=repr(name),
            )


def _check_voters(rows: Sequence[tuple[int, Sequence[str]]], position: int, column: str) -> None:
    """Refuse two ballots of one voter: which of them counts is not for a program to choose."""
    seen: dict[str, int] = {}
    twice: list[str] = []
    for number, cells in rows:
        voter = unicodedata.normalize("NFC", cells[position])
        if not voter:
            raise UsageError("row {row} does not say whose ballot it is (column {name})", row=number, name=repr(column))
        if voter in seen:
            twice.append(f"{seen[voter]} / {number}")
        seen.setdefault(voter, number)
    if twice:
        raise UsageError(
            "{count} voters have several ballots (rows {rows}); keep the one of each that counts",
            count=len(twice),
            rows=", ".join(twice[:ROWS_SHOWN_MAX]) + (", …" if len(twice) > ROWS_SHOWN_MAX else ""),
        )
