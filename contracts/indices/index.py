"""An index: terms with weights, each a formula over counted inputs.

Owns the declaration. Never evaluates (`evaluation` does). Invariant: everything that goes into the index is here and on
the ledger: nobody can be told a number that they cannot compute themselves. Source: docs/reference/indices.md.
"""

from dataclasses import dataclass

from contracts.calendar.recurrence import Recurrence
from contracts.indices.input import Input
from contracts.indices.limits import INPUTS_MAX, TERMS_MAX, WEIGHT_MAX
from contracts.packs.expression import Expression
from contracts.packs.fault import Faults, PackFault
from contracts.packs.form import Form, kind_of
from contracts.packs.limits import ARTICLE_SIZE_BYTES_MAX
from contracts.packs.names import FIELD_NAME, FIELD_NAME_HINT, NAME, NAME_HINT, ROLE, ROLE_HINT
from contracts.packs.period_reading import read_recurrence
from contracts.packs.words import Words, read_paragraph, read_title
from ledger.encoding import Value


@dataclass(frozen=True, slots=True)
class Term:
    """One part of an index: `score` gives 0 to 100 of the inputs, `weight` is a number or a parameter's name."""

    name: str
    title: Words
    weight: int | str
    score: Expression
    article: str = ""

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        value: dict[str, Value] = {
            "score": self.score.to_value(),
            "title": self.title.to_value(),
            "weight": self.weight,
        }
        return value | {"article": self.article} if self.article else value

    @classmethod
    def read(cls, name: str, value: Value, path: str, faults: Faults) -> "Term":
        """The term in the map `value`."""
        form = Form(value, path, faults)
        score = Expression.read(form.take("score"), form.at("score"), faults)
        term = cls(
            name,
            read_title(form),
            _read_weight(form),
            score,
            form.text("article", ARTICLE_SIZE_BYTES_MAX, optional=True),
        )
        form.close()
        return term


@dataclass(frozen=True, slots=True)
class Index:
    """An index of units over periods of `every`.

    `population` names the office whose holders are the people that inputs about persons are about; empty where there
    are no such inputs.
    """

    name: str
    title: Words
    summary: Words
    every: Recurrence
    inputs: dict[str, Input]
    terms: dict[str, Term]
    population: str = ""
    article: str = ""

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        value: dict[str, Value] = {
            "every": self.every.encode_value(),
            "input": {name: one.to_value() for name, one in self.inputs.items()},
            "summary": self.summary.to_value(),
            "term": {name: one.to_value() for name, one in self.terms.items()},
            "title": self.title.to_value(),
        }
        if self.population:
            value["population"] = self.population
        return value | {"article": self.article} if self.article else value

    @classmethod
    def read(cls, name: str, value: Value, path: str, faults: Faults) -> "Index":
        """The index in the map `value`."""
        form = Form(value, path, faults)
        index = cls(
            name,
            read_title(form),
            read_paragraph(form, "summary"),
            read_recurrence(form),
            form.table("input", FIELD_NAME, FIELD_NAME_HINT, INPUTS_MAX, Input.read, least=1),
            form.table("term", NAME, NAME_HINT, TERMS_MAX, Term.read, least=1),
            form.matching("population", ROLE, ROLE_HINT, optional=True),
            form.text("article", ARTICLE_SIZE_BYTES_MAX, optional=True),
        )
        form.close()
        return index


def _read_weight(form: Form) -> int | str:
    value = form.take("weight")
    if "weight" not in form:
        form.refuse(PackFault("the key {key} is missing", key="'weight'"), "weight")
        return 0
    if isinstance(value, str):
        return form.matching("weight", NAME, NAME_HINT)
    if type(value) is int:
        return form.integer("weight", 1, WEIGHT_MAX)
    form.refuse(
        PackFault("a weight is a whole number or the name of a parameter, not {found}", found=kind_of(value)), "weight"
    )
    return 0
