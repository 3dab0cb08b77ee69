"""What a block remembers of its senders: never more than the state says at that moment."""

import pytest

from contracts.admission import SenderCount, sender_count_key
from contracts.errors import Refusal
from contracts.genesis_state import PARAMETERS_KEY
from contracts.member import STATE_ACTIVE, STATE_SUSPENDED, member_fields, member_record_key
from contracts.record import Record
from contracts.senders import Senders
from contracts.state import BlockState
from ledger.encoding import Value
from tests.contracts.dict_state import DictState

ACCOUNT = bytes(31) + b"a"
DAY = 20_000


def member(state: str, version: int = 1) -> bytes:
    fields: dict[str, Value] = member_fields("ann", [("ed25519", bytes(32))], []) | {"state": state}
    return Record(version, fields).encode()


def parameters(quota: int) -> bytes:
    return Record(1, {"transactions_per_sender_per_day_max": quota}).encode()


def state_with(count: SenderCount | None = None) -> BlockState:
    below = DictState({PARAMETERS_KEY: parameters(3), member_record_key(ACCOUNT): member(STATE_ACTIVE)})
    if count is not None:
        below[sender_count_key(ACCOUNT)] = count.encode()
    return BlockState(below)


def states(senders: Senders) -> str | None:
    found = senders.find(ACCOUNT).member
    return None if found is None else found.state


def test_a_sender_is_as_the_block_has_made_it_by_then() -> None:
    state = state_with()
    senders = Senders(state, DAY)
    assert states(senders) == states(senders) == STATE_ACTIVE
    assert senders.find(ACCOUNT).member is senders.find(ACCOUNT).member
    state.put(member_record_key(ACCOUNT), member(STATE_SUSPENDED, 2))
    assert states(senders) == STATE_SUSPENDED
    state.put(member_record_key(ACCOUNT), None)
    assert states(senders) is None
    state.put(member_record_key(ACCOUNT), member(STATE_ACTIVE))
    assert states(senders) == STATE_ACTIVE


def test_an_account_that_is_not_there_may_be_made_in_the_block() -> None:
    state = BlockState(DictState())
    senders = Senders(state, DAY)
    assert states(senders) is None
    state.put(member_record_key(ACCOUNT), member(STATE_ACTIVE))
    assert states(senders) == STATE_ACTIVE


def test_the_quota_is_that_of_the_moment_and_counts_go_on() -> None:
    state = state_with(SenderCount(9, DAY, 1))
    senders = Senders(state, DAY)
    for _ in range(2):
        sender = senders.find(ACCOUNT)
        senders.check_quota(sender)
        senders.add(sender)
    with pytest.raises(Refusal) as refused:
        senders.check_quota(senders.find(ACCOUNT))
    assert (refused.value.code, refused.value.params["count"]) == ("sender.quota-exceeded", 3)
    state.put(PARAMETERS_KEY, parameters(4))
    senders.check_quota(senders.find(ACCOUNT))
    assert state.get(sender_count_key(ACCOUNT)) == SenderCount(11, DAY, 3).encode()


def test_yesterdays_transactions_are_not_counted() -> None:
    senders = Senders(state_with(SenderCount(9, DAY - 1, 3)), DAY)
    senders.check_quota(senders.find(ACCOUNT))
