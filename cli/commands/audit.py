"""`banyan audit`: re-derive a whole ledger and name the first thing that is wrong."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.language import N_, _, translated
from cli.printer import Printer, time_text
from cli.session import Session

if TYPE_CHECKING:
    from cli.audit.report import AuditReport

_VERDICTS = {
    "damaged": N_("damaged: this copy is not what was signed; take another node's copy"),
    "forged": N_("forged: what is shown as signed was not, or breaks the rules"),
    "foreign": N_("foreign: this ledger belongs to another network"),
}


def audit(
    session: Session,
    source: Annotated[
        str, typer.Option("--from", metavar="DIR|URL", help=N_("A node's folder, or the address of its HTTP API."))
    ],
    genesis: Annotated[
        Path, typer.Option("--genesis", metavar="FILE", help=N_("The network's genesis.json, from a hand you trust."))
    ],
    inheritance: Annotated[
        Path | None,
        typer.Option(
            "--inheritance",
            metavar="FILE",
            help=N_("The records that a successor network began with; without it those in the node's folder."),
        ),
    ] = None,
) -> None:
    """Check everything: every signature, block, certificate, tree root and state digest."""
    from cli.audit.run import is_address, run_audit
    from cli.errors import UsageError, VerificationError
    from cli.genesis_file import read_genesis

    if not is_address(source) and not Path(source).exists():
        if "://" in source:
            raise UsageError(
                "{address} cannot be audited; give --from an address with http:// or https://, or a node's folder",
                address=source,
            )
        raise UsageError("{path} is not there; give a node's folder or the address of its HTTP API", path=source)

    # Read here first, so that a wrong file is a wrong call and not a wrong ledger.
    read_genesis(genesis)
    with session.progress(_("Auditing"), None) as advance:
        report = run_audit(source, genesis, lambda stage, done, total: advance(done, total or None), inheritance)
    session.show(report.to_json(), lambda printer: _render(printer, report))
    if report.finding is not None:
        raise VerificationError("the ledger is not as it should be: {reason}", reason=report.finding)


def _render(printer: Printer, report: "AuditReport") -> None:
    head, finding = report.head, report.finding
    if finding is None:
        printer.good(_("Everything holds."))
    else:
        printer.bad(translated(finding))
        places = [(_("Verdict"), _(_VERDICTS[finding.verdict])), (_("Code"), finding.code)]
        described = finding.to_json()
        names = {
            "height": _("Height"),
            "index": _("Index"),
            "key": _("Key"),
            "expected": _("Expected"),
            "found": _("Found"),
        }
        places += [(label, str(described[name])) for name, label in names.items() if described[name] is not None]
        printer.fields(places)
        printer.line()
    printer.fields(
        [
            (_("Blocks checked"), report.blocks),
            (_("Entries checked"), report.entries),
            (_("Seconds"), f"{report.seconds:.1f}"),
            (_("Network id"), head.network_id.hex()),
            (_("Height"), head.height),
            (_("Block"), head.block_hash.hex()),
            (_("Time"), time_text(head.time_ms)),
            (_("Log entries"), head.tree_size),
            (_("Log root"), head.tree_root.hex()),
            (_("State digest"), head.state_digest.hex()),
            *((_("Not compared"), _(what)) for what in report.left_out),
        ]
    )
