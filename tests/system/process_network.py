"""A network of real node processes on loopback: made, started, asked, killed, ended."""

import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from daemon.control_socket import control_socket_path
from daemon.home import create_home, join_home
from ledger.genesis import Genesis, member_id, parse_genesis
from ledger.transaction import Transaction, build_transaction
from p2p.invitations import Invitation
from tests.daemon.networks import administrator_key, genesis_text
from tests.e2e.node_process import NodeProcess
from tests.free_ports import free_address
from tests.waiting import wait_until

MSGPACK = {"content-type": "application/msgpack"}
# Whatever a network of four does takes a second or two; a busy machine gets a minute.
DEADLINE_S = 60.0
HOUR_MS = 3_600_000
# What all nodes agree on once they are at one height.
TOGETHER = ("height", "executed_height", "tree_size", "tree_root", "state_digest")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class ProcessNode:
    """One node: its folder, and its process while there is one, which starts at once where it is forked."""

    def __init__(self, home: Path, is_forked: bool = False) -> None:
        self.home = home
        self.process: NodeProcess | None = None
        # What makes another program of its process than the one that is tested; only of one that is forked.
        self.prepare: Callable[[], None] | None = None
        self.is_forked = is_forked
        self.id = b""

    @property
    def name(self) -> str:
        return self.home.name

    def launch(self) -> None:
        """Start it; `wait_ready` says when it serves."""
        log = self.home.with_name(f"{self.name}.log")
        self.process = NodeProcess(self.home, log, is_forked=self.is_forked, prepare=self.prepare, is_sound=True)

    def wait_ready(self) -> None:
        assert self.process is not None
        self.process.wait_ready()

    def kill(self) -> None:
        """As kill -9 does."""
        assert self.process is not None
        self.process.kill()
        self.process = None

    def client(self) -> httpx.Client:
        # Nothing is encrypted here: without this each client would load the certificates of all authorities first.
        transport = httpx.HTTPTransport(verify=False, uds=str(control_socket_path(self.home)))
        return httpx.Client(transport=transport, base_url="http://node", timeout=DEADLINE_S)

    def ask(self, path: str) -> Any:
        with self.client() as client:
            answer = client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def status(self) -> dict[str, Any]:
        found = self.ask("/v1/status")
        assert isinstance(found, dict)
        return found

    def submit(self, transaction: Transaction, wait_s: int = 20) -> dict[str, Any]:
        """The answer of the node, whatever it is."""
        with self.client() as client:
            answer = client.post(f"/v1/transactions?wait={wait_s}", content=transaction.envelope, headers=MSGPACK)
        found = answer.json()
        assert isinstance(found, dict)
        return found


class ProcessNetwork:
    """Nodes and their genesis.

    Args:
        folder: Where their folders go.
        count: How many voters.
        neighbours: The numbers of each node's configured neighbours; None for no setting.
        is_forked: Whether their processes are forked, so that all have the same order of hashes (`tests.fork_server`).
        age_ms: How long ago the network was made.
    """

    def __init__(
        self,
        folder: Path,
        count: int,
        neighbours: Sequence[Sequence[int]] | None = None,
        *,
        is_forked: bool = False,
        age_ms: int = 1000,
    ) -> None:
        self.nodes = [ProcessNode(folder / f"node-{number}", is_forked) for number in range(count)]
        voters = []
        for number, node in enumerate(self.nodes):
            description = create_home(node.home, node.name, free_address())
            node.id = description.node_id
            voters.append(description.to_value())
            if neighbours is not None:
                self._configure(node, [self.nodes[other].name for other in neighbours[number]])
        self.genesis: Genesis = parse_genesis(genesis_text(voters=voters, created_ms=now_ms() - age_ms))
        for node in self.nodes:
            join_home(node.home, self.genesis)

    @staticmethod
    def _configure(node: ProcessNode, names: list[str]) -> None:
        path = node.home / "config.toml"
        text = path.read_text("utf-8").replace("# neighbours = []", f"neighbours = {json.dumps(names)}")
        path.write_text(text, "utf-8")

    def start(self) -> None:
        """Start all and wait until all serve."""
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait_ready()

    @property
    def running(self) -> list[ProcessNode]:
        return [node for node in self.nodes if node.process is not None]

    def invited(self, folder: Path, inviter: ProcessNode) -> ProcessNode:
        """A further node, which `inviter` let in; it does not run yet."""
        node = ProcessNode(folder)
        description = create_home(folder, node.name, free_address())
        node.id = description.node_id
        with inviter.client() as client:
            answer = client.post("/v1/invitations?hours=1", json=json.loads(description.to_json()))
        assert answer.status_code == 201, answer.text
        invitation = Invitation.from_text(answer.json()["invitation"])
        join_home(folder, self.genesis, invitation, now_ms())
        self.nodes.append(node)
        return node

    def govern(self, node: ProcessNode, method: str, arguments: dict[str, Any]) -> None:
        """Have the administrator decide something, at `node`, and wait until it is executed."""
        transaction = self.signed(f"governance.{method}", arguments)

        def is_committed() -> bool:
            answer = node.submit(transaction)
            assert answer.get("status") != "committed" or answer["result"]["code"] == "ok", answer
            return answer.get("status") == "committed"

        wait_until(is_committed, DEADLINE_S, f"{method} is committed")

    def notice(self, title: str) -> Transaction:
        """A notice by the administrator."""
        return self.signed("notice.post", {"unit": "branch-1", "title": title})

    def signed(self, operation: str, arguments: dict[str, Any]) -> Transaction:
        """An operation that the administrator signs."""
        key = administrator_key()
        network_id = self.genesis.network_id
        sender = member_id(network_id, key.public)
        expires_ms = now_ms() + HOUR_MS
        return build_transaction(network_id, sender, operation, arguments, os.urandom(16), expires_ms, [key])

    def commit(self, node: ProcessNode, title: str) -> Transaction:
        """Submit at `node`, again and again while it says that it may pass later, until it is committed."""
        transaction = self.notice(title)

        def is_committed() -> bool:
            return node.submit(transaction).get("status") == "committed"

        wait_until(is_committed, DEADLINE_S, f"{title} is committed at {node.name}")
        return transaction

    def leader(self) -> ProcessNode:
        """The node that leads, once all that run agree on who that is."""
        found: list[ProcessNode] = []

        def is_agreed() -> bool:
            said = {node.status()["leader"] for node in self.running}
            found[:] = [node for node in self.running if said == {node.id.hex()} and node.status()["role"] == "leader"]
            return bool(found)

        wait_until(is_agreed, DEADLINE_S, "a leader that all agree on")
        return found[0]

    def wait_together(self) -> dict[str, Any]:
        """What all nodes that run say, once they say the same and nothing is under way."""
        said: list[dict[str, Any]] = []

        def are_together() -> bool:
            said[:] = [{one: node.status()[one] for one in TOGETHER} for node in self.running]
            first = said[0]
            return first["height"] == first["executed_height"] and all(one == first for one in said)

        wait_until(are_together, DEADLINE_S, "all nodes are at the same height")
        return said[0]

    def stop(self) -> list[int]:
        """End all as their operators do, at the same time; the exit statuses."""
        running = self.running
        for node in running:
            assert node.process is not None
            node.process.terminate()
        return [node.process.wait() for node in running if node.process is not None]


def ring(count: int) -> list[list[int]]:
    """Each node's neighbours are the one before and the one after it."""
    return [[(number - 1) % count, (number + 1) % count] for number in range(count)]
