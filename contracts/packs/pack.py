"""A whole pack: its manifest, its record types and its sections, consistent with each other.

Owns what can only be said of all parts together: roles that are declared, transitions of other types, parameters that
are the same everywhere. Source: docs/reference/packs.md.
"""

import dataclasses
from collections.abc import Mapping, Set
from dataclasses import dataclass

from contracts.packs.effect import Advance, Appoint, Count, Release
from contracts.packs.fault import Faults, PackFault, undeclared
from contracts.packs.limits import TYPES_MAX
from contracts.packs.manifest import Manifest
from contracts.packs.names import role_of
from contracts.packs.record_type import TypeDefinition, part_hash
from contracts.packs.sections.known import SECTION_KINDS, decode_section, encode_section
from contracts.packs.sections.section import Section, part_name
from contracts.packs.transition import Transition
from contracts.packs.type_check import roles_named
from contracts.packs.used import UsedField
from ledger.hashing import Hash


@dataclass(frozen=True, slots=True)
class Pack:
    """A manifest, the types that it lists, by kind, and its sections, by name."""

    manifest: Manifest
    types: dict[str, TypeDefinition]
    sections: dict[str, Section] = dataclasses.field(default_factory=dict)

    @property
    def hash(self) -> Hash:
        """The pack's hash."""
        return self.manifest.hash

    def parts(self) -> dict[str, bytes]:
        """The bytes of every part: of types by kind, of sections by `section.` and their name."""
        types = {kind: definition.encode() for kind, definition in self.types.items()}
        return types | {part_name(name): encode_section(one) for name, one in self.sections.items()}

    @classmethod
    def decode(cls, manifest: bytes, parts: Mapping[str, bytes]) -> "Pack":
        """The pack in these bytes, consistent in all its parts.

        Raises:
            PackFault: the first thing that is wrong. Nothing else is ever raised.

        Cost: some milliseconds for each large part.
        """
        decoded = Manifest.decode(manifest)
        types = {
            kind: TypeDefinition.decode(_listed(parts, kind, wanted, f"type.{kind}"))
            for kind, wanted in decoded.parts.items()
        }
        sections = {
            name: decode_section(_listed(parts, part_name(name), wanted, name))
            for name, wanted in decoded.sections.items()
        }
        pack = cls(decoded, types, sections)
        check_pack(pack, Faults(strict=True))
        return pack


def _listed(parts: Mapping[str, bytes], name: str, wanted: Hash, path: str) -> bytes:
    data = parts.get(name)
    if data is None or part_hash(data) != wanted:
        raise PackFault("the part {kind} is not the one that the manifest lists", kind=name).at(path)
    return data


def check_pack(pack: Pack, faults: Faults) -> None:
    """Note everything that does not fit between the parts of a pack; each of them is consistent in itself.

    Raises:
        PackFault: if `faults` is strict, for the first.
    """
    for operation, actors in pack.manifest.permissions.items():
        for index, actor in enumerate(actors):
            role = role_of(actor)
            if role is not None and role not in pack.manifest.roles:
                faults.add(undeclared("role", role, pack.manifest.roles), f"permission.{operation}[{index}]")
    advances = [
        effect
        for definition in pack.types.values()
        for one in definition.transitions.values()
        for effect in one.effects
        if isinstance(effect, Advance)
    ]
    advanced = {(effect.kind, effect.transition) for effect in advances}
    handed = {(effect.kind, effect.transition, name) for effect in advances for name in effect.fields}
    for kind, definition in pack.types.items():
        path = f"type.{kind}"
        _check_automatic(definition, advanced, path, faults)
        _check_handed(definition, handed, path, faults)
        if definition.kind != kind:
            faults.add(PackFault("the part of the name {name} defines {kind}", name=kind, kind=definition.kind), path)
        for where, role in roles_named(definition):
            if role and role not in pack.manifest.roles:
                faults.add(undeclared("role", role, pack.manifest.roles), f"{path}.{where}")
        _check_given_roles(pack, definition, path, faults)
        for name, parameter in definition.parameters.items():
            if pack.manifest.parameters.get(name) != parameter:
                faults.add(PackFault("the parameter {name} is not as the manifest has it", name=name), path)
        _check_references(pack, definition, path, faults)
        _check_advances(pack, definition, path, faults)
        _check_uses(pack, definition, path, faults)
    parts = len(pack.types) + len(pack.sections)
    if parts > TYPES_MAX:
        faults.add(
            PackFault("the pack has {count} types and sections, allowed are {limit}", count=parts, limit=TYPES_MAX),
            "pack",
        )
    for name, section in pack.sections.items():
        if section.name != name:
            fault = PackFault("the part of the name {name} defines {kind}", name=part_name(name), kind=section.name)
            faults.add(fault, name)
        SECTION_KINDS[section.name].check(section, pack, faults)


def _check_given_roles(pack: Pack, definition: TypeDefinition, path: str, faults: Faults) -> None:
    """Offices are given and ended by the pack alone whose role they are."""
    for name, one in definition.transitions.items():
        for index, effect in enumerate(one.effects):
            role = pack.manifest.roles.get(effect.role) if isinstance(effect, Appoint | Release) else None
            if role is not None and role.of is not None:
                faults.add(
                    PackFault(
                        "the role belongs to the pack {pack}, which alone gives and ends it; declare another one, or"
                        " leave the effect out",
                        pack=role.of,
                    ),
                    f"{path}.transition.{name}.effects[{index}].role",
                )


def _check_automatic(definition: TypeDefinition, advanced: Set[tuple[str, str]], path: str, faults: Faults) -> None:
    """Something leads to every automatic transition: a deadline, a check, another record's effect, or people."""
    awaited = {one.deadline.then for one in definition.transitions.values() if one.deadline is not None}
    awaited |= {check.then for check in definition.checks.values()}
    for name, one in definition.transitions.items():
        if one.automatic and not one.by and name not in awaited and (definition.kind, name) not in advanced:
            faults.add(
                PackFault("no deadline, check or effect leads to the transition, and nobody may take it by hand"),
                f"{path}.transition.{name}.automatic",
            )


def _check_handed(definition: TypeDefinition, handed: Set[tuple[str, str, str]], path: str, faults: Faults) -> None:
    """What a transition sets that nobody takes by hand is handed to it by some `advance`."""
    for name, one in definition.transitions.items():
        for index, field in enumerate(one.sets if one.automatic and not one.by else ()):
            if (definition.kind, name, field) not in handed:
                faults.add(
                    PackFault(
                        "nobody takes the transition by hand, and no effect `advance` gives the field {name}; put it"
                        " into the `fields` of one, or leave it out",
                        name=field,
                    ),
                    f"{path}.transition.{name}.sets[{index}]",
                )


def _check_references(pack: Pack, definition: TypeDefinition, path: str, faults: Faults) -> None:
    for name, field in definition.fields.items():
        if field.kind is not None and field.kind not in pack.types:
            faults.add(undeclared("type", field.kind, pack.types), f"{path}.field.{name}.kind")


def _check_advances(pack: Pack, definition: TypeDefinition, path: str, faults: Faults) -> None:
    for name, one in definition.transitions.items():
        for index, effect in enumerate(one.effects):
            if isinstance(effect, Advance) and effect.kind and effect.transition:
                where = f"{path}.transition.{name}.effects[{index}]"
                other = pack.types.get(effect.kind)
                if other is None:
                    faults.add(undeclared("type", effect.kind, pack.types), f"{where}.kind")
                elif effect.transition not in other.transitions:
                    faults.add(undeclared("transition", effect.transition, other.transitions), f"{where}.transition")
                else:
                    _check_advance(effect, one, other, where, faults)


def _check_advance(effect: Advance, one: Transition, other: TypeDefinition, path: str, faults: Faults) -> None:
    target = other.transitions[effect.transition]
    if (effect.record is None) != target.creates:
        faults.add(
            PackFault(
                "`record` names the record that is advanced; it is left out if, and only if, {transition} creates one",
                transition=target.name,
            ),
            path,
        )
    if target.decides and not one.decides:
        faults.add(
            PackFault(
                "{transition} decides on a person; only a transition that decides may take it", transition=target.name
            ),
            path,
        )
    if target.review is not None or target.vote is not None:
        faults.add(
            PackFault("{transition} needs approvals or a vote, which an effect cannot give", transition=target.name),
            path,
        )
    for field in effect.fields:
        if field not in target.sets:
            faults.add(undeclared("field", field, target.sets), f"{path}.fields.{field}")


def _check_uses(pack: Pack, definition: TypeDefinition, path: str, faults: Faults) -> None:
    for role in definition.uses.roles:
        if role not in pack.manifest.roles:
            faults.add(undeclared("role", role, pack.manifest.roles), f"{path}.uses.roles")
    counted = counters_of(pack.types)
    for counter in definition.uses.counters:
        if counter not in counted:
            faults.add(undeclared("counter", counter, counted), f"{path}.uses.counters")
    for kind, fields in definition.uses.types.items():
        other = pack.types.get(kind)
        if other is None:
            faults.add(undeclared("type", kind, pack.types), f"{path}.uses.types.{kind}")
            continue
        for name, wanted in fields.items():
            field = other.fields.get(name)
            where = f"{path}.uses.types.{kind}.{name}"
            if field is None:
                faults.add(undeclared("field", name, other.fields), where)
            elif field.is_detached or UsedField.of(field) != wanted:
                faults.add(PackFault("the field {name} of {kind} is another one", name=name, kind=kind), where)


def counters_of(types: Mapping[str, TypeDefinition]) -> frozenset[str]:
    """The counters that some effect of these types adds to."""
    return frozenset(
        effect.counter
        for definition in types.values()
        for one in definition.transitions.values()
        for effect in one.effects
        if isinstance(effect, Count)
    )
