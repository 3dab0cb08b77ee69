"""A thousand listeners to the events of one node of three while others write: how late each hears, and what it costs.

All listen to one node that does not lead, each on a connection of its own, read by one thread here. One writer at the
leader writes notices, one after the other; the n-th event of each listener is the n-th write's, so its delay is counted
from when the writer was answered. Then 64 writers, and how long the last listener needs after the last answer. Beside
that, the same writers without listeners.

Run: `python -m benchmarks.listeners [--listeners N] [--seconds S]`
"""

import argparse
import selectors
import socket
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import write_report
from cli.bench.process_meter import usage_of
from cli.bench.signed_load import LoadKind, SignedLoad
from cli.bench.streaming import write_streaming
from cli.bench.written import ANSWER_WAIT_S, Written
from cli.demo.cluster import Cluster, DemoNode
from cli.demo.network import NodePlace, make_network
from cli.demo.recording import PACK

NODES = 3
EVENT = b"event: event\n"
_READ_SIZE_BYTES = 64 * 1024
_ROOM = 100
# What a node tells in all, at the least; written is faster than that.
_EVENTS_A_SECOND_MIN = 20_000


class Listeners(threading.Thread):
    """Open streams of events; `at_s` has the times of each one's events, in order."""

    def __init__(self, address: tuple[str, int], count: int) -> None:
        super().__init__(name="listeners", daemon=True)
        self.at_s: list[list[float]] = [[] for _ in range(count)]
        self._ends = [b""] * count
        self._waiting = selectors.DefaultSelector()
        self._is_over = False
        host, port = address
        request = f"GET /v1/events HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: text/event-stream\r\n\r\n".encode()
        for number in range(count):
            connection = socket.create_connection(address, ANSWER_WAIT_S)
            connection.sendall(request)
            answer = connection.recv(_READ_SIZE_BYTES)
            assert b" 200 " in answer.partition(b"\r\n")[0], answer[:200]
            self._waiting.register(connection, selectors.EVENT_READ, number)

    def run(self) -> None:
        """Read, until `end`."""
        while not self._is_over:
            for key, _ in self._waiting.select(0.1):
                self._read(key)

    def _read(self, key: selectors.SelectorKey) -> None:
        assert isinstance(key.fileobj, socket.socket)
        part = key.fileobj.recv(_READ_SIZE_BYTES)
        assert part, "the node broke off a stream of events"
        text = self._ends[key.data] + part
        self.at_s[key.data] += [time.perf_counter()] * text.count(EVENT)
        # What may be the beginning of a line that is told in the next part.
        self._ends[key.data] = text[-(len(EVENT) - 1) :] if not text.endswith(EVENT) else b""

    def forget(self) -> None:
        """Begin anew."""
        for one in self.at_s:
            one.clear()

    def wait_for(self, count: int) -> float:
        """When the last listener had so many events."""
        until_s = time.perf_counter() + ANSWER_WAIT_S + count * len(self.at_s) / _EVENTS_A_SECOND_MIN
        while any(len(one) < count for one in self.at_s):
            assert time.perf_counter() < until_s, "a listener has not heard all"
            time.sleep(0.01)
        return max(one[count - 1] for one in self.at_s)

    def end(self) -> None:
        """Close all."""
        self._is_over = True
        self.join()
        for key in list(self._waiting.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()


def make_room(places: Sequence[NodePlace], listeners: int) -> None:
    """Let each node take so many listeners."""
    for place in places:
        with (place.home / "config.toml").open("a", encoding="utf-8") as file:
            for name in ("http_connections_max", "http_requests_max", "event_listeners_max"):
                file.write(f"{name} = {listeners + _ROOM}\n")


def write(node: DemoNode, load: SignedLoad, writers: int, seconds: float) -> Written:
    """What so many writers write at this node."""
    ones = load.next_ones(int(min(4_000, 200 * writers) * seconds))
    return write_streaming([node.http_address], writers, min(writers, 4), ones, seconds)


def rate_of(written: Written, began_s: float) -> float:
    """Writes a second."""
    assert not written.refused, written.refused[0]
    return len(written.answered_s) / (max(written.answered_s) - began_s)


def measure(folder: Path, count: int, seconds: float) -> dict[str, object]:
    """All figures."""
    _, places = make_network(folder, NODES, PACK, is_mesh=True)
    make_room(places, count)
    figures: dict[str, object] = {"nodes": NODES, "listeners, all at one node": count}
    with Cluster(places) as cluster:
        leader = cluster.wait_for_leader().node
        heard = next(node for node in cluster.nodes if node is not leader)
        load = SignedLoad(places[0].home, LoadKind.NOTICE)
        write(leader, load, 64, seconds)
        alone = {}
        for writers in (1, 64):
            began_s = time.perf_counter()
            alone[writers] = rate_of(write(leader, load, writers, seconds), began_s)
        cluster.wait_until_level()
        pid = heard.process.pid
        assert pid is not None
        before = usage_of(pid).anonymous_bytes
        listeners = Listeners(heard.http_address, count)
        listeners.start()
        try:
            began_s = time.perf_counter()
            written = write(leader, load, 1, seconds)
            listeners.wait_for(len(written.answered_s))
            delays_ms = sorted(
                (at_s - answered_s) * 1000
                for one in listeners.at_s
                for at_s, answered_s in zip(one, written.answered_s, strict=True)
            )
            figures["1 writer, writes/s, of those without listeners"] = _ratio(rate_of(written, began_s), alone[1])
            figures["1 writer: delay after the writer's answer, median, ms"] = round(delays_ms[len(delays_ms) // 2], 1)
            figures["1 writer: delay, 99th percentile, ms"] = round(delays_ms[len(delays_ms) * 99 // 100], 1)
            figures["1 writer: events told a second"] = round(len(delays_ms) / (time.perf_counter() - began_s))
            listeners.forget()
            began_s = time.perf_counter()
            written = write(leader, load, 64, seconds)
            last_s = listeners.wait_for(len(written.answered_s))
            figures["64 writers, writes/s, of those without listeners"] = _ratio(rate_of(written, began_s), alone[64])
            figures["64 writers: the last listener after the last answer, s"] = round(
                last_s - max(written.answered_s), 2
            )
            told = count * len(written.answered_s)
            figures["64 writers: events told a second"] = round(told / (last_s - began_s))
            grown = (usage_of(pid).anonymous_bytes - before) / count / 1024
            figures["memory for one listener, KiB"] = round(grown, 1)
        finally:
            listeners.end()
    return figures


def _ratio(rate: float, alone: float) -> str:
    return f"{rate:,.0f} of {alone:,.0f}, {rate / alone:.2f}"


def main() -> None:
    """Measure and write `benchmarks/results/listeners.{json,md}`."""
    parser = argparse.ArgumentParser(description="many listeners to events")
    parser.add_argument("--listeners", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--beside", default="nothing", help="what else ran on the machine, for the report")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="banyan-listeners-") as name:
        figures = measure(Path(name), options.listeners, options.seconds)
    figures["beside it ran"] = options.beside
    write_report("listeners", "Listeners to the events of one node while others write", figures)
    for label, value in figures.items():
        print(f"{label}: {value}")


if __name__ == "__main__":
    main()
