"""What a node knows of its network, put together: the nodes of the registry, who leads, how far each one is.

Owns the join of status, registry and peers; never asks a node. A node that is no neighbour of the asked one tells it
nothing about itself, so its height is unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cli.node_registry import NodeEntry

LEADER = "leader"


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One node: its role is `leader`, or its state in the registry; heights and lag in blocks, None if unknown.

    `is_connected` is None for the asked node itself. `heard_ms` says how long ago something came that a voter had
    signed, `clock_offset_ms` how far a neighbour's clock is ahead.
    """

    id: str
    name: str
    role: str
    is_connected: bool | None
    height: int | None
    lag_blocks: int | None
    heard_ms: int | None = None
    clock_offset_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """How far the ledger was at a moment by the node's clock."""

    clock_ms: int
    executed_height: int
    tree_size: int
    # The stage of syncing by snapshot, and how much of it was done.
    stage: str = ""
    stage_done: int = 0

    @classmethod
    def of(cls, status: Mapping[str, Any]) -> "Sample":
        """The moment that a status tells of."""
        sync = status["sync"]
        return cls(status["clock_ms"], status["executed_height"], status["tree_size"], sync["stage"], sync["done"])


def node_rows(status: Mapping[str, Any], nodes: tuple[NodeEntry, ...], peers: Mapping[str, Any]) -> tuple[NodeRow, ...]:
    """The nodes of the registry in its order, and after them connected ones that it does not name yet."""
    heard = {one["id"]: one for one in peers["peers"]}
    own, committed = status["node"]["id"], status["committed_height"]
    rows = []
    for node in nodes:
        role = LEADER if node.id == status["leader"] else node.state
        if node.id == own:
            rows.append(NodeRow(node.id, node.name, role, None, committed, status["lag_blocks"], 0, 0))
            continue
        peer = heard.get(node.id)
        connected = peer is not None and bool(peer["connected"])
        height = peer["height"] if peer is not None and connected else None
        lag = peer["lag_blocks"] if peer is not None and connected else None
        heard_ms = status["voters_heard_ms"].get(node.id)
        rows.append(NodeRow(node.id, node.name, role, connected, height, lag, heard_ms, _clock_offset_ms(peer)))
    known = {node.id for node in nodes}
    for identifier, peer in heard.items():
        if identifier not in known and peer["connected"]:
            name = peer["name"] or identifier
            offset_ms = _clock_offset_ms(peer)
            rows.append(NodeRow(identifier, name, "guest", True, peer["height"], peer["lag_blocks"], None, offset_ms))
    return tuple(rows)


def seconds_to_go(before: Sample, after: Sample, lag_blocks: int) -> int | None:
    """How long a node that is so far behind still needs, as fast as it was between two samples; None: it stands."""
    blocks, _ = per_second(before, after)
    return round(lag_blocks / blocks) if blocks > 0 else None


def seconds_of_stage(before: Sample, after: Sample, sync: Mapping[str, Any]) -> int | None:
    """How long the stage of syncing still takes, as fast as it was between two samples; None: nobody can tell."""
    elapsed_ms, done = after.clock_ms - before.clock_ms, after.stage_done - before.stage_done
    if before.stage != after.stage or elapsed_ms <= 0 or done <= 0:
        return None
    left: int = sync["total"] - sync["done"]
    return round(left * elapsed_ms / done / 1000)


def _clock_offset_ms(peer: Mapping[str, Any] | None) -> int | None:
    sight = None if peer is None or not peer["connected"] else peer["sight"]
    return None if sight is None else int(sight["clock_offset_ms"])


def per_second(before: Sample, after: Sample) -> tuple[float, float]:
    """Blocks and log entries a second between two samples; 0 where no time has passed."""
    elapsed_ms = after.clock_ms - before.clock_ms
    if elapsed_ms <= 0:
        return 0.0, 0.0
    blocks = max(after.executed_height - before.executed_height, 0)
    entries = max(after.tree_size - before.tree_size, 0)
    return 1000 * blocks / elapsed_ms, 1000 * entries / elapsed_ms
