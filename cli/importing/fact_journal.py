"""What earlier runs of a plan did: a file beside it, one per network.

Owns the journal and the promise that a transaction is in it, on disk, before it is sent. It spares looking everything
up again, and makes a run that was broken off send the very same transactions as long as those could still be
executed. It is not what makes a re-run safe in a month: the ledger itself is asked for every row that the journal
does not know. Source: docs/adr/0019-import-plans.md.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from cli.errors import UsageError
from cli.locked_file import FileBusyError, open_locked
from ledger.hashing import Hash

JOURNAL_FORMAT = "banyan-import/v1"
CODE_UNKNOWN = ""
_MODE = 0o600


class FactState(NamedTuple):
    """What is known of a fact: the transaction sent last, what it said, which version it built on, its result's code.

    `expected` is None where it builds on none; `code` is empty as long as nobody knows, and `id` where the ledger was
    found to have the fact.
    """

    content: bytes
    id: bytes
    expires_ms: int
    expected: int | None
    code: str


class SentFact(NamedTuple):
    """A fact that is about to be sent."""

    fact: bytes
    state: FactState


class FactJournal:
    """The journal of one plan in one network; held by one process at a time."""

    def __init__(self, path: Path, network_id: Hash, fingerprint: str) -> None:
        """Open the journal, or make it; `fingerprint` is the plan's secret's.

        Raises:
            UsageError: it is of another secret or network, is damaged, or another run has it.
        """
        self.path = path
        self._states: dict[bytes, FactState] = {}
        self._file = self._open()
        try:
            self._load({"network": network_id.hex(), "secret": fingerprint})
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Release the journal."""
        self._file.close()

    def state(self, fact: bytes) -> FactState | None:
        """What is known of a fact."""
        return self._states.get(fact)

    def record_sent(self, facts: Sequence[SentFact]) -> None:
        """Write down that these are about to be sent; on disk when this returns."""
        for fact, state in facts:
            self._states[fact] = state
            self._write(
                {
                    "fact": fact.hex(),
                    "content": state.content.hex(),
                    "id": state.id.hex(),
                    "exp_ms": state.expires_ms,
                    "expect": state.expected,
                }
            )
        self._file.flush()
        os.fsync(self._file.fileno())

    def record_outcome(self, fact: bytes, content: bytes, code: str) -> None:
        """Write down what became of a fact. If lost, it is looked up again."""
        before = self._states.get(fact, FactState(content, b"", 0, None, code))
        self._states[fact] = before._replace(content=content, code=code)
        self._write({"fact": fact.hex(), "content": content.hex(), "code": code})

    def _write(self, document: dict[str, Any]) -> None:
        self._file.write(json.dumps(document, separators=(",", ":")).encode("ascii") + b"\n")

    def _open(self) -> IO[bytes]:
        try:
            return open_locked(self.path, _MODE)
        except OSError as error:
            raise UsageError(
                "the journal {path} cannot be written: {reason}; copy plan and files into a folder that you may write",
                path=str(self.path),
                reason=error.strerror or str(error),
            ) from error
        except FileBusyError as error:
            raise UsageError(
                "another run is busy with this plan ({path}); wait until it has ended", path=str(self.path)
            ) from error

    def _load(self, identity: dict[str, str]) -> None:
        first = self._file.readline()
        if not first.endswith(b"\n"):
            # New, or the process was killed while it made it: nothing was sent yet.
            self._file.seek(0)
            self._file.truncate()
            self._write({"format": JOURNAL_FORMAT, **identity})
            self.record_sent(())
            return
        header = self._parsed(first)
        if header.get("format") != JOURNAL_FORMAT or header.get("network") != identity["network"]:
            raise self._damaged()
        if header.get("secret") != identity["secret"]:
            raise UsageError(
                "the journal {path} belongs to another secret of this plan; put back the secret that the plan was"
                " imported with, from a backup or from whoever did it",
                path=str(self.path),
            )
        end = self._file.tell()
        while line := self._file.readline():
            if not line.endswith(b"\n"):
                # Broken off in the middle, so never sent.
                break
            self._replay(self._parsed(line))
            end += len(line)
        self._file.seek(end)
        self._file.truncate()

    def _parsed(self, line: bytes) -> dict[str, Any]:
        try:
            document = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise self._damaged() from error
        if not isinstance(document, dict):
            raise self._damaged()
        return document

    def _replay(self, document: dict[str, Any]) -> None:
        try:
            fact, content = bytes.fromhex(document["fact"]), bytes.fromhex(document["content"])
            if "code" in document:
                before = self._states.get(fact, FactState(content, b"", 0, None, CODE_UNKNOWN))
                self._states[fact] = before._replace(content=content, code=str(document["code"]))
                return
            expected, expires_ms = document["expect"], document["exp_ms"]
            if type(expires_ms) is not int or not (expected is None or type(expected) is int):
                raise ValueError(document)
            state = FactState(content, bytes.fromhex(document["id"]), expires_ms, expected, CODE_UNKNOWN)
            self._states[fact] = state
        except (ValueError, KeyError, TypeError) as error:
            raise self._damaged() from error

    def _damaged(self) -> UsageError:
        return UsageError(
            "the journal {path} is damaged; wait an hour, so that nothing of an earlier run is under way any more, and"
            " take it away: the ledger is asked instead",
            path=str(self.path),
        )
