"""The names of units, offices and persons, as arguments. Owns their forms; knows nothing of records.

A person is a pseudonym, one part of an id without a slash: `<unit>/<role>/<person>` can be read in one way only, though
a unit has slashes. Source: docs/reference/units.md, "Names".
"""

from contracts.arguments import Argument, Detached, Identifier, Text
from contracts.authority.actor import ROLE_PATTERN

NAME_PATTERN = r"[A-Za-z0-9_][A-Za-z0-9._@+:-]*"
PERSON = Text(64, pattern=NAME_PATTERN)
ROLE = Text(32, pattern=ROLE_PATTERN)
UNIT_KIND = Text(64, pattern=NAME_PATTERN)
# A unit's name, a meeting's title.
TITLE = Text(200)

UNIT_ARGUMENT = Argument("unit", Identifier(), "ledger")
ROLE_ARGUMENT = Argument("role", ROLE, "ledger")
PERSON_ARGUMENT = Argument("person", PERSON, "ledger")
BODY_ARGUMENT = Argument("body", Detached(), "unit", optional=True)
