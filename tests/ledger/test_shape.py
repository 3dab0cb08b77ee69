"""Maps of a fixed shape: the bytes of a plain map, and nothing but what is declared comes back."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.encoding import encode, encode_checked
from ledger.errors import DecodingError
from ledger.shape import HashBytes, Shape, reader_of


class Parcel(Shape, rename={"weight_grams": "weight"}):
    """Something with all that shapes are used for."""

    sender: HashBytes
    weight_grams: int
    label: str = ""
    stops: tuple[str, ...] = ()
    more: dict[str, Any] | None = None


read = reader_of(tuple[int, Parcel])
SENDER = bytes(range(32))

texts = st.text(st.characters(codec="utf-8"), max_size=8)
parcels = st.builds(
    Parcel,
    st.binary(min_size=32, max_size=32),
    st.integers(-(2**63), 2**63 - 1),
    texts,
    st.lists(texts, max_size=3).map(tuple),
    st.none() | st.dictionaries(texts, st.integers(0, 9), max_size=3),
)


def as_map(parcel: Parcel) -> dict[str, Any]:
    """The map that a parcel is, in no particular order."""
    always = {"weight": parcel.weight_grams, "sender": parcel.sender}
    optional = {"more": parcel.more, "stops": list(parcel.stops), "label": parcel.label}
    return always | {name: one for name, one in optional.items() if one or (name == "more" and one is not None)}


@settings(max_examples=50)
@given(st.integers(1, 2**63 - 1), parcels)
def test_a_shape_has_the_bytes_of_its_map_and_comes_back(version: int, parcel: Parcel) -> None:
    data = encode_checked((version, parcel))
    assert data == encode([version, as_map(parcel)])
    assert read(data) == (version, parcel)


def test_items_are_changed_in_a_copy() -> None:
    parcel = Parcel(SENDER, 5)
    assert parcel.changed(label="glass") == Parcel(SENDER, 5, "glass")
    assert parcel.label == ""


@pytest.mark.parametrize(
    "value",
    [
        {"sender": SENDER},
        {"sender": SENDER[:-1], "weight": 1},
        {"sender": SENDER, "weight": "1"},
        {"sender": SENDER, "weight": True},
        {"sender": SENDER, "weight": 1, "height": 2},
        {"sender": SENDER, "weight": 1, "stops": [1]},
        [],
    ],
)
def test_what_is_not_declared_is_no_such_map(value: Any) -> None:
    with pytest.raises(DecodingError):
        read(encode([1, value]))


@pytest.mark.parametrize("data", [b"", b"\xc1", encode([1]), encode([1, {"sender": SENDER, "weight": 1}]) + b"\0"])
def test_damaged_bytes_are_told(data: bytes) -> None:
    with pytest.raises(DecodingError):
        read(data)
