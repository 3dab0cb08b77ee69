"""A connection with a peer that is known and greeted, and what is shown of it."""

from dataclasses import dataclass, field

import trio

from ledger.hashing import Hash
from p2p.close_reasons import CloseReason
from p2p.connection import Connection
from p2p.peer_book import PeerLine
from p2p.sightings import Sightings
from p2p.transport_messages import Head


@dataclass(slots=True, eq=False)
class Link:
    """One for each peer. `run` is that of the peer's process; `gone` is set when its place is free again."""

    peer: Hash
    transport_key: bytes
    connection: Connection
    run: bytes
    head: Head
    version: int
    dialled: bool
    address: str
    is_guest: bool
    since_ms: int = 0
    is_up: bool = False
    sightings: Sightings = field(default_factory=Sightings)
    gone: trio.Event = field(default_factory=trio.Event)

    def make_way(self, run: bytes) -> None:
        """End for another connection with the same peer; nobody is there to be told if its process is another one."""
        if run == self.run:
            self.connection.close(CloseReason.DUPLICATE)
        else:
            self.connection.cut(CloseReason.DUPLICATE)

    def line(self) -> PeerLine:
        """The peer as `peers` shows it."""
        one = self.connection
        return PeerLine(
            peer=self.peer,
            is_connected=True,
            dialled=self.dialled,
            address=self.address,
            since_ms=self.since_ms,
            sent_size_bytes=one.sent_size_bytes,
            received_size_bytes=one.received_size_bytes,
            queued_size_bytes=one.queued_size_bytes,
            dropped_count=one.dropped_count,
            version=self.version,
            sighting=self.sightings.newest,
        )
