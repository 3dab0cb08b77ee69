"""Settings of arguments that are maps, such as `fields.person=p17` or `vote.yes=12`.

Owns telling them from plain settings, and putting the parts of one map together. Never knows what a part may hold: how
a text becomes a value is handed in. Source: docs/guide/command-line.md, "Submitting".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from cli.errors import UsageError
from cli.ledger_value import nfc, parse_json
from cli.named_file import read_text
from ledger.detached import DETACHED_SIZE_BYTES_MAX
from ledger.encoding import Value

_DOTTED = re.compile(r"(?P<argument>[a-z][a-z0-9_]*)\.(?P<part>[A-Za-z0-9_]+)(?P<sign>:=|=|@)(?P<text>.*)", re.DOTALL)


class MapSetting(NamedTuple):
    """One part of a map argument; `text` is JSON if `is_json`, and the part may stand several times for a list."""

    argument: str
    part: str
    text: str
    is_json: bool

    @property
    def name(self) -> str:
        """The name as it was typed."""
        return f"{self.argument}.{self.part}"


def split_settings(settings: Sequence[str], *, files: bool = False) -> tuple[list[str], list[MapSetting]]:
    """The plain settings, and those of maps; with `files`, `name@FILE` stands for the text in a file.

    Raises:
        UsageError: a file cannot be read, or is no text.
    """
    plain, parts = [], []
    for setting in settings:
        match = _DOTTED.fullmatch(setting)
        if match is None or (match["sign"] == "@" and not files):
            plain.append(setting)
            continue
        text = read_text(Path(match["text"]), DETACHED_SIZE_BYTES_MAX) if match["sign"] == "@" else match["text"]
        parts.append(MapSetting(match["argument"], match["part"], text, match["sign"] == ":="))
    return plain, parts


def gathered(
    parts: Sequence[MapSetting],
    read: Callable[[MapSetting], Value],
    is_list: Callable[[MapSetting], bool] = lambda _: False,
) -> dict[str, dict[str, Value]]:
    """The maps that the parts make, by argument; `read` makes a value of a text that is no JSON.

    Raises:
        UsageError: a part stands twice that is no list; what `read` raises.
    """
    maps: dict[str, dict[str, Value]] = {}
    for one in parts:
        values = maps.setdefault(one.argument, {})
        value = parse_json(one.text, one.name) if one.is_json else read(one)
        if not one.is_json and is_list(one):
            listed = values.setdefault(one.part, [])
            assert isinstance(listed, list), "JSON and texts of one list are not mixed"
            listed.append(value)
        elif one.part in values:
            raise UsageError("the argument {name} is given twice", name=one.name)
        else:
            values[one.part] = value
    return maps


def read_plain(one: MapSetting) -> Value:
    """A whole number if the text writes one, else the text."""
    if re.fullmatch(r"-?[0-9]{1,18}", one.text, re.ASCII):
        return int(one.text)
    return nfc(one.text, one.name)


def merged(values: Mapping[str, Value], maps: Mapping[str, dict[str, Value]]) -> dict[str, Value]:
    """The arguments with the maps among them; parts are added to a map that a file of arguments gave.

    Raises:
        UsageError: a part is given twice, or belongs to an argument that is no map.
    """
    together = dict(values)
    for argument, parts in maps.items():
        before = together.get(argument, {})
        if not isinstance(before, dict):
            raise UsageError("the argument {name} is no map, so it has no parts", name=argument)
        for part in parts:
            if part in before:
                raise UsageError("the argument {name} is given twice", name=f"{argument}.{part}")
        together[argument] = {**before, **parts}
    return together
