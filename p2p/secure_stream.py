"""From a TCP connection to a TLS one whose other end is known by its key.

Owns the handshake, what goes over the connection afterwards, and the translation of what can go wrong; never decides
whose a key is. The caller limits the time. In TLS 1.3 the side that dialled is through before the other has looked at
its certificate: that it was refused shows only when it reads. (The alert of a handshake that failed is not sent, so all
it reads is the end.)

TLS is the standard library's, and works on bytes in memory. trio's own TLS stream does too, for any stream beneath and
any number of tasks; here it is one socket with one reader and one writer, so what is written leaves at once where the
system has room for it, without a turn of the event loop, and one read may hold many records.
Source: docs/adr/0016-transport.md.
"""

import os
import ssl

import trio

from p2p.certificates import transport_key_of
from p2p.close_reasons import CloseReason
from p2p.transport_errors import PeerRefusedError

_READ_SIZE_BYTES = 64 * 1024
_ANSWERS_SIZE_BYTES_MAX = 16 * 1024


class SecureStream(trio.abc.Stream):
    """TLS over TCP, for one task that reads and one that writes. The end of the connection is an end, announced or not.

    Args:
        stream: Nobody else reads or writes it any more; closed with this one.
        context: Of the side that this is.
        server_side: Whether the other end dialled.

    Raises (all that read or write): trio.BrokenResourceError with its cause, trio.ClosedResourceError.
    """

    def __init__(self, stream: trio.SocketStream, context: ssl.SSLContext, server_side: bool) -> None:
        self._stream = stream
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=server_side)
        # Encrypted, and not taken by the system yet.
        self._unsent = memoryview(b"")
        # What TLS said by itself since something was sent.
        self._answers_size_bytes = 0

    @property
    def peer_certificate(self) -> bytes | None:
        """What the other end has shown, in DER; None before the handshake."""
        return self._tls.getpeercert(binary_form=True)

    async def do_handshake(self) -> None:
        """Shake hands; once, before anything else."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._receive()
            except ssl.SSLError as error:
                raise trio.BrokenResourceError("the handshake failed") from error
            else:
                await self._flush()
                return

    def send_now(self, data: bytes) -> bool:
        """Send `data` as far as the system takes it at once; never waits.

        Returns:
            Whether nothing is left. What is left is kept, without a bound: whoever gets False waits with `send_all`
            before it sends more.
        """
        self._encrypt(data)
        return self._push()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send what is left and `data`; where it is cancelled, the rest is kept."""
        self._encrypt(data)
        await self._flush()

    async def wait_send_all_might_not_block(self) -> None:
        """Return when the system has room."""
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """What came, once there is something, up to so much (at least 1); nothing at the end of the connection."""
        size_bytes = _READ_SIZE_BYTES if max_bytes is None else max_bytes
        if size_bytes < 1:
            raise ValueError("max_bytes must be at least 1")
        # Nothing is taken out for somebody who is cancelled.
        await trio.lowlevel.checkpoint_if_cancelled()
        data = self._decrypt(size_bytes)
        if data is not None:
            await trio.lowlevel.cancel_shielded_checkpoint()
        while data is None:
            await self._receive()
            data = self._decrypt(size_bytes)
        return data

    async def aclose(self) -> None:
        """Close the connection without announcing it."""
        await self._stream.aclose()

    def _encrypt(self, data: bytes | bytearray | memoryview) -> None:
        if data:
            try:
                self._tls.write(data)
            except ssl.SSLError as error:
                raise trio.BrokenResourceError("TLS is broken") from error

    def _decrypt(self, size_bytes: int) -> bytes | None:
        """What came and is not handed out yet, up to so much; None if more has to come first."""
        pieces: list[bytes] = []
        waiting_size_bytes = self._outgoing.pending
        try:
            while size_bytes > 0 and (piece := self._tls.read(size_bytes)):
                pieces.append(piece)
                size_bytes -= len(piece)
        except ssl.SSLWantReadError:
            if not pieces:
                return None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            # What came before is handed out first; the end is still there the next time.
            pass
        except ssl.SSLError as error:
            raise trio.BrokenResourceError("TLS is broken") from error
        finally:
            self._check_answers(self._outgoing.pending - waiting_size_bytes)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _check_answers(self, size_bytes: int) -> None:
        """TLS answers by itself what a peer may ask of it (new keys); no peer needs that hundreds of times."""
        self._answers_size_bytes += size_bytes
        if self._answers_size_bytes > _ANSWERS_SIZE_BYTES_MAX:
            raise trio.BrokenResourceError("the peer has TLS answer too often")

    async def _receive(self) -> None:
        """Take in what comes, once there is something, or the end."""
        while True:
            await trio.lowlevel.wait_readable(self._descriptor)
            try:
                data = os.read(self._descriptor, _READ_SIZE_BYTES)
            except BlockingIOError:
                continue
            except OSError as error:
                raise trio.BrokenResourceError("the connection broke") from error
            if data:
                self._incoming.write(data)
            else:
                self._incoming.write_eof()
            return

    async def _flush(self) -> None:
        """Send what is left; a checkpoint in any case."""
        await trio.lowlevel.checkpoint()
        while not self._push():
            await trio.lowlevel.wait_writable(self._descriptor)

    def _push(self) -> bool:
        if self._outgoing.pending:
            new, self._answers_size_bytes = self._outgoing.read(), 0
            self._unsent = memoryview(bytes(self._unsent) + new if self._unsent else new)
        try:
            while self._unsent:
                self._unsent = self._unsent[os.write(self._descriptor, self._unsent) :]
        except BlockingIOError:
            return False
        except OSError as error:
            raise trio.BrokenResourceError("the connection broke") from error
        return True

    @property
    def _descriptor(self) -> int:
        descriptor = self._stream.socket.fileno()
        if descriptor < 0:
            raise trio.ClosedResourceError("this connection is closed")
        return descriptor


async def open_stream(address: str) -> trio.SocketStream:
    """A TCP connection to `HOST:PORT`, by whichever of the host's addresses answers first.

    Raises:
        PeerRefusedError: nobody answers there.
    """
    host, _, port = address.rpartition(":")
    try:
        return await trio.open_tcp_stream(host.removeprefix("[").removesuffix("]"), int(port))
    except (OSError, ValueError) as error:
        # ValueError: a registered name that no resolver can be asked for (an empty label, one of 64 characters).
        raise PeerRefusedError(
            "{reason}: {address} does not answer ({detail})",
            reason=CloseReason.UNREACHABLE,
            address=address,
            detail=getattr(error, "strerror", None) or str(error),
        ) from error


async def secured(stream: trio.SocketStream, context: ssl.SSLContext, server_side: bool) -> tuple[SecureStream, bytes]:
    """The stream over TLS, and the key that the other end has proved to hold. `stream` is left open on errors.

    Raises:
        PeerRefusedError: no TLS, or no certificate of a node that is pinned in `context`.
    """
    secure = SecureStream(stream, context, server_side)
    try:
        await secure.do_handshake()
    except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
        cause = error.__cause__
        is_tls = isinstance(cause, ssl.SSLError)
        raise PeerRefusedError(
            "{reason}: the TLS handshake failed ({detail})",
            reason=CloseReason.WRONG_CERTIFICATE if is_tls else CloseReason.LOST,
            detail=(cause.reason if isinstance(cause, ssl.SSLError) else None) or "the connection broke",
        ) from error
    return secure, transport_key_of(secure.peer_certificate)
