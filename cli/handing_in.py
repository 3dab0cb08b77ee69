"""Handing one signed transaction to the node, and waiting for what becomes of it.

Owns the wait and its bound, which is the transaction's own expiry; never decides what is asked for.
"""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.errors import CommandError, RefusedError, UnreachableError
from cli.language import _
from cli.printer import Printer
from cli.session import Session

if TYPE_CHECKING:
    from cli.client import Answer, NodeClient
    from cli.operation_arguments import PreparedArguments
    from ledger.transaction import Transaction

# As long as the API waits for one answer; asked again until the transaction expires.
WAIT_S = 60
# A node that is too busy to wait for us answers at once; it is not asked again before this.
ASK_AGAIN_S = 1.0
# How much longer than the transaction lives its fate is asked for: a node's clock may go after ours.
EXPIRY_MARGIN_MS = 10_000


def hand_in(
    session: Session, operation: str, prepared: "PreparedArguments", key: Path | None, *, waits: bool = True
) -> "Answer":
    """Sign and hand in one transaction; the node's answer, of the committed transaction if it `waits`.

    Raises:
        UsageError: there is no key, or the arguments make no transaction.
        UnreachableError: the node does not answer; the message says how to find out what became of it.
        RefusedError: the node refuses it.
        CommandError: it was not committed before it expired.
    """
    from cli.client import NodeClient
    from cli.genesis_file import read_home_genesis
    from cli.sender_account import sender_account
    from cli.signer import open_signing_key
    from cli.submission_maker import SubmissionMaker
    from ledger.usual_envelope import NONCE_SIZE_BYTES

    with NodeClient(session.home) as client:
        # Before a passphrase is asked for: that no node runs is what the user has to hear first.
        client.get("/v1/status")
        genesis, signing = read_home_genesis(session.home), open_signing_key(key, session.home)
        sender = sender_account(client, genesis.network_id, signing.signing.public)
        maker = SubmissionMaker.of(genesis, signing, sender)
        expires_ms = time.time_ns() // 1_000_000 + maker.lifetime_ms
        transaction, submission = maker.make(operation, prepared, os.urandom(NONCE_SIZE_BYTES), expires_ms)
        try:
            answer = client.post("/v1/transactions", submission, "application/msgpack", wait=WAIT_S if waits else None)
            return _wait(session, client, transaction, answer) if waits else answer
        except UnreachableError as error:
            raise UnreachableError(
                "{reason}; `banyan tx {id}` tells what became of the transaction", reason=error, id=transaction.id.hex()
            ) from error


def _wait(session: Session, client: "NodeClient", transaction: "Transaction", answer: "Answer") -> "Answer":
    """Ask until the transaction is committed; it is bounded by the transaction's own expiry."""
    transaction_id = transaction.id.hex()
    while answer["status"] != "committed":
        session.note(_("Waiting for {id} to be committed …").format(id=transaction_id))
        asked_s = time.monotonic()
        try:
            answer = client.get(f"/v1/transactions/{transaction_id}", wait=WAIT_S)
        except RefusedError as error:
            if error.code != "transaction-unknown":
                raise
            if time.time_ns() // 1_000_000 > transaction.expires_ms + EXPIRY_MARGIN_MS:
                raise CommandError(
                    "the transaction {id} was not committed before it expired; look at `banyan status`, and submit it"
                    " again",
                    id=transaction_id,
                ) from error
        if answer["status"] != "committed":
            time.sleep(max(0.0, asked_s + ASK_AGAIN_S - time.monotonic()))
    return answer


def check_result(answer: "Answer") -> None:
    """Raise the refusal that the committed transaction's result is, if it is one.

    Raises:
        RefusedError
    """
    result = answer["result"]
    if result["code"] != "ok":
        from cli.refusal_text import refusal_of

        raise refusal_of(result["code"], result["details"], (result.get("refusal") or {}).get("pack"))


def render_committed(printer: Printer, answer: dict[str, Any]) -> None:
    """Id, place and result of a committed transaction."""
    from cli.printer import time_text

    result = answer["result"]
    printer.fields(
        [
            (_("Id"), answer["id"]),
            (_("Height"), answer["height"]),
            (_("Index"), answer["index"]),
            (_("Time"), time_text(answer["time_ms"])),
            (_("Result"), result["code"]),
            *((_("Wrote"), f"{one['kind']} {one['id']} ({one['version']})") for one in result["writes"]),
        ]
    )
