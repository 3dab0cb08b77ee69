"""Liars that keep back what others need, or send what nobody asked for. Nothing of that is signed, so none is proof."""

from collections.abc import Iterator

from p2p.frames import Blocks, Entries, Frame, Gossip, PayloadKind
from simulator.liars.liar import Liar

# A hundred a tick and neighbour: ten times what a busy network says.
_MESSAGES_PER_TICK = 100


class WithholdsBlocks(Liar):
    """Tells of its blocks and hands none of them out; asked for some, it says nothing."""

    def told(self, peer: bytes, frame: Frame) -> Iterator[Frame]:
        """The frame, if it is no block."""
        is_proposal = isinstance(frame, Gossip) and frame.kind is PayloadKind.PROPOSAL
        if not is_proposal and not isinstance(frame, Blocks | Entries):
            yield frame


class Floods(Liar):
    """Sends every neighbour broadcast messages that are none, each another one."""

    _count = 0

    def added(self) -> Iterator[Frame]:
        """So many messages that do not decode."""
        for _ in range(_MESSAGES_PER_TICK):
            self._count += 1
            yield Gossip.of(PayloadKind.AGREEMENT, self._count.to_bytes(64, "big"))
