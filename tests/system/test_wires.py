"""Links between hosts are cut as their names say and leave nothing behind; both kinds, as far as this user may."""

import itertools
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.system.links import Links
from tests.system.relays import Relays
from tests.system.wires import PORT, Wires, can_make_namespaces
from tests.waiting import ended_after, wait_until

HOSTS = 3
PAIRS = frozenset(itertools.permutations(range(HOSTS), 2))
# On one machine a datagram arrives within a millisecond, or never; a relay looks every 20 ms. What should arrive may
# take longer where the machine is busy.
ARRIVES_WITHIN_S = 0.2
DEADLINE_S = 20


def namespaces() -> set[str]:
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True, timeout=60).stdout
    return {line.split()[0] for line in listed.splitlines() if line.startswith(f"banyan-{os.getpid()}-")}


def arriving(links: Links, _count: int) -> frozenset[tuple[int, int]]:
    """The pairs (sender, receiver) between which a datagram arrives."""
    found = set()
    sockets = [links.new_socket(host, socket.SOCK_DGRAM) for host in range(HOSTS)]
    try:
        for host, one in enumerate(sockets):
            one.bind((links.host(host), PORT))
            one.settimeout(ARRIVES_WITHIN_S)
        for sender, receiver in PAIRS:
            sockets[sender].sendto(b"%d" % sender, (links.host(receiver), PORT))
        for receiver, one in enumerate(sockets):
            while (said := heard(one)) is not None:
                found.add((int(said), receiver))
    finally:
        for one in sockets:
            one.close()
    return frozenset(found)


def heard(one: socket.socket) -> bytes | None:
    """What arrives at a socket; None if nothing does."""
    try:
        return one.recv(100)
    except TimeoutError:
        return None


def check_cuts(links: Links, passing: Callable[[Links, int], frozenset[tuple[int, int]]]) -> None:
    """One way, both ways, between groups; and all is mended. `passing` is asked how many pairs should be in touch."""

    def expect(pairs: frozenset[tuple[int, int]]) -> None:
        assert passing(links, len(pairs)) == pairs

    expect(PAIRS)
    links.cut_one_way(0, 1)
    expect(PAIRS - {(0, 1)})
    links.cut(1, 2)
    expect(PAIRS - {(0, 1), (1, 2), (2, 1)})
    links.heal()
    expect(PAIRS)
    links.part([0], [1, 2])
    expect(frozenset({(1, 2), (2, 1)}))
    links.heal()
    expect(PAIRS)


@pytest.mark.root
def test_hosts_in_namespaces_of_their_own() -> None:
    if can_make_namespaces():
        before = namespaces()
        wires = Wires(HOSTS)
        try:
            assert len(namespaces()) == len(before) + HOSTS + 1
            check_cuts(wires, arriving)
        finally:
            wires.close()
        assert namespaces() == before
    else:
        with pytest.raises((AssertionError, OSError)):
            Wires(HOSTS)


# Tells on its output what arrives where it listens; dials what it is told on its input, and says something there.
TALKER = """
import socket, sys, threading

def listen(door):
    while True:
        said = door.accept()[0].makefile()
        threading.Thread(target=lambda: print(said.readline(), end="", flush=True), daemon=True).start()

host, _, port = sys.argv[1].rpartition(":")
threading.Thread(target=listen, args=(socket.create_server((host, int(port))),), daemon=True).start()
print("ready", flush=True)
kept = []
for line in sys.stdin:
    words, _, address = line.rpartition(" ")
    host, _, port = address.strip().rpartition(":")
    kept.append(socket.create_connection((host, int(port))))
    kept[-1].sendall(words.encode() + b"\\n")
"""


def test_relays_between_processes() -> None:
    with ExitStack() as stack:
        relays = Relays(HOSTS)
        stack.callback(relays.close)
        talkers = [Talker(relays.listening(host)) for host in range(HOSTS)]
        for host, talker in enumerate(talkers):
            stack.callback(talker.close)
            relays.started(host, talker.pid)
        rounds = itertools.count()
        check_cuts(relays, lambda links, count: reached(links, talkers, next(rounds), count))


def reached(links: Links, talkers: list["Talker"], number: int, count: int) -> frozenset[tuple[int, int]]:
    """The pairs between which a sentence arrives, over a connection of its own; `count` of them should."""
    for sender, receiver in PAIRS:
        talkers[sender].say(f"{number} {sender} {links.address(receiver)}")

    def came() -> frozenset[tuple[int, int]]:
        # What was cut off before arrives when the link is mended.
        lines = [(line.split(), receiver) for receiver, talker in enumerate(talkers) for line in [*talker.heard]]
        return frozenset((int(sender), receiver) for (told, sender), receiver in lines if int(told) == number)

    wait_until(lambda: len(came()) >= count, DEADLINE_S, f"{count} sentences arrive")
    # What should not arrive has its time too.
    threading.Event().wait(ARRIVES_WITHIN_S)
    return came()


class Talker:
    """A process that listens and dials."""

    def __init__(self, listening: str) -> None:
        self.heard: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-c", TALKER, listening], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        with ended_after(self._process, DEADLINE_S):
            assert self._process.stdout.readline() == "ready\n"
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in iter(self._process.stdout.readline, ""):
            self.heard.append(line)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=DEADLINE_S)
