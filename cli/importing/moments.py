"""Dates and times, from what people and spreadsheets write.

Owns the forms that are taken: ISO 8601, Chinese dates, dates in a stated order, and the cells of workbooks. A time on
the ledger is milliseconds since 1970 UTC; one without an offset needs a zone, and must have been once in it. Never
guesses an order of day and month, a century, or a zone.
"""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cli.importing.cells import Cell, CellError, stripped, text_of

_DATE = re.compile(r"(\d{1,4})(?:[-/.]|\s*年\s*)(\d{1,2})(?:[-/.]|\s*月\s*)(\d{1,4})(?:\s*[日号])?", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_CLOCK = re.compile(
    r"(?P<half>上午|下午|凌晨|早上|中午|晚上)?\s*(?P<hour>\d{1,2})(?::|\s*[点时]\s*)(?P<minute>\d{1,2})?\s*分?"
    r"(?::?(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?\s*秒?)?\s*(?P<meridiem>[AaPp]\.?[Mm]\.?)?"
    r"\s*(?P<offset>[Zz]|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})", re.ASCII)
_AFTERNOON = frozenset(("下午", "晚上", "p"))
_YEAR_LEAST = 1000


def date_of(cell: Cell, order: str) -> date:
    """The date in a cell; `order` is `ymd`, `dmy` or `mdy`.

    Raises:
        CellError: there is none, or a time of day beside it.
    """
    if isinstance(cell, datetime):
        if cell.time() != time():
            raise CellError("this is a date with a time of day; a date alone is needed")
        return cell.date()
    if isinstance(cell, date):
        return cell
    found, rest = _leading_date(_plain(cell), order)
    if rest:
        raise CellError("this is no date alone; write it such as 2024-03-05")
    return found


def time_ms_of(cell: Cell, order: str, zone: ZoneInfo | None) -> int:
    """The moment in a cell, in milliseconds since 1970 UTC; a date alone is its first moment.

    Raises:
        CellError: none, without an offset where no zone is known, or one that the zone's clocks left out or had twice.
    """
    return _milliseconds(_moment(cell, order, zone))


def _moment(cell: Cell, order: str, zone: ZoneInfo | None) -> datetime:
    if isinstance(cell, datetime):
        return cell if cell.tzinfo is not None else _in_zone(cell, zone)
    if isinstance(cell, date):
        return _in_zone(datetime.combine(cell, time()), zone)
    day, rest = _leading_date(_plain(cell), order)
    clock, offset = _clock(rest) if rest else (timedelta(), None)
    try:
        naive = datetime.combine(day, time()) + clock
        if offset is not None:
            return naive.replace(tzinfo=UTC) - offset
    except OverflowError as error:
        raise _no_time() from error
    return _in_zone(naive, zone)


def _leading_date(text: str, order: str) -> tuple[date, str]:
    match = _COMPACT.match(text) if order == "ymd" and not _DATE.match(text) else _DATE.match(text)
    if match is None:
        raise CellError("this is no date; write it such as 2024-03-05 or 2024年3月5日")
    parts = dict(zip(order, match.groups(), strict=True))
    year, month, day = (int(parts[name]) for name in "ymd")
    if year < _YEAR_LEAST:
        raise CellError("the year has to have four digits and stand where the plan says ({order})", order=order)
    try:
        return date(year, month, day), stripped(text[match.end() :].removeprefix("T"))
    except ValueError as error:
        raise CellError("there is no such day in the calendar") from error


def _clock(text: str) -> tuple[timedelta, timedelta | None]:
    """The time of day, and the offset from UTC if one is written."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise _no_time()
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    half = match["half"] or (match["meridiem"] or "")[:1].lower()
    if half:
        if hour > 12:
            half = ""
        elif half in _AFTERNOON:
            hour += 12 if hour < 12 else 0
        elif half != "中午":
            hour = 0 if hour == 12 else hour
    if hour > 23 or minute > 59 or second > 59:
        raise _no_time()
    fraction = int((match["fraction"] or "0").ljust(6, "0")[:6])
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=fraction), _offset(match["offset"])


def _offset(text: str | None) -> timedelta | None:
    if text is None:
        return None
    match = _OFFSET.fullmatch(text)
    if match is None:
        return timedelta()
    size = timedelta(hours=int(match[2]), minutes=int(match[3]))
    if int(match[2]) > 23 or int(match[3]) > 59:
        raise _no_time()
    return -size if match[1] == "-" else size


def _in_zone(naive: datetime, zone: ZoneInfo | None) -> datetime:
    if zone is None:
        raise CellError(
            "the time says no offset from UTC; write one such as +08:00, or set `zone` in the plan, such as"
            " Asia/Shanghai"
        )
    try:
        first, second = naive.replace(tzinfo=zone, fold=0), naive.replace(tzinfo=zone, fold=1)
        if first.utcoffset() == second.utcoffset():
            return first
        if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != naive:
            raise CellError("the clocks of {zone} left this time out; write what they showed", zone=zone.key)
    except OverflowError as error:
        raise _no_time() from error
    raise CellError("the clocks of {zone} showed this time twice; write the offset behind it", zone=zone.key)


def _milliseconds(moment: datetime) -> int:
    try:
        since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    except OverflowError as error:
        raise _no_time() from error
    return since // timedelta(milliseconds=1)


def _plain(cell: Cell) -> str:
    if isinstance(cell, bool | int | float):
        raise CellError("this is a number and not a date; format the column as a date")
    text = text_of(cell)
    return stripped(text if text.isascii() else unicodedata.normalize("NFKC", text))


def _no_time() -> CellError:
    return CellError("this is no time; write it such as 2024-03-05 14:30 or 2024年3月5日 14:30")
