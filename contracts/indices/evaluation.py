"""An index of a unit in a period: every input counted, every term scored, and the whole.

Owns the arithmetic: the whole is the sum of weight times score over the terms that have a score, divided by their
weights, in hundredths, half up. Never publishes or judges. Invariants: a term without a score counts for nothing and
against nobody, and the index says which share of the weight it rests on; the same records give the same index,
whoever computes it. Source: docs/reference/indices.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.errors import Reason
from contracts.indices.checking import is_about_persons
from contracts.indices.counted import (
    INPUT_MISSING,
    KIND_LATER,
    NO_SCORE,
    NO_WEIGHT,
    NOT_CONCERNED,
    TOO_FEW,
    UNIT_LATER,
    Counted,
    Missing,
)
from contracts.indices.index import Index, Term
from contracts.indices.input import (
    COUNT_CASES,
    COUNT_DUES,
    COUNT_HOLDERS,
    COUNT_PERIODS,
    COUNT_PLANS,
    Input,
)
from contracts.indices.limits import PEOPLE_MIN, SCORE_MAX
from contracts.indices.period import Period
from contracts.indices.record_count import FixedEnvironment, RecordCounter
from contracts.indices.scopes import score_scope
from contracts.indices.section import IndexSection
from contracts.indices.unit_count import count_cases, count_dues, count_plans, holders_at
from contracts.packs.active import KIND_TYPE
from contracts.packs.parameter import Parameter
from contracts.packs.record_type import TypeDefinition
from contracts.record_source import RecordSource, Remembered
from contracts.rules.errors import RuleEvaluationError
from contracts.rules.evaluator import CompiledRule, compile_rule
from contracts.rules.tree import Tree, decode_tree
from contracts.rules.types import INTEGER
from contracts.units.tree import KIND_UNIT

HUNDREDTHS = 100
_UNIT_TIME = "time"


@dataclass(frozen=True, slots=True)
class ScoredTerm:
    """A term: its weight in the period, and its score, 0 to 100, or why it has none."""

    term: Term
    weight: int
    score: int | None
    missing: Missing | None = None


@dataclass(frozen=True, slots=True)
class UnitIndex:
    """The index of a unit in a period.

    `value` is in hundredths of a point; None if no term has a score. It rests on `weight_counted` of `weight_whole`.
    `is_concerned`: somebody in the unit holds or held the office of the people whom the index is about.
    """

    unit: str
    period: Period
    inputs: dict[str, Counted]
    terms: tuple[ScoredTerm, ...]
    value: int | None
    weight_counted: int
    weight_whole: int
    is_concerned: bool = True


def formulas_of(index: Index, parameters: Mapping[str, Parameter]) -> dict[str, Tree]:
    """The formula of each term, which prints as text."""
    scope = score_scope(index.inputs, parameters)
    return {name: decode_tree(term.score.tree, scope, INTEGER) for name, term in index.terms.items()}


class IndexEvaluation:
    """One index, ready to be computed for many units."""

    def __init__(
        self, section: IndexSection, index: Index, types: Mapping[str, TypeDefinition], source: RecordSource
    ) -> None:
        """`types` are those of the section's pack."""
        self.index = index
        self._section = section
        self._source = source
        self._people = {name for name, one in index.inputs.items() if is_about_persons(one, types)}
        self._counters = {
            name: RecordCounter.of(one, types[one.kind], section.parameters)
            for name, one in index.inputs.items()
            if one.kind
        }
        self._scores: dict[str, CompiledRule] = {
            name: compile_rule(tree) for name, tree in formulas_of(index, section.parameters).items()
        }
        self._kinds_since: dict[str, int] = {}

    def formula(self, term: str) -> Tree:
        """The formula of a term, which prints as text."""
        return self._scores[term].tree

    def of(self, unit: str, period: Period) -> UnitIndex:
        """The index of a unit.

        Cost: reads the unit's records of every kind that is counted, once.
        """
        source = Remembered(self._source)
        record = source.find(KIND_UNIT, unit)
        founded = 0 if record is None else record.fields[_UNIT_TIME]
        assert isinstance(founded, int), "the form of a unit"
        people = self._people_of(source, unit, period)
        if people is not None and people.value is None:
            return self._not_concerned(unit, period)
        few = people is not None and (people.value or 0) < PEOPLE_MIN
        inputs: dict[str, Counted] = {}
        for name, one in self.index.inputs.items():
            if few and name in self._people:
                inputs[name] = Counted.none(TOO_FEW, least=PEOPLE_MIN)
            else:
                inputs[name] = self._checked(one, self._count(source, name, one, unit, period), founded, period)
        terms = tuple(self._score(term, inputs, period) for term in self.index.terms.values())
        counted = sum(one.weight for one in terms if one.score is not None)
        whole = sum(one.weight for one in terms)
        value = None
        if counted:
            points = sum(one.weight * one.score for one in terms if one.score is not None)
            # Half up: points and weights are not negative.
            value = (2 * points * HUNDREDTHS + counted) // (2 * counted)
        return UnitIndex(unit, period, inputs, terms, value, counted, whole)

    def _people_of(self, source: RecordSource, unit: str, period: Period) -> Counted | None:
        """The people whom the index is about; None if it names none."""
        role = self.index.population
        return holders_at(source, unit, role, period.end_ms - 1) if role else None

    def _not_concerned(self, unit: str, period: Period) -> UnitIndex:
        """Of a unit of another kind: it is not asked to do what the index counts, so nothing is a zero."""
        nothing = Counted.none(NOT_CONCERNED, role=self.index.population)
        inputs = dict.fromkeys(self.index.inputs, nothing)
        terms = tuple(
            ScoredTerm(one, self._weight(one, period), None, nothing.missing) for one in self.index.terms.values()
        )
        return UnitIndex(unit, period, inputs, terms, None, 0, sum(one.weight for one in terms), is_concerned=False)

    def _weight(self, term: Term, period: Period) -> int:
        if isinstance(term.weight, int):
            return term.weight
        found = self._section.parameters[term.weight].value_on(period.last)
        assert isinstance(found, int), "a weight is an integer"
        return found

    def _count(self, source: RecordSource, name: str, one: Input, unit: str, period: Period) -> Counted:
        if one.count == COUNT_PERIODS:
            assert one.every is not None, "an input of periods says which"
            return Counted(sum(one.every.needed_in(index) for index in period.ends_of(one.every)))
        if one.count == COUNT_PLANS:
            return count_plans(source, unit, period, one.what)
        if one.count == COUNT_HOLDERS:
            return holders_at(source, unit, one.role, period.end_ms - 1)
        if one.count == COUNT_CASES:
            return count_cases(source, unit, period, one.what)
        if one.count == COUNT_DUES:
            return count_dues(source, unit, period, one.what)
        return self._counters[name].count(source, unit, period)

    def _checked(self, one: Input, counted: Counted, founded_ms: int, period: Period) -> Counted:
        """What was counted; missing where nothing was, and nothing could have been.

        What was recorded of a time before counts: histories are brought in later.
        """
        if counted.value != 0 or one.count == COUNT_PERIODS:
            return counted
        if founded_ms >= period.end_ms:
            return Counted.none(UNIT_LATER)
        if one.kind and self._since(one.kind) >= period.end_ms:
            return Counted.none(KIND_LATER, kind=one.kind)
        return counted

    def _since(self, kind: str) -> int:
        """Since when records of a kind can be made, in ms."""
        if kind not in self._kinds_since:
            record = self._source.find(KIND_TYPE, kind)
            versions = None if record is None else record.fields["versions"]
            first = versions[0] if isinstance(versions, list) and versions else None
            height = first[0] if isinstance(first, list) and isinstance(first[0], int) else 0
            self._kinds_since[kind] = self._source.time_of(height)
        return self._kinds_since[kind]

    def _score(self, term: Term, inputs: dict[str, Counted], period: Period) -> ScoredTerm:
        weight = self._weight(term, period)
        if not weight:
            return ScoredTerm(term, 0, None, Missing(NO_WEIGHT))
        rule = self._scores[term.name]
        for name in sorted(rule.tree.names):
            if name in inputs and inputs[name].value is None:
                return ScoredTerm(term, weight, None, Missing(INPUT_MISSING, {"input": name}))
        values = {name: one.value for name, one in inputs.items()}
        try:
            score = rule.evaluate(FixedEnvironment(values, self._section.parameters, period))
        except RuleEvaluationError as error:
            return ScoredTerm(term, weight, None, _no_score(error))
        assert isinstance(score, int), "a score is an integer"
        return ScoredTerm(term, weight, min(max(score, 0), SCORE_MAX))


def _no_score(error: RuleEvaluationError) -> Missing:
    reason: Reason = NO_SCORE
    return Missing(reason, {"fault": str(error)})
