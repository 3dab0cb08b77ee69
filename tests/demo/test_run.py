"""The demonstration itself, as a process, on a small data set with every awkward case."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.demo.membership import FILE_NAME
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
ROWS = (
    "at,event,member,role,revision\n"
    "2018-08-22T21:11:39-07:00,joined,anna,member,r1\n"
    "2018-08-22T21:11:39-07:00,joined,Anna,admin,r1\n"
    "2018-08-23T05:00:00+00:00,joined,12345,member,r2\n"
    "2018-08-23T07:30:00+02:00,left,anna,member,r3\n"
    "2018-08-24T00:00:00+08:00,joined,anna,member,r4\n"
    "2018-08-25T00:00:00+00:00,role,12345,admin,r5\n"
)


def demo(*arguments: str) -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def small_data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / FILE_NAME).write_text(ROWS, encoding="utf-8")
    return folder


@pytest.mark.slow
def test_once_ends_with_the_status_of_its_checks_and_a_second_run_is_told_what_is_in_the_way(tmp_path: Path) -> None:
    folder = tmp_path / "a folder with spaces"
    arguments = ("--once", "--data", str(small_data(tmp_path)), "--dir", str(folder))
    process = demo(*arguments)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, output + errors
    assert "All 12 checks hold." in output
    assert "NO" not in output
    again = demo(*arguments)
    _output, errors = again.communicate(timeout=60)
    assert again.returncode == 2
    assert "remove it" in errors


@pytest.mark.slow
def test_without_once_the_node_stays_until_ctrl_c(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    process = demo("--data", str(small_data(tmp_path)), "--dir", str(folder))
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if "Ctrl-C" in line:
            break
    assert any("openapi.json" in line for line in seen), "".join(seen)
    assert (folder / "node" / "control.sock").exists()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    wait_until(lambda: not (folder / "node" / "control.sock").exists(), 10, "the node is gone")


@pytest.mark.parametrize(("arguments", "message"), [(("--nodes", "4"), "one node"), (("--data", "nowhere"), "--data")])
def test_what_cannot_be_demonstrated_is_said(arguments: tuple[str, ...], message: str) -> None:
    process = demo("--once", *arguments)
    _output, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert message in errors
    assert "Traceback" not in errors
