"""Who decides about the network, by which rule, and what they decided: administrators, rules, parameters, decisions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.administrators import Administrators, administrators_of
from contracts.decision_rule import RULES, approvals_needed
from contracts.member import member_fields, member_record_key
from contracts.record import Record
from contracts.result import Result
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.signing import SCHEME_ED25519, SigningKey
from tests.contracts.governed_ledger import ADMINISTRATORS, GovernedLedger, node_id
from tests.contracts.trial_ledger import SECRETARY, TREASURER

NETWORK = "network"
QUOTA = "transactions_per_sender_per_day_max"


def with_member(ledger: GovernedLedger, key: SigningKey) -> bytes:
    """A member who is no administrator."""
    member = ledger.member(key)
    fields = member_fields("pseudonym", [(SCHEME_ED25519, key.public)], [])
    ledger.state[member_record_key(member)] = Record(1, fields).encode()
    return member


def outcome(result: Result) -> tuple[str, list[str]]:
    return result.code, [event.name for event in result.events]


# -- rules ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "needed"),
    [
        ("majority", [1, 2, 2, 3, 3, 4, 4, 5, 5]),
        ("two-thirds", [1, 2, 2, 3, 4, 4, 5, 6, 6]),
        ("three-quarters", [1, 2, 3, 3, 4, 5, 6, 6, 7]),
        ("all", [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ],
)
def test_how_many_have_to_agree(rule: str, needed: list[int]) -> None:
    assert [approvals_needed(rule, count) for count in range(1, 10)] == needed


@given(st.sampled_from(RULES), st.integers(1, 64))
def test_every_rule_takes_more_than_half_and_can_be_met(rule: str, count: int) -> None:
    needed = approvals_needed(rule, count)
    assert count < 2 * needed <= 2 * count


def test_a_rule_holds_from_the_next_transaction_on() -> None:
    ledger = GovernedLedger(administrators=4)
    assert ledger.call("rule-set", {"rule": "all"}, 0, 1, 2, 3).ok
    assert administrators_of(ledger.state).rule == "all"
    assert ledger.register(7, 0, 1, 2).events[0].name == "governance.proposed"
    assert ledger.register(8, 0, 1, 2, 3).events[0].name == "governance.node-registered"


def test_a_rule_needs_those_who_are_enough_by_the_old_and_the_new_one() -> None:
    """Three of four could otherwise bind themselves to a fourth who never agrees, or two free themselves of two."""
    ledger = GovernedLedger(administrators=4)
    stricter = ledger.call("rule-set", {"rule": "all"}, 0, 1, 2)
    assert stricter.events[1].fields["needed"] == 4
    assert administrators_of(ledger.state).rule == "majority"
    assert ledger.call("approve", {"proposal": stricter.transaction_id}, 3).ok
    assert administrators_of(ledger.state).rule == "all"
    looser = ledger.call("rule-set", {"rule": "majority"}, 0, 1, 2)
    assert looser.events[1].fields["needed"] == 4
    assert administrators_of(ledger.state).rule == "all"


@pytest.mark.parametrize(
    ("rule", "code"),
    [("majority", "governance.rule-same"), ("some", "governance.rule-unknown"), ("ALL", "arguments.pattern")],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: str, code: str) -> None:
    assert GovernedLedger().call("rule-set", {"rule": rule}, 0, 1, 2).code == code


# -- administrators ---------------------------------------------------------------------------------------------


def test_an_administrator_comes_and_decides() -> None:
    ledger = GovernedLedger()
    member = with_member(ledger, SECRETARY)
    added = ledger.call("administrator-add", {"member": member}, 0, 1)
    assert outcome(added) == ("ok", ["governance.administrators-changed", "governance.decided"])
    assert added.events[0].fields == {"listed": True, "member": member}
    found = administrators_of(ledger.state)
    assert (member in found.members, found.needed, found.decision) == (True, 3, added.transaction_id)
    assert list(found.members) == sorted(found.members)
    proposal = ledger.register(7, 0, 1)
    assert ledger.call("approve", {"proposal": proposal.transaction_id}, SECRETARY).ok
    assert ledger.state_of(7) == "observer"


def test_an_administrator_who_went_decides_no_more() -> None:
    """Also not by an approval given before."""
    ledger = GovernedLedger(administrators=4)
    proposal = ledger.register(7, 3, 2).transaction_id
    assert ledger.call("administrator-remove", {"member": ledger.member(ADMINISTRATORS[3])}, 0, 1, 2).ok
    assert ledger.call("approve", {"proposal": proposal}, 3).code == "governance.not-an-administrator"
    assert ledger.state_of(7) is None
    assert ledger.call("approve", {"proposal": proposal}, 1).ok
    assert ledger.state_of(7) == "observer", "two of the three who are left"


def test_somebody_decides_at_any_time() -> None:
    ledger = GovernedLedger(administrators=1)
    only = ledger.member(ADMINISTRATORS[0])
    assert ledger.call("administrator-remove", {"member": only}, 0).code == "governance.last-administrator"
    other = with_member(ledger, SECRETARY)
    assert ledger.call("administrator-add", {"member": other}, 0).ok
    assert ledger.call("administrator-remove", {"member": only}, 0, SECRETARY).ok, "also oneself"
    assert administrators_of(ledger.state).members == (other,)


def test_who_cannot_become_or_cease_to_be_one() -> None:
    ledger = GovernedLedger()
    nobody, present = bytes(32), ledger.member(ADMINISTRATORS[1])
    assert ledger.call("administrator-add", {"member": nobody}, 0, 1).code == "governance.member-unknown"
    assert ledger.call("administrator-add", {"member": present}, 0, 1).code == "governance.administrator-already"
    assert ledger.call("administrator-remove", {"member": nobody}, 0, 1).code == "governance.not-listed"
    full = GovernedLedger(administrators=64)
    proposed = full.call("administrator-add", {"member": with_member(full, SECRETARY)}, *range(16))
    assert proposed.code == "governance.administrators-full"


@pytest.mark.parametrize(
    ("method", "arguments"),
    [("rule-set", {"rule": "all"}), ("parameters-set", {QUOTA: 100}), ("administrator-add", None)],
)
def test_only_administrators_ask(method: str, arguments: dict[str, Value] | None) -> None:
    ledger = GovernedLedger()
    member = with_member(ledger, SECRETARY)
    result = ledger.call(method, arguments or {"member": member}, SECRETARY, TREASURER, 0, 1)
    assert result.code == "governance.not-an-administrator"


# -- parameters -------------------------------------------------------------------------------------------------


def test_parameters_change_and_name_their_decision() -> None:
    ledger = GovernedLedger()
    before = ledger.fields("parameters", NETWORK)
    changed = ledger.call("parameters-set", {QUOTA: 480}, 0, 1)
    assert changed.events[0].fields == {"names": [QUOTA]}
    assert ledger.fields("parameters", NETWORK) == before | {
        "decision": changed.transaction_id,
        QUOTA: 480,
    }
    assert ledger.call("parameters-set", {QUOTA: 480}, 0, 1).code == "governance.parameters-unchanged"
    assert ledger.call("parameters-set", {}, 0, 1).code == "governance.parameters-unchanged"


def test_the_quota_of_the_day_is_the_new_one() -> None:
    ledger = GovernedLedger()
    assert ledger.call("parameters-set", {QUOTA: 100}, 0, 1).ok
    results = [ledger.call("node-update", {"node": node_id(2)}, 1) for _ in range(101)]
    assert [result.code for result in results] == ["ok"] * 100 + ["sender.quota-exceeded"]


@pytest.mark.parametrize("quota", [0, 99, 2**40 + 1])
def test_no_quota_locks_the_administrators_out(quota: int) -> None:
    result = GovernedLedger().call("parameters-set", {QUOTA: quota}, 0, 1)
    assert result.code == "arguments.out-of-range"


# -- decisions --------------------------------------------------------------------------------------------------


def test_every_change_names_who_is_behind_it() -> None:
    ledger = GovernedLedger(administrators=4)
    proposal = ledger.register(7, 3).transaction_id
    ledger.call("approve", {"proposal": proposal}, 1)
    ledger.call("approve", {"proposal": proposal}, 0)
    node = ledger.node(7)
    assert node is not None
    assert node.decision == proposal
    decision = ledger.fields("decision", proposal.hex())
    assert decision == {
        "approvals": [ledger.member(ADMINISTRATORS[one]) for one in (3, 1, 0)],
        "height": 3,
        "method": "node-register",
        "proposer": ledger.member(ADMINISTRATORS[3]),
        "rule": "majority",
        "subject": f"node/{node_id(7).hex()}",
    }
    promoted = ledger.add(7, 0, 1, 2).transaction_id
    node = ledger.node(7)
    assert node is not None
    assert (node.decision, ledger.voters.decision) == (promoted, promoted)
    assert ledger.call("node-update", {"node": node_id(7)}, 2).ok
    assert ledger.fields("node", node_id(7).hex())["decision"] == promoted, "an address is nobody's decision"


def test_what_cannot_be_done_any_more_gathers_no_approvals() -> None:
    """Refused at the first approval after that, not only at the last one."""
    ledger = GovernedLedger(administrators=5)
    proposal = ledger.add(7, 0)
    assert proposal.code == "governance.node-unknown"
    ledger.register(7, 0, 1, 2)
    proposal = ledger.add(7, 0)
    ledger.leave(7, 0, 1, 2)
    late = ledger.call("voter-approve", {"proposal": proposal.transaction_id}, 1)
    assert late.code == "governance.node-left"
    assert ledger.proposals() == [proposal.transaction_id.hex()]


@pytest.mark.parametrize(
    "fields",
    [
        {"members": [bytes(32)], "rule": "some"},
        {"members": [bytes(32)], "rule": 1},
        {"members": [bytes(32)], "decision": b"short"},
        {"members": [bytes(32)], "decision": "text"},
    ],
)
def test_a_damaged_record_of_the_administrators_is_found(fields: dict[str, Value]) -> None:
    with pytest.raises(DecodingError):
        Administrators.from_fields(fields)
