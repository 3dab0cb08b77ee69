"""Dates and times out of cells: every form that is taken means one moment, and nothing is guessed."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.importing.cells import Cell, CellError
from cli.importing.moments import date_of, time_ms_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
DAYS = st.dates(date(1000, 1, 1), date(9999, 12, 30))
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1001, 1, 1), datetime(9998, 1, 1), timezones=OFFSETS))
def test_iso_8601_with_an_offset_is_that_moment(moment: datetime) -> None:
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    for text in (moment.isoformat(), moment.isoformat(" "), moment.isoformat().replace("+00:00", "Z")):
        assert time_ms_of(text, "ymd", None) == expected


@given(DAYS)
def test_every_form_of_a_day_is_that_day(day: date) -> None:
    year, month, number = day.year, day.month, day.day
    forms: tuple[Cell, ...] = (
        *(
            day.isoformat(),
            f"{year}年{month}月{number}日",
            f"{year} 年 {month:02} 月 {number:02} 日",
            f"{year}/{month}/{number}",
        ),
        *(f"{year}.{month}.{number}", f"{year}{month:02}{number:02}", day, datetime.combine(day, time())),
    )
    for form in forms:
        assert date_of(form, "ymd") == day
    assert date_of(f"{number}.{month}.{year}", "dmy") == day
    assert date_of(f"{month}/{number}/{year}", "mdy") == day


@given(DAYS.filter(lambda day: day.year > 1992), st.times())
def test_a_time_without_an_offset_is_the_zone_s(day: date, clock: time) -> None:
    clock = clock.replace(second=0, microsecond=0)
    moment = datetime.combine(day, clock, SHANGHAI)
    expected = int(moment.timestamp() * 1000)
    naive = datetime.combine(day, clock)
    for form in (
        *(naive, naive.isoformat(), f"{day.year}年{day.month}月{day.day}日 {clock.hour}时{clock.minute}分"),
        *(f"{day.year}/{day.month}/{day.day} {clock.hour}:{clock.minute:02}",),
    ):
        assert time_ms_of(form, "ymd", SHANGHAI) == expected


def test_halves_of_the_day_are_understood() -> None:
    start = time_ms_of("2024-03-05", "ymd", SHANGHAI)
    for text, hour in (
        *(("上午9点", 9), ("下午2点30分", 14.5), ("晚上8时", 20), ("中午12点", 12), ("凌晨12点", 0), ("下午14:00", 14)),
        *(("2:30 pm", 14.5), ("12:00 AM", 0), ("12:00 p.m.", 12)),
    ):
        assert time_ms_of(f"2024年3月5日 {text}", "ymd", SHANGHAI) - start == hour * 3_600_000, text


def test_a_time_that_a_clock_left_out_or_had_twice_is_refused() -> None:
    with pytest.raises(CellError, match="left this time out"):
        time_ms_of("2024-03-31 02:30", "ymd", BERLIN)
    with pytest.raises(CellError, match="twice"):
        time_ms_of(datetime(2024, 10, 27, 2, 30), "ymd", BERLIN)
    # China had summer time too.
    with pytest.raises(CellError, match="left this time out"):
        time_ms_of("1988-04-17 02:30", "ymd", SHANGHAI)
    assert time_ms_of("2024-10-27T02:30+01:00", "ymd", BERLIN) == 1_729_992_600_000


@pytest.mark.parametrize(
    "cell",
    [
        *("", "soon", "24-03-05", "2024-13-01", "2023-02-29", "2024-03-05 25:00", "2024-03-05T10:61", "03/05/2024"),
        *("2024-03-05 10:00+25:00", "2024-03-05 ten", 45356, 45356.5, True, "2024-3", "0001-01-01", "10:00", time(9)),
    ],
)
def test_what_is_no_time_is_refused(cell: Cell) -> None:
    with pytest.raises(CellError) as caught:
        time_ms_of(cell, "ymd", SHANGHAI)
    assert str(caught.value)


def test_no_zone_is_guessed() -> None:
    for cell in ("2024-03-05", "2024-03-05 10:00", datetime(2024, 3, 5), date(2024, 3, 5)):
        with pytest.raises(CellError, match="no offset"):
            time_ms_of(cell, "ymd", None)


def test_no_century_and_no_order_is_guessed() -> None:
    for text, order in (("05.03.24", "dmy"), ("2024-03-05", "dmy"), ("05.03.2024", "ymd")):
        with pytest.raises(CellError, match="four digits"):
            date_of(text, order)


def test_a_date_has_no_time_of_day() -> None:
    for cell in (datetime(2024, 3, 5, 1), "2024-03-05 10:00"):
        with pytest.raises(CellError, match="date"):
            date_of(cell, "ymd")


@given(st.text(max_size=40))
def test_no_text_is_anything_but_a_moment_or_refused(text: str) -> None:
    try:
        assert isinstance(time_ms_of(text, "ymd", SHANGHAI), int)
    except CellError as error:
        assert str(error)
