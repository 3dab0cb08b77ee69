"""What can happen to a node: the inputs of `daemon.node.Node.step`. Pure data.

Every event that can lead to a decision carries the time, in milliseconds since 1970 UTC: the node has no clock.
"""

from dataclasses import dataclass
from typing import TypeAlias

from ledger.detached import DetachedValue
from ledger.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Submission:
    """One transaction handed in by a client; format and signatures are already checked, nothing else.

    `request` comes back in the answer, so that the shell knows whom to tell.
    """

    request: int
    transaction: Transaction
    detached: tuple[DetachedValue, ...]


@dataclass(frozen=True, slots=True)
class Started:
    """The node runs; once, first."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time went on; every `TICK_INTERVAL_MS` or so, later when the machine was busy."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class Submitted:
    """Verified transactions from clients, in the order they came."""

    now_ms: int
    submissions: tuple[Submission, ...]


@dataclass(frozen=True, slots=True)
class BatchStored:
    """The write of `ticket` and all before it are on disk."""

    now_ms: int
    ticket: int


@dataclass(frozen=True, slots=True)
class SignStateSaved:
    """The sign-state of `ticket` and all before it are kept."""

    now_ms: int
    ticket: int


@dataclass(frozen=True, slots=True)
class Stopping:
    """The operator asked the node to end: finish what was proposed, accept nothing new."""

    now_ms: int


Event: TypeAlias = Started | Ticked | Submitted | BatchStored | SignStateSaved | Stopping
