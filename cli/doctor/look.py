"""What the doctor looks at: the node's folder, and what the node says if it runs.

Owns the asking, in one go at the beginning, so that all checks judge the same moment. Never judges and changes nothing.
A node that does not answer leaves the documents empty; why it does not is kept.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.client import NodeClient
from cli.errors import CommandError
from cli.node_registry import NODES_MAX, read_all
from daemon.config import Config, read_config
from daemon.errors import ConfigError
from daemon.home import Home
from ledger.errors import BanyanError, InvalidGenesisError
from ledger.genesis import Genesis, parse_genesis
from ledger.node_keys import NodeDescription
from ledger.strict_json import JSON_SIZE_CHARACTERS_MAX

# In an idle network every voter is heard once a second; a stall of a disk or an election takes a few.
SILENT_MS = 10_000
# Of a genesis that says nothing else.
SKEW_MS_DEFAULT = 5000


@dataclass(frozen=True, slots=True)
class Online:
    """What a running node answered at one moment.

    `nodes` are the records of the registry, those that have left included; `newest_block_ms` is the time of the newest
    executed block, 0 before the first. `announced` are the versions of the protocol that nodes said they can follow, by
    node; asked for only where another version is to come.
    """

    status: Mapping[str, Any]
    peers: Mapping[str, Any]
    nodes: tuple[Mapping[str, Any], ...]
    newest_block_ms: int
    announced: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def own_id(self) -> str:
        """This node's id."""
        return str(self.status["node"]["id"])

    @property
    def own_record(self) -> Mapping[str, Any] | None:
        """This node in the registry, if it names it."""
        return next((one for one in self.nodes if one["id"] == self.own_id), None)

    @property
    def has_left(self) -> bool:
        """Whether the registry says that this node has left the network: no other node talks to it any more."""
        record = self.own_record
        return record is not None and record["fields"]["state"] == "left"

    @property
    def is_fresh(self) -> bool:
        """Whether it started so lately that it cannot know who is there."""
        return bool(self.status["uptime_ms"] <= SILENT_MS)

    def name_of(self, node: str) -> str:
        """A node's name in the registry, or its id."""
        found = next((one for one in self.nodes if one["id"] == node), None)
        return node if found is None else str(found["fields"]["name"])

    def is_silent(self, voter: str) -> bool:
        """Whether a voter was not heard for so long that it must be taken for gone."""
        age_ms = self.status["voters_heard_ms"].get(voter)
        return not self.is_fresh if age_ms is None else bool(age_ms > SILENT_MS)


@dataclass(frozen=True, slots=True)
class Look:
    """Everything that is judged; `online` is None, and `why_offline` says why, where no node answers."""

    home: Home
    now_ms: int
    config: Config | None
    description: NodeDescription | None
    genesis: Genesis | None
    online: Online | None
    why_offline: CommandError | None = None

    @property
    def skew_ms_max(self) -> int:
        """How far clocks may be apart, by the genesis."""
        return SKEW_MS_DEFAULT if self.genesis is None else self.genesis.parameters.clock_skew_ms_max


def look_at(directory: Path) -> Look:
    """Look at the node in `directory`."""
    home = Home(directory)
    online, why = _ask(directory)
    return Look(home, time.time_ns() // 1_000_000, _config(home), _description(home), _genesis(home), online, why)


def ask(client: NodeClient) -> Online:
    """What the node answers now.

    Raises:
        CommandError: as the client.
    """
    status = client.get("/v1/status")
    height = status["executed_height"]
    newest_ms = client.get(f"/v1/blocks/{height}")["time_ms"] if height else 0
    nodes = tuple(read_all(client, "node", NODES_MAX))
    announced = {}
    if status["protocol"]["scheduled"] is not None:
        announced = {one["id"]: one["fields"]["versions"] for one in read_all(client, "node-protocol", NODES_MAX)}
    return Online(status, client.get("/v1/peers"), nodes, newest_ms, announced)


def look_online(directory: Path, online: Online) -> Look:
    """What a running node answered, without a look at its files."""
    return Look(Home(directory), time.time_ns() // 1_000_000, None, None, None, online)


def _ask(directory: Path) -> tuple[Online | None, CommandError | None]:
    try:
        with NodeClient(directory) as client:
            return ask(client), None
    except CommandError as error:
        return None, error
    except BanyanError as error:
        # No path for a socket, for example: the same to whoever asks.
        return None, CommandError("{reason}", reason=error)


def _config(home: Home) -> Config | None:
    try:
        return read_config(home.config)
    except ConfigError:
        return None


def _genesis(home: Home) -> Genesis | None:
    try:
        with home.genesis.open("rb") as file:
            return parse_genesis(file.read(JSON_SIZE_CHARACTERS_MAX + 1).decode("utf-8"))
    except (OSError, UnicodeDecodeError, InvalidGenesisError):
        return None


def _description(home: Home) -> NodeDescription | None:
    try:
        with home.public.open("rb") as file:
            return NodeDescription.from_json(file.read(JSON_SIZE_CHARACTERS_MAX + 1).decode("utf-8"))
    except (OSError, UnicodeDecodeError, InvalidGenesisError):
        return None
