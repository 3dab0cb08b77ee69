"""Clients on a real network all the while, and what must be true of what they were told."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cli.audit.run import run_audit
from ledger.block import is_outcome
from ledger.transaction import decode_envelope
from storage.lmdb_store import LmdbStore
from tests.system.list_client import Acknowledged, ListClient, Members, read_titles
from tests.system.real_network import DEADLINE_S, RealNetwork, RealNode
from tests.system.recorded_history import RecordedHistory

UNITS = ("unit-a", "unit-b", "unit-c")
CLIENTS = 4
# A list is read whole, in one answer.
WRITES_MAX = 1500


class Load:
    """What clients did and were told."""

    def __init__(self, network: RealNetwork) -> None:
        self.network = network
        self.members = Members(network.folder)
        self.history = RecordedHistory()
        self.acknowledged = Acknowledged()

    @contextmanager
    def running(self, homes: Sequence[Path] | None = None, clients: int = CLIENTS) -> Iterator[None]:
        """Let clients write and read at these nodes, or at all."""
        asked = [node.home for node in self.network.nodes] if homes is None else homes
        started = [
            ListClient(number, asked, self.members, UNITS, self.history, self.acknowledged) for number in range(clients)
        ]
        for client in started:
            client.start()
        try:
            yield
        finally:
            for client in started:
                client.end()

    @staticmethod
    def pause(seconds: float) -> None:
        """Let the clients go on for so long, whatever comes of it."""
        threading.Event().wait(seconds)

    def wait_for_more(self, more: int, timeout_s: float = DEADLINE_S) -> None:
        """Return when so many more transactions were acknowledged."""
        wanted = len(self.acknowledged) + more
        self.network.wait(lambda: len(self.acknowledged) >= wanted, f"{more} more acknowledged", timeout_s)

    def check(self) -> None:
        """All nodes agree, every client was told the truth, what was acknowledged is there once; ends the nodes."""
        self.network.wait_converged()
        for unit in UNITS:
            with self.history.call(unit, "read") as call:
                call.result = read_titles(self.network.running[0].home, unit)
        assert len(self.acknowledged) < WRITES_MAX
        self.history.check()
        running = self.network.running
        for node in running:
            assert node.stop() == 0, node.said[-4000:]
            assert "Traceback" not in node.said, node.said
        self._check_ledgers(running)

    def _check_ledgers(self, nodes: Sequence[RealNode]) -> None:
        """Each stopped node has everything that was acknowledged where it was said to be, and nothing twice; one of
        them is audited."""
        for node in nodes:
            store = LmdbStore.open(node.home / "db", self.members.genesis.network_id, readonly=True)
            try:
                entries = [bytes(one) for one in store.entries(0, store.head().tree_size)]
            finally:
                store.close()
            ids = [None if is_outcome(one) else decode_envelope(one).id.hex() for one in entries]
            transactions = [one for one in ids if one is not None]
            assert len(set(transactions)) == len(transactions), "a transaction stands twice"
            assert {one: ids.index(one) for one in self.acknowledged} == {
                one: index for one, (_, index) in self.acknowledged.items()
            }
        report = run_audit(str(nodes[-1].home), self.network.genesis, lambda phase, done, total: None)
        assert report.finding is None, report.finding
