"""What is told of an executed block: where its transactions stand, and what came of them. Pure."""

from daemon.chain import ExecutedBlock
from daemon.effects import BlockExecuted, CommittedTransaction


def told(executed: ExecutedBlock) -> BlockExecuted:
    """For clients: only once the block is committed, executed and on disk."""
    header = executed.block.header
    # The outcome leaf comes first.
    first_index = executed.block.stored.header.first_index + 1
    transactions = tuple(
        CommittedTransaction(transaction.id, first_index + offset, result)
        for offset, (transaction, result) in enumerate(zip(executed.block.transactions, executed.results, strict=True))
    )
    return BlockExecuted(header.height, header.time_ms, header.tree_size, transactions)
