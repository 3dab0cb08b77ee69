"""Simulate whole networks with fresh seeds for a while: `make soak`.

The first seed is drawn and printed; sizes and seeds follow from it, so a run can be repeated. A failure prints rule,
seed, commit and the fewest faults with which it still fails, and writes page, figures and trace; the others go on. The
exit status is 1 if a rule was broken.

Run: `python -m tools.soak [--minutes M] [--seeds N] [--first SEED] [--sizes 1,3,4,5,7] [--seconds S] [--jobs N]
[--report DIR]`
"""

import argparse
import multiprocessing
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from cli.application import version
from cli.commands.simulate import write_report
from cli.source_commit import source_commit
from daemon.collector import calm_collector
from simulator.liars.every_liar import LIARS, LYING_NODES_MIN, scenario_with_liar
from simulator.report import command
from simulator.run import run
from simulator.scenario import Scenario

SEEDS_MAX = 1_000_000
SEED_BITS = 32
# So many are handed out ahead of each worker, so that none waits for another's long run.
AHEAD = 2
# Progress beside a liar is given longer, so that faults have as long as in the other runs.
LIARS_SECONDS_MORE = 20
# So many runs take some minutes.
TOLD_EVERY = 100


class Task(NamedTuple):
    """One run that is to be judged."""

    nodes: int
    seconds: int
    seed: int
    commit: str
    folder: Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run seeds until the time or their number is up; 1 if a rule was broken."""
    parser = argparse.ArgumentParser(description="simulate networks with fresh seeds")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, default=SEEDS_MAX, help="at most so many, of all sizes together")
    parser.add_argument("--first", type=int, default=None, help="where seeds begin; drawn if it is not given")
    parser.add_argument("--sizes", default="1,3,4,5,7", help="numbers of voters, in turn; one of 4 lies")
    parser.add_argument("--seconds", type=int, default=60, help="virtual seconds of each run")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--report", type=Path, default=Path("soak-reports"))
    options = parser.parse_args(arguments)
    first = secrets.randbits(SEED_BITS) if options.first is None else options.first
    commit = source_commit(version())
    sizes = [int(size) for size in options.sizes.split(",")]
    sys.stdout.write(f"first seed {first}, commit {commit}\n")
    tasks = (
        Task(sizes[number % len(sizes)], options.seconds, first + number // len(sizes), commit, options.report)
        for number in range(min(options.seeds, SEEDS_MAX))
    )
    done, failures = _judge_all(tasks, options.jobs, options.minutes * 60)
    sys.stdout.write(f"{done} runs of {options.seconds} virtual seconds, {failures} broke a rule\n")
    return 1 if failures else 0


def judge(task: Task) -> str:
    """What to print of a run that broke a rule; empty if it held all."""
    calm_collector()
    report = run(task.seed, _scenario(task), task.commit)
    if report.violation is None:
        return ""
    files = write_report(task.folder, report)
    lines = [
        f"BROKEN {report.violation.rule}: {report.violation.text}",
        f"  {command(report)}",
        f"  commit {task.commit}",
        *(f"  {fault}" for fault in report.faults),
        *(f"  {kind}: {path}" for kind, path in files.items()),
    ]
    return "\n".join(lines) + "\n"


def _scenario(task: Task) -> Scenario:
    if task.nodes == LYING_NODES_MIN:
        return scenario_with_liar(list(LIARS)[task.seed % len(LIARS)], task.seconds + LIARS_SECONDS_MORE)
    return Scenario(nodes=task.nodes, seconds=task.seconds, reminders=task.seed % 2 == 1)


def _judge_all(tasks: Iterator[Task], jobs: int, seconds: float) -> tuple[int, int]:
    """How many runs there were, and how many broke a rule."""
    ends = time.monotonic() + seconds
    done = failures = 0
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        waiting: set[Future[str]] = {pool.submit(judge, task) for task in islice(tasks, jobs * AHEAD)}
        while waiting:
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for one in finished:
                done += 1
                told = one.result()
                failures += bool(told)
                sys.stdout.write(told)
                if done % TOLD_EVERY == 0:
                    sys.stdout.write(f"{done} runs, {failures} broke a rule\n")
                sys.stdout.flush()
            if time.monotonic() < ends:
                waiting |= {pool.submit(judge, task) for task in islice(tasks, len(finished))}
    return done, failures


if __name__ == "__main__":
    sys.exit(main())
