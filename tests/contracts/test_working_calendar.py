"""Holidays and weekends that are worked: listed a year at a time by the administrators."""

import pytest

from contracts.block_facts import BlockFacts
from contracts.calendar.dates import parse_date
from contracts.contract import Contract
from contracts.run_context import RunContext
from contracts.state import BlockState
from contracts.working_calendar import YEARS_MAX, working_calendar
from ledger.encoding import Value
from ledger.errors import DecodingError
from tests.contracts.governed_ledger import GovernedLedger

READER = Contract("reader", "reads", frozenset(), frozenset(), (), ())
YEAR: dict[str, Value] = {"year": 2026, "holidays": ["2026-10-02", "2026-10-01"], "worked": ["2026-10-10"]}


def is_worked(ledger: GovernedLedger, *days: str) -> list[bool]:
    context = RunContext(BlockFacts(BlockState(ledger.state), ledger.network_id, 1, 0), READER, bytes(32))
    calendar = working_calendar(context)
    return [calendar.is_working_day(parse_date(day)) for day in days]


def test_the_majority_lists_the_holidays_of_a_year() -> None:
    ledger = GovernedLedger()
    days = ("2026-09-30", "2026-10-01", "2026-10-02", "2026-10-10", "2026-10-11")
    asked = ledger.call("working-days-set", YEAR, 0)
    assert asked.ok and is_worked(ledger, *days) == [True, True, True, False, False]
    assert ledger.call("approve", {"proposal": asked.transaction_id}, 1).ok
    assert is_worked(ledger, *days) == [True, False, False, True, False]
    fields = ledger.fields("working-days", "current")
    assert fields["years"] == {"2026": {"holidays": ["2026-10-01", "2026-10-02"], "worked": ["2026-10-10"]}}
    assert fields["decision"] == asked.transaction_id
    again = ledger.call("working-days-set", YEAR, 0, 1)
    assert again.code == "governance.working-days-unchanged"


def test_a_year_is_listed_anew_or_taken_off_and_others_stay() -> None:
    ledger = GovernedLedger()
    ledger.call("working-days-set", YEAR, 0, 1)
    changed = ledger.call("working-days-set", {"year": 2027, "holidays": ["2027-01-01"]}, 0, 1)
    assert [(event.name, event.fields) for event in changed.events][:1] == [
        ("governance.working-days-changed", {"year": 2027})
    ]
    assert ledger.call("working-days-set", {"year": 2026, "holidays": ["2026-10-01"]}, 0, 1).ok
    assert is_worked(ledger, "2026-10-01", "2026-10-02", "2027-01-01") == [False, True, False]
    assert ledger.call("working-days-set", {"year": 2026}, 0, 1).ok
    assert is_worked(ledger, "2026-10-01", "2027-01-01") == [True, False]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"holidays": ["2027-10-01"]}, "governance.working-days-year"),
        ({"holidays": ["2026-10-10"]}, "governance.working-days-both"),
        ({"worked": ["2026-10-09"]}, "governance.working-days-weekday"),
        ({"holidays": ["2026-02-30"]}, "calendar.not-a-date"),
        ({"holidays": ["2026-10-01", "2026-10-01"]}, "arguments.duplicate"),
        ({"holidays": ["2026-10-01"] * 41}, "arguments.too-many"),
        ({"year": 1969}, "arguments.out-of-range"),
    ],
)
def test_what_cannot_be_listed_is_refused(change: dict[str, Value], code: str) -> None:
    assert GovernedLedger().call("working-days-set", YEAR | change, 0, 1).code == code


def test_twenty_of_the_longest_years_fit() -> None:
    ledger = GovernedLedger()
    for year in range(2000, 2000 + YEARS_MAX + 1):
        saturdays = [day for month in range(7, 13) for day in _saturdays(year, month)][:20]
        holidays: list[Value] = [f"{year}-0{month}-{day:02}" for month in (1, 2) for day in range(1, 21)]
        result = ledger.call("working-days-set", {"year": year, "holidays": holidays, "worked": saturdays}, 0, 1)
        assert result.code == ("ok" if year < 2000 + YEARS_MAX else "governance.working-days-full")


def _saturdays(year: int, month: int) -> list[Value]:
    days = (f"{year}-{month:02}-{day:02}" for day in range(1, 29))
    return [day for day in days if (parse_date(day) + 3) % 7 == 5]


def test_a_damaged_record_stops_the_node() -> None:
    ledger = GovernedLedger()
    ledger.call("working-days-set", YEAR, 0, 1)
    key = b"working-days\0current"
    ledger.state[key] = ledger.state[key].replace(b"worked", b"forked")
    with pytest.raises(DecodingError):
        is_worked(ledger, "2026-10-01")
