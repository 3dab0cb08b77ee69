"""`banyan receipt` and `banyan policy`: what a node hands out so that others can verify without it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import RefusedError
from cli.language import N_, _
from cli.printer import Printer
from cli.session import Session

if TYPE_CHECKING:
    from cli.client import NodeClient
    from ledger.policy import Policy

# A receipt needs the next checkpoint, which comes within seconds.
WAIT_S = 30
# Dots for one module of the symbol: 4 print sharply at 300 dots an inch.
QR_SCALE = 4


def receipt(
    session: Session,
    transaction: Annotated[str, typer.Argument(metavar="ID", help=N_("The transaction's id."))],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help=N_("Write the receipt there, and the result proof to FILE.result.")),
    ] = None,
    result_out: Annotated[
        Path | None, typer.Option("--result-out", metavar="FILE", help=N_("Write the result proof there."))
    ] = None,
    qr: Annotated[
        Path | None,
        typer.Option("--qr", metavar="FILE.png", help=N_("Write the receipt as a QR code; several if it is large.")),
    ] = None,
) -> None:
    """Get the receipt of a transaction and its result proof."""
    from cli.client import NodeClient
    from cli.identifier import transaction_id
    from cli.named_file import write_over
    from cli.verification import parse_policy, verify_texts

    with NodeClient(session.home) as client:
        answer = _ask_for_receipt(client, f"/v1/transactions/{transaction_id(transaction)}/receipt")
        policy = parse_policy(client.get_bytes("/tlog-policy", "text/plain", at=answer["tree_size"]))
    proof, result_proof = answer["receipt"].encode("utf-8"), answer["result_proof"].encode("utf-8")
    # What is handed on holds, or it is not handed on; whoever verifies it does so with a policy of their own.
    verify_texts([proof, result_proof], policy)
    files: list[str] = []
    if out is not None:
        write_over(out, proof)
        files.append(str(out))
        result_out = result_out or out.with_name(out.name + ".result")
    if result_out is not None:
        write_over(result_out, result_proof)
        files.append(str(result_out))
    if qr is not None:
        files += write_codes(qr, proof, policy)
    document = {**answer, "files": files}
    session.show(document, lambda printer: _render_receipt(printer, document))


def _ask_for_receipt(client: "NodeClient", path: str) -> dict[str, Any]:
    """The receipt, when the next checkpoint covers it; an unknown id is told at once."""
    try:
        answer: dict[str, Any] = client.get(path)
    except RefusedError as error:
        if error.code != "receipt-not-ready":
            raise
        answer = client.get(path, wait=WAIT_S)
    return answer


def _render_receipt(printer: Printer, document: dict[str, Any]) -> None:
    if not document["files"]:
        printer.line(document["receipt"].removesuffix("\n"))
        return
    printer.fields((_("Written"), path) for path in document["files"])


def write_codes(path: Path, proof: bytes, policy: "Policy") -> list[str]:
    """Write the QR codes of a receipt as PNG; several are numbered `FILE-1.png` and so on."""
    import io

    import segno

    from cli.named_file import write_over
    from ledger.receipt_code import encode_receipt_code

    texts = encode_receipt_code(proof, policy)
    written: list[str] = []
    for number, text in enumerate(texts, 1):
        target = path if len(texts) == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        image = io.BytesIO()
        segno.make(text, error="m", mode="alphanumeric", micro=False).save(image, kind="png", scale=QR_SCALE)
        write_over(target, image.getvalue())
        written.append(str(target))
    return written


def policy(
    session: Session,
    at: Annotated[
        int | None, typer.Option("--at", metavar="SIZE", min=0, help=N_("The policy as it was at that tree size."))
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help=N_("Write it there."))] = None,
) -> None:
    """Print the network's verification policy."""
    from cli.client import NodeClient
    from cli.named_file import write_over
    from cli.verification import parse_policy

    with NodeClient(session.home) as client:
        content = client.get_bytes("/tlog-policy", "text/plain", at=at)
    trusted = parse_policy(content)
    if out is not None:
        write_over(out, content)
    text = content.decode("utf-8", "surrogateescape")
    document = {
        "policy": text,
        "logs": [str(log.key) for log in trusted.logs],
        "cosigners": [str(witness.key) for witness in trusted.witnesses],
        "file": None if out is None else str(out),
    }

    def render(printer: Printer) -> None:
        if out is None:
            printer.line(text.removesuffix("\n"))
        else:
            printer.fields([(_("Written"), out)])

    session.show(document, render)
