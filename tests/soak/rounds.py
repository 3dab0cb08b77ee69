"""What happens to the network in a soak: rounds of faults, drawn from a seed, in three parts.

Owns the order and the length of faults. In the first part everything may happen to every node; in the second the
processes of half of the nodes, which are drawn, live on; in the third no process ends, so that each has a long life to
be looked at.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from tests.soak.steady_writers import SteadyWriters
from tests.system import faults
from tests.system.faults import Fault
from tests.system.real_network import RealNetwork

# A fault may come and go within an election, or outlast a few; now and then it lasts.
SHORT_S, LONG_S = (0.2, 6.0), (15.0, 40.0)
LONG_SHARE = 0.12
# Long enough for a node that was away to be so far behind that it takes a snapshot.
AWAY_S = (60.0, 90.0)
CALM_S = (1.0, 8.0)
# Writes that have to be acknowledged after each round before the next begins.
WRITES_BETWEEN = 10


class Kind(NamedTuple):
    """A fault, how often it is drawn beside others, and whether others may come with it."""

    name: str
    fault: Fault
    weight: int
    is_alone: bool = False
    lasts_s: tuple[float, float] | None = None


KILL, KILL_LEADER = Kind("kill -9 of one", faults.kill, 4), Kind("kill -9 of the leader", faults.kill_leader, 3)
ENDING = (
    KILL,
    KILL_LEADER,
    Kind("stopped and started", faults.restart, 4, is_alone=True),
    Kind("an old database put back", faults.bring_back_an_old_database, 1),
    Kind("one away for more than a minute", faults.kill, 1, is_alone=True, lasts_s=AWAY_S),
)
OF_ALL = (Kind("kill -9 of all", faults.kill_all, 2),)
STANDING_STILL = (Kind("one stands still", faults.sleep, 3),)
CUTS = (
    Kind("two groups", faults.part_at_random, 3),
    Kind("nobody hears one", faults.silence, 2),
    Kind("one hears nobody", faults.deafen, 2),
    Kind("links cut at random", faults.cut_some, 3),
)


class Part(NamedTuple):
    """A part of the soak: its name, its share of the time, what may happen, and to whose processes."""

    name: str
    share: float
    kinds: tuple[Kind, ...]
    is_half_spared: bool


def parts(voters: int) -> tuple[Part, ...]:
    """The parts of a soak of so many nodes."""
    cuts = CUTS if voters > 1 else ()
    return (
        Part("everything, to all", 0.2, ENDING + OF_ALL + STANDING_STILL + cuts, False),
        Part("everything, and half of the processes live on", 0.45, ENDING + STANDING_STILL + cuts, voters > 1),
        Part("no process ends", 0.35, STANDING_STILL + cuts, False),
    )


class Round(NamedTuple):
    """What happened, from when to when, and what clients noticed; times in seconds."""

    part: str
    faults: tuple[str, ...]
    lasted_s: float
    pause_s: float
    resumed_s: float


@dataclass
class Rounds:
    """Rounds of faults on a network under load, until they are done; `between` is called after each."""

    network: RealNetwork
    writers: SteadyWriters
    chance: Random
    between: Callable[[], None]
    tell: Callable[[str], None]
    done: list[Round] = field(default_factory=list)

    def run(self, seconds: float) -> None:
        """So many seconds of them, and what the last one needs to end well."""
        everybody = range(len(self.network.nodes))
        spared = self.chance.sample(everybody, len(everybody) // 2)
        for part in parts(len(everybody)):
            mortal = [number for number in everybody if not (part.is_half_spared and number in spared)]
            self.tell(f"part: {part.name}" + (f" (nodes {spared})" if part.is_half_spared else ""))
            ends_s = time.monotonic() + part.share * seconds
            while (left_s := ends_s - time.monotonic()) > 0:
                self._round(part, mortal, left_s)
                self.between()

    def _round(self, part: Part, mortal: Sequence[int], left_s: float) -> None:
        kinds, lasts_s = self._drawn(part, left_s)
        if KILL_LEADER in kinds and self.network.leader_among(mortal) is None:
            kinds = [KILL if kind is KILL_LEADER else kind for kind in kinds]
        names = tuple(kind.name for kind in kinds)
        self.tell(f"{' and '.join(names)}, for {lasts_s:.1f} s")
        began_s = time.monotonic()
        mends = [kind.fault(self.network, self.chance, mortal) for kind in kinds]
        _wait(lasts_s)
        for mend in mends:
            mend()
        self.network.links.heal()
        mended_s = time.monotonic()
        self.network.wait_leader()
        told = len(self.writers.told)
        self.network.wait(lambda: len(self.writers.told) >= told + WRITES_BETWEEN, "writes go on")
        self.writers.check()
        ended_s = time.monotonic()
        resumed_s = self.writers.first_told_after(mended_s)
        assert resumed_s is not None
        pause_s = self.writers.longest_pause_s(began_s, ended_s)
        self.done.append(Round(part.name, names, mended_s - began_s, pause_s, resumed_s - mended_s))
        _wait(min(self.chance.uniform(*CALM_S), left_s))

    def _drawn(self, part: Part, left_s: float) -> tuple[list[Kind], float]:
        """What happens next, and for how long: no longer than the part has left."""
        weights = [kind.weight for kind in part.kinds]
        first, second = self.chance.choices(part.kinds, weights, k=2)
        wants_two = self.chance.random() < 1 / 3
        is_pair = wants_two and first is not second and not first.is_alone and not second.is_alone
        is_long = self.chance.random() < LONG_SHARE
        lasts_s = self.chance.uniform(*(first.lasts_s or (LONG_S if is_long else SHORT_S)))
        return [first, second] if is_pair else [first], min(lasts_s, left_s)


def _wait(seconds: float) -> None:
    """Let things go on for so long, whatever comes of it."""
    threading.Event().wait(seconds)
