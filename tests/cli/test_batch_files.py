"""Batch files and their journal: what a line may be, and that a broken-off run can be taken up."""

import codecs
import hashlib
import json
import stat
from pathlib import Path

import pytest

from cli.batch_file import LINE_SIZE_BYTES_MAX, BatchFile, measure, parse_line, read_lines
from cli.batch_journal import BatchJournal, LineState, SentLine
from cli.errors import UsageError

NETWORK = bytes([1]) * 32
KEY = bytes([2]) * 32
GOOD = b'{"op": "notice.post", "args": {"unit": "u", "title": "t"}}\n'


@pytest.mark.parametrize(
    ("content", "count"), [(b"", 0), (b"\n", 1), (b"a", 1), (b"a\n", 1), (b"a\nb", 2), (b"a\n\nb\n", 3)]
)
def test_lines_are_counted_as_they_are_read(tmp_path: Path, content: bytes, count: int) -> None:
    path = tmp_path / "batch"
    path.write_bytes(content)
    assert measure(path) == (path, hashlib.sha256(content).digest(), count)
    numbers = [number for number, _line in read_lines(path)]
    assert all(1 <= number <= count for number in numbers)
    assert len(numbers) == len(content.split())


@pytest.mark.parametrize("before", [b"", b"\n"])
def test_a_byte_order_mark_costs_no_line(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "batch"
    path.write_bytes(codecs.BOM_UTF8 + before + GOOD + GOOD)
    assert [parse_line(line).operation for _number, line in read_lines(path)] == ["notice.post"] * 2
    assert measure(path).line_count == 2 + len(before)


def test_what_the_parser_cannot_take_is_told_in_words_of_ours(tmp_path: Path) -> None:
    for line, sentence in (
        (b'{"op": "a.b", "args": {"x": ' + b"[" * 100_000, "nested far too deep"),
        (b'{"op": "a.b", "args": {"x": ' + b"9" * 10_000 + b"}}", "a number in it has too many digits"),
        (b"\xff", "it is not a text in UTF-8"),
        (b'{"op": "a.b", "op": "a.b"}', "a name stands twice in one object"),
        (b'{"op": }', "line 1, column 8: a value is expected here"),
    ):
        with pytest.raises(UsageError) as caught:
            parse_line(line)
        assert str(caught.value) == f"the line is not JSON: {'it is ' if 'far too' in sentence else ''}{sentence}"


def test_only_a_plain_file_is_a_batch(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError):
            measure(path)


def test_a_line_too_long_is_told_and_the_next_one_read(tmp_path: Path) -> None:
    path = tmp_path / "batch"
    path.write_bytes(b"x" * (LINE_SIZE_BYTES_MAX + 5) + b"\n" + GOOD)
    (first, second) = read_lines(path)
    with pytest.raises(UsageError, match="more than"):
        parse_line(first[1])
    assert (second[0], parse_line(second[1]).operation) == (2, "notice.post")


def test_a_good_line_is_read() -> None:
    line = parse_line(
        '{"op": "notice.post", "args": {"title": "cafe\u0301", "n": 3, "h": {"$hex": "00ff"}}, "exp_ms": 5,'
        ' "nonce": "000102030405060708090a0b0c0d0e0f", "expect": ["notice-file", "u", 3]}'.encode()
    )
    assert line.expect == ("notice-file", "u", 3)
    assert line.operation == "notice.post"
    assert line.arguments == {"title": "café", "n": 3, "h": b"\x00\xff"}
    assert line.expires_ms == 5
    assert line.nonce == bytes(range(16))
    assert (line.detached, line.private_fields) == ({}, frozenset())


def test_a_line_may_keep_values_beside_the_ledger() -> None:
    line = parse_line(
        b'{"op": "records.act", "args": {"fields": {"n": 3}}, "detached": {"fields.reason": "x", "note": "y"}}'
    )
    assert line.arguments == {"fields": {"n": 3, "reason": "x"}}
    assert line.detached == {"note": "y"}
    assert line.private_fields == frozenset(("reason",))
    assert parse_line(b'{"op": "a.b", "detached": {"fields.r": 1}}').arguments == {"fields": {"r": 1}}


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"1",
        b"\xff",
        b"{}",
        b'{"op": 1}',
        b'{"op": "a.b", "args": []}',
        b'{"op": "a.b", "detached": "x"}',
        b'{"op": "a.b", "args": {"fields": 1}, "detached": {"fields.r": 1}}',
        b'{"op": "a.b", "args": {"fields": {"r": 2}}, "detached": {"fields.r": 1}}',
        b'{"op": "a.b", "args": {"x": 1.5}}',
        b'{"op": "a.b", "args": {"x": 18446744073709551616}}',
        b'{"op": "a.b", "args": {"x": {"$hex": "0"}}}',
        b'{"op": "a.b", "op": "a.b"}',
        b'{"op": "a.b", "args": {"x": 1, "x": 2}}',
        b'{"op": "a.b", "argz": {}}',
        b'{"op": "a.b", "exp_ms": "soon"}',
        b'{"op": "a.b", "exp_ms": true}',
        b'{"op": "a.b", "expect": "notice-file"}',
        b'{"op": "a.b", "expect": ["notice-file", "u"]}',
        b'{"op": "a.b", "expect": ["notice-file", "u", true]}',
        b'{"op": "a.b", "expect": ["notice-file", "u", -1]}',
        b'{"op": "a.b", "expect": ["notice-file", 1, 1]}',
        b'{"op": "a.b", "nonce": "00"}',
        b'{"op": "a.b", "nonce": 7}',
        b'{"op": "a.b", "args": {"x": NaN}}',
        b'{"op": "a.b", "args": {"x": "\\ud800"}}',
        b'{"op": "a.b", "args": {"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    ],
)
def test_a_bad_line_is_told_in_a_sentence(line: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        parse_line(line)
    assert str(caught.value)


def batch_of(tmp_path: Path, count: int = 5) -> BatchFile:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(GOOD * count)
    return measure(path)


def open_journal(batch: BatchFile, key: bytes = KEY, network: bytes = NETWORK) -> BatchJournal:
    return BatchJournal(batch.path.with_name("journal"), batch, network, key)


def test_a_journal_remembers_what_was_sent_and_what_became_of_it(tmp_path: Path) -> None:
    batch = batch_of(tmp_path)
    journal = open_journal(batch)
    journal.record_sent([SentLine(number, bytes(32), 100 + number) for number in (1, 2, 3)])
    journal.record_outcome(1, "ok", {})
    journal.record_outcome(2, "notice.not-found", {"unit": "u", "number": 3})
    nonces, salts = [journal.nonce(n) for n in range(1, 6)], [journal.salt(n, "body") for n in range(1, 6)]
    journal.close()
    again = open_journal(batch)
    states = [again.state(number) for number in range(1, 6)]
    assert states == [LineState.COMMITTED, LineState.FAILED, LineState.SENT, LineState.UNSENT, LineState.UNSENT]
    assert again.expires_ms(3) == 103
    assert again.failures == {2: ("notice.not-found", {"unit": "u", "number": 3})}
    assert [again.nonce(n) for n in range(1, 6)] == nonces
    assert [again.salt(n, "body") for n in range(1, 6)] == salts
    assert len({*nonces}) == len({*salts}) == 5
    again.close()


def test_the_journal_keeps_its_salts_to_its_owner(tmp_path: Path) -> None:
    journal = open_journal(batch_of(tmp_path))
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    assert journal.salt(1, "a") != journal.salt(1, "b")
    journal.close()


def test_nonces_depend_on_file_line_and_key(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    journals = [open_journal(batch_of(tmp_path)), open_journal(batch_of(tmp_path / "other", 6), bytes(32))]
    assert len({journal.nonce(number) for journal in journals for number in (1, 2)}) == 4
    for journal in journals:
        journal.close()


def test_a_journal_that_was_torn_anywhere_is_taken_up(tmp_path: Path) -> None:
    batch = batch_of(tmp_path)
    journal = open_journal(batch)
    journal.record_sent([SentLine(number, bytes([number]) * 32, number) for number in (1, 2, 3)])
    journal.record_outcome(1, "ok", {})
    journal.close()
    whole = journal.path.read_bytes()
    header_size = whole.index(b"\n") + 1
    for size in range(len(whole) + 1):
        journal.path.write_bytes(whole[:size])
        torn = open_journal(batch)
        sent = sum(torn.state(number) is not LineState.UNSENT for number in range(1, 6))
        assert sent == min(3, whole[header_size:size].count(b"\n") if size > header_size else 0)
        torn.record_sent([SentLine(5, bytes(32), 9)])
        torn.close()
        mended = open_journal(batch)
        assert mended.state(5) is LineState.SENT
        mended.close()


def test_a_journal_of_something_else_is_refused(tmp_path: Path) -> None:
    batch = batch_of(tmp_path)
    open_journal(batch).close()
    with pytest.raises(UsageError, match="another key"):
        open_journal(batch, key=bytes(32))
    with pytest.raises(UsageError, match="another network"):
        open_journal(batch, network=bytes(32))
    with pytest.raises(UsageError, match="was changed"):
        open_journal(batch_of(tmp_path, 7))


def test_a_damaged_journal_is_refused(tmp_path: Path) -> None:
    batch = batch_of(tmp_path)
    journal = open_journal(batch)
    journal.record_sent([SentLine(1, bytes(32), 1)])
    journal.close()
    header, line = journal.path.read_bytes().splitlines(keepends=True)
    other = json.dumps({"format": "x"}).encode() + b"\n"
    for content in (
        b"garbage\n",
        other,
        header + b"{}\n",
        header + b'{"line": 99, "code": "ok"}\n',
        header + b"x\n" + line,
    ):
        journal.path.write_bytes(content)
        with pytest.raises(UsageError, match="damaged"):
            open_journal(batch)


def test_two_runs_cannot_have_one_journal(tmp_path: Path) -> None:
    batch = batch_of(tmp_path)
    journal = open_journal(batch)
    with pytest.raises(UsageError, match="another run"):
        open_journal(batch)
    journal.close()
    open_journal(batch).close()
