"""Nodes that fall behind and join again by snapshot, in whole networks, whatever goes wrong and whoever lies."""

from typing import Any

import pytest

from simulator.clients import ClientSettings
from simulator.faults import KILL, LOSS, PAUSE, Fault
from simulator.liars.behaving_badly import FakesSnapshots
from simulator.observation import DatabaseReplaced
from simulator.overlays import MESH
from simulator.scenario import Scenario, setting_of
from simulator.schedule import MILLISECOND_US
from simulator.world import World

LATE = 3
# A voter is away until the others have long forgotten what they gossiped in its time.
AWAY = Fault(0, 3_000, 34_000, KILL, {"node": LATE})
# While it comes back, its neighbours and itself go in turn, and frames are lost.
TROUBLE = (
    Fault(1, 34_300, 36_000, KILL, {"node": 0}),
    Fault(2, 35_000, 36_500, PAUSE, {"node": 2}),
    Fault(3, 35_600, 36_200, KILL, {"node": LATE}),
    Fault(4, 34_000, 38_000, LOSS, {"share": 0.1}),
)


def world_with(seed: int, faults: tuple[Fault, ...], **more: Any) -> tuple[World, list[int]]:
    """A world of four voters that ran, and which nodes went on from a snapshot."""
    clients = ClientSettings(count=2, interval_us=150 * MILLISECOND_US)
    scenario = Scenario(nodes=4, seconds=62, faults=faults, snapshot_blocks=16, overlay=MESH, clients=clients, **more)
    world = World(setting_of(seed, scenario))
    found: list[int] = []
    world.stream.listen((DatabaseReplaced,), lambda seen: found.append(seen.node))
    world.run()
    assert world.violation is None, world.violation
    return world, found


@pytest.mark.parametrize("seed", [2])
def test_a_voter_that_was_away_joins_by_snapshot_among_faults(seed: int) -> None:
    world, found = world_with(seed, (AWAY, *TROUBLE))
    assert found == [LATE]
    stores = [process.disk.database.store for process in world.processes]
    assert {store.head().kept_from for store in stores} == {1}
    newest = min(store.head().executed_height for store in stores)
    size = min(store.head().tree_size for store in stores)
    assert len({store.header(newest) for store in stores}) == 1
    assert len({tuple(store.entries(0, size)) for store in stores}) == 1
    assert len({tuple(store.result(index) for index in range(size)) for store in stores}) == 1


def test_a_neighbour_that_makes_up_snapshots_keeps_nobody_from_joining() -> None:
    world, found = world_with(3, (AWAY,), liars={1: FakesSnapshots}, quorum="two-thirds")
    assert found == [LATE]
    assert getattr(world.processes[1].node, "has_lied", False)
