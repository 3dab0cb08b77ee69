"""How far a batch is: a file beside it, so that a run that was broken off goes on and no line is applied twice.

Owns the journal `FILE.progress` and the two things that make a line's transaction the same in every run: the seed of
its salts, in the header, and its expiry, written down before it is sent. Invariants:

- a line that may have been handed to a node is in the journal, on disk, before it is;
- as long as such a transaction could still be executed, only the very same one is sent again: an id is taken once.

The seed says what is under the commitments, so the file is readable by its owner only. Memory: 9 bytes a line.
Source: docs/guide/command-line.md, "Many transactions".
"""

import json
import os
import secrets
from array import array
from collections.abc import Sequence
from enum import IntEnum
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, NamedTuple

from cli.batch_file import BatchFile
from cli.errors import UsageError
from cli.locked_file import FileBusyError, open_locked
from ledger.detached import SALT_SIZE_BYTES
from ledger.hashing import Hash, tagged_hash
from ledger.usual_envelope import NONCE_SIZE_BYTES

JOURNAL_FORMAT = "banyan-batch/v1"
# Kept of earlier runs with their reasons: enough for a report that somebody reads; the journal has all.
FAILURES_MAX = 1000
_MODE = 0o600


class LineState(IntEnum):
    """What is known of a line."""

    UNSENT = 0
    SENT = 1
    COMMITTED = 2
    FAILED = 3


class SentLine(NamedTuple):
    """A line that is about to be sent: its number, transaction id and expiry."""

    number: int
    id: Hash
    expires_ms: int


class BatchJournal:
    """The journal of one file, one network and one key; held by one process at a time."""

    def __init__(self, path: Path, batch: BatchFile, network_id: Hash, public_key: bytes) -> None:
        """Open the journal, or make it.

        Raises:
            UsageError: it is of another file, network or key, is damaged, or another run has it.
        """
        self.path = path
        self._batch = batch
        self._public_key = public_key
        self._states = bytearray(batch.line_count + 1)
        self._expiries = array("q", bytes(8 * (batch.line_count + 1)))
        self.failures: dict[int, tuple[str, dict[str, Any]]] = {}
        self._file = self._open()
        try:
            self._load({"file": batch.sha256.hex(), "network": network_id.hex(), "key": public_key.hex()})
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Release the journal."""
        self._file.close()

    def state(self, number: int) -> LineState:
        """What is known of line `number`."""
        return LineState(self._states[number])

    def expires_ms(self, number: int) -> int:
        """The expiry with which the line was sent last."""
        return self._expiries[number]

    def count(self, state: LineState) -> int:
        """How many lines are in `state`; lines that were never sent are not told from empty ones."""
        return self._states.count(state)

    def nonce(self, number: int) -> bytes:
        """The nonce of the line's transaction: the same in every run, for this file and key."""
        place = number.to_bytes(8, "big")
        return tagged_hash("batch-nonce", self._batch.sha256, place, self._public_key)[:NONCE_SIZE_BYTES]

    def salt(self, number: int, name: str) -> bytes:
        """The salt of the line's argument `name`: the same in every run, for nobody else to know."""
        place = number.to_bytes(8, "big") + name.encode("utf-8")
        return blake2b(place, key=self._salt_seed, digest_size=SALT_SIZE_BYTES).digest()

    def record_sent(self, lines: Sequence[SentLine]) -> None:
        """Write down that these lines are about to be sent; on disk when this returns."""
        for line in lines:
            self._states[line.number] = LineState.SENT
            self._expiries[line.number] = line.expires_ms
            self._write({"line": line.number, "id": line.id.hex(), "exp_ms": line.expires_ms})
        self._file.flush()
        os.fsync(self._file.fileno())

    def record_outcome(self, number: int, code: str, details: dict[str, Any]) -> None:
        """Write down what became of a line: `ok`, or why the ledger refused it. If lost, it is asked for again."""
        self._states[number] = LineState.COMMITTED if code == "ok" else LineState.FAILED
        self._write({"line": number, "code": code, "details": details} if details else {"line": number, "code": code})

    def _write(self, document: dict[str, Any]) -> None:
        self._file.write(json.dumps(document, separators=(",", ":")).encode("ascii") + b"\n")

    def _open(self) -> IO[bytes]:
        try:
            return open_locked(self.path, _MODE)
        except OSError as error:
            raise UsageError(
                "the journal {path} cannot be written: {reason}; copy the batch into a folder that you may write",
                path=str(self.path),
                reason=error.strerror or str(error),
            ) from error
        except FileBusyError as error:
            raise UsageError(
                "another run is busy with {file}; wait until it has ended", file=str(self._batch.path)
            ) from error

    def _load(self, identity: dict[str, str]) -> None:
        first = self._file.readline()
        if not first.endswith(b"\n"):
            # New, or the process was killed while it made it: nothing was sent yet.
            self._salt_seed = secrets.token_bytes(32)
            self._file.seek(0)
            self._file.truncate()
            self._write({"format": JOURNAL_FORMAT, **identity, "salt_seed": self._salt_seed.hex()})
            self.record_sent(())
            return
        self._read_header(first, identity)
        end = self._file.tell()
        while line := self._file.readline():
            if not line.endswith(b"\n"):
                # Broken off in the middle, so never sent (outcomes are asked for again).
                break
            self._replay(line)
            end += len(line)
        self._file.seek(end)
        self._file.truncate()

    def _read_header(self, line: bytes, identity: dict[str, str]) -> None:
        try:
            header = json.loads(line)
            found = {name: header[name] for name in identity}
            self._salt_seed = bytes.fromhex(header["salt_seed"])
            known = header["format"] == JOURNAL_FORMAT
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._damaged() from error
        if not known:
            raise self._damaged()
        if found["file"] != identity["file"]:
            raise UsageError(
                "{file} was changed since the run that {path} tells of; put the old content back to finish it, and hand"
                " in further lines as a file of their own",
                file=str(self._batch.path),
                path=str(self.path),
            )
        if found["network"] != identity["network"]:
            raise UsageError(
                "{path} tells of a run of {file} in another network; copy the file to hand it in here as well",
                file=str(self._batch.path),
                path=str(self.path),
            )
        if found["key"] != identity["key"]:
            raise UsageError(
                "{path} tells of a run of {file} with another key; sign with that one",
                file=str(self._batch.path),
                path=str(self.path),
            )

    def _replay(self, line: bytes) -> None:
        try:
            document = json.loads(line)
            number = document["line"]
            if not 1 <= number <= self._batch.line_count:
                raise ValueError(number)
            if "code" in document:
                code = str(document["code"])
                self._states[number] = LineState.COMMITTED if code == "ok" else LineState.FAILED
                if code != "ok" and len(self.failures) < FAILURES_MAX:
                    self.failures[number] = (code, dict(document.get("details", {})))
            else:
                self._states[number] = LineState.SENT
                self._expiries[number] = document["exp_ms"]
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise self._damaged() from error

    def _damaged(self) -> UsageError:
        return UsageError(
            "the journal {path} is damaged; take it from a backup: without it, lines that are on the ledger already"
            " would be handed in again",
            path=str(self.path),
        )
