"""The list of deliberate breakages follows the code. `make mutants` runs them; here only that they can be made."""

import os
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from tests.waiting import ended_after
from tools.mutant import Edit, Mutant
from tools.mutant_list import MUTANTS
from tools.mutants import ROOT, apply, main, misfits_of


def test_every_mutant_can_be_made_and_names_a_test() -> None:
    assert main(["--check"]) == 0
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 14
    assert all(edit.old != edit.new for mutant in MUTANTS for edit in mutant.edits)


@pytest.mark.parametrize(
    ("edit", "test", "complaint"),
    [
        (Edit("consensus/tally.py", "no such text", ""), "test_votes.py::test_voter", "0 times"),
        (Edit("consensus/tally.py", "def ", ""), "test_votes.py::test_voter", "times instead of once"),
        (Edit("consensus/tally.py", "class Tally:", ""), "test_votes.py::test_no_such", "no test"),
    ],
)
def test_a_mutant_that_does_not_fit_the_code_is_told(edit: Edit, test: str, complaint: str) -> None:
    (told,) = misfits_of(Mutant("name", "why", test, (edit,)), ROOT)
    assert complaint in told


def test_a_mutant_is_made_in_a_copy(tmp_path: Path) -> None:
    (tmp_path / "consensus").mkdir()
    copy = tmp_path / "consensus" / "tally.py"
    original = (ROOT / "consensus" / "tally.py").read_text("utf-8")
    copy.write_text(original, "utf-8")
    apply(Mutant("name", "why", "", (Edit("consensus/tally.py", "class Tally:", "class Other:"),)), tmp_path)
    assert "class Other:" in copy.read_text("utf-8")
    assert (ROOT / "consensus" / "tally.py").read_text("utf-8") == original


def test_no_such_mutant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no such name"]) == 1
    assert "no such mutant" in capsys.readouterr().err


def _of_the_checkout() -> dict[str, str]:
    """What is in the files that mutants edit."""
    files = {edit.file for mutant in MUTANTS for edit in mutant.edits}
    return {file: sha256((ROOT / file).read_bytes()).hexdigest() for file in files}


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    """The first mutant is being tried when Ctrl-C comes: the checkout is as it was, and the copies are gone."""
    before = _of_the_checkout()
    name = MUTANTS[0].name
    running = subprocess.Popen(
        [sys.executable, "-B", "-m", "tools.mutants", "--seeds", "1", name, MUTANTS[1].name],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stderr is not None
    with ended_after(running, 120):
        assert running.stderr.readline().startswith(f"{name}: caught")
    os.killpg(running.pid, signal.SIGINT)
    _, told = running.communicate(timeout=60)
    assert running.returncode == 130, told
    assert "nothing of this checkout was touched" in told
    assert not list(tmp_path.iterdir())
    assert _of_the_checkout() == before
