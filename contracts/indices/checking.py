"""Whether indices, warnings and requirements fit the pack that they are part of.

Owns these checks: what is counted is there, formulas are of the right type, and what is about persons names the people
it is about. Source: docs/reference/indices.md.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from contracts.indices.index import Index, Term
from contracts.indices.input import COUNT_DUES, Input
from contracts.indices.scopes import condition_scope, score_scope
from contracts.indices.watch import Requirement, WarningRule
from contracts.packs.expression import Expression
from contracts.packs.fault import Faults, PackFault, undeclared
from contracts.packs.field import NUMBER_TYPES
from contracts.packs.names import role_of
from contracts.packs.parameter import Parameter
from contracts.packs.record_type import TypeDefinition
from contracts.rules.errors import RuleDeclarationError, RuleTreeError
from contracts.rules.scope import Scope
from contracts.rules.tree import decode_tree
from contracts.rules.types import BOOLEAN, INTEGER, Type

if TYPE_CHECKING:
    from contracts.packs.pack import Pack

_DAYS = frozenset(("date", "time"))
# A list is not one value to be counted by.
_COUNTED = frozenset(("text", "integer", "date", "enum", "reference", "person", "unit"))


def is_about_persons(one: Input, types: Mapping[str, TypeDefinition]) -> bool:
    """Whether an input says something about persons: by what it counts, by its records' type, or as the pack says."""
    if one.people or one.count == COUNT_DUES:
        return True
    definition = types.get(one.kind)
    if definition is None:
        return False
    field = definition.fields.get(one.distinct)
    return definition.subject is not None or (field is not None and field.item_type == "person")


def check_index(index: Index, parameters: Mapping[str, Parameter], pack: "Pack", path: str, faults: Faults) -> None:
    """Note what does not fit in an index."""
    roles = pack.manifest.roles
    if index.population and index.population not in roles:
        faults.add(undeclared("role", index.population, roles), f"{path}.population")
    for name, one in index.inputs.items():
        where = f"{path}.input.{name}"
        if one.role and one.role not in roles:
            faults.add(undeclared("role", one.role, roles), f"{where}.role")
        if one.kind:
            _check_records(one, parameters, pack, where, faults)
        if not index.population and is_about_persons(one, pack.types):
            fault = PackFault(
                "the input is about persons: say in `population` which role they hold, so that it is not shown of a few"
            )
            faults.add(fault, where)
    for name, term in index.terms.items():
        _check_term(index, term, parameters, pack, f"{path}.term.{name}", faults)


def check_warning(warning: WarningRule, pack: "Pack", path: str, faults: Faults) -> None:
    """Note what does not fit in a warning."""
    owner = role_of(warning.owner)
    if owner is not None and owner not in pack.manifest.roles:
        faults.add(undeclared("role", owner, pack.manifest.roles), f"{path}.owner")
    if warning.kind:
        definition = pack.types.get(warning.kind)
        if definition is None:
            faults.add(undeclared("type", warning.kind, pack.types), f"{path}.kind")
        else:
            _check_states(warning.states, definition, path, faults)
    for index, role in enumerate(warning.roles):
        if role not in pack.manifest.roles:
            faults.add(undeclared("role", role, pack.manifest.roles), f"{path}.roles[{index}]")


def check_requirement(requirement: Requirement, pack: "Pack", path: str, faults: Faults) -> None:
    """Note what does not fit in a requirement."""
    if requirement.role not in pack.manifest.roles:
        faults.add(undeclared("role", requirement.role, pack.manifest.roles), f"{path}.role")
    definition = pack.types.get(requirement.kind)
    if definition is None:
        faults.add(undeclared("type", requirement.kind, pack.types), f"{path}.kind")
        return
    subject = definition.fields.get(definition.subject or "")
    if subject is None or subject.is_detached:
        faults.add(
            PackFault("the type {kind} does not say whom a record is about", kind=definition.kind), f"{path}.kind"
        )
    _check_states(requirement.states, definition, path, faults)
    if requirement.every is not None:
        _check_field(definition, requirement.on, _DAYS, f"{path}.on", faults)


def _check_records(one: Input, parameters: Mapping[str, Parameter], pack: "Pack", path: str, faults: Faults) -> None:
    definition = pack.types.get(one.kind)
    if definition is None:
        faults.add(undeclared("type", one.kind, pack.types), f"{path}.kind")
        return
    _check_states(one.states, definition, path, faults)
    if one.on:
        _check_field(definition, one.on, _DAYS, f"{path}.on", faults)
    if one.sum:
        _check_field(definition, one.sum, NUMBER_TYPES, f"{path}.sum", faults)
    if one.distinct:
        _check_field(definition, one.distinct, _COUNTED, f"{path}.distinct", faults)
    if one.where is not None:
        _check_formula(one.where, lambda: condition_scope(definition, parameters), BOOLEAN, f"{path}.where", faults)


def _check_states(states: Iterable[str], definition: TypeDefinition, path: str, faults: Faults) -> None:
    for index, state in enumerate(states):
        if state not in definition.states:
            faults.add(undeclared("state", state, definition.states), f"{path}.states[{index}]")


def _check_field(definition: TypeDefinition, name: str, types: frozenset[str], path: str, faults: Faults) -> None:
    field = definition.fields.get(name)
    if field is None:
        faults.add(undeclared("field", name, definition.fields), path)
    elif field.is_detached:
        fault = PackFault("the value of the field {name} is not on the ledger, so it cannot be counted", name=name)
        faults.add(fault, path)
    elif field.type not in types:
        wanted = ", ".join(sorted(types))
        faults.add(
            PackFault("a field of type {wanted} is wanted here, not {found}", wanted=wanted, found=field.type), path
        )


def _check_term(
    index: Index, term: Term, parameters: Mapping[str, Parameter], pack: "Pack", path: str, faults: Faults
) -> None:
    if isinstance(term.weight, str):
        parameter = parameters.get(term.weight)
        if parameter is None:
            faults.add(undeclared("parameter", term.weight, pack.manifest.parameters), f"{path}.weight")
        elif parameter.type != "integer":
            faults.add(PackFault("a weight is a parameter of type integer, not {type}", type=parameter.type), path)
        elif any(isinstance(value, int) and value < 0 for _, value in parameter.values):
            faults.add(PackFault("a weight is not negative"), f"{path}.weight")
    _check_formula(term.score, lambda: score_scope(index.inputs, parameters), INTEGER, f"{path}.score", faults)


def _check_formula(
    expression: Expression, scope: Callable[[], Scope], expected: Type, path: str, faults: Faults
) -> None:
    try:
        decode_tree(expression.tree, scope(), expected)
    except (RuleTreeError, RuleDeclarationError) as error:
        faults.add(PackFault("{reason}", reason=error), path)
