"""What the formulas of indices may speak of.

Owns two scopes: that of a condition on records (their fields, unit, state) and that of a term's score (the inputs by
their names, all whole numbers); both know the pack's parameters. Source: docs/reference/indices.md, "Formulas".
"""

from collections.abc import Iterable, Mapping

from contracts.packs.parameter import Parameter
from contracts.packs.record_type import TypeDefinition
from contracts.packs.rule_names import parameter_name
from contracts.packs.scope import parameter_type, type_of
from contracts.rules.scope import Scope
from contracts.rules.types import DATE, INTEGER, TEXT, OptionalType, Type

PERIOD_FIRST, PERIOD_LAST = "period_first", "period_last"


def condition_scope(definition: TypeDefinition, parameters: Mapping[str, Parameter]) -> Scope:
    """What a condition on records of a type may speak of: their fields (optional unless required), unit and state, and
    the first and last day of the period.

    Raises:
        RuleDeclarationError: a field and a parameter have one name, or one that cannot stand in a rule.
    """
    names: dict[str, Type] = {PERIOD_FIRST: DATE, PERIOD_LAST: DATE, "state": TEXT, "unit": TEXT}
    for name, field in definition.fields.items():
        if not field.is_detached:
            found = type_of(name, field)
            names[name] = found if field.required else OptionalType(found)
    return Scope(names | _parameters(parameters))


def score_scope(inputs: Iterable[str], parameters: Mapping[str, Parameter]) -> Scope:
    """What a term's score may speak of: the inputs.

    Raises:
        RuleDeclarationError: an input's name cannot stand in a rule.
    """
    return Scope({**_parameters(parameters), **dict.fromkeys(inputs, INTEGER)})


def _parameters(parameters: Mapping[str, Parameter]) -> dict[str, Type]:
    return {parameter_name(name): parameter_type(one.type) for name, one in parameters.items()}
