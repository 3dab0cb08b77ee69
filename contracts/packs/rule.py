"""A named rule: the expression that has to hold, and what people are told where it does not.

Owns the declaration. Never evaluates. Source: docs/reference/packs.md, "Rules".
"""

from dataclasses import dataclass
from string import Formatter

from contracts.packs.expression import Expression
from contracts.packs.fault import Faults, PackFault
from contracts.packs.form import Form
from contracts.packs.limits import ARTICLE_SIZE_BYTES_MAX
from contracts.packs.words import Words, read_paragraph
from ledger.encoding import Value

# Of the first clause that does not hold: its two sides, the sign between them, and the whole of it.
PLACEHOLDERS = frozenset(("condition", "left", "operator", "right"))


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a record type; `article` says where the rule is written, and may be empty."""

    name: str
    expression: Expression
    text: Words
    article: str = ""

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        value: dict[str, Value] = {"expression": self.expression.to_value(), "text": self.text.to_value()}
        return value | {"article": self.article} if self.article else value

    @classmethod
    def read(cls, name: str, value: Value, path: str, faults: Faults) -> "Rule":
        """The rule in the map `value`."""
        form = Form(value, path, faults)
        rule = cls(
            name,
            Expression.read(form.take("expression"), form.at("expression"), faults),
            read_paragraph(form, "text"),
            form.text("article", ARTICLE_SIZE_BYTES_MAX, optional=True),
        )
        form.close()
        for language, text in (("en", rule.text.en), ("zh", rule.text.zh)):
            _check_placeholders(form, f"text.{language}", text)
        return rule


def _check_placeholders(form: Form, key: str, text: str) -> None:
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        form.refuse(PackFault("a brace in the text is not closed; write {{{{ and }}}} for braces themselves"), key)
        return
    for _literal, name, form_of_number, conversion in parts:
        if name is not None and (name not in PLACEHOLDERS or form_of_number or conversion):
            form.refuse(
                PackFault(
                    "the text has a placeholder {name} that nothing fills; there are {known}",
                    name=repr(name),
                    known=", ".join(sorted(PLACEHOLDERS)),
                ),
                key,
            )
