"""Full disks in simulated networks: another node leads while the leader's is full, and nothing stands still."""

from functools import cache
from itertools import pairwise

import pytest

from simulator.faults import DISK_FULL, Fault
from simulator.run import Report, run
from simulator.scenario import Scenario
from simulator.schedule import MILLISECOND_US, SECOND_US

FULL_FROM_MS, FULL_TO_MS = 6_000, 14_000


def held(nodes: int, faults: tuple[Fault, ...]) -> Report:
    report = run(5, Scenario(nodes=nodes, seconds=17, kinds=(), faults=faults), shrink_runs_max=0)
    assert report.ok, f"{report.violation}"
    return report


@cache
def without_faults() -> Report:
    return held(5, ())


def leader_at(report: Report, time_ms: int) -> int:
    """Who led at this moment."""
    for node, spans in report.timeline.lanes(report.figures.ended_us):
        for span in spans:
            if span.what == "leader" and span.start_us <= time_ms * MILLISECOND_US < (span.end_us or 0):
                return node
    raise AssertionError(f"nobody led at {time_ms} ms")


@pytest.mark.parametrize("also_full", [0, 1])
def test_a_leader_whose_disk_is_full_is_relieved_at_once(also_full: int) -> None:
    """With two full disks of five, the one that is wished for may be the other: then an election finds a third."""
    first = leader_at(without_faults(), FULL_FROM_MS)
    full = [first, (first + 1) % 5][: 1 + also_full]
    faults = tuple(
        Fault(number, FULL_FROM_MS, FULL_TO_MS, DISK_FULL, {"node": node}) for number, node in enumerate(full)
    )
    report = held(5, faults)
    for time_ms in range(FULL_FROM_MS + 6_000, FULL_TO_MS, 500):
        assert leader_at(report, time_ms) not in full
    told = [one for one in report.timeline.acknowledged if one >= FULL_FROM_MS * MILLISECOND_US]
    pauses = [after - one for one, after in pairwise(told)]
    assert max(pauses) < (6 if also_full else 3) * SECOND_US
