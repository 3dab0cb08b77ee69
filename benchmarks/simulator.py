"""How much faster than real time five nodes under all faults are simulated, on one core.

The simulator is one thread: with a core to itself it does in a second what it does for a second of processor time, with
others on the machine less. Both are told. Processor time too is up to two thirds more beside others, who push what is
needed out of the caches: hence rounds.

Run: `python -m benchmarks.simulator [--seeds N] [--rounds N] [--seconds S]`
"""

import argparse
import gc
import os
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
    parser.add_argument("--rounds", type=int, default=1, help="each seed so often; others on the machine only add time")
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    calm_collector()
    load_before = os.getloadavg()[0]
    best = dict.fromkeys(range(1, options.seeds + 1), 0.0)
    best_wall = dict(best)
    events = frames = 0
    for seed in [seed for _ in range(options.rounds) for seed in best]:
        # The world before is none of this one's cost.
        gc.collect()
        began, began_wall = time.process_time(), time.perf_counter()
        report = run(seed, Scenario(nodes=NODES, seconds=options.seconds), shrink_runs_max=0)
        ratio = options.seconds / (time.process_time() - began)
        ratio_wall = options.seconds / (time.perf_counter() - began_wall)
        assert report.ok, f"seed {seed}: {report.violation}"
        print(f"seed {seed}: {ratio:.1f} times, {ratio_wall:.1f} by the clock on the wall", flush=True)
        best[seed], best_wall[seed] = max(ratio, best[seed]), max(ratio_wall, best_wall[seed])
        events += report.figures.events
        frames += report.figures.frames
    runs = options.seeds * options.rounds
    ratios, ratios_wall = best.values(), best_wall.values()
    figures: dict[str, object] = {
        "nodes": NODES,
        "seeds": options.seeds,
        "rounds, the best of which counts": options.rounds,
        "virtual seconds of each": options.seconds,
        "processes that wanted one of the cores, before and after": f"{load_before:.1f}, {os.getloadavg()[0]:.1f}",
        "events a virtual second": round(events / runs / options.seconds),
        "frames a virtual second": round(frames / runs / options.seconds),
        "virtual seconds for a second of processor time, median": round(statistics.median(ratios), 1),
        "virtual seconds for a second of processor time, slowest seed": round(min(ratios), 1),
        "virtual seconds for a second on the wall, median": round(statistics.median(ratios_wall), 1),
        "virtual seconds for a second on the wall, slowest seed": round(min(ratios_wall), 1),
        "required": REQUIRED,
    }
    write_report("simulator", "Five nodes under all faults, simulated on one core", figures)


if __name__ == "__main__":
    main()
