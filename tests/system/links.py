"""What the tests of real networks ask of whatever connects the nodes."""

import itertools
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable


class Links(ABC):
    """Links between hosts, each of which can be cut in one direction."""

    def __init__(self, hosts: int) -> None:
        self.hosts = range(hosts)

    @abstractmethod
    def host(self, host: int) -> str:
        """The host's address, without a port."""

    @abstractmethod
    def address(self, host: int) -> str:
        """Where others reach its node."""

    @abstractmethod
    def listening(self, host: int) -> str:
        """Where its node listens."""

    @abstractmethod
    def new_socket(self, host: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
        """A socket of this host, in this process."""

    @abstractmethod
    def started(self, host: int, pid: int) -> None:
        """The host's node runs as this process."""

    @abstractmethod
    def cut_one_way(self, sender: int, receiver: int) -> None:
        """Let nothing arrive at `receiver` that `sender` sends."""

    @abstractmethod
    def heal(self) -> None:
        """Mend all links."""

    @abstractmethod
    def close(self) -> None:
        """Take everything away that was made; whatever ran there must have ended."""

    def command(self, host: int) -> list[str]:
        """What is put in front of a command that is to run on this host."""
        return []

    def entering(self, host: int) -> Callable[[], None] | None:
        """What a process of one thread does to run on this host; None if it need do nothing."""
        return None

    def cut(self, one: int, other: int) -> None:
        """Let nothing arrive between two hosts."""
        self.cut_one_way(one, other)
        self.cut_one_way(other, one)

    def part(self, *groups: Iterable[int]) -> None:
        """Cut every link between hosts of different groups."""
        sides = [tuple(group) for group in groups]
        for first, second in itertools.combinations(sides, 2):
            for one, other in itertools.product(first, second):
                self.cut(one, other)
