"""Two ends of one connection on loopback: bare, and over TLS as between nodes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from p2p.certificates import own_certificate
from p2p.secure_stream import SecureStream
from p2p.tls_contexts import client_context, server_context
from tests.p2p.switchboards import DEADLINE_S, KEYS


@asynccontextmanager
async def raw_pair() -> AsyncIterator[tuple[trio.SocketStream, trio.SocketStream]]:
    """Two ends of a TCP connection on loopback."""
    with trio.fail_after(DEADLINE_S):
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        async with listener:
            one = await trio.open_tcp_stream("127.0.0.1", listener.socket.getsockname()[1])
            other = await listener.accept()
        async with one, other:
            yield one, other


@asynccontextmanager
async def secure_pair() -> AsyncIterator[tuple[SecureStream, SecureStream]]:
    """Two ends of a TLS connection between nodes: who dialled, and who was."""
    dialler, dialled = (own_certificate(keys.transport) for keys in KEYS[:2])
    async with raw_pair() as (one, other):
        streams = (
            SecureStream(one, client_context(dialler, KEYS[1].transport.public), server_side=False),
            SecureStream(other, server_context(dialled, [KEYS[0].transport.public]), server_side=True),
        )
        async with trio.open_nursery() as nursery:
            for stream in streams:
                nursery.start_soon(stream.do_handshake)
        yield streams
