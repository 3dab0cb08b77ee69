"""`banyan import`: rows of tables onto the ledger, checked first, never twice."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import EXIT_FAILED, EXIT_REFUSED, EXIT_USAGE
from cli.language import N_, _
from cli.session import Session

if TYPE_CHECKING:
    from cli.importing.checking import CheckedImport
    from cli.importing.comparison import StepCount
    from cli.importing.plan import ImportPlan
    from cli.printer import Printer

    Counts = dict[str, StepCount]


def import_plan(
    session: Session,
    plan: Annotated[
        Path, typer.Argument(metavar="PLAN.toml", help=N_("What the files are and what their rows become."))
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=N_("Check plan and files only; needs no node and no key."))
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help=N_("Hand in what is new without asking."))] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help=N_("Hand in the good rows even if others have errors."))
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help=N_("Write all findings to FILE.csv or FILE.json."))
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", metavar="FILE", help=N_("Key to sign with. Default: $BANYAN_KEY, then admin.key in --home.")
        ),
    ] = None,
) -> int:
    """Check every row, say what is wrong, and hand in what the ledger does not have."""
    from cli.importing.checking import check_import
    from cli.importing.identity import draw_secret, read_secret
    from cli.importing.plan_reader import read_plan
    from cli.importing.report import check_report_path

    if report is not None:
        check_report_path(report)
    found = read_plan(plan)
    kept = read_secret(found.secret_path)
    secret = kept or draw_secret()
    with session.progress(_("Checking"), None) as advance:
        checked = check_import(found, secret, advance)
    if dry_run or (checked.findings.error_count and not partial):
        _show(session, checked, {}, report, is_dry=True)
        if checked.findings.error_count:
            session.note(_("Nothing was handed in. Correct the errors, or add --partial to leave those rows out."))
            return EXIT_USAGE
        return 0
    if kept is None:
        _keep_secret(session, found, secret)
    return _hand_in(session, checked, secret, key, report, agreed=yes)


def _keep_secret(session: Session, plan: "ImportPlan", secret: bytes) -> None:
    from cli.errors import UsageError
    from cli.importing.identity import write_secret

    journals = sorted(plan.path.parent.glob(f"{plan.path.stem}.*.progress"))
    if journals:
        raise UsageError(
            "the plan's secret {path} is gone, and {journal} tells of an import with it; put it back from a backup, or"
            " every row would be recorded again",
            path=str(plan.secret_path),
            journal=str(journals[0]),
        )
    write_secret(plan.secret_path, secret)
    session.note(
        _("Made {path}: the rows of this plan are known by it. Keep it with the plan, and to yourself.").format(
            path=plan.secret_path
        )
    )


def _hand_in(
    session: Session, checked: "CheckedImport", secret: bytes, key: Path | None, report: Path | None, *, agreed: bool
) -> int:
    from cli.client import NodeClient
    from cli.genesis_file import read_home_genesis
    from cli.importing.comparison import compare
    from cli.importing.fact_journal import FactJournal
    from cli.importing.identity import Identity
    from cli.importing.import_run import ImportRun
    from cli.signer import open_signing_key
    from cli.submission_maker import SubmissionMaker

    plan = checked.plan
    with NodeClient(session.home) as client:
        client.get("/v1/status")
        genesis = read_home_genesis(session.home)
        identity = Identity(secret, plan.name, genesis.network_id)
        journal = FactJournal(journal_path(plan, genesis.network_id), genesis.network_id, identity.fingerprint)
        try:
            with session.progress(_("Looking through the ledger"), None) as advance:
                compared = compare(checked, identity, journal, client, advance)
            if not compared.new_count or not (agreed or _confirm(session, checked, compared.counts)):
                _show(session, checked, compared.counts, report, is_dry=compared.new_count > 0)
                return _status(checked, compared.counts) if not compared.new_count else 0
            maker = SubmissionMaker.of(genesis, open_signing_key(key, session.home))
            run = ImportRun(compared, identity, journal, maker, client, checked.findings)
            try:
                _run(session, run, compared.new_count)
            finally:
                _show(session, checked, compared.counts, report, is_dry=False)
        finally:
            journal.close()
    return _status(checked, compared.counts)


def journal_path(plan: "ImportPlan", network_id: bytes) -> Path:
    """Where the journal of a plan for a network lies: beside the plan."""
    return plan.path.with_name(f"{plan.path.stem}.{network_id.hex()[:8]}.progress")


def _run(session: Session, run: Any, total: int) -> None:
    from cli.batch_stream import BatchStream
    from cli.interruption import interruption_ends
    from cli.node_watch import NodeWatch

    try:
        with (
            session.progress(_("Importing"), total) as advance,
            NodeWatch(session.home, session.note),
            BatchStream(session.home) as stream,
            interruption_ends(stream.interrupt),
        ):
            run.run(stream, advance)
    except KeyboardInterrupt:
        session.note(_("Interrupted. Run the same command again to go on; no row is recorded twice."))
        raise


def _confirm(session: Session, checked: "CheckedImport", counts: "Counts") -> bool:
    """Ask a person at a terminal; elsewhere the answer is no."""
    from cli.printer import Printer

    if session.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        session.note(_("Nothing was handed in yet: add --yes to hand in what is new."))
        return False
    _print(Printer(sys.stderr), checked, counts)
    new = sum(count.new for count in counts.values())
    return typer.confirm(_("Hand in {count} rows?").format(count=new), err=True)


def _status(checked: "CheckedImport", counts: "Counts") -> int:
    if any(count.pending for count in counts.values()):
        return EXIT_FAILED
    refused = any(count.refused or count.changed or count.held for count in counts.values())
    return EXIT_REFUSED if refused else EXIT_USAGE if checked.findings.error_count else 0


def _show(session: Session, checked: "CheckedImport", counts: "Counts", report: Path | None, *, is_dry: bool) -> None:
    from cli.importing.report import document_of, print_outcome, write_report

    document = document_of(checked, counts, is_dry=is_dry)

    def render(printer: "Printer") -> None:
        _print(printer, checked, counts)
        if counts and not is_dry:
            print_outcome(printer, counts)

    session.show(document, render)
    if report is not None:
        write_report(report, document)


def _print(printer: "Printer", checked: "CheckedImport", counts: "Counts") -> None:
    from cli.importing.report import print_counts, print_findings

    print_findings(printer, checked)
    print_counts(printer, checked, counts)
