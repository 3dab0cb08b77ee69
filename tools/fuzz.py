"""Send peers' bytes that are nearly right to everything that reads them: `make fuzz`.

Each target of `tests/fuzz/` takes its turn until the time is up. The seed is drawn and printed; with the same seed,
code and corpus the same inputs are tried in the same order. A fault is printed with the smallest input that shows it,
which is written to a file that `--replay` reads. The exit status is 1 if there was one.

Run: `python -m tools.fuzz [--minutes M] [--seed N] [--targets NAME,…] [--faults DIR] [--keep]`, or
`python -m tools.fuzz --replay FILE`
"""

import argparse
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

from tests.fuzz.bounds import judged
from tests.fuzz.campaign import Campaign, Fault
from tests.fuzz.kept_inputs import keep
from tests.fuzz.targets import TARGETS, TURNS

# Seconds since whenever.
Clock: TypeAlias = Callable[[], float]

SEED_BITS = 32
# A turn is long enough for the change of target not to matter.
TURN_S = 1.0


def main(arguments: Sequence[str] | None = None, clock: Clock = time.monotonic) -> int:
    """Try inputs until the time is up; 1 if a fault was found."""
    parser = argparse.ArgumentParser(description="try everything that reads what a peer sends")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=None, help="drawn if it is not given")
    parser.add_argument("--targets", default="", help="only these, with commas between them; see tests/fuzz/targets.py")
    parser.add_argument("--faults", type=Path, default=Path("fuzz-faults"), help="where inputs that fail are written")
    parser.add_argument("--keep", action="store_true", help="add to the corpus what took a new way through the code")
    parser.add_argument("--replay", type=Path, default=None, help="try this input alone; its name begins with a target")
    options = parser.parse_args(arguments)
    if options.replay is not None:
        return replay(options.replay)
    names = [name for name in options.targets.split(",") if name] or list(TARGETS)
    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        parser.error(f"no target is called {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    seed = secrets.randbits(SEED_BITS) if options.seed is None else options.seed
    sys.stdout.write(f"seed {seed}, {options.minutes:g} minutes, {len(names)} targets\n")
    campaigns = {name: Campaign(TARGETS[name], seed) for name in names}
    faults = _try_all(campaigns, options.minutes * 60, options.faults, clock)
    for name, campaign in campaigns.items():
        size = keep(name, campaign.found) if options.keep else len(campaign.found)
        sys.stdout.write(f"{name:32} {campaign.inputs:9} inputs {campaign.arc_count:6} steps of code {size:5} kept\n")
    total = sum(campaign.inputs for campaign in campaigns.values())
    sys.stdout.write(f"{total} inputs, {faults} faults\n")
    return 1 if faults else 0


def replay(path: Path) -> int:
    """Try the input in a file; 1 if it is not taken as promised."""
    name = path.name.rpartition("-")[0]
    if name not in TARGETS or not path.is_file():
        sys.stderr.write(f"{path} is no file TARGET-NUMBER.bin, as faults are written to\n")
        return 2
    finding = judged(TARGETS[name], path.read_bytes())
    sys.stdout.write("taken as it should be\n" if finding is None else f"{finding.kind}\n{finding.text}\n")
    return 0 if finding is None else 1


def _try_all(campaigns: dict[str, Campaign], seconds: float, folder: Path, clock: Clock) -> int:
    """How many faults there were; by turns, until the time is up."""
    ends, faults = clock() + seconds, 0
    turns = {name: campaign.tries() for name, campaign in campaigns.items()}
    while clock() < ends:
        for name in campaigns:
            turn_ends = min(ends, clock() + TURN_S * TURNS.get(name, 1))
            while clock() < turn_ends:
                fault = next(turns[name])
                if fault is not None:
                    faults += 1
                    _tell(fault, folder)
    return faults


def _tell(fault: Fault, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{fault.target}-{sha256(fault.data).hexdigest()[:12]}.bin"
    path.write_bytes(fault.data)
    sys.stdout.write(f"FAULT {fault.target}: {fault.finding.kind}\n{fault.finding.text}\n")
    sys.stdout.write(f"  python -m tools.fuzz --replay {path}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
