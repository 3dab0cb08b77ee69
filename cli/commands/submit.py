"""`banyan submit`: one transaction."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import CommandError, RefusedError, UnreachableError
from cli.language import N_, _
from cli.printer import Printer
from cli.session import Session

if TYPE_CHECKING:
    from cli.client import Answer, NodeClient
    from cli.operation_arguments import PreparedArguments
    from ledger.transaction import Transaction

# As long as the API waits for one answer; asked again until the transaction expires.
WAIT_S = 60
# How much longer than the transaction lives its fate is asked for: a node's clock may go after ours.
EXPIRY_MARGIN_MS = 10_000


def submit(
    session: Session,
    operation: Annotated[
        str, typer.Argument(metavar="OPERATION", help=N_("What to do, as contract.method, such as notice.post."))
    ],
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", metavar="FILE", help=N_("Key to sign with. Default: $BANYAN_KEY, then admin.key in --home.")
        ),
    ] = None,
    arg: Annotated[
        list[str] | None,
        typer.Option("--arg", metavar="NAME=VALUE", help=N_("An argument as text, or NAME:=JSON; once for each.")),
    ] = None,
    args_file: Annotated[
        Path | None, typer.Option("--args-file", metavar="FILE", help=N_("A JSON file with an object of arguments."))
    ] = None,
    detached: Annotated[
        list[str] | None,
        typer.Option(
            "--detached",
            metavar="NAME=VALUE",
            help=N_("An argument that stays off the ledger, or NAME@FILE; only its commitment goes on it."),
        ),
    ] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help=N_("Do not wait until it is committed."))] = False,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help=N_("Send operation and arguments as given, even if unknown here."))
    ] = False,
) -> int:
    """Hand in one transaction and wait for what becomes of it."""
    from cli.client import NodeClient
    from cli.genesis_file import read_home_genesis
    from cli.signer import open_signing_key
    from cli.submission_maker import SubmissionMaker
    from ledger.transaction import NONCE_SIZE_BYTES

    prepared = _prepare(operation, arg or [], args_file, detached or [], unchecked)
    with NodeClient(session.home) as client:
        # Before a passphrase is asked for: that no node runs is what the user has to hear first.
        client.get("/v1/status")
        maker = SubmissionMaker.of(read_home_genesis(session.home), open_signing_key(key, session.home))
        expires_ms = time.time_ns() // 1_000_000 + maker.lifetime_ms
        transaction, submission = maker.make(operation, prepared, os.urandom(NONCE_SIZE_BYTES), expires_ms)
        try:
            answer = client.post(
                "/v1/transactions", submission, "application/msgpack", wait=None if no_wait else WAIT_S
            )
            if not no_wait:
                answer = _wait(session, client, transaction, answer)
        except UnreachableError as error:
            raise UnreachableError(
                "{reason}; `banyan tx {id}` tells what became of the transaction", reason=error, id=transaction.id.hex()
            ) from error
    return _show(session, answer)


def _prepare(
    operation: str, settings: list[str], args_file: Path | None, detached: list[str], unchecked: bool
) -> "PreparedArguments":
    from cli.errors import UsageError
    from cli.operation_arguments import (
        declaration_of,
        parse_detached,
        parse_settings,
        prepare,
        read_arguments_file,
    )
    from ledger.detached import SALT_SIZE_BYTES

    declaration = None if unchecked else declaration_of(operation)
    values = read_arguments_file(args_file) if args_file else {}
    for name, value in parse_settings(settings, declaration).items():
        if name in values:
            raise UsageError("the argument {name} is given twice", name=name)
        values[name] = value
    return prepare(operation, values, parse_detached(detached), lambda name: os.urandom(SALT_SIZE_BYTES), declaration)


def _wait(session: Session, client: "NodeClient", transaction: "Transaction", answer: "Answer") -> "Answer":
    """Ask until the transaction is committed; it is bounded by the transaction's own expiry."""
    transaction_id = transaction.id.hex()
    while answer["status"] != "committed":
        session.note(_("Waiting for {id} to be committed …").format(id=transaction_id))
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
    return answer


def _show(session: Session, answer: dict[str, Any]) -> int:
    if answer["status"] != "committed":
        document = {"id": answer["id"], "status": answer["status"]}
        session.show(document, lambda printer: printer.fields([(_("Id"), answer["id"]), (_("Status"), _("pending"))]))
        return 0
    result = answer["result"]
    document = {name: answer[name] for name in ("id", "status", "height", "index", "time_ms", "result")}
    session.show(document, lambda printer: render_committed(printer, answer))
    if result["code"] != "ok":
        from cli.refusal_text import refusal_of

        raise refusal_of(result["code"], result["details"])
    return 0


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
