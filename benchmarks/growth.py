"""What a transaction costs a node of a network of 4 to 1,000 nodes, four of which vote, and how long until all have it.

The real nodes on virtual time over a random overlay in which everybody has six neighbours (three, where there are four
nodes), written to as often in each: what is measured does not depend on this machine. A run without writes says what
heartbeats, comparisons and the finding of neighbours take; it is told, and taken off what transactions take.

Run: `python -m benchmarks.growth [--nodes 4,10,30,100,300,1000] [--seconds S]`
"""

import argparse
from itertools import pairwise
from math import log10
from typing import NamedTuple

from benchmarks.line_chart import Point, write_line_chart
from benchmarks.report import RESULTS, write_report
from daemon.collector import calm_collector
from simulator.clients import ClientSettings
from simulator.report import document
from simulator.run import Report, run
from simulator.scenario import Scenario

VOTERS = 4
PROFILE = "country"
# They begin something once a second each, whatever their last transaction took: nearly the same load for every size.
CLIENTS = ClientSettings(count=64, interval_us=1_000_000, units=8)
NOBODY = ClientSettings(count=0)
# From the smallest network to the largest.
GROWTH_MAX = 1.5
TRANSACTIONS = "transactions"


class Grown(NamedTuple):
    """Of one size: frames and bytes that a node sends for a transaction, and milliseconds until the last node has it.

    `idle_frames` and `idle_size_bytes` are what a node sends in a second without transactions.
    """

    nodes: int
    transactions: int
    frames: float
    size_bytes: float
    reached_ms: float
    idle_frames: float
    idle_size_bytes: float


def simulated(nodes: int, seconds: int, clients: ClientSettings) -> Report:
    """A calm run in which every rule held; the last one is that everybody has executed everything."""
    scenario = Scenario(
        nodes=VOTERS,
        observers=nodes - VOTERS,
        seconds=seconds,
        settle_seconds=5,
        kinds=(),
        overlay="random",
        profile=PROFILE,
        clients=clients,
    )
    report = run(1, scenario, shrink_runs_max=0)
    assert report.ok, document(report)
    return report


def grown(nodes: int, seconds: int) -> Grown:
    """One size, with and without transactions."""
    idle, loaded = (simulated(nodes, seconds, clients) for clients in (NOBODY, CLIENTS))
    spread = next(one for one in loaded.spread if one.kind == TRANSACTIONS)
    share = nodes * loaded.figures.transactions
    return Grown(
        nodes,
        loaded.figures.transactions,
        (loaded.figures.frames - idle.figures.frames) / share,
        (loaded.figures.size_bytes - idle.figures.size_bytes) / share,
        spread.latency_median_us / 1000,
        idle.figures.frames / nodes / seconds,
        idle.figures.size_bytes / nodes / seconds,
    )


def main() -> None:
    """Measure and write `benchmarks/results/growth.{json,md,svg}`."""
    parser = argparse.ArgumentParser(description="what a transaction costs a node, by the size of the network")
    parser.add_argument("--nodes", default="4,10,30,100,300,1000")
    parser.add_argument("--seconds", type=int, default=15)
    options = parser.parse_args()
    calm_collector()
    found = []
    for nodes in map(int, options.nodes.split(",")):
        found.append(grown(nodes, options.seconds))
        print(found[-1], flush=True)
    figures: dict[str, object] = {"virtual seconds of each run, voters": f"{options.seconds}, {VOTERS}"}
    for one in found:
        figures |= {
            f"{one.nodes} nodes: transactions": one.transactions,
            f"{one.nodes} nodes: frames that a node sends for one": round(one.frames, 2),
            f"{one.nodes} nodes: bytes that a node sends for one": round(one.size_bytes),
            f"{one.nodes} nodes: virtual ms until the last node has one, median": round(one.reached_ms, 1),
            f"{one.nodes} nodes: frames and bytes that a node sends in a second without any": (
                f"{one.idle_frames:.1f}, {one.idle_size_bytes:.0f}"
            ),
        }
    first, last = found[0], found[-1]
    figures |= {
        "frames, largest network over smallest": round(last.frames / first.frames, 2),
        "bytes, largest network over smallest": round(last.size_bytes / first.size_bytes, 2),
        "allowed": GROWTH_MAX,
        "ms until the last node has one, for each tenfold of nodes": ", ".join(
            f"{(later.reached_ms - earlier.reached_ms) / log10(later.nodes / earlier.nodes):.0f}"
            for earlier, later in pairwise(found)
        ),
    }
    write_report("growth", "What a transaction costs a node, by the size of the network", figures)
    lines = {
        "frames": [Point(one.nodes, one.frames / first.frames) for one in found],
        "bytes": [Point(one.nodes, one.size_bytes / first.size_bytes) for one in found],
        "until all have it": [Point(one.nodes, one.reached_ms / first.reached_ms) for one in found],
    }
    title = f"For one transaction and node, as multiples of {first.nodes} nodes"
    write_line_chart(RESULTS / "growth.svg", title, "nodes", lines)


if __name__ == "__main__":
    main()
