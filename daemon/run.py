"""`banyan run`: one node in the foreground, from opening its folder to a clean end.

Owns the order of start and end, the signals, and the line `READY` on stdout. Imports everything heavy: it is itself
imported only when a node is to run.

Start: settings, lock, seed, genesis, database, sign-state (`daemon.home`), sockets, node, doors, READY. End: the node
hands over what it leads, finishes what it proposed and leaves its neighbours; the doors finish what they answer; then
files and lock. SIGTERM or SIGINT ends it; a second one ends
it at once, which loses nothing that was reported.
"""

import os
import signal
import time
from collections.abc import AsyncIterator
from enum import Enum
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import structlog
import trio

from consensus.settings import Role
from contracts.protocols import Protocols, builtin_protocols
from daemon.allocator import give_back_now_and_then, settle_allocator
from daemon.api.context import NodeContext
from daemon.collector import calm_collector, collect_now_and_then
from daemon.disk import measure_folder
from daemon.disk_room import DiskRoom, RoomLevel
from daemon.doors import Doors
from daemon.foreseen import foreseen
from daemon.home import OpenHome, open_home
from daemon.hospitality import Hospitality
from daemon.incoming import IncomingSnapshot
from daemon.key_watch import KeyWatch, seconds_left
from daemon.logs import configure_logs, log_event
from daemon.metrics import Metrics
from daemon.node import Node
from daemon.open_files import within_open_files
from daemon.peer_network import PeerNetwork
from daemon.registry_directory import RegistryDirectory
from daemon.seed_passphrase import SeedPassphrase, unattended_passphrase
from daemon.service import Service
from daemon.snapshot_maker import SnapshotMaker
from daemon.status import NodeStatus
from daemon.sync_desk import SyncDesk
from daemon.sync_metrics import SyncCollector
from daemon.sync_place import SyncPlace
from daemon.sync_work import SyncSettings
from daemon.system_chance import SystemChance
from ledger.errors import BanyanError
from ledger.hashing import Hash
from ledger.support_statement import SignedSupport
from p2p.carried import Carried
from p2p.invitations import Invitation
from p2p.overlay import OverlaySettings
from storage.incoming_chunks import IncomingChunks
from storage.snapshot_folder import SnapshotFolder

READY = "READY"
# How long READY waits for a leader and the first block of its term: an election and a few writes, unless the disk is
# full or too few voters run.
OPENING_SECONDS_MAX = 5
_log = structlog.get_logger("daemon")


class Again(Enum):
    """Whether a node that ended begins again at once: under its next keys, or on top of a snapshot of others."""

    NO = "no"
    KEYS = "keys"
    SNAPSHOT = "snapshot"


def run_node(directory: Path, passphrase: SeedPassphrase = unattended_passphrase) -> int:
    """Run the node in folder `directory` until a signal ends it; returns 0 for a clean end.

    When its next keys are due, or a snapshot is to be taken into use, it ends cleanly, handing over what it leads, and
    goes on in this process.

    Raises:
        BanyanError: it cannot start, or must not go on; one sentence with the remedy, for the caller to show.
    """
    opened = open_home(directory, passphrase)
    while (again := _run_once(opened)) is not Again.NO:
        # When keys change the others wait for its vote meanwhile, so nothing is looked at twice.
        opened = open_home(directory, passphrase, probes=again is not Again.KEYS)
        if again is Again.KEYS:
            _log.info("keys-changed", node=opened.keys.node_id.hex())
        else:
            _log.info("snapshot-adopted", height=opened.store.head().executed_height)
    _log.info("stopped")
    return 0


def _run_once(opened: OpenHome) -> Again:
    """Run an open node and close it; whether it is to begin again."""
    try:
        configure_logs(opened.config.log_format, opened.config.log_level)
        if opened.migrated is not None:
            before, after, kept = opened.migrated
            _log.info("store-migrated", before=before, after=after, kept=str(kept))
        return _run_opened(opened)
    except BanyanError as error:
        _log.error("stopped", code=error.code, reason=str(error))
        raise
    finally:
        opened.close()


def now_ms() -> int:
    """The system's clock, in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def software_version() -> str:
    """The version of the installed package; `0` where the source tree is not installed."""
    try:
        return version("banyan-ledger")
    except PackageNotFoundError:
        return "0"


def _run_opened(opened: OpenHome) -> Again:
    # It takes a tenth of a second, in which a client that found the doors open would wait.
    calm_collector()
    settle_allocator()
    doors = Doors.open(opened)
    try:
        return trio.run(_serve, opened, doors)
    except BaseExceptionGroup as group:
        raise (foreseen(group) or group) from None
    finally:
        doors.close()


async def _serve(opened: OpenHome, doors: Doors) -> Again:
    metrics = Metrics()
    chance = SystemChance()
    protocols = builtin_protocols()
    names = opened.config.neighbours
    hosts = opened.invitation.neighbours if opened.invitation is not None else ()
    directory = RegistryDirectory(opened.store, opened.keys.node_id, hosts)
    _warn_of_unknown(names, directory)
    _warn_of_unregistered(opened.invitation, directory, opened.keys.node_id)
    place = SyncPlace(opened.home.snapshots, opened.home.database, opened.genesis)
    database = opened.home.database
    room = DiskRoom(str(database), opened.config.disk_limits, partial(measure_folder, database))
    incoming = IncomingSnapshot(opened.store, place, IncomingChunks(place.chunks), room.lacks_for)
    node = Node(
        opened.keys,
        opened.genesis,
        protocols,
        opened.store,
        opened.sign_state.state,
        opened.sign_state.certificate,
        chance,
        neighbours=OverlaySettings(names=names, fixed=bool(names)),
        block_work_ms_max=opened.config.block_work_ms_max,
        sync=SyncSettings(opened.config.state_sync_blocks, opened.config.storage == "full", incoming),
    )
    network = PeerNetwork(
        opened.genesis.network_id,
        opened.keys,
        chance.nonce(),
        directory,
        opened.store,
        doors.peers,
        Hospitality(opened.home.invitations, opened.genesis.network_id, opened.keys, now_ms()),
        tuple(one.node for one in hosts),
        now_ms,
        software_version(),
    )
    threads = opened.config.verify_threads or os.cpu_count() or 1
    snapshots = _snapshots(opened, room)
    service = Service(
        node,
        opened.store,
        opened.sign_state,
        now_ms,
        threads,
        metrics,
        log_event,
        network,
        opened.config.log_transactions_per_second,
        room,
        snapshots,
        SyncDesk(incoming, snapshots.folder, log_event, partial(_has_room, room)),
    )
    _watch(metrics, opened, service, network.carried, snapshots.folder)
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with trio.open_nursery() as nursery:
            await nursery.start(service.run)
            nursery.start_soon(collect_now_and_then)
            nursery.start_soon(give_back_now_and_then)
            nursery.start_soon(place.former.watch, opened.store.head, opened.config.storage == "full", log_event)
            async with trio.open_nursery() as serving:
                await doors.serve(serving, _context(opened, doors, service, metrics, protocols))
                await _announce(opened, doors, service)
                is_due = await _keys_are_due_at_the_end(signals, service, KeyWatch(opened, service, now_ms))
                nursery.start_soon(_end_at_once, signals, nursery.cancel_scope)
                await _end(opened, doors, service)
            nursery.cancel_scope.cancel()
    if service.out_of_date is not None:
        raise service.out_of_date
    return Again.KEYS if is_due else Again.SNAPSHOT if service.begins_again else Again.NO


def _watch(metrics: Metrics, opened: OpenHome, service: Service, carried: Carried, snapshots: SnapshotFolder) -> None:
    """Show everything that there is to see."""
    metrics.watch(service.status, service.clock_offsets_ms, software_version())
    metrics.watch_disk(service.room)
    metrics.watch_keys(partial(seconds_left, opened, now_ms))
    metrics.watch_sync(
        SyncCollector(
            lambda: service.status().sync,
            lambda: opened.store.head().kept_from,
            lambda: max((height for height, _ in snapshots.offers()), default=0),
            carried,
        )
    )


def _snapshots(opened: OpenHome, room: DiskRoom) -> SnapshotMaker:
    folder = SnapshotFolder(opened.home.snapshots)
    folder.discard_unfinished()
    has_room = partial(_has_room, room)
    interval = opened.config.snapshot_interval_blocks
    return SnapshotMaker(opened.store, opened.home.database, folder, interval, log_event, has_room)


def _has_room(room: DiskRoom) -> bool:
    """Whether there is room for what the node can do without: the ledger comes first."""
    return room.level in (RoomLevel.PLENTY, RoomLevel.LOW)


def _context(opened: OpenHome, doors: Doors, service: Service, metrics: Metrics, protocols: Protocols) -> NodeContext:
    """What the handlers of the doors may use."""
    keys, network_id = opened.keys, opened.genesis.network_id
    return NodeContext(
        service=service,
        genesis=opened.genesis,
        registry=protocols.newest.registry,
        support=SignedSupport.of(network_id, keys.node_id, keys.agreement, now_ms(), protocols.versions),
        description=opened.description,
        config=within_open_files(opened.config, log_event),
        metrics=metrics,
        now_ms=now_ms,
        started_ms=now_ms(),
        version=software_version(),
        http_address=doors.http_address,
    )


def _warn_of_unknown(names: tuple[str, ...], directory: RegistryDirectory) -> None:
    """A neighbour that the registry does not name yet is taken when it does; more often it is a typing error."""
    unknown = set(names) - directory.names().keys()
    for name in sorted(unknown):
        _log.warning("neighbour-unknown", name=name, remedy="no node is registered under it; see `neighbours`")


def _warn_of_unregistered(invitation: Invitation | None, directory: RegistryDirectory, own: Hash) -> None:
    """Whether it was registered meanwhile, this node learns from others, who let it in then."""
    is_invited = invitation is not None and invitation.expiry_ms > now_ms()
    if directory.contact(own) is None and not is_invited:
        _log.warning(
            "unregistered", remedy="others let this node in once `banyan voters add` or an invitation names it"
        )


async def _announce(opened: OpenHome, doors: Doors, service: Service) -> None:
    """Say READY once the doors are open and the node takes transactions, or tell why it does not."""
    with trio.move_on_after(OPENING_SECONDS_MAX):
        while not _takes_transactions(service.status()):
            await service.wait_for_move()
    reason = service.reason
    if reason is not None:
        _log.warning("serving-only", reason=str(reason))
    _log.info(
        "serving",
        network=opened.genesis.name,
        node=opened.description.name,
        height=service.status().executed_height,
        listen=doors.peers_address,
        control=str(doors.control_path),
        http=doors.http_address,
    )
    print(READY, flush=True)


def _takes_transactions(status: NodeStatus) -> bool:
    """A leader does once it has opened its term, everybody else once it knows the leader."""
    return status.opened if status.role == Role.LEADER.value else status.leader is not None


async def _keys_are_due_at_the_end(signals: AsyncIterator[int], service: Service, watch: KeyWatch) -> bool:
    """Wait until a signal comes, the node itself wishes to be stopped, or its next keys are due; whether these are."""
    is_due = False
    async with trio.open_nursery() as waiting:

        async def wait_for_wish() -> None:
            await service.wishes_to_stop.wait()
            waiting.cancel_scope.cancel()

        async def wait_for_keys() -> None:
            nonlocal is_due
            await watch.wait_until_due()
            is_due = True
            _log.info("keys-due")
            waiting.cancel_scope.cancel()

        waiting.start_soon(wait_for_wish)
        waiting.start_soon(wait_for_keys)
        number = await anext(signals)
        _log.info("stopping", signal=signal.Signals(number).name)
        waiting.cancel_scope.cancel()
    return is_due


async def _end(opened: OpenHome, doors: Doors, service: Service) -> None:
    if not await service.stop(opened.config.stop_timeout_ms):
        _log.warning("stopped-unfinished", reason="the node could not write what it proposed; nothing reported is lost")
    await doors.stop()


async def _end_at_once(signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
    number = await anext(signals)
    _log.warning("stopping-at-once", signal=signal.Signals(number).name)
    scope.cancel()
