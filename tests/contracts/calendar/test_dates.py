"""Days and months, against Python's own calendar."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.calendar import dates
from contracts.calendar.dates import DAY_MAX, DAY_MIN, DAY_MS
from contracts.errors import Refusal

EPOCH = datetime.date(1970, 1, 1).toordinal()
# A century and a half, with leap years that are and are not: month arithmetic stays inside the calendar.
DAYS = st.integers(-80 * 366, 80 * 366)
MONTHS = st.integers(-240, 240)


def day(text: str) -> int:
    return dates.parse_date(text)


def test_every_day_of_ten_thousand_years_is_the_day_that_the_library_says() -> None:
    # Every 13th one, which meets all weekdays and months; all of 400 years, after which everything repeats.
    checked = 0
    for ours in (*range(DAY_MIN, DAY_MAX + 1, 13), *range(146_097), DAY_MAX):
        theirs = datetime.date.fromordinal(ours + EPOCH)
        date = dates.date_of(ours)
        assert date == (theirs.year, theirs.month, theirs.day)
        assert dates.day_of(*date) == ours
        assert dates.weekday_of(ours) == theirs.weekday()
        checked += 1
    assert checked > 400_000


@given(DAYS)
def test_a_date_is_read_as_it_is_written(ours: int) -> None:
    text = dates.format_date(ours)
    assert text == datetime.date.fromordinal(ours + EPOCH).isoformat()
    assert dates.parse_date(text) == ours


@pytest.mark.parametrize(
    "text",
    ["2026-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "0000-01-01", "26-1-1", "2026-1-01", "", "٢٠٢٦-01-01"],
)
def test_what_is_no_date_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        dates.parse_date(text)
    assert refused.value.code == "calendar.not-a-date"


@pytest.mark.parametrize("beyond", [DAY_MIN - 1, DAY_MAX + 1, 2**63 - 1, -(2**63)])
def test_days_outside_of_the_calendar_are_refused(beyond: int) -> None:
    for function in (dates.date_of, dates.check_day, dates.month_of, dates.start_ms, dates.format_date):
        with pytest.raises(Refusal, match="1 to 9999"):
            function(beyond)
    with pytest.raises(Refusal, match="1 to 9999"):
        dates.add_months(DAY_MAX, 1 + abs(beyond))


@given(DAYS, st.integers(-840, 840), st.integers(0, DAY_MS - 1))
def test_a_moment_falls_on_the_day_of_its_clocks(ours: int, offset_minutes: int, within: int) -> None:
    begin = dates.start_ms(ours, offset_minutes)
    assert dates.day_at(begin + within, offset_minutes) == ours
    assert dates.day_at(begin - 1, offset_minutes) == ours - 1


def test_the_same_moment_is_another_day_elsewhere() -> None:
    evening_in_london = dates.start_ms(day("2026-08-31")) + 20 * 3_600_000
    assert dates.format_date(dates.day_at(evening_in_london, 8 * 60)) == "2026-09-01"
    assert dates.format_date(dates.day_at(evening_in_london, -5 * 60)) == "2026-08-31"


@pytest.mark.parametrize(
    ("first", "count", "last"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2026-01-31", 2, "2026-03-31"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-01-15", -1, "2025-12-15"),
    ],
)
def test_months_end_where_they_end(first: str, count: int, last: str) -> None:
    assert dates.format_date(dates.add_months(day(first), count)) == last


@given(DAYS, MONTHS)
def test_adding_months_keeps_the_day_or_ends_the_month(ours: int, count: int) -> None:
    before, after = dates.date_of(ours), dates.date_of(dates.add_months(ours, count))
    assert (after.year - before.year) * 12 + after.month - before.month == count
    assert after.day == min(before.day, dates.days_in_month(after.year, after.month))


@given(DAYS, DAYS)
def test_months_between_is_the_most_that_can_be_added(first: int, last: int) -> None:
    count = dates.months_between(first, last)
    assert dates.months_between(last, first) == -count
    low, high = sorted((first, last))
    assert dates.add_months(low, abs(count)) <= high < dates.add_months(low, abs(count) + 1)
    assert dates.years_between(first, last) == int(count / 12)


def test_ages() -> None:
    born = day("2000-02-29")
    assert [
        dates.years_between(born, day(text)) for text in ("2018-02-27", "2018-02-28", "2020-02-28", "2020-02-29")
    ] == [
        17,
        18,
        19,
        20,
    ]
    assert dates.years_between(day("2008-09-01"), day("2026-08-31")) == 17
    assert dates.years_between(day("2008-09-01"), day("2026-09-01")) == 18
    assert dates.add_years(born, 18) == day("2018-02-28")


@given(DAYS, st.integers(0, 6))
def test_the_weekdays_of_a_month_are_all_found(ours: int, weekday: int) -> None:
    month = dates.month_of(ours)
    first, last = dates.month_bounds(month)
    assert first <= ours <= last
    there = [one for one in range(first, last + 1) if dates.weekday_of(one) == weekday]
    found = [dates.nth_weekday(month, weekday, ordinal) for ordinal in range(1, 6)]
    assert [one for one in found if one is not None] == there
    assert dates.nth_weekday(month, weekday, -1) == there[-1]


@given(st.integers(1970 * 12, 2100 * 12), st.integers(1, 31))
def test_months_follow_each_other_without_a_gap(month: int, day_of_month: int) -> None:
    assert dates.month_bounds(month)[1] + 1 == dates.month_bounds(month + 1)[0]
    found = dates.date_of(dates.day_in_month(month, day_of_month))
    assert (found.year, found.month - 1) == divmod(month, 12)
    assert found.day == min(day_of_month, dates.days_in_month(found.year, found.month))
