"""What all runs of one block see in common: the network, the block's place and time, the state as it becomes.

Owns the shape alone. Made once for a block, so that no run has to be handed it piece by piece.
"""

from contracts.state import BlockState
from ledger.hashing import Hash


class BlockFacts:
    """One block, as its runs see it; never changed but for what they make of `state`.

    `height` counts from the base of the ledger whose state this one inherited, and is what records say;
    `chain_height` is that of this chain alone, which is what agreement reads of them (voters, versions of the protocol,
    the registry).
    """

    __slots__ = ("chain_height", "height", "network_id", "state", "time_ms")

    def __init__(self, state: BlockState, network_id: Hash, height: int, time_ms: int, base_height: int = 0) -> None:
        """The block `height` of its chain, at `time_ms`."""
        self.state = state
        self.network_id = network_id
        self.height = base_height + height
        self.chain_height = height
        self.time_ms = time_ms
