"""Reading a record; one of an older pack becomes one of the pack in force on the way.

Owns the migration on touch: when a record is looked at for a transition, the states of its pack are carried over
version by version, as the type's `migration` says. Never writes: whoever changes the record writes it whole.
Invariants: values stay; what a newer type needs and the record lacks may be missing until a transition needs it; a
record whose approvals are pending keeps its pack until they are given up. Source: docs/reference/records.md,
"Migration".
"""

from contracts.errors import Refusal
from contracts.packs.active import versions_of
from contracts.records.pack_record import PackRecord, read_pack_record
from contracts.records.program import Program, find_program_of
from contracts.records.reasons import STATE_UNKNOWN
from contracts.run_context import RunContext


def find_record(
    context: RunContext, program: Program, record_id: str, without_pending: bool = False
) -> PackRecord | None:
    """The record as one of the pack in force; None where there is none.

    Args:
        context: The transaction under way.
        program: The kind's, of the pack in force.
        record_id: Of the form of an id (`contracts.records.identity.is_record_id`), as arguments of operations are.
        without_pending: Give up what waits for approvals.

    Raises:
        Refusal: `records.state-unknown`.
    """
    found = context.read_as(program.kind, record_id, read_pack_record)
    if found is None:
        return None
    if without_pending and found.pending is not None:
        found = found.changed(pending=None)
    if found.pack == program.pack or found.pending is not None:
        return found
    return found.changed(state=_migrated_state(context, program, record_id, found), pack=program.pack)


def _migrated_state(context: RunContext, program: Program, record_id: str, record: PackRecord) -> str:
    """The record's state in the newest version, by way of all versions in between."""
    packs = [version.pack for version in versions_of(context, program.kind) if version.from_height <= context.height]
    state = record.state
    begin = packs.index(record.pack) + 1 if record.pack in packs else 0
    for pack in packs[begin:]:
        definition = find_program_of(context, pack, program.kind).definition
        state = definition.migration.get(state, state)
        if state and state not in definition.states:
            raise Refusal(*STATE_UNKNOWN, kind=program.kind, id=record_id, state=state)
    return state
