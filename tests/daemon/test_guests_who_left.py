"""A host that starts again lets nobody in by an invitation that the registry has overtaken."""

import socket
from pathlib import Path

import trio

from daemon.events import GuestsChanged
from daemon.hospitality import Hospitality
from daemon.inbox import Inbox
from daemon.peer_network import PeerNetwork
from daemon.registry_directory import RegistryDirectory
from ledger.node_keys import NodeKeys
from ledger.state_digest import LANES_SIZE_BYTES
from p2p.contacts import Contact
from p2p.transport_events import LinkFailed, LinkUp
from storage.memory import MemoryStore
from tests.contracts.governed_ledger import GovernedLedger, description, governed_genesis
from tests.p2p.switchboards import NOW_MS, Station, running

HOST, LEFT, STRANGER = (NodeKeys.from_seed(bytes([1 + number]) * 32) for number in (0, 5, 6))


def test_a_guest_that_was_registered_and_left_is_not_let_in_by_its_invitation(tmp_path: Path) -> None:
    """Guard: daemon/peer_network.py, `has_named` in `run`."""
    assert trio.run(_two_knock, tmp_path) == [LinkFailed, LinkUp]


async def _two_knock(tmp_path: Path) -> list[type]:
    """What comes of the knocking of the node that left, and of one that was never registered."""
    ledger, network_id = GovernedLedger(), governed_genesis().network_id
    assert ledger.register(5).code == ledger.leave(5).code == "ok"
    store = MemoryStore.create(network_id, dict(ledger.state), bytes(LANES_SIZE_BYTES))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        own = Contact(HOST.node_id, HOST.transport.public, f"127.0.0.1:{listener.getsockname()[1]}")
        hospitality = Hospitality(tmp_path / "invitations", network_id, HOST, NOW_MS)
        for number in (5, 6):
            hospitality.keep(hospitality.make(description(number), own, 1, NOW_MS), NOW_MS)
        directory = RegistryDirectory(store, HOST.node_id)
        host = PeerNetwork(network_id, HOST, bytes(16), directory, store, listener, hospitality, (), lambda: NOW_MS)
        inbox = Inbox(lambda: NOW_MS)
        async with trio.open_nursery() as nursery:
            await nursery.start(host.run, inbox)
            told = await inbox.next()
            assert isinstance(told, GuestsChanged) and told.guests == (STRANGER.node_id,)
            came: list[type] = []
            for keys, kind in ((LEFT, LinkFailed), (STRANGER, LinkUp)):
                station = Station(keys, network=network_id)
                async with running(station):
                    station.know(own)
                    station.switchboard.dial(HOST.node_id)
                    came.append(type(await station.next(kind)))
            nursery.cancel_scope.cancel()
    return came
