"""Links between nodes on loopback, for users who may not make network namespaces: what they say goes through a relay.

Each node's address in the registry is that of a relay, which passes everything on to where the node listens. A link is
cut by passing nothing on in that direction, as long as it is cut: the sender's bytes wait, as they do in TCP. Who dials
is found by whose process the other end of the connection belongs to; what is nobody's always passes.
"""

import os
import socket
import threading
from contextlib import suppress
from pathlib import Path

from tests.free_ports import free_address
from tests.system.links import Links

_PIECE_SIZE_BYTES = 64 * 1024
# How often a direction that is cut is looked at again.
_LOOK_S = 0.02
# The kernel's table is not read in one moment: a connection that was there may be missed while others come and go.
_LOOKS_MAX = 10


class Relays(Links):
    """Relays for `hosts` nodes; `close` ends all of them."""

    def __init__(self, hosts: int) -> None:
        super().__init__(hosts)
        self._pids: dict[int, int] = {}
        self._cut: set[tuple[int, int]] = set()
        self._closed = threading.Event()
        self._listening = [free_address() for _ in self.hosts]
        self._doors: list[socket.socket] = []
        for host in self.hosts:
            door = socket.create_server(("127.0.0.1", 0))
            # What is shut down wakes whoever waits in `accept`.
            self._doors.append(door)
            threading.Thread(target=self._receive, args=(host, door), daemon=True).start()

    def host(self, host: int) -> str:
        return "127.0.0.1"

    def address(self, host: int) -> str:
        return f"127.0.0.1:{self._doors[host].getsockname()[1]}"

    def listening(self, host: int) -> str:
        return self._listening[host]

    def started(self, host: int, pid: int) -> None:
        self._pids[host] = pid

    def new_socket(self, host: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
        return socket.socket(socket.AF_INET, kind)

    def cut_one_way(self, sender: int, receiver: int) -> None:
        self._cut.add((sender, receiver))

    def heal(self) -> None:
        self._cut.clear()

    def close(self) -> None:
        self._closed.set()
        for door in self._doors:
            door.shutdown(socket.SHUT_RDWR)
            door.close()

    def _receive(self, receiver: int, door: socket.socket) -> None:
        name, _, port = self._listening[receiver].rpartition(":")
        while not self._closed.is_set():
            try:
                dialled, (_, dialler_port) = door.accept()
            except OSError:
                return
            sender = self._owner_of(dialler_port)
            try:
                passed = socket.create_connection((name, int(port)), 5)
            except OSError:
                dialled.close()
                continue
            passed.settimeout(None)
            for source, target, way in ((dialled, passed, (sender, receiver)), (passed, dialled, (receiver, sender))):
                threading.Thread(target=self._pass_on, args=(source, target, way), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, way: tuple[int | None, int | None]) -> None:
        try:
            while data := source.recv(_PIECE_SIZE_BYTES):
                while way in self._cut and not self._closed.wait(_LOOK_S):
                    pass
                target.sendall(data)
        except OSError:
            pass
        for one in (source, target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def _owner_of(self, port: int) -> int | None:
        """Which node holds the socket with this port."""
        wanted = f"0100007F:{port:04X}"
        for _ in range(_LOOKS_MAX):
            lines = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
            inodes = {f"socket:[{line.split()[9]}]" for line in lines if line.split()[1] == wanted}
            owner = next((host for host, pid in self._pids.items() if inodes & _files_of(pid)), None)
            if owner is not None or self._closed.wait(_LOOK_S / _LOOKS_MAX):
                return owner
        return None


def _files_of(pid: int) -> set[str]:
    found: set[str] = set()
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        # The process has ended.
        return found
    for name in names:
        # A file that was closed since says nothing of the others.
        with suppress(OSError):
            found.add(os.readlink(f"/proc/{pid}/fd/{name}"))
    return found
