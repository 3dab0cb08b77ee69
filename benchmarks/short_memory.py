"""Whether nodes are as fast where their ledgers do not fit into memory: the same writers with all of it, with little.

Three real `banyan run` processes on a ledger that was made beforehand, in a memory control group (cgroups(7)) of their
own, so root is needed. Rounds go from no limit to the limit, and each round's ratio is of its own time. Before each
start the databases are driven out of memory, since what is there already counts for no group.

Run: `python -m benchmarks.short_memory [--mebibytes N] [--entries N] [--rounds N] [--seconds S] [--folder DIR]`
Ledgers in DIR are used again.
"""

import argparse
import os
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.large_ledger import network_of, rate_of
from benchmarks.report import write_report
from cli.demo.network import NodePlace

NODES = 3
MIB = 1024 * 1024
# What nodes and their databases take without a limit: never reached.
NO_LIMIT_MIB = 1 << 20
_UNIFIED, _FORMER = Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/memory")


@contextmanager
def memory_group() -> Iterator[Path]:
    """A memory control group, removed afterwards; its processes must have ended by then."""
    is_unified = (_UNIFIED / "cgroup.controllers").exists()
    group = (_UNIFIED if is_unified else _FORMER) / f"banyan-benchmark-{os.getpid()}"
    try:
        if is_unified:
            (_UNIFIED / "cgroup.subtree_control").write_text("+memory")
        group.mkdir()
    except OSError as error:
        raise SystemExit(f"no memory control group can be made in {group.parent} ({error}): run it as root") from error
    try:
        yield group
    finally:
        group.rmdir()


@contextmanager
def limited(group: Path, mebibytes: int) -> Iterator[None]:
    """Processes that are started inside belong to the group and have so much memory together; this one goes back."""
    former = group / "memory.limit_in_bytes"
    (former if former.exists() else group / "memory.max").write_text(str(mebibytes * MIB))
    home = _group_of_this_process(group)
    (group / "cgroup.procs").write_text(str(os.getpid()))
    try:
        yield
    finally:
        (home / "cgroup.procs").write_text(str(os.getpid()))


def _group_of_this_process(group: Path) -> Path:
    """Where it was before, in the same hierarchy as `group`."""
    wanted = "" if group.parent == _UNIFIED else "memory"
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == wanted:
            return group.parent / path.lstrip("/")
    return group.parent


def forget_pages(places: list[NodePlace]) -> None:
    """Have the system let go of what it keeps in memory of the databases."""
    for place in places:
        with (place.home / "db" / "data.mdb").open("rb") as opened:
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> None:
    """Measure and write `benchmarks/results/short-memory.{json,md}`."""
    parser = argparse.ArgumentParser(description="a ledger that is larger than memory")
    parser.add_argument("--mebibytes", type=int, default=600, help="memory of the three nodes together")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--writers", type=int, default=256)
    parser.add_argument("--folder", type=Path, help="where the ledger is kept, or is already")
    parser.add_argument("--beside", default="nothing", help="what else ran on the machine, for the report")
    options = parser.parse_args()
    rounds: list[list[float]] = []
    with tempfile.TemporaryDirectory(prefix="banyan-short-") as name, memory_group() as group:
        places = network_of((options.folder or Path(name)) / f"{options.entries}-{NODES}", options.entries, NODES)
        for _ in range(options.rounds):
            found: list[float] = []
            for mebibytes in (NO_LIMIT_MIB, options.mebibytes):
                forget_pages(places)
                found.append(rate_of(places, options.writers, options.seconds, partial(limited, group, mebibytes)))
            rounds.append(found)
        databases_mib = sum((place.home / "db" / "data.mdb").stat().st_size for place in places) // MIB
    figures: dict[str, object] = {
        "entries": options.entries,
        "nodes, writers, rounds, seconds each": f"{NODES}, {options.writers}, {options.rounds}, {options.seconds:g}",
        "databases of all nodes, MiB": databases_mib,
        "memory of all nodes, their databases' pages included, MiB": options.mebibytes,
        "notices/s, without and with the limit, median": ", ".join(
            f"{statistics.median(one[place] for one in rounds):.0f}" for place in range(2)
        ),
        "with of without, each round": ", ".join(f"{short / long:.2f}" for long, short in rounds),
        "with of without, median": round(statistics.median(short / long for long, short in rounds), 2),
        "beside it ran": options.beside,
    }
    write_report("short-memory", "Three nodes on ledgers that are larger than their memory", figures)
    for label, value in figures.items():
        print(f"{label}: {value}")


if __name__ == "__main__":
    main()
