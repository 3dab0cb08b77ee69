"""Whom to be connected with: the configured neighbours always, and random picks from the registry. Pure.

Owns who is connected, who is being dialled and when each may be tried again; never opens or closes a connection (`Dial`
and `Drop` say what to do) and never judges anybody (`shun` says whom to stay away from).

How many: up to `target` are dialled. Others may dial this node until it has `high`; a newcomer beyond that takes the
place of somebody who has been here for a while, so that a full network still lets a node in. Below `low`, back-offs are
cut short. Whoever was lost is tried again even when there are enough neighbours, one at a time: after a cut through the
network each half has replaced its lost neighbours by its own, and nothing else would ever join them again.

Bounds: `NODES_MAX` nodes of the registry, `DIALS_MAX` dials under way, `high` + 1 connections for a moment.
Source: docs/protocol.md, section 8; the numbers are those of GossipSub (D, D_low, D_high).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ledger.hashing import Hash
from p2p.chance import Chance, jittered, one_of
from p2p.effects import Dial, Drop, DropReason, Effect
from p2p.errors import InvalidOverlayError

# With 6 random neighbours each, networks of thousands of nodes are connected, also after a third of them has gone.
TARGET = 6
LOW = 4
# Twice the target: where half of the nodes cannot be dialled, the others carry their connections too.
HIGH = 12
NODES_MAX = 4096
# Handshakes cost processor time on both sides.
DIALS_MAX = 4
# Name resolution, connection, handshake and greeting over a bad line; the dialler gives up before.
DIAL_WAIT_MS = 15_000
# A process that restarts is back in seconds; doubled with each failure, up to five minutes.
RETRY_MS = 1000
RETRY_MS_MAX = 5 * 60_000
# A node with too few neighbours is about to lose the network, and may ask more often.
URGENT_RETRY_MS_MAX = 5000
# How soon halves of a network that was cut find each other, apart from the back-off.
REJOIN_EVERY_MS = 15_000
# Somebody who came just now is not sent away for the next one: in a network without enough room nobody would stay.
SETTLED_AFTER_MS = 60_000
_DOUBLINGS_MAX = 16


@dataclass(frozen=True, slots=True)
class OverlaySettings:
    """`configured` are dialled and kept whatever else, and those that the registry has under one of `names`; with
    `fixed`, nobody else is.

    `low` <= `target` <= `high` count all neighbours.

    Raises:
        InvalidOverlayError: the numbers do not go together.
    """

    configured: tuple[Hash, ...] = ()
    fixed: bool = False
    target: int = TARGET
    low: int = LOW
    high: int = HIGH
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.low <= self.target <= self.high <= NODES_MAX:
            raise InvalidOverlayError(
                "at least {low}, usually {target} and at most {high} neighbours do not go together",
                low=self.low,
                target=self.target,
                high=self.high,
            )


class KnownNode(NamedTuple):
    """A node of the registry; one without an address can only dial. `is_kept`: as if it were configured."""

    id: Hash
    has_address: bool
    name: str = ""
    is_kept: bool = False


@dataclass(slots=True)
class _Neighbour:
    dialled: bool
    since_ms: int


@dataclass(slots=True)
class _Failures:
    """`retry_ms`: not to be dialled before, `urgent_ms`: not even by a node with too few neighbours."""

    count: int
    retry_ms: int
    urgent_ms: int


class Overlay:
    """One node's neighbours."""

    def __init__(self, own: Hash, settings: OverlaySettings, chance: Chance, now_ms: int) -> None:
        self._own = own
        self._settings = settings
        self._chance = chance
        self._configured = self._configured_with(())
        self._nodes: dict[Hash, bool] = {}
        # The nodes that can be dialled, in order, so that one can be picked by its number.
        self._reachable: tuple[Hash, ...] = ()
        # Those to be kept that can only come by themselves.
        self._awaited: frozenset[Hash] = frozenset()
        self._connected: dict[Hash, _Neighbour] = {}
        self._dialling: dict[Hash, int] = {}
        self._failures: dict[Hash, _Failures] = {}
        # Who was lost or could not be reached, oldest first; these are tried again whatever there is.
        self._estranged: dict[Hash, None] = {}
        self._shunned: dict[Hash, int] = {}
        self._rejoin_ms = now_ms + REJOIN_EVERY_MS

    @property
    def neighbours(self) -> tuple[Hash, ...]:
        """Who is connected."""
        return tuple(self._connected)

    def set_registry(self, nodes: Iterable[KnownNode]) -> list[Effect]:
        """The nodes of the ledger's registry as it is now; whoever left it is dropped unless configured."""
        listed = sorted(node for node in nodes if node.id != self._own)[:NODES_MAX]
        names = self._settings.names
        self._configured = self._configured_with(node.id for node in listed if node.is_kept or node.name in names)
        self._nodes = {node.id: node.has_address for node in listed}
        self._reachable = tuple(node.id for node in listed if node.has_address)
        self._awaited = frozenset(node.id for node in listed if node.is_kept and not node.has_address)
        self._failures = {id: one for id, one in self._failures.items() if self._is_known(id)}
        self._estranged = {id: one for id, one in self._estranged.items() if self._is_known(id)}
        self._shunned = {id: one for id, one in self._shunned.items() if self._is_known(id)}
        strangers = [id for id in self._connected if not self._is_known(id)]
        for id in strangers:
            del self._connected[id]
        return [Drop(id, DropReason.NOT_REGISTERED) for id in strangers]

    def admits(self, peer: Hash, now_ms: int) -> DropReason | None:
        """Why a connection that `peer` opened is not to be kept; None if it is."""
        if peer in self._configured:
            return DropReason.MISBEHAVED if self._is_shunned(peer, now_ms) else None
        if self._settings.fixed:
            return DropReason.NOT_LISTED
        if peer not in self._nodes or peer == self._own:
            return DropReason.NOT_REGISTERED
        if self._is_shunned(peer, now_ms):
            return DropReason.MISBEHAVED
        full = len(self._connected) >= self._settings.high and peer not in self._connected
        return DropReason.TOO_MANY if full and not self._replaceable(now_ms) else None

    def connected(self, peer: Hash, dialled: bool, now_ms: int) -> list[Effect]:
        """A connection with `peer` is there; `dialled` by this node. Whoever has to go for it is dropped."""
        self._dialling.pop(peer, None)
        # It may have left the registry, or misbehaved on another connection, while it was dialled.
        if not self._is_known(peer):
            return [Drop(peer, DropReason.NOT_REGISTERED)]
        if self._is_shunned(peer, now_ms):
            return [Drop(peer, DropReason.MISBEHAVED)]
        self._estranged.pop(peer, None)
        if peer not in self._connected:
            self._connected[peer] = _Neighbour(dialled, now_ms)
        if len(self._connected) <= self._settings.high:
            return []
        leaving = self._replaceable(now_ms)
        chosen = one_of(leaving, self._chance) if leaving else peer
        if chosen in self._configured:
            return []
        del self._connected[chosen]
        # It is as good as any, and is picked again if there is room.
        ready_ms = now_ms + jittered(SETTLED_AFTER_MS, self._chance)
        self._failures[chosen] = _Failures(0, ready_ms, ready_ms)
        return [Drop(chosen, DropReason.TOO_MANY)]

    def disconnected(self, peer: Hash, now_ms: int) -> None:
        """The connection with `peer` has ended; nothing happens if this overlay dropped it."""
        neighbour = self._connected.pop(peer, None)
        if neighbour is None:
            return
        # A peer that takes connections and closes them at once is not asked more often than one that takes none.
        if now_ms - neighbour.since_ms >= SETTLED_AFTER_MS:
            self._failures.pop(peer, None)
        self._fail(peer, now_ms)

    def dial_failed(self, peer: Hash, now_ms: int) -> None:
        """`peer` could not be reached, or refused."""
        if self._dialling.pop(peer, None) is not None:
            self._fail(peer, now_ms)

    def shun(self, peer: Hash, until_ms: int) -> list[Effect]:
        """Have nothing to do with `peer` until then."""
        if self._is_known(peer):
            self._shunned[peer] = until_ms
        if self._connected.pop(peer, None) is None:
            return []
        return [Drop(peer, DropReason.MISBEHAVED)]

    def tick(self, now_ms: int) -> list[Effect]:
        """Dial whoever is wanted now; to be called every second or so."""
        for peer, since_ms in list(self._dialling.items()):
            if now_ms - since_ms >= DIAL_WAIT_MS:
                self.dial_failed(peer, now_ms)
        effects: list[Effect] = []
        for peer in self._configured:
            if peer not in self._awaited and len(self._dialling) < DIALS_MAX and self._may_dial(peer, now_ms):
                effects.append(self._dial(peer, now_ms))
        if self._settings.fixed:
            return effects
        while self._count() < self._settings.target and len(self._dialling) < DIALS_MAX:
            picked = self._pick(now_ms)
            if picked is None:
                break
            effects.append(self._dial(picked, now_ms))
        effects += self._rejoin(now_ms)
        return effects

    def _configured_with(self, named: Iterable[Hash]) -> tuple[Hash, ...]:
        return tuple(id for id in dict.fromkeys((*self._settings.configured, *named)) if id != self._own)

    def _count(self) -> int:
        return len(self._connected) + len(self._dialling)

    def _pick(self, now_ms: int) -> Hash | None:
        """The first node from a random one on that may be dialled."""
        if not self._reachable:
            return None
        start = self._chance.below(len(self._reachable))
        for at in range(len(self._reachable)):
            peer = self._reachable[(start + at) % len(self._reachable)]
            if self._may_dial(peer, now_ms):
                return peer
        return None

    def _rejoin(self, now_ms: int) -> list[Effect]:
        """Try one of those that were lost, even if there are enough neighbours."""
        if now_ms < self._rejoin_ms or self._count() >= self._settings.high or len(self._dialling) >= DIALS_MAX:
            return []
        self._rejoin_ms = now_ms + jittered(REJOIN_EVERY_MS, self._chance)
        for peer in list(self._estranged):
            if self._may_dial(peer, now_ms) and self._nodes.get(peer, False):
                return [self._dial(peer, now_ms)]
        return []

    def _dial(self, peer: Hash, now_ms: int) -> Dial:
        self._dialling[peer] = now_ms
        return Dial(peer)

    def _fail(self, peer: Hash, now_ms: int) -> None:
        if not self._is_known(peer):
            return
        count = self._failures[peer].count if peer in self._failures else 0
        back_off_ms = min(RETRY_MS << min(count, _DOUBLINGS_MAX), RETRY_MS_MAX)
        wait_ms = jittered(back_off_ms, self._chance)
        self._failures[peer] = _Failures(count + 1, now_ms + wait_ms, now_ms + min(wait_ms, URGENT_RETRY_MS_MAX))
        self._estranged.pop(peer, None)
        self._estranged[peer] = None

    def _is_known(self, peer: Hash) -> bool:
        return peer in self._nodes or peer in self._configured

    def _is_shunned(self, peer: Hash, now_ms: int) -> bool:
        return now_ms < self._shunned.get(peer, now_ms)

    def _may_dial(self, peer: Hash, now_ms: int) -> bool:
        if peer in self._connected or peer in self._dialling or self._is_shunned(peer, now_ms):
            return False
        failures = self._failures.get(peer)
        if failures is None:
            return True
        has_few = len(self._connected) < self._settings.low
        return now_ms >= (failures.urgent_ms if has_few else failures.retry_ms)

    def _replaceable(self, now_ms: int) -> list[Hash]:
        """Who can go for a newcomer: not configured, here for a while, and not dialled by this node if possible.

        Those that this node chose itself are the ones that nobody can have arranged.
        """
        settled = [
            id
            for id, neighbour in self._connected.items()
            if id not in self._configured and now_ms - neighbour.since_ms >= SETTLED_AFTER_MS
        ]
        return [id for id in settled if not self._connected[id].dialled] or settled
