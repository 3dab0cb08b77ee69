"""How broadcast messages spread: who got each of them, how often, over how many hops and how fast.

Owns the counts for each message; never decides anything. A copy is a message received in full: a node that got 13
copies of 10 messages received 1.3 payloads for each. Messages are told apart while there is room for them; what began
before `from_us` is left out, because a tree is made by the first messages that go over it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from statistics import fmean, median
from typing import NamedTuple

# About 200 bytes each, and one for each node.
MESSAGES_MAX = 20_000


class Broadcast(NamedTuple):
    """A broadcast message in a parcel: its id, what kind it is of, how many hops it made before."""

    id: bytes
    kind: str
    hops: int


class _Message:
    """One message on its way to everybody; `reached` has a byte for each node."""

    __slots__ = ("began_us", "copies", "hops_max", "kind", "newest_us", "reached", "reached_count")

    def __init__(self, kind: str, began_us: int, nodes: int) -> None:
        self.kind = kind
        self.began_us = began_us
        self.reached = bytearray(nodes)
        self.reached_count = 0
        self.copies = 0
        self.hops_max = 0
        self.newest_us = began_us


@dataclass(frozen=True, slots=True)
class SpreadFigures:
    """What messages of one kind did; each counts once.

    `copies`: payloads received for each message and node that it came to; the node that it comes from gets none, so
    that a tree gives a little less than one. `reached` and `reached_least`: the share of nodes that a message came to,
    its origin included, on average and the least; what cannot matter any more is not passed on. `hops` and `latency_us`
    are until the last of them had it: the median and the highest over the messages.
    """

    kind: str
    messages: int
    copies: float
    reached: float
    reached_least: float
    hops_median: int
    hops_highest: int
    latency_median_us: int
    latency_highest_us: int


class Spread:
    """All broadcast messages of a world.

    Args:
        nodes: How many there are.
        from_us: Messages that began before are not counted.
    """

    __slots__ = ("_from_us", "_left_out", "_messages", "_nodes")

    def __init__(self, nodes: int, from_us: int = 0) -> None:
        self._nodes = nodes
        self._from_us = from_us
        self._messages: dict[bytes, _Message] = {}
        self._left_out: set[bytes] = set()

    def sent(self, node: int, broadcast: Broadcast, now_us: int) -> None:
        """A node sent a message to a neighbour; who sends it has it."""
        message = self._messages.get(broadcast.id)
        if message is None:
            if broadcast.id in self._left_out:
                return
            message = self._begun(broadcast, now_us)
            if message is None:
                return
        if not message.reached[node]:
            message.reached[node] = 1
            message.reached_count += 1

    def received(self, node: int, broadcast: Broadcast, now_us: int) -> None:
        """A message arrived at a node."""
        message = self._messages.get(broadcast.id)
        if message is None:
            return
        message.copies += 1
        if not message.reached[node]:
            message.reached[node] = 1
            message.reached_count += 1
            message.newest_us = now_us
            message.hops_max = max(message.hops_max, broadcast.hops + 1)

    def _begun(self, broadcast: Broadcast, now_us: int) -> _Message | None:
        if now_us >= self._from_us and len(self._messages) < MESSAGES_MAX:
            message = self._messages[broadcast.id] = _Message(broadcast.kind, now_us, self._nodes)
            return message
        if len(self._left_out) < MESSAGES_MAX:
            self._left_out.add(broadcast.id)
        return None

    @property
    def copies_per_message(self) -> float:
        """Payloads received for each message and node that it came to, of all kinds; 0 where there were none."""
        return _copies(self._messages.values())

    def figures(self, until_us: int) -> tuple[SpreadFigures, ...]:
        """By kind, in alphabetical order; messages that began after `until_us` are still on their way."""
        kinds: dict[str, list[_Message]] = {}
        for message in self._messages.values():
            if message.began_us <= until_us:
                kinds.setdefault(message.kind, []).append(message)
        return tuple(self._figures(kind, messages) for kind, messages in sorted(kinds.items()))

    def _figures(self, kind: str, messages: list[_Message]) -> SpreadFigures:
        hops = [message.hops_max for message in messages]
        latencies_us = [message.newest_us - message.began_us for message in messages]
        return SpreadFigures(
            kind=kind,
            messages=len(messages),
            copies=_copies(messages),
            reached=fmean(message.reached_count for message in messages) / self._nodes,
            reached_least=min(message.reached_count for message in messages) / self._nodes,
            hops_median=int(median(hops)),
            hops_highest=max(hops),
            latency_median_us=int(median(latencies_us)),
            latency_highest_us=max(latencies_us),
        )


def _copies(messages: Collection[_Message]) -> float:
    reached = sum(message.reached_count for message in messages)
    return sum(message.copies for message in messages) / reached if reached else 0.0
