"""`banyan verify`: what a receipt proves, offline."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.commands.records import value_text
from cli.language import N_, _, translated
from cli.printer import Printer, time_text
from cli.session import Session


def verify(
    session: Session,
    file: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help=N_("A receipt, its result proof, or the texts of its QR codes.")),
    ],
    policy: Annotated[
        Path, typer.Option("--policy", metavar="FILE", help=N_("The network's policy, from `banyan policy`."))
    ],
) -> None:
    """Verify proofs without a node."""
    from cli.errors import VerificationError
    from cli.named_file import read_bytes
    from cli.verification import describe, read_policy, verify_texts
    from ledger.result_proof import RESULT_PROOF_SIZE_BYTES_MAX

    contents = [read_bytes(path, RESULT_PROOF_SIZE_BYTES_MAX) for path in file]
    trusted = read_policy(policy)
    try:
        document = describe(verify_texts(contents, trusted), trusted)
    except VerificationError as error:
        if session.json:
            # Scripts that look at standard output alone must see it too.
            session.show({"verified": False, "reason": translated(error)}, lambda printer: None)
        raise
    session.show(document, lambda printer: _render(printer, document))


def _render(printer: Printer, document: dict[str, Any]) -> None:
    for entry in document["entries"]:
        _render_entry(printer, entry)
    for result in document["results"]:
        _render_result(printer, result)
    if document["entries"] and not document["results"]:
        printer.line()
        printer.line(_("It does not say what became of it; for that, verify its result proof too."))
    printer.line(_("It does not prove that what somebody wrote is true."))


def _render_entry(printer: Printer, entry: dict[str, Any]) -> None:
    printer.good(_("Proven: this is entry {index} of the log {log}.").format(index=entry["index"], log=entry["log"]))
    _render_signers(printer, entry)
    printer.line()
    if entry["kind"] == "outcome":
        outcome = entry["outcome"]
        printer.fields(
            [
                (_("Content"), _("outcome of a block")),
                (_("Height"), outcome["height"]),
                (_("Time"), time_text(outcome["time_ms"])),
                (_("Executed height"), outcome["executed_height"]),
                (_("State digest"), outcome["state_digest"]),
                (_("Results"), outcome["results_count"]),
            ]
        )
        return
    transaction = entry["transaction"]
    printer.fields(
        [
            (_("Content"), _("transaction")),
            (_("Id"), transaction["id"]),
            (_("Network"), transaction["network"]),
            (_("From"), transaction["from"]),
            *((_("Signed with"), f"{one['scheme']} {one['key']}") for one in transaction["signatures"]),
            (_("Operation"), transaction["operation"]),
            *((name, value_text(value)) for name, value in transaction["arguments"].items()),
        ]
    )


def _render_result(printer: Printer, proven: dict[str, Any]) -> None:
    result = proven["result"]
    if result["timer"] is None:
        printer.good(_("Proven: what the ledger did with the transaction {id}.").format(id=result["id"]))
    else:
        printer.good(_("Proven: what the ledger did when the timer {id} was due.").format(id=result["timer"]))
    _render_signers(printer, proven)
    printer.line()
    printer.fields(
        [
            (_("Result"), result["code"]),
            (_("Height"), result["height"]),
            (_("Index"), result["index"]) if result["timer"] is None else (_("Purpose"), result["purpose"]),
            *((_("Wrote"), f"{one['kind']} {one['id']} ({one['version']})") for one in result["writes"]),
            *((_("In the chain of"), f"{one['subject']} ({one['sequence']})") for one in result["links"]),
            (_("Stated by block"), f"{result['stated_at_height']} ({time_text(result['stated_at_ms'])})"),
        ]
    )
    if result["code"] != "ok":
        from cli.refusal_text import refusal_of

        printer.line(translated(refusal_of(result["code"], result["details"])))


def _render_signers(printer: Printer, proven: dict[str, Any]) -> None:
    cosigned = proven["cosigned"]
    printer.fields(
        [
            (_("Log signed with"), proven["log_key"]),
            (_("Log size"), proven["tree_size"]),
            (_("Log root"), proven["tree_root"]),
            (
                _("Cosigned by"),
                _("{count} of {known} known cosigners: a quorum").format(
                    count=len(cosigned), known=proven["cosigners_known"]
                ),
            ),
            *(("", f"{one['name']} ({time_text(one['time_ms'])})") for one in cosigned),
        ]
    )
