"""One node of a PySyncObj cluster as a process of its own; the first one writes when it is told to.

PySyncObj has no protocol for clients: who writes is in a node. With `signed`, every node verifies an Ed25519 signature
of each entry before it applies it, as Banyan's nodes do.

Run: `python syncobj_node.py OWN OTHERS FOLDER SIGNED`, addresses as host:port; commands come as lines of JSON on
stdin, answers go to stdout.
"""

import json
import os
import sys
import time

from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from pysyncobj import SyncObj, SyncObjConf, replicated  # type: ignore[import-not-found]

_PUBLIC, _SECRET = crypto_sign_seed_keypair(bytes(32))


class Notices(SyncObj):  # type: ignore[misc]
    """A list of entries that is as long on every node."""

    def __init__(self, own: str, others: list[str], folder: str, signed: bool) -> None:
        settings = SyncObjConf(
            journalFile=f"{folder}/journal",
            flushJournal=True,
            appendEntriesUseBatch=True,
            commandsWaitLeader=True,
            autoTick=True,
            # Its defaults gather for 50 ms and more: shorter is better for one writer, and no worse for many.
            autoTickPeriod=0.005,
            appendEntriesPeriod=0.01,
        )
        self._signed = signed
        self._count = 0
        super().__init__(own, others, settings)

    @replicated  # type: ignore[untyped-decorator]
    def post(self, entry: bytes) -> int:
        """Apply one entry."""
        if self._signed:
            crypto_sign_open(entry, _PUBLIC)
        self._count += 1
        return self._count


class Load:
    """Writers in this process, each with one entry under way."""

    def __init__(self, node: Notices, writers: int, seconds: float, entries: list[bytes]) -> None:
        self._node = node
        self._writers = writers
        self._until_s = time.perf_counter() + seconds
        self._entries = iter(entries)
        self._busy = 0
        self.latencies_s: list[float] = []
        self.answered_s: list[float] = []
        self.refused = 0

    def run(self) -> None:
        """Write until the time or the entries are used up, and everything is answered."""
        for _ in range(self._writers):
            self._send()
        while self._busy:
            time.sleep(0.002)

    def _send(self) -> None:
        entry = next(self._entries, None) if time.perf_counter() < self._until_s else None
        if entry is None:
            return
        self._busy += 1
        sent_s = time.perf_counter()
        self._node.post(entry, callback=lambda _found, error: self._answered(sent_s, error))

    def _answered(self, sent_s: float, error: int) -> None:
        now_s = time.perf_counter()
        if error:
            self.refused += 1
        else:
            self.latencies_s.append(now_s - sent_s)
            self.answered_s.append(now_s)
        self._send()
        self._busy -= 1


def main() -> None:
    """Serve until stdin ends."""
    own, others, folder, signed = sys.argv[1], sys.argv[2].split(","), sys.argv[3], sys.argv[4] == "signed"
    node = Notices(own, others, folder, signed)
    for line in sys.stdin:
        asked = json.loads(line)
        if "writers" not in asked:
            answer: dict[str, object] = {"ready": node.isReady(), "leads": node._isLeader()}
        else:
            bodies = [os.urandom(asked["size_bytes"]) for _ in range(asked["count"])]
            entries = [crypto_sign(body, _SECRET) for body in bodies] if signed else bodies
            load = Load(node, asked["writers"], asked["seconds"], entries)
            begun_s = time.perf_counter()
            load.run()
            answer = {
                "latencies_s": load.latencies_s,
                "answered_s": [one - begun_s for one in load.answered_s],
                "refused": load.refused,
            }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
