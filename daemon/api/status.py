"""How the node is: for people, for monitors, for Prometheus.

Owns `/v1/status`, `/healthz`, `/readyz` and `/metrics`. Asks the node for one picture each time, keeps none.
"""

from starlette.requests import Request
from starlette.responses import Response

from daemon.api.context import ApiContext
from daemon.api.endpoint import Answer, Audience, Endpoint
from daemon.api.json_value import Json, json_response
from daemon.api.key_view import keys_view
from daemon.api.parameters import Parameters
from daemon.api.problems import problem, problem_response
from daemon.api.protocol import protocol_view
from daemon.metrics import CONTENT_TYPE
from daemon.sync_progress import SyncProgress

_JSON = "application/json"


async def status(context: ApiContext, _request: Request, _parameters: Parameters) -> Response:
    """The node's picture of itself."""
    node = context.node
    now = node.service.status()
    reason = context.node.service.reason
    return json_response(
        {
            "version": node.version,
            "network": {
                "id": node.genesis.network_id.hex(),
                "name": node.genesis.name,
                "visibility": node.genesis.visibility,
                "quorum": node.genesis.quorum,
                "created_ms": node.genesis.created_ms,
            },
            "node": {
                "id": now.node_id.hex(),
                "name": node.description.name,
                "address": node.description.address,
                "http": node.http_address,
            },
            "keys": keys_view(context),
            "role": now.role,
            "term": now.term,
            "leader": None if now.leader is None else now.leader.hex(),
            "opened": now.opened,
            "accepting": reason is None,
            "reason": None if reason is None else str(reason),
            "problem": None if reason is None else problem(reason),
            "protocol": protocol_view(now.protocol),
            "voters": [voter.hex() for voter in now.voters],
            "voters_heard_ms": {voter.hex(): age_ms for voter, age_ms in now.voters_heard_ms.items()},
            "voters_number": now.voters_number,
            "voters_confirmed": now.voters_confirmed,
            "change_waits": None
            if now.change_waits is None
            else {"reason": str(now.change_waits), "problem": problem(now.change_waits)},
            "peers": {"count": now.neighbours_count},
            "lag_blocks": now.lag_blocks,
            "height": now.height,
            "committed_height": now.committed_height,
            "executed_height": now.executed_height,
            "tree_size": now.tree_size,
            "tree_root": now.tree_root.hex(),
            "state_digest": now.state_digest.hex(),
            "kept_from": node.store.head().kept_from,
            "sync": _sync(now.sync),
            "checkpoint_size": now.checkpoint_size,
            "mempool": {"count": now.mempool_count, "size_bytes": now.mempool_size_bytes},
            "unstored_batches": now.unstored_batches,
            "disk": _disk(context),
            "clock_ms": node.now_ms(),
            "uptime_ms": node.now_ms() - node.started_ms,
        }
    )


def _sync(progress: SyncProgress) -> dict[str, Json]:
    """How far syncing by snapshot is, or filling."""
    return {
        "stage": progress.stage.value,
        "height": progress.height,
        "done": progress.done,
        "total": progress.total,
        "size_bytes": progress.size_bytes,
        "sources": progress.sources,
    }


def _disk(context: ApiContext) -> dict[str, Json]:
    """What the database takes, what its disk has left for this user, and what follows, as of the newest look."""
    room = context.node.service.room
    figures = room.figures
    return {
        "free_bytes": None if figures is None else figures.free_bytes,
        "used_bytes": None if figures is None else figures.used_bytes,
        "room_bytes": room.room_bytes,
        "quota_bytes": room.limits.quota_bytes,
        "reserve_bytes": room.limits.reserve_bytes,
        "level": room.level.value,
    }


async def health(_context: ApiContext, _request: Request, _parameters: Parameters) -> Response:
    """The process works."""
    return json_response({"status": "ok"})


async def ready(context: ApiContext, _request: Request, _parameters: Parameters) -> Response:
    """The node takes transactions."""
    reason = context.node.service.reason
    return json_response({"status": "ready"}) if reason is None else problem_response(reason)


async def metrics(context: ApiContext, _request: Request, _parameters: Parameters) -> Response:
    """Everything that is counted."""
    return Response(context.node.metrics.render(), media_type=CONTENT_TYPE, headers={"cache-control": "no-store"})


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/status",
        status,
        "How the node is",
        Audience.ANYBODY,
        answers=(Answer(200, _JSON, "The node's picture of itself.", "Status"),),
    ),
    Endpoint(
        "GET",
        "/healthz",
        health,
        "Whether the process works",
        Audience.ANYBODY,
        answers=(Answer(200, _JSON, "It does."),),
    ),
    Endpoint(
        "GET",
        "/readyz",
        ready,
        "Whether the node takes transactions",
        Audience.ANYBODY,
        answers=(Answer(200, _JSON, "It does."),),
    ),
    Endpoint(
        "GET",
        "/metrics",
        metrics,
        "Figures for Prometheus",
        Audience.ANYBODY,
        answers=(Answer(200, CONTENT_TYPE, "Prometheus text format."),),
    ),
)
