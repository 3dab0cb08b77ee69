"""The largest pack put in force over the largest pack, with another one to come: it fits into one transaction."""

from contracts.authority.permission import permitted_actors
from contracts.limits import DECISION_LIMITS, WRITES_MAX
from contracts.packs.active import VERSIONS_MAX, find_type, versions_of
from contracts.packs.limits import ACTORS_MAX, PERMISSIONS_MAX, TYPES_MAX
from contracts.packs.manifest import Manifest
from contracts.packs.pack import Pack
from contracts.packs.record_type import part_hash
from contracts.packs.words import Words
from contracts.record import Record, record_key
from contracts.result import CODE_OK
from ledger.encoding import Value
from tests.contracts.packs.club import definition_of, words
from tests.contracts.packs.test_publishing import PackLedger

UNIT = "u" * 40


def largest(version: int, letter: str) -> Pack:
    """A pack with as many kinds and permissions as there may be, all of them its own."""
    types = {}
    for number in range(TYPES_MAX):
        kind = f"{letter}-{number:02}"
        value = {"kind": kind, "title": words(kind), "id": ["number"], "field": {}}
        value["state"] = {"made": {"title": words("Made"), "final": True}}
        value["transition"] = {"make": {"from": [""], "to": "made", "title": words("Make"), "by": ["anyone"]}}
        types[kind] = definition_of(value)
    actors = tuple(f"role:{letter}{number:02}@unit:{UNIT}" for number in range(ACTORS_MAX - 2))
    manifest = Manifest(
        name="largest",
        version=version,
        title=Words("Largest", "最大"),
        summary=Words("Largest.", "最大。"),
        parts={kind: part_hash(one.encode()) for kind, one in types.items()},
        permissions={f"{letter}.do-{number:02}": actors for number in range(PERMISSIONS_MAX)},
    )
    return Pack(manifest, types)


def lay_down(ledger: PackLedger, pack: Pack, before: Pack | None = None) -> None:
    """As published; its kinds were there, in as many versions as are kept, of an older pack of the name."""
    ledger.state[record_key("pack", pack.hash.hex())] = Record(1, {"data": pack.manifest.encode()}).encode()
    for kind, part in pack.manifest.parts.items():
        ledger.state[record_key("pack-part", part.hex())] = Record(1, {"data": pack.types[kind].encode()}).encode()
        if before is not None:
            rows: list[Value] = [[number + 1, before.hash, part] for number in range(VERSIONS_MAX - 1)]
            ledger.state[record_key("record-type", kind)] = Record(1, {"versions": rows}).encode()


def test_it_fits_into_one_transaction() -> None:
    ledger = PackLedger()
    one, two, three = largest(1, "a"), largest(2, "b"), largest(3, "c")
    for pack, before in ((one, None), (two, one), (three, one)):
        lay_down(ledger, pack, before)
    ledger.height = 100
    assert ledger.activate(one).code == CODE_OK
    ledger.height = 200
    assert ledger.activate(two, **{"from": 1000}).code == CODE_OK
    result = ledger.activate(three, **{"from": 900})
    assert result.code == CODE_OK, result
    assert WRITES_MAX < len(result.writes) <= DECISION_LIMITS.writes
    # Of `contracts.work`: far below a third of a second.
    assert max(ledger.works) < 50_000
    context = ledger.context(900)
    for kind in three.types:
        found = find_type(context, kind)
        assert found is not None and found.pack == three.hash
        assert len(versions_of(context, kind)) == VERSIONS_MAX
    # What gave way is gone, what was in force has ended with its permissions.
    assert all(version.pack != two.hash for kind in two.types for version in versions_of(context, kind))
    assert [len(permitted_actors(context, f"{letter}.do-00")) for letter in "abc"] == [0, 0, ACTORS_MAX - 2]
    assert len(permitted_actors(ledger.context(899), "a.do-00")) == ACTORS_MAX - 2
