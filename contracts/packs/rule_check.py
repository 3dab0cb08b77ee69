"""Every expression of a record type with the scope and type that it has to fit, and whether it does.

Owns which expression is judged against what. This is where definitions and the rule language meet: authors' texts are
parsed, and trees from the ledger are checked, against the same `Wanted`. Source: docs/reference/packs.md, "Rules".
"""

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.packs.effect import Advance, Appoint, Count, Effect, Fulfil, Notify, OpenCase, SetField, expressions_of
from contracts.packs.expression import Expression
from contracts.packs.fault import Faults, PackFault
from contracts.packs.record_type import TypeDefinition
from contracts.packs.scope import fields_present, functions_of, scope_of, type_of
from contracts.packs.transition import Transition
from contracts.rules.errors import RuleDeclarationError, RuleTreeError
from contracts.rules.scope import Scope
from contracts.rules.tree import Tree, decode_tree
from contracts.rules.types import BOOLEAN, DATE, HASH, INTEGER, MONEY, TEXT, TIME, EnumType, OptionalType, Type


@dataclass(frozen=True, slots=True)
class Wanted:
    """An expression, where it stands in its type (`rule.majority`), and what it has to be.

    `expected` are the types that will do, tried in their order; the first one's complaint is the one that is told.
    """

    path: str
    expression: Expression
    scope: Scope
    expected: tuple[Type, ...]

    def tree(self) -> Tree:
        """The expression's tree, checked.

        Raises:
            RuleTreeError: it fits none of the types.
        """
        first: RuleTreeError | None = None
        for expected in self.expected:
            try:
                return decode_tree(self.expression.tree, self.scope, expected)
            except RuleTreeError as error:
                first = first or error
        assert first is not None, "at least one type is expected"
        raise first


class _Scopes:
    """The scopes of one type's expressions: dozens ask, and few sets of fields are there when they are judged."""

    def __init__(self, definition: TypeDefinition) -> None:
        self._definition = definition
        self._functions = functions_of(definition)
        self._known: dict[tuple[frozenset[str], bool], Scope] = {}

    def of(self, present: frozenset[str], votes: bool) -> Scope:
        """The scope with these fields there for sure, and the counts of a vote if there is one."""
        key = (present, votes)
        if key not in self._known:
            self._known[key] = scope_of(self._definition, present, votes=votes, functions=self._functions)
        return self._known[key]


def wanted_of(definition: TypeDefinition) -> Iterator[Wanted]:
    """Every expression of the type: rules in the order of names, then effects.

    Raises:
        RuleDeclarationError: two fields of other types would have functions of one name.
    """
    scopes = _Scopes(definition)
    for name, rule in definition.rules.items():
        asking = [one for one in definition.transitions.values() if name in one.rules]
        voted = bool(asking) and all(name not in one.guards for one in asking)
        present = fields_present(definition, [one.name for one in asking])
        scope = scopes.of(present, voted)
        yield Wanted(f"rule.{name}.expression", rule.expression, scope, (BOOLEAN,))
    for one in definition.transitions.values():
        if not one.effects:
            continue
        scope = scopes.of(fields_present(definition, [one.name]), one.vote is not None)
        for index, effect in enumerate(one.effects):
            for key, expression in expressions_of(effect):
                path = f"transition.{one.name}.effects[{index}].{key}"
                yield Wanted(path, expression, scope, _expected(definition, one, effect, key))


def trees_of(definition: TypeDefinition) -> dict[str, Tree]:
    """Every expression's checked tree, by its path in a type that `TypeDefinition.decode` returned."""
    return {wanted.path: wanted.tree() for wanted in wanted_of(definition)}


def check_rules(definition: TypeDefinition, path: str, faults: Faults) -> None:
    """Note every expression that does not fit.

    Raises:
        PackFault: if `faults` is strict, for the first.
    """
    try:
        for wanted in wanted_of(definition):
            try:
                wanted.tree()
            except RuleTreeError as error:
                faults.add(PackFault("{reason}", reason=error), f"{path}.{wanted.path}" if path else wanted.path)
    except RuleDeclarationError as error:
        faults.add(PackFault("{reason}", reason=error), f"{path}.uses" if path else "uses")


def _expected(definition: TypeDefinition, one: Transition, effect: Effect, key: str) -> tuple[Type, ...]:
    if key == "when":
        return (BOOLEAN,)
    match effect:
        case Appoint() if key == "until":
            return (DATE,)
        case Count() if key == "by":
            return (INTEGER,)
        case Count():
            return (TEXT, DATE, *_enums(definition))
        case SetField(field=name):
            return (_settable(definition, name),)
        case Advance(kind=kind) if key != "record":
            return (_foreign(definition, kind, key.removeprefix("fields.")),)
        case OpenCase():
            return (OptionalType(TEXT),)
        case Notify():
            return (TEXT, INTEGER, MONEY, DATE, TIME, BOOLEAN, HASH, *_enums(definition))
        case Fulfil() if key == "at":
            return (TIME,)
    return (TEXT,)


def _enums(definition: TypeDefinition) -> tuple[Type, ...]:
    found = (type_of(name, field) for name, field in definition.fields.items() if field.type == "enum")
    return tuple(one for one in found if isinstance(one, EnumType))


def _settable(definition: TypeDefinition, name: str) -> Type:
    field = definition.fields.get(name)
    if field is None:
        return TEXT
    found = type_of(name, field)
    return found if field.required else OptionalType(found)


def _foreign(definition: TypeDefinition, kind: str, name: str) -> Type:
    field = definition.fields.get(name) if kind == definition.kind else definition.uses.types.get(kind, {}).get(name)
    return TEXT if field is None else OptionalType(type_of(name, field))
