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

    `is_connected` is None for the asked node itself.
    """

    id: str
    name: str
    role: str
    is_connected: bool | None
    height: int | None
    lag_blocks: int | None


@dataclass(frozen=True, slots=True)
class Sample:
    """How far the ledger was at a moment by the node's clock."""

    clock_ms: int
    executed_height: int
    tree_size: int

    @classmethod
    def of(cls, status: Mapping[str, Any]) -> "Sample":
        """The moment that a status tells of."""
        return cls(status["clock_ms"], status["executed_height"], status["tree_size"])


def node_rows(status: Mapping[str, Any], nodes: tuple[NodeEntry, ...], peers: Mapping[str, Any]) -> tuple[NodeRow, ...]:
    """The nodes of the registry in its order, and after them connected ones that it does not name yet."""
    heard = {one["id"]: one for one in peers["peers"]}
    own, committed = status["node"]["id"], status["committed_height"]
    rows = []
    for node in nodes:
        role = LEADER if node.id == status["leader"] else node.state
        if node.id == own:
            rows.append(NodeRow(node.id, node.name, role, None, committed, status["lag_blocks"]))
            continue
        peer = heard.get(node.id)
        connected = peer is not None and bool(peer["connected"])
        height = peer["height"] if peer is not None and connected else None
        lag = peer["lag_blocks"] if peer is not None and connected else None
        rows.append(NodeRow(node.id, node.name, role, connected, height, lag))
    known = {node.id for node in nodes}
    for identifier, peer in heard.items():
        if identifier not in known and peer["connected"]:
            name = peer["name"] or identifier
            rows.append(NodeRow(identifier, name, "guest", True, peer["height"], peer["lag_blocks"]))
    return tuple(rows)


def per_second(before: Sample, after: Sample) -> tuple[float, float]:
    """Blocks and log entries a second between two samples; 0 where no time has passed."""
    elapsed_ms = after.clock_ms - before.clock_ms
    if elapsed_ms <= 0:
        return 0.0, 0.0
    blocks = max(after.executed_height - before.executed_height, 0)
    entries = max(after.tree_size - before.tree_size, 0)
    return 1000 * blocks / elapsed_ms, 1000 * entries / elapsed_ms
