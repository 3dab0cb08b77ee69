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
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import structlog
import trio

from consensus.settings import Role
from contracts.builtin import builtin_registry
from daemon.api.context import NodeContext
from daemon.collector import calm_collector
from daemon.doors import Doors
from daemon.foreseen import foreseen
from daemon.home import OpenHome, open_home
from daemon.hospitality import Hospitality
from daemon.logs import configure_logs, log_event
from daemon.metrics import Metrics
from daemon.node import Node
from daemon.peer_network import PeerNetwork
from daemon.registry_directory import RegistryDirectory
from daemon.service import Service
from daemon.status import NodeStatus
from daemon.system_chance import SystemChance
from ledger.errors import BanyanError
from ledger.hashing import Hash
from p2p.invitations import Invitation
from p2p.overlay import OverlaySettings

READY = "READY"
# How long READY waits for a leader and the first block of its term: an election and a few writes, unless the disk is
# full or too few voters run.
OPENING_SECONDS_MAX = 5
_log = structlog.get_logger("daemon")


def run_node(directory: Path) -> int:
    """Run the node in folder `directory` until a signal ends it; returns 0 for a clean end.

    Raises:
        BanyanError: it cannot start, or must not go on; one sentence with the remedy, for the caller to show.
    """
    opened = open_home(directory)
    try:
        configure_logs(opened.config.log_format, opened.config.log_level)
        _run_opened(opened)
    except BanyanError as error:
        _log.error("stopped", code=error.code, reason=str(error))
        raise
    finally:
        opened.close()
    _log.info("stopped")
    return 0


def now_ms() -> int:
    """The system's clock, in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def software_version() -> str:
    """The version of the installed package; `0` where the source tree is not installed."""
    try:
        return version("banyan-ledger")
    except PackageNotFoundError:
        return "0"


def _run_opened(opened: OpenHome) -> None:
    doors = Doors.open(opened)
    try:
        calm_collector()
        trio.run(_serve, opened, doors)
    except BaseExceptionGroup as group:
        raise (foreseen(group) or group) from None
    finally:
        doors.close()


async def _serve(opened: OpenHome, doors: Doors) -> None:
    metrics = Metrics()
    chance = SystemChance()
    names = opened.config.neighbours
    hosts = opened.invitation.neighbours if opened.invitation is not None else ()
    directory = RegistryDirectory(opened.store, opened.keys.node_id, hosts)
    _warn_of_unknown(names, directory)
    _warn_of_unregistered(opened.invitation, directory, opened.keys.node_id)
    node = Node(
        opened.keys,
        opened.genesis,
        builtin_registry(),
        opened.store,
        opened.sign_state.state,
        opened.sign_state.certificate,
        chance,
        neighbours=OverlaySettings(names=names, fixed=bool(names)),
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
    )
    threads = opened.config.verify_threads or os.cpu_count() or 1
    service = Service(node, opened.store, opened.sign_state, now_ms, threads, metrics, log_event, network)
    metrics.watch(service.status)
    context = NodeContext(
        service=service,
        genesis=opened.genesis,
        registry=builtin_registry(),
        description=opened.description,
        config=opened.config,
        metrics=metrics,
        database=opened.home.database,
        now_ms=now_ms,
        started_ms=now_ms(),
        version=software_version(),
        http_address=doors.http_address,
    )
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with trio.open_nursery() as nursery:
            await nursery.start(service.run)
            async with trio.open_nursery() as serving:
                await doors.serve(serving, context)
                await _announce(opened, doors, service)
                await _wait_for_signal(signals)
                nursery.start_soon(_end_at_once, signals, nursery.cancel_scope)
                await _end(opened, doors, service)
            nursery.cancel_scope.cancel()


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


async def _wait_for_signal(signals: AsyncIterator[int]) -> None:
    number = await anext(signals)
    _log.info("stopping", signal=signal.Signals(number).name)


async def _end(opened: OpenHome, doors: Doors, service: Service) -> None:
    if not await service.stop(opened.config.stop_timeout_ms):
        _log.warning("stopped-unfinished", reason="the node could not write what it proposed; nothing reported is lost")
    await doors.stop()


async def _end_at_once(signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
    number = await anext(signals)
    _log.warning("stopping-at-once", signal=signal.Signals(number).name)
    scope.cancel()
