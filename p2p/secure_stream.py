"""From a TCP connection to a TLS one whose other end is known by its key.

Owns the handshake and the translation of what can go wrong in it; never decides whose a key is. The caller limits the
time. In TLS 1.3 the side that dialled is through before the other has looked at its certificate: that it was refused
shows only when it reads. (trio does not send the alert of a handshake that failed, so all it reads is the end.)
"""

import ssl
from typing import TypeAlias

import trio

from p2p.certificates import transport_key_of
from p2p.close_reasons import CloseReason
from p2p.prompt_lock import PromptLock
from p2p.transport_errors import PeerRefusedError

SecureStream: TypeAlias = "trio.SSLStream[trio.SocketStream]"


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
    secure = trio.SSLStream(stream, context, server_side=server_side, https_compatible=True)
    _take_locks_at_once(secure)
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
    return secure, transport_key_of(secure.getpeercert(binary_form=True))


# What trio calls the locks in a stream; its version is pinned, and a test finds out when they are not there any more.
INNER_LOCKS = ("_inner_send_lock", "_inner_recv_lock")


def _take_locks_at_once(secure: SecureStream) -> None:
    """Two turns of the loop less for each frame: nobody but one reader and one writer uses a stream."""
    for name in INNER_LOCKS:
        setattr(secure, name, PromptLock())
