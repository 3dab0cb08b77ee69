"""Timers: when they run, in which order, how many in a block, and what they leave behind."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.arguments import Arguments
from contracts.chain import next_link
from contracts.context import Context
from contracts.contract import Contract, TimerHandler
from contracts.errors import ContractError, Refusal
from contracts.limits import TIMERS_PER_BLOCK_MAX, TIMERS_SET_MAX
from contracts.record import Record, record_key
from contracts.registry import Registry
from contracts.result import Event, RecordVersion
from contracts.run_context import RunContext
from contracts.runtime import Execution
from contracts.timer_context import TimerContext
from contracts.timer_effect import TimerEffect, is_timer_effect, linked_hash
from contracts.timers import DUE_MS_MAX, cancel_timer, next_due_ms, set_timer
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.hashing import ZERO_HASH, tagged_hash
from tests.contracts.trial_contract import NO, PURPOSE, trial_contract, trial_registry
from tests.contracts.trial_ledger import START_MS, TrialLedger
from tests.examples import examples

Step = Callable[[Context], object]
OnTimer = Callable[[TimerContext, dict[str, Value]], object]
YEAR_MS = 365 * 86_400_000


@dataclass
class Trial:
    """A ledger whose operation does `step`, and whose timers do `on_timer` and are noted with their payload."""

    on_timer: OnTimer = lambda context, payload: None
    step: Step = lambda context: None
    ran: list[dict[str, Value]] = field(default_factory=list)

    def __post_init__(self) -> None:
        def run(context: Context, arguments: Arguments) -> None:
            self.step(context)

        def remind(context: TimerContext, payload: dict[str, Value]) -> None:
            self.ran.append(payload)
            self.on_timer(context, payload)

        self.ledger = TrialLedger(registry=trial_registry(run, remind))

    def act(self, step: Step) -> Execution:
        """A block with one transaction that does `step`; it must not be refused."""
        self.step = step
        execution = self.ledger.execute(self.ledger.transaction("trial.run", {}))
        assert execution.results[0].ok, execution.results[0]
        return execution

    def set(self, *due_ms: int, **payload: Value) -> list[str]:
        """Timers that are due so long after the ledger's start, set in one transaction."""
        made: list[str] = []
        start = len(self.ran)
        self.act(
            lambda context: made.extend(
                set_timer(context, START_MS + due, PURPOSE, {"n": number, **payload})
                for number, due in enumerate(due_ms)
            )
        )
        assert len(self.ran) == start or due_ms
        return made

    def waiting(self) -> list[str]:
        return [key[6:].decode() for key in sorted(self.ledger.state) if key.startswith(b"timer\0")]

    def later(self, time_ms: int) -> Execution:
        """An empty block so long after the ledger's start."""
        self.ledger.time_ms = START_MS + time_ms - 1000
        return self.ledger.execute()


def test_a_timer_runs_once_in_the_first_block_at_its_time() -> None:
    trial = Trial()
    (timer_id,) = trial.set(60_000)
    assert trial.waiting() == [timer_id]
    assert timer_id.startswith(f"{START_MS + 60_000:015d}/")
    assert next_due_ms(trial.ledger.state) == START_MS + 60_000
    assert trial.later(59_999).effects == ()
    execution = trial.later(60_000)
    assert [(effect.timer_id, effect.code, effect.number) for effect in execution.effects] == [(timer_id, "ok", 1)]
    assert trial.ran == [{"n": 0}]
    assert trial.waiting() == [] and next_due_ms(trial.ledger.state) is None
    assert trial.later(YEAR_MS).effects == ()


def test_a_timer_never_runs_in_the_block_that_sets_it() -> None:
    trial = Trial()
    trial.set(-YEAR_MS, 0)
    assert trial.ran == []
    assert len(trial.later(5_000).effects) == 2


def test_timers_run_in_the_order_of_their_times_before_the_transactions() -> None:
    trial = Trial(on_timer=lambda context, payload: context.put("trial", "last", dict(payload)))
    trial.set(30_000, 10_000, 20_000)
    trial.ledger.time_ms = START_MS + 60_000
    seen: list[Any] = []

    def step(context: Context) -> None:
        record = context.read("trial", "last")
        assert record is not None
        seen.append(record.fields["n"])

    execution = trial.act(step)
    assert [payload["n"] for payload in trial.ran] == [1, 2, 0]
    assert seen == [0]
    assert [effect.number for effect in execution.effects] == [1, 2, 3]
    assert execution.leaves == execution.effect_leaves + execution.result_leaves
    assert [is_timer_effect(leaf) for leaf in execution.leaves] == [True, True, True, False]


def test_an_effect_says_what_the_timer_did() -> None:
    def on_timer(context: TimerContext, payload: dict[str, Value]) -> None:
        context.create("trial", "a", payload)
        context.emit("trial.done", {"due": context.due_ms})
        context.link("unit/a")

    trial = Trial(on_timer)
    (timer_id,) = trial.set(60_000)
    execution = trial.later(60_000)
    effect = execution.effects[0]
    height = trial.ledger.height
    linked = tagged_hash("timer-effect", height.to_bytes(8, "big"), timer_id.encode())
    assert effect.linked_hash == linked_hash(height, timer_id) == linked
    assert (effect.height, effect.number, effect.purpose) == (height, 1, PURPOSE)
    assert effect.events == (Event("trial.done", {"due": START_MS + 60_000}),)
    assert effect.writes == (RecordVersion("trial", "a", 1),)
    assert [(one.subject, one.sequence, one.link) for one in effect.links] == [
        ("unit/a", 1, next_link(ZERO_HASH, linked))
    ]
    first_index = trial.ledger.leaf_count - 1
    assert [(one.subject, one.leaf_index, one.link) for one in execution.links] == [
        ("unit/a", first_index, effect.links[0].link)
    ]
    assert TimerEffect.decode(execution.effect_leaves[0]) == effect
    assert trial.ledger.fields("trial", "a") == {"n": 0}


def test_timers_of_one_block_lengthen_one_chain_one_after_the_other() -> None:
    trial = Trial(on_timer=lambda context, payload: context.link("unit/a"))
    trial.set(1, 2, 3)
    execution = trial.later(60_000)
    link = ZERO_HASH
    for sequence, effect in enumerate(execution.effects, 1):
        link = next_link(link, effect.linked_hash)
        assert (effect.links[0].sequence, effect.links[0].link) == (sequence, link)
    assert [one.sequence for one in execution.links] == [1, 2, 3]


def test_a_refusal_leaves_its_code_and_nothing_else() -> None:
    def on_timer(context: TimerContext, payload: dict[str, Value]) -> None:
        context.create("trial", "a", {})
        context.link("unit/a")
        context.emit("trial.done", {})
        set_timer(context, context.due_ms, PURPOSE, {})
        raise Refusal(*NO, number=7)

    trial = Trial(on_timer)
    trial.set(60_000)
    execution = trial.later(60_000)
    effect = execution.effects[0]
    assert (effect.code, effect.details) == ("trial.no", {"number": 7})
    assert (effect.events, effect.links, effect.writes) == ((), (), ())
    assert trial.waiting() == []
    assert [change.key[:6] for change in execution.changes] == [b"timer\0"]
    refusal = trial.ledger.registry.explain(effect)
    assert refusal is not None and str(refusal) == "number 7 is refused"


def test_any_other_exception_is_a_bug_and_stops_the_node() -> None:
    def on_timer(context: TimerContext, payload: dict[str, Value]) -> None:
        raise ZeroDivisionError

    trial = Trial(on_timer)
    trial.set(60_000)
    with pytest.raises(ZeroDivisionError):
        trial.later(60_000)


def test_what_a_timer_may_do_is_bounded_as_a_transaction_is() -> None:
    def on_timer(context: TimerContext, payload: dict[str, Value]) -> None:
        for number in range(257):
            context.read("trial", f"{number}")

    trial = Trial(on_timer)
    trial.set(60_000)
    assert trial.later(60_000).effects[0].code == "limits.reads"


def test_a_large_effect_is_refused() -> None:
    trial = Trial(on_timer=lambda context, payload: context.emit("trial.done", {"t": "x" * 65_536}))
    trial.set(60_000)
    assert trial.later(60_000).effects[0].code == "limits.result-size"


def test_a_block_runs_so_many_timers_and_the_next_ones_the_rest() -> None:
    trial = Trial()
    for _ in range(0, TIMERS_PER_BLOCK_MAX + 40, 10):
        trial.set(*[YEAR_MS] * 10)
    counts = [len(trial.later(2 * YEAR_MS + number).effects) for number in range(3)]
    waited = TIMERS_PER_BLOCK_MAX + 40 + (-(TIMERS_PER_BLOCK_MAX + 40)) % 10
    assert counts == [TIMERS_PER_BLOCK_MAX, waited - TIMERS_PER_BLOCK_MAX, 0]


def test_after_a_pause_of_a_year_periodic_timers_catch_up_block_by_block() -> None:
    """A timer that sets its successor: one run a block, each for its own time, until the present is reached."""
    month_ms = YEAR_MS // 12
    due: list[int] = []

    def on_timer(context: TimerContext, payload: dict[str, Value]) -> None:
        due.append(context.due_ms - START_MS)
        set_timer(context, context.due_ms + month_ms, PURPOSE, payload)

    trial = Trial(on_timer)
    trial.set(month_ms)
    for number in range(20):
        assert len(trial.later(YEAR_MS + number).effects) == (1 if number < 12 else 0)
    assert due == [month_ms * number for number in range(1, 13)]
    assert len(trial.waiting()) == 1


def test_a_timer_that_a_timer_sets_for_the_past_runs_in_the_next_block() -> None:
    trial = Trial(on_timer=lambda context, payload: set_timer(context, 0, PURPOSE, payload))
    trial.set(10_000)
    for number in range(5):
        assert len(trial.later(20_000 + number).effects) == 1
    assert len(set(trial.waiting())) == 1


def test_a_cancelled_timer_does_not_run() -> None:
    trial = Trial()
    first, second = trial.set(10_000, 10_000)
    answers: list[bool] = []
    trial.act(lambda context: answers.extend([cancel_timer(context, first), cancel_timer(context, first)]))
    assert answers == [True, False]
    assert [effect.timer_id for effect in trial.later(20_000).effects] == [second]
    trial.act(lambda context: answers.append(cancel_timer(context, second)))
    assert answers == [True, False, False]


def test_a_timer_may_cancel_another_of_the_same_block() -> None:
    made: list[str] = []
    trial = Trial(on_timer=lambda context, payload: [cancel_timer(context, one) for one in made])
    made += trial.set(10_000, 10_001)
    execution = trial.later(20_000)
    assert [effect.timer_id for effect in execution.effects] == made[:1]
    assert execution.effects[0].writes == (RecordVersion("timer", made[1], 0),)
    assert trial.waiting() == []


def test_setting_a_timer_is_among_the_writes() -> None:
    trial = Trial()
    made: list[str] = []
    execution = trial.act(lambda context: made.append(set_timer(context, START_MS, PURPOSE, {"a": 1})))
    assert execution.results[0].writes == (RecordVersion("timer", made[0], 1),)
    assert trial.ledger.record("timer", made[0]) == Record(1, {"payload": {"a": 1}, "purpose": PURPOSE})


@pytest.mark.parametrize(
    ("due_ms", "payload", "code"),
    [
        (-1, {}, "limits.timer-due"),
        (DUE_MS_MAX + 1, {}, "limits.timer-due"),
        (DUE_MS_MAX, {"t": "x" * 1018}, "ok"),
        (0, {"t": "x" * 1019}, "limits.timer-payload"),
    ],
)
def test_a_timer_has_a_time_and_a_small_payload(due_ms: int, payload: dict[str, Value], code: str) -> None:
    trial = Trial(step=lambda context: set_timer(context, due_ms, PURPOSE, payload))
    assert trial.ledger.result("trial.run", {}).code == code


def test_a_transaction_sets_a_bounded_number_of_timers() -> None:
    for count, code in ((TIMERS_SET_MAX, "ok"), (TIMERS_SET_MAX + 1, "limits.timers")):

        def step(context: RunContext, count: int = count) -> None:
            for _ in range(count):
                set_timer(context, START_MS, PURPOSE, {})

        trial = Trial(step=step)
        assert trial.ledger.result("trial.run", {}).code == code
        assert len(trial.waiting()) == (count if code == "ok" else 0)


@pytest.mark.parametrize("purpose", ["trial.else", "notice.remind", "remind", ""])
def test_a_contract_sets_timers_of_its_own_purposes_only(purpose: str) -> None:
    with pytest.raises(ContractError):
        Trial().act(lambda context: set_timer(context, 0, purpose, {}))


def test_another_contracts_timer_cannot_be_cancelled() -> None:
    trial = Trial()
    timer_id = f"{DUE_MS_MAX}/" + "0" * 32
    fields: dict[str, Value] = {"payload": {}, "purpose": "notice.remind"}
    trial.ledger.state[record_key("timer", timer_id)] = Record(1, fields).encode()
    with pytest.raises(ContractError):
        trial.act(lambda context: cancel_timer(context, timer_id))


def test_what_is_no_id_cannot_be_cancelled() -> None:
    with pytest.raises(ContractError):
        Trial().act(lambda context: cancel_timer(context, "soon"))


def test_a_contract_cannot_write_the_records_of_timers() -> None:
    with pytest.raises(ContractError):
        Trial().act(lambda context: context.put("timer", f"{0:015d}/" + "0" * 32, {}))


def test_a_purpose_that_no_contract_serves_any_more_is_refused_and_gone() -> None:
    trial = Trial()
    trial.set(10_000)
    trial.ledger.registry = Registry(())
    effect = trial.later(20_000).effects[0]
    assert (effect.code, effect.details) == ("timer.purpose-unknown", {"purpose": PURPOSE})
    assert trial.waiting() == []


def test_a_timer_has_no_sender() -> None:
    trial = Trial(on_timer=lambda context, payload: context.sender)  # type: ignore[attr-defined]
    trial.set(10_000)
    with pytest.raises(AttributeError):
        trial.later(20_000)


def test_two_handlers_of_one_name_are_refused() -> None:
    def remind(context: TimerContext, payload: dict[str, Value]) -> None:
        raise AssertionError

    handlers = (TimerHandler("remind", remind), TimerHandler("remind", remind))
    for name, timers in (
        ("two", handlers),
        ("long", (TimerHandler("x" * 60, remind),)),
        ("bad", (TimerHandler("A", remind),)),
    ):
        with pytest.raises(ContractError):
            Contract(name, "", frozenset(), frozenset(), (), (), timers=timers)


def test_no_contract_owns_the_kind() -> None:
    contract = trial_contract(lambda context, arguments: None)
    with pytest.raises(ContractError):
        Registry([Contract("other", "", frozenset(("timer",)), frozenset(), (), ()), contract])


@settings(max_examples=60, deadline=None)
@given(
    dues=st.lists(st.integers(0, 40_000), max_size=16),
    steps=st.lists(st.integers(1, 12_000), min_size=1, max_size=8),
    extra=st.lists(st.integers(1, 50_000), max_size=6),
)
def test_other_block_boundaries_leave_the_same_records(dues: list[int], steps: list[int], extra: list[int]) -> None:
    """Empty blocks in between let timers run earlier, in the same order, with the same effect on the records."""

    def on_timer(context: TimerContext, payload: dict[str, Value]) -> None:
        count = context.read("trial", "count")
        ran = count.fields["ran"] if count is not None else []
        assert isinstance(ran, list)
        context.put("trial", "count", {"ran": [*ran, payload["n"]]})
        if payload["n"] == 3:
            set_timer(context, context.due_ms + 100_000, PURPOSE, {"n": 99})

    def final(times: list[int]) -> tuple[dict[bytes, bytes], int]:
        trial = Trial(on_timer)
        trial.set(*[5_000 + due for due in dues])
        count = sum(len(trial.later(time).effects) for time in times)
        return dict(trial.ledger.state), count

    times = [1_000 + sum(steps[: number + 1]) for number in range(len(steps))]
    more = [1_000 + one for one in extra if 1_000 + one < times[-1]]
    assert final(times) == final(sorted({*times, *more}))


@settings(max_examples=examples(100), deadline=None)
@given(st.binary(max_size=200))
def test_bytes_that_are_no_effect_are_refused(data: bytes) -> None:
    try:
        effect = TimerEffect.decode(data)
    except DecodingError:
        return
    assert effect.encode() == data


def test_a_contract_sets_timers_that_it_borrows_and_their_owner_serves_them() -> None:
    """As `records` opens a case whose timer is the contract `cases`' own."""
    ran: list[dict[str, Value]] = []

    def lend(context: Context, arguments: Arguments) -> None:
        set_timer(context, START_MS + 5000, PURPOSE, {"n": 1})

    owner = trial_contract(lambda context, arguments: None, lambda context, payload: ran.append(payload))
    borrower = replace(
        trial_contract(lend),
        name="other",
        kinds=frozenset(),
        events=frozenset(),
        reasons=(),
        borrowed_timers=frozenset((PURPOSE,)),
    )
    ledger = TrialLedger(registry=Registry((owner, borrower)))
    assert ledger.result("other.run", {}).ok
    while not ran:
        ledger.execute()
    assert (ran, ledger.time_ms >= START_MS + 5000) == ([{"n": 1}], True)


def test_nobody_borrows_timers_of_nobody() -> None:
    contract = replace(trial_contract(lambda context, arguments: None), borrowed_timers=frozenset((PURPOSE,)))
    with pytest.raises(ContractError):
        Registry((contract,))
    own = replace(
        trial_contract(lambda context, arguments: None, lambda context, payload: None),
        borrowed_timers=frozenset((PURPOSE,)),
    )
    with pytest.raises(ContractError):
        Registry((own,))
