"""A periodic check: in every period, each record of the type is looked at once, and what is found is noted by itself.

Owns the form of a check: how often, and the automatic transition that is tried on every record that it starts from; its
guards say whether something was found, its effects what is done about it. Never runs one. Since an automatic transition
never decides on a person, neither does a check. Source: docs/reference/packs.md, "Checks".
"""

from dataclasses import dataclass

from contracts.calendar.recurrence import Recurrence
from contracts.packs.fault import Faults
from contracts.packs.form import Form
from contracts.packs.limits import ARTICLE_SIZE_BYTES_MAX
from contracts.packs.names import NAME, NAME_HINT
from contracts.packs.period_reading import read_recurrence
from contracts.packs.words import Words, read_title
from ledger.encoding import Value

# The timer by which the checks of a pack begin once it is in force; the record engine serves it.
BEGIN_PURPOSE = "records.begin-checks"


@dataclass(frozen=True, slots=True)
class Check:
    """After every period of `every` the transition `then` is tried on each record that it starts from."""

    name: str
    title: Words
    every: Recurrence
    then: str
    article: str = ""

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        value: dict[str, Value] = {
            "every": self.every.encode_value(),
            "then": self.then,
            "title": self.title.to_value(),
        }
        return value | {"article": self.article} if self.article else value

    @classmethod
    def read(cls, name: str, value: Value, path: str, faults: Faults) -> "Check":
        """The check in the map `value`."""
        form = Form(value, path, faults)
        check = cls(
            name,
            read_title(form),
            read_recurrence(form),
            form.matching("then", NAME, NAME_HINT),
            form.text("article", ARTICLE_SIZE_BYTES_MAX, optional=True),
        )
        form.close()
        return check
