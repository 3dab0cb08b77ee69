"""Whether a record type is consistent in itself.

Owns the list of what is checked and the checks of fields and of the id; states, transitions and rules have their own
modules. The same checks serve the author of a pack, who is told of every fault, and the ledger, which stops at the
first.
"""

from keyword import kwlist

from contracts.packs.fault import Faults, PackFault, undeclared
from contracts.packs.names import role_of
from contracts.packs.record_type import NUMBERED, TypeDefinition
from contracts.packs.reserved import RESERVED_KINDS
from contracts.packs.rule_check import check_rules
from contracts.packs.rule_names import HOST_FUNCTIONS, PARAMETER_PREFIX, RULE_NAMES, VOTE_NAMES, foreign_function
from contracts.packs.state_check import check_states
from contracts.packs.transition_check import TransitionCheck, fields_set_somewhere

# What can stand between the slashes of a record's id.
ID_TYPES = frozenset(("person", "enum", "integer", "date", "text"))
# What a record has beside its fields, and what the language has words for.
RESERVED_FIELDS = RULE_NAMES | {"number", *VOTE_NAMES, *kwlist}


def check_type(definition: TypeDefinition, path: str, faults: Faults) -> None:
    """Note everything that is wrong within one record type; rules are looked at if the rest is right.

    Raises:
        PackFault: if `faults` is strict, for the first.
    """
    check_shape(definition, path, faults)
    if not faults.found:
        check_rules(definition, path, faults)


def check_shape(definition: TypeDefinition, path: str, faults: Faults) -> None:
    """Note everything that is wrong within one record type but in its expressions; `path` is the type's own.

    Raises:
        PackFault: if `faults` is strict, for the first.
    """
    if definition.kind in RESERVED_KINDS:
        faults.add(
            PackFault(
                "the kind {kind} belongs to the ledger itself; take another name, such as {other}",
                kind=definition.kind,
                other=f"club-{definition.kind}",
            ),
            path or "kind",
        )
    _check_fields(definition, path, faults)
    _check_id(definition, path, faults)
    _check_subject(definition, path, faults)
    check_states(definition, path, faults)
    for name, one in definition.transitions.items():
        TransitionCheck(definition, one, _join(path, f"transition.{name}"), faults).run()
    for name, to in definition.migration.items():
        if to and to not in definition.states:
            faults.add(undeclared("state", to, definition.states), _join(path, f"migration.{name}"))
        if name in definition.states:
            faults.add(
                PackFault("the state {state} is still there; only states that are gone are migrated", state=name),
                _join(path, f"migration.{name}"),
            )
    _check_use_of_rules(definition, path, faults)
    _check_uses(definition, path, faults)
    _check_checks(definition, path, faults)


def roles_named(definition: TypeDefinition) -> list[tuple[str, str]]:
    """Every role that a type names, with the path inside of the type; those inside of rules are not among them."""
    found = []
    for name, field in definition.fields.items():
        if role := role_of(field.data_class):
            found.append((f"field.{name}.class", role))
    for name, one in definition.transitions.items():
        where = f"transition.{name}"
        reviewers = one.review.actors if one.review is not None else ()
        for key, actors in (("by", one.by), ("review.actors", reviewers)):
            found += [
                (f"{where}.{key}[{index}]", role) for index, actor in enumerate(actors) if (role := role_of(actor))
            ]
        if one.vote is not None:
            found.append((f"{where}.vote.electorate", one.vote.electorate))
        for index, effect in enumerate(one.effects):
            if role := getattr(effect, "role", None):
                found.append((f"{where}.effects[{index}].role", role))
            if role := role_of(getattr(effect, "owner", None) or ""):
                found.append((f"{where}.effects[{index}].owner", role))
    return found


def _check_fields(definition: TypeDefinition, path: str, faults: Faults) -> None:
    set_somewhere = fields_set_somewhere(definition)
    for name, field in definition.fields.items():
        where = _join(path, f"field.{name}")
        if name in RESERVED_FIELDS or name.startswith(PARAMETER_PREFIX):
            faults.add(PackFault("a field cannot be called {name}: the word has a meaning in rules", name=name), where)
        if name not in set_somewhere:
            faults.add(
                PackFault("no transition sets the field {name}; put it into `sets` of one, or remove it", name=name),
                where,
            )
        for index, state in enumerate(field.states):
            if state not in definition.states:
                faults.add(undeclared("state", state, definition.states), f"{where}.states[{index}]")
            elif not definition.states[state].amendable:
                faults.add(
                    PackFault("in the state {state} nothing is amended; give it `amendable = true`", state=state),
                    f"{where}.states[{index}]",
                )
        if name in definition.id and field.states:
            faults.add(
                PackFault("the field {name} is part of the record's id and never changes", name=name), f"{where}.states"
            )


def _check_id(definition: TypeDefinition, path: str, faults: Faults) -> None:
    if definition.id == NUMBERED:
        return
    for index, name in enumerate(definition.id):
        where = _join(path, f"id[{index}]")
        field = definition.fields.get(name)
        if field is None:
            faults.add(undeclared("field", name, (*definition.fields, *NUMBERED)), where)
        elif field.type not in ID_TYPES or field.is_detached or not field.required:
            faults.add(
                PackFault(
                    "the field {name} cannot be part of an id: that takes a required one, in the clear, of a type among"
                    " {types}",
                    name=name,
                    types=", ".join(sorted(ID_TYPES)),
                ),
                where,
            )


def _check_subject(definition: TypeDefinition, path: str, faults: Faults) -> None:
    if definition.subject is None:
        return
    field = definition.fields.get(definition.subject)
    if field is None:
        faults.add(undeclared("field", definition.subject, definition.fields), _join(path, "subject"))
    elif field.type != "person" or field.is_detached or not field.required:
        faults.add(
            PackFault("the subject is a required field of type person, in the clear; {name} is not", name=field.name),
            _join(path, "subject"),
        )


def _check_use_of_rules(definition: TypeDefinition, path: str, faults: Faults) -> None:
    asked = {name for one in definition.transitions.values() for name in one.rules}
    for name in definition.rules:
        if name not in asked:
            faults.add(
                PackFault("no transition asks for the rule {name}; name it in `guards`, or remove it", name=name),
                _join(path, f"rule.{name}"),
            )


def _check_uses(definition: TypeDefinition, path: str, faults: Faults) -> None:
    """A function that looks into a field of another type has a name of its own, so that it means one thing."""
    taken = set(HOST_FUNCTIONS)
    for kind, fields in definition.uses.types.items():
        for field in fields:
            name = foreign_function(kind, field)
            if name in taken:
                faults.add(
                    PackFault("two things would be called {name} in rules; rename the field or the type", name=name),
                    _join(path, f"uses.types.{kind}.{field}"),
                )
            taken.add(name)


def _check_checks(definition: TypeDefinition, path: str, faults: Faults) -> None:
    for name, check in definition.checks.items():
        then = definition.transitions.get(check.then)
        where = _join(path, f"check.{name}.then")
        if then is None:
            if check.then:
                faults.add(undeclared("transition", check.then, definition.transitions), where)
        elif not then.automatic or then.decides:
            faults.add(
                PackFault("a check takes automatic transitions only; {name} needs `automatic = true`", name=then.name),
                where,
            )
        elif not then.guards:
            faults.add(
                PackFault("the transition {name} has no guard, so everybody would be found every time", name=then.name),
                where,
            )


def _join(path: str, rest: str) -> str:
    return f"{path}.{rest}" if path else rest
