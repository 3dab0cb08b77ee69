"""The records that a successor network began with, in a part that begins its ledger, and the file of them out of one.

Owns the way from that file to a backup and back. Without it a backup of a successor is a ledger that nobody can
execute: what it holds is needed before the first block. Never believes a part: the genesis states the digest of the
records. Holds one record of a part at a time, a megabyte.
Source: docs/reference/backups.md; docs/adr/0031-successor-networks.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ledger.hashing import Hash
from storage.backup.encryption import Identity
from storage.backup.errors import BackupDamagedError
from storage.backup.parsing import PartParser
from storage.backup.part_file import read_part
from storage.backup.records import VALUES_SIZE_BYTES_MAX, PartInherited, PartStart
from storage.inheritance_file import InheritanceDraft

# What a pair takes beside its bytes. With it a record of the smallest pairs stays below what one encoding may hold.
_PAIR_FRAME_SIZE_BYTES = 64


def part_inherited(records: Iterable[tuple[bytes, bytes]]) -> Iterator[PartInherited]:
    """The records in portions of at most a megabyte; none where there are none."""
    waiting: list[tuple[bytes, bytes]] = []
    size = 0
    for key, value in records:
        added = len(key) + len(value) + _PAIR_FRAME_SIZE_BYTES
        if waiting and size + added > VALUES_SIZE_BYTES_MAX:
            yield PartInherited(tuple(waiting))
            waiting, size = [], 0
        waiting.append((key, value))
        size += added
    if waiting:
        yield PartInherited(tuple(waiting))


class _AllReadError(Exception):
    """What is wanted of a part was read; the rest is not wanted."""


def restore_inherited(part: Path, identities: Sequence[Identity], target: Path, expected: Hash) -> bool:
    """Write the inherited records in a part to the file `target`; False if it has none: nothing is written then.

    Raises:
        BackupDamagedError: they are not those whose digest is `expected`; nothing is at `target`.
        BackupError: the part cannot be read, or the file not be written.
        InheritanceError: there is a file at `target` already.
    """
    parser = PartParser(str(part))
    with InheritanceDraft(target) as draft:

        def consume(data: bytes) -> None:
            for record in parser.feed(data):
                if isinstance(record, PartInherited):
                    for key, value in record.records:
                        draft.put(key, value)
                elif not isinstance(record, PartStart):
                    raise _AllReadError

        try:
            read_part(part, identities, consume)
            parser.finish()
        except _AllReadError:
            pass
        if not draft.count:
            return False
        if draft.digest != expected:
            raise BackupDamagedError(
                "the backup {path} holds other inherited records than its genesis names; take another copy of it",
                path=str(part),
            )
        draft.publish()
    return True
