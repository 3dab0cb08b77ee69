"""Any order of signing in, entering and waiting: the list holds who could be on it, once, and nobody else."""

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.encoding import Value
from tests.contracts.attendance.attendance_ledger import UNIT, WINDOW_MS, WINDOWS, AttendanceLedger

PEOPLE = ("ann", "ben", "dan", "eve")
ENTITLED = {"ann": "member", "ben": "member", "dan": "probationary"}


class Step(NamedTuple):
    """Somebody signs, so long after the step before, with the code of a window; or is entered from paper."""

    wait_ms: int
    person: str
    window: int
    paper: bool


STEPS = st.lists(
    st.builds(
        Step, st.integers(1000, 2 * WINDOW_MS), st.sampled_from(PEOPLE), st.integers(0, WINDOWS - 1), st.booleans()
    ),
    min_size=1,
    max_size=12,
)


def expected(ledger: AttendanceLedger, listed: dict[str, str], step: Step, slack: int) -> bool:
    """Whether a step puts its person on the list: told from the page of the contract, not from its code."""
    if step.person in listed or step.person not in ENTITLED:
        return False
    past_ms = ledger.time_ms - ledger.device.starts_ms
    if step.paper:
        return past_ms >= 0
    return (step.window - slack) * WINDOW_MS <= past_ms < (step.window + 1 + slack) * WINDOW_MS


@settings(max_examples=40)
@given(STEPS, st.integers(0, 3))
def test_the_list_holds_those_who_could_sign_and_each_once(steps: list[Step], slack: int) -> None:
    ledger = AttendanceLedger()
    ledger.device = ledger.codes(ledger.time_ms + WINDOW_MS)
    ledger.open(slack=slack)
    listed: dict[str, str] = {}
    for step in steps:
        ledger.at(ledger.time_ms + step.wait_ms)
        if step.paper:
            sheet: dict[str, Value] = {"unit": UNIT, "number": 1, "persons": [step.person]}
            code = ledger.code("attendance.enter", sheet, "ann")
        else:
            code = ledger.sign(step.person, step.window)
        assert (code == "ok") == expected(ledger, listed, step, slack), (step, code)
        if code == "ok":
            listed[step.person] = ENTITLED[step.person]
    names = ledger.names() if listed else []
    assert {str(one[0]): one[1] for one in names if isinstance(one, list)} == listed and len(names) == len(listed)
    counts = {role: list(listed.values()).count(role) for role in set(listed.values())}
    assert ledger.counts() == counts
