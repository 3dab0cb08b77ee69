"""The report of a soak as a page of the documentation. Pure, but for the words about the machine."""

import platform
from collections.abc import Callable, Iterable, Sequence
from statistics import median

from tests.soak.judgement import (
    LONG_WARM_UP_S,
    MIB,
    SHORT_WARM_UP_S,
    Quarters,
    anonymous_mib,
    descriptors_of,
    long_lives,
    threads_of,
)
from tests.soak.rounds import Round
from tests.soak.run import Soak
from tests.soak.samples import Sample

# So many lines show how it went.
LINES = 13
TWO_AT_ONCE = "two of these at once"
PAUSES = """\
Each fault is followed by calm and writes. A *pause* is the longest time in which none of the clients was told of a
write, from the beginning of the fault until writes went on after it; where a fault leaves no quorum it lasts as long as
the fault. *Resumed* is the time from the end of the fault to the next write."""
LIVES = f"""\
Each process that lived long enough: the median of the first quarter of its life after its warm-up, and that of the
last. The warm-up is {SHORT_WARM_UP_S / 60:.0f} minutes for descriptors and threads, {LONG_WARM_UP_S / 60:.0f} for
memory (`-`: the life was too short for that)."""
FAULT_COLUMNS = ("fault", "times", "median length, s", "median pause, s", "longest pause, s", "slowest resumed, s")
LIFE_COLUMNS = ("node, start", "minutes", "anonymous MiB", "MiB an hour", "resident MiB", "descriptors", "threads")
MOMENT_COLUMNS = ("minute", "anonymous MiB", "descriptors", "threads", "database MiB", "logs MiB", "start")


def page(soak: Soak, commit: str, note: str) -> str:
    """The whole page; `note` says what else is to be known of the machine."""
    verdict = "**every rule holds**" if soak.holds else "**a rule is broken**"
    rules = ((one.rule, one.found.replace("\n", " "), "yes" if one.holds else "**no**") for one in soak.verdicts)
    parts = (
        "# Report of the last long soak",
        f"Written by `make process-soak` ([what is done and judged](soak.md)): {soak.voters} nodes, "
        f"{soak.lasted_s / 60:.0f} minutes, seed {soak.seed}, commit {commit}: {verdict}. "
        f"Python {platform.python_version()} on two shared cores. {note}".rstrip(),
        "## Rules",
        _table(("rule", "found", "holds"), rules),
        "## What happened",
        _table(("figure", "value"), figures_of(soak).items()),
        PAUSES,
        _table(FAULT_COLUMNS, _by_fault(soak.rounds)),
        "## Processes",
        LIVES,
        _table(LIFE_COLUMNS, _lives(soak.samples)),
        "All processes, at moments spread over the whole time: one value a node, `·` where it did not run.",
        _table(MOMENT_COLUMNS, _moments(soak)),
    )
    return "\n\n".join(parts) + "\n"


def figures_of(soak: Soak) -> dict[str, object]:
    """Label to value, in order."""
    pauses = sorted(one.pause_s for one in soak.rounds) or [0.0]
    return {
        "writes asked for a second": f"{soak.rate:g}",
        "writes acknowledged": soak.acknowledged,
        "entries in the log": soak.entries,
        "blocks": soak.height,
        "rounds of faults": len(soak.rounds),
        "processes started": soak.starts,
        "snapshots made by the nodes": soak.snapshots_made,
        "term at the end": soak.term,
        "longest pause in writes, s": f"{pauses[-1]:.1f}",
        "median of the longest pause of a round, s": f"{median(pauses):.2f}",
        "times that all nodes were compared at rest": len(soak.stocks),
        **{f"answers other than committed: {name}": count for name, count in sorted(soak.refusals.items())},
    }


def _by_fault(rounds: Sequence[Round]) -> Iterable[tuple[object, ...]]:
    found: dict[str, list[Round]] = {}
    for one in rounds:
        found.setdefault(one.faults[0] if len(one.faults) == 1 else TWO_AT_ONCE, []).append(one)
    for name in sorted(found, key=lambda name: (name == TWO_AT_ONCE, name)):
        seen = found[name]
        yield (
            name,
            len(seen),
            f"{median(one.lasted_s for one in seen):.1f}",
            f"{median(one.pause_s for one in seen):.2f}",
            f"{max(one.pause_s for one in seen):.1f}",
            f"{max(one.resumed_s for one in seen):.2f}",
        )


def _lives(samples: Sequence[Sample]) -> Iterable[tuple[object, ...]]:
    warm = {one.life: one for one in long_lives(samples, LONG_WARM_UP_S)}
    for life in long_lives(samples, SHORT_WARM_UP_S):
        memory = warm.get(life.life)
        yield (
            f"{life.life.node}, {life.life.start}",
            f"{life.lasted_s / 60:.0f}",
            *(
                ("-", "-", "-")
                if memory is None
                else (
                    _both(memory, anonymous_mib, 1),
                    f"{memory.growth_an_hour(anonymous_mib):+.1f}",
                    _both(memory, lambda one: one.resident_bytes / MIB, 1),
                )
            ),
            _both(life, descriptors_of),
            _both(life, threads_of),
        )


def _both(life: Quarters, what: Callable[[Sample], float], digits: int = 0) -> str:
    first, last = life.medians(what)
    return f"{first:.{digits}f} → {last:.{digits}f}"


def _moments(soak: Soak) -> Iterable[tuple[object, ...]]:
    looks: dict[float, dict[int, Sample]] = {}
    for sample in soak.samples:
        looks.setdefault(sample.at_s, {})[sample.life.node] = sample
    times = list(looks)
    chosen = sorted({round(number * (len(times) - 1) / (LINES - 1)) for number in range(LINES)}) if times else []
    for at_s in (times[place] for place in chosen):
        seen = looks[at_s]

        def told(what: Callable[[Sample], float], digits: int = 0, seen: dict[int, Sample] = seen) -> str:
            values = (seen.get(number) for number in range(soak.voters))
            return ", ".join("·" if one is None else f"{what(one):.{digits}f}" for one in values)

        yield (
            f"{(at_s - soak.began_s) / 60:.0f}",
            told(anonymous_mib),
            told(descriptors_of),
            told(threads_of),
            told(lambda one: one.database_bytes / MIB, 1),
            told(lambda one: one.log_bytes / MIB, 1),
            told(lambda one: one.life.start),
        )


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
