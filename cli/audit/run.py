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
from cli.errors import UsageError
from cli.genesis_file import read_genesis
from contracts.inheritance import check_certified
from contracts.protocols import builtin_protocols
from ledger.genesis import Genesis
from storage.errors import StoreDamagedError
from storage.inheritance_file import check_inheritance

# Two cores is what the smallest machine for a node has; libsodium uses them without the interpreter lock.
SIGNATURE_THREADS = 2


def run_audit(source: str, genesis_path: Path, progress: Progress, inheritance: Path | None = None) -> AuditReport:
    """Re-derive everything in a ledger and compare.

    Args:
        source: A node's folder, the database folder in it, or the `http://` or `https://` address of a node.
        genesis_path: The network's genesis, from somebody who is trusted: nothing else is.
        progress: Called now and then with a phase (`walk.PHASES`), how much of it is done and how much there is.
        inheritance: The records that a successor network began with; None takes those in the node's folder.

    Returns:
        The report; its `finding` is the first thing that is wrong, None if everything holds.

    Raises:
        UsageError: the genesis file cannot be read or is none, or the address is none.
        StoreError: the folder holds no store, or one that cannot be opened; a damaged one is a finding.
        UnreachableError: the node does not answer.

    Cost: about 0.2 ms an entry on two cores, half of it for signatures; memory is bounded.
    """
    genesis = read_genesis(genesis_path)
    inherited = _inheritance(genesis, source, inheritance)
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
        return audit(genesis, opened, progress, inherited)
    finally:
        opened.close()


def audit(genesis: Genesis, source: LedgerSource, progress: Progress, inheritance: Path | None = None) -> AuditReport:
    """As `run_audit`, for a genesis that is read, inherited records that are checked, and a source that stays open."""
    started = time.monotonic()
    with (
        DerivedState() as state,
        SignatureCheck(SIGNATURE_THREADS) as signatures,
        Walk(
            genesis,
            builtin_protocols(),
            source,
            state=state,
            signatures=signatures,
            progress=progress,
            inheritance=inheritance,
        ) as walk,
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


def _inheritance(genesis: Genesis, source: str, given: Path | None) -> Path | None:
    """Where a successor's inherited records are, once they are found to be those that its genesis names."""
    predecessor = genesis.predecessor
    if predecessor is None:
        return None
    path = given if given is not None else Path(source) / "inheritance"
    if not path.is_file():
        raise UsageError(
            "{name} is a successor network and began with inherited records; give the file that came with its genesis"
            " with --inheritance",
            name=genesis.name,
        )
    check_certified(predecessor)
    check_inheritance(path, predecessor.inherited_digest)
    return path


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
