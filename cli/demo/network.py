"""Making the demonstration's network the way an operator does: a key, a node's folder, a genesis, joined.

Owns the names used; everything is made by the functions behind `banyan keygen`, `init`, `network new` and `join`.
"""

import socket
import time
from contextlib import ExitStack
from pathlib import Path

from cli.member_key import create_member_key
from daemon.home import create_home, join_home
from ledger.genesis import Genesis, Parameters

ORIGIN = "demo.example/ledger"
NODE_NAME = "demo-1"


def make_network(home: Path) -> Genesis:
    """A network of one voter in `home`, its administrator's key beside it as `admin.key`."""
    listen, http = (f"127.0.0.1:{port}" for port in _free_ports(2))
    description = create_home(home, NODE_NAME, listen, http)
    administrator = create_member_key(home / "admin.key", "administrator", None)
    genesis = Genesis(
        name=ORIGIN,
        created_ms=time.time_ns() // 1_000_000,
        visibility="public",
        quorum="majority",
        parameters=Parameters(),
        voters=(description,),
        administrators=(administrator,),
    )
    join_home(home, genesis)
    return genesis


def _free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nobody listens on just now, all different."""
    with ExitStack() as open_sockets:
        probes = [open_sockets.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
