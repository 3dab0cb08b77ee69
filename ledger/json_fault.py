"""What is wrong with a text that is not JSON, in words of ours.

Owns the sentences for what Python's parser complains about. Its own messages are for programmers, name settings of the
interpreter, and are in no message catalogue. A complaint of a newer parser is shown as it is.

Source: the messages of `json.decoder` and `json.scanner` of Python 3.11 to 3.14; RFC 8259.
"""

import json
from typing import Any

from ledger.errors import BanyanError

# How a complaint begins, and what it means; `Expecting value` stands for every letter that begins no value.
_FAULTS = {
    "Expecting value": BanyanError("a value is expected here"),
    "Expecting property name": BanyanError("a name in double quotes is expected here"),
    "Expecting ',' delimiter": BanyanError("a comma is expected here"),
    "Expecting ':' delimiter": BanyanError("a colon is expected here"),
    "Illegal trailing comma": BanyanError("nothing follows this comma"),
    "Extra data": BanyanError("something follows after the end"),
    "Unterminated string": BanyanError("the text that begins here does not end"),
    "Invalid control character": BanyanError("a control character stands in a text; write it as an escape"),
    "Invalid \\": BanyanError("this escape is none of JSON's"),
    "Unexpected UTF-8 BOM": BanyanError("a byte order mark stands before it; save it without one"),
}


class DuplicateNameError(ValueError):
    """A name stands twice in one object, so that programs would read different values."""


def unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object with these names and values; for `json.loads(object_pairs_hook=…)`.

    Raises:
        DuplicateNameError
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DuplicateNameError
    return found


def json_fault(error: ValueError | RecursionError) -> BanyanError:
    """What `json.loads` complained about; to be a value in the error that says which text it was."""
    match error:
        case RecursionError():
            return BanyanError("it is nested far too deep")
        case DuplicateNameError():
            return BanyanError("a name stands twice in one object")
        case UnicodeError():
            return BanyanError("it is not a text in UTF-8")
        case json.JSONDecodeError():
            what = next((told for begin, told in _FAULTS.items() if error.msg.startswith(begin)), error.msg)
            return BanyanError("line {line}, column {column}: {what}", line=error.lineno, column=error.colno, what=what)
    # The one thing that is left: the interpreter's bound on the digits of a number.
    return BanyanError("a number in it has too many digits")
