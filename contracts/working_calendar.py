"""Which days are worked in a network: Monday to Friday, less the holidays, plus the weekend days worked instead.

Owns the record `working-days/current`, how administrators change a year of it, and its reading. Never counts days
(`contracts.calendar.working_days` does). Invariants: a listed day lies in its year, once, and is either a holiday or
worked; what was reckoned before a change stays as it was: a term that runs has its end. Source:
docs/reference/calendar.md, "Working days".
"""

from functools import lru_cache, partial

from contracts.arguments import Argument, Arguments, Integer, ListOf, Text
from contracts.calendar.dates import SATURDAY, date_of, format_date, parse_date, weekday_of
from contracts.calendar.working_days import WorkingCalendar
from contracts.context import Context
from contracts.errors import Reason, Refusal
from contracts.plan import Plan
from contracts.record import Record
from contracts.run_context import RunContext
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.hashing import Hash

KIND_WORKING_DAYS = "working-days"
CURRENT = "current"
SUBJECT = f"{KIND_WORKING_DAYS}/{CURRENT}"
CHANGED = "governance.working-days-changed"

# The longest list that a state has announced for a year has some thirty days off, weekends among them, and eight that
# are worked instead. With twenty years of the longest lists here the record has 15 KiB.
HOLIDAYS_MAX = 40
WORKED_MAX = 20
YEARS_MAX = 20
YEAR_LEAST, YEAR_MOST = 1970, 9999

_WEEK = WorkingCalendar()

OTHER_YEAR = Reason(
    "governance.working-days-year", "{day} is not in the year {year}; give the days of one year, and others after it"
)
BOTH = Reason("governance.working-days-both", "{day} is listed as a holiday and as worked; leave it in one list")
NOT_A_WEEKEND = Reason(
    "governance.working-days-weekday", "{day} is no Saturday or Sunday, so it is worked anyway; leave it out"
)
UNCHANGED = Reason("governance.working-days-unchanged", "the year {year} is listed so already")
YEARS_FULL = Reason(
    "governance.working-days-full", "{count} years are listed, the most there can be; empty one that is long over"
)
WORKING_DAYS_REASONS = (OTHER_YEAR, BOTH, NOT_A_WEEKEND, UNCHANGED, YEARS_FULL)
_DATE = Text(10, 10)
WORKING_DAYS_ARGUMENTS = (
    Argument("year", Integer(YEAR_LEAST, YEAR_MOST), "public"),
    Argument("holidays", ListOf(_DATE, HOLIDAYS_MAX, distinct=True), "public", optional=True),
    Argument("worked", ListOf(_DATE, WORKED_MAX, distinct=True), "public", optional=True),
)


def plan_working_days(context: Context, arguments: Arguments) -> Plan:
    """List a year's holidays and the weekend days that are worked; without any, the year is taken off the list."""
    year = arguments.integer("year")
    holidays, worked = _days(arguments, "holidays"), _days(arguments, "worked")
    for day in (*holidays, *worked):
        if date_of(day).year != year:
            raise Refusal(*OTHER_YEAR, day=format_date(day), year=year)
    for day in worked:
        if day in holidays:
            raise Refusal(*BOTH, day=format_date(day))
        if weekday_of(day) < SATURDAY:
            raise Refusal(*NOT_A_WEEKEND, day=format_date(day))
    before = _years(context)
    after = {name: listed for name, listed in before.items() if name != str(year)}
    if holidays or worked:
        after[str(year)] = {"holidays": list(map(format_date, holidays)), "worked": list(map(format_date, worked))}
    if after == before:
        raise Refusal(*UNCHANGED, year=year)
    if len(after) > YEARS_MAX:
        raise Refusal(*YEARS_FULL, count=len(before))
    return Plan(SUBJECT, partial(_change, context, after, year))


def working_calendar(context: RunContext) -> WorkingCalendar:
    """The days that are worked by the lists of this moment. One read."""
    content = context.content(KIND_WORKING_DAYS, CURRENT)
    return _WEEK if content is None else _calendar(content)


def _change(context: Context, years: dict[str, Value], year: int, decision: Hash) -> None:
    context.put(KIND_WORKING_DAYS, CURRENT, {"decision": decision, "years": years})
    context.emit(CHANGED, {"year": year})


def _days(arguments: Arguments, name: str) -> list[int]:
    listed = arguments.value(name) if name in arguments else []
    assert isinstance(listed, list), "the declaration says so"
    return sorted(parse_date(str(one)) for one in listed)


def _years(context: Context) -> dict[str, Value]:
    record = context.read(KIND_WORKING_DAYS, CURRENT)
    years = {} if record is None else record.fields["years"]
    assert isinstance(years, dict)
    return years


# The lists of one network, before and after a change.
@lru_cache(maxsize=8)
def _calendar(content: bytes) -> WorkingCalendar:
    years = Record.decode_own(content).fields.get("years")
    found: dict[str, list[int]] = {"holidays": [], "worked": []}
    for listed in years.values() if isinstance(years, dict) else [None]:
        for name, days in found.items():
            texts = listed.get(name) if isinstance(listed, dict) else None
            if not isinstance(texts, list):
                raise DecodingError("the record of working days is damaged")
            days.extend(parse_date(str(text)) for text in texts)
    return WorkingCalendar.of(found["holidays"], found["worked"])
