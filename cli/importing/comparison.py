"""What of an import is new: the rows against the journal and the ledger.

Owns the decision, row by row: new, on the ledger already, or there with another content. Never sends.
Source: docs/adr/0019-import-plans.md.
"""

from dataclasses import dataclass, field
from functools import partial

from cli.client import NodeClient
from cli.errors import UsageError
from cli.importing.checking import CheckedImport
from cli.importing.fact_journal import FactJournal, FactState
from cli.importing.findings import Findings
from cli.importing.identity import FACT_SIZE_BYTES, Identity
from cli.importing.import_row import ImportRow
from cli.importing.ledger_memory import facts_in_log, versions_of
from cli.importing.plan import EXPECT_NEXT
from cli.importing.values import PROVENANCE
from cli.session import Advance
from contracts.result import CODE_OK
from ledger.detached import is_commitment
from ledger.encoding import Value
from ledger.transaction import Transaction


@dataclass(slots=True)
class StepCount:
    """What became of the rows of one step."""

    new: int = 0
    already: int = 0
    changed: int = 0
    committed: int = 0
    refused: int = 0
    held: int = 0
    pending: int = 0


@dataclass(slots=True)
class Comparison:
    """The rows by number, the facts they are, which of them are to be sent, and the counts by step."""

    rows: list[ImportRow] = field(default_factory=list)
    facts: list[bytes] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    new: list[list[int]] = field(default_factory=list)
    counts: dict[str, StepCount] = field(default_factory=dict)
    # Of the records that rows build on, as they were before the log was looked through.
    versions: dict[str, int] = field(default_factory=dict)

    @property
    def new_count(self) -> int:
        """How many rows are to be sent."""
        return sum(map(len, self.new))


def compare(
    checked: CheckedImport, identity: Identity, journal: FactJournal, client: NodeClient, advance: Advance
) -> Comparison:
    """Which rows the ledger has, which it has otherwise, and which are new.

    Raises:
        UnreachableError, RefusedError: the node.
    """
    found = Comparison()
    for rows in checked.steps:
        for row in rows:
            found.rows.append(row)
            found.facts.append(identity.fact(row))
            found.contents.append(identity.content(row))
    # Before the log is looked through: a row that is executed after this look is refused, one before it is found.
    found.versions = versions_of(client, _records_built_on(found, journal))
    numbers = {fact: number for number, fact in enumerate(found.facts)}
    unknown = {fact for fact in found.facts if not is_settled(journal.state(fact))}
    if unknown:
        is_ours = partial(_is_ours, found, numbers)
        for fact, known in facts_in_log(client, unknown, is_ours, advance).items():
            journal.record_outcome(fact, known.content, known.code)
    number = 0
    for step, rows in zip(checked.plan.steps, checked.steps, strict=True):
        count = found.counts[step.name] = StepCount()
        to_send = []
        for row in rows:
            state = journal.state(found.facts[number])
            if state is None or not is_settled(state):
                to_send.append(number)
                count.new += 1
            elif state.content == found.contents[number]:
                count.already += 1
            else:
                count.changed += 1
                _tell_changed(checked.findings, row)
            number += 1
        found.new.append(to_send)
    return found


def is_settled(state: FactState | None) -> bool:
    """Whether the ledger has the fact, whatever its content."""
    # What the ledger refused had no effect: it is tried again.
    return state is not None and state.code == CODE_OK


def _records_built_on(found: Comparison, journal: FactJournal) -> set[str]:
    return {
        row.makes
        for row, fact in zip(found.rows, found.facts, strict=True)
        if row.expects == EXPECT_NEXT and not is_settled(journal.state(fact))
    }


def _tell_changed(findings: Findings, row: ImportRow) -> None:
    error = UsageError(
        "the row was changed since it was put on the ledger, which keeps what it has; hand in what changed as an event"
        " of its own, or put the row back"
    )
    column = row.step.key[0]
    findings.warn(row.sheet.place(row.number, column, " / ".join(row.key)), error, row.step.name, once=False)


def _is_ours(found: Comparison, numbers: dict[bytes, int], transaction: Transaction) -> bool:
    """Whether the plan could have made it: anybody can copy a nonce from the log, and nobody else knows the rest."""
    fact = transaction.nonce[:FACT_SIZE_BYTES]
    number = numbers[fact]
    row = found.rows[number]
    if transaction.nonce[FACT_SIZE_BYTES:] != found.contents[number]:
        return transaction.operation in row.step.operation.names
    written = transaction.arguments
    return transaction.operation == row.operation and all(
        name in written and _fits(value, written[name])
        for name, value in row.values.items()
        if not _has_provenance(value)
    )


def _fits(value: Value, written: Value) -> bool:
    """Whether a value can be what stands in a transaction; what is detached is taken on trust of the nonce."""
    if is_commitment(written):
        return True
    if isinstance(value, dict) and isinstance(written, dict):
        return value.keys() == written.keys() and all(_fits(one, written[name]) for name, one in value.items())
    return value == written


def _has_provenance(value: Value) -> bool:
    if isinstance(value, dict):
        return value is PROVENANCE or any(map(_has_provenance, value.values()))
    return isinstance(value, list) and any(map(_has_provenance, value))
