"""What runs cost, counted; and how much a single one can cost at most."""

from collections.abc import Callable

import pytest

from contracts.arguments import Arguments
from contracts.builtin import builtin_registry
from contracts.context import Context
from contracts.errors import Refusal
from contracts.limits import (
    COMMON_LIMITS,
    EVENTS_MAX,
    LINKS_MAX,
    READS_MAX,
    RULE_STEPS_MAX,
    TIMERS_SET_MAX,
    TOO_MANY_READS,
)
from contracts.record import RECORD_SIZE_BYTES_MAX
from contracts.result import RESULT_SIZE_BYTES_MAX
from contracts.runtime import Execution
from contracts.timer_context import TimerContext
from contracts.timers import set_timer
from contracts.treasury.roll import MEMBERS_MAX
from contracts.work import (
    FINE_SHIFT,
    LINK_WORK,
    READ_WORK,
    RULE_STEP_32NDS,
    TIMER_SET_WORK,
    TRANSACTION_WORK,
    WRITE_WORK,
    WRITTEN_BYTE_32NDS,
)
from ledger.encoding import Value
from ledger.transaction import ENVELOPE_SIZE_BYTES_MAX
from tests.contracts.packs.test_publishing import PackLedger, pack
from tests.contracts.treasury.treasury_ledger import TreasuryLedger
from tests.contracts.trial_contract import NO, PURPOSE, trial_registry
from tests.contracts.trial_ledger import STRANGER, TrialLedger

# A third of a second of the machine that the weights were measured on: what one transaction may take at most.
ONE_UNITS_MAX = 300_000

Step = Callable[[Context], object]


def executed(step: Step, before: Step | None = None) -> Execution:
    """A block with one transaction that does this, on what an earlier one may have left."""
    steps = [one for one in (before, step) if one is not None]

    def run(context: Context, arguments: Arguments) -> None:
        steps.pop(0)(context)

    ledger = TrialLedger(registry=trial_registry(run))
    executions = [ledger.execute(ledger.transaction("trial.run", {})) for _ in range(len(steps))]
    return executions[-1]


def cost(step: Step, before: Step | None = None) -> int:
    """What this costs beside a transaction that does nothing."""

    def nothing(context: Context) -> None:
        pass

    return executed(step, before).works[0] - executed(nothing).works[0]


def write_large(context: Context) -> None:
    context.create("trial", "large", {"text": "x" * 3200})


def test_a_transaction_that_does_nothing_costs_what_every_one_does() -> None:
    execution = executed(lambda context: None)
    assert TRANSACTION_WORK < execution.works[0] < TRANSACTION_WORK + 40
    assert execution.timer_work == 0 and execution.work == execution.works[0]


def test_reads_count_with_their_bytes() -> None:
    def read_none(context: Context) -> None:
        for _ in range(5):
            context.read("trial", "none")

    assert cost(read_none) == 5 * READ_WORK
    one = cost(lambda context: context.read("trial", "large"), write_large)
    assert one == READ_WORK + (3200 + 9 >> FINE_SHIFT)
    # Somebody who remembers what it decoded pays for the look only, on every node, whatever it remembers.
    assert cost(lambda context: context.content("trial", "large"), write_large) == READ_WORK
    assert cost(lambda context: context.next_id("trial"), write_large) == READ_WORK


def test_writes_count_with_their_bytes_and_every_time() -> None:
    def twice(context: Context) -> None:
        for number in range(2):
            context.put("trial", "a", {"text": "x" * 3200, "number": number})

    # The result's leaf names what was written: some bytes of it.
    said = 1
    assert cost(write_large) == WRITE_WORK + ((3200 + 9) * WRITTEN_BYTE_32NDS >> FINE_SHIFT) + said
    assert cost(twice) == WRITE_WORK + (2 * (3200 + 18) * WRITTEN_BYTE_32NDS >> FINE_SHIFT) + 1


def test_links_and_what_is_said_count() -> None:
    assert cost(lambda context: context.link("unit/a")) in (LINK_WORK + 1, LINK_WORK + 2)
    assert cost(lambda context: context.emit("trial.done", {"text": "x" * 3200})) == 3200 + 32 >> FINE_SHIFT


def test_steps_of_rules_and_what_is_added_count() -> None:
    def take(context: Context) -> None:
        context.rule_steps_left -= 800

    assert cost(take) == 800 * RULE_STEP_32NDS >> FINE_SHIFT
    assert cost(lambda context: context.add_work(123)) == 123


def refuse(context: Context) -> None:
    raise Refusal(*NO, number=1)


def test_what_is_refused_has_cost_what_it_did() -> None:
    def read_and_refuse(context: Context) -> None:
        context.add_work(5000)
        for number in range(100):
            context.read("trial", f"none-{number}")
        refuse(context)

    assert executed(read_and_refuse).works[0] > 5000 + 100 * READ_WORK + TRANSACTION_WORK


def test_an_attempt_that_was_refused_has_cost_what_it_did() -> None:
    def write_and_refuse(context: Context) -> None:
        write_large(context)
        for _ in range(10):
            context.read("trial", "none")
        refuse(context)

    def attempt(context: Context) -> None:
        assert context.attempt(lambda: write_and_refuse(context)) is not None
        assert context.reads_left == READS_MAX

    assert cost(attempt) == WRITE_WORK + ((3200 + 9) * WRITTEN_BYTE_32NDS >> FINE_SHIFT) + 10 * READ_WORK


def test_somebody_elses_transaction_costs_little_and_counts() -> None:
    ledger = TrialLedger(registry=trial_registry(lambda context, arguments: context.add_work(9999)))
    mine, others = ledger.transaction("trial.run", {}), ledger.transaction("trial.run", {}, STRANGER)
    works = ledger.execute(mine, others, mine).works
    assert works[0] == works[2] > 9999
    assert TRANSACTION_WORK <= works[1] < TRANSACTION_WORK + 40


def test_timers_count_apart() -> None:
    def set_one(context: Context, arguments: Arguments) -> None:
        set_timer(context, context.time_ms, PURPOSE, {})

    def remind(context: TimerContext, payload: dict[str, Value]) -> None:
        context.add_work(777)
        raise Refusal(*NO, number=1)

    ledger = TrialLedger(registry=trial_registry(set_one, remind))
    setting = ledger.execute(ledger.transaction("trial.run", {}))
    assert setting.works[0] > TRANSACTION_WORK + TIMER_SET_WORK + WRITE_WORK and setting.timer_work == 0
    running = ledger.execute()
    assert running.works == () and 777 < running.timer_work == running.work < 777 + 100


def test_what_limits_allow_is_done_within_a_third_of_a_second() -> None:
    """For any contract but one that counts more work than its reads and writes, by the limits of a run alone."""
    run = (
        COMMON_LIMITS.reads * (READ_WORK + (RECORD_SIZE_BYTES_MAX >> FINE_SHIFT))
        + COMMON_LIMITS.writes * WRITE_WORK
        + (COMMON_LIMITS.written_size_bytes * WRITTEN_BYTE_32NDS >> FINE_SHIFT)
        + (RULE_STEPS_MAX * RULE_STEP_32NDS >> FINE_SHIFT)
        + TIMERS_SET_MAX * TIMER_SET_WORK
    )
    beside = LINKS_MAX * LINK_WORK + (RESULT_SIZE_BYTES_MAX + ENVELOPE_SIZE_BYTES_MAX >> FINE_SHIFT)
    assert TRANSACTION_WORK + run + beside <= ONE_UNITS_MAX
    assert EVENTS_MAX < 100, "they are bounded by the size of the leaf"
    others = [one.name for one in builtin_registry().contracts if one.limits != COMMON_LIMITS]
    assert others == ["governance"]


def test_reading_all_that_may_be_read_is_counted_and_bounded() -> None:
    def read_all(context: Context) -> None:
        for _ in range(READS_MAX + 1):
            context.read("trial", "large")

    def write_largest(context: Context) -> None:
        context.create("trial", "large", {"text": "x" * (RECORD_SIZE_BYTES_MAX - 16)})

    execution = executed(read_all, write_largest)
    assert execution.results[0].code == TOO_MANY_READS.code
    assert 100_000 < execution.works[0] <= ONE_UNITS_MAX


@pytest.fixture(scope="module")
def full_branch() -> TreasuryLedger:
    """A branch with a full sheet of people, each of whom owes for three months."""
    ledger = TreasuryLedger().begin()
    people = [f"person-{number:02}-of-the-large-branch" for number in range(MEMBERS_MAX)]
    for person in people:
        ledger.add_person(person)
    rows: list[Value] = [[person, "wage", 500_000] for person in people]
    ledger.do("standings", lines=rows, **{"from": "2026-01-01"})
    for month in ("2026-01", "2026-02", "2026-03"):
        for sheet in (1, 2):
            ledger.do("assess", period=month, sheet=sheet)
    return ledger


def test_the_largest_of_each_common_operation_is_far_below(full_branch: TreasuryLedger) -> None:
    ledger = full_branch
    people = list(ledger.roll(1).members)[:MEMBERS_MAX]
    works = {}
    for method, arguments in {
        "standings": {"lines": [[one, "wage", 600_000] for one in people], "from": "2026-04-01"},
        "assess": {"period": "2026-04", "sheet": 1},
        "pay-batch": {"lines": [[one, 15_000] for one in people], "money": "bank", "date": "2026-06-01"},
    }.items():
        values: dict[str, Value] = {"unit": "branch-1", **arguments}  # type: ignore[dict-item]
        execution = ledger.execute(ledger.sent(f"treasury.{method}", values, "tess"))
        assert execution.results[0].ok, (method, execution.results[0].code, execution.results[0].details)
        works[method] = execution.works[0]
    assert all(1000 < work < 20_000 for work in works.values()), works


def test_publishing_a_pack_counts_its_parts_whether_or_not_they_are_remembered() -> None:
    ledger, club = PackLedger(), pack()
    ledger.publish(club)
    parts = sum(len(part) for part in club.parts().values())
    assert ledger.works[0] > parts >> 1
