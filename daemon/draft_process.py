"""The process that drafts a snapshot beside the node.

Owns how long it may take to begin, and that it ends with whoever waits for it. What it does is
`storage.snapshot_process`'s.
"""

import subprocess
from collections.abc import Callable
from functools import partial

import trio

from ledger.errors import LocalError
from storage.child_process import command_of, environment_of_child
from storage.snapshot_making import SnapshotDraft
from storage.snapshot_process import BEGUN, FAILED_STATUS, REPORT_SIZE_BYTES_MAX, DraftOrder, arguments_of, read_draft

# It takes a third of a second; meanwhile the journal of records grows.
BEGIN_SECONDS_MAX = 10.0
# Names of 64 digits for chunks of 1 MiB: enough for a state of 200 GiB.
_TOLD_SIZE_BYTES_MAX = 16 << 20


async def draft_beside(order: DraftOrder, begun: Callable[[], None]) -> SnapshotDraft:
    """Have a snapshot drafted; `begun` is called when its records are those of one moment.

    Raises:
        LocalError: it could not be, with the reason.
    """
    command = command_of("storage.snapshot_process", *arguments_of(order))
    start = partial(
        trio.run_process,
        command,
        env=environment_of_child(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
        deliver_cancel=_kill,
    )
    reason, told, status = "", b"", 0
    try:
        async with trio.open_nursery() as nursery:
            process: trio.Process = await nursery.start(start)
            assert process.stdout is not None and process.stderr is not None, "they are pipes"
            with trio.move_on_after(BEGIN_SECONDS_MAX) as beginning:
                told = await _read(process.stdout, len(BEGUN))
            if beginning.cancelled_caught:
                process.kill()
            elif told == BEGUN:
                begun()
                told = await _read(process.stdout, _TOLD_SIZE_BYTES_MAX)
            reason = (await _read(process.stderr, REPORT_SIZE_BYTES_MAX)).decode(errors="replace").strip()
            status = await process.wait()
    except* OSError as errors:
        status, reason = FAILED_STATUS, str(errors.exceptions[0])
    if status != 0:
        raise _failed(reason if status == FAILED_STATUS and reason else f"it ended with status {status}")
    try:
        return read_draft(told)
    except (ValueError, TypeError, KeyError) as error:
        raise _failed(error) from error


def _failed(reason: object) -> LocalError:
    return LocalError("The process that was to make the snapshot failed ({reason}).", reason=reason)


async def _kill(process: trio.Process) -> None:
    """It has nothing to tidy up: what it wrote is thrown away by whoever began the snapshot."""
    process.kill()


async def _read(stream: trio.abc.ReceiveStream, size_bytes_max: int) -> bytes:
    """Up to so many bytes, fewer where the stream ends."""
    read = bytearray()
    while len(read) < size_bytes_max and (some := await stream.receive_some(size_bytes_max - len(read))):
        read += some
    return bytes(read)
