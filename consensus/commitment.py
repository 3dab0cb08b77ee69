"""Blocks on their way to being committed: acknowledged by this node, counted of all, certified.

Owns which stored blocks this node acknowledges, and what it takes to know one committed; never a block's content. An
acknowledgement is asked to be kept first, and leaves only if the term is the same and the block still there afterwards.
Source: docs/protocol.md, section 6, "Acknowledge", "Conflict" and "Commit"; Raft 5.3 and 5.4.2.
"""

from consensus.certificates import BlockCertificate
from consensus.effects import (
    Broadcast,
    BroadcastCertificate,
    Committed,
    KeepAcknowledgement,
    Missing,
    Propose,
)
from consensus.events import ChainLink
from consensus.leadership import Leadership
from consensus.messages import Acknowledgement
from consensus.packets import Packet
from consensus.settings import Role
from consensus.standing import Standing
from consensus.statement import Position
from consensus.tally import Tally


class Commitment:
    """One node's part in committing blocks."""

    def __init__(self, standing: Standing, leadership: Leadership, acknowledged: Position) -> None:
        self._standing = standing
        self._leadership = leadership
        self._tally = Tally()
        # Checked and not acknowledged yet: their term is not kept, or is not this node's yet. Bounded by the branch.
        self._accepted: dict[int, Position] = {}
        # Asked to be kept and not reported yet. Bounded by the leader's window.
        self._unkept: dict[Position, Acknowledgement] = {}
        self._acknowledged = acknowledged
        self._missing: BlockCertificate | None = None
        self._committed_term = 0

    @property
    def has_committed_own_term(self) -> bool:
        """Whether a block of the running term is committed, so that everything before it is too (Raft 8)."""
        return self._committed_term == self._standing.term

    # -- this node's own acknowledgements -----------------------------------------------------------------------

    def stored(self, links: tuple[ChainLink, ...]) -> None:
        """Blocks are on disk, perhaps in place of others; what was about those others is void."""
        standing = self._standing
        replaces = links[0].position.height <= standing.branch.tip.height
        standing.branch.extend(links)
        if replaces:
            self._tally.forget_replaced(standing.branch)
        for position in [one for one in self._unkept if one not in standing.branch]:
            # A roll-back: acknowledging the replaced block after it would be a lie.
            del self._unkept[position]
        for height in [height for height, one in self._accepted.items() if one not in standing.branch]:
            del self._accepted[height]
        if standing.must_recover:
            tip = standing.branch.tip
            standing.must_recover = self._acknowledged not in standing.branch and tip.term <= self._acknowledged.term
        for link in links:
            self._count_early(link)
        missing, self._missing = self._missing, None
        if missing is not None:
            self.on_valid_certificate(missing)

    def accept(self, position: Position) -> None:
        """The block was checked in everything: acknowledge it now, or when its term is this node's and kept."""
        if position in self._standing.branch:
            self._accepted[position.height] = position
            self.acknowledge_accepted()

    def acknowledge_accepted(self) -> None:
        """Acknowledge the newest accepted block of the running term; it covers those below it."""
        standing = self._standing
        ready = [one for one in self._accepted.values() if one.term == standing.term]
        if not ready or not standing.may_sign:
            return
        newest = max(ready)
        for position in ready:
            del self._accepted[position.height]
        if newest != self._acknowledged and newest.rank <= self._acknowledged.rank:
            # One hash per term and height, ever.
            return
        if self._disowns(newest):
            return
        link = standing.branch.link_at(newest.height)
        assert link is not None, "accepted blocks are in the branch"
        if standing.sets[link.voter_set_hash].key_of(standing.settings.node_id) is None:
            return
        self._unkept[newest] = Acknowledgement(
            standing.settings.network_id,
            link.voter_set_hash,
            newest.term,
            newest.height,
            newest.hash,
            link.previous_hash,
            standing.settings.node_id,
        )
        if newest == self._acknowledged:
            # Kept before a restart; the message may have been lost with it.
            self.acknowledgement_kept(newest)
            return
        self._acknowledged = newest
        standing.emit(KeepAcknowledgement(newest))

    def _disowns(self, newest: Position) -> bool:
        """Whether what this node acknowledged in the same term is not below `newest`.

        Only a leader that lies replaces a block of its own term. Acknowledging its other chain too would let it certify
        two blocks of one height though no voter signed twice. Two quorums of two thirds share an honest voter, who
        acknowledges one chain in a term.
        """
        mine, branch = self._acknowledged, self._standing.branch
        return mine.term == newest.term and mine.height > branch.committed_height and mine not in branch

    def acknowledgement_kept(self, position: Position) -> None:
        """The sign-state has it: it leaves, if term and block are still the same, and counts."""
        standing = self._standing
        told = self._unkept.pop(position, None)
        if told is None or position.term != standing.term or position not in standing.branch:
            return
        packet = standing.sign(told)
        self._leadership.acknowledged = packet.signed
        standing.emit(Propose(position, packet) if standing.role is Role.LEADER else Broadcast(packet))
        self._count(told, packet)

    def forget_unkept(self) -> None:
        """The term rose: what was asked to be kept in the one before is void when it is reported."""
        self._unkept.clear()

    # -- everybody's --------------------------------------------------------------------------------------------

    def on_acknowledgement(self, packet: Packet) -> None:
        """Count a voter's acknowledgement, or remember it until the block is here."""
        told, standing = packet.statement, self._standing
        assert isinstance(told, Acknowledgement)
        if told.height <= standing.branch.committed_height:
            return
        if self._tally.has(Position(told.term, told.height, told.block_hash), told.voter):
            return
        if not standing.verify(packet, told.voter_set_hash, told.voter):
            return
        standing.catch(standing.witness.acknowledgement(told, packet.signed))
        if Position(told.term, told.height, told.block_hash) in standing.branch:
            self._count(told, packet)
        else:
            self._tally.keep_early(told, packet.signed)

    def _count_early(self, link: ChainLink) -> None:
        for told, signed in self._tally.take_early(link.position):
            self._count(told, Packet(told, signed))

    def _count(self, told: Acknowledgement, packet: Packet) -> None:
        standing = self._standing
        link = standing.branch.link_at(told.height)
        if link is None or (told.previous_hash, told.voter_set_hash) != (link.previous_hash, link.voter_set_hash):
            # Only the set in force at that place of this node's own chain counts, never one a message claims.
            return
        certificate = self._tally.count(told, packet.signed.signature, standing.sets[link.voter_set_hash])
        if certificate is not None and certificate.height > standing.branch.committed_height:
            self._commit(certificate)
            if standing.role is Role.LEADER:
                standing.emit(BroadcastCertificate(certificate))

    # -- certificates -------------------------------------------------------------------------------------------

    def on_certificate(self, certificate: BlockCertificate) -> None:
        """A certificate from anywhere commits here too, if a set of this node's own chain made it."""
        standing = self._standing
        if certificate.height <= standing.branch.committed_height:
            return
        link = standing.branch.link_at(certificate.height)
        is_here = link is not None and link.position.hash == certificate.block_hash
        if not is_here and self._missing is not None and certificate.height <= self._missing.height:
            # A newer one is known already. One of a block that is here counts all the same: the newer one's block may
            # be out of reach until a change of voters below it is committed.
            return
        if standing.certifies(certificate):
            if certificate.term > standing.term:
                standing.adopt(certificate)
            self.on_valid_certificate(certificate)

    def on_valid_certificate(self, certificate: BlockCertificate) -> None:
        """Commit, or say what is missing; a block that contradicts a certified one must go."""
        standing = self._standing
        if certificate.height <= standing.branch.committed_height:
            return
        link = standing.branch.link_at(certificate.height)
        if link is not None and link.position.hash == certificate.block_hash:
            if link.voter_set_hash == certificate.voter_set_hash:
                self._commit(certificate)
            return
        self._missing = certificate
        standing.emit(Missing(certificate))

    def _commit(self, certificate: BlockCertificate) -> None:
        standing = self._standing
        standing.branch.commit(certificate.height)
        self._committed_term = max(self._committed_term, certificate.term)
        self._tally.forget(certificate.height)
        for height in [height for height in self._accepted if height <= certificate.height]:
            del self._accepted[height]
        standing.emit(Committed(certificate))
