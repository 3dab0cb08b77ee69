"""A trial ledger with several voters and administrators, and nodes that could join it."""

from functools import lru_cache

from contracts.node_registry import RegisteredNode, node_of, registered_nodes
from contracts.result import Result
from contracts.voter_record import VoterRecord, current_voters
from ledger.encoding import Value
from ledger.genesis import Genesis, Parameters
from ledger.hashing import Hash
from ledger.node_keys import NodeDescription, NodeKeys
from ledger.signing import SigningKey
from ledger.verifier_key import KEY_TYPE_MEMBER, VerifierKey
from tests.contracts.trial_ledger import START_MS, TrialLedger

ADMINISTRATORS = tuple(SigningKey.from_seed(bytes([150 + number]) * 32) for number in range(64))


@lru_cache
def description(number: int) -> NodeDescription:
    """Node `number`; those of the genesis come first."""
    keys = NodeKeys.from_seed(bytes([1 + number]) * 32)
    return NodeDescription.of(f"node-{number}", f"127.0.0.1:{7000 + number}", keys)


def node_id(number: int) -> Hash:
    return description(number).node_id


def joining(number: int, **changes: Value) -> dict[str, Value]:
    """The arguments that register a node: what stands in its node.public.json."""
    return {**description(number).to_value(), **changes}


@lru_cache
def governed_genesis(voters: int = 3, administrators: int = 3, quorum: str = "majority") -> Genesis:
    return Genesis(
        "huaxin.example/ledger",
        START_MS - 60_000,
        "public",
        quorum,
        Parameters(),
        tuple(description(number) for number in range(voters)),
        tuple(
            VerifierKey(f"administrator-{number}", KEY_TYPE_MEMBER, key.public)
            for number, key in enumerate(ADMINISTRATORS[:administrators])
        ),
    )


class GovernedLedger(TrialLedger):
    """Every call is a block of its own."""

    def __init__(self, voters: int = 3, administrators: int = 3, quorum: str = "majority") -> None:
        super().__init__(governed_genesis(voters, administrators, quorum))

    def call(self, method: str, arguments: dict[str, Value], *signers: int | SigningKey) -> Result:
        """The result of `governance.<method>`; signed by these administrators, the first one sends it."""
        keys = [ADMINISTRATORS[one] if isinstance(one, int) else one for one in signers or (0,)]
        return self.execute(self.transaction(f"governance.{method}", arguments, keys[0], keys)).results[0]

    def register(self, number: int, *signers: int) -> Result:
        return self.call("node-register", joining(number), *(signers or (0, 1)))

    def add(self, number: int, *signers: int) -> Result:
        return self.call("voter-add", {"node": node_id(number)}, *(signers or (0, 1)))

    def remove(self, number: int, *signers: int) -> Result:
        return self.call("voter-remove", {"node": node_id(number)}, *(signers or (0, 1)))

    def leave(self, number: int, *signers: int) -> Result:
        return self.call("node-remove", {"node": node_id(number)}, *(signers or (0, 1)))

    def node(self, number: int) -> RegisteredNode | None:
        return node_of(self.state, node_id(number))

    def state_of(self, number: int) -> str | None:
        node = self.node(number)
        return None if node is None else node.state

    def nodes(self) -> list[RegisteredNode]:
        """What a scan of the store finds."""
        return list(registered_nodes((key, self.state[key]) for key in sorted(self.state) if key.startswith(b"node\0")))

    @property
    def voters(self) -> VoterRecord:
        return current_voters(self.state)

    def voter_numbers(self) -> set[int]:
        """Which of the first 40 nodes vote."""
        ids = {voter.node_id for voter in self.voters.voters}
        return {number for number in range(40) if node_id(number) in ids}

    def proposals(self) -> list[str]:
        return sorted(key[9:].decode() for key in self.state if key.startswith(b"proposal\0"))
