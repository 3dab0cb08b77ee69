"""Room in a record: whoever fills it first leaves enough for what comes after.

Owns how large the values of a record may be. A record has 16 KiB; without this, somebody who creates one could fill it
so that no later transition could be written, and nobody could end it. Never writes. Invariants: what the engine notes
itself (approvals, a waiting transition, deadlines, where it came from) always fits; of every field that is not there
yet, up to `SHARE_SIZE_BYTES` fit, however long the others are. Source: docs/reference/records.md, "Room".
"""

from typing import TYPE_CHECKING, NamedTuple

from contracts.packs.field import Field
from contracts.packs.record_type import TypeDefinition
from contracts.record import RECORD_SIZE_BYTES_MAX
from contracts.records.reasons import RECORD_FULL
from ledger.encoding import encode

if TYPE_CHECKING:
    from contracts.records.move import Move

# Kept for a field that is not there yet: a paragraph, a date, a name, a short list. Less where there are many fields,
# so that at least half of the room is left for what is there.
SHARE_SIZE_BYTES = 256
# What is always noted: unit (128 characters), kind, states, actor (up to 180), article (200), hashes, times, names of
# fields; the counts of a vote; a note's commitment; the place of imported data (up to 980).
_NOTED_SIZE_BYTES = 2_100
# The ids of the deadlines that may run for a record.
_TIMERS_SIZE_BYTES = 8 * 50
# A waiting transition without its approvals and fields: who asked, as what, and once more a note and a place.
_PENDING_SIZE_BYTES = 1_500
# An approval without its actor: an account, a person or the account's name.
_APPROVAL_SIZE_BYTES = 112
# The encoding of a length or of a whole number.
_HEAD_SIZE_BYTES = 9
_ITEM_SIZE_BYTES = {"boolean": 1, "hash": 34, "person": 66, "unit": 131, "enum": 34, "reference": 203}


class Room(NamedTuple):
    """What the values of a type's records may have: `values_max` bytes, and less by what is `kept` for missing fields.

    `kept` is what each field takes at most, its name included, and no more than `share`.
    """

    values_max: int
    share: int
    kept: dict[str, int]


def room_of(definition: TypeDefinition) -> Room:
    """The room that the records of a type have."""
    noted = _NOTED_SIZE_BYTES + _TIMERS_SIZE_BYTES
    reviews = [one.review for one in definition.transitions.values() if one.review is not None]
    if reviews:
        # Those of the last decision, and those that wait for the next one.
        longest = max(one.count * (_APPROVAL_SIZE_BYTES + max(map(len, one.actors))) for one in reviews)
        noted += _PENDING_SIZE_BYTES + 2 * longest
    values_max = RECORD_SIZE_BYTES_MAX - noted
    share = min(SHARE_SIZE_BYTES, values_max // 2 // max(1, len(definition.fields)))
    kept = {name: min(share, _size_max(field)) for name, field in definition.fields.items()}
    return Room(values_max, share, kept)


def check_room(move: "Move", record_size_bytes: int) -> None:
    """Refuse a record, written just now with so many bytes, that leaves too little room.

    Raises:
        Refusal: `records.record-full`.

    Cost: next to nothing, where the record is not large.
    """
    room = move.program.room
    # What is kept for other fields is never more than half of it.
    if record_size_bytes <= room.values_max // 2:
        return
    limit = room.values_max - sum(size for name, size in room.kept.items() if name not in move.values)
    size = len(encode(move.values))
    if size > limit:
        raise move.refusal(RECORD_FULL, size=size, limit=limit)


def _size_max(field: Field) -> int:
    """The most bytes that a field takes, its name included."""
    head = len(field.name) + 1
    if field.is_detached:
        return head + 40
    item = field.size_bytes_max if field.item_type == "text" else _ITEM_SIZE_BYTES.get(field.item_type, 0)
    return head + _HEAD_SIZE_BYTES + (field.count_max or 1) * (item + _HEAD_SIZE_BYTES)
