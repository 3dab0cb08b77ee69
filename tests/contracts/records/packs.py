"""Compiling packs of tests, and putting them in force in a trial ledger without asking anybody."""

import tomllib
from pathlib import Path

from contracts.packs.active import KIND_SECTION, KIND_TYPE
from contracts.packs.pack import Pack
from contracts.packs.source import compile_pack
from contracts.record import Record
from ledger.encoding import Value
from tests.contracts.organisation import Organisation

CLUB = (Path(__file__).parent / "club.toml").read_text(encoding="utf-8")


def compiled(source: str) -> Pack:
    """The pack in a text; every fault fails the test."""
    found = compile_pack({"pack.toml": tomllib.loads(source)})
    assert found.pack is not None, [f"{fault.path}: {fault}" for fault in found.faults]
    return found.pack


def put_in_force(ledger: Organisation, pack: Pack, from_height: int = 0) -> None:
    """What publishing and deciding on a pack leaves behind."""
    manifest, parts = pack.manifest, pack.parts()
    ledger.write("pack", pack.hash.hex(), {"data": manifest.encode()})
    for kind, part in manifest.parts.items():
        ledger.write("pack-part", part.hex(), {"data": parts[kind]})
        known = ledger.record(KIND_TYPE, kind)
        listed = known.fields["versions"] if known is not None else []
        assert isinstance(listed, list)
        versions: list[Value] = [*listed, [from_height, pack.hash, part]]
        ledger.write(KIND_TYPE, kind, {"versions": versions})
    for section, part in manifest.sections.items():
        ledger.write("pack-part", part.hex(), {"data": parts[f"section.{section}"]})
        version: list[Value] = [from_height, pack.hash, part]
        ledger.write(KIND_SECTION, f"{manifest.name}/{section}", {"versions": [version]})


def club(source: str = CLUB) -> Organisation:
    """A branch below a district, people in offices, and the pack of the club in force."""
    ledger = Organisation()
    ledger.add_unit("district")
    ledger.add_unit("branch-1", "district")
    ledger.add_unit("branch-2", "district")
    for person in ("ann", "bob", "cai", "dee", "eve", "fay", "gus"):
        ledger.add_person(person)
    for role, person in (("secretary", "ann"), ("lead", "bob"), ("lead", "cai"), ("lead", "ann"), ("treasurer", "fay")):
        ledger.add_office("branch-1", role, person)
    ledger.add_office("branch-2", "secretary", "dee")
    ledger.add_office("branch-2", "lead", "dee")
    for person in ("ann", "bob", "cai"):
        ledger.add_office("branch-1", "member", person)
    put_in_force(ledger, compiled(source))
    return ledger


def fields_of(ledger: Organisation, kind: str, record_id: str) -> dict[str, Value]:
    record = ledger.record(kind, record_id)
    assert isinstance(record, Record)
    return record.fields
