"""What all liars have in common: the real node inside, and who its neighbours are at the moment.

Owns the way of effects through the liar: each gossip message that is the node's own goes through `told`, and what
`added` returns leaves at each tick. Never changes what the node believes itself: a liar keeps up with the others, so
that it is asked, followed and voted for.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from consensus.messages import Acknowledgement
from consensus.packets import Packet
from consensus.statement import Statement
from daemon.proposal import Proposal
from ledger.block import Header, sign_header
from p2p.effects import send
from p2p.frame import Frame
from p2p.frames import Gossip, PayloadKind
from simulator.adapter import (
    Boot,
    Effect,
    Event,
    NodeStatus,
    PeerConnected,
    PeerGone,
    SendFrame,
    Ticked,
    make_node,
)


class Liar:
    """The node of `boot`, telling the truth until a subclass says otherwise."""

    # Whether what it signs proves to anybody that it lied (docs/protocol.md, section 7).
    IS_PROVABLE: ClassVar[bool] = False

    def __init__(self, boot: Boot) -> None:
        self.boot = boot
        # Whether anybody was told a lie; what begins only with an occasion says so itself.
        self.has_lied = False
        self._node = make_node(boot)
        # In the order in which they came; a set would have another order in each process.
        self._neighbours: dict[bytes, None] = {}

    def step(self, event: Event) -> list[Effect]:
        """What the node wants, with the lies in it."""
        if isinstance(event, PeerConnected):
            self._neighbours[event.peer] = None
        elif isinstance(event, PeerGone):
            self._neighbours.pop(event.peer, None)
        effects: list[Effect] = []
        for effect in self._node.step(event):
            if isinstance(effect, SendFrame):
                effects.extend(send(effect.peer, frame) for frame in self.told(effect.peer, effect.frame))
            else:
                effects.append(effect)
        if isinstance(event, Ticked):
            effects.extend(send(peer, frame) for frame in self.added() for peer in self._neighbours)
        return effects

    def status(self) -> NodeStatus:
        """How the node inside stands."""
        return self._node.status()

    def told(self, peer: bytes, frame: Frame) -> Iterator[Frame]:
        """What leaves for `peer` where the node wants to send `frame`."""
        yield frame

    def added(self) -> Iterator[Frame]:
        """What every neighbour is told at a tick, of the liar's own accord."""
        yield from ()

    def is_own(self, frame: Frame) -> bool:
        """Whether this is a broadcast message that begins here."""
        return isinstance(frame, Gossip) and frame.round == 0

    def signed(self, statement: Statement) -> Packet:
        """The statement with the liar's own signature."""
        return Packet(statement, statement.sign(self.boot.keys.agreement))

    def proposed(self, proposal: Proposal, header: Header) -> Gossip:
        """The proposal with another header, and the acknowledgement of that."""
        acknowledged = proposal.acknowledgement.statement
        assert isinstance(acknowledged, Acknowledgement), "so says its decoder"
        other = replace(
            proposal,
            header=header,
            signature=sign_header(header, self.boot.keys.agreement),
            acknowledgement=self.signed(replace(acknowledged, block_hash=header.hash)),
        )
        return Gossip.of(PayloadKind.PROPOSAL, other.encode())
