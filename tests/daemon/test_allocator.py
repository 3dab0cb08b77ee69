"""Free memory goes back to the system, also from between what is in use."""

import subprocess
import sys

import pytest

from daemon import allocator

# In a process of its own: what it measures is its memory. Many blocks are freed, and one in twenty stays.
FRAGMENTED = """
from daemon.allocator import give_back, settle_allocator
from pathlib import Path
from random import Random

def anonymous_kib():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if "RssAnon" in line)

settle_allocator()
chance = Random(1)
blocks = [bytes(chance.randrange(600, 4000)) for _ in range(30_000)]
kept = blocks[::200]
del blocks
before = anonymous_kib()
assert give_back()
print(before - anonymous_kib())
"""


def test_what_is_free_between_blocks_in_use_is_given_back() -> None:
    """About 67 MiB were taken, and all but a hundredth of that is free."""
    done = subprocess.run([sys.executable, "-c", FRAGMENTED], capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) > 20 * 1024


def test_a_library_without_it_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator, "_function", lambda name: None)
    allocator.settle_allocator()
    assert allocator.give_back() is False
