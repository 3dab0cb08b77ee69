"""Networks of real nodes for a test, ended and taken away whatever happens in it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.system.real_network import RealNetwork
from tests.system.relays import Relays
from tests.system.wires import Wires, can_make_namespaces

# Every node talks to the next and to the one before, and reaches the others through them.
RING_OF_FOUR: dict[int, Sequence[int]] = {0: (1, 3), 1: (0, 2), 2: (1, 3), 3: (2, 0)}


@contextmanager
def real_network(
    folder: Path,
    size: int,
    neighbours: dict[int, Sequence[int]] | None = None,
    further_hosts: int = 0,
    running: Sequence[int] | None = None,
    settings: str = "",
    is_forked: bool = True,
) -> Iterator[RealNetwork]:
    """A network of `size` nodes, `running` of which run (all by default), with a leader; and `further_hosts` on its
    links; `settings` are lines of each `config.toml`; the processes are forked, or started anew."""
    with ExitStack() as stack:
        hosts = size + further_hosts
        links = Wires(hosts) if can_make_namespaces() else Relays(hosts)
        stack.callback(links.close)
        network = RealNetwork(folder, links, size, neighbours, settings, is_forked)
        stack.callback(network.close)
        network.start(range(size) if running is None else running)
        yield network
