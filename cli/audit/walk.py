"""The pass over the whole ledger: block by block, in runs that are large enough to verify in parallel.

Owns the order of the checks. A finding about a block is told only after everything before that block was found
good, whichever check saw it first: within a run the earlier blocks go through all checks, then the finding is
raised. Memory is bounded by the run and by what the checks keep; it does not grow with the ledger but for the ids
of the last day.
"""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from cli.audit.audited_voters import AuditedVoters
from cli.audit.chain_check import ChainCheck
from cli.audit.closing_check import check_checkpoint, check_head, check_payloads, check_state
from cli.audit.derivation_check import LookUpCheck, TileCheck
from cli.audit.derived_state import DerivedState
from cli.audit.entry_check import CheckedBlock, EntryCheck
from cli.audit.finding import AuditFinding
from cli.audit.replay import Replay
from cli.audit.report import AuditedHead
from cli.audit.signature_check import SignatureCheck
from cli.audit.source import LedgerMovedError, LedgerSource, SourceHead
from cli.language import N_
from contracts.protocols import Protocols
from contracts.voter_change import is_voter_change
from ledger.block import Header
from ledger.genesis import Genesis
from ledger.policy import Policy

Progress = Callable[[str, int, int], None]

# A run is verified at once: 0.2 s of work on two threads, and about 20 MB of decoded transactions.
_RUN_ENTRIES = 4096
# Blocks without transactions are small, but their headers are decoded too.
_RUN_BLOCKS = 512

# A node that is asked over HTTP may go on faster than its records can be read; after that the digest must do.
_CLOSING_ATTEMPTS_MAX = 3

PHASE_ENTRIES = "entries"
PHASE_STATE = "state"
PHASE_PAYLOADS = "payloads"
PHASES = (PHASE_ENTRIES, PHASE_STATE, PHASE_PAYLOADS)

# What a report says was not compared.
LEFT_OUT_RECORDS = N_("the records one by one, only their digest")
LEFT_OUT_TABLES = N_("stored results, look-ups and payloads")


class Walk:
    """One audit of one source; a context manager. `run` is called once; what was found good is in the properties."""

    def __init__(
        self,
        genesis: Genesis,
        protocols: Protocols,
        source: LedgerSource,
        *,
        state: DerivedState,
        signatures: SignatureCheck,
        progress: Progress,
        inheritance: Path | None = None,
    ) -> None:
        self._genesis = genesis
        self._source = source
        self._progress = progress
        self._signatures = signatures
        self._state = state
        self._voters = AuditedVoters(genesis)
        self._chain = ChainCheck(genesis, self._voters, protocols)
        self._entries = EntryCheck(genesis, source)
        self._replay = Replay(genesis, protocols, state, inheritance)
        self._tiles = TileCheck(source)
        tables = source.tables()
        self._look_ups = None if tables is None else LookUpCheck(tables)
        self._tip: Header | None = None
        self._executed: Header | None = None
        self.entries = 0
        self.blocks = 0
        self.left_out: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._look_ups is not None:
            self._look_ups.close()

    @property
    def policy(self) -> Policy:
        """The verification policy of the voters in force after the newest executed block."""
        return self._voters.policy

    @property
    def head(self) -> AuditedHead:
        """Where the executed ledger stands, as far as it was found good."""
        executed, digest = self._executed, self._replay.state_digest
        if executed is None:
            return AuditedHead.beginning(self._genesis, digest)
        return AuditedHead(
            network_id=executed.network_id,
            height=executed.height,
            block_hash=executed.hash,
            time_ms=executed.time_ms,
            tree_size=executed.tree_size,
            tree_root=executed.tree_root,
            state_digest=digest,
        )

    def run(self) -> None:
        """Check everything.

        A ledger that grows meanwhile is followed: every run reads it anew, so that a node whose folder is read can
        reuse its pages, and the end is compared in the moment in which everything executed has been checked.

        Raises:
            AuditFinding: the first thing that is wrong.
        """
        attempts_left = _CLOSING_ATTEMPTS_MAX
        while True:
            head = self._source.head()
            self._check_claims(head)
            if self._replay.executed_height < head.executed_height:
                self._check_run(head)
                continue
            self._check_uncommitted(head)
            try:
                self._close(head, with_records=attempts_left > 0)
            except LedgerMovedError:
                attempts_left -= 1
            else:
                return

    def _check_claims(self, head: SourceHead) -> None:
        if head.network_id != self._genesis.network_id:
            raise AuditFinding(
                "audit.genesis-differs",
                "the ledger belongs to the network {found}, the genesis is of {expected}; take the genesis of this"
                " ledger, or the ledger of this genesis",
                expected=self._genesis.network_id,
                found=head.network_id,
            )
        if not self._replay.executed_height <= head.executed_height <= head.tip_height:
            raise AuditFinding(
                "audit.head-changed",
                "the stored head counts {found} executed blocks, which cannot be",
                expected=f"{self._replay.executed_height} … {head.tip_height}",
                found=head.executed_height,
            )

    def _check_run(self, head: SourceHead) -> None:
        """Check the next executed blocks, as many as are verified at once."""
        blocks: list[CheckedBlock] = []
        finding: AuditFinding | None = None
        height, entries = self._replay.executed_height + 1, 0
        try:
            while height <= head.executed_height and entries < _RUN_ENTRIES and len(blocks) < _RUN_BLOCKS:
                blocks.append(self._read(height, committed=True))
                entries += blocks[-1].header.leaf_count
                height += 1
                if any(map(is_voter_change, blocks[-1].transactions)):
                    # Who has to sign what comes next is known when this block is executed.
                    break
        except AuditFinding as first:
            finding = first
        self._finish_run(blocks, finding)
        self._progress(PHASE_ENTRIES, self.entries, max(self.entries, head.tree_size or 0))

    def _check_uncommitted(self, head: SourceHead) -> None:
        """Check the blocks above the executed height as far as that goes: at most a window of them, all at once."""
        blocks: list[CheckedBlock] = []
        finding: AuditFinding | None = None
        try:
            for height in range(head.executed_height + 1, head.tip_height + 1):
                blocks.append(self._read(height, committed=False))
        except AuditFinding as first:
            finding = first
        self._finish_run(blocks, finding)

    def _finish_run(self, blocks: list[CheckedBlock], finding: AuditFinding | None) -> None:
        """Put blocks that are good so far through the other checks; then raise `finding`, about a later one."""
        forged = self._signatures.check(blocks)
        if forged is not None:
            finding = forged
            blocks = [block for block in blocks if block.header.height < (forged.height or 0)]
        for block in blocks:
            self._derive(block)
        if finding is not None:
            raise finding

    def _read(self, height: int, committed: bool) -> CheckedBlock:
        block = self._source.block(height)
        if block is None:
            raise AuditFinding(
                "audit.block-missing",
                "block {height} is missing; fetch it from another node",
                height=height,
            )
        header = self._chain.check(block, height, committed)
        return self._entries.check(block, header, committed)

    def _derive(self, block: CheckedBlock) -> None:
        execution = self._replay.check(block)
        self._tip = block.header
        if execution is not None:
            self._executed = block.header
            if any(map(is_voter_change, block.transactions)):
                self._voters.executed(self._state, block.header.tree_size)
            for gained in block.tile_hashes:
                self._tiles.add(gained)
            if self._look_ups is not None:
                self._look_ups.check(block, execution)
        self.blocks += 1
        self.entries += block.header.leaf_count

    def _close(self, head: SourceHead, with_records: bool) -> None:
        self._chain.finish()
        self._replay.finish()
        self._tiles.finish()
        derived = self.head
        if head.checkpoint is not None:
            check_checkpoint(head.checkpoint, self._voters.policy_at, derived.tree_size, self._source)
        tip_hash = self._tip.hash if self._tip is not None else self._genesis.network_id
        check_head(head, tip_hash, derived.tree_size, derived.state_digest, self._replay.digest_lanes)
        if self._look_ups is not None:
            self._look_ups.finish(head)
        if with_records:
            self._check_state()
        else:
            self.left_out = (*self.left_out, LEFT_OUT_RECORDS)
        tables = self._source.tables()
        if tables is None:
            self.left_out = (*self.left_out, LEFT_OUT_TABLES)
        else:
            check_payloads(tables.payloads(), lambda done: self._progress(PHASE_PAYLOADS, done, done))

    def _check_state(self) -> None:
        stored = self._source.records(self._state.kinds())
        if stored is None:
            self.left_out = (*self.left_out, LEFT_OUT_RECORDS)
            return
        total = self._state.count
        try:
            check_state(self._state.records(), stored, lambda done: self._progress(PHASE_STATE, done, max(done, total)))
        except AuditFinding as finding:
            if self._source.has_moved():
                raise LedgerMovedError("the ledger grew while its records were read; ask again") from finding
            raise
