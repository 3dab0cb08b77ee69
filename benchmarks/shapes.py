"""Networks of three, four and seven nodes, everybody next to everybody and in a ring: what each does, and at what cost.

The same load for all, one shape after the other: notices, each signed and acknowledged on its own, connections to all
nodes in turn. All processes share one machine, so more nodes have less of it each: processor time, bytes on the wire
and on disk are for one write on all nodes together, and tell what a shape costs wherever it runs.

Run: `python -m benchmarks.shapes [--seconds S] [--writers LIST]`
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.report import write_report
from cli.bench.run import BenchPlan, Level, run_bench
from cli.bench.signed_load import LoadKind

SHAPES = ((3, True), (4, True), (4, False), (7, True), (7, False))
# What programs send over loopback, as Linux counts it.
_LOOPBACK = Path("/proc/net/dev")


def _loopback_bytes() -> int:
    line = next(line for line in _LOOPBACK.read_text("ascii").splitlines() if line.strip().startswith("lo:"))
    return int(line.partition(":")[2].split()[0])


def main() -> None:
    """Measure and write `benchmarks/results/shapes.{json,md}`."""
    parser = argparse.ArgumentParser(description="networks of several sizes and shapes")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--writers", type=lambda text: tuple(map(int, text.split(","))), default=(1, 64, 256))
    parser.add_argument("--beside", default="nothing", help="what else ran on the machine, for the report")
    options = parser.parse_args()
    figures: dict[str, object] = {}
    for nodes, is_mesh in SHAPES:
        carried: list[int] = []

        @contextmanager
        def counted(_pids: list[int], carried: list[int] = carried) -> Iterator[None]:
            before = _loopback_bytes()
            yield
            carried.append(_loopback_bytes() - before)

        levels: list[Level] = []
        plan = BenchPlan(nodes, is_mesh, LoadKind.NOTICE, options.writers, options.seconds)
        run_bench(plan, None, levels.append, counted)
        for level, size in zip(levels, carried, strict=True):
            label = f"{nodes} nodes, {'mesh' if is_mesh else 'ring'}, {level.writers} writers"
            figures[f"{label}: writes/s, p50 and p99 ms"] = f"{level.rate:,.0f}, {level.p50_ms:.0f}, {level.p99_ms:.0f}"
            figures[f"{label}: processor µs, KiB on loopback (load included), KiB on disk"] = (
                f"{level.processor_us:,.0f}, {size / level.count / 1024:.1f}, {level.disk_bytes * nodes / 1024:.1f}"
            )
            print(label, f"{level.rate:,.0f}/s", flush=True)
    figures["beside it ran"] = options.beside
    write_report("shapes", "Networks of several sizes and shapes", figures)


if __name__ == "__main__":
    main()
