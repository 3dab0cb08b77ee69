"""The order of rows: what builds on another row waits for it, whatever is under way beside it."""

from hypothesis import given
from hypothesis import strategies as st

from cli.importing.schedule import Schedule, ScheduledRow

RECORDS = st.sampled_from(["", "a/1", "a/2", "b/1", "b/2"])
STEPS = st.lists(st.lists(st.tuples(RECORDS, st.lists(RECORDS.filter(bool), max_size=2)), max_size=8), max_size=4)


def numbered(steps: list[list[tuple[str, list[str]]]]) -> list[list[ScheduledRow]]:
    count = 0
    made = []
    for rows in steps:
        made.append([ScheduledRow(count + n, makes, tuple(needs)) for n, (makes, needs) in enumerate(rows)])
        count += len(rows)
    return made


@given(STEPS, st.data())
def test_a_row_goes_after_all_that_it_builds_on_and_only_if_they_hold(
    steps: list[list[tuple[str, list[str]]]], data: st.DataObject
) -> None:
    rows = numbered(steps)
    step_of = {row.number: step for step, rows_of_step in enumerate(rows) for row in rows_of_step}
    by_number = {row.number: row for rows_of_step in rows for row in rows_of_step}
    schedule = Schedule(rows)
    under_way: list[int] = []
    sent: list[int] = []
    failed: set[int] = set()
    while not schedule.is_done:
        for number in schedule.take(data.draw(st.integers(1, 4))):
            row = by_number[number]
            for other in by_number.values():
                touches = other.makes and (other.makes == row.makes or other.makes in row.needs)
                if other.number < number and touches:
                    assert other.number in sent and other.number not in under_way
                    assert other.number not in failed
            assert all(step_of[other] == step_of[number] for other in under_way)
            sent.append(number)
            under_way.append(number)
        assert under_way, "rows are left and none can be sent"
        one = under_way.pop(data.draw(st.integers(0, len(under_way) - 1)))
        holds = data.draw(st.booleans())
        if not holds:
            failed.add(one)
        schedule.settle(one, holds=holds)
    assert not under_way
    assert sorted(sent + schedule.held) == sorted(by_number)
    assert schedule.held == [] or failed


def test_rows_that_build_on_nothing_go_all_at_once() -> None:
    schedule = Schedule([[ScheduledRow(number, f"unit/{number}", ("unit/root",)) for number in range(100)]])
    assert schedule.take(256) == list(range(100))


def test_what_builds_on_a_failed_row_is_held_back_in_later_steps_too() -> None:
    schedule = Schedule(
        [
            [ScheduledRow(0, "u/a", ()), ScheduledRow(1, "u/b", ("u/a",))],
            [ScheduledRow(2, "", ("u/b",)), ScheduledRow(3, "", ())],
        ]
    )
    assert schedule.take(9) == [0]
    schedule.settle(0, holds=False)
    assert schedule.take(9) == [3]
    schedule.settle(3, holds=True)
    assert schedule.is_done
    assert schedule.held == [1, 2]
