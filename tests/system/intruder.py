"""Somebody who talks to a real node as it should not: with any key, any greeting, any bytes, at any pace."""

import ssl
from contextlib import suppress
from typing import Self

from ledger.node_keys import NodeKeys
from p2p.certificates import own_certificate
from p2p.chunks import CHUNK_SIZE_BYTES_MAX, TRANSPORT_CHANNEL, ChunkReader, chunk_bytes
from p2p.close_reasons import CloseReason
from p2p.frame import Frame
from p2p.frames import encode_frame
from p2p.tls_contexts import client_context
from p2p.transport_messages import Goodbye, Hello, decode_message
from tests.system.links import Links

TIMEOUT_S = 20.0


class Intruder:
    """One connection from `host` to the node at `address`, over TLS with the key of `keys`."""

    def __init__(self, links: Links, host: int, address: str, keys: NodeKeys, target: NodeKeys) -> None:
        self.keys = keys
        self._chunks = ChunkReader()
        self._socket = links.new_socket(host)
        self._socket.settimeout(TIMEOUT_S)
        name, _, port = address.rpartition(":")
        self._socket.connect((name, int(port)))
        context = client_context(own_certificate(keys.transport), target.transport.public)
        self._stream = context.wrap_socket(self._socket, suppress_ragged_eofs=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._stream.close()

    def greet(self, network: bytes, versions: tuple[int, ...] = (1,)) -> Hello | CloseReason | None:
        """Say hello; what the node answers: its hello, why not, or nothing at all."""
        self.send(chunk_bytes(TRANSPORT_CHANNEL, self.hello(network, versions)))
        message = self.hear()
        return message.reason if isinstance(message, Goodbye) else message if isinstance(message, Hello) else None

    def hello(self, network: bytes, versions: tuple[int, ...] = (1,)) -> bytes:
        """The greeting's bytes."""
        return encode_frame(Hello(versions, network, self.keys.node_id, b"r" * 16, 0, bytes(32)))

    def send(self, data: bytes) -> bool:
        """Send bytes as they are; whether the node takes them still."""
        try:
            self._stream.sendall(data)
        except OSError:
            return False
        return True

    def send_frame(self, channel: int, data: bytes) -> bool:
        """Send a frame with its length, in as many chunks as it takes; whether the node takes it still."""
        framed = len(data).to_bytes(4, "big") + data
        pieces = range(0, len(framed), CHUNK_SIZE_BYTES_MAX)
        return all(self.send(chunk_bytes(channel, framed[at : at + CHUNK_SIZE_BYTES_MAX])) for at in pieces)

    def hear(self) -> Frame | None:
        """The next message about the connection; None if it ends, frames are passed over."""
        while True:
            while (chunk := self._chunks.next_chunk()) is not None:
                if chunk.channel == TRANSPORT_CHANNEL:
                    return decode_message(chunk.data)
            try:
                data = self._stream.recv(65_536)
            except (OSError, ssl.SSLError):
                return None
            if not data:
                return None
            self._chunks.feed(data)

    def hear_goodbye(self) -> CloseReason | None:
        """Why the node ends the connection; None if it ends without a word."""
        while (message := self.hear()) is not None:
            if isinstance(message, Goodbye):
                return message.reason
        return None
