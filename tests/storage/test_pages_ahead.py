"""Which pages of a table are asked for ahead, held against what LMDB says of the table."""

import os
from collections.abc import Iterator
from pathlib import Path

import lmdb
import pytest

from storage import pages_ahead
from storage.data_file import DATA_FILE_NAME
from storage.pages_ahead import PagesAhead

PAGE = os.sysconf("SC_PAGE_SIZE")
TABLE = b"state"
TOGETHER = 16
# Leaves of some ten rows, branches of some eighty leaves: a tree of three levels.
ROWS = [(b"%032d" % (number * 7919 % 40_009), b"v" * 300) for number in range(4_000)]


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[lmdb.Environment]:
    """A table that grew in random order beside another, so that its pages lie anywhere."""
    with lmdb.Environment(str(tmp_path), map_size=1 << 28, max_dbs=4, sync=False, lib_version=0) as made:
        tables = [made.open_db(name) for name in (b"meta", TABLE, b"tiles")]
        for start in range(0, len(ROWS), 500):
            with made.begin(write=True) as transaction:
                for key, value in ROWS[start : start + 500]:
                    for table in tables:
                        transaction.put(key, value, db=table)
        yield made


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The pages that the system was told of, in order."""
    pages: list[int] = []

    def advise(_file: int, offset: int, size: int, advice: int) -> None:
        assert size == PAGE and offset % PAGE == 0 and advice == os.POSIX_FADV_WILLNEED
        pages.append(offset // PAGE)

    monkeypatch.setattr(os, "posix_fadvise", advise)
    monkeypatch.setattr(pages_ahead, "TOGETHER_COUNT", TOGETHER)
    return pages


def walk(environment: lmdb.Environment, folder: Path, transaction_offset: int = 0) -> Iterator[bytes]:
    table = environment.open_db(TABLE, create=False)
    with environment.begin() as transaction, transaction.cursor(table) as cursor:
        pages = PagesAhead(folder, transaction.id() + transaction_offset, TABLE)
        yield from (key for key, _ in pages.before(iter(cursor)))
        pages.close()


def kinds_of(folder: Path, pages: list[int]) -> list[int]:
    """The flags of pages: 1 a branch, 2 a leaf."""
    data = (folder / DATA_FILE_NAME).read_bytes()
    return [int.from_bytes(data[page * PAGE + 10 : page * PAGE + 12], "little") for page in pages]


def test_every_leaf_is_asked_for_once_and_not_long_before(
    environment: lmdb.Environment, tmp_path: Path, asked: list[int]
) -> None:
    table = environment.open_db(TABLE, create=False)
    with environment.begin() as transaction:
        figures = transaction.stat(table)
    assert figures["depth"] == 3
    wanted = sorted(key for key, _ in ROWS)
    for number, key in enumerate(walk(environment, tmp_path)):
        assert key == wanted[number]
        if number % 500 == 0:
            share = figures["leaf_pages"] * number / len(ROWS)
            assert share - 3 <= kinds_of(tmp_path, asked).count(2) <= share + 3 * TOGETHER
    assert number + 1 == len(wanted)
    assert len(set(asked)) == len(asked)
    kinds = kinds_of(tmp_path, asked)
    assert kinds.count(2) == figures["leaf_pages"]
    # The root is read, the branches below it are asked for.
    assert kinds.count(1) == figures["branch_pages"] - 1


def test_of_an_older_moment_nothing_is_known(environment: lmdb.Environment, tmp_path: Path, asked: list[int]) -> None:
    """Guard: storage/data_file.py, `root_at`, "if meta.transaction == transaction:"."""
    assert len(list(walk(environment, tmp_path, -2))) == len(ROWS)
    assert asked == []


@pytest.mark.parametrize("name", [b"state", b"none"])
def test_what_is_not_understood_is_walked_as_ever(
    environment: lmdb.Environment, tmp_path: Path, asked: list[int], name: bytes
) -> None:
    rows = [(b"a", b"1"), (b"b", b"2")]
    other = tmp_path / "other"
    other.mkdir()
    for content in (None, b"", b"\0" * 3 * PAGE, (tmp_path / DATA_FILE_NAME).read_bytes()[: 2 * PAGE]):
        if content is not None:
            (other / DATA_FILE_NAME).write_bytes(content)
        pages = PagesAhead(other, environment.info()["last_txnid"], name)
        assert list(pages.before(rows)) == rows
        pages.close()
        pages.close()
    assert asked == []


def test_a_branch_that_is_damaged_ends_the_asking_alone(
    environment: lmdb.Environment, tmp_path: Path, asked: list[int]
) -> None:
    """Guard: storage/pages_ahead.py, `_page`, "if own_number != number or not flags & kind:"."""
    list(walk(environment, tmp_path))
    branches = [page for page, kind in zip(asked, kinds_of(tmp_path, asked), strict=True) if kind == 1]
    copy = tmp_path / "copy"
    copy.mkdir()
    content = bytearray((tmp_path / DATA_FILE_NAME).read_bytes())
    content[branches[-1] * PAGE : branches[-1] * PAGE + 8] = b"\xff" * 8
    (copy / DATA_FILE_NAME).write_bytes(content)
    whole = len(asked)
    asked.clear()
    pages = PagesAhead(copy, environment.info()["last_txnid"], TABLE)
    assert list(pages.before(sorted(ROWS))) == sorted(ROWS)
    assert 0 < len(asked) < whole


def test_a_table_of_one_page_needs_no_asking(tmp_path: Path, asked: list[int]) -> None:
    with lmdb.Environment(str(tmp_path), map_size=1 << 28, max_dbs=4, lib_version=0) as environment:
        with environment.begin(write=True) as transaction:
            transaction.put(b"key", b"value", db=environment.open_db(TABLE, txn=transaction))
        assert list(walk(environment, tmp_path)) == [b"key"]
    assert asked == []
