"""The voter sets of a ledger: the one in force and every one before it, as records.

Owns `voters/current` and `voters/<number>`; never decides who votes (`contracts.voter_change` does). A set's
record has everything that certificates, policies and evidence of its time need, so that it stays readable after a
voter got other keys or left. Invariants: numbers start at 0 and have no gaps; `voters/current` is the newest of
`voters/<number>`; heights of the barriers rise; every record holds a valid `VoterSet`.
Source: docs/protocol.md, section 6, "Changing voters"; docs/reference/contracts.md, "governance".
"""

from dataclasses import dataclass, field
from functools import lru_cache

from consensus.errors import InvalidVoterSetError
from consensus.voters import Voter, VoterSet
from contracts.decision import decision_in
from contracts.node_registry import RegisteredNode
from contracts.record import Record, record_key
from contracts.state import StateReader
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.hashing import HASH_SIZE_BYTES, Hash

KIND_VOTERS = "voters"
VOTERS_ID = "current"
VOTERS_KEY = record_key(KIND_VOTERS, VOTERS_ID)
VOTERS_SUBJECT = "voters/current"
# With this many digits, the order of ids is the order of numbers, for a billion changes.
NUMBER_DIGITS = 9


@dataclass(frozen=True, slots=True)
class RecordedVoter:
    """One voter of a set: its node id, its name and the raw public keys that others verify it with."""

    node_id: Hash
    name: str
    agreement: bytes
    log: bytes
    cosigner: bytes

    @classmethod
    def of(cls, node: RegisteredNode) -> "RecordedVoter":
        """The node as a voter."""
        return cls(node.id, node.name, node.agreement, node.log, node.cosigner)


@dataclass(frozen=True, slots=True)
class VoterRecord:
    """One voter set with its number; `barrier_height` is the block whose execution made it, 0 for the genesis.

    Raises:
        InvalidVoterSetError: no network can have such voters.
    """

    number: int
    quorum: str
    barrier_height: int
    voters: tuple[RecordedVoter, ...]
    # The decision that made the set, None for the genesis; the same voters are the same set whoever decided on them.
    decision: Hash | None = field(default=None, compare=False)
    voter_set: VoterSet = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.voters, key=lambda voter: voter.node_id))
        listed = tuple(Voter(voter.node_id, voter.agreement) for voter in ordered)
        object.__setattr__(self, "voters", ordered)
        object.__setattr__(self, "voter_set", VoterSet(listed, self.quorum))

    @classmethod
    def decode(cls, data: bytes) -> "VoterRecord":
        """The set in a record's bytes; remembered, as the same few are asked for again and again.

        Raises:
            DecodingError: not the record of a voter set.
        """
        return _decoded(data)

    @classmethod
    def from_fields(cls, fields: dict[str, Value]) -> "VoterRecord":
        """The set in the fields of its record.

        Raises:
            DecodingError: not such fields.
        """
        number, height, quorum, listed = (fields.get(one) for one in ("number", "barrier_height", "quorum", "voters"))
        if (
            type(number) is not int
            or number < 0
            or type(height) is not int
            or height < 0
            or not isinstance(quorum, str)
            or not isinstance(listed, list)
        ):
            raise DecodingError("the record of the voters lacks their number, height, quorum or list")
        try:
            return cls(number, quorum, height, tuple(_voter(one) for one in listed), decision_in(fields))
        except InvalidVoterSetError as error:
            raise DecodingError("the record of the voters is of no possible set: {reason}", reason=error) from error

    @property
    def fields(self) -> dict[str, Value]:
        """The fields of the record; voters ascend by node id."""
        decision: dict[str, Value] = {} if self.decision is None else {"decision": self.decision}
        return {
            "barrier_height": self.barrier_height,
            **decision,
            "number": self.number,
            "quorum": self.quorum,
            "voters": [
                {
                    "agreement": voter.agreement,
                    "cosigner": voter.cosigner,
                    "log": voter.log,
                    "name": voter.name,
                    "node": voter.node_id,
                }
                for voter in self.voters
            ],
        }

    def followed_by(self, voters: tuple[RecordedVoter, ...], barrier_height: int, decision: Hash) -> "VoterRecord":
        """The next set, made by the block at `barrier_height` for that decision; the quorum rule stays."""
        return VoterRecord(self.number + 1, self.quorum, barrier_height, voters, decision)


def numbered_id(number: int) -> str:
    """The id of the record of the set with this number: nine digits."""
    return f"{number:0{NUMBER_DIGITS}d}"


def current_voters(state: StateReader) -> VoterRecord:
    """The newest set in this state: the one in force for the blocks after its height.

    Raises:
        DecodingError: the state lacks the record that the genesis makes, or it is damaged.
    """
    return _existing(state.get(VOTERS_KEY), VOTERS_ID)


def voter_set_of(state: StateReader) -> VoterSet:
    """What agreement needs of `current_voters`; about 1 µs, more only after a change.

    Raises:
        DecodingError: as `current_voters`.
    """
    return current_voters(state).voter_set


def voters_numbered(state: StateReader, number: int) -> VoterRecord | None:
    """The set with this number, counted from 0; None if there is none.

    Raises:
        DecodingError: its record is damaged.
    """
    if number < 0:
        return None
    data = state.get(record_key(KIND_VOTERS, numbered_id(number)))
    return None if data is None else VoterRecord.decode(data)


def voters_before(state: StateReader, height: int) -> VoterRecord:
    """The set that the state before block `height` names, as far as this state knows.

    It is the set whose voters sign checkpoints of that block, and the one its header names, but for the blocks that
    only open a term on top of a barrier that is not committed yet: these name the set before it.

    Args:
        state: As of any later block, or of the one before.
        height: >= 1.

    Cost: one look-up where the newest set is meant; O(log n) more in the number of sets.
    """
    newest = current_voters(state)
    if newest.barrier_height < height:
        return newest
    # Bisection: the barrier of `low` is below the height, that of `high` is not.
    low, high = 0, newest.number
    while high - low > 1:
        middle = (low + high) // 2
        if _existing_number(state, middle).barrier_height < height:
            low = middle
        else:
            high = middle
    return _existing_number(state, low)


def _existing_number(state: StateReader, number: int) -> VoterRecord:
    name = numbered_id(number)
    return _existing(state.get(record_key(KIND_VOTERS, name)), name)


def _existing(data: bytes | None, name: str) -> VoterRecord:
    if data is None:
        raise DecodingError("the state has no record of the voter set {name}", name=name)
    return VoterRecord.decode(data)


# The set in force, and a few of those that old certificates and receipts are about; 4 kB each.
@lru_cache(maxsize=64)
def _decoded(data: bytes) -> VoterRecord:
    return VoterRecord.from_fields(Record.decode(data).fields)


def _voter(value: Value) -> RecordedVoter:
    fields = value if isinstance(value, dict) else {}
    name = fields.get("name")
    keys = [fields.get(one) for one in ("node", "agreement", "log", "cosigner")]
    found = [key for key in keys if isinstance(key, bytes) and len(key) == HASH_SIZE_BYTES]
    if not isinstance(name, str) or len(found) != len(keys):
        raise DecodingError("a voter in the record of the voters lacks its id, name or keys")
    node_id, agreement, log, cosigner = found
    return RecordedVoter(node_id, name, agreement, log, cosigner)
