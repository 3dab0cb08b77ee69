"""Whatever administrators do in whatever order: the voters can decide, and nothing is given out twice."""

import copy
from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from consensus.voters import VoterSet
from contracts.builtin import builtin_registry
from contracts.node_registry import STATE_VOTER, node_of
from contracts.proposal import PROPOSAL_LIFETIME_MS, PROPOSALS_OF_MEMBER_MAX
from contracts.record import Record, parse_record_key
from contracts.result import Result
from contracts.runtime import execute_block
from contracts.voter_change import is_voter_change
from contracts.voter_record import VoterRecord, current_voters, numbered_id, voters_before, voters_numbered
from ledger.encoding import Value, encode
from ledger.node_keys import NODE_KEY_TYPES
from ledger.signing import SigningKey
from ledger.transaction import Transaction
from tests.contracts.governed_ledger import ADMINISTRATORS, GovernedLedger, joining, node_id
from tests.contracts.trial_ledger import SECRETARY
from tests.examples import examples

# More nodes than a set has room for; with some that are there from the beginning.
NODES = st.integers(0, 24)
KEYS = [*ADMINISTRATORS[:4], SECRETARY]
SIGNERS = st.lists(st.sampled_from(range(5)), min_size=1, max_size=4, unique=True)


class Governance(RuleBasedStateMachine):
    """Blocks of random operations, checked against a model that knows of the voters only what may be."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = GovernedLedger()
        self.history: list[VoterRecord] = []
        self.pending: list[Transaction] = []
        # Ids of transactions that may have left a proposal.
        self.asked: list[bytes] = [bytes(32)]
        self.keys: dict[str, bytes] = {}

    @initialize(
        voters=st.sampled_from([1, 2, 3, 4, 5, 19, 20, 21]),
        administrators=st.integers(1, 4),
        two_thirds=st.booleans(),
    )
    def begin(self, voters: int, administrators: int, two_thirds: bool) -> None:
        quorum = "two-thirds" if two_thirds and voters >= 4 else "majority"
        self.ledger = GovernedLedger(voters, administrators, quorum)
        self.history = [self.ledger.voters]

    def ask(self, method: str, arguments: dict[str, Value], signers: list[int]) -> None:
        keys: list[SigningKey] = [KEYS[one] for one in signers]
        if any(one >= len(self.ledger.genesis.administrators) for one in signers if one < 4):
            # Not a member of this network, so the runtime refuses it before the contract sees it.
            keys = KEYS[:1]
        transaction = self.ledger.transaction(f"governance.{method}", arguments, keys[0], keys)
        self.asked.append(transaction.id)
        self.pending.append(transaction)

    @rule(node=NODES, name=NODES, signers=SIGNERS)
    def register(self, node: int, name: int, signers: list[int]) -> None:
        self.ask("node-register", joining(node) if name % 4 else joining(node, name=f"node-{name}"), signers)

    @rule(node=NODES, key_of=NODES, purpose=st.sampled_from(list(NODE_KEY_TYPES)), signers=SIGNERS)
    def register_with_a_key_of_another(self, node: int, key_of: int, purpose: str, signers: list[int]) -> None:
        self.ask("node-register", joining(node, **{purpose: joining(key_of)[purpose]}), signers)

    @rule(node=NODES, signers=SIGNERS, with_address=st.booleans())
    def update(self, node: int, signers: list[int], with_address: bool) -> None:
        address: dict[str, Value] = {"address": f"[::1]:{node + 1}"} if with_address else {}
        self.ask("node-update", {"node": node_id(node), **address}, signers)

    @rule(
        method=st.sampled_from(["node-remove", "voter-add", "voter-add", "voter-remove"]), node=NODES, signers=SIGNERS
    )
    def decide(self, method: str, node: int, signers: list[int]) -> None:
        self.ask(method, {"node": node_id(node)}, signers)

    @rule(
        method=st.sampled_from(["approve", "voter-approve", "voter-approve", "withdraw"]),
        back=st.integers(1, 12),
        signers=SIGNERS,
    )
    def approve(self, method: str, back: int, signers: list[int]) -> None:
        self.ask(method, {"proposal": self.asked[-min(back, len(self.asked))]}, signers)

    @rule(numbers=st.lists(NODES, min_size=1, max_size=25, unique=True), remove=st.booleans())
    def everybody_agrees_on_many(self, numbers: list[int], remove: bool) -> None:
        """Reach the bounds: a block each, signed by all."""
        everybody = list(range(len(self.ledger.genesis.administrators)))
        for number in numbers:
            self.ask("node-register", joining(number), everybody)
        self.commit()
        for number in numbers:
            self.ask("voter-remove" if remove else "voter-add", {"node": node_id(number)}, everybody)
            self.commit()

    @rule(days=st.integers(1, 40))
    def time_passes(self, days: int) -> None:
        self.commit()
        self.ledger.time_ms += days * 86_400_000

    @precondition(lambda self: self.pending)
    @rule()
    def commit(self) -> None:
        before = current_voters(self.ledger.state)
        again = execute_block(self.ledger.registry, copy.deepcopy(self.ledger.state), self.ledger.block(self.pending))
        execution = self.ledger.execute(*self.pending)
        assert (execution.result_leaves, execution.changes) == (again.result_leaves, again.changes)
        after = current_voters(self.ledger.state)
        changes = [
            transaction
            for transaction, result in zip(self.pending, execution.results, strict=True)
            if any(event.name == "governance.voters-changed" for event in result.events)
        ]
        assert len(changes) <= 1
        assert all(is_voter_change(one) for one in changes)
        assert (after != before) == bool(changes)
        if changes:
            old, new = ({voter.node_id for voter in one.voters} for one in (before, after))
            assert len(old ^ new) == 1
            assert (after.number, after.barrier_height) == (before.number + 1, self.ledger.height)
            self.history.append(after)
        self.pending = []

    @invariant()
    def the_voters_can_decide(self) -> None:
        """`VoterSet` refuses every set that cannot: decoding the record makes one."""
        voters = self.ledger.voters
        assert isinstance(voters.voter_set, VoterSet)
        assert voters.quorum == self.ledger.genesis.quorum
        assert self.ledger.fields("voters", numbered_id(voters.number)) == voters.fields

    @invariant()
    def the_registry_says_who_votes(self) -> None:
        by_state = {node.id for node in self.ledger.nodes() if node.state == STATE_VOTER}
        assert by_state == {voter.node_id for voter in self.ledger.voters.voters}

    @invariant()
    def keys_stay_with_their_node_for_ever(self) -> None:
        found = {}
        names = set()
        for key, data in self.ledger.state.items():
            kind, record_id = parse_record_key(key)
            if kind == "node-key":
                owner = Record.decode(data).fields["node"]
                assert isinstance(owner, bytes)
                found[record_id] = owner
            elif kind == "node-name":
                names.add(record_id)
        assert found.items() >= self.keys.items()
        self.keys = found
        nodes = [node_of(self.ledger.state, owner) for owner in set(found.values())]
        held = [key.hex() for node in nodes if node is not None for key in node.keys.values()]
        assert sorted(held) == sorted(found)
        assert len({node.name for node in self.ledger.nodes()}) == len(self.ledger.nodes())
        assert {node.name for node in self.ledger.nodes()} == names

    @invariant()
    def earlier_sets_are_found(self) -> None:
        for number, expected in enumerate(self.history):
            assert voters_numbered(self.ledger.state, number) == expected
        for one in self.history[-3:]:
            assert voters_before(self.ledger.state, one.barrier_height + 1) == one

    @invariant()
    def proposals_are_bounded_and_listed(self) -> None:
        open_ids = []
        for key in self.ledger.state:
            kind, record_id = parse_record_key(key)
            if kind == "proposer":
                listed = self.ledger.fields(kind, record_id)["open"]
                assert isinstance(listed, list) and len(listed) <= PROPOSALS_OF_MEMBER_MAX
                open_ids += [one.hex() for one in listed if isinstance(one, bytes)]
        assert sorted(open_ids) == self.ledger.proposals()


Governance.TestCase.settings = settings(deadline=None, max_examples=examples(30), stateful_step_count=30)
TestGovernance = Governance.TestCase


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=20), st.binary(max_size=40)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
ARGUMENTS = ["name", "address", *NODE_KEY_TYPES, "format", "node", "proposal", "other"]
METHODS = sorted(
    str(one["operation"]) for one in builtin_registry().describe() if str(one["operation"]).startswith("governance.")
)


@settings(deadline=None)
@given(st.sampled_from(METHODS), st.dictionaries(st.sampled_from(ARGUMENTS), values, max_size=3), st.booleans())
def test_nothing_that_an_administrator_signs_stops_a_node(
    operation: str, changes: dict[str, Value], from_the_start: bool
) -> None:
    ledger = GovernedLedger()
    arguments: dict[str, Value] = {} if from_the_start else {**joining(7)}
    if operation != "governance.node-register":
        arguments = {"node": node_id(1)} if "voter-" in operation or "node-" in operation else {"proposal": bytes(32)}
    keys = ADMINISTRATORS[:2]
    transaction = ledger.transaction(operation, {**arguments, **changes}, keys[0], keys)
    execution = ledger.execute(transaction, ledger.post())
    assert Result.decode(execution.result_leaves[0]) == execution.results[0]
    assert execution.results[1].ok
    assert isinstance(current_voters(ledger.state).voter_set, VoterSet)


def test_pinned_calls_give_pinned_bytes() -> None:
    """Results and records of every operation: a change of these bytes forks every network there is."""
    assert PROPOSAL_LIFETIME_MS == 3_024_000_000
    ledger = GovernedLedger(administrators=4)
    results = [ledger.register(7, 0, 1, 2)]
    proposed = ledger.call("node-register", joining(8), 3)
    results += [proposed, ledger.call("approve", {"proposal": proposed.transaction_id}, 1, 0)]
    results += [ledger.call("node-update", {"node": node_id(8), "address": "[::1]:9"}, 2)]
    results += [ledger.add(7, 0, 1, 2)]
    proposed = ledger.remove(0, 1)
    results += [proposed, ledger.call("voter-approve", {"proposal": proposed.transaction_id}, 2)]
    results += [ledger.call("voter-approve", {"proposal": proposed.transaction_id}, 3)]
    results += [ledger.leave(8, 0, 1, 2), ledger.leave(7, 0, 1, 2)]
    withdrawn = ledger.register(9, 0)
    results += [withdrawn, ledger.call("withdraw", {"proposal": withdrawn.transaction_id}, 0), ledger.leave(0, 2)]
    assert [result.code for result in results] == ["ok"] * 9 + ["governance.node-votes"] + ["ok"] * 3
    leaves: list[Value] = [result.encode() for result in results]
    records: list[Value] = [[key, ledger.state[key]] for key in sorted(ledger.state)]
    found = sha256(encode([leaves, records])).hexdigest()
    assert found == "b113d92ec48d44f3cee183508fd3b86f4c19455631bf057d604541fe4630f31f"
