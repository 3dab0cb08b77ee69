"""Drafting a snapshot in a process of its own, beside a node that goes on.

In a thread of the node it would want the interpreter's lock several times for each record, and wait for the event loop
each time: see docs/adr/0028-snapshots.md. Owns how the two processes speak. The records are those of one height, though
the node has gone on when this begins: what later blocks changed is in the journal yet, since the node moves nothing out
of it until it is told `BEGUN`. Ends when the node has. Run by the node (`daemon.draft_process`):
`python -m storage.snapshot_process` and what `arguments_of` gives.

    node -> (arguments)      process -> BEGUN                          its reading transaction is begun
                             process -> KEPT                           a chunk is on disk; so for each
                             process -> the draft as one line of JSON  the chunks are on disk
                             process -> on stderr: why there is none   with the status FAILED_STATUS
"""

import json
import os
import sys
from pathlib import Path
from typing import NamedTuple

from ledger.errors import BanyanError
from ledger.hashing import Hash
from storage.snapshot_folder import SnapshotFolder
from storage.snapshot_making import SnapshotDraft, draft_snapshot

BEGUN = b"begun\n"
# An empty line: whoever reads the draft reads over it.
KEPT = b"\n"
# Not that of an error of the interpreter's.
FAILED_STATUS = 3
REPORT_SIZE_BYTES_MAX = 4096


class DraftOrder(NamedTuple):
    """What is to be drafted.

    Attributes:
        database: The store's folder.
        network_id: The store's network.
        snapshots: The folder of snapshots, where the snapshot of the height was begun.
        height: Whose snapshot it is.
        executed_height: Up to which records are taken; above `height` only blocks that changed nothing.
        state_digest: Of the records.
    """

    database: Path
    network_id: Hash
    snapshots: Path
    height: int
    executed_height: int
    state_digest: Hash


def arguments_of(order: DraftOrder) -> list[str]:
    """The order as this module's arguments."""
    return [one.hex() if isinstance(one, bytes) else str(one) for one in order]


def read_draft(line: bytes) -> SnapshotDraft:
    """The draft out of the line that tells it.

    Raises:
        ValueError, TypeError, KeyError: it is none.
    """
    fields = json.loads(line)
    return SnapshotDraft(
        height=int(fields["height"]),
        state_digest=bytes.fromhex(fields["state_digest"]),
        record_count=int(fields["record_count"]),
        size_bytes=int(fields["size_bytes"]),
        leaf_chunks=tuple(map(bytes.fromhex, fields["leaf_chunks"])),
        record_chunks=tuple(map(bytes.fromhex, fields["record_chunks"])),
        result_chunks=tuple(map(bytes.fromhex, fields["result_chunks"])),
    )


def _line_of(draft: SnapshotDraft) -> bytes:
    fields = {
        "height": draft.height,
        "state_digest": draft.state_digest.hex(),
        "record_count": draft.record_count,
        "size_bytes": draft.size_bytes,
        "leaf_chunks": [one.hex() for one in draft.leaf_chunks],
        "record_chunks": [one.hex() for one in draft.record_chunks],
        "result_chunks": [one.hex() for one in draft.result_chunks],
    }
    return json.dumps(fields).encode() + b"\n"


def _draft(order: DraftOrder) -> SnapshotDraft:
    from storage.lmdb_store import LmdbStore

    node = os.getppid()
    writer = SnapshotFolder(order.snapshots).begun(order.height)
    store = LmdbStore.open(order.database, order.network_id, readonly=True)

    def keep(chunk: bytes) -> Hash:
        if os.getppid() != node:
            # Nobody waits for it any more, and its folder may be another's by now.
            raise SystemExit(FAILED_STATUS)
        name = writer.keep(chunk)
        _tell(KEPT)
        return name

    try:
        with store.records_of(order.executed_height) as records:
            _tell(BEGUN)
            return draft_snapshot(store, order.height, order.state_digest, records, keep)
    finally:
        store.close()


def _tell(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def main(arguments: list[str]) -> int:
    """The process's part; its exit status says whether there is a draft."""
    database, network_id, snapshots, height, executed_height, state_digest = arguments
    order = DraftOrder(
        Path(database),
        bytes.fromhex(network_id),
        Path(snapshots),
        int(height),
        int(executed_height),
        bytes.fromhex(state_digest),
    )
    try:
        _tell(_line_of(_draft(order)))
    except BanyanError as error:
        print(str(error)[:REPORT_SIZE_BYTES_MAX], file=sys.stderr)
        return FAILED_STATUS
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
