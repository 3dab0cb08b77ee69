"""A file of transactions, one JSON object a line.

Owns its size, its hash and the form of a line: `{"op": …, "args": {…}}`, optionally `detached`, `exp_ms`, `nonce` and
`expect`.
Reads a line at a time, whatever the file's size. Never signs.
"""

import codecs
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from cli.errors import UsageError
from cli.ledger_value import bytes_of_hex
from cli.operation_arguments import arguments_of_json
from cli.record_fields import FIELDS
from ledger.detached import DETACHED_SIZE_BYTES_MAX
from ledger.encoding import Value
from ledger.json_fault import json_fault, unique_names
from ledger.transaction import Expectation
from ledger.usual_envelope import NONCE_SIZE_BYTES

# An envelope and its detached values, written as JSON with every character escaped.
LINE_SIZE_BYTES_MAX = 8 * DETACHED_SIZE_BYTES_MAX

_READ_SIZE_BYTES = 1024 * 1024
_FIELDS_PREFIX = f"{FIELDS}."
_FIELDS = frozenset(("op", "args", "detached", "exp_ms", "nonce", "expect"))


class BatchFile(NamedTuple):
    """A file as it was when it was measured; `line_count` counts every line, empty ones too."""

    path: Path
    sha256: bytes
    line_count: int


class BatchLine(NamedTuple):
    """What one line asks for; None where the line leaves it to the command."""

    operation: str
    arguments: dict[str, Value]
    expires_ms: int | None
    nonce: bytes | None
    expect: Expectation | None = None
    # Values beside the ledger, whatever the declaration says; `private_fields` are parts of the argument `fields`.
    detached: Mapping[str, Value] = MappingProxyType({})
    private_fields: frozenset[str] = frozenset()


def measure(path: Path) -> BatchFile:
    """Hash and count the file's lines; about a second for a gigabyte.

    Raises:
        UsageError: it is no plain file, or cannot be read.
    """
    if path.exists() and not path.is_file():
        raise UsageError("{path} is not a plain file; a batch is read more than once", path=str(path))
    digest, line_count, last = hashlib.sha256(), 0, b"\n"
    try:
        with path.open("rb") as file:
            while block := file.read(_READ_SIZE_BYTES):
                digest.update(block)
                line_count += block.count(b"\n")
                last = block[-1:]
    except OSError as error:
        raise UsageError(
            "{path} cannot be read: {reason}; check the path and its permissions",
            path=str(path),
            reason=error.strerror or str(error),
        ) from error
    return BatchFile(path, digest.digest(), line_count + (last != b"\n"))


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Number (from 1) and content of every line that is not empty; a line that is too long comes cut off.

    A byte order mark, which spreadsheets and editors write before a text in UTF-8, belongs to no line.
    """
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LINE_SIZE_BYTES_MAX + 1):
            number += 1
            if not line.endswith(b"\n") and len(line) > LINE_SIZE_BYTES_MAX:
                rest = line
                while rest and not rest.endswith(b"\n"):
                    rest = file.readline(_READ_SIZE_BYTES)
            if number == 1:
                line = line.removeprefix(codecs.BOM_UTF8)
            if line.strip():
                yield number, line


def parse_line(line: bytes) -> BatchLine:
    """What a line asks for.

    Raises:
        UsageError: it is not of the form; the message says what is wrong.
    """
    if len(line) > LINE_SIZE_BYTES_MAX:
        raise UsageError("the line has more than {limit} bytes", limit=LINE_SIZE_BYTES_MAX)
    try:
        document = json.loads(line.decode("utf-8"), object_pairs_hook=unique_names)
    except (ValueError, RecursionError) as error:
        raise UsageError("the line is not JSON: {reason}", reason=json_fault(error)) from error
    if not isinstance(document, dict) or not document.keys() <= _FIELDS or "op" not in document:
        raise UsageError(
            'the line is not an object with "op" and "args", and at most "detached", "exp_ms", "nonce" and "expect"'
            " beside them"
        )
    operation, arguments, expires_ms = document["op"], document.get("args", {}), document.get("exp_ms")
    if not isinstance(operation, str):
        raise UsageError('"op" is not a text')
    if not isinstance(arguments, dict):
        raise UsageError('"args" is not an object')
    detached = document.get("detached", {})
    if not isinstance(detached, dict):
        raise UsageError('"detached" is not an object')
    if expires_ms is not None and (type(expires_ms) is not int or expires_ms < 0):
        raise UsageError('"exp_ms" is not a time in milliseconds since 1970')
    nonce, expect = _nonce(document.get("nonce")), _expectation(document.get("expect"))
    values, private = arguments_of_json(arguments), frozenset[str]()
    beside = arguments_of_json(detached)
    parts = {name: beside.pop(name) for name in list(beside) if name.startswith(_FIELDS_PREFIX)}
    if parts:
        values, private = _with_fields(values, parts)
    return BatchLine(operation, values, expires_ms, nonce, expect, beside, private)


def _with_fields(values: dict[str, Value], parts: dict[str, Value]) -> tuple[dict[str, Value], frozenset[str]]:
    """The arguments with these parts of `fields` put in, and the parts' names."""
    fields, given = values.get(FIELDS, {}), {name.removeprefix(_FIELDS_PREFIX): one for name, one in parts.items()}
    if not isinstance(fields, dict):
        raise UsageError('"fields" is not an object')
    for name in given:
        if name in fields:
            raise UsageError("the argument {name} is given twice", name=f"{_FIELDS_PREFIX}{name}")
    return {**values, FIELDS: {**fields, **given}}, frozenset(given)


def _nonce(text: Any) -> bytes | None:
    if text is None:
        return None
    nonce = bytes_of_hex(text, "nonce")
    if len(nonce) != NONCE_SIZE_BYTES:
        raise UsageError('"nonce" has not {size} bytes in hexadecimal', size=NONCE_SIZE_BYTES)
    return nonce


def _expectation(value: Any) -> Expectation | None:
    if value is None:
        return None
    if isinstance(value, list) and len(value) == 3:
        kind, record_id, version = value
        if isinstance(kind, str) and isinstance(record_id, str) and type(version) is int and version >= 0:
            return Expectation(kind, record_id, version)
    raise UsageError('"expect" is not a list of a kind, an id and a version, such as ["notice-file", "branch-1", 3]')
