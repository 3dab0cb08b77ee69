"""A transaction that fails in its middle: nothing of it stays, on disk or in memory."""

from collections.abc import Callable
from typing import Any

import lmdb
import pytest

from ledger.errors import LocalError
from storage.environment import Environment, Write
from storage.errors import StoreFullError
from storage.interface import ExecutedId, StoredExecution, WriteBatch
from storage.lmdb_store import LmdbStore
from tests.storage.chain_growth import Growth


class FailingTransaction:
    """A write transaction that has no room for the put of a given number; everything else is done."""

    def __init__(self, transaction: Write, puts_left: int) -> None:
        self._transaction = transaction
        self._puts_left = puts_left

    def put(self, *arguments: Any, **options: Any) -> bool:
        if not self._puts_left:
            raise lmdb.MapFullError("no room, says the test")
        self._puts_left -= 1
        return self._transaction.put(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transaction, name)


@pytest.fixture
def fail_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], None]:
    """Let the put of this number fail in every transaction from now on; None: none."""
    begin_write = Environment.begin_write

    def fail(moment: int | None) -> None:
        def begin(environment: Environment) -> Any:
            transaction = begin_write(environment)
            return transaction if moment is None else FailingTransaction(transaction, moment)

        monkeypatch.setattr(Environment, "begin_write", begin)

    return fail


def batches_of(growth: Growth, count: int) -> list[WriteBatch]:
    return [WriteBatch(blocks=(growth.block(),), executions=(growth.execution(),)) for _ in range(count)]


def ids_of(batches: list[WriteBatch]) -> list[bytes]:
    return [one.id for batch in batches for execution in batch.executions for one in execution.ids]


def test_ids_leave_memory_wherever_a_put_fails(lmdb_store: LmdbStore, fail_at: Callable[[int | None], None]) -> None:
    growth = Growth()
    before, after = batches_of(growth, 1), batches_of(growth, 2)
    lmdb_store.apply(before)
    moment, refused = 0, True
    while refused:
        fail_at(moment)
        try:
            lmdb_store.apply(after)
        except StoreFullError:
            assert set(lmdb_store._ids._snapshot.recent) == set(ids_of(before)), f"put {moment}"
            assert lmdb_store.duplicates(ids_of(before + after), 0) == set(ids_of(before))
            moment += 1
        else:
            refused = False
    assert moment > len(after), "several puts failed, in every batch"
    assert lmdb_store.duplicates(ids_of(before + after), 0) == set(ids_of(before + after))


@pytest.mark.parametrize("place", ["the same block", "an earlier block of the transaction", "a committed block"])
def test_an_id_that_occurs_twice_leaves_what_was_there(lmdb_store: LmdbStore, place: str) -> None:
    growth = Growth()
    before = batches_of(growth, 1)
    lmdb_store.apply(before)
    earlier, last = batches_of(growth, 2)
    execution = last.executions[0]
    fresh = execution.ids[0]
    known = {
        "the same block": fresh,
        "an earlier block of the transaction": earlier.executions[0].ids[0],
        "a committed block": before[0].executions[0].ids[0],
    }[place]
    twice = ExecutedId(known.id, known.expires_ms, execution.ids[1].leaf_index)
    doubled = WriteBatch(blocks=last.blocks, executions=(with_ids(execution, (fresh, twice)),))
    with pytest.raises(LocalError, match="twice"):
        lmdb_store.apply([earlier, doubled])
    assert lmdb_store.duplicates(ids_of([*before, earlier, last]), 0) == set(ids_of(before))
    assert set(lmdb_store._ids._snapshot.recent) == set(ids_of(before))
    lmdb_store.apply([earlier, last])


def with_ids(execution: StoredExecution, ids: tuple[ExecutedId, ...]) -> StoredExecution:
    fields = {name: getattr(execution, name) for name in execution.__dataclass_fields__}
    return StoredExecution(**(fields | {"ids": ids}))
