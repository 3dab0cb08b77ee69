"""Handing in a transaction, looking one up, getting its receipt.

Owns `/v1/transactions` apart from batches; never decides about a transaction, the service does.
"""

from contextlib import nullcontext

import trio
from starlette.requests import Request
from starlette.responses import Response

from daemon.api.body import media_type, read_body
from daemon.api.context import ApiContext
from daemon.api.endpoint import PLACE, REQUEST_ID, Answer, Audience, Body, Endpoint
from daemon.api.json_value import json_response
from daemon.api.parameters import Parameter, Parameters
from daemon.api.problems import problem_response
from daemon.api.submissions import JSON, JSON_SIZE_BYTES_MAX, MSGPACK, WireSubmission, parse_json_submission
from daemon.api.views import found_view, outcome_view
from daemon.lookup import TransactionUnknownError, find_transaction, unknown_transaction
from daemon.pending import Pending, SubmissionStatus
from daemon.receipts import IssuedReceipt, ReceiptNotReadyError, issue_receipt
from ledger.hashing import Hash
from ledger.submission import SUBMISSION_SIZE_BYTES_MAX

WAIT = Parameter("wait", "integer", "Wait at most so many seconds.", 0, 60, default=0)
TRANSACTION_ID = Parameter("id", "hash", "Transaction id.")
PROOF = Parameter("proof", "text", "Which text, unless JSON is asked for.", choices=("entry", "result"))


async def submit(context: ApiContext, request: Request, parameters: Parameters) -> Response:
    """Hand in one transaction."""
    wait_ms = parameters.integer("wait") * 1000
    pending = await _hand_in(context, request, until_executed=wait_ms > 0)
    # Its block is everybody's work: what waits for it here is a few hundred bytes.
    async with request.scope[PLACE].lent() if pending.outcome is None else nullcontext():
        outcome = await context.node.service.outcome_of(pending, wait_ms)
    if outcome.error is not None:
        return problem_response(outcome.error, outcome.retry_after_ms)
    status = 200 if outcome.status is SubmissionStatus.COMMITTED else 202
    return json_response(outcome_view(outcome, context.node.registry, context.node.store.state), status)


async def _hand_in(context: ApiContext, request: Request, *, until_executed: bool) -> Pending:
    """Read the body and pass it on; apart from `submit`, so that nothing of it is kept while the client waits."""
    kind = media_type(request, (MSGPACK, JSON))
    hold = context.node.service.bodies.hold()
    try:
        body = await read_body(request, SUBMISSION_SIZE_BYTES_MAX if kind == MSGPACK else JSON_SIZE_BYTES_MAX, hold)
        wire = WireSubmission(body, None) if kind == MSGPACK else parse_json_submission(body)
        hold.resize(wire.size_bytes)
        return context.node.service.hand_in(
            wire.raw,
            wire.detached,
            until_executed=until_executed,
            on_let_go=hold.release,
            request_id=request.scope[REQUEST_ID],
        )
    except BaseException:
        hold.release()
        raise


async def show(context: ApiContext, request: Request, parameters: Parameters) -> Response:
    """An executed transaction."""
    transaction_id = parameters.hash("id")
    wait_ms = parameters.integer("wait") * 1000
    if wait_ms and context.node.store.index_of(transaction_id) is None:
        async with request.scope[PLACE].lent():
            await context.node.service.wait_for_transaction(transaction_id, wait_ms)
    found = find_transaction(context.node.store, transaction_id)
    if found is None:
        raise unknown_transaction(context.node.store, transaction_id)
    return json_response(found_view(found, context.node.registry, context.node.store.state))


async def receipt(context: ApiContext, request: Request, parameters: Parameters) -> Response:
    """Receipt and result proof of a transaction, as one JSON document or one of them as text."""
    issued = await _issue(context, parameters.hash("id"), parameters.integer("wait"))
    if "application/json" in request.headers.get("accept", ""):
        return json_response(
            {
                "id": issued.transaction_id.hex(),
                "index": issued.leaf_index,
                "height": issued.height,
                "tree_size": issued.tree_size,
                "receipt": issued.receipt.decode("utf-8"),
                "result_proof": issued.result_proof.decode("utf-8"),
            }
        )
    text = issued.result_proof if parameters.text("proof") == "result" else issued.receipt
    return Response(text, media_type="text/plain", headers={"cache-control": "no-store"})


async def _issue(context: ApiContext, transaction_id: Hash, wait_seconds: int) -> IssuedReceipt:
    """The receipt; while it cannot be issued yet, again after each block and checkpoint until the time is over."""
    with trio.move_on_after(wait_seconds):
        while not context.node.service.has_stopped:
            moved = context.node.service.next_move()
            try:
                return await _issue_once(context, transaction_id)
            except (ReceiptNotReadyError, TransactionUnknownError):
                await moved.wait()
    return await _issue_once(context, transaction_id)


async def _issue_once(context: ApiContext, transaction_id: Hash) -> IssuedReceipt:
    """On a thread: hashing the results of full blocks takes tens of milliseconds, and others wait."""
    node = context.node
    return await trio.to_thread.run_sync(
        issue_receipt, node.store, node.genesis, transaction_id, context.result_trees, limiter=context.receipt_threads
    )


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/transactions",
        submit,
        "Hand in one transaction",
        Audience.ANYBODY,
        answers=(
            Answer(200, JSON, "Committed and executed; `result.code` says what came of it.", "Submitted"),
            Answer(202, JSON, "Admitted, not committed yet.", "Submitted"),
        ),
        query=(WAIT,),
        bodies=(
            Body(MSGPACK, "The envelope, or a canonical map of `detached` and `envelope`."),
            Body(JSON, "Envelope and values in base64.", "Submission"),
        ),
    ),
    Endpoint(
        "GET",
        "/v1/transactions/{id}/receipt",
        receipt,
        "Receipt and result proof of a transaction",
        Audience.CONTENT,
        answers=(
            Answer(200, "text/plain", "The receipt (C2SP tlog-proof), or the result proof."),
            Answer(200, JSON, "Both.", "Receipt"),
        ),
        path_parameters=(TRANSACTION_ID,),
        query=(WAIT, PROOF),
    ),
    Endpoint(
        "GET",
        "/v1/transactions/{id}",
        show,
        "An executed transaction with its result",
        Audience.CONTENT,
        answers=(Answer(200, JSON, "The transaction.", "Transaction"),),
        path_parameters=(TRANSACTION_ID,),
        query=(WAIT,),
    ),
)
