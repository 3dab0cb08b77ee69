"""A node with its shell, on real files and real sockets."""

import unittest.mock
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import trio

from contracts.protocols import Protocols, builtin_protocols
from daemon.api.context import NodeContext
from daemon.config import Config
from daemon.disk import measure_folder
from daemon.disk_room import DiskRoom
from daemon.doors import Doors
from daemon.home import Home, OpenHome, create_home, join_home, open_home
from daemon.metrics import Metrics
from daemon.node import Node
from daemon.run import now_ms
from daemon.service import Service
from daemon.snapshot_maker import SnapshotMaker
from daemon.system_chance import SystemChance
from ledger.detached import DetachedValue
from ledger.genesis import member_id, parse_genesis
from ledger.signing import SigningKey
from ledger.submission import encode_submission
from ledger.support_statement import SignedSupport
from ledger.transaction import Transaction, build_transaction
from storage.interface import Store
from storage.probe import read_as_a_start_does
from storage.snapshot_folder import SnapshotFolder
from tests.daemon.networks import administrator_key, genesis_text
from tests.free_ports import free_address


def make_home(folder: Path, **changes: object) -> Home:
    """A node's folder, tied to a network of its own; `changes` replace fields of the genesis."""
    description = create_home(folder, "alpha", free_address(), "127.0.0.1:0")
    changes.setdefault("created_ms", now_ms() - 1000)
    join_home(folder, parse_genesis(genesis_text(voters=[description.to_value()], **changes)))
    return Home(folder)


@dataclass
class Shell:
    """A running node; `events` are what it logged."""

    opened: OpenHome
    service: Service
    metrics: Metrics
    events: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    _nonce: int = 0

    def notice(self, title: str = "a notice", **changes: object) -> Transaction:
        """A notice by the administrator that nobody sent yet; `changes` override parts of the transaction."""
        self._nonce += 1
        key = changes.pop("key", administrator_key())
        assert isinstance(key, SigningKey)
        network_id = self.opened.genesis.network_id
        fields: dict[str, object] = {
            "network_id": network_id,
            "sender": member_id(network_id, key.public),
            "operation": "notice.post",
            "arguments": {"unit": "branch-1", "title": title},
            "nonce": self._nonce.to_bytes(16, "big"),
            "expires_ms": now_ms() + 3_600_000,
            "signers": [key],
        }
        return build_transaction(**(fields | changes))  # type: ignore[arg-type]

    def raw_notice(self, title: str = "a notice") -> bytes:
        """The bytes of a notice as they go over the wire."""
        return self.notice(title).envelope

    def notice_with_body(self, body: DetachedValue) -> bytes:
        """The bytes of a notice with a detached body beside it."""
        arguments = {"unit": "branch-1", "title": "with a body", "body": {"#": body.commitment}}
        return encode_submission(self.notice(arguments=arguments).envelope, (body,))


def open_sound_home(folder: Path) -> OpenHome:
    """The node's folder, opened without a look at its database in a process of its own.

    That look is for databases that may be damaged, and most of what opening one costs; here the same reads are made in
    this process.
    """
    with unittest.mock.patch("storage.probe.probe", read_as_a_start_does):
        return open_home(folder)


@asynccontextmanager
async def running_service(
    folder: Path, *, opened: OpenHome | None = None, store: Store | None = None, protocols: Protocols | None = None
) -> AsyncIterator[Shell]:
    """The service of the node in `folder`, opened and started; stopped and closed afterwards.

    `store` takes the place of the one in the folder, `protocols` that of those this program knows.
    """
    opened = opened or open_sound_home(folder)
    store = store or opened.store
    events: list[tuple[str, dict[str, object]]] = []

    def log(event: str, **fields: object) -> None:
        events.append((event, fields))

    metrics = Metrics()
    node = Node(
        opened.keys,
        opened.genesis,
        protocols or builtin_protocols(),
        store,
        opened.sign_state.state,
        opened.sign_state.certificate,
        SystemChance(),
    )
    room = DiskRoom(str(opened.home.database), opened.config.disk_limits, partial(measure_folder, opened.home.database))
    rate = opened.config.log_transactions_per_second
    snapshots = SnapshotMaker(
        opened.store,
        opened.home.database,
        SnapshotFolder(opened.home.snapshots),
        opened.config.snapshot_interval_blocks,
        log,
    )
    service = Service(node, store, opened.sign_state, now_ms, 2, metrics, log, None, rate, room, snapshots)
    metrics.watch(service.status)
    metrics.watch_disk(room)
    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(service.run)
            while not service.status().opened:
                await service.wait_for_move()
            yield Shell(opened, service, metrics, events)
            await service.stop(10_000)
            nursery.cancel_scope.cancel()
    finally:
        opened.close()


@dataclass
class Served:
    """A running node with both doors open, and a client at each."""

    shell: Shell
    doors: Doors
    control: httpx.AsyncClient
    tcp: httpx.AsyncClient

    @property
    def service(self) -> Service:
        return self.shell.service

    async def stop(self) -> None:
        """End node and doors in the order of `banyan run`."""
        await self.service.stop(10_000)
        await self.doors.stop()


@asynccontextmanager
async def served(
    folder: Path, config: Callable[[Config], Config] = lambda same: same, protocols: Protocols | None = None
) -> AsyncIterator[Served]:
    """The node in `folder`, served on both doors."""
    protocols = protocols or builtin_protocols()
    async with running_service(folder, protocols=protocols) as shell:
        doors = Doors.open(shell.opened)
        context = NodeContext(
            service=shell.service,
            genesis=shell.opened.genesis,
            registry=protocols.newest.registry,
            support=SignedSupport.of(
                shell.opened.genesis.network_id,
                shell.opened.keys.node_id,
                shell.opened.keys.agreement,
                now_ms(),
                protocols.versions,
            ),
            description=shell.opened.description,
            config=config(shell.opened.config),
            metrics=shell.metrics,
            now_ms=now_ms,
            started_ms=now_ms(),
            version="1",
            http_address=doors.http_address,
        )
        # Nothing is encrypted here: without this each client would load the certificates of all authorities first.
        transport = httpx.AsyncHTTPTransport(verify=False, uds=str(doors.control_path))
        try:
            async with (
                trio.open_nursery() as nursery,
                httpx.AsyncClient(transport=transport, base_url="http://node", timeout=20) as control,
                httpx.AsyncClient(base_url=f"http://{doors.http_address}", timeout=20, verify=False) as tcp,
            ):
                await doors.serve(nursery, context)
                node = Served(shell, doors, control, tcp)
                yield node
                await node.stop()
        finally:
            doors.close()
