"""The keys that may knock: the SSL context of the listener, kept in step with the registry.

Owns the context. A few further keys are added at once; many, or a key that has to go, need another context, which is
made in a thread, since it costs some tenths of a millisecond for each key. Until it is there, whoever left still gets
through the handshake, and no further: its key is looked up in the live registry after it.
"""

import ssl
from collections.abc import Iterable

import trio

from p2p.certificates import pin_of
from p2p.tls_contexts import server_context

# 20 ms in the event loop.
ADDED_AT_ONCE_MAX = 32


class Pins:
    """The pinned keys of one node; `keys` hold at least one, the node's own."""

    def __init__(self, certificate: bytes, keys: Iterable[bytes]) -> None:
        self._certificate = certificate
        self._keys = frozenset(keys)
        self._wanted = self._keys
        self.context: ssl.SSLContext = server_context(certificate, self._keys)

    def want(self, keys: Iterable[bytes]) -> bool:
        """From now on these; a few that are new are pinned at once. Whether `rebuild` is due."""
        self._wanted = frozenset(keys)
        new = self._wanted - self._keys
        if 0 < len(new) <= ADDED_AT_ONCE_MAX:
            self.context.load_verify_locations(cadata=b"".join(map(pin_of, new)))
            self._keys |= new
        return self._keys != self._wanted

    async def rebuild(self) -> None:
        """Let go of the keys that are not wanted any more, and pin those that are missing."""
        while self._keys != self._wanted:
            keys = self._wanted
            self.context = await trio.to_thread.run_sync(server_context, self._certificate, keys)
            self._keys = keys
            self.want(self._wanted)
