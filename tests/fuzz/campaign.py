"""Trying inputs: change one that is known, see which ways it takes, keep it if it takes a new one, stop at a fault.

Which inputs are tried follows from the seed, the code and the corpus alone.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.fuzz.arcs import Arcs
from tests.fuzz.bounds import Finding, judged
from tests.fuzz.kept_inputs import kept
from tests.fuzz.mutation import mutated
from tests.fuzz.target import Target

ROOT = str(Path(__file__).resolve().parent.parent.parent)
# What was found last is changed most often; the rest has its turn.
_NEWEST = 32
FOUND_MAX = 2000
SHRINK_STEPS_MAX = 400
# Counting what is held takes three times as long; what makes the whole process grow is counted at once.
COUNTED_EVERY = 64


class Fault(NamedTuple):
    """An input that is not taken as promised."""

    target: str
    data: bytes
    finding: Finding


class Campaign:
    """One target, tried again and again; `inputs` counts them and `found` are those that took a new way."""

    def __init__(self, target: Target, seed: int, folder: Path | None = None) -> None:
        self._target = target
        self._chance = Random(f"{seed}/{target.name}")
        self._arcs = Arcs(ROOT, target.by_lines)
        self._kinds: set[str] = set()
        known = kept(target.name) if folder is None else kept(target.name, folder)
        self._waiting = [*target.samples(), *known]
        self._known = list(self._waiting)
        self.inputs = 0
        self.found: list[bytes] = []

    @property
    def arc_count(self) -> int:
        """How many different steps through the code were seen."""
        return len(self._arcs.seen)

    def tries(self) -> Iterator[Fault | None]:
        """Try one input after the other, for ever: the fault, each kind once, or None."""
        while True:
            yield self._try(self._waiting.pop() if self._waiting else self._made())

    def _made(self) -> bytes:
        pool = self._known
        if self.found and self._chance.random() < 0.5:
            pool = self.found[-_NEWEST:]
        return mutated(self._chance.choice(pool), self._known, self._chance)

    def _try(self, data: bytes) -> Fault | None:
        self.inputs += 1
        new: set[object] = set()
        is_counted = self.inputs % COUNTED_EVERY == 0
        finding = judged(
            self._target, data, lambda data: new.update(self._arcs.of(self._target.check, data)), is_counted
        )
        if finding is None:
            if new and data not in self._known and len(self.found) < FOUND_MAX:
                self.found.append(data)
                self._known.append(data)
            return None
        if finding.kind in self._kinds:
            return None
        self._kinds.add(finding.kind)
        return Fault(self._target.name, shrunk(self._target, data, finding), finding)


def shrunk(target: Target, data: bytes, finding: Finding) -> bytes:
    """The same fault with fewer bytes, as far as taking pieces out goes."""
    if finding.kind in ("time", "memory"):
        return data
    size, steps = len(data) // 2, 0
    while size:
        at = 0
        while at < len(data) and steps < SHRINK_STEPS_MAX:
            steps += 1
            shorter = data[:at] + data[at + size :]
            again = judged(target, shorter)
            if again is not None and again.kind == finding.kind:
                data = shorter
            else:
                at += size
        size //= 2
    return data
