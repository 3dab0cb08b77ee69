"""The tables of indices as their authors write them, as the ledger has them: periods in words, formulas as texts.

Owns how these are written, and the parsing of formulas against the types and inputs that they are about. What is
written otherwise is taken over as it is, so that reading the map tells what is wrong with it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from contracts.calendar.words import Understood, understand
from contracts.indices.scopes import condition_scope, score_scope
from contracts.packs.fault import Faults, PackFault
from contracts.packs.lowering import PLACEHOLDER, WORDS_SINCE
from contracts.packs.parameter import Parameter
from contracts.packs.rule_names import PARAMETER_UTC_OFFSET, parameter_name
from contracts.packs.sections.section import SectionSurroundings
from contracts.rules.errors import RuleDeclarationError, RuleSourceError
from contracts.rules.parser import parse_rule
from contracts.rules.scope import Scope
from contracts.rules.types import BOOLEAN, INTEGER, Type, is_rule_name

_NO_SCORE: list[Any] = [["integer", 0]]


def lower_indices(
    tables: Mapping[str, dict[str, Any]], surroundings: SectionSurroundings, faults: Faults
) -> dict[str, Any]:
    """The map of the section; it gets those parameters of the pack that it uses."""
    lowering = _Lowering(surroundings, faults)
    value: dict[str, Any] = {}
    for table, lower in (("index", lowering.index), ("requirement", _lower_period), ("warning", _copied)):
        entries = tables.get(table)
        if entries:
            value[table] = {name: lower(one, f"{table}.{name}") for name, one in entries.items()}
    parameters = surroundings.manifest.parameters
    used = {name for name in parameters if name in lowering.used or name == PARAMETER_UTC_OFFSET}
    return value | ({"parameter": {name: parameters[name].to_value() for name in sorted(used)}} if used else {})


class _Lowering:
    """One section under way; `used` are the parameters that its formulas and weights name."""

    def __init__(self, surroundings: SectionSurroundings, faults: Faults) -> None:
        self._types = surroundings.types
        self._parameters: Mapping[str, Parameter] = {
            name: one for name, one in surroundings.manifest.parameters.items() if one.type
        }
        self._faults = faults
        self.used: set[str] = set()

    def index(self, written: object, path: str) -> object:
        """The map of one index."""
        value = _lower_period(written, path)
        if not isinstance(value, dict):
            return value
        inputs, terms = value.get("input"), value.get("term")
        if isinstance(inputs, dict):
            value["input"] = {name: self._input(one, f"{path}.input.{name}") for name, one in inputs.items()}
        if isinstance(terms, dict):
            names = [name for name in inputs if is_rule_name(name)] if isinstance(inputs, dict) else []
            value["term"] = {name: self._term(one, names, f"{path}.term.{name}") for name, one in terms.items()}
        return value

    def _input(self, written: object, path: str) -> object:
        value = _lower_period(written, path)
        if not isinstance(value, dict) or not isinstance(value.get("where"), str):
            return value
        definition = self._types.get(str(value.get("kind")))
        text, value["where"] = value["where"], PLACEHOLDER
        if definition is not None:
            scope = lambda: condition_scope(definition, self._parameters)  # noqa: E731
            self._parse(value, "where", text, scope, BOOLEAN, path)
        return value

    def _term(self, written: object, inputs: list[str], path: str) -> object:
        value = _copied(written, path)
        if not isinstance(value, dict):
            return value
        if isinstance(value.get("weight"), str):
            self.used.add(value["weight"])
        if isinstance(value.get("score"), str):
            text, value["score"] = value["score"], _NO_SCORE
            self._parse(value, "score", text, lambda: score_scope(inputs, self._parameters), INTEGER, path)
        return value

    def _parse(
        self, holder: dict[str, Any], key: str, text: str, scope: Callable[[], Scope], expected: Type, path: str
    ) -> None:
        try:
            tree = parse_rule(text, scope(), expected)
        except (RuleSourceError, RuleDeclarationError) as error:
            self._faults.add(PackFault("{reason}", reason=error), f"{path}.{key}")
            return
        holder[key] = tree.encode_value()
        self.used |= {name for name in self._parameters if parameter_name(name) in tree.names}


def _lower_period(written: object, path: str) -> object:
    """A period in words, as the ledger has it; words that are not understood stay and are complained about."""
    value = _copied(written, path)
    if isinstance(value, dict) and isinstance(value.get("every"), str):
        found = understand(value["every"], "", WORDS_SINCE)
        if isinstance(found, Understood):
            value["every"] = found.recurrence.encode_value()
    return value


def _copied(written: object, _path: str) -> object:
    return dict(written) if isinstance(written, dict) else written
