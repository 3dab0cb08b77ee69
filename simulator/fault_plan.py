"""Drawing a list of faults from a seed, within limits, so that the network can live again after the last one.

Owns the limits and the dice. Every fault ends by `end_ms`, and its end mends what it did. A database is only lost for
good (a bit flip, an older backup that stays) on fewer nodes than make a quorum: beyond that the protocol promises
nothing (docs/protocol.md, section 1). What the only voter of a network cannot survive is left out or undone. A node
either loses power or gets an older database, not both: what it signed last may then be in neither place, which is the
limit stated in docs/adr/0011-pure-node-and-effects.md, "Sign-state".

Where voters are removed, at least two always vote, whatever becomes of the changes that are asked for, and one node at
most loses its database: what a quorum of two has committed is then on the other one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.chance import Chance
from simulator.disk import TRAP_PLACES
from simulator.faults import (
    BIT_FLIP,
    CHAIN,
    CLOCK_DRIFT,
    CLOCK_JUMP,
    CONSTRAINED,
    DISK_FULL,
    DISK_SLOW,
    DUPLICATION,
    ISOLATION,
    KILL,
    LEADER_REMOVAL,
    LOSS,
    MEMBERSHIP_KINDS,
    NETWORK_KINDS,
    OLDER_BACKUP,
    ONE_WAY,
    PARTITION,
    PAUSE,
    POWER_LOSS,
    PROMOTION,
    QUORUM_LOSS,
    REORDERING,
    SLOW_LINKS,
    STOP,
    TRAP,
    VOTER_REMOVAL,
    Fault,
    Value,
)

# How long faults last: most of them a few times an election timeout, some long enough that connections break.
_SHORT_MS = (50, 4_000)
_LONG_MS = (4_000, 15_000)
_LONG_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class FaultLimits:
    """What may be drawn: which kinds, how many, between which moments, for how many nodes.

    `losses_max`: how many nodes may lose what they had stored. `observers` come after the nodes, in numbers too.
    """

    nodes: int
    kinds: tuple[str, ...]
    count: int
    start_ms: int
    end_ms: int
    losses_max: int
    observers: int = 0


def plan_faults(limits: FaultLimits, chance: Chance) -> tuple[Fault, ...]:
    """A list of faults, in the order of their beginnings; empty where there is no time or no kind for any."""
    kinds = [kind for kind in limits.kinds if _is_possible(kind, limits)]
    losses_max, removals_left = limits.losses_max, limits.nodes - _VOTERS_LEFT_MIN
    if set(kinds) & {*_REMOVALS}:
        # Of two voters each is needed, so one that lost what it signed may stop them for good; three bear one.
        losses_max = min(losses_max, 1) if limits.nodes > _VOTERS_LEFT_MIN + 1 else 0
        removals_left -= losses_max
    if not kinds or limits.end_ms <= limits.start_ms:
        return ()
    planned: list[Fault] = []
    lost: set[int] = set()
    # Of each node, which of the two it gets.
    memory: dict[int, str] = {}
    for number in range(limits.count):
        kind = chance.pick(kinds)
        start_ms = chance.between(limits.start_ms, limits.end_ms)
        length = _LONG_MS if chance.happens(_LONG_SHARE) else _SHORT_MS
        end_ms = min(start_ms + chance.between(*length), limits.end_ms)
        parameters = _promotion(limits, chance) if kind == PROMOTION else _DRAW[kind](limits.nodes, chance)
        if kind in _REMOVALS:
            if not removals_left:
                continue
            removals_left -= 1
        node = parameters.get("node", -1)
        assert isinstance(node, int), "nodes are numbers"
        touched = _touched_memory(kind, parameters)
        if touched and memory.setdefault(node, touched) != touched:
            continue
        if _loses_database(kind, parameters):
            if node not in lost and len(lost) >= losses_max:
                continue
            lost.add(node)
        planned.append(Fault(number, start_ms, end_ms, kind, parameters))
    return tuple(sorted(planned, key=lambda fault: (fault.start_ms, fault.number)))


def _loses_database(kind: str, parameters: dict[str, Value]) -> bool:
    return kind == BIT_FLIP or (kind == OLDER_BACKUP and parameters["keep"] is True)


def _touched_memory(kind: str, parameters: dict[str, Value]) -> str:
    """Which of a node's two memories of what it signed the fault may set back."""
    if kind in (BIT_FLIP, OLDER_BACKUP):
        return "database"
    return "sign-state" if kind == POWER_LOSS or parameters.get("power", False) else ""


_Draw = Callable[[int, Chance], dict[str, Value]]
_NEEDS_OTHERS = frozenset((*NETWORK_KINDS, BIT_FLIP))
_REMOVALS = (VOTER_REMOVAL, LEADER_REMOVAL)
_VOTERS_LEFT_MIN = 2


def _is_possible(kind: str, limits: FaultLimits) -> bool:
    if kind == PROMOTION and not limits.observers:
        return False
    if kind in MEMBERSHIP_KINDS:
        return limits.nodes > _VOTERS_LEFT_MIN
    return limits.nodes > 1 or kind not in _NEEDS_OTHERS


def _promotion(limits: FaultLimits, chance: Chance) -> dict[str, Value]:
    return {"node": limits.nodes + chance.below(limits.observers)}


def _node(nodes: int, chance: Chance) -> dict[str, Value]:
    return {"node": chance.below(nodes)}


def _trap(nodes: int, chance: Chance) -> dict[str, Value]:
    return {
        "node": chance.below(nodes),
        "place": chance.pick(TRAP_PLACES),
        "before": chance.happens(0.5),
        "count": chance.between(1, 6),
        "power": chance.happens(0.5),
    }


def _bit_flip(nodes: int, chance: Chance) -> dict[str, Value]:
    node = chance.below(nodes)
    return {"node": node, "donor": (node + 1 + chance.below(nodes - 1)) % nodes}


def _older_backup(nodes: int, chance: Chance) -> dict[str, Value]:
    return {"node": chance.below(nodes), "age_ms": chance.between(0, 10_000), "keep": nodes > 1}


def _clock_jump(nodes: int, chance: Chance) -> dict[str, Value]:
    # Below and far above what blocks may be ahead (docs/protocol.md, section 5).
    limit = chance.pick((2_000, 4_000, 600_000))
    return {"node": chance.below(nodes), "by_ms": chance.between(-limit, limit)}


def _some(nodes: int, chance: Chance) -> dict[str, Value]:
    members = chance.sample(range(nodes), chance.between(1, max(nodes // 2, 1)))
    return {"nodes": tuple(sorted(members))}


def _row(nodes: int, chance: Chance) -> dict[str, Value]:
    return {"nodes": tuple(chance.sample(range(nodes), nodes))}


def _share(highest: float) -> Callable[[Chance], float]:
    return lambda chance: round(chance.random() * highest, 3)


_DRAW: dict[str, _Draw] = {
    KILL: _node,
    POWER_LOSS: lambda nodes, chance: _node(nodes, chance) | {"torn": False},
    PAUSE: _node,
    STOP: _node,
    TRAP: _trap,
    DISK_FULL: _node,
    DISK_SLOW: lambda nodes, chance: _node(nodes, chance) | {"factor": chance.pick((5.0, 20.0, 100.0))},
    BIT_FLIP: _bit_flip,
    OLDER_BACKUP: _older_backup,
    CLOCK_JUMP: _clock_jump,
    CLOCK_DRIFT: lambda nodes, chance: _node(nodes, chance) | {"by_ppm": chance.between(-200_000, 200_000)},
    LOSS: lambda nodes, chance: {"share": _share(0.5)(chance)},
    DUPLICATION: lambda nodes, chance: {"share": _share(0.5)(chance), "late_ms": chance.between(1, 2_000)},
    REORDERING: lambda nodes, chance: {"share": _share(0.9)(chance), "late_ms": chance.between(1, 1_000)},
    SLOW_LINKS: lambda nodes, chance: (
        _node(nodes, chance)
        | {"slowdown": chance.pick((1.0, 5.0, 20.0)), "bandwidth": chance.pick((2_000, 20_000, 200_000))}
    ),
    PARTITION: _some,
    ONE_WAY: _some,
    ISOLATION: _node,
    CHAIN: _row,
    QUORUM_LOSS: _node,
    VOTER_REMOVAL: _node,
    LEADER_REMOVAL: lambda nodes, chance: {},
    CONSTRAINED: lambda nodes, chance: dict(zip(("node", "leader"), chance.sample(range(nodes), 2), strict=True)),
}
