"""The sign-state: what this node may already have signed, kept beside its seed. Pure.

Owns the record and its byte form; never the file (`daemon.sign_state_file`). It lies outside the database
and never in a backup, because its only use is to notice that the database is older than the signatures:
a node that forgot what it signed could sign the opposite.

Invariants: `term` never goes down; within a term `acknowledged` and `proposed` never go down;
`cosigned_size` never goes down; a height above `reserved_height` is signed only after a flush raised it.
One flush reserves the next `RESERVED_HEIGHTS`, so that the common acknowledgement costs no flush: after a
power loss the file may lag behind by less than that, and the database, flushed at every block, tells the rest.

Source: docs/protocol.md, section 3.
"""

from dataclasses import dataclass, replace
from typing import cast

from ledger.encoding import Value, decode, encode
from ledger.errors import DecodingError
from ledger.hashing import HASH_SIZE_BYTES, ZERO_HASH, Hash

RESERVED_HEIGHTS = 64
# Four hashes, seven integers and their framing stay far below; the file's slots are made for it.
SIGN_STATE_SIZE_BYTES_MAX = 480
_FORMAT = "sign-state/v1"
_INTEGER_COUNT = 7


@dataclass(frozen=True, slots=True)
class SignState:
    """What was signed last; heights and terms count from 1, zero means "nothing yet".

    `voted_for` is the node id of the vote in `term`, zero if the vote is not given; `proposed_*` and
    `acknowledged_*` name the newest block proposed and acknowledged, each with the term it was signed in; `cosigned_*`
    the newest checkpoint.
    """

    term: int = 0
    voted_for: Hash = ZERO_HASH
    proposed_term: int = 0
    proposed_height: int = 0
    proposed_hash: Hash = ZERO_HASH
    acknowledged_term: int = 0
    acknowledged_height: int = 0
    acknowledged_hash: Hash = ZERO_HASH
    reserved_height: int = 0
    cosigned_size: int = 0
    cosigned_root: Hash = ZERO_HASH

    def with_term(self, term: int, voted_for: Hash | None) -> "SignState":
        """In a later term, with the vote there if it is given; the reservation of an earlier term counts no longer."""
        assert term > self.term, "the term never goes down"
        return replace(self, term=term, voted_for=voted_for or ZERO_HASH, reserved_height=0)

    def with_vote(self, term: int, candidate: Hash) -> "SignState":
        """After the vote of the running term."""
        assert term == self.term and self.voted_for == ZERO_HASH, "one vote is given per term"
        return replace(self, voted_for=candidate)

    def with_proposal(self, term: int, height: int, block_hash: Hash) -> "SignState":
        """After proposing a block as leader of `term`."""
        assert term == self.term, "only the leader of the own term proposes"
        assert (term, height) > (self.proposed_term, self.proposed_height), "one proposal per term and height"
        return self._reserve(height, proposed_term=term, proposed_height=height, proposed_hash=block_hash)

    def with_acknowledgement(self, term: int, height: int, block_hash: Hash) -> "SignState":
        """After acknowledging a block of the own term."""
        assert term == self.term, "only blocks of the own term are acknowledged"
        assert (term, height) > (self.acknowledged_term, self.acknowledged_height), "one hash per term and height"
        return self._reserve(height, acknowledged_term=term, acknowledged_height=height, acknowledged_hash=block_hash)

    def with_cosignature(self, size: int, root: Hash) -> "SignState":
        """After cosigning a checkpoint of `size` entries."""
        assert size >= self.cosigned_size, "a smaller checkpoint is never cosigned"
        assert size > self.cosigned_size or root == self.cosigned_root, "one root is cosigned per size"
        return replace(self, cosigned_size=size, cosigned_root=root)

    def needs_flush_after(self, previous: "SignState") -> bool:
        """Whether this state must be on disk, not only handed to the system, before its signature leaves."""
        voted = self.voted_for != previous.voted_for
        return voted or self.term != previous.term or self.reserved_height != previous.reserved_height

    def _reserve(self, height: int, **changes: object) -> "SignState":
        reserved = self.reserved_height
        if height > reserved:
            reserved = height + RESERVED_HEIGHTS - 1
        return replace(self, reserved_height=reserved, **changes)  # type: ignore[arg-type]

    def encode(self) -> bytes:
        """Canonical bytes, at most `SIGN_STATE_SIZE_BYTES_MAX`."""
        fields: list[Value] = [_FORMAT, *_integers(self), *_hashes(self)]
        return encode(fields)

    @classmethod
    def decode(cls, data: bytes) -> "SignState":
        """The state that `encode` wrote.

        Raises:
            DecodingError: these are not the bytes of a sign-state of this format.
        """
        value = decode(data, SIGN_STATE_SIZE_BYTES_MAX)
        if not isinstance(value, list) or len(value) != 1 + _INTEGER_COUNT + 4 or value[0] != _FORMAT:
            raise DecodingError("the sign-state is not in the format {format}", format=_FORMAT)
        integers, hashes = value[1 : 1 + _INTEGER_COUNT], value[1 + _INTEGER_COUNT :]
        if not all(type(item) is int and item >= 0 for item in integers):
            raise DecodingError("the sign-state holds something else where a count belongs")
        if not all(isinstance(item, bytes) and len(item) == HASH_SIZE_BYTES for item in hashes):
            raise DecodingError("the sign-state holds something else where a hash belongs")
        numbers, names = cast(list[int], integers), cast(list[bytes], hashes)
        return cls(
            term=numbers[0],
            proposed_term=numbers[1],
            proposed_height=numbers[2],
            acknowledged_term=numbers[3],
            acknowledged_height=numbers[4],
            reserved_height=numbers[5],
            cosigned_size=numbers[6],
            voted_for=names[0],
            proposed_hash=names[1],
            acknowledged_hash=names[2],
            cosigned_root=names[3],
        )


def _integers(state: SignState) -> list[int]:
    return [
        state.term,
        state.proposed_term,
        state.proposed_height,
        state.acknowledged_term,
        state.acknowledged_height,
        state.reserved_height,
        state.cosigned_size,
    ]


def _hashes(state: SignState) -> list[bytes]:
    return [state.voted_for, state.proposed_hash, state.acknowledged_hash, state.cosigned_root]
