"""Seeds that the commit's hash chooses: other ones for each commit, the same for everybody who looks at it."""

import hashlib
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def seeds_of_this_commit(count: int) -> list[int]:
    """So many seeds of 32 bits; without git, those of no commit."""
    told = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    commit = told.stdout.strip() if told.returncode == 0 else ""
    return [int.from_bytes(hashlib.sha256(f"{commit} {number}".encode()).digest()[:4]) for number in range(count)]
