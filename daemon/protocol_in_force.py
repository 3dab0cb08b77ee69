"""Which version of the protocol a block on top of this node's chain has to follow, and whether this program can. Pure.

Owns the decisions as the executed state has them, and the moment at which a node that is too old for what comes has to
end; never decides what a version means (`contracts.protocols` does). What a header claims is never believed: the
version follows from what the block states and from this node's own execution.

Bound: `DECISIONS_MAX` decisions (`contracts.protocol_record`).
Source: docs/protocol.md, section 5, "Versions of the protocol"; docs/adr/0033-upgrades.md.
"""

from typing import NamedTuple

from contracts.protocol_change import lead_blocks
from contracts.protocol_record import PROTOCOL_KEY, ProtocolDecision, newest_decisions, required_version
from contracts.protocols import Protocol, Protocols
from daemon.block_builder import Tip
from daemon.chain import Chain
from daemon.node_errors import ProtocolTooOldError
from ledger.block import PROTOCOL_VERSION_FIRST
from ledger.genesis import Genesis

# How long a node that has stored the last block it can follow waits for its certificate: two election timeouts. Others
# may need its acknowledgement of that block; they need nothing more of it afterwards.
GRACE_MS = 2000


class ScheduledVersion(NamedTuple):
    """A version that is decided on and not in force yet, and its first block."""

    version: int
    height: int


class ProtocolPicture(NamedTuple):
    """What the node's status says: the version of the next block, what the program knows, what is to come."""

    version: int
    known: tuple[int, ...]
    scheduled: ScheduledVersion | None


class ProtocolInForce:
    """The versions along one node's chain.

    Raises:
        ProtocolTooOldError: the chain follows, or its next block has to follow, a version that is not known here.
    """

    def __init__(self, genesis: Genesis, chain: Chain, protocols: Protocols) -> None:
        self._chain = chain
        self._protocols = protocols
        self._lead_blocks = lead_blocks(genesis.parameters.window_blocks_max)
        self._newest: bytes | None = b""
        self._decisions: tuple[ProtocolDecision, ...] = ()
        self._unknown: ScheduledVersion | None = None
        self._reached_ms: int | None = None
        self.executed()
        if self._unknown is not None and chain.executed_height >= self._unknown.height - 1:
            raise self._too_old(self._unknown)

    def executed(self) -> bool:
        """Blocks were executed: take note of new decisions; whether there is one."""
        newest = self._chain.overlay.get(PROTOCOL_KEY)
        if newest == self._newest:
            return False
        self._newest = newest
        self._decisions = newest_decisions(self._chain.overlay)
        self._unknown, self._reached_ms = self._first_unknown(), None
        return True

    @property
    def warning(self) -> ProtocolTooOldError | None:
        """What an operator has to know long before this node ends: a version is decided on that it does not know."""
        return None if self._unknown is None else self._too_old(self._unknown)

    def version_at(self, parent: Tip, executed_height: int) -> int | None:
        """The version of a block on top of `parent` that states `executed_height`; None while that cannot be told.

        It cannot where so many blocks are not executed here that a decision among them may count already.
        """
        height = parent.height + 1
        behind = height - self._chain.executed_height
        if executed_height > self._chain.executed_height and behind > self._lead_blocks:
            return None
        before = PROTOCOL_VERSION_FIRST if parent.header is None else parent.header.protocol_version
        return required_version(self._decisions, before, height, executed_height)

    def find(self, version: int) -> Protocol | None:
        """What this version means; None if the program is too old for it."""
        return self._protocols.find(version)

    def next_protocol(self) -> Protocol | None:
        """What a block of this node on top of its tip follows; None if the program is too old to build one."""
        version = self._next_version()
        return None if version is None else self.find(version)

    def due_end(self, elapsed_ms: int) -> ProtocolTooOldError | None:
        """Why the node has to end now: the chain stands where a version begins that the program cannot follow."""
        if self._unknown is None or self._chain.tip.height < self._unknown.height - 1:
            return None
        if self._chain.executed_height >= self._unknown.height - 1:
            return self._too_old(self._unknown)
        if self._reached_ms is None:
            self._reached_ms = elapsed_ms
        return self._too_old(self._unknown) if elapsed_ms - self._reached_ms >= GRACE_MS else None

    def picture(self) -> ProtocolPicture:
        """For `status`."""
        height = self._chain.tip.height + 1
        waiting = [one for one in self._counting() if one.height > height]
        scheduled = ScheduledVersion(waiting[-1].version, waiting[-1].height) if waiting else None
        version = self._next_version() or PROTOCOL_VERSION_FIRST
        return ProtocolPicture(version, self._protocols.versions, scheduled)

    def _next_version(self) -> int | None:
        tip = self._chain.tip
        return self.version_at(tip, max(self._chain.executed_height, tip.executed_height))

    def _counting(self) -> list[ProtocolDecision]:
        """The decisions that no later one replaced."""
        decided = self._decisions
        return [
            one
            for place, one in enumerate(decided)
            if not any(later.decided_height < one.height for later in decided[place + 1 :])
        ]

    def _first_unknown(self) -> ScheduledVersion | None:
        unknown = [one for one in self._counting() if self.find(one.version) is None]
        return ScheduledVersion(unknown[0].version, unknown[0].height) if unknown else None

    def _too_old(self, unknown: ScheduledVersion) -> ProtocolTooOldError:
        return too_old(unknown.version, unknown.height, self._protocols)


def too_old(version: int, height: int, protocols: Protocols) -> ProtocolTooOldError:
    """The error for a program that does not know `version`, which blocks follow from `height` on."""
    return ProtocolTooOldError(
        "from block {height} on the network follows version {version} of the protocol, and this program knows versions"
        " up to {known}; install a newer Banyan and start the node again, its folder stays as it is",
        height=height,
        version=version,
        known=protocols.newest.version,
    )
