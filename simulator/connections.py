"""Who is connected with whom: connections are made, noticed as dead, ended and made again.

Owns the state of each pair that wants a connection, and what each end believes of it. Tells a node of a neighbour only
in turns: connected, gone, connected. Never carries a frame: it opens and closes the links of the network.

- A process that ends is noticed at once (its kernel says so); a machine that lost power, and a way that is cut in one
  direction or both, after `timeout_us`.
- Where both ends run and the ways are open, the connection is made again within `retry_us`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from simulator.chance import Chance
from simulator.network import Network
from simulator.overlays import Pair, pair
from simulator.partitions import Way
from simulator.schedule import MILLISECOND_US, Schedule

# Until the handshake is through.
_HANDSHAKE_US = 5 * MILLISECOND_US
# Until the other end hears that a process ended.
_RESET_US = MILLISECOND_US
RETRY_US = 1000 * MILLISECOND_US

# Node, neighbour, whether it is there now.
Notify = Callable[[int, int, bool], None]


@dataclass(slots=True)
class _Connection:
    """A pair that wants to be connected. `step` changes with whatever happens to it: what was planned before is void.

    `told` holds the ends that believe that they are connected, `made` counts how often they were.
    """

    pair: Pair
    told: set[int]
    up: bool = False
    step: int = 0
    made: int = 0


class Connections:
    """All pairs of a world.

    Args:
        schedule: The world's events.
        network: Whose links are opened and closed.
        chance: For the moment of the next attempt.
        timeout_us: Until an end notices that nothing comes any more.
        is_running: Whether a node's process is there and not paused.
        notify: Told of each change, for the node's own ears.
    """

    def __init__(
        self,
        schedule: Schedule,
        network: Network,
        chance: Chance,
        timeout_us: int,
        is_running: Callable[[int], bool],
        notify: Notify,
    ) -> None:
        self._schedule = schedule
        self._network = network
        self._chance = chance
        self._timeout_us = timeout_us
        self._is_running = is_running
        self._notify = notify
        self._pairs: dict[Pair, _Connection] = {}
        self._of_node: dict[int, list[_Connection]] = {}

    def want(self, one: int, other: int) -> None:
        """These two are to be connected from now on."""
        wanted = pair(one, other)
        if wanted not in self._pairs:
            connection = self._pairs[wanted] = _Connection(wanted, set())
            for end in wanted:
                self._of_node.setdefault(end, []).append(connection)
            self._review(connection)

    def give_up(self, one: int, other: int) -> None:
        """These two are not to be connected any more."""
        connection = self._pairs.pop(pair(one, other), None)
        if connection is not None:
            for end in connection.pair:
                self._of_node[end].remove(connection)
            connection.step += 1
            self._end(connection, connection.pair)

    def started(self, node: int) -> None:
        """The node's process runs (again): it knows of no connection."""
        for connection in self._of_node.get(node, ()):
            connection.told.discard(node)
            self._review(connection)

    def ended(self, node: int, silently: bool) -> None:
        """The node's process is gone; `silently`: with its machine, so that nobody tells the neighbours."""
        for connection in self._of_node.get(node, ()):
            connection.told.discard(node)
            connection.step += 1
            if not connection.up:
                continue
            connection.up = False
            self._network.close(*connection.pair)
            for other in connection.told:
                delay_us = self._timeout_us if silently else _RESET_US
                self._schedule.after(delay_us, self._notice, connection, other, connection.made)

    def changed(self, node: int) -> None:
        """The node's process was paused or resumed."""
        for connection in self._of_node.get(node, ()):
            self._review(connection)

    def ways_changed(self, ways: Iterable[Way]) -> None:
        """Blocks of these ways were put or lifted."""
        for touched in sorted({pair(*way) for way in ways}):
            connection = self._pairs.get(touched)
            if connection is not None:
                self._review(connection)

    def _is_possible(self, connection: _Connection) -> bool:
        one, other = connection.pair
        blocked = self._network.is_blocked(one, other) or self._network.is_blocked(other, one)
        return not blocked and self._is_running(one) and self._is_running(other)

    def _review(self, connection: _Connection) -> None:
        connection.step += 1
        if connection.up and not self._is_possible(connection):
            self._schedule.after(self._timeout_us, self._break, connection, connection.step)
        elif not connection.up:
            self._schedule.after(_HANDSHAKE_US + self._chance.below(RETRY_US), self._make, connection, connection.step)

    def _make(self, connection: _Connection, step: int) -> None:
        if connection.step != step or not self._is_possible(connection):
            return
        for end, other in (connection.pair, connection.pair[::-1]):
            # The new connection takes the place of one whose end was not noticed yet.
            self._tell(connection, end, other, there=False)
        connection.up = True
        connection.step += 1
        connection.made += 1
        self._network.open(*connection.pair)
        for end, other in (connection.pair, connection.pair[::-1]):
            self._tell(connection, end, other, there=True)

    def _break(self, connection: _Connection, step: int) -> None:
        if connection.step == step:
            self._end(connection, connection.pair)
            self._review(connection)

    def _end(self, connection: _Connection, ends: Iterable[int]) -> None:
        connection.up = False
        self._network.close(*connection.pair)
        one, other = connection.pair
        for end in ends:
            self._tell(connection, end, other if end == one else one, there=False)

    def _notice(self, connection: _Connection, end: int, made: int) -> None:
        if connection.made == made:
            one, other = connection.pair
            self._tell(connection, end, other if end == one else one, there=False)

    def _tell(self, connection: _Connection, end: int, other: int, there: bool) -> None:
        if (end in connection.told) == there:
            return
        if there:
            connection.told.add(end)
        else:
            connection.told.discard(end)
        self._notify(end, other, there)
