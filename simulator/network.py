"""The ways between nodes: each takes its time, and may lose, double, delay, reorder or throttle what goes over it.

Owns the directed links, what is under way on them, and the conditions that faults put on them. Knows nodes by number
and carries parcels without looking into them. Never decides who is linked: connections do (`simulator.connections`).

Without conditions a link is what a connection of TCP is: nothing is lost and the order is kept. A parcel whose
connection ended under way does not arrive. Bounded: the queue in front of a throttled link holds so many bytes, and
drops what comes beyond; `Traffic` counts it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

from simulator.chance import Chance
from simulator.delays import Delay
from simulator.partitions import Way
from simulator.schedule import SECOND_US, Schedule
from simulator.spread import Broadcast
from simulator.traffic import Traffic

# What a sender's kernel and its own queues hold for one neighbour: two frames of the largest size.
QUEUE_SIZE_BYTES_MAX = 8 * 1024 * 1024

# Beyond, TCP's own repeats would have got it there, or the connection would be given up.
SLOWED_US_MAX = 3 * SECOND_US

# Receiver, sender, parcel.
Deliver = Callable[[int, int, "Parcel"], None]


class Parcel:
    """A frame under way. `broadcast` is the broadcast message in it, if it carries one in full."""

    __slots__ = ("broadcast", "content", "size_bytes")

    def __init__(self, content: Any, size_bytes: int, broadcast: Broadcast | None = None) -> None:
        self.content = content
        self.size_bytes = size_bytes
        self.broadcast = broadcast


@dataclass(eq=False, slots=True)
class Condition:
    """What a fault does to the links `ways` (None: to all of them) while it lasts.

    `loss`, `duplication` and `reordering` are shares of the parcels; a doubled or reordered one comes up to `late_us`
    later, and others overtake it. `slowdown` multiplies delays, up to `SLOWED_US_MAX`; the strongest of several counts,
    and what follows on the link waits for what was slowed down. `bandwidth` is in bytes a second, 0 is no limit.
    """

    draw: Callable[[], float]
    ways: frozenset[Way] | None = None
    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    late_us: int = 0
    slowdown: float = 1.0
    bandwidth: int = 0


class _Link:
    """One direction between two nodes."""

    __slots__ = (
        "bandwidth",
        "blocks",
        "conditions",
        "delay_us",
        "epoch",
        "newest_arrival_us",
        "order",
        "queue",
        "queued_bytes",
        "receiver",
        "sender",
        "sending",
        "up",
    )

    def __init__(self, sender: int, receiver: int, delay_us: Callable[[], int]) -> None:
        self.sender = sender
        self.receiver = receiver
        self.delay_us = delay_us
        self.up = False
        # Changes with each connection: what was under way in the one before does not arrive.
        self.epoch = 0
        self.blocks = 0
        self.newest_arrival_us = 0
        self.conditions: tuple[Condition, ...] = ()
        self.bandwidth = 0
        self.queue: list[tuple[int, int, Parcel]] = []
        self.queued_bytes = 0
        self.order = 0
        # What a throttled link is putting on the wire now.
        self.sending: _Sending | None = None


class _Sending:
    """A parcel that goes over a throttled link byte by byte; `size_left` as of `since_us`."""

    __slots__ = ("parcel", "since_us", "size_left")

    def __init__(self, parcel: Parcel, since_us: int) -> None:
        self.parcel = parcel
        self.since_us = since_us
        self.size_left = float(parcel.size_bytes)


class Network:
    """All links of a world; `deliver` is called when a parcel arrives.

    Args:
        schedule: The world's events.
        seed: Of the world; each link draws from a stream of its own.
        delay: How long a parcel takes on a link.
        bandwidth: Bytes a second on a link, 0 is no limit.
        traffic: Where to count.
        deliver: Called with receiver, sender and parcel.
    """

    def __init__(
        self, schedule: Schedule, seed: int, delay: Delay, bandwidth: int, traffic: Traffic, deliver: Deliver
    ) -> None:
        self._schedule = schedule
        self._seed = seed
        self._delay = delay
        self._bandwidth = bandwidth
        self._traffic = traffic
        self._deliver = deliver
        self._links: dict[Way, _Link] = {}
        self._conditions: list[Condition] = []
        self._blocked: dict[Way, int] = {}

    # -- links --------------------------------------------------------------------------------------------------

    def open(self, one: int, other: int) -> None:
        """A connection was made: parcels can be sent both ways."""
        for sender, receiver in ((one, other), (other, one)):
            link = self._links.get((sender, receiver)) or self._make(sender, receiver)
            self._end(link)
            link.up = True

    def close(self, one: int, other: int) -> None:
        """The connection ended: what is under way is lost."""
        for way in ((one, other), (other, one)):
            link = self._links.get(way)
            if link is not None and link.up:
                self._end(link)

    def _make(self, sender: int, receiver: int) -> _Link:
        draw = Chance(self._seed, f"link/{sender}/{receiver}").random
        link = self._links[sender, receiver] = _Link(sender, receiver, self._delay.sampler(draw))
        link.blocks = self._blocked.get((sender, receiver), 0)
        self._apply_conditions(link)
        return link

    def _end(self, link: _Link) -> None:
        link.up = False
        link.epoch += 1
        link.newest_arrival_us = 0
        link.queue.clear()
        link.queued_bytes = 0
        link.sending = None

    # -- faults -------------------------------------------------------------------------------------------------

    def block(self, ways: Iterable[Way]) -> None:
        """Nothing passes on these ways any more; each block is lifted by one `unblock`."""
        self._count_blocks(ways, 1)

    def unblock(self, ways: Iterable[Way]) -> None:
        """Lift one block of each of these ways."""
        self._count_blocks(ways, -1)

    def is_blocked(self, sender: int, receiver: int) -> bool:
        """Whether nothing passes on this way now."""
        return self._blocked.get((sender, receiver), 0) > 0

    def _count_blocks(self, ways: Iterable[Way], by: int) -> None:
        for way in ways:
            count = self._blocked[way] = self._blocked.get(way, 0) + by
            assert count >= 0, "what is lifted was blocked before"
            link = self._links.get(way)
            if link is not None:
                link.blocks = count

    def impose(self, condition: Condition) -> None:
        """From now on `condition` holds, together with those that hold already."""
        self._conditions.append(condition)
        self._renew()

    def lift(self, condition: Condition) -> None:
        """The condition holds no longer."""
        self._conditions.remove(condition)
        self._renew()

    def _renew(self) -> None:
        for link in self._links.values():
            self._apply_conditions(link)

    def _apply_conditions(self, link: _Link) -> None:
        way = (link.sender, link.receiver)
        link.conditions = tuple(one for one in self._conditions if one.ways is None or way in one.ways)
        limits = [one.bandwidth for one in link.conditions if one.bandwidth]
        if self._bandwidth:
            limits.append(self._bandwidth)
        before, link.bandwidth = link.bandwidth, min(limits, default=0)
        if link.sending is not None and link.bandwidth != before:
            # What is on its way goes on at the new speed.
            now_us = self._schedule.now_us
            link.sending.size_left -= before * (now_us - link.sending.since_us) / SECOND_US
            link.sending.since_us = now_us
            self._plan_sent(link)

    # -- parcels ------------------------------------------------------------------------------------------------

    def send(self, sender: int, receiver: int, parcel: Parcel, priority: int) -> None:
        """Put a parcel on its way; passed over where there is no connection.

        `priority`: of parcels that wait for a throttled link, the ones with the lowest number go first.
        """
        link = self._links.get((sender, receiver))
        if link is None or not link.up:
            return
        self._traffic.sent(sender, parcel.size_bytes, parcel.broadcast, self._schedule.now_us)
        if not link.bandwidth and not link.queue and link.sending is None:
            self._carry(link, parcel)
            return
        if link.queued_bytes + parcel.size_bytes > QUEUE_SIZE_BYTES_MAX:
            self._traffic.overflowed += 1
            return
        link.order += 1
        link.queued_bytes += parcel.size_bytes
        heappush(link.queue, (priority, link.order, parcel))
        if link.sending is None:
            self._send_next(link)

    def _send_next(self, link: _Link) -> None:
        if link.queue:
            _, _, parcel = heappop(link.queue)
            link.queued_bytes -= parcel.size_bytes
            link.sending = _Sending(parcel, self._schedule.now_us)
            self._plan_sent(link)

    def _plan_sent(self, link: _Link) -> None:
        sending = link.sending
        assert sending is not None, "only what is being sent is sent at a time"
        duration_us = int(max(sending.size_left, 0) * SECOND_US / link.bandwidth) if link.bandwidth else 0
        self._schedule.after(duration_us, self._sent, link, sending, sending.since_us)

    def _sent(self, link: _Link, sending: _Sending, since_us: int) -> None:
        # Another speed, or another connection, has made another plan.
        if link.sending is sending and sending.since_us == since_us:
            link.sending = None
            self._carry(link, sending.parcel)
            self._send_next(link)

    def _carry(self, link: _Link, parcel: Parcel) -> None:
        if link.blocks:
            self._traffic.lost += 1
            return
        if link.conditions:
            self._carry_under_conditions(link, parcel)
            return
        arrival_us = self._schedule.now_us + link.delay_us()
        if arrival_us <= link.newest_arrival_us:
            arrival_us = link.newest_arrival_us + 1
        link.newest_arrival_us = arrival_us
        self._schedule.at(arrival_us, self._arrive, link, link.epoch, parcel)

    def _carry_under_conditions(self, link: _Link, parcel: Parcel) -> None:
        delay_us = float(link.delay_us())
        slowdown = 1.0
        late_us = 0
        copies_late_us: list[int] = []
        for condition in link.conditions:
            slowdown = max(slowdown, condition.slowdown)
            if condition.loss and condition.draw() < condition.loss:
                self._traffic.lost += 1
                return
            if condition.duplication and condition.draw() < condition.duplication:
                copies_late_us.append(1 + int(condition.draw() * condition.late_us))
            if condition.reordering and condition.draw() < condition.reordering:
                late_us += 1 + int(condition.draw() * condition.late_us)
        arrival_us = self._schedule.now_us + int(max(delay_us, min(delay_us * slowdown, SLOWED_US_MAX)))
        if late_us:
            arrival_us += late_us
        else:
            arrival_us = max(arrival_us, link.newest_arrival_us + 1)
            link.newest_arrival_us = arrival_us
        for one_late_us in (0, *copies_late_us):
            self._schedule.at(arrival_us + one_late_us, self._arrive, link, link.epoch, parcel)

    def _arrive(self, link: _Link, epoch: int, parcel: Parcel) -> None:
        if link.epoch != epoch:
            self._traffic.lost += 1
            return
        self._traffic.received(link.receiver, parcel.size_bytes, parcel.broadcast, self._schedule.now_us)
        self._deliver(link.receiver, link.sender, parcel)

    @property
    def queued_bytes_max(self) -> int:
        """The longest queue in front of a throttled link."""
        return max((link.queued_bytes for link in self._links.values()), default=0)
