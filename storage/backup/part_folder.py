"""Parts in a folder, and what a single part says of itself without being read through.

Owns the names of parts in a folder, which tell the network and the heights, so that the next part can be made beside
encrypted ones. Never trusts a name where the part itself can be read.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ledger.errors import DecodingError
from ledger.hashing import Hash
from storage.backup.encryption import Identity
from storage.backup.errors import BackupDamagedError, BackupMismatchError
from storage.backup.parsing import PartParser
from storage.backup.part_file import is_encrypted, opened_part, read_part, translated
from storage.backup.records import (
    LENGTH_SIZE_BYTES,
    MAGIC,
    RECORD_SIZE_BYTES_MAX,
    TAIL_MAGIC,
    TAIL_SIZE_BYTES,
    PartEnd,
    PartStart,
    decode_record,
)

DRAFT_NAME = ".banyan-backup.draft"
# A part a day for 27 years. Whoever has more makes a new whole backup first.
PARTS_MAX = 10_000
_NAME = re.compile(r"banyan-([0-9a-f]{16})-([0-9]{12})-([0-9]{12})\.backup(\.age)?")


class NamedPart(NamedTuple):
    """A part in a folder, by its name."""

    path: Path
    first_height: int
    last_height: int


class PartFolder:
    """The parts of one network in a folder."""

    def __init__(self, path: Path, network_id: Hash) -> None:
        self.path = path
        self._network = network_id.hex()[:16]

    def parts(self) -> list[NamedPart]:
        """All of them, by first height.

        Raises:
            BackupMismatchError: there are too many.
        """
        found = sorted(self._parts(), key=lambda part: (part.first_height, -part.last_height))
        if len(found) > PARTS_MAX:
            raise BackupMismatchError(
                "there are more than {limit} backups in {path}; begin anew in another folder",
                limit=PARTS_MAX,
                path=str(self.path),
            )
        return found

    def newest(self) -> NamedPart | None:
        """The part up to whose end the parts have everything, from height 1 on; None if there is none."""
        covered: NamedPart | None = None
        for part in self.parts():
            height = covered.last_height if covered is not None else 0
            if part.first_height <= height + 1 and part.last_height > height:
                covered = part
        return covered

    def target(self, first_height: int, last_height: int, encrypted: bool) -> Path:
        """Where a part of these heights belongs."""
        suffix = ".age" if encrypted else ""
        return self.path / f"banyan-{self._network}-{first_height:012}-{last_height:012}.backup{suffix}"

    def _parts(self) -> Iterator[NamedPart]:
        with translated(self.path):
            for path in self.path.iterdir():
                match = _NAME.fullmatch(path.name)
                if match is not None and match[1] == self._network:
                    yield NamedPart(path, int(match[2]), int(match[3]))


def parts_in(path: Path) -> list[Path]:
    """The files in a folder that are parts by their names, of whatever network, in the order of their heights."""
    with translated(path):
        found = [(match[2], match[3], one) for one in path.iterdir() if (match := _NAME.fullmatch(one.name))]
    return [one for _, _, one in sorted(found)]


def read_end(path: Path) -> PartEnd:
    """What a part that is not encrypted leads to, without reading it through.

    Raises:
        BackupDamagedError: its end is not as it was written.
        BackupMismatchError: it is encrypted, or no backup.
        BackupDiskError: it cannot be read.
    """
    if is_encrypted(path):
        raise BackupMismatchError(
            "{path} is encrypted, so how far it goes cannot be read from it; give --since the height that was printed"
            " when it was made, or back up into a folder",
            path=str(path),
        )
    with opened_part(path) as file:
        size = file.seek(0, 2)
        file.seek(max(len(MAGIC), size - TAIL_SIZE_BYTES))
        tail = file.read(TAIL_SIZE_BYTES)
        length = int.from_bytes(tail[:LENGTH_SIZE_BYTES], "big")
        begin = size - TAIL_SIZE_BYTES - length
        content = b""
        if tail[LENGTH_SIZE_BYTES:] == TAIL_MAGIC and length <= RECORD_SIZE_BYTES_MAX and begin >= len(MAGIC):
            file.seek(begin)
            content = file.read(length)
    try:
        end = decode_record(content)
    except DecodingError as error:
        raise _no_end(path) from error
    if not isinstance(end, PartEnd):
        raise _no_end(path)
    return end


def _no_end(path: Path) -> BackupDamagedError:
    return BackupDamagedError("the backup {path} has no end; take another copy of it", path=str(path))


class _StartReadError(Exception):
    """The beginning was read; the rest is not wanted."""

    def __init__(self, start: PartStart) -> None:
        super().__init__()
        self.start = start


def read_start(path: Path, identities: Sequence[Identity]) -> PartStart:
    """How a part begins.

    Raises:
        BackupDamagedError, BackupLockedError, BackupMismatchError, BackupDiskError
    """
    parser = PartParser(str(path))

    def consume(data: bytes) -> None:
        for record in parser.feed(data):
            assert isinstance(record, PartStart), "the parser lets nothing else be first"
            raise _StartReadError(record)

    try:
        read_part(path, identities, consume)
    except _StartReadError as read:
        return read.start
    parser.finish()
    raise AssertionError("a part that has an end has a beginning")
