"""Calling the command as a user does: in this process where that is enough, in one of its own where it is not."""

import contextlib
import io
import json
import os
import subprocess
import sys
import unittest.mock
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.main import main

ROOT = Path(__file__).resolve().parents[2]
# A command that has not ended by then hangs; the slowest one here takes a few seconds on a busy machine.
DEADLINE_S = 60


@dataclass(frozen=True)
class Answer:
    """What one call gave."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The one JSON document on stderr."""
        return json.loads(self.err)["error"]


class Command:
    """Calls `banyan` in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: object) -> Answer:
        self._capsys.readouterr()
        status = main([str(word) for word in words])
        captured = self._capsys.readouterr()
        assert "Traceback" not in captured.err
        return Answer(status, captured.out, captured.err)

    def ok(self, *words: object) -> Any:
        """The JSON document of a call that has to succeed."""
        answer = self("--json", *words)
        assert answer.status == 0, answer.err
        assert answer.err == ""
        return answer.document


def environment(**changes: str) -> dict[str, str]:
    """The environment for a process of its own: the project importable, no language or key of this machine's user."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LC_", "LANG", "BANYAN_")) and name != "COLUMNS"
    }
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **changes}


def call(*words: object) -> Answer:
    """Call `banyan` in this process, in English and in the environment that `process` gives."""
    out, err = io.StringIO(), io.StringIO()
    with (
        unittest.mock.patch.dict(os.environ, environment(), clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        status = main([str(word) for word in words])
    assert "Traceback" not in err.getvalue()
    return Answer(status, out.getvalue(), err.getvalue())


def process(*words: object, **changes: str) -> Answer:
    """Call `banyan` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "cli", *(str(word) for word in words)],
        env=environment(**changes),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=DEADLINE_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in done.stderr
    return Answer(done.returncode, done.stdout, done.stderr)
