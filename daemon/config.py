"""The settings of one node: `config.toml`, read once at start, frozen.

Owns every setting with its unit, its range and the meaning of zero; holds no secrets (the seed is a file of its
own) and nothing that the nodes of a network must agree on (that is the genesis). Unknown settings are refused by
name. Reference: docs/reference/configuration.md.
"""

import difflib
import json
import re
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from daemon.disk_room import MEBIBYTE, DiskLimits
from daemon.errors import ConfigError
from daemon.pace import BLOCK_WORK_MS_MAX
from ledger.errors import BanyanError, InvalidGenesisError
from ledger.json_fault import json_fault
from ledger.node_keys import check_address, check_node_name
from ledger.stated_heights import STATED_INTERVAL_BLOCKS

LOG_FORMATS = ("console", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")
# A node keeps twelve neighbours at most where it picks them itself (`p2p.overlay`); more slow it down.
NEIGHBOURS_MAX = 32
# Years of a small network's blocks.
SNAPSHOT_INTERVAL_BLOCKS_MAX = 1 << 30
STORAGE_KINDS = ("full", "light")
# More blocks than any network will have; TOML has larger numbers.
STATE_SYNC_BLOCKS_MAX = 1 << 40
# A config has about a dozen lines; anything much longer is another file.
CONFIG_SIZE_BYTES_MAX = 64 * 1024
# A database takes 1 TiB at most (`storage.environment`).
DISK_MIB_MAX = 1024 * 1024
_TOML_FAULT = re.compile(
    r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL
)


def _setting(default: Any, meaning: str) -> Any:
    """A field with its explanation, which `banyan init` writes into the file above the setting."""
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting; a field's metadata `meaning` is its text in `config.toml` and in the reference.

    Relations: `http_requests_max` and `event_listeners_max` share the connections, so both are at most
    `http_connections_max`; the last of them keep one listener from starving all requests.
    """

    name: str = field(metadata={"meaning": "Name of this node in keys and signature lines; fixed by `banyan init`."})
    listen: str = field(metadata={"meaning": "HOST:PORT under which other nodes reach this one."})
    http: str = _setting("", "HOST:PORT for the HTTP API; port 0 takes a free one. Empty: only the control socket.")
    neighbours: tuple[str, ...] = _setting(
        (), "Names of the registered nodes to talk to, and to no others; empty: whoever is in the registry."
    )
    log_format: str = _setting("console", "How log lines look: console (for people) or json (one object a line).")
    log_level: str = _setting("info", "Lowest level that is logged: debug, info, warning or error.")
    log_transactions_per_second: int = _setting(
        10, "Transactions that have lines in the log, about so many a second for each event. 0 to 1,000; 0: none."
    )
    http_connections_max: int = _setting(1024, "Connections open at once, for each door. 8 to 65,536.")
    http_requests_max: int = _setting(128, "Requests worked on at once, for each door; others wait. 1 or more.")
    event_listeners_max: int = _setting(32, "Event streams open at once, for each door. 0: none is served.")
    block_work_ms_max: int = _setting(
        BLOCK_WORK_MS_MAX,
        "Work of one block while this node leads, in milliseconds of its own machine; less where other voters' machines"
        " are slower. 10 to 10,000.",
    )
    snapshot_interval_blocks: int = _setting(
        8192, "A snapshot is made at heights that this divides; a multiple of 16. 0: only when the operator asks."
    )
    storage: str = _setting(
        "full",
        "What is kept of old blocks: full (everything) or light (headers, tiles and state; all else from now on).",
    )
    state_sync_blocks: int = _setting(
        4096, "From how many blocks behind on the node takes a snapshot of others. 0: never, it executes all blocks."
    )
    verify_threads: int = _setting(0, "Threads that verify signatures, 0 to 64. 0: one for each processor.")
    stop_timeout_ms: int = _setting(
        20_000, "How long a stopping node may take to finish what it proposed, in milliseconds. 100 or more."
    )

    disk_quota_mib: int = _setting(0, "Most that the database may take, in MiB. 0: what the disk has.")
    disk_reserve_mib: int = _setting(
        256, "Room that the node leaves free on the database's disk, in MiB. 0: it writes until the disk is full."
    )
    disk_low_mib: int = _setting(4096, "Warn when the node may write less than this, in MiB. 0: never.")
    disk_critical_mib: int = _setting(1024, "Warn again, as an error, below this many MiB. 0: never.")

    @property
    def disk_limits(self) -> DiskLimits:
        """The settings of the disk, in bytes."""
        return DiskLimits(
            self.disk_quota_mib * MEBIBYTE,
            self.disk_reserve_mib * MEBIBYTE,
            self.disk_low_mib * MEBIBYTE,
            self.disk_critical_mib * MEBIBYTE,
        )

    def validate(self) -> None:
        """Refuse values out of range.

        Raises:
            ConfigError: names the setting, what it is and what it may be.
        """
        try:
            check_node_name(self.name)
            check_address(self.listen)
            check_http_address(self.http)
        except InvalidGenesisError as error:
            raise ConfigError("config.toml: {reason}; correct the setting", reason=error) from error
        self._check_neighbours()
        self._check_choice("log_format", LOG_FORMATS)
        self._check_choice("log_level", LOG_LEVELS)
        self._check_range("log_transactions_per_second", 0, 1000)
        self._check_range("http_connections_max", 8, 65_536)
        self._check_range("http_requests_max", 1, self.http_connections_max)
        self._check_range("event_listeners_max", 0, self.http_connections_max)
        self._check_range("block_work_ms_max", 10, 10_000)
        self._check_range("snapshot_interval_blocks", 0, SNAPSHOT_INTERVAL_BLOCKS_MAX)
        if self.snapshot_interval_blocks % STATED_INTERVAL_BLOCKS:
            raise ConfigError(
                "config.toml: the setting `snapshot_interval_blocks` is {value}; it has to be a multiple of {interval}",
                value=self.snapshot_interval_blocks,
                interval=STATED_INTERVAL_BLOCKS,
            )
        self._check_choice("storage", STORAGE_KINDS)
        self._check_range("state_sync_blocks", 0, STATE_SYNC_BLOCKS_MAX)
        self._check_range("verify_threads", 0, 64)
        self._check_range("stop_timeout_ms", 100, 3_600_000)
        for one in fields(self):
            if one.name.startswith("disk_"):
                self._check_range(one.name, 0, DISK_MIB_MAX)

    def _check_neighbours(self) -> None:
        if len(self.neighbours) > NEIGHBOURS_MAX:
            raise ConfigError(
                "config.toml: the setting `neighbours` names {count} nodes; {limit} are enough for every network",
                count=len(self.neighbours),
                limit=NEIGHBOURS_MAX,
            )
        for name in self.neighbours:
            try:
                check_node_name(name)
            except InvalidGenesisError as error:
                raise ConfigError(
                    "config.toml: the setting `neighbours`: {reason}; correct it", reason=error
                ) from error
            if name == self.name:
                raise ConfigError(
                    'config.toml: the setting `neighbours` names this node itself, "{name}"; take it out', name=name
                )
            if self.neighbours.count(name) > 1:
                raise ConfigError(
                    'config.toml: the setting `neighbours` names "{name}" more than once; take the others out',
                    name=name,
                )

    def _check_choice(self, name: str, choices: tuple[str, ...]) -> None:
        if getattr(self, name) not in choices:
            raise ConfigError(
                "config.toml: the setting `{name}` is {value}; it may be one of {choices}",
                name=name,
                value=repr(getattr(self, name)),
                choices=", ".join(choices),
            )

    def _check_range(self, name: str, lowest: int, highest: int) -> None:
        value = getattr(self, name)
        if not lowest <= value <= highest:
            raise ConfigError(
                "config.toml: the setting `{name}` is {value}; it may be {lowest} to {highest}",
                name=name,
                value=value,
                lowest=lowest,
                highest=highest,
            )

    def to_toml(self) -> str:
        """The text of `config.toml`: name, addresses and what is not at its default; the rest as comments."""
        lines = ["# Settings of this node; see docs/reference/configuration.md. Restart the node after a change.", ""]
        for one in fields(self):
            value = json.dumps(getattr(self, one.name), ensure_ascii=False)
            is_default = one.name not in ("name", "listen", "http") and getattr(self, one.name) == one.default
            commented = "# " if is_default else ""
            lines += [f"# {one.metadata['meaning']}", f"{commented}{one.name} = {value}", ""]
        return "\n".join(lines)


# For a machine such as a Raspberry Pi, with four slow cores, 1 or 2 GiB of memory and a card of 16 or 32 GiB
# (docs/reference/configuration.md has the reasons). Every answer is the same as elsewhere; fewer are given at once.
SMALL_MACHINE: dict[str, Any] = {
    "http_connections_max": 32,
    "http_requests_max": 16,
    "event_listeners_max": 8,
    "verify_threads": 2,
    "stop_timeout_ms": 40_000,
    "disk_low_mib": 2048,
    "disk_critical_mib": 512,
}


def check_http_address(address: str) -> None:
    """Refuse what is no address of an HTTP API: `HOST:PORT`, or empty for none.

    Raises:
        InvalidGenesisError
    """
    if address:
        # Port 0 is for a socket that nobody has to find by its number: any free one is taken.
        check_address(address.removesuffix(":0") + ":1" if address.endswith(":0") else address)


def parse_config(text: str) -> Config:
    """The settings in a `config.toml`, validated.

    Raises:
        ConfigError: not TOML, an unknown or missing setting, a value of the wrong kind or out of range.
    """
    try:
        found = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError("config.toml is not TOML ({reason}); correct that line", reason=toml_fault(error)) from error
    known = {one.name: one for one in fields(Config)}
    for name in found:
        if name not in known:
            _refuse_unknown(name, list(known))
    for name in ("name", "listen"):
        if name not in found:
            raise ConfigError("config.toml lacks the setting `{name}`; `banyan init` writes it", name=name)
    for name, value in found.items():
        _check_kind(name, value, known[name].type)
    if "neighbours" in found:
        found["neighbours"] = tuple(found["neighbours"])
    config = Config(**found)
    config.validate()
    return config


def read_config(path: Path) -> Config:
    """The settings in the file at `path`.

    Raises:
        ConfigError: as `parse_config`, or the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(CONFIG_SIZE_BYTES_MAX + 1)
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            "{path} cannot be read ({reason}); give the node's folder with --home, or make one with `banyan init`",
            path=str(path),
            reason=json_fault(error) if isinstance(error, UnicodeDecodeError) else error.strerror or str(error),
        ) from error
    if len(data) > CONFIG_SIZE_BYTES_MAX:
        raise ConfigError("{path} is too long for settings; put the right file there", path=str(path))
    return parse_config(text)


def toml_fault(error: ValueError | RecursionError) -> BanyanError:
    """What is wrong with a text that is not TOML, in words that the catalogue has."""
    match = _TOML_FAULT.fullmatch(str(error)) if isinstance(error, tomllib.TOMLDecodeError) else None
    if match is None:
        # Nested too deep, or a number of too many digits: as in JSON.
        return json_fault(error)
    what = match["what"]
    if match["line"] is None:
        return BanyanError("at its end: {what}", what=what)
    return BanyanError("line {line}, column {column}: {what}", line=match["line"], column=match["column"], what=what)


def _refuse_unknown(name: str, known: list[str]) -> None:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        raise ConfigError(
            "config.toml has the unknown setting `{name}`; did you mean `{near}`?", name=name, near=near[0]
        )
    raise ConfigError(
        "config.toml has the unknown setting `{name}`; take it out, docs/reference/configuration.md lists all",
        name=name,
    )


def _check_kind(name: str, value: object, kind: Any) -> None:
    # `type(...) is`, because True is an int to isinstance.
    if kind == tuple[str, ...]:
        if type(value) is list and all(type(one) is str for one in value):
            return
        raise ConfigError(
            "config.toml: the setting `{name}` is {value}; write a list of texts in quotes",
            name=name,
            value=repr(value),
        )
    if type(value) is kind:
        return
    if kind is str:
        raise ConfigError(
            "config.toml: the setting `{name}` is {value}; write a text in quotes", name=name, value=repr(value)
        )
    raise ConfigError(
        "config.toml: the setting `{name}` is {value}; write a whole number", name=name, value=repr(value)
    )
