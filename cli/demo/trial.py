"""One run of the demonstration: what it has, and what it found.

Owns the values that the steps hand on to each other, and the shape of what is put on the ledger; never does anything
with them.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from cli.demo.checks import Checks
from cli.demo.cluster import Cluster, DemoNode
from cli.demo.importing import ImportOutcome, Watch
from cli.printer import Printer
from cli.session import Advance, Session
from ledger.genesis import Genesis


class Shown(Protocol):
    """What a person sees of the organisation at the end; everything in it was read from a node."""

    def to_json(self) -> dict[str, Any]:
        """The same as `show`."""

    def show(self, printer: Printer) -> None:
        """In words."""


class Import(Protocol):
    """Putting all of a source on the ledger."""

    outcome: ImportOutcome

    def run(self, advance: Advance) -> None:
        """Do it, through whichever nodes run."""


class Source(Protocol):
    """Where the records come from, and what has to be found on the ledger afterwards.

    `pack` is the name of the pack that the records follow; `row_count` how many transactions they are, `receipt_count`
    of how many of them the receipts are verified.
    """

    pack: str
    row_count: int
    receipt_count: int

    def importing(self, trial: "Trial", watch: Watch) -> Import:
        """An import into the network of the trial; `watch` is told of each part that begins."""

    def compare(self, trial: "Trial") -> list[str]:
        """Read everything back and compare; the ids of the transactions whose receipts are to be verified."""


@dataclass(slots=True)
class Trial:
    """The network, the source, and what was compared, measured and read back."""

    session: Session
    directory: Path
    genesis: Genesis
    cluster: Cluster
    source: Source
    # The node that is asked where one is enough: the one that was killed, if one was.
    node: DemoNode
    checks: Checks = field(default_factory=Checks)
    # What was measured: label and value.
    figures: list[tuple[str, str]] = field(default_factory=list)
    picture: Shown | None = None
