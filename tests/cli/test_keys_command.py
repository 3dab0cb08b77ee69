"""`banyan keys …`, against a real node with a single vote; several voters are in tests/system."""

from pathlib import Path

import pytest

from cli.commands.chain import _warn_of_keys
from cli.printer import Printer
from daemon.home import Home
from daemon.seed import read_keys
from tests.cli.command import Command
from tests.free_ports import free_address

NAME = "node-1.example"


def test_the_ages_of_keys_are_listed_and_told_by_the_node(banyan: Command, second: Path) -> None:
    (own,) = [one for one in banyan.ok("keys", "list")["nodes"] if one["name"] == NAME]
    status = banyan.ok("status")
    assert own["registered_ms"] == status["network"]["created_ms"] == status["keys"]["registered_ms"]
    assert own["expires_ms"] == status["keys"]["expires_ms"] == own["registered_ms"] + 730 * 86_400_000
    assert (own["keys"], status["keys"]["state"], status["keys"]["successor"]) == ("fresh", "fresh", None)
    shown = banyan("keys", "list")
    assert shown.status == 0 and NAME in shown.out
    assert "Keys expire" in banyan("status").out


@pytest.mark.parametrize(("state", "told"), [("renew", "to be replaced soon"), ("expired", "goes on all the same")])
def test_status_warns_of_old_keys(capsys: pytest.CaptureFixture[str], state: str, told: str) -> None:
    import sys

    _warn_of_keys(Printer(sys.stdout), {"keys": {"state": state}})
    assert told in capsys.readouterr().out
    _warn_of_keys(Printer(sys.stdout), {"keys": None})
    assert capsys.readouterr().out == ""


def test_young_keys_are_left_alone_and_the_only_voter_cannot_rotate(
    banyan: Command, second: Path, governed: Path
) -> None:
    assert banyan.ok("keys", "rotate")["state"] == "fresh"
    refused = banyan("keys", "rotate", "--again")
    assert refused.status == 2
    assert "add a second node first" in refused.err.replace("\n", " ")
    assert not Home(governed / "home").next_keys.exists()


def test_an_observer_gets_new_keys_from_elsewhere_in_two_approvals_less(
    banyan: Command, second: Path, governed: Path, tmp_path: Path
) -> None:
    """Registered by both administrators, one after the other; then one alone lets the old keys go."""
    observer = tmp_path / "observer"
    banyan.ok("init", "--home", observer, "--name", "observer.example", "--listen", free_address())
    old = read_keys(Home(observer).seed).node_id.hex()
    proposal = banyan.ok("voters", "add", observer / "node.public.json")["proposal"]
    banyan.ok("voters", "approve", proposal, "--key", second)
    refused = banyan("keys", "rotate", "observer.example")
    assert refused.status == 2 and "--successor FILE" in refused.err.replace("\n", " ")

    made = banyan.ok("keys", "next", "--home", observer)
    assert banyan.ok("keys", "next", "--home", observer) == made
    file = made["public_file"]
    words = ("keys", "rotate", "observer.example", "--successor", file)
    told = banyan.ok(*words)
    assert (told["state"], told["old"], told["new"]) == ("proposed", old, made["node_id"])
    # Run again, it does not propose a second time.
    assert banyan.ok(*words)["proposal"] == told["proposal"]
    assert "voters approve" in banyan(*words).out
    banyan.ok("voters", "approve", told["proposal"], "--key", second)
    assert [one["replaces"] for one in banyan.ok("keys", "list")["nodes"]].count(old) == 1
    asked = banyan("voters", "promote", "observer.example")
    assert asked.status == 2 and "two nodes observer.example" in asked.err.replace("\n", " ")

    # A description of other keys is told from that of the next ones: nothing of this would be a replacement.
    current = banyan("keys", "rotate", "observer.example", "--successor", governed / "home" / "node.public.json")
    assert current.status == 2 and "came in nobody's place" in current.err.replace("\n", " ")
    other = banyan("keys", "rotate", NAME, "--successor", file)
    assert other.status == 2 and f"not of {NAME}" in other.err.replace("\n", " ")

    # It runs under the old keys as far as anybody knows.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cli.rotating.OTHER_CHANGE_S_MAX", 0.0)
        assert banyan.ok("keys", "rotate", "observer.example")["state"] == "waiting"
        assert "run this again" in banyan(*words).out.replace("\n", " ")


def test_a_folder_is_told_to_change_and_sealed(
    banyan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, governed: Path
) -> None:
    home = tmp_path / "node"
    banyan.ok("init", "--home", home, "--name", "alpha.example", "--listen", free_address())
    banyan.ok("join", "--home", home, "--genesis", governed / "genesis.json")
    refused = banyan("keys", "change", "--home", home)
    assert refused.status == 1 and "has no next keys" in refused.err.replace("\n", " ")
    (tmp_path / "passphrase").write_text("open sesame\n")
    asked = banyan("keys", "seal", "--home", home)
    assert asked.status == 2 and "BANYAN_SEED_PASSPHRASE_FILE" in asked.err
    with monkeypatch.context() as patch:
        patch.setenv("BANYAN_SEED_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
        assert banyan.ok("keys", "seal", "--home", home)["sealed"] is True
        assert banyan("keys", "seal", "--home", home).status == 2
        made = banyan.ok("keys", "next", "--home", home)
    assert banyan("keys", "change", "--home", home).status == 1
    monkeypatch.setenv("BANYAN_SEED_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    assert banyan.ok("keys", "change", "--home", home)["node_id"] == made["node_id"]
    assert banyan.ok("keys", "unseal", "--home", home)["sealed"] is False
    assert banyan("keys", "unseal", "--home", home).status == 2
    assert read_keys(Home(home).seed).node_id.hex() == made["node_id"]


def test_a_node_begins_with_a_sealed_seed(
    banyan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, governed: Path
) -> None:
    home = tmp_path / "sealed"
    (tmp_path / "passphrase").write_text("open sesame")
    monkeypatch.setenv("BANYAN_SEED_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    banyan.ok("init", "--home", home, "--name", "sealed.example", "--listen", free_address(), "--passphrase")
    assert b"banyan-seed/v1" in Home(home).seed.read_bytes()
    assert banyan("join", "--home", home, "--genesis", governed / "genesis.json").status == 0
    monkeypatch.delenv("BANYAN_SEED_PASSPHRASE_FILE")
    told = banyan("run", "--home", home)
    assert told.status == 1 and "has a passphrase" in told.err.replace("\n", " ")
