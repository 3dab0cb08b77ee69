"""The node's connections with its neighbours, as the shell carries them out.

Owns the transport (`p2p.switchboard`) and the translation both ways: what happens at a connection becomes an event of
the node, in order, and what the node wants becomes a frame, a dial or an end. Never decides whom to talk to nor what a
frame means. Backpressure: while the node has as much as it takes to do (`daemon.inbox`), nothing is read from any peer.
"""

import socket
from collections.abc import Callable
from functools import partial

import trio

from daemon.events import DialFailed, GuestsChanged, PeerBlamed, PeerConnected, PeerGone, Received
from daemon.hospitality import Hospitality
from daemon.inbox import Inbox
from daemon.neighbourhood import carried_size_bytes
from daemon.registry_directory import RegistryDirectory
from ledger.hashing import Hash
from ledger.node_keys import NodeDescription, NodeKeys
from p2p.carried import Carried
from p2p.close_reasons import OF_DROP
from p2p.effects import Dial, Drop, SendFrame
from p2p.invitations import Guest, Invitation
from p2p.peer_book import PeerLine, Stranger
from p2p.switchboard import Switchboard
from p2p.transport_errors import InvalidInvitationError
from p2p.transport_events import FrameCame, LinkDown, LinkEvent, LinkFailed, LinkUp, PeerMisbehaved
from p2p.transport_messages import Head, Identity
from storage.interface import StoreReader


class PeerNetwork:
    """One node's connections.

    Args:
        network: Digest of the genesis.
        keys: The node's.
        run: 16 bytes, drawn once for this process.
        directory: Who may connect.
        store: Where the newest committed block is read.
        listener: Takes connections already; closed when `run` ends.
        hospitality: Whom this node has invited.
        hosts: Who invited it, while no registry names it.
        now_ms: The clock, milliseconds since 1970 UTC.
        software: The version of this program, told to neighbours.
    """

    def __init__(
        self,
        network: Hash,
        keys: NodeKeys,
        run: bytes,
        directory: RegistryDirectory,
        store: StoreReader,
        listener: socket.socket,
        hospitality: Hospitality,
        hosts: tuple[Hash, ...],
        now_ms: Callable[[], int],
        software: str = "",
    ) -> None:
        self._store = store
        self._listener = listener
        self._now_ms = now_ms
        self._own = keys.node_id
        self._directory = directory
        self._hospitality = hospitality
        self._hosts = hosts
        self._telling = _Telling()
        self._switchboard = Switchboard(
            Identity(network, keys.node_id, run, software=software),
            keys.transport,
            directory,
            self._telling,
            self._head,
            now_ms,
        )

    async def run(self, inbox: Inbox, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Carry events to `inbox` until cancelled; `started` when connections are taken."""
        self._telling.inbox = inbox
        for invitation in self._hospitality.invitations:
            if not self._directory.has_named(invitation.guest):
                self._switchboard.admit(invitation)
        self._tell_guests()
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(self._listener))
        await self._switchboard.run([listener], task_status=task_status)

    def carry_out(self, effect: SendFrame | Dial | Drop) -> None:
        """Do what the node wants; never waits. Frames leave with the next `flush`."""
        match effect:
            case SendFrame(peer, frame, send_class):
                self._switchboard.send(peer, frame, send_class)
            case Dial(peer):
                self._switchboard.dial(peer)
            case Drop(peer, reason, ban_ms):
                until_ms = self._now_ms() + ban_ms if ban_ms else 0
                self._switchboard.drop(peer, OF_DROP[reason], until_ms)

    def flush(self) -> None:
        """Let the frames leave; never waits."""
        self._switchboard.flush()

    def registry_changed(self) -> None:
        """The registry in the store is another one: new nodes may connect, who left is cut off, invited or not."""
        for invitation in self._hospitality.invitations:
            if self._directory.has_named(invitation.guest):
                self._switchboard.dismiss(invitation.guest)
        self._switchboard.registry_changed()
        self._tell_guests()

    async def invite(self, guest: NodeDescription, hours: int) -> Invitation:
        """Let a node in that no registry names yet, for so many hours; kept over restarts.

        Raises:
            InvalidInvitationError: too many are open, this node cannot be joined, or the guest has left for good.
        """
        now_ms, own = self._now_ms(), self._directory.contact(self._own)
        if own is None:
            raise InvalidInvitationError("this node is a guest itself; invite at one that the registry names")
        invitation = self._hospitality.make(guest, own, hours, now_ms)
        if self._has_left(invitation.guest):
            raise InvalidInvitationError("the node has left the network for good; invite one with a new folder")
        if not self._directory.has_named(invitation.guest):
            self._switchboard.admit(invitation)
        try:
            await trio.to_thread.run_sync(self._hospitality.keep, invitation, now_ms)
        except OSError as error:
            # Whoever hears that nobody was invited must not find a guest; an earlier invitation holds.
            if all(one.guest != invitation.guest for one in self._hospitality.invitations):
                self._switchboard.dismiss(invitation.guest)
            raise InvalidInvitationError(
                "the invitation cannot be written down ({reason}); make room in the node's folder, and invite again",
                reason=error.strerror or str(error),
            ) from error
        self._tell_guests()
        return invitation

    def _has_left(self, guest: Guest) -> bool:
        return self._directory.has_named(guest) and self._directory.node_of(guest.transport_key) != guest.node

    def _tell_guests(self) -> None:
        invited = [one.guest for one in self._hospitality.invitations]
        guests = tuple(guest.node for guest in invited if not self._has_left(guest))
        inbox = self._telling.inbox
        if inbox is not None and (invited or self._hosts):
            inbox.post(GuestsChanged, self._hosts, guests)

    def lines(self) -> tuple[PeerLine, ...]:
        """Everybody who is connected, was, or is banned, as the transport knows them."""
        return self._switchboard.peers()

    @property
    def carried(self) -> Carried:
        """What went over all connections so far."""
        return self._switchboard.carried

    @property
    def strangers(self) -> tuple[Stranger, ...]:
        """Who was turned away before it was known who it is; the newest last."""
        return self._switchboard.strangers

    async def leave(self) -> None:
        """Say goodbye to everybody; takes a few seconds at most."""
        await self._switchboard.leave()

    def _head(self) -> Head:
        height = self._store.head().executed_height
        newest = self._store.header(height) if height else None
        return Head(0, bytes(32)) if newest is None else Head(height, newest.header_hash)


class _Telling:
    """What the transport sends its events to: each becomes one of the node's, in the inbox, which bounds them."""

    def __init__(self) -> None:
        self.inbox: Inbox | None = None

    async def send(self, event: LinkEvent, /) -> None:
        inbox = self.inbox
        assert inbox is not None, "nothing happens before `run`"
        match event:
            case FrameCame(peer, frame):
                await inbox.hear(Received, peer, frame, size_bytes=carried_size_bytes(frame))
            case LinkUp(peer, dialled):
                await inbox.hear(partial(PeerConnected, dialled=dialled), peer)
            case LinkDown(peer):
                await inbox.hear(PeerGone, peer)
            case LinkFailed(peer):
                await inbox.hear(DialFailed, peer)
            case PeerMisbehaved(peer, offence):
                await inbox.hear(PeerBlamed, peer, offence)
