"""Making the demonstration's network the way an operator does: keys, nodes' folders, a genesis, joined.

Owns the names used and who is whose neighbour; everything is made by the functions behind `banyan keygen`, `init`,
`network new` and `join`.
"""

import json
import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from cli.member_key import create_member_key
from cli.pack_folder import compile_folder, shipped_folder
from contracts.packs.beginning import genesis_pack
from contracts.packs.pack import Pack
from daemon.home import create_home, join_home
from ledger.genesis import Genesis, Parameters

ORIGIN = "demo.example/ledger"


class NodePlace(NamedTuple):
    """A node's name, its folder, the names of the nodes that it talks to."""

    name: str
    home: Path
    neighbours: tuple[str, ...]


def make_network(
    directory: Path, count: int, pack: str, *, is_mesh: bool = False
) -> tuple[Genesis, tuple[NodePlace, ...]]:
    """A network of `count` voters, each in its folder in `directory`; the first has the `admin.key`.

    They stand in a ring, or everybody is everybody's neighbour. It begins with `pack`, the name of one that comes with
    the program.
    """
    places = tuple(
        NodePlace(node_name(number), directory / f"node-{number + 1}", _neighbours(number, count, is_mesh))
        for number in range(count)
    )
    ports = iter(_free_ports(2 * count))
    descriptions = []
    for place in places:
        listen, http = (f"127.0.0.1:{next(ports)}" for _ in range(2))
        descriptions.append(create_home(place.home, place.name, listen, http))
        if place.neighbours:
            # A list of texts without anything special in them is the same in JSON and TOML.
            with (place.home / "config.toml").open("a", encoding="utf-8") as file:
                file.write(f"neighbours = {json.dumps(place.neighbours)}\n")
    administrator = create_member_key(places[0].home / "admin.key", "administrator", None)
    genesis = Genesis(
        name=ORIGIN,
        created_ms=time.time_ns() // 1_000_000,
        visibility="public",
        quorum="majority",
        parameters=Parameters(),
        voters=tuple(descriptions),
        administrators=(administrator,),
        packs=(genesis_pack(shipped_pack(pack)),),
    )
    for place in places:
        join_home(place.home, genesis)
    return genesis, places


def shipped_pack(name: str) -> Pack:
    """A pack that comes with the program."""
    folder = shipped_folder(name)
    pack = None if folder is None else compile_folder(folder).pack
    assert pack is not None, "what comes with the program is there and right"
    return pack


def node_name(number: int) -> str:
    """The name of the node of this number, from 0."""
    return f"demo-{number + 1}"


def _neighbours(number: int, count: int, is_mesh: bool) -> tuple[str, ...]:
    """Who stands before and behind in the ring, or everybody; with two nodes that is one, alone it is nobody."""
    around = range(count) if is_mesh else dict.fromkeys(((number - 1) % count, (number + 1) % count))
    return tuple(node_name(other) for other in around if other != number)


def _free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nobody listens on just now, all different."""
    with ExitStack() as open_sockets:
        probes = [open_sockets.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
