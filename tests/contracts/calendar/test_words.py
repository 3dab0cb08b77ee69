"""What people write about when they meet: understood as they mean it, or not at all."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.calendar.dates import format_date, parse_date
from contracts.calendar.recurrence import OF_DAYS, OF_MONTHS, Recurrence, weeks
from contracts.calendar.words import NotUnderstood, Understood, understand
from contracts.errors import Reason

ROOT = Path(__file__).parents[3]
MEETINGS = ROOT / "cli" / "demo" / "data" / "kubernetes" / "meetings.csv"
PAGE = ROOT / "docs" / "reference" / "calendar.md"
# A Tuesday.
SINCE = parse_date("2026-09-01")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHLY = Recurrence(OF_MONTHS, 1)


def nth(*ordinals: int, weekday: int) -> Recurrence:
    return Recurrence(OF_MONTHS, 1, 0, len(ordinals), tuple((0, ordinal, weekday) for ordinal in ordinals))


def weekly(*weekdays: int) -> Recurrence:
    return weeks(1, SINCE, on=tuple((weekday,) for weekday in weekdays))


def from_day(start: str, weekday: int, count: int = 2) -> tuple[Recurrence, str]:
    return weeks(count, parse_date(start), on=((weekday,),)), start


EVERY_TWO_WEEKS = weeks(2, SINCE)
# Each of the 35 texts, read by a person: the recurrence and the first day; None where it depends on the day's column.
REAL: dict[str, Recurrence | tuple[Recurrence, str] | None] = {
    "biweekly": None,
    "bi-weekly": None,
    "weekly": None,
    "monthly": None,
    "Biweekly": EVERY_TWO_WEEKS,
    "Biweekly, interleaved with the Regular SIG Meeting": EVERY_TWO_WEEKS,
    "biweekly - alternating with regular meeting": EVERY_TWO_WEEKS,
    "biweekly, you must be signed into a free zoom account to join": EVERY_TWO_WEEKS,
    "bi-weekly ([upcoming meeting dates](#upcoming-meeting-dates))": EVERY_TWO_WEEKS,
    "weekly, you must be signed into a free zoom account to join": weekly(0),
    "every four weeks": weeks(4, SINCE),
    "weekly starting Tuesday December 7th, 2021": from_day("2021-12-07", 1, 1),
    "bi-weekly starting Tuesday April 16, 2024": from_day("2024-04-16", 1),
    "bi-weekly starting Tuesday August 13, 2019": from_day("2019-08-13", 1),
    "biweekly 2019 start date: Jan. 11th": from_day("2019-01-11", 4),
    "biweekly starting Thursday June 25th, 2020": from_day("2020-06-25", 3),
    "biweekly starting Thursday June 7, 2018": from_day("2018-06-07", 3),
    "biweekly starting Tuesday Feb 11, 2025": from_day("2025-02-11", 1),
    "biweekly starting Tuesday Feb 27, 2024": from_day("2024-02-27", 1),
    "biweekly starting Tuesday March 12, 2024": from_day("2024-03-12", 1),
    "biweekly starting Tuesday Oct 28, 2025": from_day("2025-10-28", 1),
    "biweekly starting Wednesday March 20, 2019": from_day("2019-03-20", 2),
    # A Tuesday, and the first one of its month; but the first is nowhere said.
    "monthly 2020 start date: Jan. 7th": (MONTHLY, "2020-01-07"),
    "First Tuesday of each month": nth(1, weekday=1),
    "First Wednesday of the month": nth(1, weekday=2),
    "first Monday of the month": nth(1, weekday=0),
    "first Tuesday of the month": nth(1, weekday=1),
    "every first Thursday of the month": nth(1, weekday=3),
    "every third Wednesday of the month": nth(3, weekday=2),
    "monthly, second Thursday of the month": nth(2, weekday=3),
    "monthly - first Wednesday every month": nth(1, weekday=2),
    "monthly - last Wednesday every month": nth(-1, weekday=2),
    "monthly - third Tuesday": nth(3, weekday=1),
    "Monthly on 4th Thursday": nth(4, weekday=3),
    "monthly - Wednesday, after the fourth Tuesday, every month": None,
}
REFUSED = {"monthly - Wednesday, after the fourth Tuesday, every month": "calendar.relative-day"}
# Where the day's column says more than a weekday.
SPECIAL_DAYS: dict[tuple[str, str], tuple[Recurrence, str] | Recurrence] = {
    ("bi-weekly", "Tuesday (starting September 10th 2024)"): from_day("2024-09-10", 1),
    ("weekly", "Thursdays (starting February 15th 2024)"): from_day("2024-02-15", 3, 1),
    ("monthly", "first Wednesday"): nth(1, weekday=2),
    ("monthly", "third Wednesday"): nth(3, weekday=2),
}


def real_meetings() -> list[tuple[str, str]]:
    with MEETINGS.open(encoding="utf-8", newline="") as file:
        return [(row["frequency"], row["day"]) for row in csv.DictReader(file)]


def expected_of(frequency: str, day: str) -> Recurrence | tuple[Recurrence, str]:
    special = SPECIAL_DAYS.get((frequency, day))
    if special is not None:
        return special
    by_day = {
        "weekly": weekly(WEEKDAYS.index(day)),
        "biweekly": EVERY_TWO_WEEKS,
        "bi-weekly": EVERY_TWO_WEEKS,
        "monthly": MONTHLY,
    }
    return REAL[frequency] or by_day[frequency]


def test_each_real_meeting_is_read_as_a_person_reads_it() -> None:
    meetings = real_meetings()
    assert len(meetings) == 102
    assert {frequency for frequency, _ in meetings} == REAL.keys()
    assert len(REAL) == 35
    understood = 0
    for frequency, day in meetings:
        found = understand(frequency, day, SINCE)
        if frequency in REFUSED:
            assert isinstance(found, NotUnderstood)
            assert found.reason.code == REFUSED[frequency]
            continue
        assert isinstance(found, Understood), (frequency, day, found)
        expected = expected_of(frequency, day)
        recurrence, start = expected if isinstance(expected, tuple) else (expected, None)
        assert found.recurrence == recurrence, (frequency, day)
        assert (found.start and format_date(found.start)) == start, (frequency, day)
        understood += 1
    assert understood == 101


def test_the_page_has_a_row_for_each_real_text() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [text for text in REAL if f"| `{text}` |" not in page] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("每月一次", MONTHLY),
        ("每个月一次", MONTHLY),
        ("每季度一次", Recurrence(OF_MONTHS, 3)),
        ("每季度至少召开一次", Recurrence(OF_MONTHS, 3)),
        ("每半年一次", Recurrence(OF_MONTHS, 6)),
        ("每年四次", Recurrence(OF_MONTHS, 12, 0, 4)),
        ("一年四次", Recurrence(OF_MONTHS, 12, 0, 4)),
        ("每周三", weekly(2)),
        ("每周一", weekly(0)),
        ("每周一次", weeks(1, SINCE)),
        ("每周一、周四", weekly(0, 3)),
        ("每周二、四", weekly(1, 3)),
        ("每周两次", weeks(1, SINCE, 2)),
        ("每两周", EVERY_TWO_WEEKS),
        ("每两周一次", EVERY_TWO_WEEKS),
        ("隔周", EVERY_TWO_WEEKS),
        ("每月第一个星期三", nth(1, weekday=2)),
        ("每月第一、三个星期三", nth(1, 3, weekday=2)),
        ("每月第一个和第三个周五", nth(1, 3, weekday=4)),
        ("每月最后一个星期五", nth(-1, weekday=4)),
        ("每月１５日", Recurrence(OF_MONTHS, 1, 0, 1, ((0, 15),))),
        ("每月最后一天", Recurrence(OF_MONTHS, 1, 0, 1, ((0, 31),))),
        ("每年7月1日", Recurrence(OF_MONTHS, 12, 0, 1, ((6, 1),))),
        ("每三个月一次", Recurrence(OF_MONTHS, 3, 2)),
        ("每十天一次", Recurrence(OF_DAYS, 10, SINCE % 10)),
        ("每天", Recurrence(OF_DAYS, 1)),
        ("quarterly", Recurrence(OF_MONTHS, 3)),
        ("quarterly: at least 1", Recurrence(OF_MONTHS, 3)),
        ("at least twice a quarter", Recurrence(OF_MONTHS, 3, 0, 2)),
        ("4 per year", Recurrence(OF_MONTHS, 12, 0, 4)),
        ("4 times a year", Recurrence(OF_MONTHS, 12, 0, 4)),
        ("twice a year", Recurrence(OF_MONTHS, 12, 0, 2)),
        ("yearly", Recurrence(OF_MONTHS, 12)),
        ("yearly on July 1", Recurrence(OF_MONTHS, 12, 0, 1, ((6, 1),))),
        ("every three months", Recurrence(OF_MONTHS, 3, 2)),
        ("every two years", Recurrence(OF_MONTHS, 24, 0)),
        ("first and third Wednesday of every month", nth(1, 3, weekday=2)),
        ("1st & 3rd Wednesday of each month", nth(1, 3, weekday=2)),
        ("every Monday and Thursday", weekly(0, 3)),
        ("every other Tuesday", EVERY_TWO_WEEKS),
        ("every second week", EVERY_TWO_WEEKS),
        ("fortnightly", EVERY_TWO_WEEKS),
        ("monthly on the 15th", Recurrence(OF_MONTHS, 1, 0, 1, ((0, 15),))),
        ("last day of the month", Recurrence(OF_MONTHS, 1, 0, 1, ((0, 31),))),
        ("daily", Recurrence(OF_DAYS, 1)),
    ],
)
def test_words_of_both_languages(text: str, expected: Recurrence) -> None:
    assert understand(text, "", SINCE) == Understood(expected)


@pytest.mark.parametrize(
    ("frequency", "day", "code"),
    [
        ("biweekly", "", "two-meanings"),
        ("biweekly", "Tuesday, Thursday", "two-meanings"),
        ("bimonthly", "Monday", "two-meanings"),
        ("biannually", "", "two-meanings"),
        ("every second Tuesday", "", "two-meanings"),
        ("weekly", "Monday, Thursday", "two-meanings"),
        ("每隔两周", "", "two-meanings"),
        ("双月", "", "two-meanings"),
        ("as needed", "Monday", "as-needed"),
        ("monthly, and on demand", "Monday", "as-needed"),
        ("不定期", "", "as-needed"),
        ("weekly, alternating between two time zones", "Monday", "alternating"),
        ("每周三，与支委会交替", "", "alternating"),
        ("", "Monday", "no-frequency"),
        ("Monday", "Monday", "no-frequency"),
        ("weekly and monthly", "Monday", "contradiction"),
        ("three times a week, twice a week", "", "contradiction"),
        ("twice a month, first Monday of the month", "", "contradiction"),
        ("biweekly, first Monday", "", "contradiction"),
        ("every 10 days", "Monday", "contradiction"),
        ("every 0 weeks", "", "contradiction"),
        ("first Monday of the month, Wednesday", "", "contradiction"),
        ("first Monday of the month", "Wednesday", "other-day"),
        ("first Monday of the month", "third Monday", "other-day"),
        ("weekly on Monday", "Wednesday", "other-day"),
        ("biweekly starting Wednesday March 20, 2019", "Thursday", "other-day"),
        ("biweekly starting March 21, 2019", "Wednesday", "other-day"),
        ("weekly starting February 30, 2019", "", "not-a-date"),
        ("quarterly", "first Monday", "which-month"),
        ("weekly except holidays", "", "unknown-words"),
        ("not weekly", "", "unknown-words"),
        ("every weekday", "", "unknown-words"),
        ("at most once a month", "", "unknown-words"),
        ("yearly on February 30", "", "unknown-words"),
        ("每月第三周周三", "", "unknown-words"),
        ("每学期一次", "", "unknown-words"),
        ("每周一至周五", "", "unknown-words"),
        ("еженедельно", "", "unknown-words"),
        ("every 999 weeks", "", "recurrence-invalid"),
        ("monthly on the 32nd", "", "recurrence-invalid"),
        ("x" * 201, "", "text-too-long"),
    ],
)
def test_what_is_unclear_is_not_guessed(frequency: str, day: str, code: str) -> None:
    found = understand(frequency, day, SINCE)
    assert isinstance(found, NotUnderstood)
    assert found.reason.code == f"calendar.{code}"
    assert Reason(found.reason.code, found.reason.template).fields <= found.reason.params.keys()


def test_periods_of_several_weeks_or_months_begin_where_counting_begins() -> None:
    found = understand("every two weeks", "", SINCE + 7)
    assert isinstance(found, Understood)
    assert found.recurrence == weeks(2, SINCE + 7) != EVERY_TWO_WEEKS
    assert understand("weekly", "", SINCE + 7) == understand("weekly", "", SINCE)


ENGLISH_PIECES = (
    *("weekly", "monthly", "every", "0", "9", "99", "th", "first", "Monday", "of the month", ",", "(", "starting"),
    *("2024", "July", "per", "year", "at least", "31", "-"),
)
PIECES = st.sampled_from([*ENGLISH_PIECES, *"每周一次十月日第个隔年"])


@given(
    st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=9).map(" ".join), st.lists(PIECES).map("".join)),
    st.text(),
)
def test_any_text_has_an_answer(frequency: str, day: str) -> None:
    for words in ((frequency, ""), (frequency, day), ("monthly", frequency)):
        found = understand(*words, SINCE)
        if isinstance(found, Understood):
            assert Recurrence.decode(found.recurrence.encode_value()) == found.recurrence
        else:
            assert str(found.reason)
