"""A node in the place of another: what may be replaced, what one decision covers, and what ends that."""

import pytest

from contracts.node_registry import RegisteredNode
from contracts.parameter_change import node_key_lifetime_days
from contracts.result import Result
from ledger.encoding import Value
from ledger.hashing import Hash
from ledger.node_keys import NodeDescription, NodeKeys
from tests.contracts.governed_ledger import GovernedLedger, node_id


def next_description(number: int, generation: int = 1, name: str = "") -> NodeDescription:
    """The keys that node `number` has next, under its own name."""
    keys = NodeKeys.from_seed(bytes([100 + number, generation]) * 16)
    return NodeDescription.of(name or f"node-{number}", f"127.0.0.1:{7000 + number}", keys)


class ReplacingLedger(GovernedLedger):
    """Three voters, three administrators."""

    def replace(self, number: int, generation: int = 1, name: str = "", of: Hash = b"") -> Result:
        """Register the next keys of a node; two administrators sign."""
        value = next_description(number, generation, name).to_value()
        return self.call("node-register", {**value, "replaces": of or node_id(number)}, 0, 1)

    def step(self, method: str, node: Hash, *signers: int) -> Result:
        """One step about a node, signed by one administrator if none are given."""
        return self.call(method, {"node": node}, *(signers or (2,)))

    def name_holder(self, name: str) -> Value:
        return self.fields("node-name", name)["node"]

    def node_with(self, identifier: Hash) -> RegisteredNode:
        return RegisteredNode.from_fields(identifier, self.fields("node", identifier.hex()))

    def voter_ids(self) -> set[Hash]:
        return {one.node_id for one in self.voters.voters}


def test_one_decision_covers_a_whole_rotation() -> None:
    ledger, old, new = ReplacingLedger(), node_id(0), next_description(0).node_id
    decision = ledger.replace(0).transaction_id
    assert ledger.node_with(new).replaces == old
    assert ledger.name_holder("node-0") == new
    # Both are in the registry meanwhile, and the set never differs by more than one node.
    for method, node in (("voter-add", new), ("voter-remove", old), ("node-remove", old)):
        before = len(ledger.voters.voters)
        result = ledger.step(method, node)
        assert result.ok, (method, result)
        assert "governance.decided" not in [event.name for event in result.events]
        assert abs(len(ledger.voters.voters) - before) <= 1
    assert ledger.voter_ids() == {new, node_id(1), node_id(2)}
    assert ledger.voters.decision == ledger.node_with(old).decision == decision
    assert ledger.node_with(old).state == "left"
    assert ledger.name_holder("node-0") == new
    assert [one.name for one in ledger.nodes()].count("node-0") == 1


def test_every_voter_rotates_and_rotates_again() -> None:
    ledger = ReplacingLedger()
    ids = {number: node_id(number) for number in range(3)}
    for generation in (1, 2):
        for number, old in ids.items():
            new = next_description(number, generation).node_id
            assert ledger.replace(number, generation, of=old).ok
            for method, node in (("voter-add", new), ("voter-remove", old), ("node-remove", old)):
                assert ledger.step(method, node).ok
            ids[number] = new
    assert ledger.voter_ids() == set(ids.values())


def test_one_machine_at_a_time_votes_under_both() -> None:
    """Of each, one half is silent: those that work might be no quorum, and nothing could be changed any more."""
    ledger, old, new = ReplacingLedger(), node_id(0), next_description(0).node_id
    other = next_description(1).node_id
    ledger.replace(0)
    ledger.replace(1)
    assert ledger.step("voter-add", new).ok
    refused = ledger.step("voter-add", other, 0, 1, 2)
    assert (refused.code, refused.details) == ("governance.other-replacement", {"node": old.hex()})
    # A newcomer of its own is no second half.
    ledger.register(7)
    assert ledger.add(7).ok
    assert ledger.step("voter-remove", old).ok
    assert ledger.step("voter-add", other).ok
    # Nor does the old half come back beside the new one while another machine has both.
    assert ledger.step("voter-add", old, 0, 1).code == "governance.other-replacement"
    assert ledger.step("voter-remove", node_id(1)).ok
    assert ledger.step("voter-add", old, 0, 1).ok


def test_what_the_decision_does_not_cover_takes_the_majority() -> None:
    ledger, old, new = ReplacingLedger(), node_id(0), next_description(0).node_id
    ledger.replace(0)
    # The old node keeps its vote until the new one has one, but for a decision of its own.
    for method, node in (("voter-remove", old), ("voter-remove", node_id(1)), ("node-remove", new)):
        result = ledger.step(method, node)
        assert next(event.name for event in result.events) == "governance.proposed", method
    assert ledger.voter_ids() == {old, node_id(1), node_id(2)}
    # An observer of its own is promoted by the majority, as always.
    ledger.register(7)
    assert next(event.name for event in ledger.step("voter-add", node_id(7)).events) == "governance.proposed"


def test_a_later_decision_about_the_newcomer_ends_what_was_covered() -> None:
    ledger, old, new = ReplacingLedger(), node_id(0), next_description(0).node_id
    ledger.replace(0)
    assert ledger.step("voter-add", new).ok
    # The majority takes the new node's vote: nobody gives it back alone, nor takes the old one's.
    assert ledger.step("voter-remove", new, 0, 1).ok
    for method, node in (("voter-add", new), ("voter-remove", old)):
        assert next(event.name for event in ledger.step(method, node).events) == "governance.proposed"
    assert ledger.voter_ids() == {old, node_id(1), node_id(2)}


def test_without_the_old_ones_vote_nothing_is_covered() -> None:
    ledger, new = ReplacingLedger(), next_description(0).node_id
    ledger.replace(0)
    assert ledger.step("voter-remove", node_id(0), 0, 1).ok
    assert next(event.name for event in ledger.step("voter-add", new).events) == "governance.proposed"
    assert ledger.step("voter-add", new, 0, 1).ok
    # It is through with that: the old one may leave, which the decision covers no more.
    assert next(event.name for event in ledger.step("node-remove", node_id(0)).events) == "governance.proposed"


def test_a_replacement_that_leaves_gives_the_name_back() -> None:
    ledger, old, new = ReplacingLedger(), node_id(0), next_description(0).node_id
    ledger.replace(0)
    assert ledger.step("node-remove", new, 0, 1).ok
    assert ledger.name_holder("node-0") == old
    assert ledger.replace(0, generation=2).ok
    assert ledger.name_holder("node-0") == next_description(0, 2).node_id


def test_an_observer_is_replaced_too() -> None:
    ledger = ReplacingLedger()
    ledger.register(7)
    assert ledger.replace(7).ok
    assert ledger.step("node-remove", node_id(7)).ok
    assert ledger.name_holder("node-7") == next_description(7).node_id
    assert ledger.node_with(next_description(7).node_id).state == "observer"


@pytest.mark.parametrize(
    ("replacing", "code"),
    [
        ({"name": "node-9"}, "governance.replaced-name"),
        ({"of": bytes(32)}, "governance.node-unknown"),
        ({"generation": 2}, "governance.replaced-already"),
        ({"generation": 2, "of": next_description(0).node_id}, "governance.replacement-unfinished"),
    ],
)
def test_what_cannot_be_replaced_is_refused(replacing: dict[str, object], code: str) -> None:
    ledger = ReplacingLedger()
    assert ledger.replace(0).ok
    assert ledger.replace(0, **replacing).code == code  # type: ignore[arg-type]
    assert ledger.name_holder("node-0") == next_description(0).node_id


def test_a_node_that_left_is_replaced_by_nobody_and_its_name_is_free() -> None:
    ledger = ReplacingLedger()
    ledger.register(7)
    ledger.leave(7)
    assert ledger.replace(7).code == "governance.node-left"
    value = next_description(7).to_value()
    assert ledger.call("node-register", value, 0, 1).ok


def test_a_name_in_use_is_only_for_who_replaces() -> None:
    ledger = ReplacingLedger()
    assert ledger.call("node-register", next_description(0).to_value(), 0, 1).code == "governance.name-used"


def test_the_lifetime_of_keys_is_two_years_unless_governance_says_otherwise() -> None:
    ledger = ReplacingLedger()
    assert node_key_lifetime_days(ledger.state) == 730
    assert ledger.call("parameters-set", {"node_key_lifetime_days": 365}, 0, 1).ok
    assert node_key_lifetime_days(ledger.state) == 365
    assert (
        ledger.call("parameters-set", {"node_key_lifetime_days": 365}, 0, 1).code == "governance.parameters-unchanged"
    )
    assert ledger.call("parameters-set", {"node_key_lifetime_days": 0}, 0, 1).ok
    assert node_key_lifetime_days(ledger.state) == 0
