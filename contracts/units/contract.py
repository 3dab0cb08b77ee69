"""The contract `units`: the units of an organisation, their offices and regular meetings.

Owns the declaration; what the operations do is in the modules beside this one. Source: docs/reference/units.md.
"""

from contracts.arguments import Argument, Identifier, Integer, Text
from contracts.contract import Contract, Operation
from contracts.units.appointing import (
    APPOINTING_EVENTS,
    APPOINTING_REASONS,
    appoint_person,
    delegate,
    release_person,
    revoke_delegation,
)
from contracts.units.meetings import KIND_MEETING, MEETING_EVENTS, MEETING_REASONS, NUMBER_MAX, cancel, schedule
from contracts.units.names import BODY_ARGUMENT, PERSON_ARGUMENT, ROLE_ARGUMENT, TITLE, UNIT_ARGUMENT, UNIT_KIND
from contracts.units.office import KIND_OFFICE, OFFICE_REASONS
from contracts.units.role_count import KIND_ROLE_COUNT
from contracts.units.structure import (
    STRUCTURE_EVENTS,
    STRUCTURE_REASONS,
    create,
    dissolve,
    merge,
    move,
    rename,
)
from contracts.units.tree import KIND_UNIT, TREE_REASONS

# When a meeting is, in people's words.
_WORDS = Text(100)
_ADMINISTRATOR = ("administrator",)
_PARENT = Argument("parent", Identifier(), "ledger", optional=True)
_NAME = Argument("name", TITLE, "public")
_OFFICE = (UNIT_ARGUMENT, ROLE_ARGUMENT, PERSON_ARGUMENT)
# The rule or decision behind it.
_BASIS = Argument("basis", Text(200), "public", optional=True)

UNITS = Contract(
    name="units",
    summary="Units of the organisation, their offices and regular meetings",
    kinds=frozenset((KIND_UNIT, KIND_OFFICE, KIND_ROLE_COUNT, KIND_MEETING)),
    events=STRUCTURE_EVENTS | APPOINTING_EVENTS | MEETING_EVENTS,
    reasons=(*TREE_REASONS, *STRUCTURE_REASONS, *OFFICE_REASONS, *APPOINTING_REASONS, *MEETING_REASONS),
    operations=(
        Operation(
            "create",
            "Create a unit",
            (UNIT_ARGUMENT, Argument("kind", UNIT_KIND, "ledger"), _NAME, _PARENT),
            create,
            actors=_ADMINISTRATOR,
        ),
        Operation("rename", "Give a unit another name", (UNIT_ARGUMENT, _NAME), rename, actors=_ADMINISTRATOR),
        Operation("move", "Hang a unit under another one", (UNIT_ARGUMENT, _PARENT), move, actors=_ADMINISTRATOR),
        Operation(
            "merge",
            "End a unit in favour of another one",
            (UNIT_ARGUMENT, Argument("into", Identifier(), "ledger")),
            merge,
            actors=_ADMINISTRATOR,
        ),
        Operation("dissolve", "End a unit", (UNIT_ARGUMENT,), dissolve, actors=_ADMINISTRATOR),
        Operation(
            "appoint",
            "Let a person hold an office of a unit",
            (
                *_OFFICE,
                Argument("since", Integer(0), "ledger", optional=True),
                Argument("until", Integer(0), "ledger", optional=True),
                _BASIS,
                BODY_ARGUMENT,
            ),
            appoint_person,
            actors=_ADMINISTRATOR,
        ),
        Operation(
            "release", "End a person's office", (*_OFFICE, _BASIS, BODY_ARGUMENT), release_person, actors=_ADMINISTRATOR
        ),
        Operation(
            "delegate",
            "Let a member of the unit act in one's own office for a time",
            (*_OFFICE, Argument("until", Integer(0), "ledger")),
            delegate,
            actors=("self",),
        ),
        Operation(
            "revoke-delegation",
            "End a delegation before its time",
            _OFFICE,
            revoke_delegation,
            actors=("administrator", "self"),
        ),
        Operation(
            "schedule",
            "Plan a regular meeting of a unit",
            (
                UNIT_ARGUMENT,
                Argument("title", TITLE, "public"),
                *(Argument(name, _WORDS, "public") for name in ("day", "clock", "zone", "frequency")),
            ),
            schedule,
            actors=_ADMINISTRATOR,
        ),
        Operation(
            "cancel",
            "Cancel a regular meeting of a unit",
            (UNIT_ARGUMENT, Argument("number", Integer(1, NUMBER_MAX), "ledger")),
            cancel,
            actors=_ADMINISTRATOR,
        ),
    ),
)
