"""Telling each neighbour what this node sees of it, and looking whether it can be reached where the registry says.

Owns when sights leave and what they say, and the looks at neighbours that this node did not dial: a connection to the
registered address, TLS with the pinned key, and a goodbye. A node behind a router that lets nothing in dials others and
looks sound from within; only they can tell. Never decides whom to be connected with, and judges nobody by what it sees.
Bounds: one task and one attempt at a time for each link.
"""

from collections.abc import Callable
from typing import NamedTuple

import trio

from ledger.errors import RemoteProtocolError
from p2p.close_reasons import CloseReason
from p2p.connection import Connection, TimeLimits
from p2p.contacts import Directory
from p2p.links import Link
from p2p.secure_stream import open_stream, secured
from p2p.tls_contexts import client_context
from p2p.transport_errors import PeerRefusedError
from p2p.transport_messages import SEEN_ADDRESS_SIZE_BYTES_MAX, SOFTWARE_SIZE_BYTES_MAX, Reach, Sight


class LookoutTimes(NamedTuple):
    """How often to tell and to look, in seconds."""

    # Twelve neighbours cost a few messages a minute; a clock that was set is noticed while somebody looks.
    sight_every_s: float = 30.0
    # A node that has just started dials everybody; the connection may make way for another one yet.
    look_after_s: float = 10.0
    # A router that somebody has set up meanwhile is noticed the same hour; a handshake costs a few milliseconds.
    look_every_s: float = 600.0


class _Looked(NamedTuple):
    """What came of the last look, by trio's clock."""

    reach: Reach
    at_s: float


class Lookout:
    """One node's; `keep` once for each link.

    Args:
        certificate: This node's own, for TLS.
        directory: The live registry.
        software: The version of this program, told to neighbours.
        now_ms: Milliseconds since 1970 UTC.
        times: How long a handshake may take.
        rhythm: How often to tell and to look.
    """

    def __init__(
        self,
        certificate: bytes,
        directory: Directory,
        software: str,
        now_ms: Callable[[], int],
        times: TimeLimits,
        rhythm: LookoutTimes,
    ) -> None:
        self._certificate = certificate
        self._directory = directory
        self._software = software.encode("utf-8")[:SOFTWARE_SIZE_BYTES_MAX]
        self._now_ms = now_ms
        self._times = times
        self._rhythm = rhythm

    async def keep(self, link: Link) -> None:
        """Tell and look until the link is gone; what the peer tells is taken from now on."""
        link.connection.on_sight = lambda sight: link.sightings.add(sight, self._now_ms())
        began_s = trio.current_time()
        # Where this node has dialled, it has the answer already.
        looked = _Looked(Reach.REACHED if link.dialled else Reach.UNKNOWN, began_s)
        next_look_s = began_s + self._rhythm.look_after_s if not link.dialled else float("inf")
        while True:
            self._tell(link, looked)
            with trio.move_on_at(min(trio.current_time() + self._rhythm.sight_every_s, next_look_s)):
                await link.gone.wait()
                return
            if trio.current_time() >= next_look_s:
                looked = _Looked(await self._look_at(link), trio.current_time())
                next_look_s = looked.at_s + self._rhythm.look_every_s

    def _tell(self, link: Link, looked: _Looked) -> None:
        age_s = 0 if looked.reach is Reach.UNKNOWN else int(trio.current_time() - looked.at_s)
        address = link.address.encode("utf-8")[:SEEN_ADDRESS_SIZE_BYTES_MAX]
        link.connection.tell(Sight(max(self._now_ms(), 0), self._software, address, looked.reach, age_s))

    async def _look_at(self, link: Link) -> Reach:
        """Whether the peer answers, with its own key, at the address that the registry has now."""
        contact = self._directory.contact(link.peer)
        if contact is None or contact.address is None:
            return Reach.UNKNOWN
        reach = Reach.NOT_REACHED
        # What there is of a connection is closed, whatever happens; a goodbye takes its own time.
        with trio.move_on_after(2 * self._times.handshake_s):
            try:
                stream = await open_stream(contact.address)
                try:
                    context = client_context(self._certificate, contact.transport_key)
                    secure, _ = await secured(stream, context, server_side=False)
                    reach = Reach.REACHED
                    await Connection(secure, self._times).abandon(CloseReason.LOOKED)
                finally:
                    await trio.aclose_forcefully(stream)
            except (PeerRefusedError, RemoteProtocolError):
                return Reach.NOT_REACHED
        return reach
