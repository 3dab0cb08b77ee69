"""Whole runs: seeds that hold, runs that repeat, broken nodes that are found."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.clients import ClientSettings
from simulator.errors import InvalidScenarioError
from simulator.faults import Fault
from simulator.run import Report, run
from simulator.scenario import Scenario, setting_of
from simulator.world import World
from tests.simulator.broken_nodes import (
    FallsAsleep,
    Overflows,
    ReadsAtOnce,
    SignsAgain,
    Stumbles,
    TellsEarly,
)

ROOT = Path(__file__).resolve().parents[2]
CALM: tuple[str, ...] = ()
ALONE = Scenario(nodes=1, seconds=40)


def held(seed: int, scenario: Scenario) -> Report:
    report = run(seed, scenario, shrink_runs_max=0)
    assert report.ok, f"seed {seed}: {report.violation} {report.faults}"
    return report


@pytest.mark.parametrize("first", range(0, 20, 4))
def test_the_only_voter_holds_every_rule_under_disk_process_and_clock_faults(first: int) -> None:
    for seed in range(first, first + 4):
        report = held(seed, ALONE)
        assert report.figures.transactions > 15
        assert report.figures.blocks > 15


@pytest.mark.parametrize("nodes", [2, 3, 5])
def test_several_nodes_agree_in_a_calm_network(nodes: int) -> None:
    report = held(nodes, Scenario(nodes=nodes, seconds=20, kinds=CALM))
    assert report.figures.transactions > 15
    assert report.figures.frames > 500
    assert len(report.timeline.acknowledged) == report.figures.transactions


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_several_nodes_hold_every_rule_under_process_and_network_faults(seed: int) -> None:
    kinds = ("kill", "pause", "partition", "one-way", "isolation", "chain", "quorum-loss", "constrained", "loss")
    report = held(seed, Scenario(nodes=5, seconds=45, kinds=kinds))
    assert report.figures.transactions > 20


def fingerprint(seed: int, scenario: Scenario) -> str:
    world = World(setting_of(seed, scenario))
    world.run()
    return hashlib.sha256("\n".join(world.trace.lines()).encode()).hexdigest()


FINGERPRINT = """
from tests.simulator.test_world import fingerprint
from simulator.scenario import Scenario
print(fingerprint(4, Scenario(nodes=1, seconds=15)), fingerprint(4, Scenario(nodes=3, seconds=6)))
"""


def test_a_run_is_the_same_again_in_another_process_whatever_the_order_of_hashes() -> None:
    here = [fingerprint(4, Scenario(nodes=1, seconds=15)), fingerprint(4, Scenario(nodes=3, seconds=6))]
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", FINGERPRINT],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.stdout.split() == here, done.stderr


def test_another_seed_is_another_run_and_leaving_a_fault_out_changes_nothing_before_it() -> None:
    assert fingerprint(1, ALONE) != fingerprint(2, ALONE)
    setting = setting_of(3, Scenario(nodes=1, seconds=20, kinds=("kill",)))
    first = setting.faults[0]
    lines = []
    for faults in (setting.faults, ()):
        world = World(setting.with_faults(faults))
        world.run()
        lines.append([line for line in world.trace.lines() if float(line.split()[0]) < first.start_ms / 1000 - 0.01])
    assert [line for line in lines[0] if "Calm" not in line] == [line for line in lines[1] if "Calm" not in line]
    assert lines[0]


def fault(kind: str, start_ms: int, end_ms: int, **parameters: object) -> Fault:
    return Fault(0, start_ms, end_ms, kind, parameters)  # type: ignore[arg-type]


BUSY = ClientSettings(count=4, interval_us=60_000, units=1)


@pytest.mark.parametrize(
    ("rule", "scenario"),
    [
        ("durable before told", Scenario(seconds=20, kinds=CALM, factory=TellsEarly)),
        ("no committed block lost", Scenario(seconds=20, kinds=CALM, factory=TellsEarly)),
        (
            "one certificate a height",
            Scenario(
                seconds=20,
                faults=(fault("older-backup", 5000, 9000, node=0, age_ms=2000, keep=True),),
                factory=SignsAgain,
            ),
        ),
        (
            "linearizable reads",
            Scenario(
                nodes=3,
                seconds=20,
                faults=(fault("disk-slow", 2000, 15_000, node=1, factor=100.0),),
                overlay="mesh",
                profile="rack",
                clients=BUSY,
                factory=ReadsAtOnce,
            ),
        ),
        ("progress resumes", Scenario(seconds=25, kinds=CALM, factory=FallsAsleep)),
        ("every queue within its bound", Scenario(seconds=20, kinds=CALM, factory=Overflows)),
        ("no node gives up by itself", Scenario(seconds=20, kinds=CALM, factory=Stumbles)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_node_that_breaks_a_rule_is_found(rule: str, scenario: Scenario) -> None:
    report = run(1, scenario, "0123abc", shrink_runs_max=0)
    assert report.violation is not None
    related = {"no committed block lost", "durable before told"}
    assert report.violation.rule == rule or {report.violation.rule, rule} == related
    assert report.trace
    assert report.commit == "0123abc"


def test_a_failure_is_cut_down_to_the_faults_that_matter_and_repeats() -> None:
    needed = fault("older-backup", 5000, 9000, node=0, age_ms=2000, keep=True)
    others = tuple(Fault(number, 1000 * number, 1000 * number + 300, "pause", {"node": 0}) for number in range(1, 12))
    scenario = Scenario(seconds=25, faults=(*others, needed), factory=SignsAgain)
    report = run(1, scenario)
    assert report.faults == (needed,)
    assert report.planned == (*others, needed)
    assert report.violation == run(1, scenario, shrink_runs_max=0).violation or report.violation is not None
    again = run(1, Scenario(seconds=25, faults=report.faults, factory=SignsAgain), shrink_runs_max=0)
    assert again.violation == report.violation
    assert again.trace == report.trace


def test_a_database_older_than_its_signatures_is_refused_until_the_newer_one_is_back() -> None:
    older = fault("older-backup", 5000, 9000, node=0, age_ms=2000, keep=False)
    report = held(1, Scenario(seconds=25, faults=(older,)))
    assert report.figures.starts == 3
    quiet = [time for time in report.timeline.acknowledged if 5_000_000 < time < 9_000_000]
    assert quiet == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"nodes": 0}, "1 to 21 voters"),
        ({"nodes": 22}, "1 to 21 voters"),
        ({"observers": -1}, "observers, not -1"),
        ({"seconds": 0}, "virtual seconds"),
        ({"overlay": "cube"}, "no overlay cube"),
        ({"profile": "moon"}, "no profile moon"),
        ({"kinds": ("fire",)}, "no kind of faults fire"),
        ({"quorum": "two-thirds", "nodes": 3}, "two-thirds"),
        ({"quorum": "half"}, "half"),
        ({"clients": ClientSettings(count=65)}, "up to 64 clients"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(InvalidScenarioError, match=sentence):
        Scenario(**changes)  # type: ignore[arg-type]


def test_a_world_without_clients_or_with_other_quorums_runs() -> None:
    assert held(1, Scenario(nodes=4, seconds=10, kinds=CALM, quorum="two-thirds")).figures.blocks > 3
    assert held(1, Scenario(seconds=10, clients=ClientSettings(count=0))).figures.transactions == 0
