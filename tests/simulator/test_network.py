"""Links and connections: what arrives, when, in which order, and who is told that somebody is gone."""

from dataclasses import dataclass, field

from simulator.chance import Chance
from simulator.connections import Connections
from simulator.delays import Delay
from simulator.network import QUEUE_SIZE_BYTES_MAX, SLOWED_US_MAX, Condition, Network, Parcel
from simulator.partitions import one_way, symmetric
from simulator.schedule import MILLISECOND_US, SECOND_US, Schedule
from simulator.traffic import Traffic

TIMEOUT_US = 3 * SECOND_US
DELAY = Delay("even", 1000, 9000)


@dataclass
class Wires:
    """A network of `count` nodes; `arrived` has (time, receiver, sender, content), `told` what connections say."""

    count: int = 3
    delay: Delay = DELAY
    bandwidth: int = 0
    arrived: list[tuple[int, int, int, object]] = field(default_factory=list)
    told: list[tuple[int, int, int, bool]] = field(default_factory=list)
    down: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.schedule = Schedule()
        self.traffic = Traffic(self.count)
        self.network = Network(self.schedule, 1, self.delay, self.bandwidth, self.traffic, self._deliver)
        self.connections = Connections(
            self.schedule,
            self.network,
            Chance(1, "connections"),
            TIMEOUT_US,
            lambda node: node not in self.down,
            lambda node, peer, there: self.told.append((self.schedule.now_us, node, peer, there)),
        )

    def _deliver(self, receiver: int, sender: int, parcel: Parcel) -> None:
        self.arrived.append((self.schedule.now_us, receiver, sender, parcel.content))

    def send(self, count: int, sender: int = 0, receiver: int = 1, size: int = 100, priority: int = 0) -> None:
        for number in range(count):
            self.network.send(sender, receiver, Parcel(number, size), priority)

    def after(self, seconds: float) -> "Wires":
        self.schedule.run(self.schedule.now_us + int(seconds * SECOND_US))
        return self

    @property
    def contents(self) -> list[object]:
        return [content for *_, content in self.arrived]

    def news(self) -> list[tuple[int, int, bool]]:
        told, self.told = self.told, []
        return sorted(one[1:] for one in told)


def opened(**changes: object) -> Wires:
    wires = Wires(**changes)  # type: ignore[arg-type]
    wires.network.open(0, 1)
    return wires


def test_without_conditions_everything_arrives_once_in_order_after_its_delay() -> None:
    wires = opened()
    wires.send(200)
    wires.after(1)
    assert wires.contents == list(range(200))
    times = [time for time, *_ in wires.arrived]
    assert min(times) >= 1000
    assert times == sorted(times)
    assert wires.traffic.frames_received == [0, 200, 0]
    assert wires.traffic.size_bytes_sent == [20_000, 0, 0]


def test_what_has_no_connection_or_loses_it_does_not_arrive() -> None:
    wires = opened()
    wires.send(5, receiver=2)
    wires.send(5)
    wires.network.close(0, 1)
    wires.send(5)
    wires.after(1)
    assert wires.arrived == []
    wires.network.open(0, 1)
    wires.send(3)
    assert wires.after(1).contents == [0, 1, 2]


def test_parcels_are_lost_doubled_and_reordered_as_often_as_is_said() -> None:
    draw = Chance(3, "condition").random
    for condition, least, most in (
        (Condition(draw, loss=0.3), 600, 800),
        (Condition(draw, duplication=0.3, late_us=5000), 1200, 1400),
        (Condition(draw, reordering=0.5, late_us=50_000), 1000, 1000),
    ):
        wires = opened()
        wires.network.impose(condition)
        wires.send(1000)
        wires.after(1)
        assert least <= len(wires.arrived) <= most
        assert (wires.contents == sorted(wires.contents, key=str)) is False
        in_order = [content for content in wires.contents if isinstance(content, int)]
        assert (in_order == sorted(in_order)) == (condition.loss > 0)
        wires.arrived.clear()
        wires.network.lift(condition)
        wires.send(50)
        assert wires.after(1).contents == list(range(50))


def test_a_condition_holds_on_its_ways_alone() -> None:
    wires = opened()
    wires.network.open(1, 2)
    wires.network.impose(Condition(Chance(1, "x").random, ways=frozenset({(0, 1)}), loss=1.0))
    wires.send(10)
    wires.send(10, sender=1, receiver=0)
    wires.send(10, sender=1, receiver=2)
    wires.after(1)
    assert {(receiver, sender) for _, receiver, sender, _ in wires.arrived} == {(0, 1), (2, 1)}
    assert wires.traffic.lost == 10


def test_a_throttled_link_takes_its_time_and_lets_what_matters_pass() -> None:
    wires = opened(bandwidth=100_000, delay=Delay("even", 0, 0))
    wires.send(10, size=10_000, priority=4)
    wires.network.send(0, 1, Parcel("vote", 100), 0)
    wires.after(10)
    times = [time for time, *_ in wires.arrived]
    assert wires.contents[:2] == [0, "vote"]
    assert times[-1] == 1_001_000
    assert wires.network.queued_bytes_max == 0


def test_the_queue_of_a_throttled_link_is_bounded() -> None:
    wires = opened(bandwidth=1000)
    wires.send(20, size=1024 * 1024)
    assert wires.network.queued_bytes_max <= QUEUE_SIZE_BYTES_MAX
    assert wires.traffic.overflowed == 20 - 9


def test_a_blocked_way_is_open_again_when_every_block_is_lifted() -> None:
    wires = opened()
    wires.network.block(one_way([0], [1]))
    wires.network.block(symmetric([0], [1]))
    wires.send(3)
    wires.network.unblock(one_way([0], [1]))
    wires.send(3)
    wires.send(2, sender=1, receiver=0)
    wires.network.unblock(symmetric([0], [1]))
    wires.send(1)
    wires.send(1, sender=1, receiver=0)
    wires.after(1)
    assert sorted((receiver, content) for _, receiver, _, content in wires.arrived) == [(0, 0), (1, 0)]


def test_those_who_want_to_be_connected_are_and_are_told_so() -> None:
    wires = Wires()
    wires.connections.want(0, 1)
    wires.connections.want(1, 0)
    wires.connections.want(1, 2)
    assert wires.after(2).news() == [(0, 1, True), (1, 0, True), (1, 2, True), (2, 1, True)]
    wires.connections.give_up(0, 1)
    assert wires.after(9).news() == [(0, 1, False), (1, 0, False)]


def test_a_process_that_ends_is_noticed_at_once_and_a_machine_only_after_a_while() -> None:
    for silently, early in ((False, 0.0), (True, TIMEOUT_US / SECOND_US - 0.1)):
        wires = Wires()
        wires.connections.want(0, 1)
        wires.after(2).news()
        wires.down.add(1)
        wires.connections.ended(1, silently)
        assert wires.after(early).news() == []
        assert wires.after(0.2).news() == [(0, 1, False)]
        wires.down.clear()
        wires.connections.started(1)
        assert wires.after(2).news() == [(0, 1, True), (1, 0, True)]


def test_who_comes_back_before_it_was_missed_is_first_told_to_be_gone() -> None:
    wires = Wires()
    wires.connections.want(0, 1)
    wires.after(2).news()
    wires.connections.ended(1, silently=True)
    wires.connections.started(1)
    wires.after(2)
    assert [one[1:] for one in wires.told if one[1] == 0] == [(0, 1, False), (0, 1, True)]
    assert [one[1:] for one in wires.told if one[1] == 1] == [(1, 0, True)]


def test_a_cut_is_noticed_after_a_while_and_mended_soon() -> None:
    wires = Wires()
    wires.connections.want(0, 1)
    wires.after(2).news()
    ways = one_way([0], [1])
    wires.network.block(ways)
    wires.connections.ways_changed(ways)
    wires.after(1)
    wires.network.unblock(ways)
    wires.connections.ways_changed(ways)
    assert wires.after(9).news() == [], "too short to be noticed"
    wires.network.block(ways)
    wires.connections.ways_changed(ways)
    assert wires.after(4).news() == [(0, 1, False), (1, 0, False)]
    wires.network.unblock(ways)
    wires.connections.ways_changed(ways)
    assert wires.after(1.1).news() == [(0, 1, True), (1, 0, True)]
    assert MILLISECOND_US < TIMEOUT_US


def test_a_parcel_that_is_being_sent_goes_on_at_the_speed_that_there_is_now() -> None:
    wires = Wires()
    wires.network.open(0, 1)
    throttle = Condition(lambda: 0.5, bandwidth=1000)
    wires.network.impose(throttle)
    wires.send(1, size=60_000)
    wires.send(1, size=100)
    wires.after(10)
    assert wires.contents == []
    wires.network.lift(throttle)
    wires.after(0.1)
    assert wires.contents == [0, 0]
    faster = Condition(lambda: 0.5, bandwidth=20_000)
    wires.network.impose(throttle)
    wires.send(1, size=60_000)
    wires.after(20)
    wires.network.impose(faster)
    wires.network.lift(throttle)
    wires.after(1.9)
    assert len(wires.contents) == 2
    wires.after(0.2)
    assert len(wires.contents) == 3


def test_of_several_slowdowns_the_strongest_counts_and_has_a_bound() -> None:
    slow, slower = Condition(lambda: 0.5, slowdown=10), Condition(lambda: 0.5, slowdown=20)
    wires = opened(delay=Delay("even", 50_000, 50_000))
    wires.network.impose(slow)
    wires.network.impose(slower)
    wires.send(1)
    wires.after(2)
    assert [time for time, *_ in wires.arrived] == [1_000_000]
    wires.network.impose(Condition(lambda: 0.5, slowdown=1000))
    wires.send(1)
    wires.after(10)
    assert wires.arrived[-1][0] == 2 * SECOND_US + SLOWED_US_MAX
