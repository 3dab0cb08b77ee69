"""What the tests of the command line share."""

from pathlib import Path

import pytest
from nacl import pwhash

from cli.language import use_language
from tests.cli.command import Command


@pytest.fixture
def banyan(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command, in English, in an empty folder, with nothing of this machine's user in its environment."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG", "BANYAN_HOME", "BANYAN_KEY", "BANYAN_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    # A passphrase is stretched as little as can be: the cost is for those who guess, not for tests.
    monkeypatch.setattr("cli.member_key.OPERATIONS", pwhash.argon2id.OPSLIMIT_MIN)
    monkeypatch.setattr("cli.member_key.MEMORY_BYTES", pwhash.argon2id.MEMLIMIT_MIN)
    monkeypatch.chdir(tmp_path)
    use_language("en")
    return Command(capsys)
