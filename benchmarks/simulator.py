"""How much faster than real time five nodes under all faults are simulated, on one core.

The simulator is one thread: with a core to itself it does in a second what it does for a second of processor time, with
others on the machine less. Both are told.

Run: `python -m benchmarks.simulator [--seeds N] [--seconds S]`
"""

import argparse
import gc
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
    ratios_wall: list[float] = []
    events = frames = 0
    for seed in range(1, options.seeds + 1):
        # The world before is none of this one's cost.
        gc.collect()
        began, began_wall = time.process_time(), time.perf_counter()
        report = run(seed, Scenario(nodes=NODES, seconds=options.seconds), shrink_runs_max=0)
        ratios.append(options.seconds / (time.process_time() - began))
        ratios_wall.append(options.seconds / (time.perf_counter() - began_wall))
        events += report.figures.events
        frames += report.figures.frames
        assert report.ok, f"seed {seed}: {report.violation}"
        print(f"seed {seed}: {ratios[-1]:.1f} times, {ratios_wall[-1]:.1f} by the clock on the wall")
    figures: dict[str, object] = {
        "nodes": NODES,
        "seeds": options.seeds,
        "virtual seconds of each": options.seconds,
        "events a virtual second": round(events / options.seeds / options.seconds),
        "frames a virtual second": round(frames / options.seeds / options.seconds),
        "virtual seconds for a second of processor time, median": round(statistics.median(ratios), 1),
        "virtual seconds for a second of processor time, slowest seed": round(min(ratios), 1),
        "virtual seconds for a second on the wall, median": round(statistics.median(ratios_wall), 1),
        "virtual seconds for a second on the wall, slowest seed": round(min(ratios_wall), 1),
        "required": REQUIRED,
    }
    write_report("simulator", "Five nodes under all faults, simulated on one core", figures)


if __name__ == "__main__":
    main()
