"""Along the headers of a chain that is not executed here, from what this node trusts to what it may trust then. Pure.

Owns which headers follow on, whose certificates they carry, and up to where all of it is proven; never asks for headers
and never stores them. A header is *settled* when a quorum of the voters in force certified it or one above it, every
change of voters below that is proven (`consensus.succession`), and the certificate that came with it was checked: only
then it may be kept, handed on and believed. Of entries and state it proves what its hashes name.

What comes with a header may certify a block above it, so it is checked when that block comes.

Bounds: `HELD_MAX` headers that are not settled, of at most 18 kB each: 36 MB for whoever signs such headers as a voter,
2 MB as a rule. Cost: two signatures a header, as a rule. Source: docs/protocol.md, section 10.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from consensus.certificates import BlockCertificate
from consensus.errors import UnprovenVotersError
from consensus.succession import Succession
from consensus.voters import VoterSet
from ledger.block import Header, check_first_header, check_header_follows, verify_proposal
from ledger.errors import InvalidBlockError
from ledger.hashing import ZERO_HASH, Hash, tagged_hash
from p2p.snapshot_frames import CarriedHeader

# Certificates lie a window apart at most; a change of voters is proven within a few blocks where all voters answer.
HELD_MAX = 2048


@dataclass(frozen=True, slots=True)
class WalkedHeader:
    """A header with what came with it; `first_index` is the log index of its block's outcome leaf."""

    header: Header
    carried: CarriedHeader
    first_index: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a walk begins: the newest trusted header (None: the genesis) and the sets of voters known there.

    `voters` is the set that the header names; `known` are those that followed it, in order.
    """

    network_id: Hash
    created_ms: int
    header: Header | None
    voters: VoterSet
    known: tuple[VoterSet, ...] = ()

    @property
    def height(self) -> int:
        """0 for the genesis."""
        return 0 if self.header is None else self.header.height


class HeaderWalk:
    """One way along a chain."""

    def __init__(self, anchor: Anchor) -> None:
        self._anchor = anchor
        self._newest = anchor.header
        self._succession = Succession(anchor.voters, anchor.known)
        # Not settled, in order; and certificates of blocks that have not come yet, each with the lowest header it came
        # with.
        self._held: deque[WalkedHeader] = deque()
        self._awaited: dict[int, dict[bytes, int]] = {}
        self._certified_height = anchor.height

    @property
    def height(self) -> int:
        """Of the newest header that was taken."""
        return self._anchor.height if self._newest is None else self._newest.height

    @property
    def voters(self) -> VoterSet:
        """The set that the newest header names."""
        return self._succession.voters

    def take(self, carried: CarriedHeader, sets: Mapping[Hash, VoterSet]) -> None:
        """Take the header that follows the newest one.

        Args:
            carried: As somebody sent it.
            sets: By their hash, those that the sender says changes lead to.

        Raises:
            RemoteProtocolError: the header or a certificate breaks a rule; the walk is of no use any more.
            UnprovenVotersError: it cannot be shown who voted here.
        """
        header = Header.decode(carried.header)
        if self._newest is None:
            check_first_header(header, self._anchor.network_id, self._anchor.created_ms)
        else:
            check_header_follows(self._newest, header)
        if header.voter_set_hash != self._succession.voters.hash:
            self._change(header, sets)
        self._check_proposer(header, carried)
        first_index = self._newest.tree_size if self._newest is not None else 0
        self._newest = header
        self._held.append(WalkedHeader(header, carried, first_index))
        self._succession.vouch(header.height, (header.proposer,), self.voters)
        self._await_certificate(header, carried.certificate)
        self._take_certificates(header)
        if len(self._held) > HELD_MAX:
            raise UnprovenVotersError(
                "nobody has vouched for what {count} headers up to block {height} say of their voters",
                count=HELD_MAX,
                height=header.height,
            )

    def settled(self) -> list[WalkedHeader]:
        """The headers that are settled and were not handed out before, in order."""
        if not self._succession.is_proven:
            return []
        # What a header came with may be of a block that has not come.
        open_from = min((min(origins.values()) for origins in self._awaited.values()), default=self.height + 1)
        last = min(self._certified_height, open_from - 1)
        found = []
        while self._held and self._held[0].header.height <= last:
            found.append(self._held.popleft())
        return found

    def _change(self, header: Header, sets: Mapping[Hash, VoterSet]) -> None:
        voters = sets.get(header.voter_set_hash)
        if voters is None:
            raise InvalidBlockError("nobody says who votes on block {height}", height=header.height)
        self._succession.change(voters, header.height)

    def _check_proposer(self, header: Header, carried: CarriedHeader) -> None:
        key = self.voters.key_of(header.proposer)
        if key is None or not verify_proposal(header, key, carried.signature):
            raise InvalidBlockError("block {height} is not signed by a voter", height=header.height)
        # The hash is part of what voters acknowledged, who checked the election.
        expected = header.election_certificate_hash
        came = tagged_hash("election-certificate", carried.election_certificate)
        if expected != (came if carried.election_certificate else ZERO_HASH):
            raise InvalidBlockError("block {height} comes with another election", height=header.height)

    def _await_certificate(self, header: Header, data: bytes) -> None:
        certificate = BlockCertificate.decode(data)
        if not header.height <= certificate.height < header.height + HELD_MAX:
            raise InvalidBlockError("block {height} comes with the certificate of another", height=header.height)
        origins = self._awaited.setdefault(certificate.height, {})
        origins.setdefault(data, header.height)

    def _take_certificates(self, header: Header) -> None:
        for data in self._awaited.pop(header.height, {}):
            certificate = BlockCertificate.decode(data)
            said = (certificate.block_hash, certificate.previous_hash, certificate.term)
            if said != (header.hash, header.previous_hash, header.term):
                raise InvalidBlockError("block {height} comes with the certificate of another", height=header.height)
            certificate.verify(self.voters, header.network_id)
            signers = [voter for voter, _ in certificate.signatures]
            self._succession.vouch(header.height, signers, self.voters)
            self._certified_height = header.height
