"""What a leader believes that transactions will cost."""

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.builtin import builtin_registry
from daemon.work_memory import KINDS_MAX, UNKNOWN_WORK, UNKNOWN_WORK_PER_BYTE, WorkMemory
from ledger.encoding import Value
from ledger.signing import SigningKey
from ledger.transaction import Transaction, build_transaction
from tests.examples import examples

REGISTRY = builtin_registry()
KEY = SigningKey.from_seed(b"\x07" * 32)


def transaction(operation: str = "notice.post", **arguments: Value) -> Transaction:
    return build_transaction(b"n" * 32, b"s" * 32, operation, arguments, bytes(16), 1000, [KEY])


def acted(transition: object, kind: object = "meeting") -> Transaction:
    return transaction("records.act", type=kind, transition=transition)  # type: ignore[arg-type]


def test_what_was_never_seen_is_taken_for_dear() -> None:
    memory, one = WorkMemory(REGISTRY), transaction()
    assert memory.estimate(one) == UNKNOWN_WORK + UNKNOWN_WORK_PER_BYTE * len(one.envelope)
    memory.learn([one], [100])
    assert memory.estimate(one) == 101


def test_it_rises_at_once_and_falls_slowly() -> None:
    memory, one = WorkMemory(REGISTRY), transaction()
    memory.learn([one] * 100, [100] * 100)
    memory.learn([one] * 8, [5000] * 8)
    assert memory.estimate(one) > 4500
    memory.learn([one] * 8, [100] * 8)
    assert memory.estimate(one) > 3500
    memory.learn([one] * 1000, [100] * 1000)
    assert memory.estimate(one) == 101


def test_some_dear_ones_among_many_count() -> None:
    """One in ten costs fifty times as much: the block would hold six times the work that the cheap ones tell of."""
    memory, one = WorkMemory(REGISTRY), transaction()
    works = [5000 if number % 10 == 0 else 100 for number in range(1000)]
    memory.learn([one] * 1000, works)
    assert sum(works) / 1000 <= memory.estimate(one) <= 5000


def test_another_size_and_another_operation_are_other_kinds() -> None:
    memory = WorkMemory(REGISTRY)
    memory.learn([transaction(title="x")], [100])
    assert memory.estimate(transaction(title="y")) == 101
    for other in (transaction(title="x" * 1000), transaction("notice.withdraw", title="x")):
        assert memory.estimate(other) > UNKNOWN_WORK


def test_transitions_of_one_operation_are_told_apart() -> None:
    memory = WorkMemory(REGISTRY)
    memory.learn([acted("hold")] * 8, [900] * 8)
    memory.learn([acted("read")] * 8, [90] * 8)
    assert (memory.estimate(acted("hold")), memory.estimate(acted("read"))) == (901, 91)
    assert memory.estimate(acted("hold", kind="lesson")) > UNKNOWN_WORK


def test_arguments_that_nobody_has_checked_do_no_harm() -> None:
    memory = WorkMemory(REGISTRY)
    nonsense: list[Value] = [None, 5, b"x", [["a"]], {"a": 1}, "x" * 5000]
    for one in nonsense:
        memory.learn([acted(one, kind=one)], [70])
        assert memory.estimate(acted(one, kind=one)) == 71
    # So many that they are decoded for whoever asks.
    many: list[Value] = list(range(500))
    memory.learn([acted(many)], [70])
    assert memory.estimate(acted(many)) == 71


def test_it_is_bounded_and_forgets_what_was_not_executed_for_longest() -> None:
    memory = WorkMemory(REGISTRY)
    memory.learn([acted("first")], [70])
    for number in range(KINDS_MAX - 1):
        memory.learn([acted(f"t-{number:05}")], [70])
    memory.learn([acted("first")], [70])
    memory.learn([acted("one-more")], [70])
    assert len(memory) == KINDS_MAX
    assert memory.estimate(acted("first")) == 71
    assert memory.estimate(acted("t-00000")) > UNKNOWN_WORK


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=50))
@settings(max_examples=examples(50))
def test_an_estimate_is_within_what_was_seen(works: list[int]) -> None:
    memory, one = WorkMemory(REGISTRY), transaction()
    memory.learn([one] * len(works), works)
    assert min(works) <= memory.estimate(one) <= max(works) + 1
