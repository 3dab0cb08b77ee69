"""The packs that a network begins with: the records that they make at height 0.

Owns what a pack in a genesis has to be, which is what a published one that the administrators agreed on would be, and
the form of its records. Each is in force from the first block on. Source: docs/reference/contracts.md, "The state at
height 0".
"""

from collections.abc import Mapping, Sequence

from contracts.authority.permission import (
    ACTORS_LISTED_MAX,
    KIND_PERMISSION,
    Grant,
    Grants,
    count_listed,
    permission_fields,
)
from contracts.indices.section import SECTION_INDICES
from contracts.packs.active import (
    KIND_ACTIVE,
    KIND_PACK,
    KIND_PART,
    KIND_SECTION,
    KIND_TYPE,
    PackVersion,
    TypeVersion,
    section_id,
    versions_fields,
)
from contracts.packs.check import BEGIN_PURPOSE
from contracts.packs.fault import PackFault
from contracts.packs.overlay import not_weaker
from contracts.packs.ownership import shared_role
from contracts.packs.pack import Pack
from contracts.packs.record_type import part_hash
from contracts.packs.sections.known import decode_part
from contracts.record import record_key
from contracts.timers import first_timer
from contracts.warnings.names import PURPOSE_BEGIN
from ledger.encoding import Value
from ledger.errors import InvalidGenesisError
from ledger.genesis_pack import GenesisPack

FIRST_HEIGHT = 1


def pack_records(packs: Sequence[GenesisPack]) -> dict[bytes, dict[str, Value]]:
    """The fields of the records that these packs make, by key.

    Raises:
        InvalidGenesisError: a pack is not right, is weaker than its base, or takes what belongs to another one.
    """
    records: dict[bytes, dict[str, Value]] = {}
    decoded: dict[str, Pack] = {}
    owners: dict[str, str] = {}
    permitted: dict[str, Grants] = {}
    for one in packs:
        pack = _decoded(one)
        below = _base_of(pack, decoded)
        for owned in pack.types:
            if owners.get(owned, below) not in (below, None):
                raise InvalidGenesisError(
                    "{owned} of the pack {name} belongs to {other} already",
                    owned=owned,
                    name=one.name,
                    other=owners[owned],
                )
            owners[owned] = one.name
        _check_roles(pack, decoded)
        decoded[one.name] = pack
        records |= _records_of(pack, one)
        _permit(permitted, pack, below)
    for operation, grants in permitted.items():
        records[record_key(KIND_PERMISSION, operation)] = permission_fields(grants)
    return records


def _decoded(one: GenesisPack) -> Pack:
    try:
        parts = {decode_part(part)[0]: part for part in one.parts}
        pack = Pack.decode(one.manifest, parts)
        if len(parts) != len(one.parts) or set(pack.parts()) != set(parts) or pack.manifest.name != one.name:
            raise PackFault("name, manifest and parts do not belong together")
    except PackFault as fault:
        raise InvalidGenesisError(
            "the pack {name} in the genesis is not right ({reason}); take the network's own genesis.json",
            name=one.name,
            reason=fault,
        ) from fault
    return pack


def _base_of(pack: Pack, decoded: dict[str, Pack]) -> str | None:
    base = pack.manifest.base
    if base is None:
        return None
    below = decoded.get(base.name)
    if below is None or not_weaker(below, pack):
        raise InvalidGenesisError(
            "the pack {name} in the genesis does not stand on its base {base}: that comes first, and asks for no more",
            name=pack.manifest.name,
            base=base.name,
        )
    return base.name


def _check_roles(pack: Pack, decoded: Mapping[str, Pack]) -> None:
    """A role belongs to one pack, and to local conventions on top of it."""
    family, base = set(), pack.manifest.base
    while base is not None and base.name in decoded:
        family.add(base.name)
        base = decoded[base.name].manifest.base
    for name, other in decoded.items():
        shared = shared_role(pack.manifest, other.manifest) if name not in family else None
        if shared is not None:
            raise InvalidGenesisError(
                'the role {role} of the pack {name} belongs to {other} already; write `of = "{other}"` to borrow it',
                role=shared.role,
                name=pack.manifest.name,
                other=shared.other,
            )


def _records_of(pack: Pack, one: GenesisPack) -> dict[bytes, dict[str, Value]]:
    manifest, found = pack.manifest, pack.hash
    records: dict[bytes, dict[str, Value]] = {
        record_key(KIND_PART, part_hash(part).hex()): {"data": part} for part in one.parts
    }
    records[record_key(KIND_PACK, found.hex())] = {
        "data": one.manifest,
        "name": manifest.name,
        "version": manifest.version,
    }
    newest = PackVersion(FIRST_HEIGHT, found, manifest.version)
    records[record_key(KIND_ACTIVE, manifest.name)] = versions_fields((newest,))
    for kind, part in manifest.parts.items():
        records[record_key(KIND_TYPE, kind)] = versions_fields((TypeVersion(FIRST_HEIGHT, found, part),))
    for section, part in manifest.sections.items():
        version = TypeVersion(FIRST_HEIGHT, found, part)
        records[record_key(KIND_SECTION, section_id(manifest.name, section))] = versions_fields((version,))
    if any(definition.checks for definition in pack.types.values()):
        key, timer = first_timer(found, BEGIN_PURPOSE, {"pack": found})
        records[key] = timer
    if SECTION_INDICES in manifest.sections:
        key, timer = first_timer(found, PURPOSE_BEGIN, {"pack": found})
        records[key] = timer
    return records


def _permit(permitted: dict[str, Grants], pack: Pack, below: str | None) -> None:
    """Add what a pack grants; local conventions take the place of the pack below them."""
    name = pack.manifest.name
    for operation, grants in list(permitted.items()):
        left = {other: found for other, found in grants.items() if other != below}
        permitted[operation] = left
        if not left:
            del permitted[operation]
    for operation, actors in pack.manifest.permissions.items():
        grants = {**permitted.get(operation, {}), name: (Grant(FIRST_HEIGHT, pack.hash, actors),)}
        if count_listed(grants) > ACTORS_LISTED_MAX:
            raise InvalidGenesisError(
                "the packs of the genesis name more than {limit} actors who may do {operation}; let them name fewer",
                limit=ACTORS_LISTED_MAX,
                operation=operation,
            )
        permitted[operation] = grants


def genesis_pack(pack: Pack) -> GenesisPack:
    """The pack as a genesis holds it."""
    return GenesisPack(pack.manifest.name, pack.manifest.encode(), tuple(sorted(pack.parts().values())))
