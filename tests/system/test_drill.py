"""The drill's page, done as it says: every command, in order, at the machine that its letter names, on real nodes."""

import re
import shlex
import shutil
import time
from pathlib import Path

import pytest

from cli.member_key import create_member_key
from daemon.home import create_home, join_home
from ledger.genesis import parse_genesis
from tests.cli.command import call
from tests.daemon.networks import genesis_text
from tests.free_ports import free_address
from tests.system.process_network import DEADLINE_S, ProcessNode, now_ms
from tests.waiting import wait_until

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide"
VOTERS = "ABC"
COMMAND = re.compile(r"^    ([A-D]+)\$ (.+)$", re.MULTILINE)
SIGNED = (["voters", "add"], ["voters", "promote"], ["voters", "remove"])
START, STOP = "systemctl start banyan", "systemctl stop banyan"


def commands(page: str) -> list[tuple[str, str]]:
    """Each command with the letters of the machines."""
    return COMMAND.findall((GUIDE / page).read_text("utf-8"))


def test_both_languages_have_the_same_commands() -> None:
    assert commands("drill.md") == commands("drill.zh_CN.md")
    assert len(commands("drill.md")) > 20


@pytest.mark.slow
def test_the_drill_can_be_done_as_it_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    drill = Drill(tmp_path)
    try:
        drill.begin()
        for letters, command in commands("drill.md"):
            for letter in letters:
                drill.run(letter, command)
        drill.check()
    finally:
        drill.end()


class Drill:
    """Four machines, of which the fourth has nothing on it; A is the one that leads at first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Everything is in one folder: whatever is carried from one machine to another is there.
        key = create_member_key(folder / "admin.key", "admin", None)
        nodes = [ProcessNode(folder / f"{letter.lower()}.example", is_forked=True) for letter in VOTERS]
        voters = [create_home(node.home, node.name, free_address()).to_value() for node in nodes]
        text = genesis_text(voters=voters, administrators=[str(key)], created_ms=now_ms() - 1000)
        (folder / "genesis.json").write_text(text, "utf-8")
        (folder / "backup").mkdir()
        self._genesis = parse_genesis(text)
        self._nodes = nodes
        self._machines: dict[str, ProcessNode] = {}

    def begin(self) -> None:
        for node in self._nodes:
            join_home(node.home, self._genesis)
            node.launch()
        for node in self._nodes:
            node.wait_ready()
        wait_until(lambda: any(self._leads(node) for node in self._nodes), DEADLINE_S, "a leader")
        in_order = sorted(self._nodes, key=self._leads, reverse=True)
        self._machines = dict(zip(VOTERS, in_order, strict=True))
        self._machines["D"] = ProcessNode(self._folder / "d.example", is_forked=True)

    @staticmethod
    def _leads(node: ProcessNode) -> bool:
        return bool(node.status()["role"] == "leader")

    def run(self, letter: str, command: str) -> None:
        """What the page says, at this machine."""
        node = self._machines[letter]
        if command == STOP:
            assert node.process is not None
            assert node.process.stop() == 0
            node.process = None
        elif command == START:
            node.launch()
            node.wait_ready()
        elif command.startswith("cp "):
            source, target = shlex.split(command.replace("$BANYAN_HOME", str(node.home)))[1:]
            shutil.copy(source, target)
        else:
            self._banyan(node, command)

    def _banyan(self, node: ProcessNode, command: str) -> None:
        named = command.replace("c.example", self._machines["C"].name).replace("192.0.2.4:7001", free_address())
        words = shlex.split(named.replace("/mnt/backup", "backup"))
        assert words.pop(0) == "banyan"
        # What the page has in variables, which the tests keep from the commands that they call.
        if "--home" not in words and "--from" not in words:
            words += ["--home", str(node.home)]
        if words[0] == "submit" or words[:2] in SIGNED:
            words += ["--key", "admin.key"]
        answer = call(*words)
        # As the page says: for as long as the others have not chosen a leader.
        deadline = time.monotonic() + DEADLINE_S
        while "send it again" in answer.err and time.monotonic() < deadline:
            answer = call(*words)
        assert answer.status == 0, f"{node.name}: {named}\n{answer.out}\n{answer.err}"

    def check(self) -> None:
        """Those that are left agree, and D votes in the place of C."""
        left = [self._machines[letter] for letter in "ABD"]

        def are_together() -> bool:
            told = [node.status() for node in left]
            return len({(one["executed_height"], one["state_digest"]) for one in told}) == 1

        wait_until(are_together, DEADLINE_S, "all are at one height")
        voters = {one["id"] for one in (node.status()["node"] for node in left)}
        assert set(left[0].status()["voters"]) == voters

    def end(self) -> None:
        for node in (*self._nodes, *self._machines.values()):
            if node.process is not None:
                node.kill()
