"""Base64 in its one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.base64_text import decode_base64, encode_base64


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"", ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v"), (b"foobar", "Zm9vYmFy")],
)
def test_the_vectors_of_rfc_4648(data: bytes, text: str) -> None:
    assert encode_base64(data) == text
    assert decode_base64(text) == data


@pytest.mark.parametrize(
    "text", ["Zh==", "Zm9=", "Zg", "Zg=", "Zg===", "Zm9v\n", " Zm9v", "Zm 9v", "Zm-_", "Zm9v====", "=", "é", "\ud800"]
)
def test_other_forms_are_refused(text: str) -> None:
    assert decode_base64(text) is None


@given(st.binary())
def test_round_trip(data: bytes) -> None:
    assert decode_base64(encode_base64(data)) == data


@given(st.text("ABZaz09+/= \n", max_size=12))
def test_one_text_for_each_run_of_bytes(text: str) -> None:
    data = decode_base64(text)
    assert data is None or encode_base64(data) == text
