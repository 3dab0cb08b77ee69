"""Whatever bytes are published as a section: it is taken whole, or refused as a fault of the pack, nothing else."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.indices.section import INDICES
from contracts.packs.fault import Faults, PackFault
from contracts.packs.pack import Pack
from contracts.packs.sections.known import decode_section, encode_section
from ledger.encoding import decode, encode
from tests.contracts.indices.oversight import circle

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.sampled_from(["", "member", "records", "dues", "talk", "evening", "held_on", "x" * 70, "Ä", "a-b", "role:x"]),
    st.just(b"\x00"),
    st.just([]),
    st.just({}),
)


@pytest.fixture(scope="module")
def pack() -> Pack:
    return circle()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every part of a value."""
    found = [path] if path else []
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in entries:
        found += places(one, (*path, key))
    return found


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_section_with_a_part_replaced_is_taken_or_refused(pack: Pack, data: st.DataObject) -> None:
    value = copy.deepcopy(decode(encode_section(pack.sections["indices"]), 2**16))
    path = data.draw(st.sampled_from(places(value)))
    holder: Any = value
    for key in path[:-1]:
        holder = holder[key]
    if data.draw(st.booleans()) and isinstance(holder, dict):
        del holder[path[-1]]
    else:
        holder[path[-1]] = data.draw(SCALARS)
    try:
        section = decode_section(encode(value))
        INDICES.check(section, pack, Faults(strict=True))
    except PackFault as fault:
        assert str(fault)
        return
    assert encode_section(section) == encode(value)
