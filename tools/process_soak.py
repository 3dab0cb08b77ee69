"""Shake one network of real processes for a long time: `make process-soak`.

Four nodes on hosts of their own, clients that write all the while, faults of every kind: what is done and judged stands
in docs/reference/soak.md. The seed is printed; it says which faults come, in which order and for how long. The exit
status is 1 if a rule was broken.

Run: `python -m tools.process_soak [--minutes M] [--nodes N] [--rate W] [--seed N] [--folder DIR]
[--page FILE] [--note TEXT] [--record FILE]`
"""

import argparse
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from cli.application import version
from cli.source_commit import source_commit
from tests.soak.page import page
from tests.soak.record import write_record
from tests.soak.run import Soak

SEED_BITS = 32


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak, tell, and write the page; 1 if a rule was broken."""
    parser = argparse.ArgumentParser(description="one network of real processes under load and faults")
    parser.add_argument("--minutes", type=float, default=70.0)
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--rate", type=float, default=80.0, help="writes a second")
    parser.add_argument("--seed", type=int, default=None, help="drawn if it is not given")
    parser.add_argument("--folder", type=Path, default=None, help="takes the nodes' folders, and is kept")
    parser.add_argument("--page", type=Path, default=None, help="where the report goes")
    parser.add_argument("--record", type=Path, default=None, help="where its figures go, for another page of them")
    parser.add_argument("--note", default="", help="what its readers have to know of the machine")
    options = parser.parse_args(arguments)
    seed = secrets.randbits(SEED_BITS) if options.seed is None else options.seed
    commit = source_commit(version())
    began_s = time.monotonic()

    def tell(text: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began_s:7.1f} {text}\n")
        sys.stdout.flush()

    tell(f"seed {seed}, commit {commit}")
    with tempfile.TemporaryDirectory(prefix="banyan-soak-") as temporary:
        folder = Path(temporary) / "network" if options.folder is None else options.folder
        folder.mkdir(parents=True)
        soak = Soak(folder, options.nodes, options.minutes * 60, options.rate, seed, tell)
        soak.run()
        if options.record is not None:
            write_record(soak, commit, options.record)
        if options.page is not None:
            options.page.write_text(page(soak, commit, options.note), encoding="utf-8")
    for verdict in soak.verdicts:
        tell(f"{'holds' if verdict.holds else 'BROKEN'}: {verdict.rule}: {verdict.found}")
    return 0 if soak.holds else 1


if __name__ == "__main__":
    sys.exit(main())
