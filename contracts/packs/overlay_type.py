"""Whether a record type with local conventions asks for no less than the type below it: fields, states, added ways.

Owns what concerns the type as a whole; single transitions are compared in `overlay_transition`.
"""

from contracts.packs.fault import Faults
from contracts.packs.field import Field
from contracts.packs.overlay_transition import check_transition_not_weaker
from contracts.packs.record_type import TypeDefinition
from contracts.packs.scope import foreign_functions
from contracts.packs.transition import ABSENT, Transition
from contracts.packs.weakening import Protected, Weakening, check_added_deadline, check_effects, check_range

# How many may read a value: each class is for fewer than the one before it.
_OPENNESS = ("public", "ledger", "members", "unit", "role", "sealed")


def check_type_not_weaker(
    base: TypeDefinition, above: TypeDefinition, protected: Protected, path: str, faults: Faults
) -> None:
    """Note every way in which the type `above` asks for less than `base`."""
    if (above.id, above.subject) != (base.id, base.subject):
        faults.add(Weakening("what makes the id, and whom a record is about, stays as in the base", rule="id"), path)
    # The same rule looks into the same records only if the names in it mean the same.
    looked_at = foreign_functions(above.uses)
    for name, field_before in foreign_functions(base.uses).items():
        if looked_at.get(name) != field_before:
            faults.add(Weakening("{name} looks into other records than in the base", rule="uses", name=name), path)
    for name, field in base.fields.items():
        _check_field(field, above.fields.get(name), f"{path}.field.{name}", faults)
    _check_states(base, above, path, faults)
    for name, one in base.transitions.items():
        check_transition_not_weaker(base, above, one, protected, f"{path}.transition.{name}", faults)
    for name, check in base.checks.items():
        if name not in above.checks or (above.checks[name].every, above.checks[name].then) != (check.every, check.then):
            faults.add(Weakening("the check of the base is gone, or another one", rule="check"), f"{path}.check.{name}")
    for name, check in above.checks.items():
        if name not in base.checks and check.then in base.transitions:
            faults.add(
                Weakening(
                    "an added check takes {name} of the base, which the base does not", rule="check", name=check.then
                ),
                f"{path}.check.{name}",
            )
    _check_migration(base, above, path, faults)
    for name, one in above.transitions.items():
        if name not in base.transitions:
            _check_added(base, above, one, protected, f"{path}.transition.{name}", faults)


def _check_field(base: Field, above: Field | None, path: str, faults: Faults) -> None:
    if above is None or (above.type, above.kind) != (base.type, base.kind):
        faults.add(Weakening("the field of the base is gone, or of another type", rule="field"), path)
        return
    if base.required and not above.required:
        faults.add(Weakening("the field is required in the base", rule="field-required"), path)
    if base.enrolled and not above.enrolled:
        faults.add(Weakening("the person has to be known to the ledger in the base", rule="field-enrolled"), path)
    if not _is_as_closed(base.data_class, above.data_class):
        faults.add(
            Weakening(
                "the class {name} lets more people read than the base", rule="field-class", name=above.data_class
            ),
            f"{path}.class",
        )
    if not above.values.keys() <= base.values.keys():
        faults.add(Weakening("the base does not know all of these values", rule="field-values"), f"{path}.values")
    if base.count_max is not None and (above.count_max or 0) > base.count_max:
        faults.add(Weakening("the list is longer than in the base", rule="field-count"), f"{path}.count_max")
    if not set(above.states) <= set(base.states):
        faults.add(Weakening("in the base, fewer states let the field be amended", rule="field-states"), path)
    check_range(base, above, "field-range", path, faults)
    if base.most is None and base.item_type == "text" and above.size_bytes_max > base.size_bytes_max:
        limit = base.size_bytes_max
        faults.add(Weakening("the text has at most {limit} bytes in the base", rule="field-range", limit=limit), path)


def _is_as_closed(base: str, above: str) -> bool:
    if base == above:
        return True
    ranks = [_OPENNESS.index(name.partition(":")[0]) for name in (base, above)]
    return ranks[0] < ranks[1]


def _check_states(base: TypeDefinition, above: TypeDefinition, path: str, faults: Faults) -> None:
    for name, state in base.states.items():
        where = f"{path}.state.{name}"
        kept = above.states.get(name)
        if kept is None:
            faults.add(Weakening("the state of the base is gone", rule="state"), where)
            continue
        if state.final and not kept.final:
            faults.add(Weakening("the state is final in the base", rule="state-final"), where)
        if kept.amendable and not state.amendable:
            faults.add(Weakening("in this state nothing is amended in the base", rule="state-amendable"), where)


def _check_migration(base: TypeDefinition, above: TypeDefinition, path: str, faults: Faults) -> None:
    """What the base carries over goes where it says; what local conventions drop of theirs stays among theirs."""
    for name in sorted(base.migration.keys() | above.migration.keys()):
        to = above.migration.get(name)
        if to != base.migration.get(name) if name in base.migration else to in base.states:
            faults.add(
                Weakening("records in the state {state} come to stand elsewhere", rule="migration", state=name),
                f"{path}.migration.{name}",
            )


def _check_added(
    base: TypeDefinition, above: TypeDefinition, one: Transition, protected: Protected, path: str, faults: Faults
) -> None:
    check_effects(one.effects, 0, protected, path, faults)
    check_added_deadline(base, one, path, faults)
    touched = [name for name in one.sets if name in base.fields]
    touched += [name for effect in one.effects if (name := getattr(effect, "field", None)) in base.fields]
    if touched and not one.creates:
        faults.add(
            Weakening("an added transition sets the field {name} of the base", rule="added-sets", name=touched[0]), path
        )
    # Whoever goes away and comes back begins a new term: where the base has one, that gets past it.
    timed = any(way.to == one.to and way.deadline is not None for way in base.transitions.values())
    past = _origins(base, above, one) - {one.to} or (timed and set(one.from_states) != {one.to})
    if one.to in base.states and past:
        faults.add(
            Weakening(
                "an added transition leads into the state {state} of the base, past what the base asks for on the way",
                rule="added-way",
                state=one.to,
            ),
            path,
        )


def _origins(base: TypeDefinition, above: TypeDefinition, one: Transition) -> set[str]:
    """The states of the base, the one before creation included, from which added ways lead to where `one` starts."""
    known = {ABSENT, *base.states}
    seen: set[str] = set()
    waiting = list(one.from_states)
    while waiting:
        state = waiting.pop()
        if state in seen:
            continue
        seen.add(state)
        if state not in known:
            waiting += [before for way in above.transitions.values() if way.to == state for before in way.from_states]
    return seen & known
