"""Arguments that are maps: the fields of a record, the counts of a vote, where imported data came from.

Owns the forms and bounds that hold whatever the record's type is; which fields there are and what they may hold is the
business of the type's definition. Never looks at state. Invariant: what passed holds only values that a record's field
can hold: texts, whole numbers, truth values, hashes, lists of these, commitments, and nil for "no longer there".
Source: docs/reference/contracts.md, "Arguments".
"""

import re
from dataclasses import dataclass

from contracts.argument_reasons import OUT_OF_RANGE, PATTERN, TOO_MANY, UNKNOWN, WRONG_TYPE
from contracts.arguments import ArgumentType, Description, HashValue, Integer, Text
from contracts.errors import Refusal
from ledger.detached import is_commitment
from ledger.encoding import Value

# As many fields as a type of records can have.
FIELDS_COUNT_MAX = 64
# A list in a field; longer ones are records of their own.
FIELD_LIST_COUNT_MAX = 256
# The network of people behind one count has fewer.
COUNT_MAX = 10**9
VOTE_COUNTS = ("present", "issued", "valid", "yes", "no", "abstain")
FILE_NAME_SIZE_BYTES_MAX = 400
REVISION_SIZE_BYTES_MAX = 100
SOURCE_SIZE_BYTES_MAX = 400

_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_SCALARS = frozenset((str, int, bool, bytes))


@dataclass(frozen=True, slots=True)
class Fields:
    """A map of field names to values; which names and types fit is for the record's type to say."""

    count_max: int = FIELDS_COUNT_MAX

    def check(self, name: str, value: Value) -> None:
        """Refuse what no record's fields could be."""
        if type(value) is not dict:
            raise Refusal(*WRONG_TYPE, argument=name, expected="map")
        if len(value) > self.count_max:
            raise Refusal(*TOO_MANY, argument=name, count=len(value), limit=self.count_max)
        for field, item in value.items():
            if not _FIELD_NAME.fullmatch(field):
                raise Refusal(*PATTERN, argument=name, pattern=_FIELD_NAME.pattern)
            if type(item) in _SCALARS or item is None or is_commitment(item):
                continue
            if type(item) is not list or any(type(one) not in _SCALARS for one in item):
                raise Refusal(*WRONG_TYPE, argument=f"{name}.{field}", expected="field value")
            if len(item) > FIELD_LIST_COUNT_MAX:
                raise Refusal(*TOO_MANY, argument=f"{name}.{field}", count=len(item), limit=FIELD_LIST_COUNT_MAX)

    def describe(self) -> Description:
        """The bound on their number."""
        return {"type": "fields", "count_max": self.count_max}


@dataclass(frozen=True, slots=True)
class VoteCounts:
    """What was counted in a vote: people present, ballots issued and valid, and how they voted; all six."""

    def check(self, name: str, value: Value) -> None:
        """Refuse what lacks a count, has another one, or is no count of people."""
        if type(value) is not dict:
            raise Refusal(*WRONG_TYPE, argument=name, expected="map")
        for count in VOTE_COUNTS:
            number = value.get(count)
            if type(number) is not int:
                raise Refusal(*WRONG_TYPE, argument=f"{name}.{count}", expected="integer")
            if not 0 <= number <= COUNT_MAX:
                raise Refusal(*OUT_OF_RANGE, argument=f"{name}.{count}", least=0, most=COUNT_MAX)
        for count in value:
            if count not in VOTE_COUNTS:
                raise Refusal(*UNKNOWN, argument=f"{name}.{count}")

    def describe(self) -> Description:
        """The counts."""
        return {"type": "vote", "counts": list(VOTE_COUNTS)}


_PROVENANCE: dict[str, ArgumentType] = {
    "file": Text(FILE_NAME_SIZE_BYTES_MAX),
    "hash": HashValue(),
    "revision": Text(REVISION_SIZE_BYTES_MAX),
    "row": Integer(1),
    "source": Text(SOURCE_SIZE_BYTES_MAX),
}


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where imported data came from: a file and its row, the file's hash, its revision, its source; `file` at least."""

    def check(self, name: str, value: Value) -> None:
        """Refuse what does not name a file, and what it cannot say."""
        if type(value) is not dict:
            raise Refusal(*WRONG_TYPE, argument=name, expected="map")
        if "file" not in value:
            raise Refusal(*WRONG_TYPE, argument=f"{name}.file", expected="text")
        for part, item in value.items():
            wanted = _PROVENANCE.get(part)
            if wanted is None:
                raise Refusal(*UNKNOWN, argument=f"{name}.{part}")
            wanted.check(f"{name}.{part}", item)

    def describe(self) -> Description:
        """The parts and their types."""
        return {"type": "provenance", "parts": {part: one.describe() for part, one in _PROVENANCE.items()}}
