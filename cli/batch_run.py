"""Running a batch: which lines are sent, as which transactions, and what is written down when.

Owns the order: journal, then send; and the rule that a line is never two transactions that could both be executed.
Source: docs/guide/command-line.md, "Many transactions".
"""

import threading
import time
from collections import deque
from functools import partial
from typing import Any

from cli.batch_file import BatchFile, BatchLine, parse_line, read_lines
from cli.batch_journal import BatchJournal, LineState, SentLine
from cli.batch_report import BatchReport
from cli.batch_stream import BatchStream
from cli.client import NodeClient, problem_error
from cli.errors import CommandError, RefusedError, UnreachableError, UsageError
from cli.operation_arguments import declaration_of, prepare
from cli.refusal_text import refusal_of
from cli.session import Advance
from cli.submission_maker import Draft, SubmissionMaker
from contracts.arguments import Declaration
from contracts.result import CODE_OK
from ledger.batch_signature import BATCH_SIZE_MAX

# Sent together, after one flush of the journal, which costs a millisecond or two, and signed together: a whole batch.
GROUP_COUNT_MAX = BATCH_SIZE_MAX
GROUP_SIZE_BYTES_MAX = 1024 * 1024
# Leaders' clocks may differ; a block later than this after the expiry cannot hold the transaction any more.
EXPIRY_MARGIN_MS = 60_000


class BatchRun:
    """One run over one file."""

    def __init__(
        self, batch: BatchFile, journal: BatchJournal, maker: SubmissionMaker, client: NodeClient, report: BatchReport
    ) -> None:
        """Prepare a run; asks the node how late it is.

        Raises:
            UnreachableError: no node.
        """
        self._batch = batch
        self._journal = journal
        self._maker = maker
        self._client = client
        self._report = report
        self._declarations: dict[str, Declaration] = {}
        # Numbers of the lines that are sent and not answered; filled by the producer, emptied by the reader.
        self._under_way: deque[int] = deque()
        # Guards the journal, which both threads write.
        self._lock = threading.Lock()
        self._clock_ahead_ms = int(client.get("/v1/status")["clock_ms"]) - _now_ms()

    def run(self, stream: BatchStream, advance: Advance) -> None:
        """Hand in every line that is not settled yet; returns when all are answered.

        Raises:
            UnreachableError: the node went away; what was answered until then is in journal and report.
        """
        stream.start(partial(self._produce, stream))
        for answer in stream.answers():
            self._take_answer(answer)
            advance(self._report.settled, self._batch.line_count)
        if self._under_way:
            raise UnreachableError(
                "the node ended the batch with {count} transactions unanswered; run the same command again to go on",
                count=len(self._under_way),
            )

    def _produce(self, stream: BatchStream) -> None:
        group: list[tuple[SentLine, Draft]] = []
        size = 0
        for number, line in read_lines(self._batch.path):
            made = self._make(number, line)
            if made is None:
                continue
            if group and (len(group) >= GROUP_COUNT_MAX or size >= GROUP_SIZE_BYTES_MAX or not stream.room(wait=False)):
                self._send(stream, group)
                group, size = [], 0
                if not stream.room(wait=True):
                    return
            elif not group and not stream.room(wait=True):
                return
            group.append(made)
            size += made[1].size_bytes
        if group:
            self._send(stream, group)

    def _send(self, stream: BatchStream, group: list[tuple[SentLine, Draft]]) -> None:
        with self._lock:
            self._journal.record_sent([sent for sent, _draft in group])
        self._under_way.extend(sent.number for sent, _draft in group)
        # Signed in another batch than in an earlier run, a line is the same transaction still: its id is the body's.
        stream.send(self._maker.sign([draft for _sent, draft in group]))

    def _make(self, number: int, line: bytes) -> tuple[SentLine, Draft] | None:
        """The line's transaction; None if the line is settled or cannot be used."""
        state = self._journal.state(number)
        if state is LineState.COMMITTED:
            self._report.already += 1
            return None
        if state is LineState.FAILED:
            self._report.add_failed(number, refusal_of(*self._journal.failures.get(number, ("refused", {}))))
            return None
        try:
            wanted = parse_line(line)
            sent, draft = self._transaction(number, wanted, self._expiry(number, wanted, state))
            if state is LineState.SENT and wanted.expires_ms is None and self._is_over(sent.expires_ms):
                if self._was_executed(sent):
                    return None
                sent, draft = self._transaction(number, wanted, self._new_expiry())
        except UsageError as error:
            self._report.add_failed(number, error)
            return None
        return sent, draft

    def _transaction(self, number: int, wanted: BatchLine, expires_ms: int) -> tuple[SentLine, Draft]:
        if wanted.operation not in self._declarations:
            self._declarations[wanted.operation] = declaration_of(wanted.operation)
        declaration = self._declarations[wanted.operation]
        draw_salt = partial(self._journal.salt, number)
        prepared = prepare(
            wanted.operation, wanted.arguments, wanted.detached, draw_salt, declaration, wanted.private_fields
        )
        nonce = wanted.nonce or self._journal.nonce(number)
        draft = self._maker.draft(wanted.operation, prepared, nonce, expires_ms, wanted.expect)
        return SentLine(number, draft.transaction_id, expires_ms), draft

    def _expiry(self, number: int, wanted: BatchLine, state: LineState) -> int:
        if wanted.expires_ms is not None:
            return wanted.expires_ms
        return self._journal.expires_ms(number) if state is LineState.SENT else self._new_expiry()

    def _new_expiry(self) -> int:
        return _now_ms() + self._clock_ahead_ms + self._maker.lifetime_ms

    def _is_over(self, expires_ms: int) -> bool:
        """Whether no block of now or later can hold a transaction that expires then."""
        return _now_ms() + self._clock_ahead_ms > expires_ms + EXPIRY_MARGIN_MS

    def _was_executed(self, sent: SentLine) -> bool:
        """Ask what became of a transaction of an earlier run; settles the line if it is on the ledger."""
        try:
            document = self._client.get(f"/v1/transactions/{sent.id.hex()}")
        except RefusedError as error:
            if error.code != "transaction-unknown":
                raise
            return False
        result = document["result"]
        self._settle(sent.number, result["code"], result["details"], known=True)
        return True

    def _take_answer(self, answer: dict[str, Any]) -> None:
        if not self._under_way:
            raise CommandError("the node answers more transactions than it was sent")
        number = self._under_way.popleft()
        if answer["status"] == "committed":
            self._settle(number, answer["code"], answer["details"], known=answer["known"])
        elif answer["status"] == "refused" and not answer["problem"].get("retry_after_ms"):
            self._report.add_failed(number, problem_error(answer["problem"]))
        else:
            # Admitted and not told, or refused for the moment (the node stops, its disk is full): the line is as good
            # as before, and the next run hands in the same transaction again.
            self._report.pending += 1

    def _settle(self, number: int, code: str, details: dict[str, Any], *, known: bool) -> None:
        with self._lock:
            self._journal.record_outcome(number, code, {} if code == CODE_OK else details)
        if code != CODE_OK:
            self._report.add_failed(number, refusal_of(code, details))
        elif known:
            self._report.already += 1
        else:
            self._report.committed += 1


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
