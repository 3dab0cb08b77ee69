"""Whatever is changed in a store behind its back, the audit names it and its place, and calls it damage."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.audit.finding import CODES, AuditFinding
from contracts.changes import StateChange
from ledger.encoding import encode
from ledger.hashing import tagged_hash
from ledger.tree import leaf_hash
from storage.id_manifest import Manifest
from storage.interface import StoredHeader
from storage.layout import number_key, tile_key, unpack_header
from storage.link_journal import is_journal_key
from storage.links import row_key, subject_key
from storage.record_journal import is_journal_key as is_record_journal_key
from storage.record_journal import pack_changes, unpack_changes
from tests.audit.builder import make_genesis
from tests.audit.damage import (
    change,
    change_header,
    change_row,
    change_rows,
    change_standing,
    flip,
    put,
    put_links_in_place,
    put_records_in_place,
    read_rows,
    with_header,
)
from tests.audit.ledgers import audit

# Blocks of the pristine ledger: an outcome leaf alone, then 26 entries each; block 12 opens the second term.
SECOND_TERM = 13
ENTRIES = 627
_BRANCH = subject_key("unit/branch-2")


def found_in(home: Path) -> AuditFinding:
    """The finding of an audit that must find something."""
    finding = audit(home).finding
    assert finding is not None, "the audit found nothing"
    return finding


def height_of(home: Path, index: int) -> int:
    """The block that holds an entry."""
    starts = sorted((int.from_bytes(key), int.from_bytes(height)) for key, height in read_rows(home, "starts").items())
    return [height for start, height in starts if start <= index][-1]


def test_a_good_ledger_passes(pristine: Path) -> None:
    report = audit(pristine)
    assert report.ok
    assert report.entries == report.head.tree_size == ENTRIES
    assert report.blocks == report.head.height == 27
    assert report.left_out == ()


def test_the_database_folder_itself_can_be_named(pristine: Path) -> None:
    assert audit(pristine / "db", pristine / "genesis.json").ok


@pytest.mark.parametrize("seed", range(4))
def test_a_changed_byte_in_any_entry(home: Path, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(25):
        index = chance.randrange(ENTRIES)
        original: list[bytes] = []

        def alter(entry: bytes, kept: list[bytes] = original) -> bytes:
            kept.append(entry)
            return flip(entry, chance.randrange(len(entry)), 1 << chance.randrange(8))

        change_row(home, "entries", index, alter)
        finding = found_in(home)
        assert (finding.code, finding.index) == ("audit.entry-changed", index)
        assert finding.height == height_of(home, index)
        assert finding.verdict == "damaged"
        change_row(home, "entries", index, lambda entry, kept=original: kept[0])  # type: ignore[misc]
    assert audit(home).ok


def test_a_changed_entry_with_a_tile_that_was_made_to_fit(home: Path) -> None:
    changed: list[bytes] = []

    def alter(entry: bytes) -> bytes:
        changed.append(flip(entry, len(entry) // 2))
        return changed[0]

    change_row(home, "entries", 300, alter)
    change(home, "tiles", tile_key(0, 1), lambda tile: tile[: 44 * 32] + leaf_hash(changed[0]) + tile[45 * 32 :])
    finding = found_in(home)
    assert (finding.code, finding.index) == ("audit.entry-changed", 300)


def test_a_removed_entry(home: Path) -> None:
    def remove(rows: dict[int, bytes]) -> None:
        del rows[100]

    change_rows(home, "entries", remove)
    finding = found_in(home)
    assert (finding.code, finding.index, finding.height) == ("audit.entry-missing", 100, height_of(home, 100))


def test_a_removed_entry_with_the_others_moved_up(home: Path) -> None:
    def remove(rows: dict[int, bytes]) -> None:
        for index in range(100, ENTRIES - 1):
            rows[index] = rows[index + 1]
        del rows[ENTRIES - 1]

    change_rows(home, "entries", remove)
    finding = found_in(home)
    assert (finding.code, finding.index) == ("audit.entry-missing", 100)


@pytest.mark.parametrize(("one", "other"), [(100, 101), (100, 103), (80, 99)])
def test_a_swapped_pair(home: Path, one: int, other: int) -> None:
    assert height_of(home, one) == height_of(home, other)

    def swap(rows: dict[int, bytes]) -> None:
        rows[one], rows[other] = rows[other], rows[one]

    change_rows(home, "entries", swap)
    finding = found_in(home)
    assert (finding.code, finding.index) == ("audit.entry-moved", one)
    assert str(other) in str(finding)


def test_a_pair_swapped_between_blocks(home: Path) -> None:
    def swap(rows: dict[int, bytes]) -> None:
        rows[100], rows[200] = rows[200], rows[100]

    change_rows(home, "entries", swap)
    finding = found_in(home)
    assert (finding.code, finding.index) == ("audit.entry-changed", 100)


def test_an_entry_too_many(home: Path) -> None:
    def add(rows: dict[int, bytes]) -> None:
        rows[ENTRIES] = rows[ENTRIES - 1]

    change_rows(home, "entries", add)
    assert found_in(home).code == "audit.block-surplus"


@pytest.mark.parametrize("number", [0, 7, 150, -1])
def test_a_changed_state_value(home: Path, number: int) -> None:
    put_records_in_place(home)
    key = sorted(read_rows(home, "state"))[number]
    change(home, "state", key, lambda value: flip(value, -1))
    finding = found_in(home)
    assert finding.code == "audit.state-changed"
    assert finding.key == key.decode().replace("\0", "/", 1)


@pytest.mark.parametrize("number", [0, 150, -1])
def test_a_removed_record(home: Path, number: int) -> None:
    put_records_in_place(home)
    key = sorted(read_rows(home, "state"))[number]
    put(home, "state", key, None)
    finding = found_in(home)
    assert (finding.code, finding.key) == ("audit.state-missing", key.decode().replace("\0", "/", 1))


def _record_row(home: Path) -> bytes:
    """The key of the newest row in the journal of records."""
    return max(key for key in read_rows(home, "state") if is_record_journal_key(key))


def test_a_changed_record_in_the_journal(home: Path) -> None:
    def alter(row: bytes) -> bytes:
        changes = [StateChange(key, None, value) for key, value in unpack_changes(row)]
        place = next(place for place, change in enumerate(changes) if change.new)
        changes[place] = changes[place]._replace(new=flip(changes[place].new or b"", -1))
        return b"".join(pack_changes(changes))

    change(home, "state", _record_row(home), alter)
    assert found_in(home).code == "audit.state-changed"


def test_changes_that_left_the_journal(home: Path) -> None:
    put(home, "state", _record_row(home), None)
    assert found_in(home).code in ("audit.state-changed", "audit.state-missing")


@pytest.mark.parametrize(
    "alter",
    [
        lambda row: row[:-1],
        lambda row: b"",
        lambda row: encode([b"notice\0a/1"]),
        lambda row: row.replace(b"\0", b"\1"),
    ],
)
def test_a_broken_row_of_the_journal_of_records(home: Path, alter: Callable[[bytes], bytes]) -> None:
    change(home, "state", _record_row(home), alter)
    assert found_in(home).code == "audit.unreadable"


@pytest.mark.parametrize("key", [b"a\0first", b"notice\0branch-1/000000000000", b"zebra\0last", b"\xff\xff"])
def test_an_added_record(home: Path, key: bytes) -> None:
    put(home, "state", key, encode([1, {}]))
    assert found_in(home).code == "audit.state-surplus"


@pytest.mark.parametrize("index", [2, 100, 625])
def test_a_changed_result(home: Path, index: int) -> None:
    change_row(home, "results", index, lambda leaf: flip(leaf, len(leaf) - 1))
    finding = found_in(home)
    assert (finding.code, finding.index, finding.verdict) == ("audit.result-changed", index, "damaged")
    assert finding.height == height_of(home, index)


def test_a_removed_result(home: Path) -> None:
    def remove(rows: dict[int, bytes]) -> None:
        del rows[100]

    change_rows(home, "results", remove)
    finding = found_in(home)
    assert (finding.code, finding.index) == ("audit.result-missing", 100)


def test_a_result_too_many(home: Path) -> None:
    def add(rows: dict[int, bytes]) -> None:
        rows[0] = b"a result of an outcome leaf"

    change_rows(home, "results", add)
    assert found_in(home).code == "audit.result-surplus"


def test_a_changed_byte_in_a_header(home: Path) -> None:
    for at in (0, 3, 60, 90, -1):
        before = read_rows(home, "headers")[number_key(5)]
        change_header(
            home,
            5,
            lambda row, at=at: with_header(row, flip(row.header, at), row.header_hash, row.signature),  # type: ignore[misc]
        )
        finding = found_in(home)
        assert (finding.code, finding.height, finding.verdict) == ("audit.header-changed", 5, "damaged")
        put(home, "headers", number_key(5), before)


def test_swapped_headers(home: Path) -> None:
    rows = read_rows(home, "headers")
    put(home, "headers", number_key(5), rows[number_key(6)])
    finding = found_in(home)
    assert (finding.code, finding.height) == ("audit.block-start-changed", 5)


def test_a_header_that_is_not_there(home: Path) -> None:
    put(home, "headers", number_key(9), None)
    finding = found_in(home)
    assert (finding.code, finding.height) == ("audit.block-missing", 9)


def test_a_header_row_cut_short(home: Path) -> None:
    change(home, "headers", number_key(9), lambda row: row[:20])
    finding = found_in(home)
    assert (finding.code, finding.height) == ("audit.unreadable", 9)


def test_a_changed_index_of_block_starts(home: Path) -> None:
    first_index = unpack_header(5, read_rows(home, "headers")[number_key(5)]).first_index
    put(home, "starts", number_key(first_index), number_key(6))
    finding = found_in(home)
    assert (finding.code, finding.height) == ("audit.block-start-changed", 5)


def test_a_missing_certificate(home: Path) -> None:
    put(home, "certificates", number_key(7), None)
    finding = found_in(home)
    assert (finding.code, finding.height) == ("audit.certificate-missing", 7)


def test_a_changed_certificate(home: Path) -> None:
    size = len(read_rows(home, "certificates")[number_key(7)])
    for at in range(0, size, 9):
        change(home, "certificates", number_key(7), lambda row, at=at: flip(row, at))  # type: ignore[misc]
        finding = found_in(home)
        assert finding.code in ("audit.certificate-forged", "audit.block-missing")
        change(home, "certificates", number_key(7), lambda row, at=at: flip(row, at))  # type: ignore[misc]
    assert audit(home).ok


def test_the_certificate_of_an_earlier_block(home: Path) -> None:
    put(home, "certificates", number_key(7), read_rows(home, "certificates")[number_key(6)])
    finding = found_in(home)
    assert (finding.code, finding.height) == ("audit.certificate-forged", 7)


def test_the_certificate_of_a_later_block_commits_the_earlier_ones(home: Path) -> None:
    later = read_rows(home, "certificates")[number_key(9)]
    for height in (6, 7, 8):
        put(home, "certificates", number_key(height), later)
    assert audit(home).ok


@pytest.mark.parametrize("height", [1, SECOND_TERM])
def test_a_changed_election_certificate(home: Path, height: int) -> None:
    def alter(row: StoredHeader) -> StoredHeader:
        certificate = flip(row.election_certificate, 120)
        return StoredHeader(
            row.height,
            row.term,
            row.header,
            row.header_hash,
            row.signature,
            certificate,
            row.first_index,
            row.leaf_count,
        )

    change_header(home, height, alter)
    finding = found_in(home)
    assert (finding.code, finding.height, finding.verdict) == ("audit.election-changed", height, "damaged")


@pytest.mark.parametrize(("level", "index", "place"), [(0, 0, 0), (0, 1, 255), (0, 2, 40), (1, 0, 0), (1, 0, 1)])
def test_a_changed_tile(home: Path, level: int, index: int, place: int) -> None:
    change(home, "tiles", tile_key(level, index), lambda tile: flip(tile, place * 32 + 5))
    finding = found_in(home)
    assert (finding.code, finding.key) == ("audit.tile-changed", f"{level}/{index}")
    assert finding.index == (index * 256 + place if level == 0 else None)


@pytest.mark.parametrize(("level", "index"), [(0, 0), (0, 2), (1, 0)])
def test_a_missing_tile(home: Path, level: int, index: int) -> None:
    put(home, "tiles", tile_key(level, index), None)
    finding = found_in(home)
    assert (finding.code, finding.key) == ("audit.tile-missing", f"{level}/{index}")


def test_a_tile_with_more_hashes_than_the_log_has(home: Path) -> None:
    change(home, "tiles", tile_key(0, 2), lambda tile: tile + bytes(32))
    assert found_in(home).code == "audit.tile-changed"


# A journal row holds 48 bytes an id: the id, its expiry, its log index.
@pytest.mark.parametrize(
    ("alter", "code"),
    [
        (lambda row: row[48:], "audit.id-missing"),
        (lambda row: flip(row, 0), "audit.id-changed"),
        (lambda row: flip(row, 32), "audit.id-changed"),
        (lambda row: flip(row, 40), "audit.id-changed"),
        (lambda row: row + row[:48], "audit.id-surplus"),
        (lambda row: row + bytes(48), "audit.id-changed"),
        (lambda row: row[:-1], "audit.unreadable"),
    ],
)
def test_a_changed_journal_of_ids(home: Path, alter: Callable[[bytes], bytes], code: str) -> None:
    change(home, "id_journal", number_key(4), alter)
    assert found_in(home).code == code


def test_ids_left_out_name_the_entry(home: Path) -> None:
    change(home, "id_journal", number_key(4), lambda row: row[48:])
    first_index = unpack_header(4, read_rows(home, "headers")[number_key(4)]).first_index
    assert found_in(home).index == first_index + 1


def test_a_journal_that_is_gone(home: Path) -> None:
    put(home, "id_journal", number_key(2), None)
    assert found_in(home).code == "audit.id-missing"


def test_a_changed_manifest_of_ids(home: Path) -> None:
    change(home, "meta", b"ids", lambda row: flip(row, 0))
    assert found_in(home).code == "audit.unreadable"
    put(home, "meta", b"ids", Manifest().pack())
    assert audit(home).ok


def _link_key(home: Path) -> bytes:
    put_links_in_place(home)
    return next(key for key in sorted(read_rows(home, "links")) if key.startswith(subject_key("unit/branch-2")))


def _journal_place(home: Path) -> tuple[bytes, int]:
    """The key of a row of the journal with a link of the unit, and where that link's entry begins."""
    rows = {key: row for key, row in read_rows(home, "links").items() if is_journal_key(key)}
    return next((key, row.index(_BRANCH)) for key, row in rows.items() if _BRANCH in row)


def test_a_changed_link(home: Path) -> None:
    change(home, "links", _link_key(home), lambda row: flip(row, 20))
    finding = found_in(home)
    assert (finding.code, finding.key) == ("audit.subject-link-changed", "unit/branch-2")


def test_a_missing_link(home: Path) -> None:
    put(home, "links", _link_key(home), None)
    finding = found_in(home)
    assert (finding.code, finding.key) == ("audit.subject-link-missing", "unit/branch-2")


def test_links_that_are_in_place_are_good(home: Path) -> None:
    before = read_rows(home, "links")
    put_links_in_place(home)
    assert all(map(is_journal_key, before))
    assert not any(map(is_journal_key, read_rows(home, "links")))
    assert audit(home).ok


def test_a_changed_link_in_the_journal(home: Path) -> None:
    key, at = _journal_place(home)
    change(home, "links", key, lambda row: flip(row, at + 50))
    finding = found_in(home)
    assert (finding.code, finding.key) == ("audit.subject-link-changed", "unit/branch-2")


def test_a_link_that_left_the_journal(home: Path) -> None:
    key, at = _journal_place(home)
    change(home, "links", key, lambda row: row[:at] + row[at + 68 :])
    finding = found_in(home)
    assert (finding.code, finding.key) == ("audit.subject-link-missing", "unit/branch-2")


def test_half_a_row_of_the_journal(home: Path) -> None:
    key, _ = _journal_place(home)
    change(home, "links", key, lambda row: row[:-1])
    assert found_in(home).code == "audit.unreadable"


def test_a_link_too_many(home: Path) -> None:
    put(home, "links", row_key(subject_key("unit/nowhere"), 1), bytes(40))
    assert found_in(home).code == "audit.subject-link-surplus"


@pytest.mark.parametrize("at", [0, 31, 32, -1])
def test_a_changed_payload(home: Path, at: int) -> None:
    commitment = sorted(read_rows(home, "payloads"))[3]
    change(home, "payloads", commitment, lambda row: flip(row, at))
    finding = found_in(home)
    assert (finding.code, finding.key) == ("audit.payload-changed", commitment.hex())


def test_payloads_may_be_erased(home: Path) -> None:
    for commitment in read_rows(home, "payloads"):
        put(home, "payloads", commitment, None)
    assert audit(home).ok


def test_an_end_that_is_cut_off_roughly(home: Path) -> None:
    put(home, "headers", number_key(27), None)
    assert found_in(home).code == "audit.block-missing"


def test_a_wrong_genesis(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "genesis.json"
    other.write_text(make_genesis("other.example/ledger").to_json(), encoding="utf-8")
    finding = audit(home, other).finding
    assert finding is not None
    assert (finding.code, finding.verdict) == ("audit.genesis-differs", "foreign")


def test_changed_digest_lanes(home: Path) -> None:
    change(home, "meta", b"lanes", lambda lanes: flip(lanes, 1000))
    assert found_in(home).code == "audit.digest-lanes-changed"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"tip_hash": bytes(32)}, "audit.head-changed"),
        ({"tree_size": ENTRIES + 1}, "audit.head-changed"),
        ({"state_digest": bytes(32)}, "audit.head-changed"),
        ({"executed_height": 28}, "audit.head-changed"),
        ({"executed_height": 28, "tip_height": 28}, "audit.block-missing"),
    ],
)
def test_a_changed_head(home: Path, changes: dict[str, object], code: str) -> None:
    change_standing(home, **changes)
    assert found_in(home).code == code


def test_a_head_that_fails_its_checksum(home: Path) -> None:
    change(home, "meta", b"head", lambda row: flip(row, 3))
    assert found_in(home).code == "audit.unreadable"


def test_a_checkpoint_that_is_no_note(home: Path) -> None:
    put(home, "meta", b"checkpoint", b"not a note")
    assert found_in(home).code == "audit.checkpoint-malformed"


@pytest.mark.parametrize(("old", "new"), [(b"huaxin", b"huaxia"), (b"alpha ", b"alphb ")])
def test_a_changed_checkpoint(home: Path, old: bytes, new: bytes) -> None:
    change(home, "meta", b"checkpoint", lambda note: note.replace(old, new, 1))
    assert found_in(home).code == "audit.checkpoint-forged"


def test_every_finding_is_told_as_json(home: Path) -> None:
    change_row(home, "entries", 100, lambda entry: flip(entry, 50))
    told = audit(home).to_json()
    finding = told["finding"]
    assert isinstance(finding, dict)
    assert told["ok"] is False
    assert finding["code"] == "audit.entry-changed"
    assert finding["index"] == 100
    assert finding["expected"] != finding["found"]
    assert "entry 100" in str(finding["message"])


def test_what_was_good_before_the_finding_is_reported(home: Path) -> None:
    change_row(home, "entries", 300, lambda entry: flip(entry, 50))
    report = audit(home)
    assert report.head.height == height_of(home, 300) - 1
    assert report.entries == report.head.tree_size <= 300
    header = unpack_header(report.head.height, read_rows(home, "headers")[number_key(report.head.height)])
    assert report.head.block_hash == tagged_hash("header", header.header)


def test_every_code_is_explained_with_its_verdict() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "audit.md").read_text(encoding="utf-8")
    explained: dict[str, str] = {}
    for names, verdict in re.findall(r"^\| (`audit\.[^|]*) \| (\w+) \|", text, re.MULTILINE):
        first, *endings = re.findall(r"`([^`]*)`", names)
        explained[first] = verdict
        explained |= {first.rpartition("-")[0] + ending: verdict for ending in endings}
    assert explained == CODES
