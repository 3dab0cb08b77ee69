"""Permissions: who may do an operation beside those whom its declaration names.

Owns the form of the record `permission/<operation>`, its reading, and how one more grant goes into it; never writes one
(who decides on an organisation's rules does). Invariants: a permission adds actors to a declaration and takes none;
what one pack grants, another one neither takes nor gives; what is to come changes nothing before its height.
Source: docs/reference/authority.md, "Permissions".
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from contracts.authority.actor import Actor, InvalidActorError, parse_actors
from ledger.encoding import Value
from ledger.errors import DecodingError
from ledger.hashing import Hash

if TYPE_CHECKING:
    from contracts.run_context import RunContext

KIND_PERMISSION = "permission"

# Actors that one operation's grants name together, those to come included: an actor has at most 176 characters, so the
# record stays within its 16 KiB.
ACTORS_LISTED_MAX = 48


class Grant(NamedTuple):
    """From the block `from_height` on, the pack of the hash `pack` lets `actors` do an operation; nobody, if empty."""

    from_height: int
    pack: Hash
    actors: tuple[str, ...]


# The grants of each pack, by its name, ascending by height.
Grants = Mapping[str, tuple[Grant, ...]]


def permitted_actors(context: "RunContext", operation: str) -> tuple[Actor, ...]:
    """The further actors of an operation at this height; none where no pack in force permits any. One read.

    Raises:
        DecodingError: the record is damaged.
    """
    found: dict[Actor, None] = {}
    for grants in grants_of(context, operation).values():
        now = [one for one in grants if one.from_height <= context.height]
        if now:
            found |= dict.fromkeys(_parsed(now[-1].actors, operation))
    return tuple(found)


def grants_of(context: "RunContext", operation: str) -> dict[str, tuple[Grant, ...]]:
    """Every pack's grants of an operation, those to come included. One read.

    Raises:
        DecodingError: the record is damaged.
    """
    record = context.read(KIND_PERMISSION, operation)
    if record is None:
        return {}
    packs = record.fields.get("packs")
    if not isinstance(packs, dict):
        raise DecodingError("the permission of {operation} does not say which packs give it", operation=operation)
    return {name: _grants(rows, operation) for name, rows in packs.items()}


def with_grant(grants: Grants, name: str, grant: Grant, height: int) -> dict[str, tuple[Grant, ...]]:
    """`grants` with one more of the pack `name`, which takes the place of what that was to grant from then on.

    What is over at `height` is left out, and so is a pack that grants nothing any more: the log keeps it.
    """
    kept = [one for one in grants.get(name, ()) if one.from_height < grant.from_height]
    over = [one for one in kept if one.from_height <= height][:-1]
    rows = [one for one in kept if one not in over]
    if rows and not rows[0].actors:
        del rows[0]
    if grant.actors or rows:
        rows.append(grant)
    others = {other: found for other, found in grants.items() if other != name}
    return others | {name: tuple(rows)} if rows else others


def count_listed(grants: Grants) -> int:
    """How many actors the grants name; one that ends others counts as one."""
    return sum(max(1, len(one.actors)) for rows in grants.values() for one in rows)


def permission_fields(grants: Grants) -> dict[str, Value]:
    """The fields of the record."""
    packs: dict[str, Value] = {
        name: [[one.from_height, one.pack, list(one.actors)] for one in rows] for name, rows in sorted(grants.items())
    }
    return {"packs": packs}


def _grants(rows: Value, operation: str) -> tuple[Grant, ...]:
    found = []
    for row in rows if isinstance(rows, list) else [None]:
        match row:
            case [int(height), bytes(pack), list(actors)] if all(isinstance(one, str) for one in actors):
                found.append(Grant(height, pack, tuple(map(str, actors))))
            case _:
                raise DecodingError("the permission of {operation} is not a list of grants", operation=operation)
    return tuple(found)


def _parsed(texts: tuple[str, ...], operation: str) -> tuple[Actor, ...]:
    try:
        return parse_actors(texts)
    except InvalidActorError as error:
        raise DecodingError(
            "the permission of {operation} names no actor: {reason}", operation=operation, reason=error
        ) from error
