"""JSON answers: what is written is what was meant, whatever a text holds."""

import json

from hypothesis import given
from hypothesis import strategies as st

from daemon.api.json_value import Json, json_bytes

TEXTS = st.text(st.characters(codec="utf-8"))
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(TEXTS, parts, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_a_value_is_written_as_the_standard_library_writes_it(value: Json) -> None:
    assert json_bytes(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def test_half_a_character_is_no_reason_to_fail() -> None:
    """Guard: daemon/api/json_value.py, "except UnicodeEncodeError:"."""
    assert json_bytes({"path": "/v1/\udcff", "name": "会员"}) == '{"path":"/v1/?","name":"会员"}'.encode()
