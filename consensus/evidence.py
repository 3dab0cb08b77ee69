"""Two signatures that no honest node makes: what proves that a voter lied.

Owns the memory of what voters signed of late and the four comparisons; never judges anybody whose signature it has not
been told is valid. Bounded: for each voter, so many heights and terms. Source: docs/protocol.md, section 7.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar, cast

from consensus.errors import InvalidMessageError
from consensus.messages import Acknowledgement, Vote
from consensus.statement import Position, SignedMessage, is_signature
from ledger.encoding import Value, decode, encode
from ledger.hashing import HASH_SIZE_BYTES, Hash

# A window of blocks and some more: whoever signs twice does so about blocks that are not committed yet.
HEIGHTS_MAX = 64
TERMS_MAX = 8
# 21 voters, and those of the set before.
SIGNERS_MAX = 64
# Two headers or statements of at most half a kilobyte, with their signatures.
EVIDENCE_SIZE_BYTES_MAX = 4 * 1024


class Offence(Enum):
    """What was signed twice."""

    PROPOSALS = "two-proposals"
    ACKNOWLEDGEMENTS = "two-acknowledgements"
    VOTES = "two-votes"
    FORGOTTEN = "vote-below-acknowledgement"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two messages signed by `node_id` that contradict each other; for proposals the messages are headers."""

    offence: Offence
    node_id: Hash
    term: int
    first: SignedMessage
    second: SignedMessage

    def encode(self) -> bytes:
        """The canonical bytes, as gossip and the ledger carry them."""
        return encode([self.offence.value, self.node_id, self.term, [*self.first], [*self.second]])

    @classmethod
    def decode(cls, data: bytes) -> "Evidence":
        """The evidence of which `data` are the canonical bytes; that it proves anything is not checked yet.

        Raises:
            DecodingError: not canonical bytes.
            InvalidMessageError: canonical, but something else.
        """
        value = decode(data, EVIDENCE_SIZE_BYTES_MAX)
        if isinstance(value, list) and len(value) == 5:
            offence, node_id, term, first, second = value
            known = {one.value: one for one in Offence}.get(offence) if isinstance(offence, str) else None
            messages = [_signed(first), _signed(second)]
            if (
                known is not None
                and isinstance(node_id, bytes)
                and len(node_id) == HASH_SIZE_BYTES
                and type(term) is int
                and term >= 1
                and messages[0] is not None
                and messages[1] is not None
            ):
                return cls(known, node_id, term, messages[0], messages[1])
        raise InvalidMessageError("evidence is a list of offence, node, term and two signed messages")


def _signed(value: Value) -> SignedMessage | None:
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], bytes) and is_signature(value[1]):
        return SignedMessage(value[0], cast(bytes, value[1]))
    return None


_Key = TypeVar("_Key")
_Told = TypeVar("_Told")


class _Recent(Generic[_Key, _Told]):
    """The newest so many signed things, by what they are about."""

    __slots__ = ("_limit", "_told")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._told: OrderedDict[_Key, _Told] = OrderedDict()

    def get(self, key: _Key) -> _Told | None:
        return self._told.get(key)

    def all(self) -> Iterable[_Told]:
        return self._told.values()

    def put(self, key: _Key, told: _Told) -> None:
        self._told[key] = told
        if len(self._told) > self._limit:
            self._told.popitem(last=False)


class _Signer:
    """What one node signed of late."""

    __slots__ = ("acknowledged", "highest", "proposed", "voted")

    def __init__(self) -> None:
        self.proposed: _Recent[tuple[int, int], tuple[Hash, SignedMessage]] = _Recent(HEIGHTS_MAX)
        self.acknowledged: _Recent[tuple[int, int], tuple[Hash, SignedMessage]] = _Recent(HEIGHTS_MAX)
        self.voted: _Recent[int, tuple[Vote, SignedMessage]] = _Recent(TERMS_MAX)
        # The highest block acknowledged, with the term in which: the rank that later votes must not fall below.
        self.highest: tuple[tuple[int, int], SignedMessage] | None = None


class Witness:
    """Sees every statement whose signature was found valid; returns evidence where one contradicts an earlier one."""

    def __init__(self) -> None:
        self._signers: OrderedDict[Hash, _Signer] = OrderedDict()

    def proposal(self, position: Position, proposer: Hash, signed: SignedMessage) -> Evidence | None:
        """(a) Two headers for one term and height."""
        signer = self._signer(proposer)
        before = signer.proposed.get(position.rank)
        if before is not None and before[0] != position.hash:
            return Evidence(Offence.PROPOSALS, proposer, position.term, before[1], signed)
        signer.proposed.put(position.rank, (position.hash, signed))
        return None

    def acknowledgement(self, told: Acknowledgement, signed: SignedMessage) -> Evidence | None:
        """(b) Two hashes for one term and height; (d) one that a vote of a later term had forgotten."""
        signer = self._signer(told.voter)
        rank = (told.term, told.height)
        before = signer.acknowledged.get(rank)
        if before is not None:
            if before[0] == told.block_hash:
                return None
            return Evidence(Offence.ACKNOWLEDGEMENTS, told.voter, told.term, before[1], signed)
        signer.acknowledged.put(rank, (told.block_hash, signed))
        if signer.highest is None or rank > signer.highest[0]:
            signer.highest = (rank, signed)
        for vote, voted in signer.voted.all():
            if vote.term > told.term and (vote.last_term, vote.last_height) < rank:
                return Evidence(Offence.FORGOTTEN, told.voter, vote.term, signed, voted)
        return None

    def vote(self, told: Vote, signed: SignedMessage) -> Evidence | None:
        """(c) Two candidates in one term; (d) a last block below one that was acknowledged before."""
        signer = self._signer(told.voter)
        before = signer.voted.get(told.term)
        if before is not None and before[0].candidate != told.candidate:
            return Evidence(Offence.VOTES, told.voter, told.term, before[1], signed)
        signer.voted.put(told.term, (told, signed))
        if signer.highest is not None:
            rank, acknowledged = signer.highest
            if rank[0] < told.term and (told.last_term, told.last_height) < rank:
                return Evidence(Offence.FORGOTTEN, told.voter, told.term, acknowledged, signed)
        return None

    def _signer(self, node_id: Hash) -> _Signer:
        signer = self._signers.get(node_id)
        if signer is None:
            signer = self._signers[node_id] = _Signer()
            if len(self._signers) > SIGNERS_MAX:
                self._signers.popitem(last=False)
        return signer
