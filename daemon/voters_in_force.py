"""Which voter set is in force where: on the committed chain, and for a block on top of it. Pure.

Owns the rule of the barrier for blocks, and the sets of this node's own committed chain as the executed state has them;
never believes what a message or header merely claims. A set is in force from the moment when its barrier is committed
and executed here. Until then nothing but blocks that open a term may follow the barrier, under the set before.

Bound: `SETS_MAX` sets, the newest. Older ones are in the state, and nothing that is still under way is of theirs.
Source: docs/protocol.md, section 6, "Changing voters"; docs/adr/0014-governance.md.
"""

from collections import deque

from consensus.certificates import BlockCertificate
from consensus.standing import SETS_MAX
from consensus.statement import Position
from consensus.voters import VoterSet
from contracts.node_registry import node_of
from contracts.voter_record import RecordedVoter, VoterRecord, current_voters, voters_before, voters_numbered
from daemon.block_builder import Tip
from daemon.chain import Chain
from ledger.block import Header, verify_proposal
from ledger.errors import RemoteProtocolError
from ledger.hashing import ZERO_HASH, Hash


class VotersInForce:
    """The sets as of the executed height of `chain`, and whose signature under a header is a voter's."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        newest = current_voters(chain.overlay)
        numbers = range(max(newest.number - SETS_MAX + 1, 0), newest.number)
        earlier = (voters_numbered(chain.overlay, number) for number in numbers)
        self._records = deque((one for one in earlier if one is not None), SETS_MAX)
        self._records.append(newest)
        self._keys = self._agreement_keys()
        # Nobody has to confirm the genesis.
        self.is_confirmed = newest.number == 0
        if chain.newest_certificate:
            self._take_confirmation(BlockCertificate.decode(chain.newest_certificate))

    @property
    def record(self) -> VoterRecord:
        """The set in force, with its number, names and keys."""
        return self._records[-1]

    @property
    def current(self) -> VoterSet:
        """The set in force."""
        return self.record.voter_set

    @property
    def earlier(self) -> tuple[VoterSet, ...]:
        """The sets before it, oldest first."""
        return tuple(record.voter_set for record in list(self._records)[:-1])

    def executed(self, certificate: BlockCertificate) -> list[VoterSet]:
        """The sets that came into force with the blocks that were executed just now; none as a rule, else one.

        `certificate` committed them. One of a block after the barrier, made by the new set, confirms the change: to
        acknowledge that block, its voters had to commit and execute the barrier.
        """
        newest = current_voters(self._chain.overlay)
        came = []
        for number in range(self.record.number + 1, newest.number + 1):
            record = voters_numbered(self._chain.overlay, number)
            assert record is not None, "numbers have no gap"
            self._records.append(record)
            came.append(record.voter_set)
        if came:
            self._keys = self._agreement_keys()
            self.is_confirmed = False
        self._take_confirmation(certificate)
        return came

    def at(self, parent: Tip, header: Header) -> VoterSet | None:
        """The set that has to be in force for a block on top of `parent`; None while that cannot be told.

        A set can come back after the one that followed it. So what a header names is never looked up among all sets:
        only the one in force can be meant, and the one before it in what opens a term on top of the barrier.
        """
        opens_term = header.election_certificate_hash != ZERO_HASH
        if parent.barrier_height > self._chain.executed_height:
            # The block may be one of the new set, which this node knows only when it has executed the barrier.
            return self.current if opens_term and header.voter_set_hash == self.current.hash else None
        if opens_term and len(self._records) > 1 and self._is_open_to_the_set_before(parent):
            before = self._records[-2].voter_set
            if header.voter_set_hash == before.hash:
                return before
        return self.current

    def _is_open_to_the_set_before(self, parent: Tip) -> bool:
        """Whether nothing but blocks that opened terms stands between `parent` and the barrier of the set in force.

        Whoever was elected by the set before need not know that the barrier is committed. Blocks from the barrier on
        that name the set before are the barrier and such blocks.
        """
        if parent.header is None or parent.height < self.record.barrier_height:
            return False
        return parent.header.voter_set_hash == self._records[-2].voter_set.hash

    def before(self, height: int, node_id: Hash) -> RecordedVoter | None:
        """This node as one of those who sign what block `height` adds to the log; None if it is none of them."""
        voters = voters_before(self._chain.overlay, height).voters
        return next((voter for voter in voters if voter.node_id == node_id), None)

    def is_needed(self, node_id: Hash) -> bool:
        """Whether the newest change took this node's vote, and may be known to it alone of those who have to know.

        It stays up and hands out the certificate: the others may lack a quorum of the set before without it.
        """
        if self.is_confirmed or len(self._records) < 2 or self.current.key_of(node_id) is not None:
            return False
        return self._records[-2].voter_set.key_of(node_id) is not None

    def key_of(self, node_id: Hash) -> bytes | None:
        """The agreement key of a voter of any of the sets."""
        return self._keys.get(node_id)

    def key_of_node(self, node_id: Hash) -> bytes | None:
        """The agreement key of a node of the registry, voter or observer; a look-up in the state."""
        node = node_of(self._chain.overlay, node_id)
        return node.agreement if node is not None and node.is_member else None

    def is_proposed_by_voter(self, header: Header, signature: bytes) -> bool:
        """Whether the proposer named in the header is a voter, and signed it."""
        key = self.key_of(header.proposer)
        return key is not None and verify_proposal(header, key, signature)

    def position_of(self, header: bytes, signature: bytes) -> Position | None:
        """What another voter's last block is, if a voter known here signed its header."""
        try:
            decoded = Header.decode(header)
        except RemoteProtocolError:
            return None
        if not self.is_proposed_by_voter(decoded, signature):
            return None
        return Position(decoded.term, decoded.height, decoded.hash)

    def _take_confirmation(self, certificate: BlockCertificate) -> None:
        """A valid certificate of a block of this chain: see whether the set in force made it, after its barrier."""
        is_after = certificate.height > self.record.barrier_height
        self.is_confirmed |= is_after and certificate.voter_set_hash == self.current.hash

    def _agreement_keys(self) -> dict[Hash, bytes]:
        """A node's agreement key is the same in every set: its id is made of it."""
        return {voter.node_id: voter.agreement for record in self._records for voter in record.voters}
