"""`banyan pack …`: what is told of a pack and of its faults, and a pack on the ledger of a real node."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.pack_folder import BASES_MAX, compile_folder, shipped_folder
from contracts.genesis_state import genesis_records
from contracts.record import record_key
from ledger.genesis import parse_genesis
from tests.cli.command import Command, call
from tests.cli.running_node import RunningNode, make_home
from tests.contracts.packs.written import LOCAL, PACK, TYPES


@pytest.fixture
def club(tmp_path: Path) -> Path:
    folder = tmp_path / "chess-club"
    folder.mkdir()
    # Dates as TOML has them, where the compiler's own tests have texts.
    (folder / "pack.toml").write_text(PACK.replace('"2026-01-01"', "2026-01-01"), "utf-8")
    (folder / "types.toml").write_text(TYPES, "utf-8")
    return folder


def damage(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_a_pack_is_told(banyan: Command, club: Path) -> None:
    document = banyan.ok("pack", "check", club)
    assert (document["name"], document["version"], document["base"]) == ("chess-club", 1, None)
    assert [one["kind"] for one in document["types"]] == ["club-member"]
    pack = compile_folder(club).pack
    assert pack is not None and document["hash"] == pack.hash.hex()
    shown = banyan("pack", "check", club)
    assert shown.status == 0 and "admit" in shown.out and "after notice-days days" in shown.out


def test_states_are_drawn(banyan: Command, club: Path) -> None:
    drawn = banyan("pack", "check", club, "--diagram", "--lang", "zh_CN").out
    assert "stateDiagram-v2" in drawn and "applied --> member : 接纳" in drawn and "left --> [*]" in drawn


def test_all_faults_are_told_with_file_and_place(banyan: Command, club: Path) -> None:
    damage(club / "types.toml", 'to = "member"', 'to = "membr"')
    damage(club / "pack.toml", "value = 14", "value = 1")
    answer = banyan("--json", "pack", "check", club)
    assert answer.status == 1
    assert {(one["file"], one["path"]) for one in answer.document["faults"]} >= {
        ("types.toml", "type.club-member.transition.admit.to"),
        ("pack.toml", "parameter.notice-days.values[0]"),
    }
    shown = banyan("pack", "check", club, "--lang", "zh_CN")
    assert shown.status == 1 and "没有声明名为 'membr' 的状态;是不是想写 member?" in shown.out


@pytest.mark.parametrize("text", ["[pack", "x = 1\nx = 2", "a" + ".a" * 5000 + " = 1"])
def test_a_file_that_is_no_toml_is_told(banyan: Command, club: Path, text: str) -> None:
    (club / "types.toml").write_text(text, "utf-8")
    answer = banyan("pack", "check", club)
    assert answer.status in (1, 2) and "types.toml" in answer.err + answer.out


def test_a_folder_without_a_pack_is_told(banyan: Command, tmp_path: Path) -> None:
    answer = banyan("pack", "check", tmp_path)
    assert answer.status == 2 and "has no pack.toml" in answer.err


def test_the_base_lies_beside_the_pack(banyan: Command, club: Path) -> None:
    north = club.parent / "north-club"
    north.mkdir()
    (north / "pack.toml").write_text(LOCAL, "utf-8")
    document = banyan.ok("pack", "check", north)
    assert document["base"]["name"] == "chess-club"
    assert document["base"]["hash"] == banyan.ok("pack", "check", club)["hash"]
    shown = banyan("pack", "check", north)
    assert "On top of" in shown.out


def test_packs_that_are_on_top_of_each_other_end(club: Path) -> None:
    damage(club / "pack.toml", "version = 1", 'version = 1\nbase = "chess-club"')
    compiled = compile_folder(club)
    assert compiled.pack is None and BASES_MAX < 10
    assert any(fault.path == "pack.base" for fault in compiled.faults)


def test_packs_that_come_with_the_program_are_right(banyan: Command) -> None:
    folder = shipped_folder("association")
    assert folder is not None and shipped_folder("nothing") is None
    folders = [path.parent for path in sorted(folder.parent.glob("*/pack.toml"))]
    assert {one.name for one in folders} >= {"association", "co-operative", "open-source"}
    for one in folders:
        assert banyan.ok("pack", "check", one)["name"] == one.name


def test_ways_are_told_in_the_order_of_the_story(banyan: Command) -> None:
    shown = banyan("pack", "check", shipped_folder("open-source")).out
    story = shown[shown.index("ladder-place:") :]
    # By the alphabet, who ends as approver would come before who becomes reviewer.
    assert story.index("make-reviewer") < story.index("end-reviewer") < story.index("end-approver")


def test_a_check_is_told_with_the_transition_that_it_takes(banyan: Command) -> None:
    shown = banyan("pack", "check", shipped_folder("open-source")).out
    assert "by itself; check reviewers-are-members" in shown


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder: `home` is a running node's, with the key of one of two administrators; `second.key` is the other's."""
    folder = tmp_path_factory.mktemp("packs")
    assert call("keygen", "--out", folder / "second.key").status == 0
    node = RunningNode(make_home(folder, "--admin", str(folder / "second.key")))
    yield folder
    assert node.stop() == 0


def test_a_pack_gets_onto_the_ledger_and_into_force(
    banyan: Command, network: Path, club: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANYAN_HOME", str(network / "home"))
    proposed = banyan.ok("pack", "propose", club)
    assert proposed["published"] == 2 and proposed["proposal"] is not None
    assert banyan("get", "record-type", "club-member").status != 0
    banyan.ok("voters", "approve", proposed["proposal"], "--key", str(network / "second.key"))
    versions = banyan.ok("get", "record-type", "club-member")["fields"]["versions"]
    assert versions[0][1]["$hex"] == proposed["pack"]
    # The same again is published already, and does not count up.
    again = banyan("pack", "propose", club)
    assert again.status == 4 and "does not count up" in again.err
    damage(club / "types.toml", 'by = "self"', 'by = "nobody"')
    refused = banyan("pack", "propose", club)
    assert refused.status == 2 and "has faults (1)" in refused.err


def test_a_network_begins_with_a_pack_that_comes_with_the_program(banyan: Command, club: Path, tmp_path: Path) -> None:
    banyan.ok("keygen", "--out", tmp_path / "admin.key")
    banyan.ok("init", "--home", tmp_path / "home", "--name", "alpha.example", "--listen", "127.0.0.1:7499")
    words = ["network", "new", "--name", "club.example/ledger", "--voter", tmp_path / "home" / "node.public.json"]
    words += ["--admin", tmp_path / "admin.key", "--out", tmp_path / "genesis.json"]
    both = banyan(*words, "--pack", "association", "--pack", club)
    assert both.status == 2 and "the role chair of the pack chess-club belongs to association" in both.err
    # The chair may be the association's, but the club gives the office of a member itself.
    for role in ("chair", "member"):
        damage(club / "pack.toml", f"[role.{role}]", f'[role.{role}]\nof = "association"')
    lent = banyan(*words, "--pack", "association", "--pack", club)
    assert lent.status == 2 and "has faults (2)" in lent.err
    damage(club / "pack.toml", '[role.member]\nof = "association"', "[role.player]")
    for old in ('role = "member"', 'electorate = "member"', '"role:member"', 'role_count("member")'):
        damage(club / "types.toml", old, old.replace("member", "player"))
    banyan.ok(*words, "--pack", "association", "--pack", club)
    genesis = parse_genesis((tmp_path / "genesis.json").read_text("utf-8"))
    assert [one.name for one in genesis.packs] == ["association", "chess-club"]
    assert record_key("record-type", "association-member") in genesis_records(genesis)
    damage(club / "types.toml", 'to = "member"', 'to = "membr"')
    assert banyan(*words, "--pack", club).status == 2
