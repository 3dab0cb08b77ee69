"""Changing voters: which transactions can, the arithmetic, and what stays of earlier sets."""

import pytest

from consensus.voters import Voter, VoterSet
from contracts.admission import check_sender
from contracts.errors import Refusal
from contracts.governance import GOVERNANCE
from contracts.record import Record, record_key
from contracts.result import Event, RecordVersion
from contracts.voter_change import is_voter_change
from contracts.voter_record import (
    VOTERS_KEY,
    RecordedVoter,
    VoterRecord,
    current_voters,
    numbered_id,
    voter_set_of,
    voters_before,
    voters_numbered,
)
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.signing import SigningKey
from tests.contracts.governed_ledger import ADMINISTRATORS, GovernedLedger, description, joining, node_id
from tests.contracts.trial_ledger import SECRETARY


def voter_set(*numbers: int, quorum: str = "majority") -> VoterSet:
    return VoterSet(tuple(Voter(node_id(one), description(one).agreement) for one in numbers), quorum)


# -- recognised by their bytes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "is_one"),
    [
        ("governance.voter-add", True),
        ("governance.voter-remove", True),
        ("governance.voter-approve", True),
        ("governance.voter-unknown", True),
        ("governance.node-register", False),
        ("governance.approve", False),
        ("governance.voters", False),
        ("notice.post", False),
        ("other.voter-add", False),
    ],
)
def test_a_change_is_recognised_by_its_operation_alone(operation: str, is_one: bool) -> None:
    ledger = GovernedLedger()
    assert is_voter_change(ledger.transaction(operation, {"any": 1}, SECRETARY)) is is_one


def _about(method: str, proposals: list[bytes]) -> list[tuple[str, dict[str, Value]]]:
    return [(method, {"proposal": proposal}) for proposal in proposals]


def test_no_other_operation_changes_voters() -> None:
    """Whatever administrators agree on: if the block is no barrier, the set stays."""
    names = {f"governance.{operation.method}" for operation in GOVERNANCE.operations}
    assert {name for name in names if name.startswith("governance.voter-")} == {
        "governance.voter-add",
        "governance.voter-approve",
        "governance.voter-remove",
    }
    ledger = GovernedLedger()
    ledger.register(7)
    proposals = [ledger.add(7, 0).transaction_id, ledger.remove(2, 0).transaction_id]
    before = ledger.state[VOTERS_KEY]
    calls: list[tuple[str, dict[str, Value]]] = [
        ("node-register", joining(8)),
        ("node-update", {"node": node_id(2)}),
        ("node-remove", {"node": node_id(7)}),
        ("administrator-add", {"member": ledger.member(SECRETARY)}),
        ("administrator-remove", {"member": ledger.member(ADMINISTRATORS[2])}),
        ("pack-activate", {"pack": bytes(32)}),
        ("parameters-set", {"transactions_per_sender_per_day_max": 480}),
        ("working-days-set", {"year": 2026, "holidays": ["2026-10-01"]}),
        ("protocol-set", {"version": 2, "height": 1_000, "force": True}),
        ("protocol-cancel", {}),
        ("node-protocol", {"node": node_id(2), "versions": [1], "time_ms": 0, "signature": bytes(64)}),
        ("rule-set", {"rule": "all"}),
        *_about("approve", proposals),
        *_about("withdraw", proposals),
    ]
    assert {f"governance.{method}" for method, _ in calls} | {
        name for name in names if name.startswith("governance.voter-")
    } == names
    for method, arguments in calls:
        ledger.call(method, arguments, 0, 1, 2)
        assert ledger.state[VOTERS_KEY] == before


@pytest.mark.parametrize("key", [SECRETARY, ADMINISTRATORS[2]])
@pytest.mark.parametrize("operation", ["governance.voter-add", "governance.voter-x", "governance.node-remove"])
def test_only_administrators_make_a_node_wait_for_a_barrier(key: SigningKey, operation: str) -> None:
    """A block with such a transaction is a barrier even if it is refused, so nobody else gets one into a pool."""
    ledger = GovernedLedger()
    transaction = ledger.transaction(operation, {"node": node_id(0)}, key)
    if key is SECRETARY and is_voter_change(transaction):
        with pytest.raises(Refusal) as caught:
            check_sender(ledger.state, transaction, ledger.time_ms, 0)
        assert caught.value.code == "governance.not-an-administrator"
    else:
        check_sender(ledger.state, transaction, ledger.time_ms, 0)


# -- one at a time ----------------------------------------------------------------------------------------------


def test_a_node_is_promoted() -> None:
    ledger = GovernedLedger()
    ledger.register(7)
    result = ledger.add(7)
    assert voter_set_of(ledger.state) == voter_set(0, 1, 2, 7)
    assert ledger.state_of(7) == "voter"
    assert (ledger.voters.number, ledger.voters.barrier_height) == (1, 2)
    assert result.events[0] == Event("governance.voters-changed", {"node": node_id(7), "number": 1, "state": "voter"})
    assert result.writes == (
        RecordVersion("voters", "current", 2),
        RecordVersion("voters", "000000001", 1),
        RecordVersion("node", node_id(7).hex(), 2),
        RecordVersion("decision", result.transaction_id.hex(), 1),
    )
    assert [link.subject for link in result.links[1:]] == [f"node/{node_id(7).hex()}", "voters/current"]


def test_a_voter_becomes_an_observer_and_may_come_back() -> None:
    ledger = GovernedLedger()
    assert ledger.remove(1).events[0].fields["state"] == "observer"
    assert voter_set_of(ledger.state) == voter_set(0, 2)
    assert ledger.state_of(1) == "observer"
    assert ledger.add(1).ok
    assert voter_set_of(ledger.state).hash == voter_set(0, 1, 2).hash
    assert ledger.voters.number == 2


def test_a_change_is_proposed_and_approved() -> None:
    ledger = GovernedLedger()
    proposed = ledger.remove(1, 2)
    assert [event.name for event in proposed.events] == ["governance.proposed", "governance.approved"]
    assert ledger.voters.number == 0
    approved = ledger.call("voter-approve", {"proposal": proposed.transaction_id}, 0)
    assert [event.name for event in approved.events] == [
        "governance.approved",
        "governance.voters-changed",
        "governance.decided",
    ]
    assert (ledger.voters.number, ledger.voters.barrier_height) == (1, ledger.height)


def test_who_votes_already_is_not_added_and_who_does_not_is_not_removed() -> None:
    ledger = GovernedLedger()
    ledger.register(7)
    assert ledger.add(0).code == "governance.node-votes"
    assert ledger.remove(7).code == "governance.node-observes"


def test_a_block_changes_voters_once() -> None:
    """One at a time: of two in one block the second is refused, and can be sent again."""
    ledger = GovernedLedger()
    ledger.register(7)
    both = [
        ledger.transaction("governance.voter-add", {"node": node_id(7)}, ADMINISTRATORS[0], ADMINISTRATORS[:2]),
        ledger.transaction("governance.voter-remove", {"node": node_id(0)}, ADMINISTRATORS[0], ADMINISTRATORS[:2]),
    ]
    assert [result.code for result in ledger.execute(*both).results] == ["ok", "governance.voters-just-changed"]
    assert ledger.voter_numbers() == {0, 1, 2, 7}
    assert ledger.remove(0).ok


def test_a_block_may_hold_proposals_and_approvals_beside_a_change() -> None:
    ledger = GovernedLedger()
    ledger.register(7)
    proposal = ledger.remove(0, 2).transaction_id
    some = [
        ledger.transaction("governance.voter-add", {"node": node_id(7)}, ADMINISTRATORS[0], ADMINISTRATORS[:2]),
        ledger.transaction("governance.voter-remove", {"node": node_id(1)}, ADMINISTRATORS[1]),
        ledger.transaction("governance.voter-approve", {"proposal": proposal}, ADMINISTRATORS[0]),
    ]
    assert [result.code for result in ledger.execute(*some).results] == ["ok", "ok", "governance.voters-just-changed"]
    assert ledger.call("voter-approve", {"proposal": proposal}, 0).ok
    assert ledger.voter_numbers() == {1, 2, 7}


@pytest.mark.parametrize("quorum", ["majority", "two-thirds"])
def test_there_are_at_most_21_voters(quorum: str) -> None:
    ledger = GovernedLedger(voters=20, quorum=quorum)
    ledger.register(20)
    ledger.register(21)
    assert ledger.add(20).ok
    assert len(ledger.voters.voters) == 21
    full = ledger.add(21)
    assert (full.code, full.details) == ("governance.voters-full", {"count": 21})
    assert ledger.add(21, 0).code == "governance.voters-full"
    assert ledger.remove(0).ok
    assert ledger.add(21).ok


@pytest.mark.parametrize(("quorum", "voters", "least"), [("majority", 1, 1), ("two-thirds", 4, 4)])
def test_there_are_enough_voters_for_the_quorum_rule(quorum: str, voters: int, least: int) -> None:
    ledger = GovernedLedger(voters=voters, quorum=quorum)
    few = ledger.remove(0)
    assert (few.code, few.details) == ("governance.voters-too-few", {"least": least})
    ledger.register(30)
    assert ledger.add(30).ok
    assert ledger.remove(0).ok
    assert len(ledger.voters.voters) == least
    assert ledger.remove(30).code == "governance.voters-too-few"


@pytest.mark.parametrize("quorum", ["majority", "two-thirds"])
def test_from_the_fewest_to_the_most_and_back(quorum: str) -> None:
    """The arithmetic of every size: each set is one that agreement takes, with the quorum of its rule."""
    least = 4 if quorum == "two-thirds" else 1
    ledger = GovernedLedger(voters=least, quorum=quorum)
    for number in range(least, 21):
        ledger.register(number)
        assert ledger.add(number).ok
        assert voter_set_of(ledger.state) == voter_set(*range(number + 1), quorum=quorum)
    for number in range(least, 21):
        assert ledger.remove(number).ok
    assert voter_set_of(ledger.state) == voter_set(*range(least), quorum=quorum)
    assert ledger.voters.number == 2 * (21 - least)


# -- earlier sets -----------------------------------------------------------------------------------------------


def test_every_set_stays_with_all_that_its_certificates_and_policies_need() -> None:
    ledger = GovernedLedger()
    sets = [ledger.voters]
    ledger.register(7)
    for change in (ledger.add, ledger.remove):
        assert change(7).ok
        sets.append(ledger.voters)
    ledger.leave(7)
    assert [voters_numbered(ledger.state, number) for number in range(3)] == sets
    assert [one.number for one in sets] == [0, 1, 2]
    assert voters_numbered(ledger.state, 3) is None
    assert voters_numbered(ledger.state, -1) is None
    node = description(7)
    assert RecordedVoter(node.node_id, "node-7", node.agreement, node.log, node.cosigner) in sets[1].voters


def test_the_newest_set_is_the_last_of_the_history() -> None:
    ledger = GovernedLedger()
    ledger.remove(0)
    ledger.remove(1)
    newest = ledger.fields("voters", numbered_id(2))
    assert newest == ledger.fields("voters", "current")
    assert current_voters(ledger.state).fields == newest


def test_which_set_a_block_is_certified_by() -> None:
    """The one that the state before the block names, found from any later state."""
    ledger = GovernedLedger(voters=5)
    expected = []
    for number in range(4):
        for _ in range(number):
            ledger.execute()
            expected.append(number)
        ledger.remove(number)
        expected.append(number)
    assert ledger.voters.number == 4
    expected.append(4)
    assert [voters_before(ledger.state, height).number for height in range(1, ledger.height + 2)] == expected
    assert voters_before(ledger.state, 10**9).number == 4


def test_a_set_is_kept_in_the_order_of_node_ids() -> None:
    voters = GovernedLedger(voters=5).voters
    assert [voter.node_id for voter in voters.voters] == sorted(node_id(number) for number in range(5))
    assert VoterRecord(0, "majority", 0, tuple(reversed(voters.voters))) == voters


def test_the_order_of_ids_is_the_order_of_numbers() -> None:
    ids = [numbered_id(number) for number in (0, 1, 9, 10, 99, 100, 10**9 - 1)]
    assert sorted(ids) == ids


VOTERS = GovernedLedger().voters.fields


@pytest.mark.parametrize(
    "changes",
    [
        {"number": -1},
        {"number": "0"},
        {"number": True},
        {"barrier_height": -1},
        {"barrier_height": None},
        {"quorum": 1},
        {"quorum": "all"},
        {"quorum": "two-thirds"},
        {"voters": None},
        {"voters": []},
        {"voters": ["x"]},
        {"voters": [{"node": bytes(32)}]},
    ],
)
def test_a_damaged_record_is_told(changes: dict[str, Value]) -> None:
    data = Record(1, VOTERS | changes).encode()
    with pytest.raises(DecodingError):
        VoterRecord.decode(data)


def test_a_state_without_voters_is_damaged() -> None:
    with pytest.raises(DecodingError):
        current_voters({})
    ledger = GovernedLedger()
    ledger.remove(0)
    ledger.remove(1)
    del ledger.state[record_key("voters", numbered_id(1))]
    with pytest.raises(DecodingError):
        voters_before(ledger.state, 2)
