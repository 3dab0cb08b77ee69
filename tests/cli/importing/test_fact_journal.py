"""The journal of an import: what was sent is in it before it is sent, and a torn one is taken up."""

import stat
from pathlib import Path

import pytest

from cli.errors import UsageError
from cli.importing.fact_journal import FactJournal, FactState, SentFact

NETWORK = bytes([1]) * 32


def open_journal(tmp_path: Path, network: bytes = NETWORK, fingerprint: str = "ab") -> FactJournal:
    return FactJournal(tmp_path / "p.progress", network, fingerprint)


def sent(number: int) -> SentFact:
    return SentFact(bytes([number]) * 10, FactState(bytes([number]) * 6, bytes([number]) * 32, number, None, ""))


def test_a_journal_remembers(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.record_sent([sent(1), sent(2), sent(3)])
    journal.record_outcome(bytes([1]) * 10, bytes([1]) * 6, "ok")
    journal.record_outcome(bytes([2]) * 10, bytes([2]) * 6, "unit.exists")
    journal.record_outcome(bytes([9]) * 10, bytes([8]) * 6, "ok")
    states = [journal.state(bytes([n]) * 10) for n in (1, 2, 3, 4, 9)]
    journal.close()
    again = open_journal(tmp_path)
    assert [again.state(bytes([n]) * 10) for n in (1, 2, 3, 4, 9)] == states
    assert [state and state.code for state in states] == ["ok", "unit.exists", "", None, "ok"]
    again.close()
    assert stat.S_IMODE(again.path.stat().st_mode) == 0o600


def test_a_journal_that_was_torn_anywhere_is_taken_up(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.record_sent([sent(1), sent(2)])
    journal.record_outcome(bytes([1]) * 10, bytes([1]) * 6, "ok")
    journal.close()
    whole = journal.path.read_bytes()
    header_size = whole.index(b"\n") + 1
    for size in range(len(whole) + 1):
        journal.path.write_bytes(whole[:size])
        torn = open_journal(tmp_path)
        lines = whole[header_size : max(size, header_size)].count(b"\n")
        assert [torn.state(bytes([n]) * 10) is not None for n in (1, 2)] == [lines >= 1, lines >= 2]
        torn.record_sent([sent(7)])
        torn.close()
        mended = open_journal(tmp_path)
        assert mended.state(bytes([7]) * 10) == sent(7).state
        mended.close()


def test_one_run_at_a_time(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    with pytest.raises(UsageError, match="another run"):
        open_journal(tmp_path)
    journal.close()


def test_a_journal_of_another_secret_is_refused(tmp_path: Path) -> None:
    open_journal(tmp_path).close()
    with pytest.raises(UsageError, match="another secret"):
        open_journal(tmp_path, fingerprint="cd")


@pytest.mark.parametrize(
    "line", [b"{\n", b"[]\n", b'{"fact": 1}\n', b'{"fact": "zz", "content": "", "code": "ok"}\n', b"[" * 90_000 + b"\n"]
)
def test_a_damaged_journal_is_refused(tmp_path: Path, line: bytes) -> None:
    journal = open_journal(tmp_path)
    journal.close()
    whole = journal.path.read_bytes()
    for content in (whole + line, line + whole):
        journal.path.write_bytes(content)
        with pytest.raises(UsageError, match="damaged"):
            open_journal(tmp_path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "p.progress").mkdir()
    with pytest.raises(UsageError, match="cannot be written"):
        open_journal(tmp_path)
