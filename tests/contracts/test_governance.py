"""The contract `governance`: the registry of nodes, and who has to agree."""

from dataclasses import replace

import pytest

from contracts.member import member_fields, member_record_key
from contracts.node_registry import RegisteredNode, holder_of_key, node_of_transport_key
from contracts.proposal import PROPOSAL_LIFETIME_MS, PROPOSALS_OF_MEMBER_MAX
from contracts.record import Record
from contracts.result import Event, RecordVersion, Result
from ledger.encoding import Value
from ledger.node_keys import NODE_KEY_TYPES, NodeDescription, NodeKeys
from ledger.signing import SCHEME_ED25519, SigningKey
from ledger.verifier_key import VerifierKey
from tests.contracts.governed_ledger import (
    ADMINISTRATORS,
    GovernedLedger,
    description,
    joining,
    node_id,
)
from tests.contracts.trial_ledger import SECRETARY, TREASURER


def proposal_of(result: Result) -> bytes:
    """The id of the proposal that a transaction made."""
    assert result.ok, result
    assert result.events[0].name == "governance.proposed"
    return result.transaction_id


def names(result: Result) -> list[str]:
    return [event.name for event in result.events]


# -- the registry -----------------------------------------------------------------------------------------------


def test_a_node_joins_as_an_observer_with_its_description() -> None:
    ledger = GovernedLedger()
    result = ledger.register(7)
    node = description(7)
    assert ledger.node(7) == RegisteredNode.of(node, "observer", 1)
    assert result.events == (
        Event("governance.node-registered", {"name": "node-7", "node": node.node_id}),
        Event(
            "governance.decided",
            {
                "approvals": 2,
                "decision": result.transaction_id,
                "method": "node-register",
                "subject": f"node/{node.node_id.hex()}",
            },
        ),
    )
    assert result.writes == (
        RecordVersion("node", node.node_id.hex(), 1),
        RecordVersion("node-name", "node-7", 1),
        *(RecordVersion("node-key", getattr(node, purpose).hex(), 1) for purpose in NODE_KEY_TYPES),
        RecordVersion("decision", result.transaction_id.hex(), 1),
    )
    assert [link.subject for link in result.links[1:]] == [f"node/{node.node_id.hex()}"]
    assert [one.name for one in ledger.nodes()] == [
        one.name for one in sorted(map(description, (0, 1, 2, 7)), key=lambda one: one.node_id)
    ]
    assert ledger.voter_numbers() == {0, 1, 2}


def test_a_connection_is_pinned_by_the_transport_key_alone() -> None:
    ledger = GovernedLedger()
    ledger.register(7)
    node = description(7)
    assert node_of_transport_key(ledger.state, node.transport) == ledger.node(7)
    assert node_of_transport_key(ledger.state, node.agreement) is None
    assert node_of_transport_key(ledger.state, description(8).transport) is None
    assert node_of_transport_key(ledger.state, b"") is None
    assert holder_of_key(ledger.state, node.agreement) == (node.node_id, "agreement")


def test_a_node_without_an_address_only_dials() -> None:
    ledger = GovernedLedger()
    arguments = joining(7)
    del arguments["address"], arguments["format"]
    assert ledger.call("node-register", arguments, 0, 1).ok
    assert ledger.node(7) == replace(RegisteredNode.of(description(7), "observer", 1), address=None)
    assert "address" not in ledger.fields("node", node_id(7).hex())


def test_an_address_changes_by_one_administrator() -> None:
    ledger = GovernedLedger()
    ledger.register(7)
    result = ledger.call("node-update", {"node": node_id(7), "address": "[2001:db8::7]:9000"}, 2)
    assert names(result) == ["governance.node-updated"]
    assert ledger.node(7) == replace(RegisteredNode.of(description(7), "observer", 1), address="[2001:db8::7]:9000")
    assert ledger.call("node-update", {"node": node_id(7)}, 1).ok
    assert ledger.node(7) == replace(RegisteredNode.of(description(7), "observer", 1), address=None)


def test_the_address_of_a_voter_changes_and_nothing_else() -> None:
    ledger = GovernedLedger()
    before = ledger.voters
    assert ledger.call("node-update", {"node": node_id(0), "address": "alpha.example:1"}).ok
    assert (ledger.voters, ledger.state_of(0)) == (before, "voter")


def test_a_node_that_left_has_no_access_and_its_id_and_keys_are_used_up() -> None:
    ledger = GovernedLedger()
    ledger.register(7)
    result = ledger.leave(7)
    assert names(result) == ["governance.node-removed", "governance.decided"]
    assert ledger.node(7) == replace(RegisteredNode.of(description(7), "left", 1), address=None)
    assert node_of_transport_key(ledger.state, description(7).transport) is None
    assert len(ledger.nodes()) == 3
    again = ledger.register(7)
    assert (again.code, again.details) == (
        "governance.key-used",
        {"purpose": "agreement", "node": node_id(7).hex()},
    )
    for result in (ledger.leave(7), ledger.add(7), ledger.call("node-update", {"node": node_id(7)})):
        assert (result.code, result.details) == ("governance.node-left", {"node": node_id(7).hex()})


def test_the_name_of_a_node_that_left_is_free_again() -> None:
    ledger = GovernedLedger()
    ledger.register(7)
    ledger.leave(7)
    keys = NodeKeys.from_seed(bytes([77]) * 32)
    assert ledger.call("node-register", NodeDescription.of("node-7", "127.0.0.1:1", keys).to_value(), 0, 1).ok


@pytest.mark.parametrize("purpose", NODE_KEY_TYPES)
@pytest.mark.parametrize("used_for", NODE_KEY_TYPES)
def test_no_key_serves_two_nodes_whatever_for(purpose: str, used_for: str) -> None:
    ledger = GovernedLedger()
    key = VerifierKey("node-7", NODE_KEY_TYPES[purpose], getattr(description(0), used_for))
    result = ledger.call("node-register", joining(7, **{purpose: str(key)}), 0, 1)
    assert (result.code, result.details) == ("governance.key-used", {"purpose": purpose, "node": node_id(0).hex()})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "node-1"}, "governance.key-invalid"),
        ({"name": "Node-7"}, "arguments.pattern"),
        ({"name": "x" * 64}, "arguments.too-long"),
        ({"address": "127.0.0.1"}, "governance.address-invalid"),
        ({"address": "127.0.0.1:0"}, "governance.address-invalid"),
        ({"address": "127.0.0.1:65536"}, "governance.address-invalid"),
        ({"address": "支部:7000"}, "governance.address-invalid"),
        ({"address": "x" * 260}, "arguments.too-long"),
        ({"format": "banyan-node/v2"}, "arguments.pattern"),
        ({"log": "nonsense"}, "governance.key-invalid"),
        ({"log": joining(8)["log"]}, "governance.key-invalid"),
        ({"log": joining(7)["cosigner"]}, "governance.key-invalid"),
        ({"log": 1}, "arguments.type"),
        ({"log": "x" * 161}, "arguments.too-long"),
        (
            {"log": str(VerifierKey("node-7", NODE_KEY_TYPES["log"], description(7).cosigner))},
            "governance.key-twice",
        ),
        # The neutral element of the group: everything verifies with it.
        (
            {"agreement": str(VerifierKey("node-7", NODE_KEY_TYPES["agreement"], bytes([1]) + bytes(31)))},
            "governance.key-invalid",
        ),
        ({"role": "voter"}, "arguments.unknown"),
    ],
)
def test_a_description_that_no_node_has_is_refused(changes: dict[str, Value], code: str) -> None:
    ledger = GovernedLedger()
    assert ledger.call("node-register", joining(7, **changes), 0, 1).code == code
    assert ledger.call("node-register", joining(7, **changes), 0).code == code, "nobody is asked for what cannot be"
    assert ledger.node(7) is None


def test_a_name_is_taken_once() -> None:
    ledger = GovernedLedger()
    keys = NodeKeys.from_seed(bytes([77]) * 32)
    arguments = NodeDescription.of("node-0", "127.0.0.1:1", keys).to_value()
    result = ledger.call("node-register", arguments, 0, 1)
    assert (result.code, result.details) == ("governance.name-used", {"name": "node-0", "node": node_id(0).hex()})


@pytest.mark.parametrize("method", ["node-update", "node-remove", "voter-add", "voter-remove"])
def test_who_is_not_in_the_registry_cannot_be_changed(method: str) -> None:
    ledger = GovernedLedger()
    result = ledger.call(method, {"node": node_id(7)}, 0, 1)
    assert (result.code, result.details) == ("governance.node-unknown", {"node": node_id(7).hex()})


def test_a_voter_does_not_leave_before_it_stops_voting() -> None:
    ledger = GovernedLedger()
    assert ledger.leave(2).code == "governance.node-votes"
    assert ledger.remove(2).ok
    assert ledger.leave(2).ok
    assert ledger.state_of(2) == "left"


# -- who has to agree -------------------------------------------------------------------------------------------

CALLS: list[tuple[str, dict[str, Value]]] = [
    ("node-register", joining(7)),
    ("node-update", {"node": node_id(0)}),
    ("node-remove", {"node": node_id(0)}),
    ("voter-add", {"node": node_id(0)}),
    ("voter-remove", {"node": node_id(0)}),
    ("approve", {"proposal": bytes(32)}),
    ("voter-approve", {"proposal": bytes(32)}),
    ("withdraw", {"proposal": bytes(32)}),
]


@pytest.mark.parametrize(("method", "arguments"), CALLS, ids=[method for method, _ in CALLS])
def test_only_administrators_ask(method: str, arguments: dict[str, Value]) -> None:
    """Not a member for whom all administrators sign along, nor one with the role of the same name."""
    ledger = GovernedLedger()
    ledger.state[member_record_key(ledger.member(TREASURER))] = Record(
        1, member_fields("treasurer", [(SCHEME_ED25519, TREASURER.public)], ["administrator"])
    ).encode()
    for sender in (SECRETARY, TREASURER):
        result = ledger.call(method, arguments, sender, 0, 1, 2)
        assert (result.code, result.details) == (
            "governance.not-an-administrator",
            {"member": ledger.member(sender).hex()},
        )


@pytest.mark.parametrize(("administrators", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (31, 16), (32, 17)])
def test_a_majority_in_one_envelope_is_enough(administrators: int, needed: int) -> None:
    ledger = GovernedLedger(administrators=administrators)
    if needed > 1:
        too_few = ledger.register(7, *range(needed - 1))
        assert names(too_few) == ["governance.proposed", "governance.approved"]
        assert too_few.events[1].fields == {
            "approvals": needed - 1,
            "needed": needed,
            "proposal": too_few.transaction_id,
        }
        assert ledger.node(7) is None
    if needed <= 16:
        assert names(ledger.register(7, *reversed(range(needed)))) == [
            "governance.node-registered",
            "governance.decided",
        ]
        assert ledger.state_of(7) == "observer"


def test_who_is_no_administrator_adds_nothing_by_signing_along() -> None:
    ledger = GovernedLedger()
    arguments = joining(7)
    proposal = proposal_of(ledger.call("node-register", arguments, 0, SECRETARY, TREASURER))
    assert ledger.fields("proposal", proposal.hex())["approvals"] == [ledger.member(ADMINISTRATORS[0])]


def test_approvals_come_one_after_the_other() -> None:
    ledger = GovernedLedger(administrators=5)
    proposed = ledger.register(7, 3)
    proposal = proposal_of(proposed)
    arguments = joining(7)
    assert ledger.record("proposal", proposal.hex()) == Record(
        1,
        {
            "approvals": [ledger.member(ADMINISTRATORS[3])],
            "arguments": arguments,
            "expires": ledger.time_ms + PROPOSAL_LIFETIME_MS,
            "height": 1,
            "method": "node-register",
            "proposer": ledger.member(ADMINISTRATORS[3]),
            "subject": f"node/{node_id(7).hex()}",
        },
    )
    second = ledger.call("approve", {"proposal": proposal}, 1)
    assert second.events == (Event("governance.approved", {"approvals": 2, "needed": 3, "proposal": proposal}),)
    assert ledger.node(7) is None
    third = ledger.call("approve", {"proposal": proposal}, 0)
    assert names(third) == ["governance.approved", "governance.node-registered", "governance.decided"]
    assert ledger.node(7) == RegisteredNode.of(description(7), "observer", 3)
    assert ledger.proposals() == []
    assert ledger.fields("proposer", ledger.member(ADMINISTRATORS[3]).hex()) == {"open": []}
    subject = f"node/{node_id(7).hex()}"
    assert [[link.sequence for link in one.links if link.subject == subject] for one in (proposed, second, third)] == [
        [1],
        [2],
        [3],
    ]


def test_several_approve_in_one_envelope() -> None:
    ledger = GovernedLedger(administrators=5)
    proposal = proposal_of(ledger.register(7, 0))
    assert names(ledger.call("approve", {"proposal": proposal}, 0, 1, 2)) == [
        "governance.approved",
        "governance.node-registered",
        "governance.decided",
    ]


def test_networks_of_more_administrators_than_signatures_in_an_envelope_decide_too() -> None:
    """64 administrators: 33 have to agree, an envelope carries 16 signatures."""
    ledger = GovernedLedger(administrators=64)
    registration = proposal_of(ledger.register(7, *range(16)))
    assert ledger.call("approve", {"proposal": registration}, *range(16, 32)).ok
    assert ledger.state_of(7) is None
    assert ledger.call("approve", {"proposal": registration}, 63).ok
    change = proposal_of(ledger.add(7, *range(16)))
    assert ledger.call("voter-approve", {"proposal": change}, *range(16, 32)).ok
    assert ledger.call("voter-approve", {"proposal": change}, 63).ok
    assert ledger.state_of(7) == "voter"


def test_nobody_approves_twice() -> None:
    ledger = GovernedLedger(administrators=5)
    proposal = proposal_of(ledger.register(7, 0))
    result = ledger.call("approve", {"proposal": proposal}, 0)
    assert (result.code, result.details) == ("governance.approved-already", {"proposal": proposal.hex()})
    assert ledger.call("approve", {"proposal": proposal}, 1, 0).ok
    assert len(ledger.fields("proposal", proposal.hex())["approvals"]) == 2  # type: ignore[arg-type]


def test_a_second_key_of_an_administrator_is_no_second_approval() -> None:
    """Who signs is a member, whatever the key."""
    ledger = GovernedLedger(administrators=3)
    spare = SigningKey.from_seed(bytes([99]) * 32)
    member = ledger.member(ADMINISTRATORS[0])
    keys = [(SCHEME_ED25519, ADMINISTRATORS[0].public), (SCHEME_ED25519, spare.public)]
    ledger.state[member_record_key(member)] = Record(2, member_fields("a", keys, ["administrator"])).encode()
    arguments = joining(7)
    proposal = proposal_of(ledger.call("node-register", arguments, 0, spare))
    assert ledger.call("approve", {"proposal": proposal}, 0, spare).code == "governance.approved-already"


def test_a_proposal_is_done_once() -> None:
    ledger = GovernedLedger()
    proposal = proposal_of(ledger.register(7, 0))
    assert ledger.call("approve", {"proposal": proposal}, 1).ok
    result = ledger.call("approve", {"proposal": proposal}, 2)
    assert (result.code, result.details) == ("governance.proposal-unknown", {"proposal": proposal.hex()})


def test_what_cannot_be_done_any_more_is_refused_to_the_last_who_approves() -> None:
    ledger = GovernedLedger()
    proposal = proposal_of(ledger.register(7, 0))
    assert ledger.register(7).ok
    before = dict(ledger.state)
    assert ledger.call("approve", {"proposal": proposal}, 1).code == "governance.name-used"
    assert ledger.state[b"proposal\0" + proposal.hex().encode()] == before[b"proposal\0" + proposal.hex().encode()]


@pytest.mark.parametrize(
    ("method", "arguments", "approval", "other"),
    [
        ("node-register", joining(8), "approve", "voter-approve"),
        ("node-remove", {"node": node_id(7)}, "approve", "voter-approve"),
        ("voter-add", {"node": node_id(7)}, "voter-approve", "approve"),
        ("voter-remove", {"node": node_id(2)}, "voter-approve", "approve"),
    ],
)
def test_what_changes_voters_is_approved_as_such(
    method: str, arguments: dict[str, Value], approval: str, other: str
) -> None:
    """Or the last approval would change the voters in a block that nobody took for a barrier."""
    ledger = GovernedLedger()
    ledger.register(7)
    proposal = proposal_of(ledger.call(method, arguments, 2))
    before = ledger.voters
    result = ledger.call(other, {"proposal": proposal}, 1)
    assert (result.code, result.details) == (
        "governance.other-approval",
        {"proposal": proposal.hex(), "method": method, "approval": approval},
    )
    assert ledger.voters == before
    assert ledger.call(approval, {"proposal": proposal}, 1).ok
    assert (ledger.voters != before) == (approval == "voter-approve")


def test_a_proposal_expires() -> None:
    ledger = GovernedLedger()
    first, second = proposal_of(ledger.register(7, 0)), proposal_of(ledger.register(8, 0))
    ledger.time_ms += PROPOSAL_LIFETIME_MS - 2000
    assert ledger.call("approve", {"proposal": first}, 1).ok, "the last moment"
    ledger.time_ms += 1
    result = ledger.call("approve", {"proposal": second}, 1)
    assert (result.code, result.details) == ("governance.proposal-expired", {"proposal": second.hex()})
    assert ledger.call("withdraw", {"proposal": second}).code == "governance.proposal-expired"


def test_open_proposals_are_bounded_and_expired_ones_make_room() -> None:
    ledger = GovernedLedger()
    proposals = [proposal_of(ledger.register(7, 0)) for _ in range(PROPOSALS_OF_MEMBER_MAX)]
    full = ledger.register(7, 0)
    assert (full.code, full.details) == (
        "governance.proposals-too-many",
        {"member": ledger.member(ADMINISTRATORS[0]).hex(), "count": PROPOSALS_OF_MEMBER_MAX},
    )
    assert ledger.register(8, 1).ok, "the others have room of their own"
    assert ledger.call("withdraw", {"proposal": proposals[3]}).ok
    assert ledger.register(7, 0).ok
    assert len(ledger.proposals()) == PROPOSALS_OF_MEMBER_MAX + 1
    ledger.time_ms += PROPOSAL_LIFETIME_MS + 1
    last = proposal_of(ledger.register(7, 0))
    assert ledger.fields("proposer", ledger.member(ADMINISTRATORS[0]).hex()) == {"open": [last]}
    assert len(ledger.proposals()) == 2, "those of another wait for that one's next"


def test_a_proposal_is_withdrawn_by_who_made_it() -> None:
    ledger = GovernedLedger()
    proposal = proposal_of(ledger.register(7, 0))
    result = ledger.call("withdraw", {"proposal": proposal}, 1, 0)
    assert (result.code, result.details) == (
        "governance.not-the-proposer",
        {"proposal": proposal.hex(), "proposer": ledger.member(ADMINISTRATORS[0]).hex()},
    )
    assert ledger.call("withdraw", {"proposal": proposal}).events == (
        Event("governance.withdrawn", {"proposal": proposal}),
    )
    assert ledger.proposals() == []
    assert ledger.call("approve", {"proposal": proposal}, 1).code == "governance.proposal-unknown"
