"""What the node wants on disk: gathered during a step, written as one batch, and what becomes true with it. Pure.

Owns the tickets of writes and their order; never decides what is written. Bounded by the window of blocks: a node that
waits for its disk has nothing new to write. Source: the order of effects in `daemon.effects`.
"""

from collections import deque
from dataclasses import dataclass, field

from consensus.certificates import BlockCertificate
from daemon.block_builder import BuiltBlock
from daemon.chain import ExecutedBlock
from daemon.effects import StoreBatch
from ledger.detached import DetachedValue
from storage.interface import StoredPayload, WriteBatch


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint of `tree_size` entries as a signed note."""

    tree_size: int
    note: bytes


@dataclass(slots=True)
class Outgoing:
    """One write in the making. `drop_from`: blocks stored at and above this height make room for `blocks`."""

    drop_from: int | None = None
    blocks: list[BuiltBlock] = field(default_factory=list)
    executed: list[ExecutedBlock] = field(default_factory=list)
    payloads: list[StoredPayload] = field(default_factory=list)
    checkpoint: SignedCheckpoint | None = None
    # Commit blocks that are on disk when this is, in ascending order; not written themselves.
    certificates: list[BlockCertificate] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.blocks or self.executed or self.payloads or self.checkpoint)

    @property
    def is_urgent(self) -> bool:
        """Whether others wait for what follows from it: an acknowledgement, a certificate heard, a signed checkpoint.

        What blocks did can be computed again, and only who waits here is told of it.
        """
        if self.blocks or self.payloads or self.checkpoint or self.certificates or self.drop_from is not None:
            return True
        return any(one.block.header.checkpoint for one in self.executed)

    def add_detached(self, values: tuple[DetachedValue, ...]) -> None:
        """Store the values that belong to transactions of these blocks, or of earlier ones."""
        self.payloads.extend(StoredPayload(one.commitment, one.salt, one.value_bytes) for one in values)


@dataclass(frozen=True, slots=True)
class UnderWrite:
    """A write that was handed out, and what it makes true once it is durable."""

    ticket: int
    outgoing: Outgoing


class Writer:
    """Tickets rise by one with each write; reports come in their order."""

    def __init__(self) -> None:
        self._ticket = 0
        self._unstored: deque[UnderWrite] = deque()
        self.outgoing = Outgoing()

    def __len__(self) -> int:
        """Writes that were handed out and not reported durable."""
        return len(self._unstored)

    @property
    def unstored_blocks(self) -> int:
        """Blocks that are not durable; those still in the making count too."""
        return len(self.outgoing.blocks) + sum(len(one.outgoing.blocks) for one in self._unstored)

    @property
    def next_ticket(self) -> int:
        """The ticket of the write in the making."""
        return self._ticket + 1

    def add_certificate(self, certificate: BlockCertificate) -> bool:
        """Let a certificate be heard when the newest blocks are durable; False if they are."""
        newest = self.outgoing if self.outgoing or not self._unstored else self._unstored[-1].outgoing
        if newest:
            newest.certificates.append(certificate)
        return bool(newest)

    def flush(self) -> StoreBatch | None:
        """Hand out what was gathered, if there is anything."""
        if not self.outgoing:
            return None
        outgoing, self.outgoing = self.outgoing, Outgoing()
        self._ticket += 1
        self._unstored.append(UnderWrite(self._ticket, outgoing))
        return StoreBatch(
            self._ticket,
            WriteBatch(
                drop_blocks_from=outgoing.drop_from,
                blocks=tuple(block.stored for block in outgoing.blocks),
                executions=tuple(executed.stored for executed in outgoing.executed),
                payloads=tuple(outgoing.payloads),
                checkpoint=outgoing.checkpoint.note if outgoing.checkpoint else None,
            ),
            tuple(outgoing.blocks),
            outgoing.is_urgent,
        )

    def stored(self, ticket: int) -> list[UnderWrite]:
        """The writes up to `ticket` are durable: those that were not reported before, in order."""
        durable = []
        while self._unstored and self._unstored[0].ticket <= ticket:
            durable.append(self._unstored.popleft())
        return durable
