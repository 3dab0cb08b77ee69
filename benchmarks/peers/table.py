"""The table of the peers: what was measured, and each as a ratio of the one that it is about.

Owns `benchmarks/results/peers.{json,md}` and the drawings beside them.
"""

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from benchmarks.line_chart import Point, write_line_chart
from benchmarks.report import RESULTS


class Measured(NamedTuple):
    """One store with one number of writers; medians where there were several rounds."""

    name: str
    writers: int
    rate: float
    p50_ms: float
    p99_ms: float
    refused: int


# Which figures are drawn over the number of writers.
DRAWINGS: tuple[tuple[str, str, Callable[[Measured], float]], ...] = (
    ("peers-rate.svg", "writes a second", lambda one: one.rate),
    ("peers-p50.svg", "milliseconds until a write is acknowledged, p50", lambda one: one.p50_ms),
)


def write_table(found: Sequence[Measured], promises: Mapping[str, str], about: str, rounds: int) -> None:
    """Write all of it; ratios are rates divided by those of `about` with as many writers."""
    own = {one.writers: one.rate for one in found if one.name == about}
    rows = [one._asdict() | {"of_banyan": round(one.rate / own[one.writers], 2)} for one in found]
    document = {"rounds": rounds, "promises": dict(promises), "measured": rows}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "peers.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    lines = [
        f"| {one.name} | {one.writers} | {one.rate:,.0f} | {one.rate / own[one.writers]:.2f} | {one.p50_ms:.1f} |"
        f" {one.p99_ms:.1f} |"
        for one in sorted(found, key=lambda one: (one.writers, -one.rate))
    ]
    told = "\n".join(f"- {name}: {text}." for name, text in promises.items())
    text = (
        "# Banyan beside other replicated stores, three nodes each\n\n"
        f"Entries of 300 bytes and more; medians of {rounds} round{'' if rounds == 1 else 's'},"
        f" Python {platform.python_version()}, nodes and load"
        " on the same two shared cores. Other programs are in all figures, so the ratios count.\n\n"
        "| store | writers | writes/s | of Banyan's | p50 ms | p99 ms |\n|---|---|---|---|---|---|\n"
        + "\n".join(lines)
        + "\n\n![Writes a second](peers-rate.svg)\n\n![Latency](peers-p50.svg)\n"
        + f"\nWhat a write means is not the same:\n\n{told}\n"
    )
    (RESULTS / "peers.md").write_text(text, encoding="utf-8")
    for file, what, figure_of in DRAWINGS:
        names = dict.fromkeys(one.name for one in found)
        series = {
            name: [Point(one.writers, figure_of(one)) for one in found if one.name == name and one.rate > 0]
            for name in names
        }
        write_line_chart(RESULTS / file, f"Three nodes: {what}", "writers at the same time", series)
