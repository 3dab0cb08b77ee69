"""Clients that write all the while, each at whichever node answers, and remember when they were told what."""

import http.client
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from ledger.transaction import Transaction
from storage.lmdb_store import LmdbStore
from tests.system.list_client import ask
from tests.system.process_network import ProcessNetwork, ProcessNode

_WAIT_S = 2
# Who is told "later", or nothing, tries the next node after so long.
_RETRY_S = 0.02


@dataclass
class Writers:
    """`count` clients at the nodes of `network`; `told` has the log index of each acknowledged write by its id."""

    network: ProcessNetwork
    count: int = 3
    told: dict[bytes, int] = field(default_factory=dict)
    at_s: list[float] = field(default_factory=list)
    # The same moments for each client.
    at_s_of: list[list[float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.at_s_of = [[] for _ in range(self.count)]
        self._homes = [node.home for node in self.network.nodes]
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(self.count)]

    def __enter__(self) -> "Writers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def longest_pause_s(self, since_s: float, until_s: float) -> float:
        """The longest time in which nobody was told of a write, between two moments of `time.monotonic`."""
        return _longest_pause_s(self.at_s, since_s, until_s)

    def longest_pause_of_a_client_s(self, since_s: float, until_s: float) -> float:
        """The longest time in which some client was not told of a write, between two moments of `time.monotonic`."""
        return max(_longest_pause_s(one, since_s, until_s) for one in self.at_s_of)

    def check(self, nodes: Sequence[ProcessNode]) -> None:
        """Each of these stopped nodes has every acknowledged write where its writer was told that it is."""
        for node in nodes:
            store = LmdbStore.open(node.home / "db", self.network.genesis.network_id, readonly=True)
            try:
                found = {one: store.index_of(one) for one in self.told}
            finally:
                store.close()
            assert found == self.told, node.name

    def _write(self, number: int) -> None:
        written = 0
        place = number
        while not self._ending.is_set():
            written += 1
            transaction = self.network.notice(f"writer {number}, notice {written}")
            while not self._handed_in(number, transaction, self._homes[place % len(self._homes)]):
                place += 1
                if self._ending.wait(_RETRY_S):
                    return

    def _handed_in(self, number: int, transaction: Transaction, home: Path) -> bool:
        try:
            answer = ask(home, "POST", "/v1/transactions", transaction.envelope, wait=_WAIT_S)
        except (OSError, http.client.HTTPException):
            return False
        if answer is None or answer.document.get("status") != "committed":
            return False
        self.told[transaction.id] = answer.document["index"]
        now_s = time.monotonic()
        self.at_s.append(now_s)
        self.at_s_of[number].append(now_s)
        return True


def _longest_pause_s(at_s: Sequence[float], since_s: float, until_s: float) -> float:
    times = [since_s, *sorted(one for one in at_s if since_s < one < until_s), until_s]
    return max(after - before for before, after in pairwise(times))
