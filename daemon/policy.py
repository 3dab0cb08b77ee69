"""The network's verification policy, from the voters in the state. Pure; reads a store.

Owns the way from the records `voters/current` and `node/<id>` to a `tlog-policy`. Never keeps one: the state is the
only source. Policies are numbered by voter set, with the tree size from which each holds. Source: docs/protocol.md,
section 9.
"""

from dataclasses import dataclass

from consensus.voters import Voter, VoterSet
from contracts.genesis_state import VOTERS_KEY
from contracts.record import Record, record_key
from ledger.encoding import Value
from ledger.errors import BanyanError, LocalError
from ledger.genesis import Genesis
from ledger.policy import Policy, PolicyVoter
from storage.interface import StoreReader


class TreeSizeUnknownError(BanyanError):
    """No voter set of this ledger was in force at that tree size."""

    code = "tree-size-unknown"


@dataclass(frozen=True, slots=True)
class NumberedPolicy:
    """The policy of one voter set; `from_size` is the first tree size that it certifies."""

    number: int
    from_size: int
    origin: str
    policy: Policy

    def encode(self) -> bytes:
        """The text, with comments that say whose policy it is and from where on it holds."""
        return self.policy.encode(
            (f"Banyan policy {self.number} of {self.origin}", f"voters in force from tree size {self.from_size} on")
        )


def current_policy(reader: StoreReader, genesis: Genesis) -> NumberedPolicy:
    """The policy of the voters in force now; two reads and one more for each voter."""
    fields = _fields(reader, VOTERS_KEY)
    number, quorum, from_size = fields["number"], fields["quorum"], fields["from_size"]
    if type(number) is not int or not isinstance(quorum, str) or type(from_size) is not int:
        raise LocalError("the record of the voters is malformed")
    voters: list[Voter] = []
    described: list[PolicyVoter] = []
    for node_id in _byte_strings(fields["voters"]):
        node = _fields(reader, record_key("node", node_id.hex()))
        name = node["name"]
        agreement, log, cosigner = _byte_strings([node["agreement"], node["log"], node["cosigner"]])
        if not isinstance(name, str):
            raise LocalError("the record of node {node} is malformed", node=node_id.hex())
        voters.append(Voter(node_id, agreement))
        described.append(PolicyVoter(name, log, cosigner))
    quorum_size = VoterSet(tuple(voters), quorum).quorum_size
    return NumberedPolicy(number, from_size, genesis.name, Policy.of_voters(genesis.name, described, quorum_size))


def policy_at(reader: StoreReader, genesis: Genesis, tree_size: int) -> NumberedPolicy:
    """The policy of the voters that certify a checkpoint of `tree_size`.

    Raises:
        TreeSizeUnknownError: the log is not that large yet.
    """
    policy = current_policy(reader, genesis)
    largest = reader.head().tree_size
    if not policy.from_size <= tree_size <= largest:
        raise TreeSizeUnknownError(
            "there is no policy for the tree size {size}; this ledger has {lowest} to {highest} entries",
            size=tree_size,
            lowest=policy.from_size,
            highest=largest,
        )
    return policy


def _fields(reader: StoreReader, key: bytes) -> dict[str, Value]:
    data = reader.state(key)
    if data is None:
        raise LocalError("the state lacks the record {key}, which the genesis makes", key=key.decode("latin-1"))
    return Record.decode(data).fields


def _byte_strings(value: Value) -> list[bytes]:
    found = [item for item in value if isinstance(item, bytes)] if isinstance(value, list) else []
    if not isinstance(value, list) or len(found) != len(value):
        raise LocalError("a record about voters holds something else where keys and ids belong")
    return found
