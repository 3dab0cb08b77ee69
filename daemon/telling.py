"""What follows once a block is committed, executed and on disk: clients are told, its checkpoint is signed. Pure.

Owns what is told of it, where its transactions stand and what came of them, and who hears; never decides when.
"""

from daemon.chain import ExecutedBlock
from daemon.checkpointer import Checkpointer
from daemon.cosigning import Cosigning
from daemon.effects import BlockExecuted, CommittedTransaction, Effect, RegistryChanged
from daemon.exchange import Exchange
from daemon.keeping import Keeping
from daemon.reading import Reading

# Makes a named tuple of its items at a quarter of what its own constructor takes, which is written in Python.
made = tuple.__new__


class Telling:
    """One node's; `now_ms` is the machine's clock, `elapsed_ms` the node's own."""

    def __init__(
        self,
        exchange: Exchange,
        reading: Reading,
        cosigning: Cosigning,
        checkpointer: Checkpointer,
        keeping: Keeping,
    ) -> None:
        self._exchange = exchange
        self._reading = reading
        self._cosigning = cosigning
        self._checkpointer = checkpointer
        self._keeping = keeping

    def executed(self, executed: ExecutedBlock, now_ms: int, elapsed_ms: int) -> list[Effect]:
        """Tell of a block that is on disk with its execution; sign its checkpoint if it is flagged."""
        header = executed.block.header
        effects: list[Effect] = [told(executed)]
        if self._exchange.executed(executed.block.transactions):
            effects.append(RegistryChanged())
        effects += self._reading.stored(header.height)
        if header.checkpoint:
            self._cosigning.executed(header, elapsed_ms)
        if header.checkpoint and header.tree_size >= self._keeping.state.cosigned_size:
            signed = self._checkpointer.sign(header, now_ms)
            if signed is not None:
                effects.append(self._keeping.checkpoint(signed, header.tree_root))
        return effects


def told(executed: ExecutedBlock) -> BlockExecuted:
    """For clients: only once the block is committed, executed and on disk."""
    header = executed.block.header
    # The outcome leaf comes first.
    first_index = executed.block.stored.header.first_index + 1
    ids = [one.id for one in executed.block.transactions]
    indexes = range(first_index, first_index + len(ids))
    committed = zip(ids, indexes, executed.results, strict=True)
    transactions = tuple([made(CommittedTransaction, one) for one in committed])
    return BlockExecuted(header.height, header.time_ms, header.tree_size, transactions)
