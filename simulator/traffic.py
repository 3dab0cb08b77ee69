"""What went over the network: frames and bytes, for each node, and how broadcast messages spread.

Owns the counts; never decides anything.
"""

from simulator.spread import Broadcast, Spread


class Traffic:
    """Counters by node number; `lost` and `overflowed` count frames of the whole network."""

    __slots__ = (
        "frames_received",
        "frames_sent",
        "lost",
        "overflowed",
        "size_bytes_received",
        "size_bytes_sent",
        "spread",
    )

    def __init__(self, nodes: int, spread_from_us: int = 0) -> None:
        self.frames_sent = [0] * nodes
        self.frames_received = [0] * nodes
        self.size_bytes_sent = [0] * nodes
        self.size_bytes_received = [0] * nodes
        self.lost = 0
        self.overflowed = 0
        self.spread = Spread(nodes, spread_from_us)

    def sent(self, node: int, size_bytes: int, broadcast: Broadcast | None, now_us: int) -> None:
        """A node sent a frame; `broadcast` is the message that it carries in full, if it does."""
        self.frames_sent[node] += 1
        self.size_bytes_sent[node] += size_bytes
        if broadcast is not None:
            self.spread.sent(node, broadcast, now_us)

    def received(self, node: int, size_bytes: int, broadcast: Broadcast | None, now_us: int) -> None:
        """A frame arrived at a node."""
        self.frames_received[node] += 1
        self.size_bytes_received[node] += size_bytes
        if broadcast is not None:
            self.spread.received(node, broadcast, now_us)
