"""Policies of ledgers whose voters changed: which one holds at a tree size, and from where on."""

import pytest

from contracts.genesis_state import genesis_records
from daemon.policy import TreeSizeUnknownError, current_policy, policy_at
from storage.memory import MemoryStore
from tests.audit.builder import LedgerBuilder, genesis_lanes, make_genesis
from tests.daemon.ledgers_of_voters import NEWCOMER, call_governance


def changed_ledger() -> tuple[LedgerBuilder, list[int]]:
    """A second voter joins and leaves again; and the tree sizes after the two barriers."""
    genesis = make_genesis()
    store = MemoryStore.create(genesis.network_id, genesis_records(genesis), genesis_lanes(genesis))
    builder = LedgerBuilder(genesis, store)
    builder.open_term()
    sizes = []
    call_governance(builder, "node-register", NEWCOMER.to_value())
    for method in ("voter-add", "voter-remove"):
        call_governance(builder, method, {"node": NEWCOMER.node_id})
        sizes.append(store.head().tree_size)
        builder.add_block([builder.notice()])
    return builder, sizes


def test_each_policy_holds_from_the_first_entry_after_its_barrier() -> None:
    builder, (added, removed) = changed_ledger()
    size = builder.store.head().tree_size
    found = [policy_at(builder.store, builder.genesis, one) for one in range(size + 1)]
    assert [policy.number for policy in found] == [0] * (added + 1) + [1] * (removed - added) + [2] * (size - removed)
    for tree_size, policy in enumerate(found):
        assert policy.from_size <= tree_size
    assert [found[0].from_size, found[added + 1].from_size, found[size].from_size] == [0, added + 1, removed + 1]
    assert current_policy(builder.store, builder.genesis) == found[size]


def test_a_policy_names_the_voters_of_its_set_also_when_they_vote_no_more() -> None:
    builder, (added, removed) = changed_ledger()
    call_governance(builder, "node-remove", {"node": NEWCOMER.node_id})
    first, second, third = (policy_at(builder.store, builder.genesis, one) for one in (0, removed, removed + 1))
    keys = [{log.key.public_key for log in policy.policy.logs} for policy in (first, second, third)]
    assert keys[1] == keys[0] | {NEWCOMER.log}
    assert keys[2] == keys[0]
    assert [group.threshold for policy in (first, second) for group in policy.policy.groups] == [1, 2]
    assert first.policy == third.policy
    assert b"# Banyan policy 1 of" in second.encode()
    assert f"# voters in force from tree size {added + 1} on\n".encode() in second.encode()


def test_nothing_is_said_about_sizes_that_there_are_not() -> None:
    builder, _ = changed_ledger()
    size = builder.store.head().tree_size
    for wrong in (-1, size + 1):
        with pytest.raises(TreeSizeUnknownError):
            policy_at(builder.store, builder.genesis, wrong)
