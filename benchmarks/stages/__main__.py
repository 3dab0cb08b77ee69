"""Processor time of a transaction on all nodes, split by stage, while many write; and what it makes a node send.

Three real nodes under the load of `banyan bench`, 256 writers. The event loop of each is sampled by its own processor
clock (`benchmarks.stages.profiled_node`); threads count whole, for what they are there for.

Run: `python -m benchmarks.stages [--seconds S] [--writers W] [--folder DIR]`
"""

import argparse
import json
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.report import write_report
from benchmarks.stages.profiled_node import ENVIRONMENT
from benchmarks.stages.stage_of import STAGES, stage_of_thread
from cli.bench.run import BenchPlan, Level, Loaded, run_bench
from cli.bench.signed_load import LoadKind

NODES = 3
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
KINDS = (
    ("notices", LoadKind.NOTICE, False),
    ("notices in batches", LoadKind.NOTICE, True),
    ("member records", LoadKind.MEMBER, False),
)


class Watched:
    """The threads of the nodes, before and after the load."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pids: list[int] = []
        self._before: dict[tuple[int, str], float] = {}
        # Seconds of the event loops by process, and of other threads by stage.
        self.loops_s: dict[int, float] = {}
        self.threads_s: dict[str, float] = defaultdict(float)

    @contextmanager
    def loaded(self, pids: list[int]) -> Iterator[None]:
        """While the nodes are loaded."""
        self._pids, self._before = pids, _thread_seconds(pids)
        (self._folder / "on").touch()
        yield
        (self._folder / "on").unlink()
        for (pid, name), now_s in _thread_seconds(pids).items():
            seconds = now_s - self._before.get((pid, name), 0.0)
            if name:
                self.threads_s[stage_of_thread(name)] += seconds
            else:
                self.loops_s[pid] = seconds

    def stages_us(self, count: int) -> dict[str, float]:
        """Microseconds of all nodes for one of `count` transactions, by stage."""
        found = self.threads_s.copy()
        for pid, seconds in self.loops_s.items():
            samples: dict[str, int] = json.loads((self._folder / f"{pid}.json").read_text())
            whole = sum(samples.values())
            for stage, number in samples.items():
                found[stage] += seconds * number / whole
        return {stage: found[stage] / count * 1_000_000 for stage in STAGES}


def _thread_seconds(pids: list[int]) -> dict[tuple[int, str], float]:
    """Processor seconds by process and name of thread, "" for the main one."""
    found: dict[tuple[int, str], float] = defaultdict(float)
    for pid in pids:
        for folder in Path(f"/proc/{pid}/task").iterdir():
            try:
                name, stat = (folder / "comm").read_text().strip(), (folder / "stat").read_text()
            except OSError:  # It has ended meanwhile.
                continue
            user, system = stat.rpartition(")")[2].split()[11:13]
            key = (pid, "" if folder.name == str(pid) else name)
            found[key] += (int(user) + int(system)) / _TICKS_PER_S
    return found


def measure(
    kind: LoadKind, in_batches: bool, writers: int, seconds: float, folder: Path
) -> tuple[Level, Watched, Path]:
    """One load; the folder has the samples until it is removed."""
    samples = Path(tempfile.mkdtemp(prefix="banyan-stages-"))
    os.environ[ENVIRONMENT] = str(samples)
    watched = Watched(samples)
    plan = BenchPlan(NODES, is_mesh=True, kind=kind, writers=(writers,), seconds=seconds, in_batches=in_batches)
    loaded: Loaded = watched.loaded
    (level,) = run_bench(plan, folder, lambda _level: None, loaded, module="benchmarks.stages.profiled_node")
    return level, watched, samples


def main() -> None:
    """Measure and write `benchmarks/results/stages.{json,md}`."""
    parser = argparse.ArgumentParser(description="processor time by stage")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--writers", type=int, default=256)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="on which disk")
    options = parser.parse_args()
    figures: dict[str, object] = {"nodes, writers": f"{NODES}, {options.writers}"}
    for name, kind, in_batches in KINDS:
        level, watched, samples = measure(kind, in_batches, options.writers, options.seconds, options.folder)
        figures[f"{name}: writes/s"] = round(level.rate)
        figures[f"{name}: µs of all nodes for one"] = round(level.processor_us)
        figures |= {f"{name}: of which {stage}": round(us) for stage, us in watched.stages_us(level.count).items()}
        for file in samples.iterdir():
            file.unlink()
        samples.rmdir()
    for label, figure in figures.items():
        print(f"{label}: {figure}")
    write_report("stages", "Processor time of a transaction by stage, three nodes", figures)


if __name__ == "__main__":
    main()
