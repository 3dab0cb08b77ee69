"""The voter set: who counts, and how many make a quorum.

Owns the set's order, its hash and the quorum rule; never who should be in it. Immutable; sorted by node id, so
that two nodes with the same voters have the same hash. Source: docs/protocol.md, sections 1 and 6.
"""

from dataclasses import dataclass, field
from typing import cast

from consensus.errors import InvalidMessageError, InvalidVoterSetError
from ledger.encoding import Value, decode, encode
from ledger.hashing import HASH_SIZE_BYTES, Hash, tagged_hash

MAJORITY = "majority"
TWO_THIRDS = "two-thirds"
# A signed note must hold a cosignature of each, and verifiers accept few more.
VOTERS_MAX = 21
TWO_THIRDS_VOTERS_MIN = 4
# 21 voters of 69 bytes, and the rule.
VOTER_SET_SIZE_BYTES_MAX = 2048


def voters_min(quorum: str) -> int:
    """How many voters there have to be with this quorum rule."""
    return TWO_THIRDS_VOTERS_MIN if quorum == TWO_THIRDS else 1


@dataclass(frozen=True, slots=True)
class Voter:
    """One voter: its node id and the key it signs agreement messages with."""

    node_id: Hash
    agreement_key: bytes


@dataclass(frozen=True, slots=True)
class VoterSet:
    """1 to 21 voters and their quorum rule.

    Raises:
        InvalidVoterSetError: too few or too many, one twice, or an unknown rule.
    """

    voters: tuple[Voter, ...]
    quorum: str
    hash: Hash = field(init=False)
    _keys: dict[Hash, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.voters, key=lambda voter: voter.node_id))
        keys = {voter.node_id: voter.agreement_key for voter in ordered}
        if not 1 <= len(ordered) <= VOTERS_MAX or len(keys) != len(ordered):
            raise InvalidVoterSetError("a voter set has 1 to {limit} different voters", limit=VOTERS_MAX)
        if len(set(keys.values())) != len(ordered):
            raise InvalidVoterSetError("two voters of a set share an agreement key")
        if self.quorum not in (MAJORITY, TWO_THIRDS):
            raise InvalidVoterSetError("the quorum rule {rule} is unknown", rule=self.quorum)
        if self.quorum == TWO_THIRDS and len(ordered) < TWO_THIRDS_VOTERS_MIN:
            raise InvalidVoterSetError(
                "a quorum of two thirds needs at least {count} voters", count=TWO_THIRDS_VOTERS_MIN
            )
        object.__setattr__(self, "voters", ordered)
        object.__setattr__(self, "hash", tagged_hash("voter-set", self.encode()))
        object.__setattr__(self, "_keys", keys)

    def encode(self) -> bytes:
        """The canonical bytes that the hash is of."""
        return encode([self.quorum, [[voter.node_id, voter.agreement_key] for voter in self.voters]])

    @classmethod
    def decode(cls, data: bytes) -> "VoterSet":
        """The set of which `data` are the canonical bytes.

        Raises:
            DecodingError: not canonical bytes.
            InvalidMessageError: canonical, but no possible set.
        """
        value = decode(data, VOTER_SET_SIZE_BYTES_MAX)
        quorum, listed = value if isinstance(value, list) and len(value) == 2 else (None, None)
        if not isinstance(quorum, str) or not isinstance(listed, list):
            raise InvalidMessageError("a voter set is a list of its quorum rule and its voters")
        pairs = [tuple(one) for one in listed if isinstance(one, list) and [*map(_is_hash, one)] == [True, True]]
        if len(pairs) != len(listed) or pairs != sorted(pairs):
            raise InvalidMessageError("a voter set lists pairs of node id and key, ascending, after its quorum rule")
        try:
            return cls(tuple(Voter(cast(bytes, one), cast(bytes, key)) for one, key in pairs), quorum)
        except InvalidVoterSetError as error:
            raise InvalidMessageError("a voter set that cannot be: {reason}", reason=error) from error

    @property
    def quorum_size(self) -> int:
        """How many different voters decide: more than half, or more than two thirds."""
        return quorum_size_of(len(self.voters), self.quorum)

    def key_of(self, node_id: Hash) -> bytes | None:
        """The agreement key of a voter; None for everybody else."""
        return self._keys.get(node_id)


def _is_hash(value: Value) -> bool:
    return isinstance(value, bytes) and len(value) == HASH_SIZE_BYTES


def quorum_size_of(voters_count: int, quorum: str) -> int:
    """How many of so many voters decide by this rule."""
    return 2 * voters_count // 3 + 1 if quorum == TWO_THIRDS else voters_count // 2 + 1
