"""What a node asks of a transaction before it may wait for a block."""

from collections.abc import Sequence

import pytest

from contracts.admission import SenderCount, check_sender
from contracts.errors import Refusal
from ledger.errors import DecodingError
from ledger.signing import SigningKey
from tests.contracts.trial_ledger import SECRETARY, STRANGER, TREASURER, TrialLedger, trial_genesis

DAY_MS = 86_400_000


def code(
    ledger: TrialLedger,
    key: SigningKey = SECRETARY,
    signers: Sequence[SigningKey] | None = None,
    pending: int = 0,
    later_ms: int = 0,
) -> str:
    transaction = ledger.transaction("notice.post", {"unit": "a", "title": "t"}, key, signers)
    before = dict(ledger.state)
    try:
        check_sender(ledger.state, transaction, ledger.time_ms + later_ms, pending)
    except Refusal as refusal:
        return refusal.code
    finally:
        assert dict(ledger.state) == before
    return "ok"


def test_a_member_is_admitted() -> None:
    assert code(TrialLedger()) == "ok"


def test_the_same_refusals_as_at_execution() -> None:
    ledger = TrialLedger()
    assert code(ledger, STRANGER) == "sender.unknown"
    assert code(ledger, SECRETARY, [STRANGER]) == "sender.key-unknown"
    assert code(ledger, SECRETARY, [TREASURER]) == "sender.not-signed"
    assert code(ledger, SECRETARY, [TREASURER, SECRETARY]) == "ok"


def test_executed_and_waiting_transactions_count_towards_the_quota() -> None:
    ledger = TrialLedger(trial_genesis(transactions_per_sender_per_day_max=3))
    assert code(ledger, pending=2) == "ok"
    assert code(ledger, pending=3) == "sender.quota-exceeded"
    ledger.execute(ledger.post(), ledger.post())
    assert code(ledger, pending=0) == "ok"
    assert code(ledger, pending=1) == "sender.quota-exceeded"
    assert code(ledger, TREASURER, pending=2) == "ok"
    assert code(ledger, pending=2, later_ms=DAY_MS) == "ok"


def test_a_quota_of_none_admits_nobody() -> None:
    assert code(TrialLedger(trial_genesis(transactions_per_sender_per_day_max=0))) == "sender.quota-exceeded"


def test_a_state_without_parameters_is_damaged() -> None:
    ledger = TrialLedger()
    del ledger.state[b"parameters\0network"]
    with pytest.raises(DecodingError):
        code(ledger)


def test_a_count_round_trips() -> None:
    again = SenderCount.decode(SenderCount(7, 20_000, 3).encode())
    assert (again.version, again.day, again.count) == (7, 20_000, 3)
    for damaged in (b"\x92\x01\x80", b"\x92\x01\x82\xa5count\xff\xa3day\x01"):
        with pytest.raises(DecodingError):
            SenderCount.decode(damaged)
