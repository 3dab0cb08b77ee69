"""Base45, against RFC 9285."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.base45 import decode_base45, encode_base45


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"AB", "BB8"),
        (b"Hello!!", "%69 VD92EX0"),
        (b"base-45", "UJCLQE7W581"),
        (b"ietf!", "QED8WEX0"),
        (b"\xff\xff", "FGW"),
        (b"\xff", "U5"),
    ],
)
def test_the_documents_examples(data: bytes, text: str) -> None:
    assert encode_base45(data) == text
    assert decode_base45(text) == data


@pytest.mark.parametrize("text", ["A", "BB8A", "GGW", ":::", "V5", "::", "bb8", "BB8\n", "B_8", "ÄB8", "\u0660\u06608"])
def test_other_texts_are_refused(text: str) -> None:
    assert decode_base45(text) is None


@given(st.binary())
def test_round_trip(data: bytes) -> None:
    assert decode_base45(encode_base45(data)) == data


@given(st.text("0AZ:/ $Gb", max_size=12))
def test_one_text_for_each_run_of_bytes(text: str) -> None:
    data = decode_base45(text)
    assert data is None or encode_base45(data) == text
