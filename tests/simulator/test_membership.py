"""Administrators who change the voters of simulated networks, calm ones and broken ones."""

import pytest

from contracts.voter_record import current_voters
from daemon.overlay import StateOverlay
from simulator.chance import Chance
from simulator.fault_plan import FaultLimits, plan_faults
from simulator.faults import (
    BIT_FLIP,
    KILL,
    LEADER_REMOVAL,
    MEMBERSHIP_KINDS,
    OLDER_BACKUP,
    PARTITION,
    PAUSE,
    PROMOTION,
    VOTER_REMOVAL,
    Fault,
)
from simulator.scenario import Scenario, setting_of
from simulator.world import World
from tests.simulator.test_world import held

CHANGES = (
    Fault(0, 4_000, 9_000, LEADER_REMOVAL),
    Fault(1, 5_000, 8_000, PROMOTION, {"node": 3}),
)


def test_voters_come_and_go_and_are_put_back() -> None:
    world = World(setting_of(1, Scenario(nodes=3, observers=1, seconds=32, faults=CHANGES)))
    world.run()
    assert world.violation is None
    found = [current_voters(StateOverlay(process.disk.database.store)) for process in world.processes]
    assert {record.number for record in found} == {4}, "two changes, and two that put things back"
    assert {voter.name for voter in found[0].voters} == {"node-0000", "node-0001", "node-0002"}
    assert len(world.timeline.terms) > 1, "a leader lost its vote"


@pytest.mark.parametrize("seed", range(2))
def test_every_rule_holds_while_voters_change_under_faults(seed: int) -> None:
    kinds = (*MEMBERSHIP_KINDS, KILL, PAUSE, PARTITION)
    report = held(seed, Scenario(nodes=4, observers=1, seconds=40, kinds=kinds))
    assert report.figures.transactions > 20


@pytest.mark.parametrize("nodes", range(3, 8))
def test_two_voters_are_left_whatever_becomes_of_the_changes(nodes: int) -> None:
    kinds = (VOTER_REMOVAL, LEADER_REMOVAL, BIT_FLIP, OLDER_BACKUP)
    for seed in range(20):
        faults = plan_faults(FaultLimits(nodes, kinds, 40, 1000, 60_000, nodes // 2, 1), Chance(seed, "plan"))
        removals = [fault for fault in faults if fault.kind in (VOTER_REMOVAL, LEADER_REMOVAL)]
        lost = {fault.parameters["node"] for fault in faults if fault not in removals}
        assert len(removals) <= nodes - 2
        assert len(lost) <= 1


def test_nobody_is_promoted_where_nobody_observes() -> None:
    assert plan_faults(FaultLimits(5, (PROMOTION,), 10, 1000, 9000, 2), Chance(1, "plan")) == ()
    assert plan_faults(FaultLimits(2, MEMBERSHIP_KINDS, 10, 1000, 9000, 0, 3), Chance(1, "plan")) == ()
