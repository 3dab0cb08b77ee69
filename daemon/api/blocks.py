"""Blocks, decoded, and what their timers did.

Owns `/v1/blocks`; shows executed blocks only, because what is above may still be replaced.
"""

import trio
from starlette.requests import Request
from starlette.responses import Response

from contracts.result import Result
from contracts.timer_effect import TimerEffect
from daemon.api.context import ApiContext
from daemon.api.endpoint import Answer, Audience, Endpoint
from daemon.api.json_value import Json, json_response
from daemon.api.parameters import Parameter, Parameters
from daemon.api.request_errors import BlockUnknownError
from daemon.api.views import effect_view, header_view, outcome_leaf_view, result_view
from daemon.lookup import decoded_header, timer_effects
from daemon.receipts import issue_effect_proof
from ledger.base64_text import encode_base64
from ledger.block import Header, Outcome
from ledger.transaction import decode_envelope
from storage.interface import StoredHeader, StoreReader

# Decoding a transaction and its result takes about 30 µs; a block may hold thousands, and others wait.
BETWEEN_CHECKPOINTS = 128


def _executed(store: StoreReader, height: int) -> StoredHeader:
    stored = store.header(height)
    executed_height = store.head().executed_height
    if stored is None or height > executed_height:
        raise BlockUnknownError(
            "there is no executed block {height}; this node has executed 1 to {executed}",
            height=height,
            executed=executed_height,
        )
    return stored


async def show(context: ApiContext, _request: Request, parameters: Parameters) -> Response:
    """An executed block."""
    store, height = context.node.store, parameters.integer("height")
    stored = _executed(store, height)
    outcome, *envelopes = store.entries(stored.first_index, stored.leaf_count)
    certificate = store.certificate(height)
    transactions: list[Json] = []
    for offset, envelope in enumerate(envelopes, 1):
        transactions.append(_summary(store, stored.first_index + offset, bytes(envelope)))
        if offset % BETWEEN_CHECKPOINTS == 0:
            await trio.lowlevel.checkpoint()
    return json_response(
        {
            **header_view(Header.decode(stored.header)),
            "first_index": stored.first_index,
            "signature": stored.signature.hex(),
            "header": encode_base64(stored.header),
            "certificate": None if certificate is None else encode_base64(certificate),
            "election_certificate": encode_base64(stored.election_certificate) if stored.election_certificate else None,
            "outcome": outcome_leaf_view(Outcome.decode(bytes(outcome))),
            "timers": [effect_view(effect) for effect in timer_effects(store, height)],
            "transactions": transactions,
        }
    )


async def show_timer(context: ApiContext, _request: Request, parameters: Parameters) -> Response:
    """What one timer of an executed block did."""
    store, height = context.node.store, parameters.integer("height")
    leaf = _effect_leaf(store, height, parameters.integer("number"))
    effect = TimerEffect.decode(leaf)
    return json_response(
        {
            **effect_view(effect),
            "height": height,
            "time_ms": decoded_header(store, height).time_ms,
            "result": result_view(effect, context.node.registry, store.state),
            "effect_leaf": encode_base64(leaf),
        }
    )


async def prove_timer(context: ApiContext, _request: Request, parameters: Parameters) -> Response:
    """The result proof of what one timer of an executed block did."""
    node, height = context.node, parameters.integer("height")
    leaf = _effect_leaf(node.store, height, parameters.integer("number"))
    # On a thread, as receipts are.
    proof = await trio.to_thread.run_sync(
        issue_effect_proof,
        node.store,
        node.genesis,
        height,
        leaf,
        context.result_trees,
        limiter=context.receipt_threads,
    )
    return Response(proof, media_type="text/plain", headers={"cache-control": "no-store"})


def _effect_leaf(store: StoreReader, height: int, number: int) -> bytes:
    _executed(store, height)
    leaves = store.timer_effects(height)
    if number > len(leaves):
        raise BlockUnknownError(
            "block {height} ran {count} timers, there is no number {number}",
            height=height,
            count=len(leaves),
            number=number,
        )
    return bytes(leaves[number - 1])


def _summary(store: StoreReader, index: int, envelope: bytes) -> dict[str, Json]:
    transaction = decode_envelope(envelope)
    leaf = store.result(index)
    return {
        "id": transaction.id.hex(),
        "index": index,
        "operation": transaction.operation,
        "from": transaction.sender.hex(),
        "code": None if leaf is None else Result.decode(bytes(leaf)).code,
    }


_HEIGHT = Parameter("height", "integer", "The block's height.", 1)
_NUMBER = Parameter("number", "integer", "Its number in the block.", 1)

ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/blocks/{height}",
        show,
        "An executed block",
        Audience.CONTENT,
        answers=(Answer(200, "application/json", "The block.", "Block"),),
        path_parameters=(_HEIGHT,),
    ),
    Endpoint(
        "GET",
        "/v1/blocks/{height}/timers/{number}",
        show_timer,
        "What a timer did",
        Audience.CONTENT,
        answers=(Answer(200, "application/json", "The timer's effect.", "TimerEffect"),),
        path_parameters=(_HEIGHT, _NUMBER),
    ),
    Endpoint(
        "GET",
        "/v1/blocks/{height}/timers/{number}/proof",
        prove_timer,
        "The proof of what a timer did",
        Audience.CONTENT,
        answers=(Answer(200, "text/plain", "The result proof."),),
        path_parameters=(_HEIGHT, _NUMBER),
    ),
)
