"""The expressions of a type, from texts to trees, and what they take from elsewhere in the pack.

Owns the order of these two: first every text is parsed against everything that there is in the pack, then what was used
of it is written into the definition. Source: docs/reference/packs.md, "Rules".
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from contracts.packs.effect import Advance
from contracts.packs.fault import Faults, PackFault
from contracts.packs.field import Field
from contracts.packs.lowering import Lowered
from contracts.packs.parameter import Parameter
from contracts.packs.record_type import TypeDefinition
from contracts.packs.rule_check import Wanted, wanted_of
from contracts.packs.rule_names import PARAMETER_UTC_OFFSET, parameter_name
from contracts.packs.scope import foreign_functions
from contracts.packs.used import UsedField, Uses
from contracts.rules import opcodes
from contracts.rules.errors import RuleDeclarationError, RuleSourceError
from contracts.rules.parser import parse_rule
from contracts.rules.tree import Node, Tree

_ROLE_FUNCTIONS = frozenset(
    ("ballot_asked", "has_role", "has_role_in", "role_count", "role_since", "role_since_in", "signed_in")
)
_COUNTER_FUNCTIONS = frozenset(("counter", "counter_of"))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything in a pack that rules of one type can name: roles, counters, fields by kind, parameters."""

    roles: Collection[str]
    counters: Collection[str]
    fields: Mapping[str, Mapping[str, Field]]
    parameters: Mapping[str, Parameter]

    def uses(self) -> Uses:
        """All of it, as if the type used it."""
        return Uses(
            tuple(sorted(self.roles)),
            tuple(sorted(self.counters)),
            {
                kind: {name: UsedField.of(one) for name, one in fields.items() if one.type and not one.is_detached}
                for kind, fields in self.fields.items()
            },
        )


def parse_expressions(
    definition: TypeDefinition, lowered: Lowered, surroundings: Surroundings, path: str, faults: Faults
) -> list[Tree]:
    """Parse every expression of a type and put its tree into the type's map; what fails is noted and stays out."""
    wide = replace(definition, uses=surroundings.uses(), parameters=dict(surroundings.parameters))
    trees = []
    try:
        wanted = list(wanted_of(wide))
    except RuleDeclarationError as error:
        faults.add(PackFault("{reason}", reason=error), path)
        return []
    detached = frozenset(name for name, field in definition.fields.items() if field.is_detached)
    for one in wanted:
        written = lowered.expressions.get(one.path)
        if written is None:
            continue
        try:
            tree = _parsed(written.text, one)
        except RuleSourceError as error:
            faults.add(_explained(error, written.text, detached), f"{path}.{one.path}")
            continue
        written.holder[written.key] = tree.encode_value()
        trees.append(tree)
    return trees


def used_by(definition: TypeDefinition, trees: Collection[Tree], surroundings: Surroundings) -> Uses:
    """What these rules, and the effects that advance other records, take from elsewhere."""
    roles: set[str] = set()
    counters: set[str] = set()
    fields: dict[str, set[str]] = {}
    foreign = foreign_functions(surroundings.uses())
    for node in (node for tree in trees for node in tree.root.walk() if node.opcode == opcodes.CALL):
        if node.name in _ROLE_FUNCTIONS:
            roles.add(_first_text(node))
        elif node.name in _COUNTER_FUNCTIONS:
            counters.add(_first_text(node))
        elif node.name == "record_state":
            fields.setdefault(_first_text(node), set())
        elif node.name in foreign:
            kind, name = foreign[node.name]
            fields.setdefault(kind, set()).add(name)
    for effect in (effect for one in definition.transitions.values() for effect in one.effects):
        if isinstance(effect, Advance) and effect.fields and effect.kind in surroundings.fields:
            opened = surroundings.fields[effect.kind]
            fields.setdefault(effect.kind, set()).update(name for name in effect.fields if name in opened)
    if not fields.get(definition.kind):
        fields.pop(definition.kind, None)
    return Uses(
        tuple(sorted(roles)),
        tuple(sorted(counters)),
        {
            kind: {
                name: UsedField.of(surroundings.fields[kind][name])
                for name in sorted(names)
                if not surroundings.fields[kind][name].is_detached
            }
            for kind, names in sorted(fields.items())
        },
    )


def parameters_used(
    definition: TypeDefinition, trees: Collection[Tree], parameters: Mapping[str, Parameter]
) -> dict[str, Parameter]:
    """Those of `parameters` that rules, stays and deadlines of the type use, and the one that days are counted by."""
    named = {name for tree in trees for name in tree.names}
    used = {name for name in parameters if parameter_name(name) in named or name == PARAMETER_UTC_OFFSET}
    for one in definition.transitions.values():
        days = [one.minimum_stay, one.deadline.days if one.deadline is not None else None]
        days += [getattr(effect, "days", None) for effect in one.effects]
        used |= {name for name in days if isinstance(name, str) and name in parameters}
    return {name: parameters[name] for name in sorted(used)}


def _parsed(text: str, wanted: Wanted) -> Tree:
    first: RuleSourceError | None = None
    for expected in wanted.expected:
        try:
            return parse_rule(text, wanted.scope, expected)
        except RuleSourceError as error:
            first = first or error
    assert first is not None, "at least one type is expected"
    raise first


def _explained(error: RuleSourceError, text: str, detached: Collection[str]) -> PackFault:
    """The fault of an expression; of a name that is a detached field, why rules cannot see it."""
    line = text.split("\n")[error.line - 1] if error.line <= text.count("\n") + 1 else ""
    rest = line[error.column - 1 :]
    for name in detached:
        if rest.startswith(name) and not rest[len(name) : len(name) + 1].isidentifier():
            return PackFault(
                "line {line}, column {column}: the value of the field {name} is not on the ledger, only its commitment,"
                " so no rule can use it; give it the class `ledger`, or leave it out",
                line=error.line,
                column=error.column,
                name=name,
            )
    return PackFault("{reason}", reason=error)


def _first_text(node: Node) -> str:
    found = node.operands[0].literal
    assert isinstance(found, str), "the scope asks for a text that is written out"
    return found
