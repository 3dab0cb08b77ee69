"""Whether a pack with local conventions asks for no less than the pack below it.

Owns the list of ways to weaken a pack. Pure, and run by the ledger itself when such a pack is activated: that it was
built with good tools is nobody's word to take. Invariant: whoever could not do something under the base, to a record
of the base or by a role of the base, cannot do it under the pack above. Source: docs/reference/packs.md, "Local
conventions".
"""

from contracts.packs.fault import Faults
from contracts.packs.overlay_type import check_type_not_weaker
from contracts.packs.pack import Pack, counters_of
from contracts.packs.parameter import Parameter
from contracts.packs.sections.known import SECTION_KINDS
from contracts.packs.weakening import Protected, Weakening, check_effects, check_range


def not_weaker(base: Pack, above: Pack) -> tuple[Weakening, ...]:
    """Every way in which `above` asks for less than `base`; empty if there is none. Both are consistent."""
    faults = Faults(strict=False)
    manifest = above.manifest
    if manifest.base is None or manifest.base.hash != base.hash:
        faults.add(Weakening("the pack names another base", rule="base"), "pack.base")
    for name, role in base.manifest.roles.items():
        if name not in manifest.roles or manifest.roles[name].of != role.of:
            faults.add(
                Weakening("the role {name} of the base is gone, or another pack's", rule="role", name=name),
                f"role.{name}",
            )
    _check_permissions(base, above, faults)
    for name, parameter in base.manifest.parameters.items():
        _check_parameter(parameter, manifest.parameters.get(name), faults)
    protected = Protected(frozenset(base.manifest.roles), counters_of(base.types), frozenset(base.types))
    for kind, definition in above.types.items():
        path = f"type.{kind}"
        if kind in base.types:
            check_type_not_weaker(base.types[kind], definition, protected, path, faults)
            continue
        for name, one in definition.transitions.items():
            check_effects(one.effects, 0, protected, f"{path}.transition.{name}", faults)
    for kind in base.types:
        if kind not in above.types:
            faults.add(Weakening("the type {kind} of the base is gone", rule="type", kind=kind), f"type.{kind}")
    _check_sections(base, above, faults)
    return tuple(fault for fault in faults.found if isinstance(fault, Weakening))


def _check_sections(base: Pack, above: Pack, faults: Faults) -> None:
    for name, section in base.sections.items():
        other = above.sections.get(name)
        if other is None:
            faults.add(Weakening("the section {name} of the base is gone", rule="section", name=name), name)
        elif SECTION_KINDS[name].is_weakened(section, other):
            faults.add(
                Weakening(
                    "the section {name} of the base stays as it is: the base does not call it replaceable",
                    rule="section",
                    name=name,
                ),
                name,
            )


def _check_permissions(base: Pack, above: Pack, faults: Faults) -> None:
    for operation, actors in above.manifest.permissions.items():
        allowed = base.manifest.permissions.get(operation, ())
        for actor in actors:
            if actor not in allowed:
                faults.add(
                    Weakening(
                        "{actor} may not ask for {operation} under the base",
                        rule="permission",
                        actor=actor,
                        operation=operation,
                    ),
                    f"permission.{operation}",
                )


def _check_parameter(base: Parameter, above: Parameter | None, faults: Faults) -> None:
    path = f"parameter.{base.name}"
    if above is None or above.type != base.type:
        faults.add(
            Weakening("the parameter {name} of the base is gone, or of another type", rule="parameter", name=base.name),
            path,
        )
        return
    if base.least is None and base.most is None:
        if above.values != base.values:
            faults.add(
                Weakening(
                    "the base gives the parameter {name} no `least` or `most`, so its values stay as they are",
                    rule="parameter-value",
                    name=base.name,
                ),
                path,
            )
        return
    # Its own bounds hold for its values already.
    check_range(base, above, "parameter-range", path, faults)
