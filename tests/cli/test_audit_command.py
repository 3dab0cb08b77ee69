"""`banyan audit` as a command: exit statuses and what is printed. What it finds is tested with the audit itself."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.audit.builder import fill
from tests.audit.ledgers import build
from tests.cli.command import Command


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a good ledger."""
    yield build(tmp_path_factory.mktemp("audited") / "home", fill)


def test_a_good_ledger_is_status_0(banyan: Command, audited: Path) -> None:
    document = banyan.ok("audit", "--from", audited, "--genesis", audited / "genesis.json")
    assert document["ok"] is True
    assert document["finding"] is None
    answer = banyan("audit", "--from", audited, "--genesis", audited / "genesis.json")
    assert answer.status == 0
    assert "Everything holds." in answer.out
    assert document["head"]["tree_root"] in answer.out


def test_a_damaged_ledger_is_status_5_with_the_finding(banyan: Command, audited: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(audited, tmp_path / "home"))
    data = home / "db" / "data.mdb"
    content = bytearray(data.read_bytes())
    content[:4096] = b"\x5a" * 4096
    data.write_bytes(content)
    words = ("audit", "--from", home, "--genesis", audited / "genesis.json")
    answer = banyan("--json", *words)
    assert answer.status == 5
    assert answer.document["ok"] is False
    assert answer.document["finding"]["verdict"] == "damaged"
    assert answer.error["code"] == "verification-failed"
    plain = banyan(*words)
    assert plain.status == 5
    assert "Verdict" in plain.out
    assert plain.err.splitlines()[-1].startswith("Error: the ledger is not as it should be")


def test_another_network_s_genesis_is_a_finding(banyan: Command, audited: Path, tmp_path: Path) -> None:
    changed = (audited / "genesis.json").read_text().replace('"created_ms": 1', '"created_ms": 2', 1)
    (tmp_path / "genesis.json").write_text(changed)
    answer = banyan("--json", "audit", "--from", audited, "--genesis", tmp_path / "genesis.json")
    assert answer.status == 5
    assert answer.document["finding"]["verdict"] == "foreign"


@pytest.mark.parametrize(
    ("source", "genesis", "status"),
    [
        ("nowhere", "genesis.json", 2),
        ("http://127.0.0.1:1", "genesis.json", 3),
        ("HTTP://127.0.0.1:1", "genesis.json", 3),
        ("ftp://127.0.0.1:1/x", "genesis.json", 2),
        ("127.0.0.1:8080", "genesis.json", 2),
        ("", "missing.json", 2),
        ("", "node.public.json", 2),
    ],
)
def test_what_cannot_be_audited_is_told(banyan: Command, audited: Path, source: str, genesis: str, status: int) -> None:
    answer = banyan("audit", "--from", source or audited, "--genesis", audited / genesis)
    assert answer.status == status
    assert len(answer.err.splitlines()) == 1


def test_an_address_of_another_kind_is_told_what_is_taken(banyan: Command, audited: Path) -> None:
    answer = banyan("audit", "--from", "ftp://node.example/", "--genesis", audited / "genesis.json")
    assert answer.status == 2
    assert "ftp://node.example/" in answer.err
    assert all(word in answer.err for word in ("http://", "https://", "folder"))
