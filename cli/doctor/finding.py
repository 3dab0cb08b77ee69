"""What the doctor can find, and how a finding is told.

Owns the shape: a kind has a code for programs, a severity, a sentence that says what and where, and a remedy; a finding
is a kind with the values that its texts need. Never decides what is wrong; that is the business of the checks. The
texts are keys of the catalogues. Source: docs/reference/doctor.md, which a test compares with the kinds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from cli.language import translated_template
from ledger.errors import BanyanError


class Severity(IntEnum):
    """How bad it is: the network or this node does not work; it may soon not; worth knowing."""

    ERROR = 0
    WARNING = 1
    INFO = 2

    @property
    def text(self) -> str:
        """The name for programs and in the reference."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing that can be found; `text` and `remedy` are constant texts with `{name}` fields."""

    code: str
    severity: Severity
    text: str
    remedy: str

    def found(self, **values: object) -> "Finding":
        """A finding of this kind; values may be errors, which are told in the language in use."""
        return Finding(self, values)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    kind: Kind
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What is wrong, and where, in the language in use."""
        return translated_template(self.kind.text, self.values)

    @property
    def remedy(self) -> str:
        """What to do about it, in the language in use."""
        return translated_template(self.kind.remedy, self.values)

    def to_json(self) -> dict[str, object]:
        """The finding as `banyan --json doctor` prints it."""
        return {
            "code": self.kind.code,
            "severity": self.kind.severity.text,
            "message": self.text,
            "remedy": self.remedy,
            "values": {name: _plain(value) for name, value in self.values.items()},
        }


def _plain(value: object) -> object:
    return str(value) if isinstance(value, BanyanError) else value
