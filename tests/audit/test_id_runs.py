"""The sorted runs of the id index: damage to them is found as damage to the journal is."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.id_manifest import Manifest
from storage.id_merge import IdIndexSizes
from storage.id_runs import prefixes_key, rests_key
from tests.audit.builder import LedgerBuilder, fill, make_genesis
from tests.audit.damage import change, flip, put, read_rows
from tests.audit.ledgers import audit, make_store

# Runs of 60 ids and more in segments of 16, merged by fours: several levels in a ledger of 600 entries.
SIZES = IdIndexSizes(journal_id_count=60, segment_id_count=16, fan_out=3)


@pytest.fixture(scope="module")
def with_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger whose ids are in a journal and in runs of two levels, one merge half done."""
    home = tmp_path_factory.mktemp("runs") / "home"
    genesis = make_genesis()
    store = make_store(home, genesis, SIZES)

    class Maintained(LedgerBuilder):
        def add_block(self, *args: object, **kwargs: object) -> None:
            super().add_block(*args, **kwargs)  # type: ignore[arg-type]
            store.maintain()

    fill(Maintained(genesis, store))
    store.close()
    return home


@pytest.fixture
def home(with_runs: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(with_runs, tmp_path / "home"))


def manifest_of(home: Path) -> Manifest:
    """The manifest of the id index."""
    return Manifest.unpack(read_rows(home, "meta")[b"ids"])


def prefixes_of(home: Path) -> bytes:
    """The key of the first segment's column of prefixes in a run."""
    return prefixes_key(manifest_of(home).runs[-1].number, 0)


def rests_of(home: Path) -> bytes:
    """The key of its column of rests."""
    return rests_key(manifest_of(home).runs[-1].number, 0, 0)


def test_runs_of_several_levels_pass(home: Path) -> None:
    levels = {run.level for run in manifest_of(home).runs}
    assert len(levels) > 1
    assert len(read_rows(home, "id_journal")) > 0
    assert audit(home).ok


@pytest.mark.parametrize("at", [0, 24, 32])
def test_a_changed_row(home: Path, at: int) -> None:
    change(home, "id_runs", rests_of(home), lambda rests: flip(rests, at))
    finding = audit(home).finding
    assert finding is not None
    assert finding.code == "audit.id-changed"


@pytest.mark.parametrize(
    ("alter", "code"),
    [
        (lambda column: flip(column, 7, 0x80), "audit.id-changed"),
        (lambda column: column[:-8], "audit.unreadable"),
        (lambda column: column[:-1], "audit.unreadable"),
    ],
)
def test_a_changed_prefix(home: Path, alter: Callable[[bytes], bytes], code: str) -> None:
    change(home, "id_runs", prefixes_of(home), alter)
    finding = audit(home).finding
    assert finding is not None
    assert finding.code == code


def test_rows_out_of_order_cannot_be_found(home: Path) -> None:
    change(home, "id_runs", prefixes_of(home), lambda column: column[8:16] + column[:8] + column[16:])
    change(home, "id_runs", rests_of(home), lambda rests: rests[40:80] + rests[:40] + rests[80:])
    finding = audit(home).finding
    assert finding is not None
    assert finding.code == "audit.id-changed"


def test_a_missing_segment(home: Path) -> None:
    put(home, "id_runs", prefixes_of(home), None)
    finding = audit(home).finding
    assert finding is not None
    assert finding.code == "audit.unreadable"


def test_a_row_taken_out_of_a_run(home: Path) -> None:
    change(home, "id_runs", prefixes_of(home), lambda column: column[8:])
    change(home, "id_runs", rests_of(home), lambda rests: rests[40:])
    finding = audit(home).finding
    assert finding is not None
    assert finding.code in ("audit.id-run-changed", "audit.id-missing")


def test_a_run_that_the_manifest_forgot(home: Path) -> None:
    manifest = manifest_of(home)
    merging = {number for merge in manifest.merges for number in merge.inputs}
    kept = tuple(run for run in manifest.runs if run.number in merging or run is not manifest.runs[-1])
    put(home, "meta", b"ids", manifest._replace(runs=kept[:-1]).pack())
    finding = audit(home).finding
    assert finding is not None
    assert finding.code == "audit.id-missing"


def test_an_expiry_that_the_manifest_has_too_early(home: Path) -> None:
    manifest = manifest_of(home)
    first, *others = manifest.runs
    changed = first._replace(newest_expiry_ms=first.newest_expiry_ms - 1)
    put(home, "meta", b"ids", manifest._replace(runs=(changed, *others)).pack())
    finding = audit(home).finding
    assert finding is not None
    assert (finding.code, finding.key) == ("audit.id-run-changed", str(first.number))
