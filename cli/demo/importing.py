"""Putting the plan on the ledger, the way `banyan submit-batch` does, part by part.

Owns the parts' files, each with the command's own journal and report beside it, and the choice of the node that they
are handed to; a part that was broken off is handed in again, to another node if need be. Invariants: a part begins when
the one before it is through; nothing is on the ledger twice, because a line's transaction is the same every time.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from cli.batch_file import BatchFile, measure
from cli.batch_journal import BatchJournal, LineState
from cli.batch_report import BatchReport
from cli.batch_run import BatchRun
from cli.batch_stream import BatchStream
from cli.client import NodeClient
from cli.demo.cluster import Cluster
from cli.demo.plan import PlannedLine
from cli.errors import CommandError, UnreachableError
from cli.session import Advance
from cli.submission_maker import SubmissionMaker

# A part is broken off where its node goes away or stops: that is one killed leader, and a few more for good measure.
ATTEMPTS_MAX = 10


@dataclass(frozen=True, slots=True)
class PartUnderWay:
    """What is known while a part is imported: lines settled before it, and a count of its own that are sent."""

    settled_before: int
    line_count: int
    sent: Callable[[], int]


@dataclass(slots=True)
class ImportOutcome:
    """Lines that the ledger accepted and refused, and how often a part had to be handed in again."""

    accepted: int = 0
    refused: int = 0
    repeated: int = 0


Watch: TypeAlias = Callable[[PartUnderWay], None]


class Importer:
    """One import into one network."""

    def __init__(
        self,
        cluster: Cluster,
        maker: SubmissionMaker,
        folder: Path,
        parts: Sequence[Sequence[PlannedLine]],
        watch: Watch,
    ) -> None:
        """`folder` is for the files of the parts; `watch` is told of each part before its first line is sent."""
        self._parts = parts
        self._cluster = cluster
        self._maker = maker
        self._folder = folder
        self._watch = watch
        self._node = cluster.nodes[0]
        self.outcome = ImportOutcome()

    def run(self, advance: Advance) -> None:
        """Import all parts.

        Raises:
            CommandError: no node took a part in so many attempts.
        """
        self._folder.mkdir()
        total = sum(map(len, self._parts))
        self._node = self._cluster.other_than(self._cluster.wait_for_leader().node)
        for number, part in enumerate(self._parts, 1):
            path = self._folder / f"part-{number:02}.jsonl"
            with path.open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(line.document) + "\n" for line in part)
            self._import_part(measure(path), advance, total)

    def _import_part(self, batch: BatchFile, advance: Advance, total: int) -> None:
        before = self.outcome.accepted + self.outcome.refused
        for attempt in range(ATTEMPTS_MAX):
            report = self._attempt(batch, before, lambda done, _lines: advance(before + done, total))
            if report is not None:
                self.outcome.accepted += report.committed + report.already
                self.outcome.refused += report.failed
                self.outcome.repeated += attempt
                return
            self._node = self._cluster.other_than(self._node)
        raise CommandError("no node took the import in {count} attempts; look at their logs", count=ATTEMPTS_MAX)

    def _attempt(self, batch: BatchFile, before: int, advance: Advance) -> BatchReport | None:
        """Hand in what is not settled yet; None if something of it is not settled still."""
        beside = batch.path.with_name
        report = BatchReport(beside(batch.path.name + ".failed"))
        key = self._maker.key.signing.public
        journal = BatchJournal(beside(batch.path.name + ".progress"), batch, self._maker.network_id, key)
        self._watch(PartUnderWay(before, batch.line_count, lambda: journal.count(LineState.SENT)))
        try:
            with NodeClient(self._node.place.home) as client:
                run = BatchRun(batch, journal, self._maker, client, report)
                with BatchStream(self._node.place.home) as stream:
                    run.run(stream, advance)
        except UnreachableError:
            return None
        finally:
            journal.close()
            report.close()
        return report if report.pending == 0 else None
