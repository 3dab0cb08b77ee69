"""The example organisation of docs/reference/capabilities.md on a real node: people, units, and what they did.

Owns the steps, each signed by the person who takes it, and the files that the page's commands name. Everything goes in
through `banyan` itself, so that the page's commands read what its users would have made.
"""

import io
import json
import time
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from itertools import groupby
from pathlib import Path
from typing import Any

from cli.main import main
from tests.capabilities.steps import ADMINISTRATOR, PEOPLE, STEPS, Step
from tests.cli.command import ROOT, Answer
from tests.cli.running_node import NETWORK_NAME, RunningNode
from tests.free_ports import free_address

PACKS = ("party-branch", "land-registry", "benefits")
ROSTER = Path(__file__).parent / "roster"
# How north reads what its bank exports.
BANK = """
money = "bank"
date_order = "ymd"
amounts_in = "yuan"
[columns]
date = "date"
amount = "amount"
name = "name"
reference = "reference"
[people]
"Chen Y." = "chen"
"""


def banyan(*words: object) -> Answer:
    """Call the command in this process."""
    out, error = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(error):
        status = main([str(word) for word in words])
    assert "Traceback" not in error.getvalue(), error.getvalue()
    return Answer(status, out.getvalue(), error.getvalue())


def document(*words: object) -> Any:
    """What a command that succeeds says as JSON."""
    answer = banyan("--json", *words)
    assert answer.status == 0, (words, answer.out, answer.err)
    return answer.document


class Organisation:
    """A node that runs, and a folder beside it with what the page's commands name."""

    def __init__(self, folder: Path) -> None:
        self.home = _make_home(folder)
        self.node = RunningNode(self.home)
        self.desk = folder / "desk"
        self.desk.mkdir()
        for name, place in (
            ("packs", ROOT / "packs"),
            ("roster", ROSTER),
            ("tests", ROOT / "tests"),
            ("home", self.home),
        ):
            (self.desk / name).symlink_to(place, target_is_directory=True)

    def set_up(self) -> None:
        """Let everybody enrol and do their part; whatever is refused fails here."""
        enrolments = [self._enrolment(person) for person in PEOPLE]
        self._hand_in(0, ADMINISTRATOR, enrolments)
        for number, (person, steps) in enumerate(groupby(STEPS, key=lambda step: step.by), 1):
            self._hand_in(number, person, [_line(step) for step in steps])
        self._open_assembly()
        self._keep_proofs()

    def _open_assembly(self) -> None:
        """An attendance list whose code changes; its secret is a file."""
        words = ("--unit", "north", "--title", "Assembly", "--role", "member", "--key", self.desk / "li.key")
        document("attendance", "open", *words, "--secret", self.desk / "assembly.codes", "--home", self.home)

    def _enrolment(self, person: str) -> dict[str, Any]:
        key = self.desk / f"{person}.key"
        document("keygen", "--out", key)
        proof = document("prove-key", "--person", person, "--key", key, "--genesis", self.home / "genesis.json")
        return {"op": "members.enrol", "args": {name: proof[name] for name in ("person", "key", "proof")}}

    def _hand_in(self, number: int, person: str, lines: Sequence[dict[str, Any]]) -> None:
        batch = self.home.parent / f"{number:02}-{person}.jsonl"
        batch.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
        key = self.home / "admin.key" if person == ADMINISTRATOR else self.desk / f"{person}.key"
        answer = banyan("--json", "submit-batch", batch, "--key", key, "--home", self.home)
        assert answer.status == 0, (person, answer.out, answer.err)

    def _keep_proofs(self) -> None:
        """A member's receipt, the policy to verify it by, and what the bank says, as files."""
        links = document("history", "person/chen", "--home", self.home)["links"]
        document("receipt", links[-1]["id"], "--out", self.desk / "chen.receipt", "--home", self.home)
        document("policy", "--out", self.desk / "policy.txt", "--home", self.home)
        day = time.strftime("%Y-%m-%d", time.gmtime())
        (self.desk / "bank.csv").write_text(f"date,amount,name,reference\n{day},75.02,Chen Y.,B-1\n", "utf-8")
        (self.desk / "bank.toml").write_text(BANK, "utf-8")
        (self.desk / "genesis.json").write_bytes((self.home / "genesis.json").read_bytes())


def _make_home(folder: Path) -> Path:
    """A node's folder with the administrator's key; in this process, since four of their own take seconds."""
    home = folder / "home"
    description, key, genesis = home / "node.public.json", home / "admin.key", folder / "genesis.json"
    document("init", "--home", home, "--name", "node-1.example", "--listen", free_address())
    document("keygen", "--out", key)
    packs = [word for name in PACKS for word in ("--pack", name)]
    words = ("--name", NETWORK_NAME, "--voter", description, "--admin", key, "--out", genesis)
    document("network", "new", *words, *packs)
    document("join", "--home", home, "--genesis", genesis)
    return home


def _line(step: Step) -> dict[str, Any]:
    line: dict[str, Any] = {"op": step.operation, "args": step.arguments}
    return line | ({"detached": step.detached} if step.detached else {})
