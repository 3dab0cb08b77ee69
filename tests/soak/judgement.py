"""What is judged of a soak: each rule with what was found and what was allowed. Pure.

Owns the bounds and what "flat" means: once a process has warmed up, the median of the last quarter of its life is
hardly above that of the first quarter; quarters, because faults make single samples jump. For descriptors and threads
warming up takes minutes; for memory it takes until every bounded memory of a node is full. Only lives that are long
enough are judged; a bound on the whole holds for all.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from tests.soak.samples import Life, Sample

MINUTE_S = 60.0
HOUR_S = 3600.0
MIB = 1024 * 1024
# For descriptors and threads: a start, and the connections that come with it.
SHORT_WARM_UP_S = 3 * MINUTE_S
# For memory. What fills last are the ids of messages that were seen, 15 MiB: two generations of 65,536. Without faults
# they are full after 12 minutes at 80 writes a second; faults make it longer. The 32,768 ids that wait to become a run
# on disk, 10 MiB, come and go before and after.
LONG_WARM_UP_S = 30 * MINUTE_S
# What is left of a life after that: shorter, a quarter is too few samples.
JUDGED_S_MIN = 12 * MINUTE_S
# At 80 writes a second, 288,000 an hour, a node that keeps 75 bytes of each for ever grows by 20 MiB an hour.
GROWTH_MIB_AN_HOUR_MAX = 20.0
# A node that started, with all that it may remember: about 120 MiB; and as much again for what it has in hand.
ANONYMOUS_MIB_MAX = 200.0
# What comes and goes: connections of clients and neighbours, which a fault leaves open for a while.
DESCRIPTORS_MORE_MAX = 8
# Worker threads are kept for some seconds after they were needed, and are bounded in number.
THREADS_MORE_MAX = 8
# Elections, an overslept process, and then clients that ask in turn: on a machine that is busy otherwise.
RESUMED_S_MAX = 60.0


class Verdict(NamedTuple):
    """One rule: what it says, what was found, and whether it holds."""

    rule: str
    found: str
    holds: bool


@dataclass(frozen=True)
class Quarters:
    """A life after its warm-up: medians of its first and last quarter, and the time between their middles."""

    life: Life
    lasted_s: float
    between_s: float
    first: tuple[Sample, ...]
    last: tuple[Sample, ...]

    def medians(self, what: Callable[[Sample], float]) -> tuple[float, float]:
        """Of the first and of the last quarter."""
        return median(map(what, self.first)), median(map(what, self.last))

    def growth(self, what: Callable[[Sample], float]) -> float:
        """How much more there is in the last quarter."""
        first, last = self.medians(what)
        return last - first

    def growth_an_hour(self, what: Callable[[Sample], float]) -> float:
        """The same, for an hour of it."""
        return self.growth(what) / self.between_s * HOUR_S


def lives_of(samples: Iterable[Sample]) -> dict[Life, list[Sample]]:
    """The samples of each process, in order."""
    found: dict[Life, list[Sample]] = {}
    for sample in samples:
        found.setdefault(sample.life, []).append(sample)
    return found


def quarters_of(life: Life, samples: Sequence[Sample], warm_up_s: float) -> Quarters | None:
    """What is judged of a life; None if it is too short."""
    began_s, ended_s = samples[0].at_s, samples[-1].at_s
    warm_s = began_s + warm_up_s
    if ended_s - warm_s < JUDGED_S_MIN:
        return None
    quarter_s = (ended_s - warm_s) / 4
    first = tuple(one for one in samples if warm_s <= one.at_s < warm_s + quarter_s)
    last = tuple(one for one in samples if one.at_s >= ended_s - quarter_s)
    return Quarters(life, ended_s - began_s, 3 * quarter_s, first, last)


def long_lives(samples: Iterable[Sample], warm_up_s: float) -> list[Quarters]:
    """All lives that are long enough, in order."""
    found = (quarters_of(life, seen, warm_up_s) for life, seen in sorted(lives_of(samples).items()))
    return [one for one in found if one is not None]


def flatness(samples: Sequence[Sample]) -> list[Verdict]:
    """Whether memory, descriptors and threads are flat in each life that is long enough for it; each rule names the
    worst of them."""
    return [
        *_flat(
            long_lives(samples, LONG_WARM_UP_S),
            lambda one: one.growth_an_hour(anonymous_mib),
            GROWTH_MIB_AN_HOUR_MAX,
            "anonymous memory grows by at most {} MiB an hour, once it is warm",
            "{:+.1f} MiB an hour",
        ),
        *_flat(
            long_lives(samples, SHORT_WARM_UP_S),
            lambda one: one.growth(descriptors_of),
            DESCRIPTORS_MORE_MAX,
            "file descriptors: at most {} more at the end of a life",
            "{:+g}",
        ),
        *_flat(
            long_lives(samples, SHORT_WARM_UP_S),
            lambda one: one.growth(threads_of),
            THREADS_MORE_MAX,
            "threads: at most {} more at the end of a life",
            "{:+g}",
        ),
    ]


def _flat(
    lives: Sequence[Quarters], growth: Callable[[Quarters], float], bound: float, rule: str, found: str
) -> list[Verdict]:
    """The verdict on the life that grew most; none where no life is long enough."""
    if not lives:
        return []
    worst = max(lives, key=growth)
    told = f"{found.format(growth(worst))}, node {worst.life.node}, of {len(lives)} processes"
    return [Verdict(rule.format(f"{bound:g}"), told, growth(worst) <= bound)]


def ceiling(samples: Sequence[Sample]) -> Verdict:
    """Whether no process ever had more memory than a node may."""
    most = max((anonymous_mib(one) for one in samples), default=0.0)
    rule = f"no process ever has more than {ANONYMOUS_MIB_MAX:g} MiB of anonymous memory"
    return Verdict(rule, f"{most:.1f} MiB at most", most <= ANONYMOUS_MIB_MAX)


def resumption(resumed_s: Sequence[float]) -> Verdict:
    """Whether writes go on soon enough once a fault is over."""
    worst_s = max(resumed_s, default=0.0)
    return Verdict(
        f"the next write is acknowledged within {RESUMED_S_MAX:g} s after the end of a fault",
        f"{worst_s:.1f} s at worst",
        worst_s <= RESUMED_S_MAX,
    )


def anonymous_mib(sample: Sample) -> float:
    """Memory that is the process' own, without the pages of its database."""
    return sample.anonymous_bytes / MIB


def descriptors_of(sample: Sample) -> float:
    """Open files and sockets."""
    return sample.descriptors


def threads_of(sample: Sample) -> float:
    """Threads."""
    return sample.threads
