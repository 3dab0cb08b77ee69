"""All connections of one node: takes and makes them, keeps one for each peer, and carries frames both ways.

Owns the listener's and dialler's tasks, the links, guests and bans; never judges what a frame says and never decides
whom to dial or keep (the pure overlay does, with its back-offs). All tasks live in `run`. What happens goes into one
bounded channel, in order; while it is full, nothing is read from any peer.
Source: docs/protocol.md, section 8; docs/reference/transport.md.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple, Protocol

import structlog
import trio

from ledger.errors import LocalError, RemoteProtocolError
from ledger.hashing import Hash
from ledger.signing import SigningKey
from p2p.bans import Ban, Bans
from p2p.carried import Carried
from p2p.certificates import own_certificate
from p2p.close_reasons import CloseReason
from p2p.connection import Connection, TimeLimits
from p2p.contacts import Directory
from p2p.doorkeeper import Doorkeeper, DoorLimits
from p2p.effects import SendClass
from p2p.frame import Frame
from p2p.framing import framed
from p2p.guests import Guests
from p2p.invitations import Guest, Invitation
from p2p.links import Link
from p2p.lookout import Lookout, LookoutTimes
from p2p.offences import Offence
from p2p.pairing import Choice, Present, choose
from p2p.peer_book import Ending, PeerBook, PeerLine, Stranger
from p2p.pins import Pins
from p2p.secure_stream import open_stream, secured
from p2p.tls_contexts import client_context
from p2p.transport_errors import PeerRefusedError
from p2p.transport_events import FrameCame, LinkDown, LinkEvent, LinkFailed, LinkUp, PeerMisbehaved
from p2p.transport_messages import Head, Hello, Identity, common_version, refusal_of

# How soon a guest whose invitation expires has to go, and a node that left although nobody said that it did.
SWEEP_EVERY_S = 1.0
# More than the overlay asks for at a time (`p2p.overlay`); the others wait.
DIALS_MAX = 16
# How long the end of a connection may wait for room in the channel when the whole is cancelled.
_LAST_EVENT_S = 0.5
_log = structlog.get_logger("p2p")


class LinkEvents(Protocol):
    """A bounded channel, or something that takes events in the same way."""

    async def send(self, value: LinkEvent, /) -> None: ...


class TransportSettings(NamedTuple):
    """`fixed`: talk to these only, whoever else is registered; None for everybody."""

    times: TimeLimits = TimeLimits()
    doors: DoorLimits = DoorLimits()
    fixed: frozenset[Hash] | None = None
    rhythm: LookoutTimes = LookoutTimes()


class Switchboard:
    """The connections of one node; `run` once.

    Args:
        identity: What this node says of itself.
        key: Its transport key.
        directory: The live registry.
        events: Where everything goes that happens; makes whoever sends wait while there is no room.
        head: The newest committed block now.
        now_ms: Milliseconds since 1970 UTC.
        settings: Limits, and whom to talk to.
    """

    def __init__(
        self,
        identity: Identity,
        key: SigningKey,
        directory: Directory,
        events: LinkEvents,
        head: Callable[[], Head],
        now_ms: Callable[[], int],
        settings: TransportSettings | None = None,
    ) -> None:
        self._own = identity
        self._key = key.public
        self._certificate = own_certificate(key)
        self._directory = directory
        self._events = events
        self._head = head
        self._now_ms = now_ms
        self._settings = settings or TransportSettings()
        self.carried = Carried()
        self._guests = Guests()
        self._bans = Bans()
        self._book = PeerBook(now_ms())
        self._door = Doorkeeper(self._settings.doors)
        self._pins = Pins(self._certificate, self._pinned_keys())
        self._lookout = Lookout(
            self._certificate, directory, identity.software, now_ms, self._settings.times, self._settings.rhythm
        )
        self._rebuild = trio.Event()
        self._links: dict[Hash, Link] = {}
        self._dialling: set[Hash] = set()
        self._greeting: set[Hash] = set()
        self._dials = trio.CapacityLimiter(DIALS_MAX)
        self._nursery: trio.Nursery | None = None
        self._is_leaving = False
        self._encoded: tuple[Frame, bytes] | None = None
        # Those with something new in their queues, in the order in which it came.
        self._to_flush: dict[Connection, None] = {}

    # What the node wants.

    def send(self, peer: Hash, frame: Frame, send_class: SendClass) -> None:
        """Queue a frame, to leave with the next `flush`. A peer that is not connected any more is passed over.

        Raises:
            FrameTooLargeError: our own mistake.
        """
        link = self._links.get(peer)
        if link is None or not link.is_up:
            return
        # One object goes to many peers in a row: it is encoded once.
        if self._encoded is None or self._encoded[0] is not frame:
            self._encoded = (frame, framed(frame))
        link.connection.queue(self._encoded[1], send_class)
        self._to_flush[link.connection] = None

    def flush(self) -> None:
        """Let everything leave that was queued; never waits."""
        if self._to_flush:
            for connection in self._to_flush:
                connection.flush()
            self._to_flush.clear()

    def dial(self, peer: Hash) -> None:
        """Try to connect, once; `LinkUp` or `LinkFailed` follows, unless an attempt is under way or has succeeded."""
        if self._nursery is None:
            raise LocalError("`dial` before `run`")
        if peer not in self._dialling and peer not in self._links:
            self._dialling.add(peer)
            self._nursery.start_soon(self._dial, peer)

    def drop(self, peer: Hash, reason: CloseReason, until_ms: int = 0) -> None:
        """Close the connection and tell why; with a time, stay away from the peer until then."""
        if until_ms:
            self._bans.add(peer, Ban(until_ms, reason))
        link = self._links.get(peer)
        if link is not None:
            link.connection.close(reason)

    def admit(self, invitation: Invitation) -> None:
        """Let the holder of a checked invitation in until it expires or the registry names it.

        Raises:
            InvalidInvitationError: too many are open.
        """
        self._guests.admit(invitation, self._now_ms())
        self._refresh_pins()

    def dismiss(self, guest: Guest) -> None:
        """No invitation lets this guest in any more; `registry_changed` cuts it off."""
        self._guests.forget(guest.transport_key)

    def registry_changed(self) -> None:
        """Look at the registry anew: new nodes may knock, and whoever left is cut off at once."""
        for contact in self._directory.contacts():
            self._guests.forget(contact.transport_key)
        self._refresh_pins()
        self._sweep()

    def peers(self) -> tuple[PeerLine, ...]:
        """Everybody who is connected, was, or is banned."""
        now_ms = self._now_ms()
        bans, endings = self._bans.in_force(now_ms), self._book.endings
        lines = []
        for peer in dict.fromkeys((*self._links, *endings, *bans)):
            link = self._links.get(peer)
            line = PeerLine(peer, False) if link is None or not link.is_up else link.line()
            banned_until_ms = bans[peer].until_ms if peer in bans else 0
            lines.append(line._replace(banned_until_ms=banned_until_ms, ending=endings.get(peer)))
        return tuple(lines)

    @property
    def strangers(self) -> tuple[Stranger, ...]:
        """Who was turned away before it was known who it is; the newest last."""
        return self._book.strangers

    # The tasks.

    async def run(
        self,
        listeners: Iterable[trio.SocketListener],
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Take connections at `listeners` and carry out what is asked, until cancelled or `leave`."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._keep_pins)
            nursery.start_soon(self._keep_sweeping)
            await nursery.start(partial(trio.serve_listeners, self._answer, list(listeners), handler_nursery=nursery))
            task_status.started()

    async def leave(self) -> None:
        """Say goodbye to everybody, wait until they are gone, and end `run`; takes a few seconds at most."""
        self._is_leaving = True
        links = list(self._links.values())
        for link in links:
            link.connection.close(CloseReason.SHUTTING_DOWN)
        with trio.move_on_after(3 * self._settings.times.goodbye_s):
            for link in links:
                await link.gone.wait()
        if self._nursery is not None:
            self._nursery.cancel_scope.cancel()

    async def _keep_pins(self) -> None:
        while True:
            await self._rebuild.wait()
            self._rebuild = trio.Event()
            await self._pins.rebuild()

    async def _keep_sweeping(self) -> None:
        while True:
            await trio.sleep(SWEEP_EVERY_S)
            if self._guests.forget_expired(self._now_ms()):
                self._refresh_pins()
            self._sweep()

    def _sweep(self) -> None:
        for link in self._links.values():
            if self._node_of(link.transport_key) != link.peer:
                reason = CloseReason.INVITATION_EXPIRED if link.is_guest else CloseReason.NOT_REGISTERED
                link.connection.close(reason)

    # Connections that others open.

    async def _answer(self, stream: trio.SocketStream) -> None:
        try:
            host, port = stream.socket.getpeername()[:2]
        except OSError:
            await trio.aclose_forcefully(stream)
            return
        refusal = self._door.enter(host, self._now_ms())
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if refusal is not None:
            await trio.aclose_forcefully(stream)
            self._turned_away(None, address, refusal, "")
            return
        try:
            try:
                link = await self._greeted(stream, address)
            finally:
                self._door.greeted(host)
            if link is None:
                self._door.failed(host, self._now_ms())
            else:
                await self._keep(link)
        finally:
            self._door.left(host)
            await trio.aclose_forcefully(stream)

    async def _greeted(self, stream: trio.SocketStream, address: str) -> Link | None:
        """The link with whoever opened `stream`, registered; None if it was turned away."""
        connection: Connection | None = None
        node: Hash | None = None
        try:
            with trio.fail_after(self._settings.times.handshake_s):
                secure, key = await secured(stream, self._pins.context, server_side=True)
                connection = Connection(secure, self._settings.times, self.carried)
                node = self._known(key)
                hello = await connection.hear_hello()
                self._check(hello, node)
                await self._make_way(hello)
                link = self._link(connection, hello, key, dialled=False, address=address)
                await self._say_hello(link)
                return link
        except trio.TooSlowError:
            reason, told, detail = CloseReason.TOO_SLOW, False, "no greeting in time"
        except PeerRefusedError as error:
            reason, told, detail = error.reason, error.told, str(error)
        except RemoteProtocolError as error:
            reason, told, detail = CloseReason.INVALID_FRAME, False, str(error)
        self._turned_away(node, address, reason, detail)
        if connection is not None:
            await connection.abandon(None if told else reason)
        return None

    async def _say_hello(self, link: Link) -> None:
        """Answer the peer's hello, which makes the connection; the link is let go of if that fails."""
        try:
            await link.connection.say(self._own.hello(self._head()))
        except BaseException:
            self._let_go(link)
            raise

    async def _make_way(self, hello: Hello) -> None:
        """Wait until no other connection with the peer is there, or refuse this one."""
        while True:
            link = self._links.get(hello.node)
            present = None if link is None else Present(link.dialled, link.run)
            choice = choose(self._own.node, hello.node, hello.run, present, hello.node in self._greeting)
            if choice is Choice.REFUSE:
                raise PeerRefusedError("{reason}: there is a connection already", CloseReason.DUPLICATE)
            if link is None:
                return
            link.make_way(hello.run)
            await link.gone.wait()

    # Connections that this node opens.

    async def _dial(self, peer: Hash) -> None:
        try:
            async with self._dials:
                link = await self._dialled(peer)
        finally:
            self._dialling.discard(peer)
        if isinstance(link, Link):
            await self._keep(link)
        elif peer not in self._links:
            await self._events.send(LinkFailed(peer, link))

    async def _dialled(self, peer: Hash) -> Link | CloseReason:
        """The link with `peer`, registered; or why there is none."""
        stream: trio.SocketStream | None = None
        connection: Connection | None = None
        address = ""
        try:
            with trio.fail_after(2 * self._settings.times.handshake_s):
                contact = self._directory.contact(peer)
                self._check_permitted(peer, contact is not None)
                if contact is None or contact.address is None:
                    raise PeerRefusedError("{reason}: the node only dials out", CloseReason.NO_ADDRESS)
                address = contact.address
                stream = await open_stream(address)
                context = client_context(self._certificate, contact.transport_key)
                secure, key = await secured(stream, context, server_side=False)
                connection = Connection(secure, self._settings.times, self.carried)
                if self._known(key) != peer:
                    raise PeerRefusedError("{reason}: another node answers", CloseReason.WRONG_NODE)
                hello = await self._exchange(connection, peer)
                return self._link(connection, hello, key, dialled=True, address=address)
        except trio.TooSlowError:
            reason, told, detail = CloseReason.TOO_SLOW, False, "no answer in time"
        except PeerRefusedError as error:
            reason, told, detail = error.reason, error.told, str(error)
            # In TLS 1.3 this side is through before the other has looked at its certificate.
            if reason is CloseReason.LOST and connection is not None and not connection.received_size_bytes:
                reason, detail = CloseReason.SHUT_OUT, "closed without a word: most likely this node's key is unknown"
        except RemoteProtocolError as error:
            reason, told, detail = CloseReason.INVALID_FRAME, False, str(error)
        except BaseException:
            if stream is not None:
                await trio.aclose_forcefully(stream)
            raise
        self._turned_away(peer, address, reason, detail)
        if connection is not None:
            await connection.abandon(None if told else reason)
        elif stream is not None:
            await trio.aclose_forcefully(stream)
        return reason

    async def _exchange(self, connection: Connection, peer: Hash) -> Hello:
        """Say hello first and hear the answer, which makes the connection."""
        if peer in self._links:
            raise PeerRefusedError("{reason}: there is a connection already", CloseReason.DUPLICATE)
        self._greeting.add(peer)
        try:
            await connection.say(self._own.hello(self._head()))
            hello = await connection.hear_hello()
        finally:
            self._greeting.discard(peer)
        self._check(hello, peer)
        while (present := self._links.get(peer)) is not None:
            if present.run == hello.run:
                raise PeerRefusedError("{reason}: there is a connection already", CloseReason.DUPLICATE)
            present.make_way(hello.run)
            await present.gone.wait()
        return hello

    # Both.

    def _node_of(self, key: bytes) -> Hash | None:
        if key == self._key:
            return self._own.node
        return self._directory.node_of(key) or self._guests.node_of(key, self._now_ms())

    def _known(self, key: bytes) -> Hash:
        """Whose key it is, by the live registry: whatever the certificate says, nobody else gets further."""
        node = self._node_of(key)
        if node is None:
            raise PeerRefusedError("{reason}: no node has this key", CloseReason.NOT_REGISTERED)
        return node

    def _check(self, hello: Hello, node: Hash) -> None:
        refusal = refusal_of(hello, self._own, node)
        if refusal is not None:
            raise PeerRefusedError("{reason}: the greeting does not fit", refusal)
        self._check_permitted(node, True)

    def _check_permitted(self, peer: Hash, is_registered: bool) -> None:
        if not is_registered:
            raise PeerRefusedError("{reason}: no node has this id", CloseReason.NOT_REGISTERED)
        if self._is_leaving:
            raise PeerRefusedError("{reason}: this node is about to end", CloseReason.SHUTTING_DOWN)
        if self._bans.of(peer, self._now_ms()) is not None:
            raise PeerRefusedError("{reason}: the node is banned for a while", CloseReason.BANNED)
        fixed = self._settings.fixed
        if fixed is not None and peer not in fixed:
            raise PeerRefusedError("{reason}: the node is not among the neighbours", CloseReason.NOT_IN_THE_LIST)

    def _link(self, connection: Connection, hello: Hello, key: bytes, dialled: bool, address: str) -> Link:
        """A link that is registered from now on: nobody else gets its place."""
        is_guest = self._directory.node_of(key) is None
        version = common_version(hello, self._own)
        link = Link(hello.node, key, connection, hello.run, hello.head, version, dialled, address, is_guest)
        link.since_ms = self._now_ms()
        assert hello.node not in self._links, "one connection for each peer"
        self._links[hello.node] = link
        return link

    async def _keep(self, link: Link) -> None:
        """Carry frames until the link ends."""
        try:
            link.is_up = True
            if self._nursery is not None:
                self._nursery.start_soon(self._lookout.keep, link)
            await self._events.send(LinkUp(link.peer, link.dialled, link.version, link.head))
            _log.info("peer-connected", peer=link.peer.hex(), address=link.address, dialled=link.dialled)
            try:
                await link.connection.run(partial(self._take, link.peer))
            finally:
                await self._ended(link)
        finally:
            self._let_go(link)

    async def _take(self, peer: Hash, frame: Frame) -> None:
        await self._events.send(FrameCame(peer, frame))

    async def _ended(self, link: Link) -> None:
        connection = link.connection
        reason = connection.reason or CloseReason.LOST
        link.is_up = False
        self._book.ended(link.peer, Ending(self._now_ms(), link.address, reason, connection.detail))
        _log.info("peer-gone", peer=link.peer.hex(), address=link.address, reason=reason.text, detail=connection.detail)
        # The channel may be full and its reader gone when everything ends.
        is_over = self._nursery is not None and self._nursery.cancel_scope.cancel_called
        with trio.move_on_after(_LAST_EVENT_S if is_over else float("inf"), shield=is_over):
            if reason is CloseReason.INVALID_FRAME and not connection.is_told:
                await self._events.send(PeerMisbehaved(link.peer, Offence.INVALID_FRAME, connection.detail))
            await self._events.send(LinkDown(link.peer, reason))

    def _let_go(self, link: Link) -> None:
        if self._links.get(link.peer) is link:
            del self._links[link.peer]
        link.gone.set()

    def _turned_away(self, peer: Hash | None, address: str, reason: CloseReason, detail: str) -> None:
        if reason is CloseReason.LOOKED and peer is not None:
            return
        now_ms = self._now_ms()
        if peer is None:
            self._book.turned_away(Stranger(now_ms, address, reason, detail))
        else:
            self._book.ended(peer, Ending(now_ms, address, reason, detail))
        if self._book.may_log(now_ms):
            name = peer.hex() if peer is not None else None
            _log.info("peer-refused", peer=name, address=address, reason=reason.text, detail=detail)

    def _pinned_keys(self) -> set[bytes]:
        keys = {one.transport_key for one in (*self._directory.contacts(), *self._guests.contacts())}
        return keys | {self._key}

    def _refresh_pins(self) -> None:
        if self._pins.want(self._pinned_keys()):
            self._rebuild.set()
