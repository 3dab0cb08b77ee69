"""Whether everything that was acknowledged is there, and the same everywhere: now and then, and at the end.

Owns these questions. Nobody writes while they are asked. Each failure is an `AssertionError` that says what is wrong.
"""

import http.client
from collections.abc import Sequence
from pathlib import Path
from random import Random

from cli.audit.run import run_audit
from ledger.block import is_outcome
from ledger.transaction import decode_envelope
from storage.lmdb_store import LmdbStore
from tests.soak.steady_writers import SteadyWriters
from tests.system.list_client import Answer, ask
from tests.system.real_network import RealNetwork, RealNode

# Looked for at every node each time; at the end all of them are.
LOOKED_FOR = 100
# A node's log is read so many entries at a time, its headers one by one.
PIECE = 1000


def take_stock(network: RealNetwork, writers: SteadyWriters, chance: Random) -> int:
    """All nodes come to the same height and state digest, and each has some of what was acknowledged where it was said
    to be; the height."""
    network.wait_converged()
    network.wait(lambda: all(map(_is_whole, network.nodes)), "every node has all blocks")
    told = list(writers.told.items())
    sample = chance.sample(told, min(LOOKED_FOR, len(told)))
    for node in network.nodes:
        for transaction_id, index in sample:
            answer = _asked(network, node, f"/v1/transactions/{transaction_id.hex()}")
            assert answer.status == http.client.OK, (node.home.name, answer.document)
            assert answer.document["index"] == index, (node.home.name, transaction_id.hex(), index)
    status = network.nodes[0].status()
    assert status is not None
    height: int = status["executed_height"]
    return height


def _asked(network: RealNetwork, node: RealNode, path: str) -> Answer:
    """What a node answers, as soon as it does."""
    found: list[Answer] = []

    def answers() -> bool:
        answer = ask(node.home, "GET", path)
        found.extend(() if answer is None else (answer,))
        return bool(found)

    network.wait(answers, f"{node.home.name} answers")
    return found[0]


def _is_whole(node: RealNode) -> bool:
    """Whether a node has what came before the snapshot that it took, if it took one."""
    status = node.status()
    return status is not None and status["kept_from"] == 1


class Ledgers:
    """The databases of nodes that were stopped, each against what clients were told and against the first of them."""

    def __init__(self, homes: Sequence[Path], network_id: bytes, told: dict[bytes, int]) -> None:
        self._homes = homes
        self._told = told
        self._network_id = network_id
        self.entries = 0
        self.headers = 0

    def check(self) -> None:
        """Each has everything that was acknowledged at its place, no transaction twice, and the same blocks."""
        first: list[bytes] | None = None
        for home in self._homes:
            store = LmdbStore.open(home / "db", self._network_id, readonly=True)
            try:
                self._check_entries(home.name, store)
                headers = _headers(store)
            finally:
                store.close()
            first = headers if first is None else first
            # Those that were stopped last have a block or two more: the leader that was stopped handed over.
            self.headers = min(len(headers), len(first))
            same = headers[: self.headers] == first[: self.headers]
            assert same, f"{home.name} has other blocks than {self._homes[0].name}"

    def _check_entries(self, name: str, store: LmdbStore) -> None:
        places: dict[bytes, int] = {}
        self.entries = store.head().tree_size
        for start in range(0, self.entries, PIECE):
            for index, entry in enumerate(store.entries(start, min(PIECE, self.entries - start)), start):
                if is_outcome(bytes(entry)):
                    continue
                transaction_id = decode_envelope(bytes(entry)).id
                assert transaction_id not in places, f"{name}: a transaction stands twice"
                places[transaction_id] = index
        wrong = {one.hex(): index for one, index in self._told.items() if places.get(one) != index}
        assert not wrong, f"{name}: lost or elsewhere: {wrong}"


def _headers(store: LmdbStore) -> list[bytes]:
    found = [store.header(height) for height in range(1, store.head().executed_height + 1)]
    return [one.header for one in found if one is not None]


def audit(home: Path, genesis: Path) -> int:
    """Audit a stopped node's folder; how many entries it has."""
    report = run_audit(str(home), genesis, lambda phase, done, total: None)
    assert report.finding is None, report.finding
    return report.entries


def complaints_in(logs: Sequence[Path]) -> list[str]:
    """Lines of nodes' logs that no fault excuses: our own mistakes, and voters that contradicted themselves."""
    found = []
    for log in logs:
        with log.open(encoding="utf-8") as lines:
            found += [f"{log.name}: {line.strip()}" for line in lines if any(word in line for word in UNEXCUSED)]
    return found


UNEXCUSED = ("Traceback", "] evidence ", "] request-failed ", "] connection-failed ")
