"""Real switchboards on 127.0.0.1, and peers that do wrong."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import trio

from ledger.hashing import Hash
from ledger.node_keys import NodeKeys
from p2p.certificates import own_certificate
from p2p.connection import Connection
from p2p.contacts import Contact, ContactList
from p2p.secure_stream import secured
from p2p.switchboard import Switchboard, TransportSettings
from p2p.tls_contexts import client_context
from p2p.transport_events import LinkEvent
from p2p.transport_messages import Head, Hello, Identity

NETWORK = b"n" * 32
HEAD = Head(7, b"h" * 32)
NOW_MS = 1_800_000_000_000
DEADLINE_S = 20.0
Event = TypeVar("Event")
KEYS = sorted((NodeKeys.from_seed(bytes([index]) * 32) for index in range(1, 6)), key=lambda one: one.node_id)


def contact(keys: NodeKeys, address: str | None = None) -> Contact:
    return Contact(keys.node_id, keys.transport.public, address)


def identity(keys: NodeKeys, run: bytes = b"r" * 16, network: Hash = NETWORK, software: str = "") -> Identity:
    return Identity(network, keys.node_id, run, software=software)


@dataclass
class Station:
    """One node's switchboard with its registry, its events and its clock."""

    keys: NodeKeys
    settings: TransportSettings = field(default_factory=TransportSettings)
    network: Hash = NETWORK
    events_max: int = 256
    now_ms: int = NOW_MS
    port: int = 0
    software: str = ""

    def __post_init__(self) -> None:
        self.registry = ContactList()
        sending, self.events = trio.open_memory_channel[LinkEvent](self.events_max)
        self.switchboard = Switchboard(
            identity(self.keys, network=self.network, software=self.software),
            self.keys.transport,
            self.registry,
            sending,
            lambda: HEAD,
            lambda: self.now_ms,
            self.settings,
        )

    @property
    def id(self) -> Hash:
        return self.keys.node_id

    @property
    def contact(self) -> Contact:
        return contact(self.keys, f"127.0.0.1:{self.port}")

    def know(self, *contacts: Contact) -> None:
        """From now on these are registered, and this node itself."""
        self.registry.replace([self.contact, *contacts])
        self.switchboard.registry_changed()

    async def next(self, kind: type[Event]) -> Event:
        """The next event, which has to be of this kind."""
        with trio.fail_after(DEADLINE_S):
            event = await self.events.receive()
        assert isinstance(event, kind), event
        return event

    async def first(self, kind: type[Event]) -> Event:
        """The next event of this kind; others before it do not matter."""
        with trio.fail_after(DEADLINE_S):
            async for event in self.events:
                if isinstance(event, kind):
                    return event
        raise AssertionError("the channel was closed")


@asynccontextmanager
async def running(*stations: Station) -> AsyncIterator[None]:
    """All of them listen, and know each other."""
    async with trio.open_nursery() as nursery:
        for station in stations:
            listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
            station.port = listeners[0].socket.getsockname()[1]
            await nursery.start(station.switchboard.run, listeners)
        for station in stations:
            station.know(*(other.contact for other in stations if other is not station))
        yield
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def knocking(station: Station, keys: NodeKeys, certificate: bytes | None = None) -> AsyncIterator[Connection]:
    """A TLS connection to `station` of whoever holds `keys`, before any greeting."""
    stream = await trio.open_tcp_stream("127.0.0.1", station.port)
    async with stream:
        own = own_certificate(keys.transport) if certificate is None else certificate
        context = client_context(own, station.keys.transport.public)
        secure, _ = await secured(stream, context, server_side=False)
        yield Connection(secure)


async def until(holds: Callable[[], bool]) -> None:
    """Let the others go on until it is so."""
    with trio.fail_after(DEADLINE_S):
        while not holds():
            await trio.lowlevel.checkpoint()
            await trio.to_thread.run_sync(int)


def hello_of(keys: NodeKeys, run: bytes = b"q" * 16, network: Hash = NETWORK) -> Hello:
    return identity(keys, run, network).hello(HEAD)
