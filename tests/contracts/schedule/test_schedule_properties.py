"""Random plans, meetings with known gaps, pauses and blocks: exactly the gaps are found, each once."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.calendar.dates import DAY_MS, format_date
from contracts.calendar.recurrence import OF_DAYS, OF_MONTHS, DayRule, Recurrence
from tests.contracts.schedule.schedule_ledger import BEGIN, UNIT, ScheduleLedger
from tests.examples import examples

WEEKDAY_RULES: st.SearchStrategy[DayRule] = st.tuples(st.just(0), st.sampled_from([-1, 1, 3, 5]), st.integers(0, 6))


@st.composite
def recurrences(draw: st.DrawFn) -> Recurrence:
    if draw(st.booleans()):
        every = draw(st.integers(3, 20))
        return Recurrence(OF_DAYS, every, draw(st.integers(0, every - 1)), draw(st.integers(1, 3)))
    every = draw(st.sampled_from([1, 1, 2, 3]))
    on = tuple(sorted(draw(st.sets(WEEKDAY_RULES, max_size=2))))
    return Recurrence(OF_MONTHS, every, draw(st.integers(0, every - 1)), len(on) or draw(st.integers(1, 2)), on)


@dataclass(frozen=True)
class Meeting:
    """It took place on a day, and was told some days later."""

    day: int
    told_after_days: int


@dataclass(frozen=True)
class Story:
    """A plan of half a year, the meetings of that time, and the days on which there are blocks."""

    recurrence: Recurrence
    since: int
    until: int | None
    grace_days: int
    meetings: tuple[Meeting, ...]
    block_days: tuple[int, ...]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    recurrence = draw(recurrences())
    since = BEGIN + draw(st.integers(0, 20))
    until = draw(st.one_of(st.none(), st.integers(since, BEGIN + 150)))
    meeting = st.builds(Meeting, st.integers(BEGIN, BEGIN + 180), st.sampled_from([0, 0, 0, 1, 10, 60, 300]))
    meetings = draw(st.lists(meeting, max_size=40))
    # Few blocks are long pauses; every story ends long after its meetings.
    block_days = draw(st.sets(st.integers(BEGIN + 1, BEGIN + 300), max_size=12))
    return Story(recurrence, since, until, draw(st.integers(0, 15)), tuple(meetings), tuple(sorted(block_days)))


def needed(story: Story, first: int, last: int) -> int:
    """How often it is needed in a period, found day by day."""
    recurrence = story.recurrence
    until = last if story.until is None else story.until
    index = recurrence.period_of(first)
    fixed = recurrence.expected_days(index)
    if fixed is not None:
        return len([day for day in range(max(first, story.since), min(last, until) + 1) if day in fixed])
    return recurrence.times if story.since <= first and last <= until else 0


def tell(ledger: ScheduleLedger, story: Story) -> dict[int, list[tuple[int, int]]]:
    """Live through the story; for each period's first day, when each meeting in it took place and was told (ms)."""
    untold = sorted(story.meetings, key=lambda meeting: meeting.day + meeting.told_after_days)
    told: dict[int, list[tuple[int, int]]] = {}
    for block_day in (*story.block_days, BEGIN + 600):
        ledger.move_to(block_day * DAY_MS)
        while untold and untold[0].day + untold[0].told_after_days <= block_day:
            meeting = untold.pop(0)
            assert ledger.hold(1, meeting.day * DAY_MS).ok
            first, _ = story.recurrence.period_bounds(story.recurrence.period_of(meeting.day))
            told.setdefault(first, []).append((meeting.day * DAY_MS, ledger.time_ms))
    ledger.settle()
    assert not untold
    return told


@settings(max_examples=examples(60), deadline=None)
@given(stories())
def test_exactly_the_gaps_are_found_and_each_once(story: Story) -> None:
    ledger = ScheduleLedger()
    more = {} if story.until is None else {"until": format_date(story.until)}
    assert ledger.plan(story.recurrence, format_date(story.since), grace_days=story.grace_days, **more).ok
    told = tell(ledger, story)
    missed = ledger.missed()
    assert missed == sorted(set(missed))
    assert ledger.ids("missed") == [f"{UNIT}/000001/{first}" for first in missed]
    judged_from = story.recurrence.period_of(story.since)
    index, seen = judged_from, 0
    while True:
        first, last = story.recurrence.period_bounds(index)
        due = (last + 1 + story.grace_days) * DAY_MS
        if due > ledger.time_ms or (story.until is not None and first > story.until):
            break
        seen += check_period(ledger, story, index, told.get(first, []), due)
        index += 1
    # Nothing was found beside the periods that were looked at.
    assert seen == len(missed)
    # Judging went on to the first period that is not over, or not the plan's any more, and no further.
    assert ledger.fields("plan", f"{UNIT}/000001")["next"] == index
    if story.until is not None:
        assert ledger.fields("plan", f"{UNIT}/000001")["state"] == "ended"
        assert ledger.ids("timer") == []
    else:
        assert len(ledger.ids("timer")) == 1


def check_period(ledger: ScheduleLedger, story: Story, index: int, told: list[tuple[int, int]], due: int) -> bool:
    """Whether the period was found missed; it has to be, or must not be, as what was told says."""
    first, last = story.recurrence.period_bounds(index)
    wanted = needed(story, first, last)
    record = ledger.record("missed", f"{UNIT}/000001/{format_date(first)}")
    in_time = sum(told_ms < due for _, told_ms in told)
    if record is None:
        # A gap is always found: nothing that was told after the period had been judged could have prevented it.
        assert len(told) >= wanted
        return False
    fields = record.fields
    assert in_time < wanted, "a period that had all it needed in time is never found missed"
    found, held, late = fields["found"], fields["held"], fields["late"]
    assert isinstance(found, int)
    assert isinstance(held, int)
    assert isinstance(late, int)
    assert found >= due
    assert in_time <= held < wanted == fields["needed"]
    assert held + late == len(told)
    assert fields["state"] == ("made-up" if len(told) >= wanted else "missed")
    return True
