"""Texts with names in braces: `{group}/{number}`.

Owns the form; a brace that is meant is written twice. Never formats anything but texts.
"""

import string
from collections.abc import Mapping

from cli.errors import UsageError
from ledger.errors import BanyanError

_FORMATTER = string.Formatter()


def fields_of(template: str, place: BanyanError) -> tuple[str, ...]:
    """The names in a template, each once, in their order.

    Raises:
        UsageError: braces that do not match, or more than a name between them; `place` says where.
    """
    names: dict[str, None] = {}
    try:
        for _text, name, form, conversion in _FORMATTER.parse(template):
            if name is None:
                continue
            if not name or form or conversion:
                raise ValueError(name)
            names[name] = None
    except ValueError as error:
        raise UsageError(
            "{place}: {written} is no template; names stand in braces, such as {example}",
            place=place,
            written=repr(template),
            example="{group}/{number}",
        ) from error
    return tuple(names)


def names_in(template: str) -> tuple[str, ...]:
    """The names in a template that was checked by `fields_of`."""
    return tuple(dict.fromkeys(name for _text, name, _form, _conversion in _FORMATTER.parse(template) if name))


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with its names replaced; every name in it is among `values`, and it was checked by `fields_of`."""
    # Not `str.format`: column names may hold dots and brackets, which it would take apart.
    return "".join(
        text + (values[name] if name is not None else "")
        for text, name, _form, _conversion in _FORMATTER.parse(template)
    )
