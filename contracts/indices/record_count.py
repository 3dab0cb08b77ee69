"""Counting records of a pack's type in a unit and a period.

Owns which records count: by state, day and condition. Never counts what waits to be created. Invariant: a record whose
value or condition cannot be read makes the whole count missing, and is named. Source: docs/reference/indices.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.indices.counted import CONDITION_FAILED, VALUE_MISSING, Cited, Counted, total
from contracts.indices.input import Input
from contracts.indices.period import Period
from contracts.indices.scopes import PERIOD_FIRST, PERIOD_LAST, condition_scope
from contracts.packs.parameter import Parameter
from contracts.packs.record_type import TypeDefinition
from contracts.packs.rule_names import parameter_name
from contracts.record import Record
from contracts.record_source import Found, RecordSource
from contracts.records.move import NOT_THERE
from contracts.rules.errors import RuleEvaluationError
from contracts.rules.evaluator import CompiledRule, compile_rule
from contracts.rules.tree import decode_tree
from contracts.rules.types import BOOLEAN, RuleValue


class FixedEnvironment:
    """Names with values that do not change; parameters as they are on a day."""

    def __init__(self, values: Mapping[str, RuleValue], parameters: Mapping[str, Parameter], period: Period) -> None:
        """`values` go before parameters; of those, what holds on the period's last day."""
        self._values = values
        self._parameters = {parameter_name(name): one.value_on(period.last) for name, one in parameters.items()}
        self.utc_offset_minutes = period.offset_minutes

    def value(self, name: str) -> RuleValue:
        """The value of a name; None where it is not there."""
        return self._values[name] if name in self._values else self._parameters.get(name)

    def call(self, name: str, arguments: tuple[RuleValue, ...]) -> RuleValue:
        """No function of an engine is in the scope."""
        raise AssertionError(f"{name} is not declared")


@dataclass(frozen=True, slots=True)
class RecordCounter:
    """Counts by one input; made once for all units."""

    input: Input
    definition: TypeDefinition
    parameters: Mapping[str, Parameter]
    condition: CompiledRule | None

    @classmethod
    def of(cls, one: Input, definition: TypeDefinition, parameters: Mapping[str, Parameter]) -> "RecordCounter":
        """The counter of an input that fits its pack."""
        if one.where is None:
            return cls(one, definition, parameters, None)
        tree = decode_tree(one.where.tree, condition_scope(definition, parameters), BOOLEAN)
        return cls(one, definition, parameters, compile_rule(tree))

    def count(self, source: RecordSource, unit: str, period: Period) -> Counted:
        """The records of a unit that count in a period.

        Cost: reads all records of the type in the unit.
        """
        cited: list[Cited] = []
        different: set[object] = set()
        kind = self.definition.kind
        for found in source.of_unit(kind, unit):
            values = found.record.fields.get("values")
            if not isinstance(values, dict) or not self._is_of_period(found.record, values, period):
                continue
            try:
                if not self._holds(found, values, period):
                    continue
            except RuleEvaluationError as error:
                return Counted.none(CONDITION_FAILED, kind=kind, id=found.id, fault=str(error))
            field = self.input.sum or self.input.distinct
            value = values.get(field) if field else 1
            if value is None:
                return Counted.none(VALUE_MISSING, kind=kind, id=found.id, field=field)
            if self.input.distinct:
                cited.append(Cited(kind, found.id, int(value not in different)))
                different.add(value)
            else:
                assert isinstance(value, int), "a field that is added up is a number"
                cited.append(Cited(kind, found.id, value))
        return total(cited)

    def _is_of_period(self, record: Record, values: Mapping[str, object], period: Period) -> bool:
        state = record.fields["state"]
        if state == NOT_THERE or (self.input.states and state not in self.input.states):
            return False
        if self.input.ever:
            return True
        if not self.input.on:
            since = record.fields["since"]
            return isinstance(since, int) and period.has_time(since)
        when = values.get(self.input.on)
        if not isinstance(when, int):
            return False
        is_day = self.definition.fields[self.input.on].type == "date"
        return period.has_day(when) if is_day else period.has_time(when)

    def _holds(self, found: Found, values: Mapping[str, object], period: Period) -> bool:
        if self.condition is None:
            return True
        fields = found.record.fields
        named = {name: values.get(name) for name in self.definition.fields}
        named |= {"state": fields["state"], "unit": fields["unit"]}
        named |= {PERIOD_FIRST: period.first, PERIOD_LAST: period.last}
        environment = FixedEnvironment(named, self.parameters, period)  # type: ignore[arg-type]
        return self.condition.evaluate(environment) is True
