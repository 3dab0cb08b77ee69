"""The log's public face, as C2SP `tlog-tiles` has it: checkpoint, tiles, policy; and the genesis.

Owns `/checkpoint`, `/tile/…`, `/tlog-policy` and `/v1/genesis`. Serves tiles of executed blocks only, so what was
served once is served for ever. Source: C2SP tlog-tiles; docs/protocol.md, section 9.
"""

from starlette.requests import Request
from starlette.responses import Response

from daemon.api.context import ApiContext
from daemon.api.endpoint import Answer, Audience, Endpoint, check_content
from daemon.api.parameters import Parameter, Parameters
from daemon.api.request_errors import CheckpointUnknownError, TileUnknownError
from daemon.policy import current_policy, policy_at
from ledger.errors import DecodingError
from ledger.hashing import HASH_SIZE_BYTES
from ledger.tiles import TilePath, encode_entry_bundle, parse_tile_path, tile_width
from ledger.tree import TILE_WIDTH

_TEXT = "text/plain"
_BINARY = "application/octet-stream"
_IMMUTABLE = {"cache-control": "public, max-age=31536000, immutable"}
# A new checkpoint comes at most once a second.
_SHORT_LIVED = {"cache-control": "no-cache"}


async def checkpoint(context: ApiContext, _request: Request, _parameters: Parameters) -> Response:
    """The newest signed checkpoint."""
    note = context.node.store.head().checkpoint
    if note is None:
        raise CheckpointUnknownError("this log has no checkpoint yet; ask again when it has its first entries")
    return Response(bytes(note), media_type=_TEXT, headers=_SHORT_LIVED)


async def tile(context: ApiContext, _request: Request, parameters: Parameters) -> Response:
    """A hash tile or an entry bundle."""
    path = f"tile/{parameters.text('path')}"
    try:
        wanted = parse_tile_path(path)
    except DecodingError as error:
        raise TileUnknownError("{path} is not the path of a tile; see C2SP tlog-tiles", path=path) from error
    if wanted.level is None:
        check_content(context)
    available = tile_width(context.node.store.head().tree_size, wanted.level, wanted.index)
    if not available:
        raise TileUnknownError(
            "{path} does not exist yet: the log ends before it; ask again when the log has grown, /checkpoint says how"
            " far it is",
            path=path,
        )
    if wanted.width > available:
        raise TileUnknownError(
            "{path} does not exist yet: the tile has {count} of {wanted} parts; ask with .p/{count}, or later",
            path=path,
            count=available,
            wanted=wanted.width,
        )
    return Response(_content(context, wanted), media_type=_BINARY, headers=_IMMUTABLE)


def _content(context: ApiContext, wanted: TilePath) -> bytes:
    store = context.node.store
    if wanted.level is None:
        entries = store.entries(wanted.index * TILE_WIDTH, wanted.width)
        return encode_entry_bundle([bytes(entry) for entry in entries])
    return bytes(store.tile(wanted.level, wanted.index))[: wanted.width * HASH_SIZE_BYTES]


async def policy(context: ApiContext, _request: Request, parameters: Parameters) -> Response:
    """The verification policy."""
    store, of_network = context.node.store, context.node.genesis
    if parameters.has("at"):
        found = policy_at(store, of_network, parameters.integer("at"))
    else:
        found = current_policy(store, of_network)
    return Response(found.encode(), media_type=_TEXT, headers=_SHORT_LIVED)


async def genesis(context: ApiContext, _request: Request, _parameters: Parameters) -> Response:
    """The network's genesis."""
    return Response(context.node.genesis.to_json(), media_type="application/json", headers=_IMMUTABLE)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/checkpoint",
        checkpoint,
        "The newest checkpoint",
        Audience.ANYBODY,
        answers=(Answer(200, _TEXT, "A signed note (C2SP tlog-checkpoint) with its cosignatures."),),
    ),
    Endpoint(
        "GET",
        "/tile/{path:path}",
        tile,
        "A hash tile, or an entry bundle where the network's visibility allows",
        Audience.ANYBODY,
        answers=(Answer(200, _BINARY, "Hashes one after the other, or entries each after its length."),),
        path_parameters=(Parameter("path", "text", "Level (or `entries`), index and width, as in C2SP tlog-tiles."),),
    ),
    Endpoint(
        "GET",
        "/tlog-policy",
        policy,
        "The policy that verifies checkpoints and receipts",
        Audience.ANYBODY,
        answers=(Answer(200, _TEXT, "C2SP tlog-policy."),),
        query=(Parameter("at", "integer", "As it was at this tree size."),),
    ),
    Endpoint(
        "GET",
        "/v1/genesis",
        genesis,
        "The network's genesis",
        Audience.ANYBODY,
        answers=(Answer(200, "application/json", "As in `genesis.json`."),),
    ),
)
