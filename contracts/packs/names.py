"""The names that a pack gives to things, and the texts that say who may act.

Owns their forms. Never knows what is declared. Source: docs/reference/packs.md, "Names".
"""

import re

# Kinds, states, transitions, rules, parameters, counters, events and packs.
NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
NAME_HINT = "small letters, digits and hyphens, such as board-member"
# Fields are names in rules too.
FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
FIELD_NAME_HINT = "small letters, digits and _, such as joined_on"
# Where a record may not be there yet, the empty text is the state before all others.
FROM_STATE = re.compile(r"(?:[a-z][a-z0-9-]{0,31})?")
# `contract.method`, as it stands in a transaction.
OPERATION = re.compile(r"[a-z][a-z0-9-]{0,31}\.[a-z][a-z0-9-]{0,31}")
OPERATION_HINT = "an operation, such as unit.found"
# One part of an id, as units and roles have it everywhere on the ledger.
_PART = r"[A-Za-z0-9_][A-Za-z0-9._@+:-]{0,63}"
ROLE = re.compile(r"[a-z][a-z0-9-]{0,31}")
ROLE_HINT = "a role, such as treasurer"
ACTOR = re.compile(
    r"administrator|anyone|self|creator|guardian|"
    rf"role:[a-z][a-z0-9-]{{0,31}}(?:@(?:parent|above|unit:{_PART}(?:/{_PART})*))?"
)
# Who decides a case: people by an office of theirs, never somebody by being anybody.
CASE_OWNER = re.compile(rf"administrator|role:{ROLE.pattern}(?:@parent|@above)?")
CASE_OWNER_HINT = "administrator, role:board, role:board@parent or role:board@above"
ACTOR_HINT = (
    "administrator, anyone, self, creator, guardian, role:NAME, role:NAME@parent, role:NAME@above, role:NAME@unit:UNIT"
)


def role_of(actor: str) -> str | None:
    """The role that an actor's text names; None if it names none."""
    return actor[5:].partition("@")[0] if actor.startswith("role:") else None
