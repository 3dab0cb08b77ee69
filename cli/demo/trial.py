"""One run of the demonstration: what it has, and what it found.

Owns the values that the steps hand on to each other; never does anything with them.
"""

from dataclasses import dataclass, field
from pathlib import Path

from cli.demo.checks import Checks
from cli.demo.cluster import Cluster, DemoNode
from cli.demo.membership import MembershipEvent
from cli.demo.organisation import Organisation
from cli.demo.picture import Picture
from cli.session import Session
from ledger.genesis import Genesis


@dataclass(slots=True)
class Trial:
    """The network, the source, and what was compared, measured and read back."""

    session: Session
    directory: Path
    genesis: Genesis
    cluster: Cluster
    events: list[MembershipEvent]
    organisation: Organisation
    # The node that is asked where one is enough: the one that was killed, if one was.
    node: DemoNode
    checks: Checks = field(default_factory=Checks)
    # What was measured: label and value.
    figures: list[tuple[str, str]] = field(default_factory=list)
    picture: Picture = field(default_factory=Picture)
