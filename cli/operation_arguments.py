"""From what a person types to the arguments of an operation.

Owns the forms `name=text` and `name:=JSON`, files of arguments, and the rule that what is not for everyone's eyes is
detached without being asked for: the declaration of the operation says which arguments those are. Never signs and
never sends. Source: docs/guide/command-line.md, "Submitting".
"""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from cli.errors import UsageError
from cli.ledger_value import bytes_of_hex, from_json, nfc, parse_json
from cli.named_file import read_text
from cli.record_fields import FIELDS
from cli.recurrence_words import recurrence_of_words
from contracts.arguments import Boolean, Declaration, Detached, HashValue, Integer, ListOf, Octets
from contracts.builtin import builtin_registry
from contracts.errors import Refusal
from contracts.schedule.recurrence_argument import RecurrenceArgument
from ledger.detached import DETACHED_SIZE_BYTES_MAX, DetachedValue, commitment_map, detach, is_commitment
from ledger.encoding import Value
from ledger.errors import EncodingError

# Detached values are the largest thing an argument file can hold; JSON may need several bytes for one.
ARGUMENTS_FILE_SIZE_BYTES_MAX = 8 * DETACHED_SIZE_BYTES_MAX

_SETTING = re.compile(r"(?P<name>[^=:]+)(?P<json>:?)=(?P<text>.*)", re.DOTALL)
_FROM_FILE = re.compile(r"(?P<name>[^=@]+)@(?P<path>.+)", re.DOTALL)
_INTEGER = re.compile(r"-?[0-9]{1,19}", re.ASCII)
# Arguments that are milliseconds since 1970 UTC: people write `2026-08-31T19:30+08:00`.
_MOMENTS = frozenset(("at", "since", "until", "opens", "closes"))
_TRUTH = {"true": True, "yes": True, "false": False, "no": False}

# Draws the salt for the detached argument of this name; 32 bytes.
SaltSource = Callable[[str], bytes]


class PreparedArguments(NamedTuple):
    """Arguments as they stand in a transaction, and the values that travel beside it."""

    arguments: dict[str, Value]
    detached: tuple[DetachedValue, ...]


def declaration_of(operation: str) -> Declaration:
    """The arguments that `operation` takes.

    Raises:
        UsageError: there is no such operation in this version; with the nearest ones.
    """
    registry = builtin_registry()
    try:
        return registry.find(operation).operation.declaration
    except Refusal as error:
        names = [str(description["operation"]) for description in registry.describe()]
        near = difflib.get_close_matches(operation, names, n=1)
        if near:
            raise UsageError(
                "there is no operation {name}; did you mean {near}?", name=repr(operation), near=near[0]
            ) from error
        raise UsageError(
            "there is no operation {name}; known are {known}", name=repr(operation), known=", ".join(names)
        ) from error


def parse_settings(settings: Sequence[str], declaration: Declaration | None) -> dict[str, Value]:
    """The values of `--arg`: `name=text`, or `name:=JSON`; a list's argument may stand several times.

    Args:
        settings: As typed.
        declaration: Tells which texts are numbers, truth values, hashes or lists; None takes every text as text.

    Raises:
        UsageError: the message names the argument.
    """
    types = {} if declaration is None else {one.name: one.type for one in declaration.arguments}
    values: dict[str, Value] = {}
    for setting in settings:
        match = _SETTING.fullmatch(setting)
        if match is None:
            raise UsageError("--arg takes name=value or name:=JSON, not {text}", text=repr(setting))
        name = match["name"]
        kind = types.get(name)
        value = parse_json(match["text"], name) if match["json"] else _typed(name, match["text"], kind)
        if isinstance(kind, ListOf) and not match["json"]:
            before = values.setdefault(name, [])
            assert isinstance(before, list)
            before.append(value)
        elif name in values:
            raise UsageError("the argument {name} is given twice", name=name)
        else:
            values[name] = value
    for name, kind in types.items():
        value = values.get(name)
        if isinstance(kind, RecurrenceArgument) and isinstance(value, str):
            values[name] = recurrence_of_words(name, value, values.get("since"))
    return values


def parse_detached(settings: Sequence[str]) -> dict[str, Value]:
    """The values of `--detached`: `name=text`, or `name@FILE` for the text in a file.

    Raises:
        UsageError: the message names the argument.
    """
    values: dict[str, Value] = {}
    for setting in settings:
        match, from_file = _SETTING.fullmatch(setting), _FROM_FILE.fullmatch(setting)
        if from_file is not None:
            name = from_file["name"]
            value: Value = nfc(read_text(Path(from_file["path"]), DETACHED_SIZE_BYTES_MAX), name)
        elif match is not None:
            name = match["name"]
            value = parse_json(match["text"], name) if match["json"] else nfc(match["text"], name)
        else:
            raise UsageError("--detached takes name=value, name:=JSON or name@FILE, not {text}", text=repr(setting))
        if name in values:
            raise UsageError("the argument {name} is given twice", name=name)
        values[name] = value
    return values


def read_arguments_file(path: Path) -> dict[str, Value]:
    """The arguments in a JSON file: one object.

    Raises:
        UsageError: unreadable, not JSON, not an object.
    """
    value = parse_json(read_text(path, ARGUMENTS_FILE_SIZE_BYTES_MAX), str(path))
    if not isinstance(value, dict):
        raise UsageError("{path} does not hold a JSON object of arguments", path=str(path))
    return value


def arguments_of_json(document: Mapping[str, Any]) -> dict[str, Value]:
    """The arguments that a JSON object (from a batch) stands for; raises UsageError as `from_json`."""
    return {nfc(name, name): from_json(value, name) for name, value in document.items()}


def prepare(
    operation: str,
    values: Mapping[str, Value],
    detached: Mapping[str, Value],
    draw_salt: SaltSource,
    declaration: Declaration | None,
    private_fields: frozenset[str] = frozenset(),
) -> PreparedArguments:
    """Arguments ready for a transaction; what the declaration wants detached is detached.

    Args:
        operation: For messages.
        values: By name; a commitment map stands for a value that was detached elsewhere.
        detached: Further values, to be detached whatever the declaration says.
        draw_salt: Random salts, or derived ones where the same transaction must be made again.
        declaration: None sends what is given, unchecked.
        private_fields: The parts of the argument `fields` whose values are detached too.

    Raises:
        UsageError: an argument is missing, unknown or of the wrong kind.
    """
    beside = (
        {argument.name for argument in declaration.arguments if isinstance(argument.type, Detached)}
        if (declaration)
        else set()
    )
    arguments: dict[str, Value] = {}
    travelling: list[DetachedValue] = []
    for name, value in {**values, **detached}.items():
        if name in values and name in detached:
            raise UsageError("the argument {name} is given twice", name=name)
        if name in detached or (name in beside and not is_commitment(value)):
            one = _detach(name, value, draw_salt)
            travelling.append(one)
            arguments[name] = commitment_map(one)
        elif private_fields and name == FIELDS and isinstance(value, dict):
            fields = dict(value)
            for part in sorted(private_fields & value.keys()):
                one = _detach(f"{name}.{part}", value[part], draw_salt)
                travelling.append(one)
                fields[part] = commitment_map(one)
            arguments[name] = fields
        else:
            arguments[name] = value
    if declaration is not None:
        _check(operation, arguments, declaration)
    return PreparedArguments(arguments, tuple(travelling))


def _detach(name: str, value: Value, draw_salt: SaltSource) -> DetachedValue:
    try:
        return detach(value, draw_salt(name))
    except EncodingError as error:
        raise UsageError("the value of {name} cannot be encoded: {reason}", name=name, reason=error) from error


def _check(operation: str, arguments: dict[str, Value], declaration: Declaration) -> None:
    try:
        declaration.check(arguments)
    except Refusal as error:
        known = ", ".join(f"[{one.name}]" if one.optional else one.name for one in declaration.arguments)
        raise UsageError(
            "{reason} (the operation {operation} takes: {known})", reason=error, operation=operation, known=known
        ) from error


def _typed(name: str, text: str, kind: object) -> Value:
    if isinstance(kind, ListOf):
        kind = kind.item
    if isinstance(kind, Integer):
        if name in _MOMENTS and "T" in text:
            return _moment(name, text)
        if not _INTEGER.fullmatch(text):
            raise UsageError("the argument {name} needs a whole number, not {text}", name=name, text=repr(text))
        return int(text)
    if isinstance(kind, Boolean):
        if text.lower() not in _TRUTH:
            raise UsageError("the argument {name} needs true or false, not {text}", name=name, text=repr(text))
        return _TRUTH[text.lower()]
    if isinstance(kind, HashValue | Octets):
        return bytes_of_hex(text, name)
    return nfc(text, name)


def _moment(name: str, text: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    # A time without an offset means another moment in every place.
    if found is None or found.tzinfo is None:
        raise UsageError(
            "the argument {name} needs a time with its offset from UTC, such as {example}, not {text}",
            name=name,
            example="2026-08-31T19:30+08:00",
            text=repr(text),
        )
    return round(found.timestamp() * 1000)
