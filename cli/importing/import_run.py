"""Handing in the rows of an import that are new.

Owns the order journal, then send, and what a row becomes as a transaction. Invariant: a row is never two transactions
that could both be executed: it is made anew only when the one before was refused by the ledger, or has expired and is
not in the log. Source: docs/adr/0019-import-plans.md.
"""

import threading
import time
from collections import deque
from functools import partial
from typing import Any

from cli.batch_run import EXPIRY_MARGIN_MS, GROUP_COUNT_MAX, GROUP_SIZE_BYTES_MAX
from cli.batch_stream import BatchStream
from cli.client import NodeClient, problem_error
from cli.errors import CommandError, UnreachableError, UsageError
from cli.importing.comparison import Comparison, StepCount, is_settled
from cli.importing.fact_journal import CODE_UNKNOWN, FactJournal, FactState, SentFact
from cli.importing.findings import Findings
from cli.importing.identity import Identity
from cli.importing.import_row import ImportRow
from cli.importing.plan import EXPECT_NEW, EXPECT_NEXT
from cli.importing.row_arguments import prepare_row
from cli.importing.schedule import Schedule, ScheduledRow
from cli.operation_arguments import declaration_of
from cli.printer import time_text
from cli.refusal_text import refusal_of
from cli.session import Advance
from cli.submission_maker import Draft, SubmissionMaker
from contracts.arguments import Declaration
from contracts.result import CODE_OK
from ledger.encoding import Value, encode
from ledger.errors import BanyanError
from ledger.transaction import Expectation


class ImportRun:
    """One run that sends what is new."""

    def __init__(
        self,
        compared: Comparison,
        identity: Identity,
        journal: FactJournal,
        maker: SubmissionMaker,
        client: NodeClient,
        findings: Findings,
    ) -> None:
        """Prepare a run; asks the node how late it is.

        Raises:
            UnreachableError: no node.
        """
        self._compared = compared
        self._identity = identity
        self._journal = journal
        self._maker = maker
        self._findings = findings
        self._declarations: dict[str, Declaration] = {}
        self._clock_ahead_ms = int(client.get("/v1/status")["clock_ms"]) - _now_ms()
        rows = compared.rows
        self._versions = compared.versions
        self._schedule = Schedule(
            [[ScheduledRow(n, rows[n].makes, rows[n].needs) for n in numbers] for numbers in compared.new]
        )
        # Row and the version it builds on, in the order they were sent.
        self._under_way: deque[tuple[int, int | None]] = deque()
        # Guards all of the above; told whenever a row is settled, or the end has come.
        self._changed = threading.Condition()
        self._has_ended = False
        self._settled_count = 0

    def run(self, stream: BatchStream, advance: Advance) -> None:
        """Send what is new; returns when all of it is answered, refused here, or held back.

        Raises:
            UnreachableError: the node went away; what was answered until then is in the journal.
        """
        try:
            stream.start(partial(self._produce, stream))
            for answer in stream.answers():
                self._take_answer(answer)
                advance(self._settled_count, self._compared.new_count)
        finally:
            with self._changed:
                self._has_ended = True
                self._changed.notify_all()
        if not self._schedule.is_done:
            raise UnreachableError(
                "the node ended the import with {count} rows unanswered; run the same command again to go on",
                count=self._compared.new_count - self._settled_count - len(self._schedule.held),
            )
        self._tell_held()

    def _produce(self, stream: BatchStream) -> None:
        while (numbers := self._next()) is not None:
            group: list[tuple[int, SentFact, Draft]] = []
            size = 0
            for number in numbers:
                made = self._make(number)
                if made is None:
                    continue
                if size >= GROUP_SIZE_BYTES_MAX or not stream.room(wait=False):
                    self._send(stream, group)
                    group, size = [], 0
                    if not stream.room(wait=True):
                        return
                group.append((number, *made))
                size += made[1].size_bytes
            self._send(stream, group)

    def _next(self) -> list[int] | None:
        """Rows to send, waiting until there are some; None when all are settled or the run has ended.

        Waits as long as answers are read, which ends `cli.node_connection.ANSWER_TIMEOUT_S` after the last one.
        """
        with self._changed:
            while not self._has_ended and not self._schedule.is_done:
                if numbers := self._schedule.take(GROUP_COUNT_MAX):
                    return numbers
                self._changed.wait()
            return None

    def _send(self, stream: BatchStream, group: list[tuple[int, SentFact, Draft]]) -> None:
        if not group:
            return
        with self._changed:
            self._journal.record_sent([sent for _number, sent, _draft in group])
            self._under_way.extend((number, sent.state.expected) for number, sent, _draft in group)
        stream.send(self._maker.sign([draft for _number, _sent, draft in group]))

    def _make(self, number: int) -> tuple[SentFact, Draft] | None:
        """The row's transaction; None if there can be none now, which is told."""
        row, fact = self._compared.rows[number], self._compared.facts[number]
        try:
            with self._changed:
                before, expected = self._journal.state(fact), self._expected(row)
            if before is not None and before.code == CODE_UNKNOWN and not is_settled(before):
                sent, draft = self._transaction(number, before.expires_ms, before.expected)
                if not self._is_over(before.expires_ms):
                    if sent.state.id == before.id:
                        return sent, draft
                    self._wait_for_earlier(number, before)
                    return None
            return self._transaction(number, self._now_ms() + self._maker.lifetime_ms, expected)
        except UsageError as error:
            self._refuse(number, error)
            return None

    def _transaction(self, number: int, expires_ms: int, expected: int | None) -> tuple[SentFact, Draft]:
        row, fact = self._compared.rows[number], self._compared.facts[number]
        content = self._compared.contents[number]
        nonce = fact + content

        def salt(name: str, value: Value) -> bytes:
            return self._identity.salt(nonce, name, encode(value))

        if row.operation not in self._declarations:
            self._declarations[row.operation] = declaration_of(row.operation)
        prepared = prepare_row(row, salt, self._declarations[row.operation])
        expect = None
        if expected is not None:
            kind, _slash, record_id = row.makes.partition("/")
            expect = Expectation(kind, record_id, expected)
        draft = self._maker.draft(row.operation, prepared, nonce, expires_ms, expect)
        return SentFact(fact, FactState(content, draft.transaction_id, expires_ms, expected, CODE_UNKNOWN)), draft

    def _expected(self, row: ImportRow) -> int | None:
        if row.expects == EXPECT_NEW:
            return 0
        return self._versions[row.makes] if row.expects == EXPECT_NEXT else None

    def _wait_for_earlier(self, number: int, before: FactState) -> None:
        """Another transaction of this row may still be executed: nothing can be sent for it."""
        error = UsageError(
            "an earlier run handed this row in from another version of the file, or with another key, and nobody knows"
            " yet what became of it; run the same command again after {time}",
            time=time_text(before.expires_ms + EXPIRY_MARGIN_MS - self._clock_ahead_ms),
        )
        with self._changed:
            self._count(number).pending += 1
            self._warn(number, error)
            self._settle(number, holds=False)

    def _refuse(self, number: int, error: BanyanError) -> None:
        with self._changed:
            row = self._compared.rows[number]
            self._count(number).refused += 1
            column = row.step.key[0]
            self._findings.refuse(row.sheet.place(row.number, column, " / ".join(row.key)), error, row.step.name)
            self._settle(number, holds=False)

    def _take_answer(self, answer: dict[str, Any]) -> None:
        if not self._under_way:
            raise CommandError("the node answers more transactions than it was sent")
        with self._changed:
            number, expected = self._under_way.popleft()
        status = answer["status"]
        if status == "committed":
            self._take_result(number, expected, str(answer["code"]), answer["details"])
        elif status == "refused" and not answer["problem"].get("retry_after_ms"):
            self._refuse(number, problem_error(answer["problem"]))
        else:
            # Admitted and not told, or refused for the moment: the next run hands in the same transaction again.
            with self._changed:
                self._count(number).pending += 1
                self._settle(number, holds=False)

    def _take_result(self, number: int, expected: int | None, code: str, details: dict[str, Any]) -> None:
        with self._changed:
            self._journal.record_outcome(self._compared.facts[number], self._compared.contents[number], code)
            if code == CODE_OK:
                if expected is not None:
                    self._versions[self._compared.rows[number].makes] = expected + 1
                self._count(number).committed += 1
                self._settle(number, holds=True)
        if code != CODE_OK:
            self._refuse(number, refusal_of(code, details))

    def _settle(self, number: int, *, holds: bool) -> None:
        """Let go what waits for the row; the caller has the lock."""
        self._settled_count += 1
        self._schedule.settle(number, holds=holds)
        self._changed.notify_all()

    def _tell_held(self) -> None:
        error = UsageError(
            "the row was not handed in, because a row before it that it builds on is not on the ledger; correct that"
            " one"
        )
        for number in sorted(self._schedule.held):
            self._count(number).held += 1
            self._warn(number, error)

    def _warn(self, number: int, error: BanyanError) -> None:
        row = self._compared.rows[number]
        column = row.step.key[0]
        self._findings.warn(row.sheet.place(row.number, column, " / ".join(row.key)), error, row.step.name, once=False)

    def _count(self, number: int) -> StepCount:
        return self._compared.counts[self._compared.rows[number].step.name]

    def _now_ms(self) -> int:
        return _now_ms() + self._clock_ahead_ms

    def _is_over(self, expires_ms: int) -> bool:
        """Whether no block of now or later can hold a transaction that expires then."""
        return self._now_ms() > expires_ms + EXPIRY_MARGIN_MS


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
