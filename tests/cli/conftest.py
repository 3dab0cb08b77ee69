"""What the tests of the command line share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from nacl import pwhash

from cli.language import use_language
from tests.cli.command import Command, call
from tests.cli.running_node import RunningNode, make_home


@pytest.fixture
def banyan(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command, in English, in an empty folder, with nothing of this machine's user in its environment."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG", "BANYAN_HOME", "BANYAN_KEY", "BANYAN_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    # A passphrase is stretched as little as can be: the cost is for those who guess, not for tests.
    monkeypatch.setattr("daemon.sealed_secret.OPERATIONS", pwhash.argon2id.OPSLIMIT_MIN)
    monkeypatch.setattr("daemon.sealed_secret.MEMORY_BYTES", pwhash.argon2id.MEMLIMIT_MIN)
    monkeypatch.chdir(tmp_path)
    use_language("en")
    return Command(capsys)


@pytest.fixture(scope="module")
def governed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder: `home` is a running node's, with the key of one of two administrators; `second.key` is the other's."""
    folder = tmp_path_factory.mktemp("governed")
    assert call("keygen", "--out", folder / "second.key").status == 0
    node = RunningNode(make_home(folder, "--admin", str(folder / "second.key")))
    yield folder
    assert node.stop() == 0


@pytest.fixture
def second(governed: Path, banyan: Command, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The other administrator's key; the running node's folder is `$BANYAN_HOME`."""
    monkeypatch.setenv("BANYAN_HOME", str(governed / "home"))
    return governed / "second.key"
