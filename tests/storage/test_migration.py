"""Stores of an older format: brought forward on a copy, whatever happens in between.

There has been no older format yet. These tests make one: format 0 keeps certificates back to front, and lacks the table
`links`, as a format that came before that table would.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import lmdb
import pytest

import storage.migration
from storage.durable_folder import make_durable
from storage.environment import Environment, copy_environment, stored_format
from storage.errors import StoreDamagedError, StoreFullError, StoreVersionError
from storage.interface import WriteBatch
from storage.layout import FORMAT_VERSION, META_FORMAT, pack_format, unpack_format
from storage.lmdb_store import LmdbStore
from storage.migration import Migrated, Migration, bring_forward, finish_interrupted
from tests.storage.chain_growth import GENESIS_LANES, GENESIS_RECORDS, NETWORK_ID, OTHER_NETWORK_ID, Growth

BLOCKS = 6


def turn_certificates(environment: Environment) -> None:
    """Format 0 to format 1."""
    table = environment.tables["certificates"]
    with environment.read() as reading:
        rows = [(bytes(key), bytes(value)) for key, value in reading.cursor(db=table)]
    with environment.write() as transaction:
        for key, value in rows:
            transaction.put(key, value[::-1], db=table)


@pytest.fixture(autouse=True)
def forward(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that knows the way from format 0."""
    monkeypatch.setattr(storage.migration, "MIGRATIONS", (Migration(0, FORMAT_VERSION, turn_certificates),))


@pytest.fixture
def old(store_path: Path) -> Path:
    """The folder of a store of format 0."""
    store = LmdbStore.create(store_path, NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES)
    growth = Growth()
    for _ in range(BLOCKS):
        store.apply([WriteBatch(blocks=(growth.block(),), executions=(growth.execution(),))])
    store.close()
    with lmdb.open(str(store_path), max_dbs=20, map_size=1 << 30, lib_version=0) as environment:
        certificates = environment.open_db(b"certificates")
        meta, links = environment.open_db(b"meta"), environment.open_db(b"links")
        with environment.begin(write=True) as transaction:
            for key, value in list(transaction.cursor(db=certificates)):
                transaction.put(key, value[::-1], db=certificates)
            transaction.put(META_FORMAT, pack_format(NETWORK_ID, 0), db=meta)
            transaction.drop(links)
    return store_path


def open_sound(path: Path) -> None:
    LmdbStore.open(path, NETWORK_ID).close()


def version_of(path: Path) -> int:
    record = stored_format(path)
    assert record is not None
    return unpack_format(record)[0]


def files(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir() if file.name == "data.mdb"}


def names(path: Path) -> set[str]:
    return {one.name for one in path.parent.iterdir()}


def certificates(path: Path) -> list[bytes | None]:
    store = LmdbStore.open(path, NETWORK_ID)
    try:
        return [store.certificate(height) for height in range(1, BLOCKS + 1)]
    finally:
        store.close()


def test_an_old_store_is_brought_forward_and_kept(old: Path) -> None:
    before = files(old)
    with pytest.raises(StoreVersionError, match=r"format 0, which this program brings forward .* `banyan run`"):
        open_sound(old)
    done = bring_forward(old, NETWORK_ID, open_sound)
    assert done == Migrated(0, FORMAT_VERSION, old.with_name("db.format-0"))
    assert files(done.kept) == before
    assert names(old) == {"db", "db.format-0"}
    assert version_of(old) == FORMAT_VERSION
    growth = Growth()
    expected = []
    for _ in range(BLOCKS):
        growth.block()
        expected.append(growth.execution().certificate)
    assert certificates(old) == expected
    # It is of today's format now: nothing more is to be done.
    assert bring_forward(old, NETWORK_ID, open_sound) is None


class PowerCutError(Exception):
    """The machine is off."""


def cut_at(monkeypatch: pytest.MonkeyPatch, moment: int) -> Callable[[], int]:
    """Cut the power at this call that changes the folder around the store; how many calls there were."""
    calls = 0

    def counted(work: Callable[..., object]) -> Callable[..., object]:
        def run(*arguments: object, **options: object) -> object:
            nonlocal calls
            calls += 1
            if calls == moment:
                raise PowerCutError
            return work(*arguments, **options)

        return run

    monkeypatch.setattr(Path, "rename", counted(Path.rename))
    monkeypatch.setattr(shutil, "rmtree", counted(shutil.rmtree))
    monkeypatch.setattr(storage.migration, "make_durable", counted(make_durable))
    monkeypatch.setattr(storage.migration, "copy_environment", counted(copy_environment))
    monkeypatch.setattr(storage.migration, "pack_format", counted(pack_format))
    return lambda: calls


def test_a_power_cut_at_any_moment_leaves_the_old_store_or_the_new_one(old: Path, tmp_path: Path) -> None:
    expected: list[bytes | None] | None = None
    untouched = tmp_path / "untouched"
    shutil.copytree(old, untouched)
    moment = 0
    while True:
        moment += 1
        folder = tmp_path / f"cut-{moment}"
        folder.mkdir()
        path = folder / "db"
        shutil.copytree(untouched, path)
        with pytest.MonkeyPatch.context() as patched:
            count = cut_at(patched, moment)
            with suppress(PowerCutError):
                bring_forward(path, NETWORK_ID, open_sound)
            calls = count()
        if calls < moment:
            break
        # The next start: whatever is there, nothing is lost, and it comes to the new format.
        finish_interrupted(path)
        assert version_of(path) in (0, FORMAT_VERSION), moment
        bring_forward(path, NETWORK_ID, open_sound)
        assert names(path) == {"db", "db.format-0"}, moment
        assert files(folder / "db.format-0") == files(untouched), moment
        expected = expected or certificates(path)
        assert certificates(path) == expected, moment
    assert moment > 8


def test_a_store_that_went_on_is_not_replaced_by_an_older_copy(old: Path) -> None:
    bring_forward(old, NETWORK_ID, open_sound)
    shutil.copytree(old, old.with_name("db.migrated"))
    (old.with_name("db.migrating")).mkdir()
    now = files(old)
    finish_interrupted(old)
    assert files(old) == now
    assert names(old) == {"db", "db.format-0"}


def test_what_is_not_sound_when_it_was_brought_forward_takes_nobodys_place(old: Path) -> None:
    before = files(old)

    def fail(_: Path) -> None:
        raise StoreDamagedError("not sound")

    with pytest.raises(StoreDamagedError):
        bring_forward(old, NETWORK_ID, fail)
    assert files(old) == before
    finish_interrupted(old)
    assert names(old) == {"db"}


def test_too_little_room_changes_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.migration, "ROOM_BESIDE_BYTES", 1 << 62)
    with pytest.raises(StoreFullError, match=rf"from format 0 to {FORMAT_VERSION} needs .* make room and start again"):
        bring_forward(old, NETWORK_ID, open_sound)
    assert names(old) == {"db"}


def test_steps_follow_on_each_other_and_other_networks_are_left_alone(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bring_forward(old, OTHER_NETWORK_ID, open_sound) is None
    ran = []
    steps = (Migration(0, 1, turn_certificates), Migration(1, 2, lambda _: ran.append(2)))
    monkeypatch.setattr(storage.migration, "MIGRATIONS", steps)
    assert bring_forward(old, NETWORK_ID, lambda copy: ran.append(version_of(copy))) == Migrated(
        0, 2, old.with_name("db.format-0")
    )
    assert ran == [2, 2]


def test_a_copy_of_an_earlier_attempt_makes_room_for_the_newer_one(old: Path) -> None:
    earlier = old.with_name("db.format-0")
    earlier.mkdir()
    (earlier / "data.mdb").write_bytes(b"earlier")
    before = files(old)
    bring_forward(old, NETWORK_ID, open_sound)
    assert files(earlier) == before
    assert os.listdir(old)
