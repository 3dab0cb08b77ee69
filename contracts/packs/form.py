"""Reading the tables of a pack, key by key, whether they come from a file or from the ledger.

Owns the checks of shape: a key is there, its value is of the type and within the bounds that are asked for, and no key
is left that nobody asked for. Never knows what a key means. Where faults are gathered, a wrong value is answered with
an empty one, so that reading can go on; what follows from it is for the caller to pass over in silence.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import TypeVar

from contracts.packs.fault import Faults, PackFault
from ledger.encoding import INTEGER_MAX, INTEGER_MIN, Value

T = TypeVar("T")

# Values that are missing: a key that is not there at all.
_ABSENT = object()
# A text that moves the cursor or hides itself has no place in what people read.
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class Form:
    """One table under way; `path` is where it stands."""

    __slots__ = ("_asked", "_values", "faults", "path")

    def __init__(self, value: object, path: str, faults: Faults) -> None:
        """Read the map `value`; anything else is a fault and read as an empty map."""
        self.path = path
        self.faults = faults
        self._asked: set[str] = set()
        self._values: Mapping[str, Value] = {}
        if isinstance(value, dict):
            self._values = value
        else:
            faults.add(PackFault("a table is wanted here, not {found}", found=kind_of(value)), path)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def at(self, key: str) -> str:
        """The path of `key`."""
        return f"{self.path}.{key}" if self.path else key

    def refuse(self, fault: PackFault, key: str = "") -> None:
        """Note a fault of `key`, or of the whole table."""
        self.faults.add(fault, self.at(key) if key else self.path)

    def take(self, key: str) -> Value:
        """The value of `key`, None if it is not there; it counts as asked for."""
        self._asked.add(key)
        return self._values.get(key)

    def text(self, key: str, size_bytes_max: int, *, optional: bool = False) -> str:
        """A text of 1 to `size_bytes_max` bytes; an optional one that is left out is empty."""
        value = self._wanted(key, optional)
        if value is _ABSENT:
            return ""
        if not isinstance(value, str):
            self.refuse(PackFault("a text is wanted here, not {found}", found=kind_of(value)), key)
            return ""
        size = len(value.encode("utf-8", "replace"))
        if not 1 <= size <= size_bytes_max:
            self.refuse(
                PackFault("the text has {size} bytes, allowed are 1 to {limit}", size=size, limit=size_bytes_max), key
            )
            return ""
        if _CONTROL.search(value):
            self.refuse(PackFault("the text contains a control character; write it without"), key)
            return ""
        return value

    def matching(self, key: str, pattern: re.Pattern[str], hint: str, *, optional: bool = False) -> str:
        """A text that `pattern` matches as a whole; `hint` shows one."""
        value = self._wanted(key, optional)
        return "" if value is _ABSENT else self._match(value, pattern, hint, self.at(key))

    def integer(self, key: str, least: int = INTEGER_MIN, most: int = INTEGER_MAX) -> int:
        """A whole number within bounds; it has to be there."""
        value = self._wanted(key, optional=False)
        return least if value is _ABSENT else self._number(value, least, most, key)

    def optional_integer(self, key: str, least: int = INTEGER_MIN, most: int = INTEGER_MAX) -> int | None:
        """A whole number within bounds; None if it is left out."""
        value = self._wanted(key, optional=True)
        return None if value is _ABSENT else self._number(value, least, most, key)

    def boolean(self, key: str) -> bool:
        """A truth value; false if it is left out."""
        value = self._wanted(key, optional=True)
        if value is _ABSENT or isinstance(value, bool):
            return value is True
        self.refuse(PackFault("true or false is wanted here, not {found}", found=kind_of(value)), key)
        return False

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        """One of `choices`; it has to be there."""
        value = self._wanted(key, optional=False)
        if value is _ABSENT:
            return ""
        if isinstance(value, str) and value in choices:
            return value
        self.refuse(_not_among(value, choices), key)
        return ""

    def names(
        self, key: str, pattern: re.Pattern[str], hint: str, count_max: int, *, least: int = 0
    ) -> tuple[str, ...]:
        """A list of different texts that `pattern` matches, in their order; an empty one may be left out."""
        value = self._wanted(key, optional=least == 0)
        if value is _ABSENT:
            return ()
        if not isinstance(value, list):
            self.refuse(PackFault("a list of names is wanted here, not {found}", found=kind_of(value)), key)
            return ()
        found = [self._match(item, pattern, hint, f"{self.at(key)}[{index}]") for index, item in enumerate(value)]
        if not least <= len(found) <= count_max:
            self.refuse(
                PackFault(
                    "the list has {count} items, allowed are {least} to {most}",
                    count=len(found),
                    least=least,
                    most=count_max,
                ),
                key,
            )
        if len(set(value)) != len(value) if all(isinstance(item, str) for item in value) else False:
            self.refuse(PackFault("the list names something twice; name it once"), key)
        return tuple(name for name in found if name)

    def items(self, key: str, count_max: int) -> Iterator[tuple[Value, str]]:
        """The items of a list, each with its path; an empty list may be left out."""
        value = self._wanted(key, optional=True)
        if value is _ABSENT:
            return
        if not isinstance(value, list):
            self.refuse(PackFault("a list is wanted here, not {found}", found=kind_of(value)), key)
            return
        self._check_count(key, len(value), count_max)
        for index, item in enumerate(value[:count_max]):
            yield item, f"{self.at(key)}[{index}]"

    def table(
        self,
        key: str,
        pattern: re.Pattern[str],
        hint: str,
        count_max: int,
        read: Callable[[str, Value, str, Faults], T],
        *,
        least: int = 0,
    ) -> dict[str, T]:
        """What `read(name, value, path, faults)` makes of each entry of a table of tables, in the order of names."""
        value = self._wanted(key, optional=least == 0)
        if value is _ABSENT:
            return {}
        if not isinstance(value, dict):
            self.refuse(PackFault("a table is wanted here, not {found}", found=kind_of(value)), key)
            return {}
        self._check_count(key, len(value), count_max, least)
        found = {}
        for name in sorted(value)[:count_max]:
            path = f"{self.at(key)}.{name}"
            if self._match(name, pattern, hint, path):
                found[name] = read(name, value[name], path, self.faults)
        return found

    def form(self, key: str) -> "Form | None":
        """The table at `key`; None if it is left out."""
        value = self._wanted(key, optional=True)
        return None if value is _ABSENT else Form(value, self.at(key), self.faults)

    def close(self) -> None:
        """Note every key that nobody asked for; with the one that was perhaps meant."""
        for key in sorted(set(self._values) - self._asked):
            near = get_close_matches(key, sorted(self._asked), 1)
            if near:
                fault = PackFault("there is no key {key} here; did you mean {near}?", key=repr(key), near=near[0])
            else:
                fault = PackFault(
                    "there is no key {key} here; there are {known}",
                    key=repr(key),
                    known=", ".join(sorted(self._asked)),
                )
            self.refuse(fault, key)

    def _wanted(self, key: str, optional: bool) -> object:
        self._asked.add(key)
        if key in self._values:
            return self._values[key]
        if not optional:
            self.refuse(PackFault("the key {key} is missing", key=repr(key)), key)
        return _ABSENT

    def _number(self, value: object, least: int, most: int, key: str) -> int:
        if type(value) is not int:
            self.refuse(PackFault("a whole number is wanted here, not {found}", found=kind_of(value)), key)
            return least
        if not least <= value <= most:
            self.refuse(
                PackFault(
                    "{value} is outside of what is allowed: {least} to {most}", value=value, least=least, most=most
                ),
                key,
            )
            return least
        return value

    def _match(self, value: object, pattern: re.Pattern[str], hint: str, path: str) -> str:
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        shown = repr(value)[:80] if isinstance(value, str) else kind_of(value)
        self.faults.add(
            PackFault("{found} is not of the form that is wanted here: {hint}", found=shown, hint=hint), path
        )
        return ""

    def _check_count(self, key: str, count: int, most: int, least: int = 0) -> None:
        if not least <= count <= most:
            fault = PackFault(
                "there are {count} here, allowed are {least} to {most}", count=count, least=least, most=most
            )
            self.refuse(fault, key)


def _not_among(value: object, choices: tuple[str, ...]) -> PackFault:
    if not isinstance(value, str):
        return PackFault(
            "one of {choices} is wanted here, not {found}", choices=", ".join(choices), found=kind_of(value)
        )
    near = get_close_matches(value, choices, 1)
    if near:
        return PackFault("{found} is not possible here; did you mean {near}?", found=repr(value)[:80], near=near[0])
    return PackFault(
        "{found} is not possible here; take one of {choices}", found=repr(value)[:80], choices=", ".join(choices)
    )


def kind_of(value: object) -> str:
    """What a value is, in one word for people."""
    if value is None:
        return "nothing"
    names = {
        bool: "boolean",
        int: "number",
        float: "fraction",
        str: "text",
        bytes: "bytes",
        list: "list",
        dict: "table",
    }
    return names.get(type(value), type(value).__name__)
