"""How transactions and blocks spread through 10, 100 and 1,000 nodes in one process.

The real nodes on virtual time, seven of them voters, over a random overlay in which everybody has six neighbours. What
is counted begins when the tree stands; every node has to have every transaction and every block in the end.

Run: `python -m benchmarks.gossip [--nodes 10,100,1000] [--seconds S]`
"""

import argparse
import time

from benchmarks.load import anonymous_memory_mb
from benchmarks.report import write_report
from daemon.collector import calm_collector
from simulator.report import document
from simulator.run import Report, run
from simulator.scenario import Scenario
from simulator.spread import SpreadFigures

VOTERS = 7
SETTLE_SECONDS = 5
COPIES_MAX = 1.3
MEMORY_MB_MAX = 4096
# 5 to 40 ms for each hop.
PROFILE = "country"
COUNTED = ("transactions", "proposal", "agreement")


def simulated(nodes: int, seconds: int) -> Report:
    """A calm run in which every rule held; the last one is that everybody has executed everything."""
    scenario = Scenario(
        nodes=VOTERS,
        observers=nodes - VOTERS,
        seconds=seconds,
        settle_seconds=SETTLE_SECONDS,
        kinds=(),
        overlay="random",
        profile=PROFILE,
    )
    report = run(1, scenario, shrink_runs_max=0)
    assert report.ok, document(report)
    return report


def figures_of(nodes: int, one: SpreadFigures) -> dict[str, object]:
    """What is told of one kind of messages."""
    label = f"{nodes} nodes, {one.kind}"
    return {
        f"{label}: messages counted": one.messages,
        f"{label}: share of nodes reached": round(one.reached, 3),
        f"{label}: payloads received per node and message": round(one.copies, 3),
        f"{label}: hops to the last node, median and highest": f"{one.hops_median}, {one.hops_highest}",
        f"{label}: virtual ms to the last node, median and highest": (
            f"{one.latency_median_us / 1000:.1f}, {one.latency_highest_us / 1000:.1f}"
        ),
    }


def main() -> None:
    """Measure and write `benchmarks/results/gossip.{json,md}`."""
    parser = argparse.ArgumentParser(description="how transactions and blocks spread")
    parser.add_argument("--nodes", default="10,100,1000")
    parser.add_argument("--seconds", type=int, default=15)
    options = parser.parse_args()
    calm_collector()
    figures: dict[str, object] = {"virtual seconds of each run": options.seconds}
    for nodes in map(int, options.nodes.split(",")):
        began = time.process_time()
        report = simulated(nodes, options.seconds)
        spent_s = time.process_time() - began
        for one in report.spread:
            if one.kind in COUNTED:
                figures |= figures_of(nodes, one)
        figures |= {
            f"{nodes} nodes: events": report.figures.events,
            f"{nodes} nodes: processor seconds for a virtual second": round(spent_s / options.seconds, 2),
            f"{nodes} nodes: anonymous memory, MB": round(anonymous_memory_mb()),
        }
        print({label: value for label, value in figures.items() if label.startswith(f"{nodes} ")})
    figures |= {"required payloads per node and message": COPIES_MAX, "required memory, MB": MEMORY_MB_MAX}
    write_report("gossip", "How transactions and blocks spread", figures)


if __name__ == "__main__":
    main()
