"""What a person at a terminal sees: prompts that hide, bars that move, columns that fit."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.member_key import read_key_file
from cli.printer import Printer, printable, time_text
from cli.progress import ProgressLines
from cli.session import Session
from tests.cli.command import DEADLINE_S, environment


def at_a_terminal(words: list[str], *typed: str) -> tuple[int, str]:
    """Run `banyan` at a terminal of its own, type each line when a question stands there; status and screen."""
    primary, secondary = pty.openpty()
    command = subprocess.Popen(
        [sys.executable, "-m", "cli", *words],
        env=environment(TERM="xterm", COLUMNS="80"),
        stdin=secondary,
        stdout=secondary,
        stderr=secondary,
        start_new_session=True,
    )
    os.close(secondary)
    screen = b""
    answers = list(typed)
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        ready, _, _ = select.select([primary], [], [], 0.05)
        if ready:
            try:
                block = os.read(primary, 65_536)
            except OSError:
                break
            if not block:
                break
            screen += block
            if answers and screen.rstrip(b" ").endswith(b":"):
                os.write(primary, answers.pop(0).encode() + b"\n")
                screen += b"<typed>"
    os.close(primary)
    return command.wait(timeout=DEADLINE_S), screen.decode()


def test_a_passphrase_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "key"
    status, screen = at_a_terminal(["keygen", "--out", str(path), "--passphrase"], "open sesame", "open sesame")
    assert status == 0, screen
    assert "open sesame" not in screen
    assert read_key_file(path).open("open sesame")


def test_two_different_passphrases_make_no_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    status, screen = at_a_terminal(["keygen", "--out", str(path), "--passphrase"], "one", "other")
    assert status == 2
    assert "the two passphrases differ" in screen
    assert not path.exists()


def test_long_values_are_folded_at_a_terminal_and_whole_in_a_pipe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    value = "0123456789" * 30
    printer = Printer(sys.stdout)
    printer.fields([("Name", value), ("名称", "支部")])
    printer.table(["A", "编号"], [["支部", 1], [value, 22]])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Name  {value}"
    assert lines[1] == "名称  支部"
    assert all(line == line.rstrip() for line in lines)


def test_nothing_printed_steers_the_terminal() -> None:
    assert printable("a\x1b[2Jb\u202ec\td\x00\x9f\r") == "a\\x1b[2Jb\\u202ec\td\\x00\\x9f\\r"


def test_times_are_told_in_utc() -> None:
    assert time_text(1_790_000_000_123) == "2026-09-21 14:13:20.123 UTC"
    assert time_text(0) == "1970-01-01 00:00:00.000 UTC"
    assert time_text(2**63 - 1) == f"{2**63 - 1} ms"


def test_progress_in_a_log_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([0.0, 1.0, 6.0, 7.0, 12.0])
    monkeypatch.setattr("cli.progress.time.monotonic", lambda: next(moments))
    lines = ProgressLines("Working", None)
    lines.advance(1, None)
    lines.advance(2, None)
    lines.advance(3, 10)
    lines.advance(4, None)
    assert capsys.readouterr().err == "Working: 2\nWorking: 4 of 10\n"


def test_with_json_there_is_no_progress_and_no_note(capsys: pytest.CaptureFixture[str]) -> None:
    session = Session(Path("home"), json=True)
    with session.progress("Working", 10) as advance:
        advance(5, None)
    session.note("beside")
    session.show({"名": "值"}, lambda printer: printer.line("for people"))
    captured = capsys.readouterr()
    assert captured.err == ""
    assert json.loads(captured.out) == {"名": "值"}


def test_a_bar_moves_at_a_terminal(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from cli.session import Session\n"
        "with Session(Path('x'), json=False).progress('Working', 10) as advance:\n"
        "    advance(3, None); advance(4, 20)\n"
    )
    primary, secondary = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(TERM="xterm", COLUMNS="100"),
        stderr=secondary,
        check=True,
        timeout=DEADLINE_S,
    )
    os.close(secondary)
    screen = os.read(primary, 65_536).decode()
    os.close(primary)
    assert done.returncode == 0
    assert "Working" in screen
    assert "4/20" in screen
