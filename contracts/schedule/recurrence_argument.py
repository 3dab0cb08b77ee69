"""The type of an argument that is a recurrence.

Owns its check. Never reads words: a client turns them into the canonical form before anything is signed.
"""

from dataclasses import dataclass

from contracts.argument_reasons import WRONG_TYPE
from contracts.arguments import Description
from contracts.calendar.recurrence import Recurrence
from contracts.errors import Refusal
from ledger.encoding import Value


@dataclass(frozen=True, slots=True)
class RecurrenceArgument:
    """A recurrence in its canonical form."""

    def check(self, name: str, value: Value) -> None:
        """Refuse what is no map, and what is no recurrence."""
        if type(value) is not dict:
            raise Refusal(*WRONG_TYPE, argument=name, expected="recurrence")
        Recurrence.decode(value)

    def describe(self) -> Description:
        """Nothing but the type."""
        return {"type": "recurrence"}
