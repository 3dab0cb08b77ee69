"""Putting invented steps on the ledger: each part over one connection, again through another node if one goes away.

Owns the order of parts and what is handed in again. Invariants: a part begins when the one before it is through;
nothing is on the ledger twice, because what is handed in again is the same transaction.
"""

import time
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from cli.batch_stream import BatchStream
from cli.demo.cluster import Cluster
from cli.demo.importing import ATTEMPTS_MAX, ImportOutcome, PartUnderWay, Watch
from cli.errors import CommandError, UnreachableError
from cli.invented.signing import InventedSigner
from cli.invented.step import Step
from cli.session import Advance
from contracts.result import CODE_OK
from ledger.hashing import Hash

LIFETIME_MS = 3_600_000
# Sent together: as `banyan submit-batch` does.
GROUP_COUNT_MAX = 256


class _Signed(NamedTuple):
    """A step as a transaction."""

    step: Step
    id: Hash
    submission: bytes


class StepImporter:
    """One import into one network; `ids` are those of what was accepted, `refusals` say what was not, and why."""

    def __init__(self, cluster: Cluster, signer: InventedSigner, steps: Sequence[Step], watch: Watch) -> None:
        self._cluster = cluster
        self._signer = signer
        self._steps = steps
        self._watch = watch
        self._node = cluster.nodes[0]
        self.outcome = ImportOutcome()
        self.refusals: list[str] = []
        self.ids: list[str] = []
        self._sent = 0

    def run(self, advance: Advance) -> None:
        """Import all steps.

        Raises:
            CommandError: no node took a part in so many attempts.
        """
        self._node = self._cluster.other_than(self._cluster.wait_for_leader().node)
        for _part, steps in groupby(self._steps, key=lambda step: step.part):
            self._import_part(list(steps), advance)

    def _import_part(self, steps: list[Step], advance: Advance) -> None:
        expires_ms = time.time_ns() // 1_000_000 + LIFETIME_MS
        signed = self._signer.submissions(steps, expires_ms)
        open_steps = [_Signed(step, *one) for step, one in zip(steps, signed, strict=True)]
        self._sent = 0
        settled = self.outcome.accepted + self.outcome.refused
        self._watch(PartUnderWay(settled, len(steps), lambda: self._sent))
        for attempt in range(ATTEMPTS_MAX):
            open_steps = self._attempt(open_steps, advance)
            if not open_steps:
                self.outcome.repeated += attempt
                return
            self._node = self._cluster.other_than(self._node)
        raise CommandError("no node took the import in {count} attempts; look at their logs", count=ATTEMPTS_MAX)

    def _attempt(self, wanted: list[_Signed], advance: Advance) -> list[_Signed]:
        """Hand in; what is not settled after that."""
        answered = 0
        again: list[_Signed] = []
        try:
            with BatchStream(self._node.place.home) as stream:
                stream.start(lambda: self._produce(stream, [one.submission for one in wanted]))
                for place, answer in enumerate(stream.answers()):
                    answered = place + 1
                    if not self._settle(wanted[place], answer):
                        again.append(wanted[place])
                    advance(self.outcome.accepted + self.outcome.refused, len(self._steps))
        except UnreachableError:
            pass
        return again + wanted[answered:]

    def _produce(self, stream: BatchStream, submissions: Iterable[bytes]) -> None:
        group: list[bytes] = []
        for submission in submissions:
            if group and (len(group) >= GROUP_COUNT_MAX or not stream.room(wait=False)):
                stream.send(group)
                self._sent += len(group)
                group = []
                if not stream.room(wait=True):
                    return
            elif not group and not stream.room(wait=True):
                return
            group.append(submission)
        if group:
            stream.send(group)
            self._sent += len(group)

    def _settle(self, one: _Signed, answer: dict[str, object]) -> bool:
        """Count what became of a step; False where it is to be handed in again."""
        if answer["status"] == "committed" and answer["code"] == CODE_OK:
            self.outcome.accepted += 1
            self.ids.append(one.id.hex())
            return True
        problem = answer.get("problem")
        code = answer.get("code") if answer["status"] == "committed" else None
        if answer["status"] == "refused" and isinstance(problem, dict) and not problem.get("retry_after_ms"):
            code = problem.get("code", "refused")
        if code is None:
            return False
        self.outcome.refused += 1
        self.refusals.append(f"{one.step.operation}: {code}")
        return True
