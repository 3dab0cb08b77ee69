"""Liars whose signatures contradict each other: two votes, two acknowledgements, two proposals.

Source: docs/protocol.md, section 7: (a) to (c). Each contradiction is proof, so evidence has to name these.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from consensus.messages import Acknowledgement, Vote
from consensus.packets import Packet
from consensus.statement import Statement
from daemon.proposal import Proposal
from ledger.hashing import Hash, tagged_hash
from p2p.frame import Frame
from p2p.frames import Gossip, PayloadKind
from simulator.liars.liar import Liar


class SignsStatementsTwice(Liar, ABC):
    """Says beside one kind of its own statements the opposite of it."""

    IS_PROVABLE: ClassVar[bool] = True

    def told(self, peer: bytes, frame: Frame) -> Iterator[Frame]:
        """The frame, and its opposite."""
        yield frame
        statement = _statement_in(frame) if isinstance(frame, Gossip) and self.is_own(frame) else None
        opposite = self.opposite(statement) if statement is not None else None
        if opposite is not None:
            self.has_lied = True
            yield Gossip.of(PayloadKind.AGREEMENT, self.signed(opposite).encode())

    @abstractmethod
    def opposite(self, statement: Statement) -> Statement | None:
        """What contradicts `statement`, or None."""


class AcknowledgesTwice(SignsStatementsTwice):
    """Acknowledges each block, and another one that does not exist at the same height."""

    def opposite(self, statement: Statement) -> Statement | None:
        """An acknowledgement of another hash."""
        if not isinstance(statement, Acknowledgement):
            return None
        return replace(statement, block_hash=tagged_hash("liar", statement.block_hash))


class VotesTwice(SignsStatementsTwice):
    """Votes for whoever asks, and for somebody else in the same term."""

    def opposite(self, statement: Statement) -> Statement | None:
        """A vote for the voter that follows in the genesis."""
        if not isinstance(statement, Vote):
            return None
        voters: list[Hash] = [voter.node_id for voter in self.boot.genesis.voters]
        return replace(statement, candidate=voters[(voters.index(statement.candidate) + 1) % len(voters)])


class ProposesTwice(Liar):
    """As leader proposes one block to the neighbours with even places, and another one to the others."""

    IS_PROVABLE: ClassVar[bool] = True

    def told(self, peer: bytes, frame: Frame) -> Iterator[Frame]:
        """The block that this neighbour gets to see."""
        is_odd = list(self._neighbours).index(peer) % 2 == 1 if peer in self._neighbours else False
        if isinstance(frame, Gossip) and self.is_own(frame) and frame.kind is PayloadKind.PROPOSAL and is_odd:
            yield self._another(frame)
        else:
            yield frame

    def _another(self, frame: Gossip) -> Gossip:
        """The same proposal, a millisecond later by its header: as valid as the first."""
        self.has_lied = True
        proposal = Proposal.decode(frame.payload)
        return self.proposed(proposal, replace(proposal.header, time_ms=proposal.header.time_ms + 1))


def _statement_in(frame: Gossip) -> Statement | None:
    """What the liar itself signed; a leader's acknowledgement comes with its proposal."""
    if frame.kind is PayloadKind.AGREEMENT:
        return Packet.decode(frame.payload).statement
    if frame.kind is PayloadKind.PROPOSAL:
        return Proposal.decode(frame.payload).acknowledgement.statement
    return None
