"""`banyan invite` at a running node, and `banyan join --invite` with what it made."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import call
from tests.cli.running_node import RunningNode, make_home

pytestmark = pytest.mark.slow


@pytest.fixture
def host(tmp_path: Path) -> Iterator[RunningNode]:
    folder = tmp_path / "host"
    folder.mkdir()
    node = RunningNode(make_home(folder))
    yield node
    assert node.stop() == 0


def test_an_invitation_is_made_for_one_node_and_refused_to_others(host: RunningNode, tmp_path: Path) -> None:
    homes = [tmp_path / name for name in ("guest", "other")]
    for home in homes:
        made = call("init", "--home", home, "--name", f"{home.name}.example", "--listen", "127.0.0.1:7400")
        assert made.status == 0, made.err
    file, genesis = tmp_path / "guest.invitation", host.home.parent / "genesis.json"
    words = ("invite", "--home", host.home, "--node", homes[0] / "node.public.json", "--out", file)
    answer = call(*words, "--hours", "3")
    assert answer.status == 0 and "guest.example" in answer.out
    assert "banyan join" in answer.err

    wrong = call("join", "--home", homes[1], "--genesis", genesis, "--invite", file)
    assert wrong.status == 1 and "the invitation is for the node" in wrong.err
    joined = call("join", "--home", homes[0], "--invite", file)
    assert joined.status == 0, joined.err
    twice = call("join", "--home", homes[0], "--genesis", genesis, "--invite", file)
    assert twice.status == 0, twice.err
    line_alone = tmp_path / "line.invitation"
    line_alone.write_text(file.read_text("utf-8").partition("\n")[0], "utf-8")
    nothing = call("join", "--home", homes[0], "--invite", line_alone)
    assert nothing.status == 2 and "no genesis is given" in nothing.err
    damaged = tmp_path / "damaged.invitation"
    damaged.write_text(file.read_text("utf-8").replace("majority", "minority"), "utf-8")
    assert call("join", "--home", homes[0], "--invite", damaged).status == 2
    other = tmp_path / "other.invitation"
    other.write_text(file.read_text("utf-8").replace('"public"', '"members"'), "utf-8")
    foreign = call("join", "--home", homes[0], "--invite", other)
    assert foreign.status == 1 and "another network" in foreign.err

    again = call(*words)
    assert again.status == 2 and str(file) in again.err
    nonsense = call("join", "--home", homes[0], "--genesis", genesis, "--invite", genesis)
    assert nonsense.status == 2 and "is no invitation" in nonsense.err
    for hours in ("0", "721"):
        assert call(*words[:-1], tmp_path / "x", "--hours", hours).status == 2


def test_a_file_that_is_there_is_found_before_the_node_is_asked(tmp_path: Path) -> None:
    """Or the guest would be let in and hold no invitation. No node runs here: that would be status 3."""
    home, guest, file = tmp_path / "host", tmp_path / "guest", tmp_path / "there"
    for folder in (home, guest):
        made = call("init", "--home", folder, "--name", f"{folder.name}.example", "--listen", "127.0.0.1:7400")
        assert made.status == 0, made.err
    file.write_text("mine", "utf-8")
    answer = call("invite", "--home", home, "--node", guest / "node.public.json", "--out", file)
    assert answer.status == 2 and str(file) in answer.err
    assert file.read_text("utf-8") == "mine"
