"""What agreement is given from outside: who it is, what it kept, chance, and who can judge a header. Pure data.

Source: docs/protocol.md, sections 3 and 6.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, TypeAlias

from consensus.statement import Position
from consensus.term_certificates import TermCertificate
from consensus.timing import Timing
from ledger.hashing import Hash
from ledger.signing import SigningKey


class Role(Enum):
    """The part a node has in agreement; every node starts as observer or follower."""

    OBSERVER = "observer"
    FOLLOWER = "follower"
    CANDIDATE = "candidate"
    LEADER = "leader"


@dataclass(frozen=True, slots=True)
class Settings:
    """Which node this is in which network, and how long it waits."""

    network_id: Hash
    node_id: Hash
    key: SigningKey
    timing: Timing = field(default_factory=Timing)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a node finds beside its seed when it starts.

    `certificate` is of `term`, or of a later one where the node stopped between the two writes; None in term 0.
    `acknowledged` is the newest block acknowledged, the genesis if there is none; `holds_acknowledged` says that the
    node's chain has that very block, or a tip of a later term. Without it, the database is older than the signatures.
    """

    term: int
    voted_for: Hash | None
    certificate: TermCertificate | None
    acknowledged: Position
    holds_acknowledged: bool = True


class Chance(Protocol):
    """Random numbers; the shell's are unpredictable, the simulator's come from its seed."""

    def below(self, limit: int) -> int:
        """An integer from 0 to `limit` - 1."""

    def nonce(self) -> bytes:
        """16 bytes that were never drawn before."""


# The position that a header (bytes, the proposer's signature) proves, None if it proves nothing: malformed, of another
# network, or not signed by a voter of any set of this node's committed chain.
BlockProver: TypeAlias = Callable[[bytes, bytes], Position | None]
