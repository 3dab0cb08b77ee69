"""JSON as it is read for genesis and node descriptions. Source: docs/protocol.md, section 3."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.encoding import INTEGER_MAX, INTEGER_MIN, Value, encode
from ledger.errors import InvalidGenesisError
from ledger.strict_json import JSON_SIZE_CHARACTERS_MAX, parse_strict_json
from tests.ledger.values import texts

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(INTEGER_MIN, INTEGER_MAX), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=20,
)


@given(json_values, st.booleans())
def test_values_are_read_whatever_the_layout(value: Value, ascii_only: bool) -> None:
    for indent in (None, 2):
        assert parse_strict_json(json.dumps(value, ensure_ascii=ascii_only, indent=indent)) == value


@given(st.one_of(st.text(), st.text('{}[]",:0123456789.eE-+tfnul \n\\ud8', max_size=30)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = parse_strict_json(text)
    except InvalidGenesisError as error:
        assert str(error)
    else:
        assert encode(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("{} {}", "not JSON"),
        ("{'a': 1}", "not JSON"),
        ('{"a": 1,}', "not JSON"),
        ('"\t"', "not JSON"),
        ('{"a": 1, "b": {"c": 1, "c": 1}}', "'c' stands in one object twice"),
        ('{"a": 1, "\\u0061": 2}', "'a' stands in one object twice"),
        ("1.0", "1.0 is not a whole number"),
        ("[1e3]", "1e3 is not a whole number"),
        ("NaN", "NaN is not a whole number"),
        ("-Infinity", "-Infinity is not a whole number"),
        ("9223372036854775808", "64 bits"),
        ("-9223372036854775809", "64 bits"),
        ("[" + "9" * 100_000 + "]", "64 bits"),
        ('"\\ud800"', "surrogate"),
        ('{"\\udfff": 1}', "surrogate"),
        ("[" * 17 + "]" * 17, "deeper than 16"),
        ("[" * 100_000, "nested far too deep"),
        (" " * (JSON_SIZE_CHARACTERS_MAX + 1), "more than 1048576 characters"),
    ],
    ids=range(20),
)
def test_what_is_refused_and_why(text: str, said: str) -> None:
    with pytest.raises(InvalidGenesisError) as refused:
        parse_strict_json(text)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 300


def test_an_object_with_very_many_names_is_read_in_one_pass() -> None:
    names = {str(number): number for number in range(30_000)}
    assert parse_strict_json(json.dumps(names)) == names
