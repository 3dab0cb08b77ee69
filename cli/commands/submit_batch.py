"""`banyan submit-batch`: many transactions from a file, resumable."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import EXIT_FAILED, EXIT_REFUSED
from cli.language import N_, _
from cli.printer import Printer
from cli.session import Session

# More would push the summary off the screen; the file has all.
FAILURES_SHOWN_MAX = 20


def submit_batch(
    session: Session,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE.jsonl", help=N_('Each line: {"op": "…", "args": {…}}.')),
    ],
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", metavar="FILE", help=N_("Key to sign with. Default: $BANYAN_KEY, then admin.key in --home.")
        ),
    ] = None,
) -> int:
    """Hand in every line of a file; a run that was broken off goes on where it was."""
    from cli.batch_file import measure
    from cli.batch_journal import BatchJournal
    from cli.batch_report import BatchReport
    from cli.batch_run import BatchRun
    from cli.batch_stream import BatchStream
    from cli.client import NodeClient
    from cli.genesis_file import read_home_genesis
    from cli.interruption import interruption_ends
    from cli.node_watch import NodeWatch
    from cli.sender_account import sender_account
    from cli.signer import open_signing_key
    from cli.submission_maker import SubmissionMaker

    batch = measure(file)
    with NodeClient(session.home) as client:
        client.get("/v1/status")
        genesis, signing = read_home_genesis(session.home), open_signing_key(key, session.home)
        sender = sender_account(client, genesis.network_id, signing.signing.public)
        maker = SubmissionMaker.of(genesis, signing, sender)
        report = BatchReport(file.with_name(file.name + ".failed"))
        journal = BatchJournal(
            file.with_name(file.name + ".progress"), batch, maker.network_id, maker.key.signing.public
        )
        started = time.monotonic()
        try:
            run = BatchRun(batch, journal, maker, client, report)
            with (
                session.progress(_("Submitting"), batch.line_count) as advance,
                NodeWatch(session.home, session.note),
                BatchStream(session.home) as stream,
                interruption_ends(stream.interrupt),
            ):
                run.run(stream, advance)
        except KeyboardInterrupt:
            session.note(
                _("Interrupted: {count} lines are on the ledger. Run the same command again to go on.").format(
                    count=report.committed + report.already
                )
            )
            raise
        finally:
            journal.close()
            report.close()
    document = {"file": str(file), "seconds": round(time.monotonic() - started, 3), **report.to_json()}
    session.show(document, lambda printer: _render(session, printer, document))
    if report.failed:
        return EXIT_REFUSED
    return EXIT_FAILED if report.pending else 0


def _render(session: Session, printer: Printer, document: dict[str, Any]) -> None:
    for failure in document["failures"][:FAILURES_SHOWN_MAX]:
        session.note(_("Line {number}: {reason}").format(number=failure["line"], reason=failure["reason"]))
    seconds = document["seconds"]
    printer.fields(
        [
            (_("Committed"), document["committed"]),
            (_("On the ledger before"), document["already"]),
            (_("Failed"), document["failed"]),
            *([(_("Not decided yet"), document["pending"])] if document["pending"] else []),
            (_("Seconds"), f"{seconds:.1f}"),
            (_("Per second"), f"{document['committed'] / seconds:.0f}" if seconds > 0 else "-"),
        ]
    )
    if document["failures_file"]:
        session.note(_("Every line that failed is in {path}.").format(path=document["failures_file"]))
    if document["pending"]:
        session.note(_("Run the same command again to learn what became of the rest."))
