"""Applied height not atomic with state (known from other implementations): a batch is one transaction, head included.

Source: docs/protocol.md, the end of section 6; the table of all such traces is docs/reference/agreement-tests.md.
"""

from pathlib import Path
from typing import Any

import pytest

from storage.environment import Environment
from storage.errors import StoreFullError
from storage.interface import WriteBatch
from storage.lmdb_store import LmdbStore
from tests.storage.chain_growth import NETWORK_ID, Growth


def test_blocks_state_and_the_heights_that_name_them_are_written_together(
    lmdb_store: LmdbStore, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power goes before a second transaction could begin: all of the group is there.

    Guard: storage/lmdb_store.py, `apply`, whose one transaction holds `_write`, META_HEAD with it.
    """
    growth = Growth()
    batches = [WriteBatch(blocks=(growth.block(),), executions=(growth.execution(),)) for _ in range(3)]
    begun: list[Environment] = []
    begin_write = Environment.begin_write

    def begin_once(environment: Environment) -> Any:
        if begun:
            raise StoreFullError("no second one, says the test")
        begun.append(environment)
        return begin_write(environment)

    monkeypatch.setattr(Environment, "begin_write", begin_once)
    lmdb_store.apply(batches)
    lmdb_store.close()
    monkeypatch.undo()
    reopened = LmdbStore.open(store_path, NETWORK_ID)
    head = reopened.head()
    newest = reopened.header(head.tip_height)
    assert (head.tip_height, head.executed_height) == (3, 3)
    assert newest is not None and head.tree_size == newest.first_index + newest.leaf_count
    assert all(reopened.index_of(one.id) is not None for batch in batches for one in batch.executions[0].ids)
    reopened.close()
