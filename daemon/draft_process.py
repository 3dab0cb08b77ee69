"""The process that drafts a snapshot beside the node.

Owns how long it may be silent, and that it ends with whoever waits for it. What it does is
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
# From one chunk of 1 MiB to the next, which is some hundreds of pages; meanwhile no freed page is used again.
CHUNK_SECONDS_MAX = 600.0
# From the last that it tells to its end.
END_SECONDS_MAX = 5.0
# Names of 64 digits for chunks of 1 MiB: enough for a state of 200 GiB.
_TOLD_SIZE_BYTES_MAX = 16 << 20
_READ_SIZE_BYTES = 64 << 10


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
        # Who ends the node from its terminal ends the node, which ends this one.
        process_group=0,
    )
    report, told, given_up = bytearray(), b"", None
    try:
        async with trio.open_nursery() as nursery:
            process: trio.Process = await nursery.start(start)
            assert process.stdout is not None and process.stderr is not None, "they are pipes"
            nursery.start_soon(_keep_beginning, process.stderr, report)
            try:
                told = await _hear(process.stdout, begun)
                await _end_of(process)
            except LocalError as error:
                given_up = error
                process.kill()
    # The system has no process for it, or no thread to start it on.
    except* (OSError, RuntimeError) as errors:
        given_up = _failed(str(errors.exceptions[0]))
    if given_up is not None:
        raise given_up
    if process.returncode != 0:
        raise _failed(_reason(process.returncode, report.decode(errors="replace").strip()))
    try:
        return read_draft(told)
    except (ValueError, TypeError, KeyError) as error:
        raise _failed(str(error)) from error


def _failed(reason: str) -> LocalError:
    return LocalError("The process that was to make the snapshot failed ({reason}).", reason=reason.rstrip("."))


def _reason(status: int | None, report: str) -> str:
    if status == FAILED_STATUS and report:
        return report
    return ": ".join([f"it ended with status {status}", *report.splitlines()[-1:]])


async def _kill(process: trio.Process) -> None:
    """It has nothing to tidy up: what it wrote is thrown away by whoever began the snapshot."""
    process.kill()


async def _keep_beginning(stderr: trio.abc.ReceiveStream, report: bytearray) -> None:
    """Read to the end, so that it never waits for a reader, and keep what a reason may take."""
    while some := await stderr.receive_some(_READ_SIZE_BYTES):
        report += some[: REPORT_SIZE_BYTES_MAX - len(report)]


async def _hear(stdout: trio.abc.ReceiveStream, begun: Callable[[], None]) -> bytes:
    """What it tells after `BEGUN`; nothing where it ends without that.

    Raises:
        LocalError: it is silent for too long, or tells what it should not.
    """
    told = await _next(stdout, BEGIN_SECONDS_MAX)
    if not told:
        return told
    if not told.startswith(BEGUN):
        raise _failed("it tells something else than that it has begun")
    begun()
    told = told.removeprefix(BEGUN)
    while some := await _next(stdout, CHUNK_SECONDS_MAX):
        told += some
        if len(told) > _TOLD_SIZE_BYTES_MAX:
            raise _failed("it tells more than there is to tell")
    return told


async def _next(stdout: trio.abc.ReceiveStream, seconds_max: float) -> bytes:
    with trio.move_on_after(seconds_max):
        return bytes(await stdout.receive_some(_READ_SIZE_BYTES))
    raise _failed(f"it was silent for {seconds_max:.0f} seconds")


async def _end_of(process: trio.Process) -> None:
    with trio.move_on_after(END_SECONDS_MAX):
        await process.wait()
        return
    raise _failed("it has told everything, and does not end")
