"""A policy pack inside a genesis: its canonical bytes, so that a network needs no file but its genesis to begin.

Owns the form `{"name", "manifest", "parts"}`, bytes as base64, and its bounds. Never reads what the bytes say
(`contracts.packs` does). Source: docs/protocol.md, section 3; docs/adr/0022-packs.md.
"""

import re
from dataclasses import dataclass

from ledger.base64_text import decode_base64, encode_base64
from ledger.encoding import Value
from ledger.errors import InvalidGenesisError
from ledger.strict_json import check_field_names

# A pack, those below it, and some that have nothing to do with them.
PACKS_MAX = 8
# As many record types and sections, and as many bytes of each, as a pack can have.
PARTS_MAX = 40
PART_SIZE_BYTES_MAX = 14 * 1024
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True)
class GenesisPack:
    """A pack's manifest and parts, the parts in ascending order of their bytes."""

    name: str
    manifest: bytes
    parts: tuple[bytes, ...]

    def to_value(self) -> dict[str, Value]:
        """The pack as it stands in the document."""
        return {
            "name": self.name,
            "manifest": encode_base64(self.manifest),
            "parts": [encode_base64(part) for part in self.parts],
        }

    @classmethod
    def from_value(cls, value: Value) -> "GenesisPack":
        """The pack in an item of `packs`.

        Raises:
            InvalidGenesisError: it is no such item; the message says what is wrong.
        """
        if not isinstance(value, dict):
            raise InvalidGenesisError("`packs` in the genesis is a list of objects, one for each pack")
        check_field_names(set(value), {"name", "manifest", "parts"}, "a pack in the genesis")
        name, parts = value["name"], value["parts"]
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InvalidGenesisError("{name} is no name of a pack", name=repr(name)[:80])
        if not isinstance(parts, list) or len(parts) > PARTS_MAX:
            raise InvalidGenesisError("the pack {name} has a list of at most {limit} parts", name=name, limit=PARTS_MAX)
        found = tuple(_bytes(part, name) for part in parts)
        if list(found) != sorted(set(found)):
            raise InvalidGenesisError("the parts of the pack {name} do not ascend", name=name)
        return cls(name, _bytes(value["manifest"], name), found)


def packs_of(values: list[Value]) -> tuple[GenesisPack, ...]:
    """The packs in the list `packs` of a genesis, in their order: a base before what is on top of it.

    Raises:
        InvalidGenesisError: too many, two of one name, or an item is no pack.
    """
    if len(values) > PACKS_MAX:
        raise InvalidGenesisError("a genesis has at most {limit} packs", limit=PACKS_MAX)
    packs = tuple(GenesisPack.from_value(value) for value in values)
    if len({pack.name for pack in packs}) != len(packs):
        raise InvalidGenesisError("two packs in the genesis have the same name")
    return packs


def _bytes(value: Value, name: str) -> bytes:
    data = decode_base64(value) if isinstance(value, str) else None
    if data is None or not 1 <= len(data) <= PART_SIZE_BYTES_MAX:
        raise InvalidGenesisError(
            "a part of the pack {name} is not base64 of 1 to {limit} bytes", name=name, limit=PART_SIZE_BYTES_MAX
        )
    return data
