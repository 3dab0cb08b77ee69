"""A network of three voters on a ledger that was made beforehand: it grows from one node, as a network does.

Owns how the second and third node come to it: their databases are copies of the first one's, transactions of the
administrators register and promote them, and they follow, vote and sign as any other. What was made is used again.
"""

import shutil
import time
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.load import HOUR_MS, Load
from benchmarks.state_sync import set_settings
from cli.client import NodeClient
from cli.demo.cluster import wait_for
from cli.demo.network import NodePlace
from cli.demo.node_process import NodeProcess
from cli.errors import CommandError
from cli.genesis_file import read_home_genesis
from daemon.home import create_home, join_home
from ledger.encoding import Value
from ledger.transaction import build_transaction
from tests.free_ports import free_address

NEWCOMERS = ("beta", "gamma")
WAIT_S = 60
# Numbers of transactions that no load has.
_nonces = count(200_000_000)


def grown_network(folder: Path) -> list[NodePlace]:
    """The three nodes of the network whose first one is `folder/node`, stopped."""
    homes = [folder / "node", *(folder / name for name in NEWCOMERS)]
    if not homes[-1].exists():
        for home in homes[1:]:
            shutil.rmtree(home, ignore_errors=True)
        _grow(homes)
    for home in homes:
        set_settings(home, http=f'"{free_address()}"')
    return [NodePlace(home.name, home, ()) for home in homes]


def _grow(homes: list[Path]) -> None:
    first = homes[0]
    genesis = read_home_genesis(first)
    described = []
    for home in homes[1:]:
        described.append(create_home(home, home.name, free_address()))
        join_home(home, genesis)
        shutil.rmtree(home / "db")
        shutil.copytree(first / "db", home / "db")
    nodes = [NodeProcess(home) for home in homes]
    try:
        nodes[0].start()
        for one in described:
            _decide(first, "node-register", one.to_value())
        for node in nodes[1:]:
            node.start()
        for one in described:
            _decide(first, "voter-add", {"node": one.node_id})
        wait_for(lambda: _voters(first) == len(homes) or None, CommandError("the newcomers were not promoted"))
    finally:
        for node in nodes:
            node.stop()


def _decide(home: Path, method: str, arguments: dict[str, Value]) -> None:
    """What all administrators sign at once is done at once."""
    load = Load(read_home_genesis(home))
    transaction = build_transaction(
        load.genesis.network_id,
        load.members[0],
        f"governance.{method}",
        arguments,
        next(_nonces).to_bytes(16, "big"),
        time.time_ns() // 1_000_000 + HOUR_MS,
        load.senders,
    )
    with NodeClient(home) as client:
        answer: Any = client.post("/v1/transactions", transaction.envelope, "application/msgpack", wait=WAIT_S)
    assert answer["status"] == "committed" and answer["result"]["code"] == "ok", answer


def _voters(home: Path) -> int:
    with NodeClient(home) as client:
        return len(client.get("/v1/status")["voters"])
