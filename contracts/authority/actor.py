"""Actors: the small closed language in which every operation says who may do it.

Owns the grammar and nothing else; never looks at state. Invariants: what was parsed prints as the text that it was
parsed from; no two texts mean the same. Source: docs/reference/authority.md, "Actors".

    actor = "administrator" | "anyone" | "self" | "creator" | "guardian" | role
    role  = "role:" NAME [ "@parent" | "@above" | "@unit:" UNIT ]
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from ledger.errors import LocalError

ADMINISTRATOR = "administrator"
ANYONE = "anyone"
SELF = "self"
CREATOR = "creator"
GUARDIAN = "guardian"
ROLE = "role"
PLAIN_KINDS = (ADMINISTRATOR, ANYONE, SELF, CREATOR, GUARDIAN)

# Where the office is held: in the record's own unit, in that unit's parent, in any unit above it, in a named one.
REACH_OWN = ""
REACH_PARENT = "parent"
REACH_ABOVE = "above"
REACH_UNIT = "unit"

# The name of an office in a unit. Neither `@` nor `:`, so that a reach is never taken for part of a name; as long as
# the names of roles in the classes of arguments.
ROLE_PATTERN = r"[a-z][a-z0-9_-]{0,31}"
# Belonging to a unit is an office too, of this name.
ROLE_MEMBER = "member"
# As an identifier among the arguments of an operation.
_UNIT_PART = r"[A-Za-z0-9_][A-Za-z0-9._@+:-]*"
_UNIT_LENGTH_MAX = 128
_ROLE = re.compile(
    rf"role:(?P<name>{ROLE_PATTERN})(?:@(?:(?P<reach>parent|above)|unit:(?P<unit>{_UNIT_PART}(?:/{_UNIT_PART})*)))?"
)


class InvalidActorError(LocalError):
    """A text that names no actor."""

    code = "actor"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody described by what they are: `kind` is one of `PLAIN_KINDS` or `role`; the rest belongs to roles.

    `reach` says where the office `role` is held; `unit` is the unit that `@unit:` names. `text` is what it was parsed
    from.
    """

    kind: str
    role: str = ""
    reach: str = REACH_OWN
    unit: str = ""
    text: str = field(init=False, repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> "Actor":
        """The actor that a text names.

        Raises:
            InvalidActorError: it names none.
        """
        return _parse(text)

    def __str__(self) -> str:
        return self.text

    def __post_init__(self) -> None:
        # Noted in every record that a pack defines.
        object.__setattr__(self, "text", self._written())

    def _written(self) -> str:
        if self.kind != ROLE:
            return self.kind
        if self.reach == REACH_OWN:
            return f"role:{self.role}"
        reach = f"unit:{self.unit}" if self.reach == REACH_UNIT else self.reach
        return f"role:{self.role}@{reach}"


def parse_actors(texts: Iterable[str]) -> tuple[Actor, ...]:
    """The actors that several texts name, in their order, each once.

    Raises:
        InvalidActorError: one names none.
    """
    return tuple(dict.fromkeys(map(Actor.parse, texts)))


# The actors of all operations and of the record types in force: a few hundred texts.
@lru_cache(maxsize=1024)
def _parse(text: str) -> Actor:
    if text in PLAIN_KINDS:
        return Actor(text)
    match = _ROLE.fullmatch(text)
    if match is None or len(match["unit"] or "") > _UNIT_LENGTH_MAX:
        raise InvalidActorError(
            "{text} names no actor; known are {known}, role:NAME, role:NAME@parent, role:NAME@above and"
            " role:NAME@unit:UNIT",
            text=repr(text[:100]),
            known=", ".join(PLAIN_KINDS),
        )
    unit = match["unit"] or ""
    return Actor(ROLE, match["name"], REACH_UNIT if unit else match["reach"] or REACH_OWN, unit)
