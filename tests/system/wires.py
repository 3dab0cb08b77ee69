"""The wires between nodes on one machine: hosts of their own, and links that a test cuts and mends.

As root each node gets a network namespace with an address of its own on one bridge, which lies in a namespace too:
nothing of the machine's own network is touched. A link is cut in one direction by writing a wrong hardware address for
the other host into the sender's table: what is sent is lost without a word, as with a cable that is cut, and what the
other side sends arrives. Without root there are relays (`tests.system.relays`).
"""

import ctypes
import itertools
import os
import socket
import subprocess
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.system.links import Links
from tests.waiting import join

PORT = 7400
_NETWORK = "10.77.0"
# What no host of the bridge answers to.
_NOWHERE = "02:00:00:00:ff:ff"
_COMMAND_TIMEOUT_S = 20
_NAMESPACES = Path("/run/netns")
# From <sched.h>.
_CLONE_NEWNET = 0x40000000
_counter = itertools.count()


def can_make_namespaces() -> bool:
    """Whether this process may make network namespaces: root, with the program `ip`."""
    if os.geteuid() != 0:
        return False
    name = f"banyan-try-{os.getpid()}"
    try:
        made = subprocess.run(["ip", "netns", "add", name], capture_output=True, timeout=_COMMAND_TIMEOUT_S)
        if made.returncode == 0:
            _ip("netns", "delete", name)
        return made.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


class Wires(Links):
    """Namespaces for `hosts` nodes and the bridge between them; `close` takes all of them away."""

    def __init__(self, hosts: int) -> None:
        super().__init__(hosts)
        self._prefix = f"banyan-{os.getpid()}-{next(_counter)}"
        self._made: list[str] = []
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def _build(self) -> None:
        bridge = self._add(f"{self._prefix}-bridge")
        # Plain switching: no spanning tree to wait for.
        _ip("-n", bridge, "link", "add", "bridge", "type", "bridge", "stp_state", "0", "forward_delay", "0")
        _ip("-n", bridge, "link", "set", "bridge", "up")
        for host in self.hosts:
            space, port = self._add(self._space(host)), f"port{host}"
            _ip("-n", bridge, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space)
            _ip("-n", bridge, "link", "set", port, "master", "bridge", "up")
            _ip("-n", space, "link", "set", "eth0", "address", _hardware(host), "up")
            _ip("-n", space, "link", "set", "lo", "up")
            _ip("-n", space, "address", "add", f"{self.host(host)}/24", "dev", "eth0")
        self.heal()

    def _add(self, name: str) -> str:
        _ip("netns", "add", name)
        self._made.append(name)
        return name

    def _space(self, host: int) -> str:
        return f"{self._prefix}-{host}"

    def host(self, host: int) -> str:
        return f"{_NETWORK}.{host + 1}"

    def address(self, host: int) -> str:
        return f"{self.host(host)}:{PORT}"

    def listening(self, host: int) -> str:
        return self.address(host)

    def command(self, host: int) -> list[str]:
        return ["ip", "netns", "exec", self._space(host)]

    def entering(self, host: int) -> Callable[[], None]:
        return partial(_enter, self._space(host))

    def new_socket(self, host: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
        # A socket stays where it was made, and so does the thread that asks: one made for it visits the host.
        made: list[socket.socket | OSError] = []

        def visit() -> None:
            try:
                _enter(self._space(host))
                made.append(socket.socket(socket.AF_INET, kind))
            except OSError as error:
                made.append(error)

        visitor = threading.Thread(target=visit)
        visitor.start()
        join(visitor)
        found = made.pop()
        if isinstance(found, OSError):
            raise found
        return found

    def started(self, host: int, pid: int) -> None:
        # A host is known by its address.
        pass

    def cut_one_way(self, sender: int, receiver: int) -> None:
        self._lead(sender, receiver, _NOWHERE)

    def heal(self) -> None:
        for sender, receiver in itertools.permutations(self.hosts, 2):
            self._lead(sender, receiver, _hardware(receiver))

    def _lead(self, sender: int, receiver: int, hardware: str) -> None:
        where = ("lladdr", hardware, "dev", "eth0", "nud", "permanent")
        _ip("-n", self._space(sender), "neighbour", "replace", self.host(receiver), *where)

    def close(self) -> None:
        while self._made:
            subprocess.run(
                ["ip", "netns", "delete", self._made.pop()],
                capture_output=True,
                timeout=_COMMAND_TIMEOUT_S,
                check=False,
            )


def _enter(space: str) -> None:
    """Let this thread, and what it starts, be in a namespace."""
    with (_NAMESPACES / space).open("rb") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


def _hardware(host: int) -> str:
    return f"02:00:00:00:00:{host + 1:02x}"


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, timeout=_COMMAND_TIMEOUT_S)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr.strip()}"
