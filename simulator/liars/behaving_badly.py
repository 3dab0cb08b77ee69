"""Liars that keep back what others need, or send what nobody asked for. Nothing of that is signed, so none is proof."""

from collections.abc import Iterator
from dataclasses import replace

from p2p.effects import send
from p2p.frame import Frame
from p2p.frames import Blocks, Entries, Gossip, PayloadKind
from p2p.snapshot_frames import Headers, Offer, Part, Past, Snapshots, WantPart, WantSnapshots
from simulator.adapter import AnswerSnapshots, Effect, Event
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


class FakesSnapshots(Liar):
    """Offers a snapshot of every height that it hears of, and answers with parts that are none, headers and past blocks
    with a wrong byte in them."""

    def step(self, event: Event) -> list[Effect]:
        """What the node wants, with false answers about snapshots in place of the true ones."""
        effects: list[Effect] = []
        for effect in super().step(event):
            if isinstance(effect, AnswerSnapshots):
                self.has_lied = True
                effects.append(send(effect.peer, self._false_answer(effect.asked)))
            else:
                effects.append(effect)
        return effects

    def told(self, peer: bytes, frame: Frame) -> Iterator[Frame]:
        """The frame; headers and past blocks are not what they were."""
        if isinstance(frame, Headers) and frame.headers:
            first, *rest = frame.headers
            yield replace(frame, headers=(first._replace(signature=bytes(64)), *rest))
        elif isinstance(frame, Past) and frame.blocks:
            first_block, *others = frame.blocks
            rows = (first_block.rows[0]._replace(entry=b"none"), *first_block.rows[1:])
            yield replace(frame, blocks=(first_block._replace(rows=rows), *others))
        else:
            yield frame

    def _false_answer(self, asked: WantSnapshots | WantPart) -> Frame:
        if isinstance(asked, WantSnapshots):
            height = self.status().executed_height
            return Snapshots(asked.request, (Offer(max(height - height % 16, 1), b"f" * 32),))
        return Part(asked.request, b"none")
