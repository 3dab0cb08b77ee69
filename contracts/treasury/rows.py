"""An argument that is a table: rows of the same columns, such as the payments of a day.

Owns the check of its form; what the rows say is for the operation. Source: docs/reference/treasury.md, "Operations".
"""

from dataclasses import dataclass

from contracts.argument_reasons import OUT_OF_RANGE, TOO_MANY, WRONG_TYPE
from contracts.arguments import ArgumentType, Description
from contracts.errors import Refusal
from ledger.encoding import Value


@dataclass(frozen=True, slots=True)
class Rows:
    """1 to `count_max` rows; of the columns, those from `needed` on may be left out."""

    columns: tuple[tuple[str, ArgumentType], ...]
    needed: int
    count_max: int

    def check(self, name: str, value: Value) -> None:
        """Refuse what is no such table, with the row and the column."""
        if type(value) is not list:
            raise Refusal(*WRONG_TYPE, argument=name, expected="list")
        if len(value) > self.count_max:
            raise Refusal(*TOO_MANY, argument=name, count=len(value), limit=self.count_max)
        if not value:
            raise Refusal(*OUT_OF_RANGE, argument=name, least=1, most=self.count_max)
        for index, row in enumerate(value):
            if type(row) is not list or not self.needed <= len(row) <= len(self.columns):
                raise Refusal(*WRONG_TYPE, argument=f"{name}[{index}]", expected="list")
            for position, item in enumerate(row):
                column, kind = self.columns[position]
                kind.check(f"{name}[{index}].{column}", item)

    def describe(self) -> Description:
        """The columns and the bound."""
        return {
            "type": "rows",
            "columns": [
                {"name": name, "optional": position >= self.needed} | kind.describe()
                for position, (name, kind) in enumerate(self.columns)
            ],
            "count_max": self.count_max,
        }
