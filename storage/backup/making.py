"""Making one part: from a store to a file that was read back and found good.

Owns the order: read and check, write, read back and check again, publish. Never publishes what did not hold together
both times: an error of the first pass is the store's, one of the second the disk's that the backup lies on.
Source: docs/reference/backups.md.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.hashing import Hash
from ledger.tree import MissingTileError
from storage.backup.checking import PartCheck
from storage.backup.encryption import Recipient
from storage.backup.errors import BackupDamagedError
from storage.backup.inherited import part_inherited
from storage.backup.parsing import PartBuilder, PartParser
from storage.backup.part_file import PartDraft
from storage.backup.reading_store import (
    Moment,
    ValueCount,
    known_voters,
    part_blocks,
    part_checkpoint,
    part_start,
)
from storage.backup.records import PartEnd
from storage.environment import FOREIGN_ERRORS, damaged
from storage.interface import StoreReader

# How much is done, and how much there is: entries that were written, then entries that were read back.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class MadePart:
    """A part that was published, and how it ends."""

    path: Path
    first_height: int
    end: PartEnd
    size_bytes: int
    is_encrypted: bool


@dataclass(frozen=True, slots=True)
class PartMaker:
    """Makes parts of one store. `genesis` is the network's `genesis.json`; `version` the program's; `made_ms` now.

    `inherited` are the records that a successor network began with, ascending by key, as its genesis names them.
    """

    store: StoreReader
    store_path: Path
    genesis: str
    version: str
    made_ms: int
    recipients: Sequence[Recipient]
    progress: Progress
    inherited: Iterable[tuple[bytes, bytes]] = ()

    def make(self, target: Path, draft_name: str, first_height: int, moment: Moment) -> MadePart:
        """Write the blocks from `first_height` to the moment's height to `target`.

        Raises:
            StoreDamagedError: what is stored does not hold together; nothing is at `target` that was not there before.
            BackupDamagedError: what was written is not what the disk gives back.
            BackupDiskError: no room, no permission.
        """
        with PartDraft(target, draft_name) as draft:
            content_hash = self._write(draft, first_height, moment)
            end, size = self._read_back(draft, content_hash)
            draft.publish()
        return MadePart(target, first_height, end, size, bool(self.recipients))

    def _write(self, draft: PartDraft, first_height: int, moment: Moment) -> Hash:
        builder = PartBuilder()
        try:
            draft.write(self._pieces(builder, first_height, moment), self.recipients)
        except (BackupDamagedError, MissingTileError, *FOREIGN_ERRORS) as error:
            # Nothing was read from the backup yet: what does not hold together is the store.
            raise damaged(self.store_path, error) from error
        return builder.content_hash

    def _pieces(self, builder: PartBuilder, first_height: int, moment: Moment) -> Iterator[bytes]:
        check = PartCheck(str(self.store_path), known_voters(self.store).get)
        start = part_start(self.store, self.genesis, first_height, self.made_ms, self.version)
        check.check(start)
        yield builder.begin(start)
        if first_height == 1:
            for one in part_inherited(self.inherited):
                check.check(one)
                yield builder.add(one)
        total = self.store.head().tree_size - check.tree_size
        counted = ValueCount()
        for record in part_blocks(self.store, first_height, moment.height, counted):
            check.check(record)
            yield builder.add(record)
            self.progress(check.entry_count, 2 * max(total, check.entry_count))
        checkpoint = part_checkpoint(self.store, check.tree_size)
        if checkpoint is not None:
            yield builder.add(checkpoint)
        end = PartEnd(
            last_height=check.height,
            header_hash=check.header_hash,
            tree_size=check.tree_size,
            tree_root=check.tree_root,
            state_digest=moment.state_digest,
            block_count=check.block_count,
            entry_count=check.entry_count,
            value_count=check.value_count,
            missing_count=counted.missing,
            content_hash=builder.content_hash,
        )
        check.check(end)
        yield builder.finish(end)

    def _read_back(self, draft: PartDraft, content_hash: Hash) -> tuple[PartEnd, int]:
        parser = PartParser(str(self.store_path))
        check = PartCheck(str(self.store_path))
        written = 0

        def consume(data: bytes) -> None:
            nonlocal written
            for record in parser.feed(data):
                check.check(record)
                written = max(written, check.entry_count)
                self.progress(written + check.entry_count, 2 * written)

        size = draft.read_back(consume)
        end = parser.finish()
        if end.content_hash != content_hash:
            raise BackupDamagedError("the disk gives back another backup than was written; use another disk")
        return end, size
