"""What is said of a text that is not JSON: words of ours for everything that the parser complains about."""

import json
import sys

import pytest

from ledger.json_fault import json_fault, unique_names


def fault_of(content: bytes | str) -> str:
    try:
        json.loads(content, object_pairs_hook=unique_names)
    except (ValueError, RecursionError) as error:
        return str(json_fault(error))
    raise AssertionError("it was taken for JSON")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "line 1, column 1: a value is expected here"),
        (b"nonsense", "line 1, column 1: a value is expected here"),
        (b'{"a": 1,\n "b" 2}', "line 2, column 6: a colon is expected here"),
        (b'{"a": 1 "b": 2}', "line 1, column 9: a comma is expected here"),
        (b"[1 2]", "line 1, column 4: a comma is expected here"),
        (b"{a: 1}", "line 1, column 2: a name in double quotes is expected here"),
        (b"{} {}", "line 1, column 4: something follows after the end"),
        (b'"abc', "line 1, column 1: the text that begins here does not end"),
        (b'"a\nb"', "line 1, column 3: a control character stands in a text; write it as an escape"),
        (b'"\\x"', "line 1, column 2: this escape is none of JSON's"),
        (b'"\\u12"', "line 1, column 3: this escape is none of JSON's"),
        ("\ufeff{}", "line 1, column 1: a byte order mark stands before it; save it without one"),
        (b'"\xff"', "it is not a text in UTF-8"),
        (b'{"a": 1, "a": 2}', "a name stands twice in one object"),
        (b"[" * 100_000, "it is nested far too deep"),
        (b"1" * (sys.get_int_max_str_digits() + 1), "a number in it has too many digits"),
    ],
)
def test_every_complaint_is_told_in_words_of_ours(content: bytes | str, expected: str) -> None:
    assert fault_of(content) == expected


def test_a_complaint_of_a_newer_parser_is_shown_as_it_is() -> None:
    assert str(json_fault(json.JSONDecodeError("Something new", "[]", 1))) == "line 1, column 2: Something new"
