"""Periods: no gap, no overlap, the days that rules fix inside of them; and their one canonical form."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contracts.calendar.dates import DAY_MAX, date_of, month_of, parse_date, weekday_of
from contracts.calendar.recurrence import OF_DAYS, OF_MONTHS, ORDINALS, DayRule, Recurrence, weeks
from contracts.errors import Refusal
from ledger.encoding import Value, decode, encode

# 1900 to 2100.
DAYS = st.integers(-25_567, 47_481)


@st.composite
def recurrences(draw: st.DrawFn) -> Recurrence:
    of = draw(st.sampled_from([OF_DAYS, OF_MONTHS]))
    every = draw(st.integers(1, 60) if of == OF_DAYS else st.integers(1, 24))
    start = draw(st.integers(0, every - 1))
    places = st.integers(0, every - 1)
    rules: st.SearchStrategy[DayRule] = st.tuples(places)
    if of == OF_MONTHS:
        named = st.tuples(places, st.sampled_from(sorted(ORDINALS)), st.integers(0, 6))
        rules = st.one_of(st.tuples(places, st.integers(1, 31)), named)
    on = tuple(sorted(draw(st.sets(rules, max_size=4))))
    return Recurrence(of, every, start, len(on) or draw(st.integers(1, 9)), on)


@given(recurrences(), DAYS)
def test_every_day_lies_in_exactly_one_period(recurrence: Recurrence, day: int) -> None:
    index = recurrence.period_of(day)
    first, last = recurrence.period_bounds(index)
    assert first <= day <= last
    assert recurrence.period_of(first) == recurrence.period_of(last) == index
    assert recurrence.period_bounds(index - 1)[1] == first - 1
    assert recurrence.period_bounds(index + 1)[0] == last + 1
    assert recurrence.period_of(day + 1) - index in (0, 1)


@given(recurrences(), DAYS)
def test_the_days_that_a_rule_fixes_lie_in_their_period_and_keep_the_rule(recurrence: Recurrence, day: int) -> None:
    index = recurrence.period_of(day)
    first, last = recurrence.period_bounds(index)
    days = recurrence.expected_days(index)
    if not recurrence.on:
        assert days is None
        assert recurrence.needed_in(index) == recurrence.times
        return
    assert days is not None
    assert list(days) == sorted(set(days))
    assert all(first <= one <= last for one in days)
    assert recurrence.needed_in(index) == len(days) <= recurrence.times
    wanted = {rule[-1] for rule in recurrence.on if len(rule) == 3}
    assert {weekday_of(one) for one in days if len(recurrence.on[0]) == 3 == min(map(len, recurrence.on))} <= wanted


@given(recurrences())
def test_a_recurrence_is_read_as_it_is_written(recurrence: Recurrence) -> None:
    value = recurrence.encode_value()
    assert Recurrence.decode(value) == recurrence
    assert Recurrence.decode(decode(encode(value))) == recurrence


json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 40), st.sampled_from(["days", "months", ""])),
    lambda children: st.lists(children, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["of", "every", "from", "times", "on", "until"]), json, max_size=6))
def test_what_is_read_is_the_one_form_or_refused(value: dict[str, Value]) -> None:
    try:
        recurrence = Recurrence.decode(value)
    except Refusal as refusal:
        assert refusal.code == "calendar.recurrence-invalid"
        assert refusal.params["part"] in ("of", "every", "from", "times", "on", "until")
    else:
        assert recurrence.encode_value() == value


GOOD: dict[str, Value] = {"of": "months", "every": 3, "from": 0, "times": 1}


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"of": "weeks"}, "of"),
        ({"of": 1}, "of"),
        ({"every": 0}, "every"),
        ({"every": 121}, "every"),
        ({"every": True}, "every"),
        ({"from": 3}, "from"),
        ({"from": -1}, "from"),
        ({"times": 0}, "times"),
        ({"times": 367}, "times"),
        ({"on": None}, "on"),
        ({"on": [[0, 1]]}, "times"),
        ({"more": 1}, "more"),
    ],
)
def test_a_malformed_recurrence_is_refused_with_its_part(change: dict[str, Value], part: str) -> None:
    with pytest.raises(Refusal) as refused:
        Recurrence.decode(GOOD | change)
    assert (refused.value.code, refused.value.params) == ("calendar.recurrence-invalid", {"part": part})


@pytest.mark.parametrize(
    "on",
    [
        [],
        [[]],
        [[3, 1]],
        [[0, 0]],
        [[0, 32]],
        [[0, 6, 1]],
        [[0, -1, 7]],
        [[0, 1, 1, 1]],
        [[0]],
        [[0, True]],
        ["x"],
        [[0, 2], [0, 1]],
        [[0, 1], [0, 1]],
        [[0, day] for day in range(1, 32)] + [[1, 1]],
    ],
)
def test_days_that_no_period_has_are_refused(on: Value) -> None:
    value: dict[str, Value] = {"of": "months", "every": 3, "from": 0, "on": on}
    with pytest.raises(Refusal) as refused:
        Recurrence.decode(value)
    assert refused.value.params == {"part": "on"}
    assert Recurrence.decode(value | {"on": [[0, 1], [2, -1, 4]]}).times == 2


def test_quarters_are_the_calendars_and_the_third_wednesday_is_where_people_expect_it() -> None:
    quarterly = Recurrence(OF_MONTHS, 3)
    index = quarterly.period_of(parse_date("2026-08-31"))
    assert quarterly.period_bounds(index) == (parse_date("2026-07-01"), parse_date("2026-09-30"))
    third_wednesday = Recurrence(OF_MONTHS, 1, 0, 1, ((0, 3, 2),))
    september = month_of(parse_date("2026-09-01"))
    assert third_wednesday.expected_days(september) == (parse_date("2026-09-16"),)


def test_a_fifth_monday_is_needed_only_where_there_is_one() -> None:
    fifth_monday = Recurrence(OF_MONTHS, 1, 0, 1, ((0, 5, 0),))
    needed = [fifth_monday.needed_in(month_of(parse_date(f"2026-{month:02}-01"))) for month in range(1, 13)]
    assert needed == [0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0]
    last_days = Recurrence(OF_MONTHS, 1, 0, 2, ((0, 30), (0, 31)))
    assert last_days.needed_in(month_of(parse_date("2026-02-01"))) == 1


@given(DAYS, st.integers(1, 8))
def test_weeks_begin_on_mondays_and_one_period_in_the_week_of_the_first_day(first: int, count: int) -> None:
    recurrence = weeks(count, first)
    begin, _ = recurrence.period_bounds(recurrence.period_of(first))
    assert weekday_of(begin) == 0
    assert 0 <= first - begin < 7


def test_periods_end_with_the_calendar() -> None:
    yearly = Recurrence(OF_MONTHS, 12)
    last = yearly.period_of(DAY_MAX)
    assert date_of(yearly.period_bounds(last)[1]) == (9999, 12, 31)
    with pytest.raises(Refusal, match="1 to 9999"):
        yearly.period_bounds(last + 1)


@given(recurrences(), DAYS, DAYS)
def test_periods_ascend_with_time(recurrence: Recurrence, first: int, second: int) -> None:
    assume(first <= second)
    assert recurrence.period_of(first) <= recurrence.period_of(second)
