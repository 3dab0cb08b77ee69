"""Parameters of a request: declared once, checked before a handler runs.

Owns reading them from path and query strictly: what is not declared, or stands twice, is refused, because a mistyped
filter must not look like an empty answer. The same declarations make the OpenAPI document.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from daemon.api.json_value import Json
from daemon.api.request_errors import ParameterInvalidError
from ledger.hashing import Hash

# Longer than any id, subject or cursor of the ledger.
TEXT_LENGTH_MAX = 512
PARAMETERS_MAX = 16
_HASH = re.compile(r"[0-9a-f]{64}")
_INTEGER = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `kind` is integer, text, boolean or hash. Integers lie between `lowest` and `highest`."""

    name: str
    kind: str
    meaning: str
    lowest: int = 0
    highest: int = 2**63 - 1
    default: int | None = None
    choices: tuple[str, ...] = ()

    def read(self, text: str) -> int | str | bool | bytes:
        """The value that `text` stands for; raises ParameterInvalidError where it stands for none."""
        match self.kind:
            case "integer":
                return self._integer(text)
            case "boolean":
                return self._boolean(text)
            case "hash":
                return self._hash(text)
        return self._text(text)

    def _integer(self, text: str) -> int:
        if not _INTEGER.fullmatch(text) or not self.lowest <= int(text) <= self.highest:
            raise ParameterInvalidError(
                "the parameter {name} is {value}; write a whole number from {lowest} to {highest}",
                name=self.name,
                value=repr(text[:TEXT_LENGTH_MAX]),
                lowest=self.lowest,
                highest=self.highest,
            )
        return int(text)

    def _boolean(self, text: str) -> bool:
        if text not in ("true", "false"):
            raise ParameterInvalidError(
                "the parameter {name} is {value}; write true or false",
                name=self.name,
                value=repr(text[:TEXT_LENGTH_MAX]),
            )
        return text == "true"

    def _hash(self, text: str) -> bytes:
        if not _HASH.fullmatch(text):
            raise ParameterInvalidError(
                "the parameter {name} is {value}; write 64 hexadecimal digits in small letters",
                name=self.name,
                value=repr(text[:TEXT_LENGTH_MAX]),
            )
        return bytes.fromhex(text)

    def _text(self, text: str) -> str:
        if self.choices and text not in self.choices:
            raise ParameterInvalidError(
                "the parameter {name} is {value}; write one of {choices}",
                name=self.name,
                value=repr(text[:TEXT_LENGTH_MAX]),
                choices=", ".join(self.choices),
            )
        if not 0 < len(text) <= TEXT_LENGTH_MAX:
            raise ParameterInvalidError(
                "the parameter {name} has {length} characters; write 1 to {limit}",
                name=self.name,
                length=len(text),
                limit=TEXT_LENGTH_MAX,
            )
        return text

    def schema(self) -> dict[str, Json]:
        """The parameter's JSON schema."""
        match self.kind:
            case "integer":
                schema: dict[str, Json] = {"type": "integer", "minimum": self.lowest, "maximum": self.highest}
                return schema if self.default is None else {**schema, "default": self.default}
            case "boolean":
                return {"type": "boolean", "default": False}
            case "hash":
                return {"type": "string", "pattern": f"^{_HASH.pattern}$"}
        schema = {"type": "string", "minLength": 1, "maxLength": TEXT_LENGTH_MAX}
        return {**schema, "enum": list(self.choices)} if self.choices else schema


class Parameters:
    """The checked parameters of one request; asking for one that is not declared is a bug and fails."""

    def __init__(self, declared: Iterable[Parameter], given: dict[str, int | str | bool | bytes]) -> None:
        self._declared = {one.name: one for one in declared}
        self._given = given

    def integer(self, name: str) -> int:
        """The number, or its declared default."""
        value = self._given.get(name, self._declared[name].default)
        assert type(value) is int, f"{name} is declared as an integer with a default, or stands in the path"
        return value

    def flag(self, name: str) -> bool:
        """Whether the parameter is given as true."""
        return self._given.get(name) is True

    def text(self, name: str) -> str | None:
        """The text, or None."""
        value = self._given.get(name, None if name in self._declared else 0)
        assert value is None or isinstance(value, str), f"{name} is declared as a text"
        return value

    def hash(self, name: str) -> Hash:
        """The 32 bytes of a hash or id; it stands in the path, so it is always there."""
        value = self._given[name]
        assert isinstance(value, bytes), f"{name} is declared as a hash"
        return value

    def has(self, name: str) -> bool:
        """Whether the parameter was given."""
        return name in self._given


def read_parameters(
    path_parameters: Iterable[Parameter], query: Iterable[Parameter], path: dict[str, str], query_string: bytes
) -> Parameters:
    """The parameters of a request.

    Raises:
        ParameterInvalidError: one is unknown, stands twice, or has a value that is not allowed.
    """
    declared = {one.name: one for one in query}
    given: dict[str, int | str | bool | bytes] = {}
    for name, text in _pairs(query_string):
        if name not in declared:
            raise ParameterInvalidError(
                "the parameter {name} is not known here; known are: {known}",
                name=repr(name[:TEXT_LENGTH_MAX]),
                known=", ".join(sorted(declared)) or "none",
            )
        if name in given:
            raise ParameterInvalidError("the parameter {name} stands twice; give it once", name=name)
        given[name] = declared[name].read(text)
    in_path = list(path_parameters)
    for one in in_path:
        given[one.name] = one.read(path[one.name])
    return Parameters([*declared.values(), *in_path], given)


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(query_string),
            errors="strict",
            max_num_fields=PARAMETERS_MAX,
        )
    except ValueError as error:
        raise ParameterInvalidError(
            "the query cannot be read ({reason}); write it as name=value&…", reason=str(error)
        ) from error
