"""What a backup holds and where it goes: a file or a folder of parts, from height 1 or after an earlier one.

Owns the choice and every refusal before anything is written. Never writes.
"""

from pathlib import Path
from typing import NamedTuple

from cli.errors import UsageError
from ledger.hashing import Hash
from storage.backup.errors import BackupMismatchError
from storage.backup.part_file import is_encrypted
from storage.backup.part_folder import DRAFT_NAME, PartFolder, read_end
from storage.backup.reading_store import check_is_of_chain
from storage.interface import StoreReader


class Target(NamedTuple):
    """A part to be made: where, under which name until it is whole, and from which height on."""

    path: Path
    draft_name: str
    first_height: int


def choose_target(
    store: StoreReader, network_id: Hash, path: Path, since: str | None, last_height: int, encrypted: bool
) -> Target | None:
    """Where the next part goes and where it begins; None if there is nothing new for it.

    Args:
        store: Of the node whose ledger is backed up.
        network_id: Its network's.
        path: A file to be made or replaced, or a folder.
        since: A height, or the file of an earlier backup; None: in a folder what is there decides, else everything.
        last_height: Where the part ends.
        encrypted: Whether it will be.

    Raises:
        UsageError: `since` is neither.
        BackupError: an earlier backup is of another ledger, goes further than this one, or cannot be read.
    """
    begin = _height_after(store, since, path, last_height) if since is not None else None
    folder = PartFolder(path, network_id) if path.is_dir() else None
    if begin is None:
        begin = _height_after_folder(store, folder, last_height) if folder is not None else 1
    if begin > last_height:
        return None
    _check_is_kept(store, begin)
    if folder is not None:
        return Target(folder.target(begin, last_height, encrypted), DRAFT_NAME, begin)
    if path.exists():
        _check_replaceable(store, path)
    return Target(path, f".{path.name}.draft", begin)


def _check_is_kept(store: StoreReader, first_height: int) -> None:
    """A store that began at a snapshot may lack its oldest blocks."""
    kept_from = store.head().kept_from
    if first_height < kept_from:
        raise BackupMismatchError(
            "this node has the blocks from {height} on, and the backup would have to begin at {first}; back up a node"
            " that keeps the whole ledger, or give --since an earlier backup that goes that far",
            first=first_height,
            height=kept_from,
        )


def _height_after(store: StoreReader, since: str, path: Path, last_height: int) -> int:
    if since.isascii() and since.isdigit() and len(since) <= 18:
        if int(since) > last_height:
            raise UsageError(
                "--since is {height}, but this ledger ends at block {last}; give an earlier height",
                height=int(since),
                last=last_height,
            )
        return int(since) + 1
    earlier = Path(since)
    if not earlier.is_file():
        raise UsageError("--since {value} is neither the file of an earlier backup nor a block height", value=since)
    if path.exists() and path.is_file() and path.samefile(earlier):
        raise UsageError(
            "{path} cannot be replaced by what is new since then: that is no whole backup; give another name",
            path=str(path),
        )
    end = read_end(earlier)
    check_is_of_chain(store, end.last_height, end.header_hash, str(earlier))
    return end.last_height + 1


def _height_after_folder(store: StoreReader, folder: PartFolder, last_height: int) -> int:
    newest = folder.newest()
    if newest is None:
        return 1
    if not is_encrypted(newest.path):
        end = read_end(newest.path)
        check_is_of_chain(store, end.last_height, end.header_hash, str(newest.path))
        return end.last_height + 1
    if newest.last_height > last_height:
        raise BackupMismatchError(
            "the backup {path} goes on to block {height}, further than this ledger: an older database was put back"
            " here; let the node catch up first, or back up into another place",
            path=str(newest.path),
            height=newest.last_height,
        )
    return newest.last_height + 1


def _check_replaceable(store: StoreReader, path: Path) -> None:
    """An earlier backup of this ledger may be replaced; anything else may not."""
    if not is_encrypted(path):
        end = read_end(path)
        check_is_of_chain(store, end.last_height, end.header_hash, str(path))
