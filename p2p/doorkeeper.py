"""How many strangers may knock at once: bounds on what comes in before anybody knows who it is. Pure.

Owns the counts of open connections and unfinished handshakes, in all and for each address, and how often handshakes
from an address failed of late; never opens or closes anything. An address is the host alone. Several honest nodes may
share one (a machine, a NAT), so failures slow an address down and never ban it.
"""

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

from p2p.close_reasons import CloseReason
from p2p.rate import Rate, TokenBucket

# A handshake that fails costs half a millisecond; honest nodes fail when they are not registered yet, every second.
FAILURES = Rate(per_second=2, burst=40)
# Addresses whose failures are remembered; 500 bytes each.
FAILING_ADDRESSES_MAX = 1024


class DoorLimits(NamedTuple):
    """What may come in at once. `connections_max` leaves room for those that are about to be refused with a reason."""

    connections_max: int = 96
    connections_per_address_max: int = 32
    handshakes_max: int = 24
    handshakes_per_address_max: int = 8


@dataclass(slots=True)
class Doorkeeper:
    """The counts of one listener; whoever enters also leaves."""

    limits: DoorLimits = field(default_factory=DoorLimits)
    _connections: Counter[str] = field(default_factory=Counter)
    _handshakes: Counter[str] = field(default_factory=Counter)
    _failures: OrderedDict[str, TokenBucket] = field(default_factory=OrderedDict)

    def enter(self, address: str, now_ms: int) -> CloseReason | None:
        """Let one in to its handshake; or why not, and then it need not leave."""
        limits = self.limits
        if (
            self._connections.total() >= limits.connections_max
            or self._connections[address] >= limits.connections_per_address_max
            or self._handshakes.total() >= limits.handshakes_max
            or self._handshakes[address] >= limits.handshakes_per_address_max
        ):
            return CloseReason.TOO_MANY_CONNECTIONS
        bucket = self._failures.get(address)
        if bucket is not None and not bucket.take(1, now_ms):
            return CloseReason.TOO_MANY_FAILURES
        self._connections[address] += 1
        self._handshakes[address] += 1
        return None

    def greeted(self, address: str) -> None:
        """The handshake of one that entered is over, well or not."""
        _less(self._handshakes, address)

    def left(self, address: str) -> None:
        """One that entered has gone; its handshake was over before."""
        _less(self._connections, address)

    def failed(self, address: str, now_ms: int) -> None:
        """A handshake failed: from now on, those from this address are counted."""
        if address not in self._failures:
            self._failures[address] = TokenBucket(FAILURES, now_ms)
        self._failures.move_to_end(address)
        if len(self._failures) > FAILING_ADDRESSES_MAX:
            self._failures.popitem(last=False)


def _less(counts: Counter[str], address: str) -> None:
    counts[address] -= 1
    if counts[address] <= 0:
        del counts[address]
