"""Inputs that lie close to valid ones, and the promise that every codec makes for any input."""

from collections.abc import Callable
from typing import TypeVar

from hypothesis import strategies as st

from ledger.errors import RemoteProtocolError

Parsed = TypeVar("Parsed")


@st.composite
def changed(draw: st.DrawFn, originals: tuple[bytes, ...]) -> bytes:
    """One of `originals` with up to three edits: bytes replaced, put in, taken out, or a piece repeated."""
    data = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        piece = draw(
            st.one_of(st.binary(max_size=4), st.sampled_from([b"\n", b" ", b"=", b"+", b"0", data[start:end]]))
        )
        data = data[:start] + piece + draw(st.sampled_from([data[start:], data[end:]]))
    return data


def assert_one_form(parse: Callable[[bytes], Parsed], encode: Callable[[Parsed], bytes], data: bytes) -> None:
    """Either `data` is refused with an error that can be shown, or it is the one form of what it means."""
    try:
        parsed = parse(data)
    except RemoteProtocolError as error:
        assert str(error)
    else:
        assert encode(parsed) == data


def every_flipped_bit(data: bytes) -> list[bytes]:
    """All texts that differ from `data` in a single bit."""
    flipped: list[bytes] = []
    for at in range(len(data)):
        for bit in range(8):
            flipped.append(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
    return flipped
