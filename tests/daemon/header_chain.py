"""Chains of headers without entries or state, signed by whom a test wants: true ones and made-up ones."""

from collections.abc import Collection, Iterable

from consensus.certificates import BlockCertificate, ElectionCertificate
from consensus.messages import Acknowledgement, Vote
from consensus.voters import MAJORITY, Voter, VoterSet
from daemon.header_walk import Anchor
from ledger.block import Header, sign_header
from ledger.hashing import ZERO_HASH, Hash, sha256
from p2p.snapshot_frames import CarriedHeader
from tests.ledger.samples import CREATED_MS, NETWORK_ID, node_keys


def voters_of(numbers: Iterable[int], quorum: str = MAJORITY) -> VoterSet:
    """The set of the nodes with these numbers."""
    keys = [node_keys(number) for number in sorted(numbers)]
    return VoterSet(tuple(Voter(one.node_id, one.agreement.public) for one in keys), quorum)


class HeaderChain:
    """One chain that grows; `branch` gives another that shares what there is."""

    def __init__(self, numbers: Collection[int], network_id: Hash = NETWORK_ID) -> None:
        self.network_id = network_id
        self.numbers = frozenset(numbers)
        self.headers: list[Header] = []
        self.carried: list[CarriedHeader] = []
        self.sets: dict[Hash, VoterSet] = {voters_of(numbers).hash: voters_of(numbers)}

    @property
    def voters(self) -> VoterSet:
        return voters_of(self.numbers)

    def anchor(self, numbers: Collection[int]) -> Anchor:
        """The genesis with these voters."""
        return Anchor(self.network_id, CREATED_MS, None, voters_of(numbers))

    def branch(self) -> "HeaderChain":
        other = HeaderChain(self.numbers, self.network_id)
        other.headers, other.carried, other.sets = list(self.headers), list(self.carried), dict(self.sets)
        return other

    def grow(
        self, signers: Collection[int], proposer: int | None = None, numbers: Collection[int] | None = None
    ) -> None:
        """One more block, certified by `signers`; the first that names the voters `numbers`, if they are given."""
        if numbers is not None:
            self.numbers = frozenset(numbers)
            self.sets[self.voters.hash] = self.voters
        leads = min(signers) if proposer is None else proposer
        header, election = self._header(leads, signers)
        self.headers.append(header)
        signature = sign_header(header, node_keys(leads).agreement)
        self.carried.append(CarriedHeader(header.encode(), signature, election, self.certificate(header, signers)))

    def certificate(self, header: Header, signers: Iterable[int]) -> bytes:
        """What commits a block, with the signatures of these."""
        told = [
            Acknowledgement(
                self.network_id,
                header.voter_set_hash,
                header.term,
                header.height,
                header.hash,
                header.previous_hash,
                node_keys(number).node_id,
            )
            for number in signers
        ]
        signed = [
            (one.voter, one.sign(node_keys(number).agreement).signature)
            for one, number in zip(told, signers, strict=True)
        ]
        return BlockCertificate.of(told[0], signed).encode()

    def _header(self, proposer: int, signers: Collection[int]) -> tuple[Header, bytes]:
        parent = self.headers[-1] if self.headers else None
        node_id = node_keys(proposer).node_id
        opens = parent is None or parent.proposer != node_id
        height = len(self.headers) + 1
        term = (parent.term if parent is not None else 0) + opens
        election = self._election(term, proposer, signers) if opens else None
        header = Header(
            network_id=self.network_id,
            height=height,
            term=term,
            previous_hash=parent.hash if parent is not None else self.network_id,
            time_ms=CREATED_MS + height,
            proposer=node_id,
            leaf_count=1,
            tree_size=height,
            tree_root=sha256(b"%d" % height),
            voter_set_hash=self.voters.hash,
            election_certificate_hash=election.hash if election is not None else ZERO_HASH,
            executed_height=height - 1,
            state_digest=sha256(b"state %d" % (height - 1)),
            checkpoint=False,
        )
        return header, election.encode() if election is not None else b""

    def _election(self, term: int, candidate: int, voters: Iterable[int]) -> ElectionCertificate:
        votes = []
        for number in voters:
            vote = Vote(
                self.network_id,
                self.voters.hash,
                term,
                node_keys(candidate).node_id,
                node_keys(number).node_id,
                0,
                0,
                self.network_id,
            )
            votes.append(vote.sign(node_keys(number).agreement))
        return ElectionCertificate(term, node_keys(candidate).node_id, tuple(votes))
