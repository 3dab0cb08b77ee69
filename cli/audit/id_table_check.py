"""The permanent look-up of transaction ids, compared whole with the ids of the log.

Owns a temporary file with the id and expiry of every entry, 40 bytes each, in the order of the log; outcome leaves
are zeros there. Looking up a million ids one by one would take longer than verifying their signatures: instead every
stored row is compared with the entry that it points to, in batches, and then every entry must have been pointed to.
Source: docs/reference/storage.md, "ids".
"""

import tempfile
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cli.audit.derived_state import temporary_files
from cli.audit.entry_check import CheckedBlock
from cli.audit.finding import AuditFinding
from cli.audit.source import IdRows
from ledger.hashing import HASH_SIZE_BYTES

_NUMBER_SIZE_BYTES = 8
_ROW_SIZE_BYTES = HASH_SIZE_BYTES + _NUMBER_SIZE_BYTES
_NO_ID = bytes(_ROW_SIZE_BYTES)


class IdTableCheck:
    """Expects the ids of the log in order, then compares; `count` is how many ids there are."""

    def __init__(self) -> None:
        # Closed, and thereby removed, by `close`; it has no name, so a killed audit leaves nothing behind.
        with temporary_files():
            self._file = tempfile.TemporaryFile(prefix="banyan-audit-")  # noqa: SIM115
        self.count = 0

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def expect(self, block: CheckedBlock) -> None:
        """Take in the ids of the next block."""
        self.count += len(block.transactions)
        rows = [one.id + one.expires_ms.to_bytes(_NUMBER_SIZE_BYTES, "little") for one in block.transactions]
        with temporary_files():
            self._file.write(b"".join((_NO_ID, *rows)))

    def compare(self, stored: Iterator[IdRows]) -> None:
        """Every stored row is the id of the entry that it names, and every entry is named once.

        Raises:
            AuditFinding: `audit.id-changed`, `audit.id-surplus` or `audit.id-missing`.

        Cost: about 0.3 µs an id; three bytes of memory for each entry.
        """
        expected = self._expected()
        seen = np.zeros(len(expected), dtype=np.bool_)
        for batch in stored:
            self._compare_batch(expected, seen, batch)
        missing = np.flatnonzero(~seen & expected.any(axis=1)) if len(expected) else np.empty(0, np.intp)
        if len(missing):
            index = int(missing[0])
            key = expected[index, :HASH_SIZE_BYTES].tobytes().hex()
            raise AuditFinding(
                "audit.id-missing",
                "the transaction {key} is entry {index}, but looking up its id does not lead there",
                index=index,
                key=key,
                expected=index,
            )

    def _expected(self) -> NDArray[np.uint8]:
        with temporary_files():
            self._file.flush()
        if not self._file.tell():
            return np.empty((0, _ROW_SIZE_BYTES), np.uint8)
        return np.memmap(self._file, dtype=np.uint8, mode="r").reshape(-1, _ROW_SIZE_BYTES)

    def _compare_batch(self, expected: NDArray[np.uint8], seen: NDArray[np.bool_], batch: IdRows) -> None:
        inside = batch.indices < len(expected)
        indices = np.where(inside, batch.indices, 0).astype(np.intp)
        rows = np.concatenate((batch.ids, batch.expiries_ms.astype("<u8").view(np.uint8).reshape(-1, 8)), axis=1)
        right = expected[indices] if len(expected) else np.zeros_like(rows)
        # An outcome leaf is zeros: no row may name it, whatever the row says.
        good = inside & (right == rows).all(axis=1) & right.any(axis=1)
        if not good.all():
            raise _changed(batch, int(np.flatnonzero(~good)[0]))
        _, first = np.unique(indices, return_index=True)
        repeated = seen[indices]
        repeated[np.setdiff1d(np.arange(len(indices)), first)] = True
        if repeated.any():
            raise _repeated(batch, int(np.flatnonzero(repeated)[0]))
        seen[indices] = True
        if batch.misplaced is not None:
            raise _changed(batch, batch.misplaced)


def _changed(batch: IdRows, number: int) -> AuditFinding:
    return AuditFinding(
        "audit.id-changed",
        "a row in the look-up of ids is not as the log has it: {key} leads to entry {index} ({place})",
        index=int(batch.indices[number]),
        key=batch.ids[number].tobytes().hex(),
        found=int(batch.expiries_ms[number]),
        place=batch.place,
    )


def _repeated(batch: IdRows, number: int) -> AuditFinding:
    return AuditFinding(
        "audit.id-surplus",
        "the look-up of ids has a second row for {key}, which is entry {index} ({place})",
        index=int(batch.indices[number]),
        key=batch.ids[number].tobytes().hex(),
        place=batch.place,
    )
