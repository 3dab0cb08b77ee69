"""What went over the network: frames, bytes and copies, for each node.

Owns the counts; never decides anything. A copy is a broadcast message received in full: a node that got 13 copies of
10 messages received 1.3 payloads for each.
"""

# Messages told apart; beyond, new ones are no longer counted: the figure is an average over what came before.
MESSAGES_MAX = 2_000_000


class Traffic:
    """Counters by node number; `lost` and `overflowed` count frames of the whole network."""

    __slots__ = (
        "_messages",
        "copies",
        "frames_received",
        "frames_sent",
        "lost",
        "overflowed",
        "size_bytes_received",
        "size_bytes_sent",
    )

    def __init__(self, nodes: int) -> None:
        self.frames_sent = [0] * nodes
        self.frames_received = [0] * nodes
        self.size_bytes_sent = [0] * nodes
        self.size_bytes_received = [0] * nodes
        self.copies = [0] * nodes
        self.lost = 0
        self.overflowed = 0
        self._messages: set[bytes] = set()

    def sent(self, node: int, size_bytes: int) -> None:
        """A node sent a frame."""
        self.frames_sent[node] += 1
        self.size_bytes_sent[node] += size_bytes

    def received(self, node: int, size_bytes: int, message: bytes | None) -> None:
        """A frame arrived at a node; `message` names the broadcast message that it carries in full, if it does."""
        self.frames_received[node] += 1
        self.size_bytes_received[node] += size_bytes
        if message is not None:
            known = message in self._messages
            if not known and len(self._messages) < MESSAGES_MAX:
                self._messages.add(message)
                known = True
            if known:
                self.copies[node] += 1

    @property
    def messages_count(self) -> int:
        """How many different broadcast messages went over the network."""
        return len(self._messages)

    @property
    def copies_per_message(self) -> float:
        """How many payloads a node received for each broadcast message; 0 where there were none.

        The node that a message comes from gets none, so that a tree gives a little less than one.
        """
        if not self._messages:
            return 0.0
        return sum(self.copies) / (len(self.copies) * len(self._messages))
