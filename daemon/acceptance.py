"""Which stored blocks may be acknowledged: on disk, not ahead of the clock, and stating what this node executed. Pure.

Owns how far the chain is stored and accepted; never acknowledges. What is not acceptable yet is looked at again when a
block is executed or time went on; what never will be is reported once. Source: docs/protocol.md, sections 5 and 6.
"""

from daemon.block_builder import BuiltBlock, Tip
from daemon.chain import Chain
from daemon.node_errors import DigestMismatchError
from ledger.genesis import Genesis
from ledger.hashing import Hash


class Acceptance:
    """The blocks between the executed height and the tip, as far as they may be acknowledged."""

    def __init__(self, genesis: Genesis, node_id: Hash, chain: Chain) -> None:
        """Everything in the chain is stored: it was read from the store just now."""
        self._node_id = node_id
        self._skew_ms = genesis.parameters.clock_skew_ms_max
        self._chain = chain
        self._stored_height = chain.tip.height
        # Up to here every block states the truth, and up to there blocks were handed out.
        self._true_height = self._accepted_height = chain.executed_height
        self._refused: Hash | None = None

    def replaced_from(self, height: int) -> None:
        """Blocks from `height` on make room for others, which are not stored yet."""
        self._stored_height = min(self._stored_height, height - 1)
        self._true_height = min(self._true_height, height - 1)
        self._accepted_height = min(self._accepted_height, height - 1)

    def stored(self, blocks: list[BuiltBlock]) -> None:
        """The blocks are on disk; those that were replaced meanwhile do not count."""
        for block in blocks:
            tip = self._chain.tip_at(block.header.height)
            if tip is not None and tip.hash == block.header.hash:
                self._stored_height = max(self._stored_height, block.header.height)

    def take_next(self, now_ms: int) -> BuiltBlock | None:
        """The next block that may be acknowledged, each once; None if none may, or not yet.

        What a block states must be true of it and of everything below. Its time counts for itself alone: a leader with
        a wrong clock leaves a block that nobody acknowledges for a while, and the first of the next leader, one
        millisecond later by the rule, may be acknowledged and commits both.

        Raises:
            DigestMismatchError: a block states another execution than this node's own; raised once for each block.
        """
        chain = self._chain
        self._true_height = max(self._true_height, chain.executed_height)
        self._accepted_height = max(self._accepted_height, chain.executed_height)
        self._check_truth()
        for block in list(chain.blocks)[self._accepted_height - chain.executed_height :]:
            height = block.header.height
            if height > self._true_height:
                return None
            parent = chain.tip_at(height - 1)
            assert parent is not None, "the block below is the executed one or in the chain"
            if not self._is_too_early(block, parent, now_ms):
                self._accepted_height = height
                return block
        return None

    def _check_truth(self) -> None:
        chain = self._chain
        for block in list(chain.blocks)[self._true_height - chain.executed_height :]:
            parent = chain.tip_at(block.header.height - 1)
            assert parent is not None, "the block below is the executed one or in the chain"
            if block.header.height > self._stored_height or not self._states_the_truth(block, parent):
                return
            self._true_height = block.header.height

    def _is_too_early(self, block: BuiltBlock, parent: Tip, now_ms: int) -> bool:
        """More than the allowed skew ahead of this node's clock, and not only by following its parent.

        Never a block of this node's own: its clock said so when it was built. If the clock was set right before the
        block was on disk, the node would wait for its own block as long as the clock was ahead, and alone for good.
        """
        time_ms = block.header.time_ms
        is_early = time_ms > now_ms + self._skew_ms and time_ms != parent.time_ms + 1
        return is_early and block.header.proposer != self._node_id

    def _states_the_truth(self, block: BuiltBlock, parent: Tip) -> bool:
        stated = self._chain.stated_by(block, parent)
        if stated is False and self._refused != block.header.hash:
            self._refused = block.header.hash
            raise DigestMismatchError(
                "block {height} states what executing the chain does not give here; it is not acknowledged",
                height=block.header.height,
            )
        return stated is True
