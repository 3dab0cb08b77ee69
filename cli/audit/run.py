"""The way into an audit: from a place and a genesis to a report.

Owns the choice of the source, the threads, the temporary files and the clock. Never decides what is wrong.
Source: docs/reference/audit.md.
"""

import time
from pathlib import Path

from cli.audit.audited_voters import policy_of
from cli.audit.derived_state import DerivedState
from cli.audit.finding import AuditFinding
from cli.audit.replay import genesis_digest
from cli.audit.report import AuditedHead, AuditReport
from cli.audit.signature_check import SignatureCheck
from cli.audit.source import LedgerSource
from cli.audit.walk import Progress, Walk
from cli.genesis_file import read_genesis
from contracts.builtin import builtin_registry
from ledger.genesis import Genesis
from storage.errors import StoreDamagedError

# Two cores is what the smallest machine for a node has; libsodium uses them without the interpreter lock.
SIGNATURE_THREADS = 2


def run_audit(source: str, genesis_path: Path, progress: Progress) -> AuditReport:
    """Re-derive everything in a ledger and compare.

    Args:
        source: A node's folder, the database folder in it, or the `http://` or `https://` address of a node.
        genesis_path: The network's genesis, from somebody who is trusted: nothing else is.
        progress: Called now and then with a phase (`walk.PHASES`), how much of it is done and how much there is.

    Returns:
        The report; its `finding` is the first thing that is wrong, None if everything holds.

    Raises:
        UsageError: the genesis file cannot be read or is none, or the address is none.
        StoreError: the folder holds no store, or one that cannot be opened; a damaged one is a finding.
        UnreachableError: the node does not answer.

    Cost: about 0.2 ms an entry on two cores, half of it for signatures; memory is bounded.
    """
    genesis = read_genesis(genesis_path)
    started = time.monotonic()
    try:
        opened = open_source(source)
    except AuditFinding as finding:
        return _unopened(genesis, finding, time.monotonic() - started)
    except StoreDamagedError as error:
        damage = AuditFinding(
            "audit.unreadable", "the store cannot be read at {key}: {reason}", key=source, reason=error
        )
        return _unopened(genesis, damage, time.monotonic() - started)
    try:
        return audit(genesis, opened, progress)
    finally:
        opened.close()


def audit(genesis: Genesis, source: LedgerSource, progress: Progress) -> AuditReport:
    """As `run_audit`, for a genesis that is read and a source that is open and stays open."""
    started = time.monotonic()
    with (
        DerivedState() as state,
        SignatureCheck(SIGNATURE_THREADS) as signatures,
        Walk(genesis, builtin_registry(), source, state=state, signatures=signatures, progress=progress) as walk,
    ):
        finding: AuditFinding | None = None
        try:
            walk.run()
        except AuditFinding as first:
            finding = first
        return AuditReport(
            entries=walk.entries,
            blocks=walk.blocks,
            seconds=time.monotonic() - started,
            finding=finding,
            head=walk.head,
            policy=walk.policy,
            left_out=walk.left_out,
        )


def is_address(source: str) -> bool:
    """Whether `source` is the address of a node's HTTP API, and no folder."""
    return source.lower().startswith(("http://", "https://"))


def open_source(source: str) -> LedgerSource:
    """What `source` names, open; see `run_audit`."""
    if is_address(source):
        from cli.audit.http_source import HttpSource

        return HttpSource(source)
    from cli.audit.folder_source import FolderSource, database_folder
    from cli.audit.page_probe import probe_pages

    database = database_folder(Path(source))
    probe_pages(database)
    return FolderSource(database)


def _unopened(genesis: Genesis, finding: AuditFinding, seconds: float) -> AuditReport:
    """The report about a store that could not even be opened: nothing holds but the genesis."""
    head = AuditedHead.beginning(genesis, genesis_digest(genesis).digest())
    return AuditReport(0, 0, seconds, finding, head, policy_of(genesis), ())
