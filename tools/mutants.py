"""Break agreement on purpose, one rule at a time, and show that the tests notice: `make mutants`.

Each mutant is an edit of `consensus/`, `daemon/` or `storage/` in a temporary copy of the tree, never of the checkout,
which an interrupt leaves as it was too. It is caught when the test named with it fails there; those of the core are run
under random faults beside that (`tests/consensus/chaos.py`), and the table says which seed notices. A mutant that its
test does not notice is an error, and so is one whose old text is not in the file any more, or more than once: the list
must follow the code. docs/reference/agreement-tests.md names them all.

Run: `python -m tools.mutants [--check] [--seeds N] [--jobs N] [NAME …]`, 4 to 5 minutes of one core
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tools.mutant import Mutant
from tools.mutant_list import MUTANTS

ROOT = Path(__file__).resolve().parent.parent
# What the tests named need, and nothing that they do not.
COPIED = ("ledger", "consensus", "contracts", "p2p", "storage", "daemon", "tests", "pyproject.toml")
TIMEOUT_S = 300


class Outcome(NamedTuple):
    """What became of one mutant; `seed` is the first one that noticed, None if none did."""

    mutant: Mutant
    fault: str
    seed: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Try every mutant; 1 if one survives or the list does not fit the code."""
    parser = argparse.ArgumentParser(description="break agreement on purpose; the tests must notice")
    parser.add_argument("--seeds", type=int, default=25, help="random faults for each mutant; 0: only its test")
    parser.add_argument("--jobs", type=int, default=1, help="mutants at one time")
    parser.add_argument("--check", action="store_true", help="only see whether the list fits the code")
    parser.add_argument("names", nargs="*", help="only these")
    options = parser.parse_args(arguments)
    chosen = [mutant for mutant in MUTANTS if not options.names or mutant.name in options.names]
    misfits = [f"{mutant.name}: {complaint}" for mutant in chosen for complaint in misfits_of(mutant, ROOT)]
    if misfits or not chosen:
        sys.stderr.writelines(f"{line}\n" for line in misfits or ["no such mutant"])
        return 1
    if options.check:
        return 0
    if not _passes_unbroken(chosen):
        sys.stderr.write("the tests fail without any mutant: mend that first\n")
        return 1
    try:
        outcomes = _try_all(chosen, options.seeds, options.jobs)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; nothing of this checkout was touched\n")
        return 130
    _print_table(outcomes, options.seeds)
    survivors = [one.mutant.name for one in outcomes if one.fault]
    for one in outcomes:
        if one.fault:
            sys.stderr.write(f"{one.mutant.name}: {one.fault}\n")
    return 1 if survivors else 0


def misfits_of(mutant: Mutant, root: Path) -> list[str]:
    """Why the mutant cannot be made in this tree: each old text has to stand in its file exactly once."""
    found = []
    for edit in mutant.edits:
        count = (root / edit.file).read_text("utf-8").count(edit.old)
        if count != 1:
            found.append(f"{edit.file} has the text {count} times instead of once: {edit.old!r}")
    test_file, _, name = mutant.test.partition("::")
    if f"def {name.partition('[')[0]}(" not in (root / test_file).read_text("utf-8"):
        found.append(f"there is no test {mutant.caught_by}")
    return found


def apply(mutant: Mutant, root: Path) -> None:
    """Edit the tree at `root`, a copy."""
    for edit in mutant.edits:
        path = root / edit.file
        path.write_text(path.read_text("utf-8").replace(edit.old, edit.new), "utf-8")


def _copy_to(folder: Path) -> None:
    """What is compiled goes along: it counts by the time of its source, so only what is edited is compiled anew."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copy(source, folder / name)


def _run(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit status and output of Python in the copy; -1 where it does not end, which is a way to be noticed."""
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, our own arguments
            [sys.executable, "-B", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return -1, "does not end"
    return done.returncode, done.stdout + done.stderr


def _run_tests(folder: Path, tests: Sequence[str]) -> tuple[int, str]:
    return _run(folder, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *tests)


def _passes_unbroken(mutants: Sequence[Mutant]) -> bool:
    with tempfile.TemporaryDirectory(prefix="banyan-mutant-") as name:
        folder = Path(name)
        _copy_to(folder)
        status, output = _run_tests(folder, sorted({mutant.test for mutant in mutants}))
        if status:
            sys.stderr.write(output[-4000:])
        return status == 0


def _try_all(mutants: Sequence[Mutant], seeds: int, jobs: int) -> list[Outcome]:
    """All outcomes, in order; an interrupt ends it after those that run, with nothing left behind."""
    pool = ThreadPoolExecutor(jobs)
    try:
        return [one.result() for one in [pool.submit(_try, mutant, seeds) for mutant in mutants]]
    finally:
        pool.shutdown(cancel_futures=True)


def _try(mutant: Mutant, seeds: int) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="banyan-mutant-") as name:
        folder = Path(name)
        _copy_to(folder)
        apply(mutant, folder)
        status, output = _run_tests(folder, [mutant.test])
        # 1: tests failed. Anything else, such as a test that is not found, proves nothing.
        fault = "" if status in (1, -1) else f"survives {mutant.test} (exit {status}):\n{output[-2000:]}"
        seed = "-"
        if seeds and mutant.is_of_the_core:
            status, output = _run(folder, "-m", "tests.consensus.chaos", "--seeds", str(seeds))
            seed = output.partition(":")[0] if status else "none"
        print(f"{mutant.name}: {'SURVIVES' if fault else 'caught'}; random faults: {seed}", file=sys.stderr, flush=True)
        return Outcome(mutant, fault, seed)


def _print_table(outcomes: Sequence[Outcome], seeds: int) -> None:
    print(f"| mutant | why it is dangerous | test that notices | of {seeds} random worlds, the first that notices |")
    print("|---|---|---|---|")
    for mutant, fault, seed in outcomes:
        test = "**none**" if fault else f"`{mutant.test.removeprefix('tests/')}`"
        print(f"| {mutant.name} | {mutant.why} | {test} | {seed} |")
    caught = sum(not one.fault for one in outcomes)
    by_faults = sum(one.seed.startswith("seed") for one in outcomes)
    print(f"\n{caught} of {len(outcomes)} mutants are caught by their tests, {by_faults} by random faults too.")


if __name__ == "__main__":
    sys.exit(main())
