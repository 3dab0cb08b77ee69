"""`banyan init`, `network new` and `join`: from nothing to a node that belongs to a network."""

import json
import stat
from pathlib import Path

import pytest

from ledger.genesis import parse_genesis
from tests.cli.command import Command

NAME = "huaxin.example/ledger"


@pytest.fixture
def folder(banyan: Command, tmp_path: Path) -> Path:
    """A node's folder `home` and a member's key `admin`."""
    banyan.ok("init", "--home", tmp_path / "home", "--name", "branch-1.example", "--listen", "127.0.0.1:7400")
    banyan.ok("keygen", "--out", tmp_path / "admin")
    return tmp_path


def new_network(folder: Path, *further: object) -> list[object]:
    """The words of a `network new` that works."""
    return [
        *("network", "new", "--name", NAME, "--voter", folder / "home" / "node.public.json"),
        *("--admin", folder / "admin", "--out", folder / "genesis.json", *further),
    ]


def test_init_makes_a_folder_and_prints_keys(banyan: Command, tmp_path: Path) -> None:
    home = tmp_path / "home"
    answer = banyan("init", "--home", home, "--name", "n1.example", "--listen", "127.0.0.1:7400")
    assert answer.status == 0
    public = json.loads((home / "node.public.json").read_text())
    assert public["log"] in answer.out
    assert public["cosigner"] in answer.out
    assert stat.S_IMODE((home / "seed").stat().st_mode) == 0o600


def test_init_never_touches_a_node_that_is_there(banyan: Command, folder: Path) -> None:
    seed = (folder / "home" / "seed").read_bytes()
    answer = banyan("init", "--home", folder / "home", "--name", "n2.example", "--listen", "127.0.0.1:7400")
    assert answer.status == 1
    assert (folder / "home" / "seed").read_bytes() == seed


@pytest.mark.parametrize(
    ("name", "listen", "http", "option"),
    [
        ("Ümläut", "127.0.0.1:1", "", "--name"),
        ("a+b", "127.0.0.1:1", "", "--name"),
        ("n1.example", "nowhere", "", "--listen"),
        ("n1.example", "127.0.0.1:99999", "", "--listen"),
        ("n1.example", "127.0.0.1:1", "nowhere", "--http"),
    ],
)
def test_init_refuses_names_and_addresses_that_cannot_be(
    banyan: Command, tmp_path: Path, name: str, listen: str, http: str, option: str
) -> None:
    words = ("init", "--home", tmp_path / "home", "--name", name, "--listen", listen)
    answer = banyan(*words, *(("--http", http) if http else ()))
    assert answer.status == 2
    assert answer.err.startswith(f"Error: the value of {option} cannot be used: ")
    assert "config.toml" not in answer.err
    assert not (tmp_path / "home").exists()


def test_a_genesis_is_made_of_descriptions(banyan: Command, folder: Path) -> None:
    document = banyan.ok(*new_network(folder))
    genesis = parse_genesis((folder / "genesis.json").read_text())
    assert genesis.network_id.hex() == document["network"]["id"]
    assert genesis.packs == ()
    assert genesis.visibility == "public"
    assert [voter.name for voter in genesis.voters] == ["branch-1.example"]


def test_the_key_may_be_given_as_text(banyan: Command, folder: Path) -> None:
    public = json.loads((folder / "admin").read_text())["public"]
    words = new_network(folder)
    words[words.index(folder / "admin")] = public
    banyan.ok(*words)
    assert str(parse_genesis((folder / "genesis.json").read_text()).administrators[0]) == public


def test_parameters_can_be_set(banyan: Command, folder: Path) -> None:
    banyan.ok(*new_network(folder, "--parameter", "clock_skew_ms_max=100", "--visibility", "members"))
    genesis = parse_genesis((folder / "genesis.json").read_text())
    assert genesis.parameters.clock_skew_ms_max == 100
    assert genesis.visibility == "members"


@pytest.mark.parametrize(
    ("further", "sentence"),
    [
        (["--pack", "no-such-pack"], "no pack named no-such-pack"),
        (["--visibility", "secret"], "`visibility` is one of"),
        (["--quorum", "all"], "`quorum` is one of"),
        (["--quorum", "two-thirds"], "needs at least 4 voters"),
        (["--parameter", "speed=1"], "no parameter 'speed'"),
        (["--parameter", "clock_skew_ms_max=fast"], "needs a whole number"),
        (["--parameter", "clock_skew_ms_max=99999999"], "must lie between"),
        (["--parameter", "clock_skew_ms_max=1", "--parameter", "clock_skew_ms_max=2"], "given twice"),
        (["--admin", "nonsense"], "--admin takes the public key"),
        (["--voter", "missing.json"], "cannot be read"),
        (["--voter", "admin"], "is not a node's description"),
    ],
)
def test_what_makes_no_network_is_wrong_usage(banyan: Command, folder: Path, further: list[str], sentence: str) -> None:
    answer = banyan(*new_network(folder, *further))
    assert answer.status == 2
    assert sentence in answer.err
    assert not (folder / "genesis.json").exists()


def test_a_genesis_is_never_overwritten(banyan: Command, folder: Path) -> None:
    banyan.ok(*new_network(folder))
    before = (folder / "genesis.json").read_bytes()
    assert banyan(*new_network(folder)).status == 2
    assert (folder / "genesis.json").read_bytes() == before


def test_join_ties_the_node_to_the_network_and_may_be_repeated(banyan: Command, folder: Path) -> None:
    network = banyan.ok(*new_network(folder))["network"]
    for _attempt in range(2):
        document = banyan.ok("join", "--home", folder / "home", "--genesis", folder / "genesis.json")
        assert document["network"] == network
    assert (folder / "home" / "genesis.json").read_text() == (folder / "genesis.json").read_text()


def test_join_refuses_a_genesis_that_is_none(banyan: Command, folder: Path) -> None:
    bad = folder / "bad.json"
    for content in ("", "{}", '{"format": "x"}', "\x00", "[" * 100_000):
        bad.write_text(content)
        answer = banyan("join", "--home", folder / "home", "--genesis", bad)
        assert answer.status == 2
        assert "is not a usable genesis" in answer.err
    bad.write_bytes(b"\xff\xfe")
    assert "UTF-8" in banyan("join", "--home", folder / "home", "--genesis", bad).err


def test_join_says_when_the_genesis_names_others_only(banyan: Command, folder: Path) -> None:
    banyan.ok(*new_network(folder))
    banyan.ok("init", "--home", folder / "other", "--name", "branch-2.example", "--listen", "127.0.0.1:7400")
    answer = banyan("join", "--home", folder / "other", "--genesis", folder / "genesis.json")
    assert answer.status == 0
    assert "does not name this node" in answer.err


def test_join_without_a_node_names_init(banyan: Command, folder: Path) -> None:
    banyan.ok(*new_network(folder))
    answer = banyan("join", "--home", folder / "nothing", "--genesis", folder / "genesis.json")
    assert answer.status == 1
    assert "banyan init" in answer.err
