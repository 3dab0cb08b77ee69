"""Typer's complaints about a command line, as errors of ours: in the language in use, with a suggestion.

Owns the patterns of Typer's English messages. A message that fits none is shown as it is, so a newer Typer shows
English where it once was translated, and nothing worse.
"""

import difflib
import re
from typing import Any

from typer import TyperException

from cli.errors import UsageError

_COMMAND = re.compile(r"No such command '(?P<name>[^']*)'")
_OPTION = re.compile(r"No such option: (?P<name>\S+)")
_MISSING = re.compile(r"Missing (?:argument|option|parameter) (?P<name>.*?)\.?(?: .*)?")
_EXTRA = re.compile(r"Got unexpected extra argument\(s\) \((?P<text>.*)\)")
_NO_VALUE = re.compile(r"Option '(?P<name>[^']*)' requires (?:an argument|\d+ arguments)\.?")
_VALUE = re.compile(r"Option '(?P<name>[^']*)' does not take a value\.?")
_NO_COMMAND = re.compile(r"Missing command\.?")
_COUNT = re.compile(r"Argument '(?P<name>[^']*)' takes (?P<count>\d+) values\.?")
_INVALID = re.compile(r"Invalid value for (?P<name>.*?): (?P<reason>.*)", re.DOTALL)
_INVALID_SOMEWHERE = re.compile(r"Invalid value: (?P<reason>.*)", re.DOTALL)
# What is wrong with a value, as pydantic says it for Typer.
_NO_INTEGER = re.compile(r"Input should be a valid integer\b.*", re.DOTALL)
_TOO_LONG = re.compile(r"Unable to parse input string as an integer, exceeded maximum size.*", re.DOTALL)
_TOO_SMALL = re.compile(r"Input should be greater than or equal to (?P<bound>-?\d+)")
_TOO_LARGE = re.compile(r"Input should be less than or equal to (?P<bound>-?\d+)")
_NO_TEXT = re.compile(r"Input should be a valid (?:string|unicode string)\b.*", re.DOTALL)


def usage_error(error: TyperException) -> UsageError:
    """What to tell for Typer's `error`: what is wrong, and where help is."""
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", None) or "banyan"
    message = error.format_message()
    for pattern, build in (
        (_NO_COMMAND, _no_command),
        (_COMMAND, _unknown_command),
        (_OPTION, _unknown_option),
        (_MISSING, _missing),
        (_EXTRA, _extra),
        (_NO_VALUE, _no_value),
        (_VALUE, _surplus_value),
        (_COUNT, _wrong_count),
        (_INVALID, _invalid),
        (_INVALID_SOMEWHERE, _invalid_somewhere),
    ):
        match = pattern.match(message) if pattern is _COMMAND else pattern.fullmatch(message.partition(" (Possible")[0])
        if match:
            return build(match.groupdict(), command, context)
    return UsageError("{message}; see `{command} --help`", message=message, command=command)


def _near(name: str, names: list[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, names, n=1, cutoff=0.7)), None)


def _no_command(found: dict[str, str], command: str, context: Any) -> UsageError:
    return UsageError("a command is missing; `{command} --help` lists all", command=command)


def _unknown_command(found: dict[str, str], command: str, context: Any) -> UsageError:
    names = list(getattr(getattr(context, "command", None), "commands", {}))
    near = _near(found["name"], names)
    if near:
        return UsageError(
            "there is no command `{name}`; did you mean `{command} {near}`?",
            name=found["name"],
            command=command,
            near=near,
        )
    return UsageError("there is no command `{name}`; `{command} --help` lists all", name=found["name"], command=command)


def _unknown_option(found: dict[str, str], command: str, context: Any) -> UsageError:
    parameters = getattr(getattr(context, "command", None), "params", [])
    near = _near(found["name"], [name for parameter in parameters for name in parameter.opts])
    if near:
        return UsageError(
            "`{command}` has no option {name}; did you mean {near}?", name=found["name"], command=command, near=near
        )
    return UsageError(
        "`{command}` has no option {name}; `{command} --help` lists all", name=found["name"], command=command
    )


def _missing(found: dict[str, str], command: str, context: Any) -> UsageError:
    return UsageError(
        "{name} is missing; give it, `{command} --help` says how", name=_bare(found["name"]), command=command
    )


def _extra(found: dict[str, str], command: str, context: Any) -> UsageError:
    return UsageError(
        "`{command}` takes no further argument: {text}; put quotes around a text with spaces",
        command=command,
        text=found["text"],
    )


def _no_value(found: dict[str, str], command: str, context: Any) -> UsageError:
    return UsageError(
        "the option {name} needs a value after it; see `{command} --help`", name=found["name"], command=command
    )


def _surplus_value(found: dict[str, str], command: str, context: Any) -> UsageError:
    return UsageError("the option {name} takes no value; see `{command} --help`", name=found["name"], command=command)


def _wrong_count(found: dict[str, str], command: str, context: Any) -> UsageError:
    return UsageError(
        "{name} takes {count} values; give them, `{command} --help` says how",
        name=found["name"],
        count=found["count"],
        command=command,
    )


def _invalid(found: dict[str, str], command: str, context: Any) -> UsageError:
    return UsageError(
        "the value of {name} cannot be used: {reason}; see `{command} --help`",
        name=_bare(found["name"]),
        reason=_reason(found["reason"]),
        command=command,
    )


def _invalid_somewhere(found: dict[str, str], command: str, context: Any) -> UsageError:
    return UsageError(
        "a value cannot be used: {reason}; see `{command} --help`", reason=_reason(found["reason"]), command=command
    )


def _reason(text: str) -> UsageError | str:
    if _TOO_LONG.fullmatch(text):
        return UsageError("it has too many digits")
    if _NO_INTEGER.fullmatch(text):
        return UsageError("it is not a whole number")
    if found := _TOO_SMALL.fullmatch(text):
        return UsageError("it is less than {bound}", bound=found["bound"])
    if found := _TOO_LARGE.fullmatch(text):
        return UsageError("it is more than {bound}", bound=found["bound"])
    if _NO_TEXT.fullmatch(text):
        return UsageError("it is not a text in UTF-8")
    return text.rstrip(".")


def _bare(name: str) -> str:
    return name.replace("'", "")
