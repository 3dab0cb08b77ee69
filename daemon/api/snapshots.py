"""Snapshots: which ones this node has for others, and making one now.

Owns `/v1/snapshots`; making is `daemon.snapshot_maker`'s.
"""

from starlette.requests import Request
from starlette.responses import Response

from daemon.api.context import ApiContext
from daemon.api.endpoint import Answer, Audience, Endpoint
from daemon.api.json_value import Json, json_response
from daemon.api.parameters import Parameters
from daemon.api.request_errors import NotFoundError
from daemon.snapshot_maker import SnapshotMaker
from storage.snapshot_manifest import SnapshotManifest


def manifest_view(manifest: SnapshotManifest) -> dict[str, Json]:
    """What a manifest says, but for the names of its chunks."""
    return {
        "height": manifest.height,
        "name": manifest.hash.hex(),
        "header_hash": manifest.header_hash.hex(),
        "tree_size": manifest.tree_size,
        "state_digest": manifest.state_digest.hex(),
        "records": manifest.record_count,
        "chunks": len(manifest.chunks),
        "size_bytes": manifest.size_bytes,
    }


async def show(context: ApiContext, _request: Request, _parameters: Parameters) -> Response:
    """What there is, and what is being made."""
    return json_response(_view(_maker(context)))


async def make(context: ApiContext, _request: Request, _parameters: Parameters) -> Response:
    """Make one of where the node stands now, or of the next height that a header states."""
    maker = _maker(context)
    maker.ask()
    return json_response(_view(maker), status=202)


def _maker(context: ApiContext) -> SnapshotMaker:
    maker = context.node.service.snapshots
    if maker is None:
        raise NotFoundError("this node makes no snapshots")
    return maker


def _view(maker: SnapshotMaker) -> dict[str, Json]:
    return {
        "interval_blocks": maker.interval_blocks,
        "making": maker.making,
        "asked": maker.is_asked,
        "snapshots": [manifest_view(one) for one in maker.folder.manifests()],
    }


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/snapshots",
        show,
        "The snapshots that this node has",
        Audience.ANYBODY,
        answers=(Answer(200, "application/json", "The newest first.", "Snapshots"),),
    ),
    Endpoint(
        "POST",
        "/v1/snapshots",
        make,
        "Make a snapshot",
        Audience.OPERATOR,
        answers=(Answer(202, "application/json", "One is being made, or will be of the next height.", "Snapshots"),),
    ),
)
