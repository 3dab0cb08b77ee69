"""Execution, done again: results, state digests and outcome leaves as they must be.

Owns the re-derived state (through `DerivedState`) and its digest. Every committed block is executed by the same
contracts that the nodes ran, on a state that began with the genesis; nothing is taken from the audited store. What
the outcome leaf of a block states must be exactly what came out.

Memory: hashes of the results that no outcome leaf has stated yet, and one digest for each height since the last
stated one; a node states them within its window. Source: docs/protocol.md, sections 4 and 5.
"""

from collections import deque
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from cli.audit.derived_state import DerivedState
from cli.audit.entry_check import CheckedBlock
from cli.audit.finding import AuditFinding
from contracts.changes import StateChange
from contracts.genesis_state import genesis_records
from contracts.protocol_record import VERSION_FIRST, newest_decisions, required_version
from contracts.protocols import Protocols
from contracts.runtime import ExecutableBlock, Execution, PlacedTransaction, execute_block
from ledger.block import Outcome
from ledger.genesis import Genesis
from ledger.hashing import Hash
from ledger.state_digest import StateDigest
from ledger.tree import leaf_hash, root_of
from storage.inheritance_file import read_inheritance


def beginning_records(genesis: Genesis, inheritance: Path | None) -> Iterator[tuple[bytes, bytes]]:
    """The state at height 0: the network's own records, and those that a successor inherited.

    Args:
        inheritance: The file of inherited records, checked to be those that the genesis names; None for none.
    """
    yield from genesis_records(genesis).items()
    if inheritance is not None:
        yield from read_inheritance(inheritance)


def genesis_digest(genesis: Genesis, inheritance: Path | None = None) -> StateDigest:
    """The digest of the state at height 0."""
    digest = StateDigest.empty()
    digest.apply((key, None, value) for key, value in beginning_records(genesis, inheritance))
    return digest


class Replay:
    """The state after the newest executed block; blocks go through `check` in order."""

    def __init__(
        self, genesis: Genesis, protocols: Protocols, state: DerivedState, inheritance: Path | None = None
    ) -> None:
        """`state` must be empty; it gets the records of the beginning."""
        self._genesis = genesis
        self._protocols = protocols
        self._version = VERSION_FIRST
        self._state = state
        self._digest = genesis_digest(genesis, inheritance)
        for key, value in beginning_records(genesis, inheritance):
            # One by one: what was inherited may be more than is kept in memory.
            state.apply((StateChange(key, None, value),))
        self._digests: dict[int, Hash] = {0: self._digest.digest()}
        self._unstated: deque[tuple[int, list[Hash]]] = deque()
        # A stored result that differs, with its height: it is told when the block that states the results is found
        # to be right (the store is damaged); if that block is wrong too, the voters signed another result.
        self._wrong_result: tuple[int, AuditFinding] | None = None
        self.executed_height = 0

    @property
    def state_digest(self) -> Hash:
        """The digest of the state after the newest executed block."""
        return self._digests[self.executed_height]

    @property
    def digest_lanes(self) -> bytes:
        """The lanes that the digest is made of, 2,048 bytes."""
        return self._digest.lanes_bytes()

    def check(self, block: CheckedBlock) -> Execution | None:
        """Check what the block states about earlier ones; execute it if it is committed.

        Raises:
            AuditFinding: the first thing that is wrong.
        """
        self._check_version(block)
        self._check_outcome(block)
        if self._wrong_result is not None and self._wrong_result[0] <= block.header.executed_height:
            raise self._wrong_result[1]
        if not block.committed:
            return None
        execution = self._execute(block)
        finding = _effect_difference(block, execution) or _result_difference(block, execution)
        if finding is not None and self._wrong_result is None:
            self._wrong_result = (block.header.height, finding)
        return execution

    def finish(self) -> None:
        """Tell of a stored result that is wrong and that no block has stated."""
        if self._wrong_result is not None:
            raise self._wrong_result[1]

    def _execute(self, block: CheckedBlock) -> Execution:
        header = block.header
        placed = [
            PlacedTransaction(transaction, block.first_index + offset)
            for offset, transaction in enumerate(block.transactions, start=1)
        ]
        protocol = self._protocols.find(header.protocol_version)
        assert protocol is not None, "the walk along the chain refused every unknown version"
        execution = execute_block(
            protocol.registry,
            self._state,
            ExecutableBlock(
                self._genesis.network_id,
                header.height,
                header.time_ms,
                block.first_index,
                placed,
                self._genesis.base_height,
            ),
        )
        self._state.apply(execution.changes)
        self._digest.apply(execution.changes)
        self.executed_height = header.height
        self._digests[header.height] = self._digest.digest()
        self._unstated.append((header.height, [leaf_hash(leaf) for leaf in execution.leaves]))
        return execution

    def _check_version(self, block: CheckedBlock) -> None:
        """The header's version is the one that follows from the decisions on the ledger; the entries fit it."""
        header = block.header
        decisions = newest_decisions(self._state)
        expected = required_version(decisions, self._version, header.height, header.executed_height)
        if header.protocol_version != expected:
            raise AuditFinding(
                "audit.protocol-version-wrong",
                "block {height} follows version {found_version} of the protocol, where version {expected_version} was"
                " in force",
                height=header.height,
                expected=expected,
                found=header.protocol_version,
                found_version=header.protocol_version,
                expected_version=expected,
            )
        self._version = expected
        protocol = self._protocols.find(expected)
        if protocol is not None and not all(map(protocol.admits, block.transactions)):
            raise AuditFinding(
                "audit.entry-not-admitted",
                "block {height} holds a transaction that version {version} of the protocol does not admit",
                height=header.height,
                version=expected,
            )

    def _check_outcome(self, block: CheckedBlock) -> None:
        header = block.header
        digest = self._digests.get(header.executed_height)
        if digest is None:
            return  # a block that is not committed may state what is executed but not on disk here
        if header.state_digest != digest:
            raise AuditFinding(
                "audit.digest-wrong",
                "block {height} states another state digest for height {executed} than executing gives: the voters"
                " signed a wrong state, or ran other contracts",
                height=header.height,
                expected=digest,
                found=header.state_digest,
                executed=header.executed_height,
            )
        results = self._results_until(header.executed_height)
        for height in [height for height in self._digests if height < header.executed_height]:
            del self._digests[height]
        expected = Outcome(
            parent_hash=header.previous_hash,
            height=header.height,
            time_ms=header.time_ms,
            executed_height=header.executed_height,
            state_digest=digest,
            results_root=root_of(results),
            results_count=len(results),
        ).encode()
        if bytes(block.source.entries[0]) != expected:
            raise AuditFinding(
                "audit.outcome-wrong",
                "the outcome leaf {index} of block {height} does not state what executing gives: results, times or"
                " history that the voters signed are wrong",
                height=header.height,
                index=block.first_index,
                expected=expected,
                found=bytes(block.source.entries[0]),
            )

    def _results_until(self, height: int) -> list[Hash]:
        hashes: list[Hash] = []
        while self._unstated and self._unstated[0][0] <= height:
            hashes += self._unstated.popleft()[1]
        return hashes


def _effect_difference(block: CheckedBlock, execution: Execution) -> AuditFinding | None:
    """The first effect of a timer that the source shows otherwise than executing gives it."""
    stored = block.source.effects
    if stored is None or tuple(stored) == execution.effect_leaves:
        return None
    pairs = enumerate(zip_longest(execution.effect_leaves, stored), start=1)
    number, expected, found = next((number, right, leaf) for number, (right, leaf) in pairs if right != leaf)
    return AuditFinding(
        "audit.timer-effect-changed",
        "the stored effect of timer {number} in block {height} is not what executing gives",
        height=block.header.height,
        index=block.first_index,
        expected=expected,
        found=found,
        number=number,
    )


def _result_difference(block: CheckedBlock, execution: Execution) -> AuditFinding | None:
    """The first result that the source shows otherwise than executing gives it."""
    stored = block.source.results
    if stored is None or tuple(stored) == execution.result_leaves:
        return None
    pairs = enumerate(zip(execution.result_leaves, stored, strict=True), start=block.first_index + 1)
    index, expected, found = next((index, right, leaf) for index, (right, leaf) in pairs if right != leaf)
    if found is None:
        return AuditFinding(
            "audit.result-missing",
            "the result of entry {index} in block {height} is missing",
            height=block.header.height,
            index=index,
            expected=expected,
        )
    return AuditFinding(
        "audit.result-changed",
        "the stored result of entry {index} in block {height} is not what executing gives",
        height=block.header.height,
        index=index,
        expected=expected,
        found=found,
    )
