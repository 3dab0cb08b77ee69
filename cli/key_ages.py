"""How old the keys of each node are, asked of the node's API.

Owns the question; the reckoning is `daemon.key_age`'s. Cost: one block for each height at which nodes were registered.
"""

from typing import Any

from cli.client import NodeClient, path_of
from cli.errors import RefusedError
from cli.node_registry import read_nodes
from contracts.parameter_change import NODE_KEY_LIFETIME, NODE_KEY_LIFETIME_DAYS_DEFAULT
from daemon.key_age import KeyAge


def read_key_ages(client: NodeClient) -> list[dict[str, Any]]:
    """For each node that has not left: since when it has its keys, when they expire, and whose place it took."""
    status = client.get("/v1/status")
    parameters = client.get("/v1/records/parameters/network")["fields"]
    lifetime_days = parameters.get(NODE_KEY_LIFETIME, NODE_KEY_LIFETIME_DAYS_DEFAULT)
    times: dict[int, int | None] = {0: status["network"]["created_ms"]}
    found = []
    for node in read_nodes(client):
        if node.height not in times:
            times[node.height] = _time_of(client, node.height)
        registered_ms = times[node.height]
        age = None if registered_ms is None else KeyAge(registered_ms, lifetime_days)
        found.append(
            {
                "id": node.id,
                "name": node.name,
                "state": node.state,
                "registered_ms": registered_ms,
                "expires_ms": None if age is None else age.expires_ms,
                "keys": "fresh" if age is None else age.state(status["clock_ms"]).value,
                "replaces": node.replaces,
            }
        )
    return found


def _time_of(client: NodeClient, height: int) -> int | None:
    """When the block was made; None where this node does not keep it."""
    try:
        time_ms: int = client.get(path_of("v1", "blocks", str(height)))["time_ms"]
    except RefusedError:
        return None
    return time_ms
