"""`banyan snapshot`: made by a running node and in a stopped one's folder, listed, and held against the headers."""

from pathlib import Path

from storage.snapshot_folder import SnapshotFolder
from tests.cli.command import Command
from tests.cli.running_node import RunningNode, make_home


def test_snapshots_are_made_listed_and_verified_with_the_node_and_without(banyan: Command, tmp_path: Path) -> None:
    home = make_home(tmp_path)
    assert banyan.ok("snapshot", "list", "--home", home) == {"snapshots": []}
    answer = banyan("--json", "snapshot", "make", "--home", home)
    assert (answer.status, answer.error["code"]) == (1, "command-failed")
    node = RunningNode(home)
    try:
        for number in (1, 2):
            words = ("--arg", f"unit=branch-{number}", "--arg", "title=hello")
            banyan.ok("submit", "notice.post", *words, "--home", home, "--key", home / "admin.key")
        made = banyan.ok("snapshot", "make", "--home", home)
        assert made["records"] > 2
        assert banyan.ok("snapshot", "list", "--home", home) == {"snapshots": [made]}
        assert banyan.ok("snapshot", "verify", "--home", home) == {"verified": [made]}
    finally:
        assert node.stop() == 0
    # The same state makes the same bytes, whoever makes them.
    again = banyan.ok("snapshot", "make", "--home", home)
    assert again["state_digest"] == made["state_digest"]
    if again["height"] == made["height"]:
        assert again == made
    text = banyan("snapshot", "verify", str(again["height"]), "--home", home)
    assert text.status == 0
    assert f"height {again['height']} holds" in text.out
    assert banyan("--json", "snapshot", "verify", "7777", "--home", home).status == 2

    folder = SnapshotFolder(home / "snapshots")
    manifest = folder.manifests()[0]
    chunk = folder.path / str(manifest.height) / manifest.record_chunks[0].hex()
    chunk.write_bytes(chunk.read_bytes()[:-1] + b"\0")
    damaged = banyan("--json", "snapshot", "verify", str(manifest.height), "--home", home)
    assert damaged.status == 5
    assert "does not hold" in damaged.error["message"]
