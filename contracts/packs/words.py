"""A text in the two languages that every pack speaks.

Owns its form: both are there. Never chooses between them.
"""

from dataclasses import dataclass

from contracts.packs.fault import Faults, PackFault
from contracts.packs.form import Form
from contracts.packs.limits import TEXT_SIZE_BYTES_MAX, TITLE_SIZE_BYTES_MAX
from ledger.encoding import Value


@dataclass(frozen=True, slots=True)
class Words:
    """A text in English and in simplified Chinese."""

    en: str
    zh: str

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        return {"en": self.en, "zh": self.zh}

    @classmethod
    def read(cls, value: Value, path: str, faults: Faults, size_bytes_max: int = TITLE_SIZE_BYTES_MAX) -> "Words":
        """The text in the map `value`; a missing language is a fault."""
        if not isinstance(value, dict):
            faults.add(
                PackFault("a text in both languages is wanted here: {form}", form='{en = "…", zh = "…"}'),
                path,
            )
            return cls("", "")
        form = Form(value, path, faults)
        words = cls(form.text("en", size_bytes_max), form.text("zh", size_bytes_max))
        form.close()
        return words

    @classmethod
    def read_named(cls, _name: str, value: Value, path: str, faults: Faults) -> "Words":
        """The text of one entry in a table of texts."""
        return cls.read(value, path, faults)


def read_title(form: Form, key: str = "title") -> Words:
    """The title at `key` of a table; it has to be there."""
    return Words.read(form.take(key) if key in form else _missing(form, key), form.at(key), form.faults)


def read_optional_title(form: Form, key: str) -> Words | None:
    """The title at `key` of a table; None where it is left out."""
    value = form.take(key)
    return None if key not in form else Words.read(value, form.at(key), form.faults)


def read_paragraph(form: Form, key: str) -> Words:
    """A longer text at `key` of a table; it has to be there."""
    value = form.take(key) if key in form else _missing(form, key)
    return Words.read(value, form.at(key), form.faults, TEXT_SIZE_BYTES_MAX)


def _missing(form: Form, key: str) -> Value:
    form.take(key)
    # Read on as an empty table: it says of each language that it is missing, and where.
    return {}
