"""`banyan attendance`: the secret stays in its file, the codes change, and what people type is read kindly."""

import stat
from pathlib import Path
from typing import Any

import pytest

from cli.attendance_codes import AttendanceCodes, grouped, read_code
from cli.errors import UsageError
from cli.operation_arguments import PreparedArguments
from contracts.attendance.code import code_hash
from tests.cli.command import Command
from tests.contracts.trial_ledger import trial_genesis

CODES = AttendanceCodes(bytes(range(32)), bytes(32), "branch-1", "Assembly", 1_000_000, 60, 3)


@pytest.fixture
def handed_in(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, PreparedArguments]]:
    """What the command hands in; the node's answer is that list 7 was opened."""
    calls: list[tuple[str, PreparedArguments]] = []

    def hand_in(_session: object, operation: str, prepared: PreparedArguments, _key: object) -> dict[str, Any]:
        calls.append((operation, prepared))
        event = {"name": "attendance.opened", "data": {"number": 7, "unit": "branch-1"}}
        return {"id": "00", "height": 5, "result": {"code": "ok", "details": {}, "events": [event]}}

    monkeypatch.setattr("cli.handing_in.hand_in", hand_in)
    monkeypatch.setattr("cli.genesis_file.read_home_genesis", lambda _home: trial_genesis())
    return calls


def test_codes_follow_from_the_secret_and_differ_by_window_beginning_unit_and_network() -> None:
    codes = [CODES.code(window) for window in range(3)]
    assert codes == [CODES.code(window) for window in range(3)] and len(set(codes)) == 3
    others = [
        AttendanceCodes(bytes(32), bytes(32), "branch-1", "Assembly", 1_000_000, 60, 3),
        AttendanceCodes(CODES.secret, bytes([1]) * 32, "branch-1", "Assembly", 1_000_000, 60, 3),
        AttendanceCodes(CODES.secret, bytes(32), "branch-2", "Assembly", 1_000_000, 60, 3),
        AttendanceCodes(CODES.secret, bytes(32), "branch-1", "Assembly", 1_000_001, 60, 3),
    ]
    assert len({codes[0], *(one.code(0) for one in others)}) == 5
    assert CODES.hashes() == [code_hash(bytes(32), "branch-1", 1_000_000, code) for code in codes]


def test_the_window_of_a_time() -> None:
    times = (999_999, 1_000_000, 1_059_999, 1_060_000, 1_179_999, 1_180_000)
    assert [CODES.window_at(time_ms) for time_ms in times] == [None, 0, 0, 1, 2, None]


def test_a_code_is_read_in_whatever_groups_and_letters() -> None:
    code = "0123456789ABCDEF"
    assert grouped(code) == "0123-4567-89AB-CDEF"
    for typed in (code, grouped(code).lower(), "O1 23 456789 abcdef", "oI23456789ABCDEF", "oL23456789ABCDEF"):
        assert read_code(typed) == code
    for wrong in ("", "0123", code + "0", "U" * 16, "é" * 16):
        with pytest.raises(UsageError):
            read_code(wrong)


def test_a_list_is_opened_with_hashes_and_its_secret_stays_here(
    banyan: Command, handed_in: list[tuple[str, PreparedArguments]], tmp_path: Path
) -> None:
    secret = tmp_path / "codes.json"
    words = ("attendance", "open", "--unit", "branch-1", "--title", "Assembly", "--role", "member")
    moment = ("--at", "2026-03-02T14:00+08:00", "--minutes", "3", "--about", "party-meeting/branch-1/000001")
    document = banyan.ok(*words, *moment, "--secret", secret)
    assert (document["number"], document["windows"]) == (7, 3)
    ((operation, prepared),) = handed_in
    codes = AttendanceCodes.read(secret)
    assert operation == "attendance.open" and prepared.arguments["hashes"] == codes.hashes()
    assert prepared.arguments["starts"] == codes.starts_ms == 1_772_431_200_000
    assert prepared.arguments["about"] == "party-meeting/branch-1/000001"
    assert codes.network_id == trial_genesis().network_id
    assert codes.secret not in repr(prepared).encode() and stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert "is open" in banyan(*words, "--secret", tmp_path / "other.json").out

    again = banyan(*words, "--secret", secret)
    assert again.status == 2 and str(secret) in again.err and len(handed_in) == 2
    too_many = banyan(*words, "--secret", tmp_path / "x", "--minutes", "300")
    assert too_many.status == 2 and "at most 240" in too_many.err
    for wrong in ("soon", "2026-03-02", "2026-03-02T14:00", "0001-01-01T00:00+00:00"):
        assert banyan(*words, "--secret", tmp_path / "x", "--at", wrong).status == 2
    assert not (tmp_path / "x").exists()


def test_somebody_signs_in(banyan: Command, handed_in: list[tuple[str, PreparedArguments]]) -> None:
    answer = banyan("attendance", "sign-in", "branch-1", 7, grouped(CODES.code(1)).lower())
    assert answer.status == 0 and "on the list 7 of branch-1" in answer.out
    ((operation, prepared),) = handed_in
    assert (operation, prepared.arguments["code"]) == ("attendance.sign-in", CODES.code(1))
    assert banyan("attendance", "sign-in", "branch-1", 7, "nonsense").status == 2


@pytest.mark.parametrize(
    ("now_ms", "status", "said"),
    [
        (999_999, 1, "shown from 1970-01-01 00:16:40"),
        (1_000_000, 0, "changes in 60 seconds"),
        (1_059_001, 0, "changes in 1 seconds"),
        (1_180_000, 1, "shown until 1970-01-01 00:19:40"),
    ],
)
def test_the_code_of_the_moment_is_shown(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, now_ms: int, status: int, said: str
) -> None:
    CODES.write(tmp_path / "codes.json")
    monkeypatch.setattr("cli.commands.attendance.time.time_ns", lambda: now_ms * 1_000_000)
    answer = banyan("attendance", "codes", tmp_path / "codes.json")
    assert answer.status == status and said in answer.out
    assert (grouped(CODES.code(0)) in answer.out) == (status == 0)
    document = banyan.ok("attendance", "codes", tmp_path / "codes.json", "--all")
    assert [one["code"] for one in document["codes"]] == [CODES.code(one) for one in range(3)]
    assert grouped(CODES.code(2)) in banyan("attendance", "codes", tmp_path / "codes.json", "--all").out


def test_codes_are_shown_one_after_the_other(banyan: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    CODES.write(tmp_path / "codes.json")
    clock_ns = [990_000 * 1_000_000]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock_ns[0] += round(seconds * 1_000_000_000)

    monkeypatch.setattr("cli.commands.attendance.time.time_ns", lambda: clock_ns[0])
    monkeypatch.setattr("cli.commands.attendance.time.sleep", sleep)
    answer = banyan("attendance", "codes", tmp_path / "codes.json", "--follow")
    assert answer.status == 0 and slept == [10, 60, 60, 60]
    shown = [line.rpartition(" ")[2] for line in answer.out.splitlines()[1:]]
    assert shown == [grouped(CODES.code(window)) for window in range(3)]
    for other in ("--all", "--json"):
        assert banyan("attendance", "codes", tmp_path / "codes.json", "--follow", other).status == 2


def test_a_file_that_holds_no_codes_is_told(banyan: Command, tmp_path: Path) -> None:
    CODES.write(tmp_path / "codes.json")
    text = (tmp_path / "codes.json").read_text("utf-8")
    for old, new in (
        (text, "[]"),
        (text, "no JSON"),
        ("attendance/v1", "attendance/v2"),
        (CODES.secret.hex(), "00"),
        (CODES.secret.hex(), "xy"),
        ('"windows": 3', '"windows": 0'),
        ('"windows": 3', '"windows": 241'),
        ('"window_seconds": 60', '"window_seconds": 0'),
    ):
        path = tmp_path / "wrong.json"
        path.write_text(text.replace(old, new), "utf-8")
        answer = banyan("attendance", "codes", path)
        assert answer.status == 2 and "no file of sign-in codes" in answer.err
