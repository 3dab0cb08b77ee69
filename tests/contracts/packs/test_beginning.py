"""A network that begins with packs: they are in force from the first block on, and come with the genesis."""

from dataclasses import replace

import pytest

from contracts.genesis_state import GENESIS_KINDS, genesis_records
from contracts.packs.beginning import genesis_pack
from contracts.packs.pack import Pack
from contracts.packs.source import compile_pack
from contracts.record import parse_record_key
from contracts.result import CODE_OK
from ledger.errors import InvalidGenesisError
from ledger.genesis import Genesis, parse_genesis
from ledger.genesis_pack import GenesisPack
from tests.contracts.governed_ledger import governed_genesis
from tests.contracts.packs.test_publishing import PackLedger, granting, overlay, pack, permitted, version


def beginning(*packs: Pack | GenesisPack) -> Genesis:
    """A genesis with these packs, read from its own text."""
    made = tuple(one if isinstance(one, GenesisPack) else genesis_pack(one) for one in packs)
    return parse_genesis(replace(governed_genesis(), packs=made).to_json())


def test_a_pack_of_the_genesis_is_what_publishing_would_have_made() -> None:
    genesis, one = beginning(pack()), pack()
    ledger = PackLedger()
    ledger.publish(one)
    ledger.activate(one)
    for key, content in genesis_records(genesis).items():
        kind, record_id = parse_record_key(key)
        assert kind in GENESIS_KINDS
        if kind in ("pack", "pack-part"):
            assert content == ledger.state[key]
        if kind in ("active-pack", "record-type", "permission"):
            assert ledger.record(kind, record_id) is not None


def test_it_is_in_force_from_the_first_block_and_counts_up_from_there() -> None:
    ledger = PackLedger.beginning(beginning(pack()))
    assert ledger.title(1) == "Membership" and ledger.title(0) is None
    assert ledger.publish(version(2, "Belonging")).code == CODE_OK
    assert ledger.activate(version(2, "Belonging")).code == CODE_OK
    assert ledger.title() == "Belonging"


def test_local_conventions_begin_after_their_base() -> None:
    above = overlay()
    ledger = PackLedger.beginning(beginning(pack(), above))
    assert ledger.fields("record-type", "club-member")["versions"] == [
        [1, above.hash, above.manifest.parts["club-member"]]
    ]
    with pytest.raises(InvalidGenesisError, match="does not stand on its base"):
        genesis_records(beginning(above, pack()))


def test_a_pack_that_is_not_right_makes_no_network() -> None:
    one = genesis_pack(pack())
    other = genesis_pack(pack(("type.club-member", "type.go-member")))
    for wrong in (
        replace(one, name="other"),
        replace(one, manifest=b"x"),
        replace(one, parts=()),
        replace(one, parts=other.parts),
        replace(one, parts=tuple(sorted(one.parts + other.parts))),
    ):
        with pytest.raises(InvalidGenesisError, match="is not right"):
            genesis_records(beginning(wrong))


def test_two_packs_of_a_genesis_share_no_kind_and_no_role() -> None:
    named = ('name = "chess-club"', 'name = "go-club"')
    with pytest.raises(InvalidGenesisError, match="club-member of the pack go-club belongs to chess-club already"):
        genesis_records(beginning(pack(), pack(named)))
    with pytest.raises(InvalidGenesisError, match="the role chair of the pack go-club belongs to chess-club already"):
        genesis_records(beginning(pack(), pack(named, ("type.club-member", "type.go-member"))))


def test_packs_of_a_genesis_permit_together_and_local_conventions_in_the_place_of_their_base() -> None:
    ledger = PackLedger.beginning(beginning(granting(1, "role:chair"), granting(1, "self", name="go-club")))
    assert permitted(ledger, 1) == ["role:chair", "self"] and permitted(ledger, 0) == []
    above = overlay()
    ledger = PackLedger.beginning(beginning(pack(), replace_permissions(above)))
    assert permitted(ledger, 1) == []


def replace_permissions(one: Pack) -> Pack:
    return replace(one, manifest=replace(one.manifest, permissions={}))


def test_a_genesis_without_packs_is_as_it_was() -> None:
    assert governed_genesis().to_value()["packs"] == []
    assert compile_pack({}).pack is None
