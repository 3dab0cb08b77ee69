"""`banyan run`: one node in the foreground, from opening its folder to a clean end.

Owns the order of start and end, the signals, and the line `READY` on stdout. Everything heavy is imported by now: nobody
imports this module before the node is to run.

Start: settings, lock, seed, genesis, database, sign-state (`daemon.home`), node, service, sockets, READY. End: node
(finishes what it proposed), doors (end what is being answered), files, lock. SIGTERM and SIGINT end it; a second one
ends it at once, which loses nothing that was reported.
"""

import os
import signal
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import structlog
import trio

from contracts.builtin import builtin_registry
from daemon.api.app import Application
from daemon.api.context import ApiContext, Door, NodeContext
from daemon.control_socket import control_socket_path, open_control_socket
from daemon.foreseen import foreseen
from daemon.home import OpenHome, open_home
from daemon.logs import configure_logs
from daemon.metrics import Metrics
from daemon.node import Node
from daemon.server import Server
from daemon.service import Service
from daemon.tcp_listener import listening_address, open_tcp_listener
from ledger.errors import BanyanError

READY = "READY"
_log = structlog.get_logger("daemon")


def run_node(directory: Path) -> int:
    """Run the node in folder `directory` until a signal ends it; returns 0 for a clean end.

    Raises:
        BanyanError: it cannot start, or must not go on; one sentence with the remedy, for the caller to show.
    """
    opened = open_home(directory)
    try:
        configure_logs(opened.config.log_format, opened.config.log_level)
        trio.run(_run, opened)
    except BaseExceptionGroup as group:
        error = foreseen(group)
        if error is None:
            raise
        raise error from None
    except BanyanError as error:
        _log.error("stopped", code=error.code, reason=str(error))
        raise
    finally:
        opened.close()
    return 0


def now_ms() -> int:
    """The system's clock, in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def software_version() -> str:
    """The version of the installed package; `0` where it runs from a source tree that is not installed."""
    try:
        return version("banyan")
    except PackageNotFoundError:
        return "0"


async def _run(opened: OpenHome) -> None:
    metrics = Metrics()
    node = Node(opened.keys, opened.genesis, builtin_registry(), opened.store, opened.sign_state.state)
    threads = opened.config.verify_threads or os.cpu_count() or 1
    service = Service(node, opened.store, opened.sign_state, now_ms, threads, metrics, _log_event)
    metrics.watch(service.status)
    async with trio.open_nursery() as nursery:
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            doors = _Doors(opened, service, metrics)
            try:
                await nursery.start(service.run)
                await doors.open(nursery)
                _announce(opened, doors)
                nursery.start_soon(_end_on_signal, signals, service, doors, opened, nursery.cancel_scope)
                await service.ended.wait()
            finally:
                doors.remove_socket()


async def _end_on_signal(
    signals: "trio.abc.ReceiveChannel[int]",
    service: Service,
    doors: "_Doors",
    opened: OpenHome,
    scope: trio.CancelScope,
) -> None:
    """Wait for a signal, then end everything in order."""
    number = await anext(aiter(signals))
    _log.info("stopping", signal=signal.Signals(number).name)
