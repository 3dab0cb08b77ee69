"""The names of units, offices and persons, as arguments. Owns their forms; knows nothing of records.

A person is a pseudonym, one part of an id without a slash: `<unit>/<role>/<person>` can be read in one way only, though
a unit has slashes. Source: docs/reference/units.md, "Names".
"""

import re
from typing import TypeGuard

from contracts.arguments import Argument, Detached, Identifier, Text
from contracts.authority.actor import ROLE_PATTERN
from ledger.encoding import Value

NAME_PATTERN = r"[A-Za-z0-9_][A-Za-z0-9._@+:-]*"
PERSON_LENGTH_MAX = 64
PERSON = Text(PERSON_LENGTH_MAX, pattern=NAME_PATTERN)
ROLE = Text(32, pattern=ROLE_PATTERN)
UNIT_KIND = Text(64, pattern=NAME_PATTERN)
# A unit's name, a meeting's title.
TITLE = Text(200)

UNIT_ARGUMENT = Argument("unit", Identifier(), "ledger")
ROLE_ARGUMENT = Argument("role", ROLE, "ledger")
PERSON_ARGUMENT = Argument("person", PERSON, "ledger")
BODY_ARGUMENT = Argument("body", Detached(), "unit", optional=True)
_PERSON_FORM = re.compile(NAME_PATTERN)


def is_person(value: Value) -> TypeGuard[str]:
    """Whether a value is a text that can be the name of a person."""
    return isinstance(value, str) and len(value) <= PERSON_LENGTH_MAX and _PERSON_FORM.fullmatch(value) is not None
