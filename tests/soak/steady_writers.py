"""Clients that write at a steady rate for as long as they are let, and remember all that they were told.

Owns one thread a client, and what was acknowledged. A client hands in the same bytes, at one node after the other,
until some node says that they are committed: nothing stays open but what it is at when it is ended. It never writes
faster to make up for a pause.
"""

import http.client
import threading
import time
from bisect import bisect_right
from collections import Counter
from itertools import pairwise

from ledger.transaction import Transaction
from tests.system.list_client import Members, ask
from tests.system.real_network import DEADLINE_S, RealNetwork

# A client looks at another node when its node has not committed in that time.
WAIT_S = 2
# Who is told "later", or nothing, tries the next node after so long.
RETRY_S = 0.02
# Files grow, and each of them is one record: many of them, as in an organisation.
UNITS = 64


class SteadyWriters:
    """`count` clients of a network that write `rate` transactions a second together."""

    def __init__(self, network: RealNetwork, count: int, rate: float) -> None:
        self._homes = [node.home for node in network.nodes]
        self._members = Members(network.folder)
        self.network_id: bytes = self._members.genesis.network_id
        self._interval_s = count / rate
        self._may_write = threading.Event()
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._at_work = 0
        self._errors: list[BaseException] = []
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(count)]
        # Where each acknowledged transaction stands in the log, by its id.
        self.told: dict[bytes, int] = {}
        # When each was acknowledged, in order; `time.monotonic`.
        self.told_at_s: list[float] = []
        # What nodes answered otherwise, by status and code.
        self.refusals: Counter[str] = Counter()

    def start(self) -> None:
        """Begin to write."""
        self._may_write.set()
        for thread in self._threads:
            thread.start()

    def rest(self) -> None:
        """Return when nothing is under way; nobody writes until `go_on`."""
        with self._lock:
            self._may_write.clear()
        deadline_s = time.monotonic() + DEADLINE_S
        while self._at_work:
            assert time.monotonic() < deadline_s, "what was handed in is never acknowledged"
            self._ending.wait(RETRY_S)
        self.check()

    def go_on(self) -> None:
        """Write again after `rest`."""
        self._may_write.set()

    def end(self) -> None:
        """Finish what is under way."""
        self.rest()
        self._ending.set()
        self._may_write.set()
        for thread in self._threads:
            thread.join(DEADLINE_S)
            assert not thread.is_alive()

    def check(self) -> None:
        """Fail with what went wrong in a client."""
        if self._errors:
            raise self._errors[0]

    def abandon(self) -> None:
        """End, whatever is under way; nothing is acknowledged after that."""
        self._ending.set()
        self._may_write.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(DEADLINE_S)

    def first_told_after(self, moment_s: float) -> float | None:
        """When the first write after that moment was acknowledged; None if none was yet."""
        place = bisect_right(self.told_at_s, moment_s)
        return self.told_at_s[place] if place < len(self.told_at_s) else None

    def longest_pause_s(self, since_s: float, until_s: float) -> float:
        """The longest time in which no write was acknowledged, between two moments."""
        first, last = bisect_right(self.told_at_s, since_s), bisect_right(self.told_at_s, until_s)
        times = [since_s, *self.told_at_s[first:last], until_s]
        return max(after - before for before, after in pairwise(times))

    def _run(self, number: int) -> None:
        written, due_s = 0, time.monotonic() + self._interval_s * number / len(self._threads)
        try:
            while not self._ending.wait(max(0.0, due_s - time.monotonic())):
                due_s = max(due_s + self._interval_s, time.monotonic())
                if not self._begins():
                    self._may_write.wait()
                    continue
                try:
                    transaction = self._members.notice(f"unit-{written % UNITS}", self._members.next_number())
                    self._hand_in(transaction, number + written)
                finally:
                    with self._lock:
                        self._at_work -= 1
                written += 1
        except BaseException as error:
            self._errors.append(error)

    def _begins(self) -> bool:
        """Whether a client may write now; it is at work then."""
        with self._lock:
            may_write = self._may_write.is_set()
            self._at_work += may_write
            return may_write

    def _hand_in(self, transaction: Transaction, place: int) -> None:
        """Until somebody says that it is committed, or the clients are ended."""
        while not self._ending.is_set():
            answer = ask(
                self._homes[place % len(self._homes)], "POST", "/v1/transactions", transaction.envelope, wait=WAIT_S
            )
            if answer is not None and answer.status == http.client.OK:
                assert answer.document["result"]["code"] == "ok", answer.document
                with self._lock:
                    assert transaction.id not in self.told
                    self.told[transaction.id] = answer.document["index"]
                    self.told_at_s.append(time.monotonic())
                return
            with self._lock:
                self.refusals["no answer" if answer is None else _name(answer.status, answer.document)] += 1
            place += 1
            self._ending.wait(RETRY_S)


def _name(status: int, document: dict[str, object]) -> str:
    return f"{status} {document.get('code', document.get('status'))}"
