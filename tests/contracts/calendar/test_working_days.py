"""Working days, with a real year's holidays and against counting one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.calendar.dates import DAY_MAX, format_date, parse_date
from contracts.calendar.working_days import LISTED_DAYS_MAX, WORKING_DAYS_MAX, WorkingCalendar
from contracts.errors import ContractError, Refusal

# The week of National Day of 2024 in China: off from Tuesday 1 to Monday 7 October, worked on Sunday 29 September and
# Saturday 12 October instead.
NATIONAL_DAY = WorkingCalendar.of(
    [parse_date(f"2024-10-{number:02}") for number in range(1, 8)], [parse_date("2024-09-29"), parse_date("2024-10-12")]
)
PLAIN = WorkingCalendar()
NEAR = st.integers(20_000, 20_060)


@st.composite
def calendars(draw: st.DrawFn) -> WorkingCalendar:
    holidays = draw(st.frozensets(NEAR, max_size=20))
    made_up = draw(st.frozensets(NEAR, max_size=20))
    weekdays = draw(st.frozensets(st.integers(0, 6), min_size=1))
    return WorkingCalendar(holidays, made_up - holidays, weekdays)


@pytest.mark.parametrize(
    ("calendar", "first", "count", "last"),
    [
        (PLAIN, "2024-10-11", 1, "2024-10-14"),
        (PLAIN, "2024-10-12", 1, "2024-10-14"),
        (PLAIN, "2024-10-14", -1, "2024-10-11"),
        (PLAIN, "2024-10-13", 0, "2024-10-13"),
        (PLAIN, "2024-09-27", 5, "2024-10-04"),
        (NATIONAL_DAY, "2024-09-27", 5, "2024-10-10"),
        (NATIONAL_DAY, "2024-09-27", 2, "2024-09-30"),
        (NATIONAL_DAY, "2024-10-11", 1, "2024-10-12"),
        (NATIONAL_DAY, "2024-10-08", -3, "2024-09-27"),
    ],
)
def test_working_days_of_a_real_week(calendar: WorkingCalendar, first: str, count: int, last: str) -> None:
    assert format_date(calendar.add_working_days(parse_date(first), count)) == last


@given(calendars(), NEAR, st.integers(-30, 30))
def test_counting_on_and_counting_between_undo_each_other(calendar: WorkingCalendar, first: int, count: int) -> None:
    last = calendar.add_working_days(first, count)
    assert count == 0 or calendar.is_working_day(last)
    assert calendar.working_days_between(first, last) == count


@given(calendars(), NEAR, NEAR)
def test_what_is_between_is_what_is_found_one_by_one(calendar: WorkingCalendar, first: int, last: int) -> None:
    passed = range(first + 1, last + 1) if first <= last else range(last, first)
    worked = sum(calendar.is_working_day(day) for day in passed)
    assert calendar.working_days_between(first, last) == (worked if first <= last else -worked)


def test_what_cannot_be_counted_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        PLAIN.add_working_days(0, WORKING_DAYS_MAX + 1)
    assert refused.value.code == "calendar.too-far"
    with pytest.raises(Refusal) as refused:
        PLAIN.add_working_days(DAY_MAX, 1)
    assert refused.value.code == "calendar.out-of-range"
    assert PLAIN.add_working_days(0, WORKING_DAYS_MAX) == 1400


@pytest.mark.parametrize(
    ("holidays", "made_up", "weekdays"),
    [
        (frozenset(), frozenset(), frozenset()),
        (frozenset(), frozenset(), frozenset({7})),
        (frozenset({1}), frozenset({1}), frozenset({0})),
        (frozenset(range(LISTED_DAYS_MAX + 1)), frozenset(), frozenset({0})),
    ],
)
def test_a_calendar_that_contradicts_itself_or_never_ends_is_a_bug(
    holidays: frozenset[int], made_up: frozenset[int], weekdays: frozenset[int]
) -> None:
    with pytest.raises(ContractError):
        WorkingCalendar(holidays, made_up, weekdays)
