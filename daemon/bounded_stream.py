"""A client's connection with bounds: on how long it may take what it is sent, and on what is read of it at a time.

Owns the ways of bytes in and out; what belongs to a connection ends with it. Never looks into them.
"""

import os

import trio

from daemon.connections import Connection

# For the last bytes of an answer, once the client has closed its side and everything is answered.
CLOSED_SECONDS_MAX = 1
# To take one piece of an answer: a client on the slowest line takes 64 KiB in this time.
SEND_SECONDS_MAX = 30
# What a connection holds of a request that waits for its turn: four pieces, one that was read and one in the parser.
# For all connections of a door it is 100 MB.
READ_SIZE_BYTES_MAX = 16 * 1024


class BoundedStream:
    """A connection that gives up on a client that does not take what it is sent; closing it ends all its tasks."""

    def __init__(self, stream: trio.SocketStream, connection: Connection) -> None:
        self._stream = stream
        self._connection = connection
        self._scope = connection.end
        self.socket = stream.socket
        self._ended = False
        self._holds = False
        self._held = b""

    def hold(self) -> None:
        """What is sent next leaves together with what is sent after it; that has to follow at once."""
        self._holds = True

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send, within a bounded time; nothing is sent for nothing.

        Raises:
            trio.BrokenResourceError: the client is gone, or does not read.
        """
        if self._holds:
            self._holds = False
            self._held += bytes(data)
            return
        if self._held:
            data, self._held = self._held + bytes(data), b""
            data = data[self._sent_at_once(data) :]
        if not data:
            return
        # Not given up half way because the node stops: the client could not tell that from an answer.
        with trio.move_on_after(SEND_SECONDS_MAX, shield=True):
            await self._stream.send_all(data)
            return
        await trio.aclose_forcefully(self._stream)
        self._scope.cancel()
        raise trio.BrokenResourceError("the client does not take what it is sent")

    def _sent_at_once(self, whole: bytes) -> int:
        """How much of a whole answer the system takes without anybody waiting, which is nearly always all of it.

        Pieces of a longer one are sent with a turn of the event loop each: a client that takes them as fast as they are
        made would else keep out everybody else.
        """
        try:
            return os.write(self._descriptor(), whole)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise trio.BrokenResourceError("the client is gone") from error

    async def receive_some(self) -> bytes:
        """What has come, `READ_SIZE_BYTES_MAX` at most; nothing where the client sends no more.

        The stream underneath takes a turn of the event loop after it has read; meanwhile nothing would be unread, no
        request be begun, and the connection be taken for an idle one.

        Raises:
            trio.BrokenResourceError: the client is gone.
            trio.ClosedResourceError: it was closed here.
        """
        data = await self._read()
        self._ended = not data
        self._end_if_done()
        return data

    async def _read(self) -> bytes:
        while True:
            await trio.lowlevel.wait_readable(self._descriptor())
            try:
                return os.read(self._descriptor(), READ_SIZE_BYTES_MAX)
            except BlockingIOError:
                continue
            except OSError as error:
                raise trio.BrokenResourceError("the client is gone") from error

    def _descriptor(self) -> int:
        descriptor = self.socket.fileno()
        if descriptor < 0:
            raise trio.ClosedResourceError("this connection is closed")
        return descriptor

    def begin_answer(self) -> None:
        """A request is being answered from now on: what the client asked before it closed its side is still sent."""
        self._connection.begin_answer()

    def end_answer(self) -> None:
        """As often as `begin_answer`."""
        self._connection.end_answer()
        self._end_if_done()

    def _end_if_done(self) -> None:
        # hypercorn would wait the whole idle time for a next request, which cannot come any more.
        if self._ended and not self._connection.is_answering:
            self._scope.deadline = min(self._scope.deadline, trio.current_time() + CLOSED_SECONDS_MAX)

    async def send_eof(self) -> None:
        """Tell the client that nothing more comes; raises what the stream underneath raises."""
        await self._stream.send_eof()

    async def aclose(self) -> None:
        """Close, and cancel whatever still works for this connection."""
        try:
            await self._stream.aclose()
        finally:
            self._scope.cancel()
