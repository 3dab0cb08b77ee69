"""How much faster than real time five nodes under all faults are simulated, on one core.

Run: `python -m benchmarks.simulator [--seeds N] [--seconds S]`
"""

import argparse
import statistics
import time

from benchmarks.report import write_report
from daemon.collector import calm_collector
from simulator.run import run
from simulator.scenario import Scenario

NODES = 5
REQUIRED = 20


def main() -> None:
    """Measure and write `benchmarks/results/simulator.{json,md}`."""
    parser = argparse.ArgumentParser(description="virtual seconds for a second of one core")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    calm_collector()
    ratios: list[float] = []
    events = 0
    for seed in range(1, options.seeds + 1):
        began = time.perf_counter()
        report = run(seed, Scenario(nodes=NODES, seconds=options.seconds), shrink_runs_max=0)
        ratios.append(options.seconds / (time.perf_counter() - began))
        events += report.figures.events
        assert report.ok, f"seed {seed}: {report.violation}"
        print(f"seed {seed}: {ratios[-1]:.1f} times")
    figures: dict[str, object] = {
        "nodes": NODES,
        "seeds": options.seeds,
        "virtual seconds of each": options.seconds,
        "events a virtual second": round(events / options.seeds / options.seconds),
        "times faster than real time, median": round(statistics.median(ratios), 1),
        "times faster than real time, slowest seed": round(min(ratios), 1),
        "required": REQUIRED,
    }
    write_report("simulator", "Five nodes under all faults, simulated on one core", figures)


if __name__ == "__main__":
    main()
