"""Bringing a store of an older format forward, on a copy: the old one stays until somebody takes it away.

Owns the table of migrations, the order of steps, and what is left of an interrupted one. Never changes a store that a
node may have open, and never leaves a node without one: at every moment either the old database is in its place, or the
new one is complete beside it and takes that place at the next start. Whether a program knows a format is for
`storage.meta` to say.

    db             the store
    db.migrating   a copy that is being brought forward; thrown away if it is found at a start
    db.migrated    the copy, complete; takes the place of `db` where that is gone, is thrown away where it is not
    db.format-N    what `db` was before

Bound: room for a second store, looked for before anything is written. Source: docs/reference/storage.md, "Formats";
docs/adr/0033-upgrades.md.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ledger.hashing import Hash
from storage.durable_folder import make_durable
from storage.environment import Environment, copy_environment, stored_format, translate
from storage.errors import StoreFullError
from storage.layout import META_FORMAT, pack_format, unpack_format

# Beside the copy itself: a transaction that rewrites many rows needs pages of its own until it is committed.
ROOM_BESIDE_BYTES = 64 << 20
_STAT_BLOCK_SIZE_BYTES = 512


@dataclass(frozen=True, slots=True)
class Migration:
    """One step forward. `run` gets a copy that nobody else has open, with every table of this program's formats in it.

    It may write in several transactions, so that memory is bounded; the format's number is written after it.
    """

    from_version: int
    to_version: int
    run: Callable[[Environment], None]


# None so far: a program of today reads every format that there ever was.
MIGRATIONS: tuple[Migration, ...] = ()


class Migrated(NamedTuple):
    """What was done: the formats before and after, and where the old store is kept."""

    before: int
    after: int
    kept: Path


def bring_forward(path: Path, network_id: Hash, verify: Callable[[Path], None]) -> Migrated | None:
    """Bring the store in the folder `path` to a format that this program writes; None if it is of one.

    Args:
        path: Exists, and nobody has it open.
        network_id: What is written into the new store's format record; a store of another network is left alone.
        verify: Opens a store as a node does, and raises where it is not sound; it gets the copy before that counts.

    Raises:
        StoreFullError: too little room for a copy; nothing was changed.
        StoreError: the store cannot be read or copied; it stays as it is.

    Cost: reading and writing the whole store once, and what the migrations do.
    """
    record = stored_format(path)
    if record is None:
        return None
    before, found = unpack_format(record)
    steps = _steps_from(before)
    if not steps or found != network_id:
        return None
    draft, complete = _beside(path, "migrating"), _beside(path, "migrated")
    kept = path.with_name(f"{path.name}.format-{before}")
    try:
        _check_room(path, before, steps[-1].to_version)
        _copy(path, draft)
        _run(draft, network_id, steps)
        verify(draft)
        draft.rename(complete)
        make_durable(path.parent)
        # One of an earlier attempt, which is older than what takes its name now.
        shutil.rmtree(kept, ignore_errors=True)
        path.rename(kept)
        make_durable(path.parent)
        finish_interrupted(path)
    except OSError as error:
        raise translate(error, path) from error
    return Migrated(before, steps[-1].to_version, kept)


def finish_interrupted(path: Path) -> None:
    """Put in order what a crash in the middle of a migration left; to be called before looking whether `path` is there.

    Raises:
        StoreError: the system refused.
    """
    complete = _beside(path, "migrated")
    try:
        if complete.exists() and not path.exists():
            complete.rename(path)
            make_durable(path.parent)
        # Where the store is in its place, it may have gone on since: then the copy is older than it.
        shutil.rmtree(complete, ignore_errors=True)
        shutil.rmtree(_beside(path, "migrating"), ignore_errors=True)
    except OSError as error:
        raise translate(error, path) from error


def is_outdated(version: int) -> bool:
    """Whether a store of this format has to be brought forward before it is opened."""
    return any(one.from_version == version for one in MIGRATIONS)


def _steps_from(version: int) -> list[Migration]:
    by_version = {one.from_version: one for one in MIGRATIONS}
    steps: list[Migration] = []
    while version in by_version:
        steps.append(by_version[version])
        assert steps[-1].to_version > version, "forward only"
        version = steps[-1].to_version
    return steps


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f"{path.name}.{what}")


def _check_room(path: Path, before: int, after: int) -> None:
    needed = sum(file.stat().st_blocks * _STAT_BLOCK_SIZE_BYTES for file in path.iterdir()) + ROOM_BESIDE_BYTES
    system = os.statvfs(path)
    free = system.f_bavail * system.f_frsize
    if free < needed:
        raise StoreFullError(
            "Bringing the store {path} from format {before} to {after} needs {needed} bytes of room beside it, and"
            " there are {free}: make room and start again; nothing was changed.",
            path=path,
            before=before,
            after=after,
            needed=needed,
            free=free,
        )


def _copy(path: Path, draft: Path) -> None:
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    copy_environment(path, draft)


def _run(draft: Path, network_id: Hash, steps: list[Migration]) -> None:
    environment = Environment(draft, create=True)
    try:
        for step in steps:
            step.run(environment)
            with environment.write() as transaction:
                record = pack_format(network_id, step.to_version)
                transaction.put(META_FORMAT, record, db=environment.tables["meta"])
    finally:
        environment.close()
