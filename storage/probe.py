"""Opening a store in a process of its own first, because a damaged one can take the process with it.

LMDB trusts its pages: one that is damaged can end the reading process by a signal instead of an error. The probe makes
a start's reads in a child, and turns the child's death into an error that names the remedy. Owns which reads these are.
Never writes. Run by itself: `python -m storage.probe FOLDER NETWORK-ID`.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from ledger.errors import BanyanError
from storage.child_process import command_of, environment_of_child
from storage.environment import damaged
from storage.errors import StoreDiskError

# The reads take a tenth of a second; a disk that needs minutes for them is no disk to run a node on.
TIMEOUT_SECONDS = 120
# Entries at the end of the log that are read: what a restarted node asks for first.
_TAIL_ENTRY_COUNT = 64
_DAMAGED_STATUS = 1
_REPORT_SIZE_BYTES_MAX = 4096
_DEADLY = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL)


def probe(path: str | os.PathLike[str], network_id: bytes) -> None:
    """Make a start's reads in a child process; about 0.2 s.

    Args:
        path: The store's folder; nobody in this process may have it open for writing at the moment.
        network_id: The network it must belong to.

    Raises:
        StoreDamagedError: the child died of a signal.
        StoreDiskError: the child could not be run, or did not end in time.
        Nothing for what the child met as an error: opening the store here then meets it too, and says it better.
    """
    folder = Path(path)
    command = command_of("storage.probe", str(folder), network_id.hex())
    try:
        finished = subprocess.run(  # noqa: S603 - this program itself, without a shell
            command,
            env=environment_of_child(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StoreDiskError(
            "The store {path} could not be read within {seconds} seconds: check its disk.",
            path=folder,
            seconds=TIMEOUT_SECONDS,
        ) from error
    except OSError as error:
        raise StoreDiskError(
            "The store {path} could not be probed ({reason}): make memory and processes available.",
            path=folder,
            reason=error,
        ) from error
    if -finished.returncode in _DEADLY:
        raise damaged(folder, f"reading it ended a process with {signal.Signals(-finished.returncode).name}")


def read_as_a_start_does(path: Path, network_id: bytes) -> None:
    """Open the store, and read what a node reads before it serves.

    Raises:
        StoreError: whatever opening and reading meet.
    """
    # numpy takes a while to import and is needed only here, in the child.
    from ledger.tree import CompactRange
    from storage.lmdb_store import LmdbStore

    store = LmdbStore.open(path, network_id, readonly=True)
    try:
        head = store.head()
        CompactRange.from_tiles(store, head.tree_size)
        # Of what lies below there is the header alone where the store began with a snapshot.
        oldest = store.header(head.kept_from)
        first = max(oldest.first_index if oldest is not None else 0, head.tree_size - _TAIL_ENTRY_COUNT)
        if oldest is not None:
            for index, _ in enumerate(store.entries(first, 2 * _TAIL_ENTRY_COUNT), first):
                store.result(index)
        for height in range(max(1, head.executed_height - _TAIL_ENTRY_COUNT), head.tip_height + 1):
            store.header(height)
            store.certificate(height)
            if height >= head.kept_from:
                store.timer_effects(height)
        store.unstated_digests()
        store.index_of(network_id)
        store.duplicates([network_id], head.executed_height)
        next(store.scan_state(b""), None)
    finally:
        store.close()


def main(arguments: list[str]) -> int:
    """The child's part; its exit status says whether reading met an error."""
    path, network_id = arguments
    try:
        read_as_a_start_does(Path(path), bytes.fromhex(network_id))
    except BanyanError as error:
        print(str(error)[:_REPORT_SIZE_BYTES_MAX], file=sys.stderr)
        return _DAMAGED_STATUS
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
