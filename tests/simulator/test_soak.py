"""`make soak`: fresh seeds, and what is left of those that broke a rule."""

from pathlib import Path

import pytest

import tools.soak as soak
from simulator.scenario import Scenario
from tests.simulator.broken_nodes import Stumbles


def test_it_runs_the_sizes_in_turn_and_says_where_it_began(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = [
        "--seeds",
        "2",
        "--first",
        "7",
        "--sizes",
        "1",
        "--seconds",
        "12",
        "--jobs",
        "1",
        "--report",
        str(tmp_path),
    ]
    assert soak.main(words) == 0
    told = capsys.readouterr().out
    assert "first seed 7, commit " in told
    assert "2 runs of 12 virtual seconds, 0 broke a rule" in told
    assert list(tmp_path.iterdir()) == []


def test_a_fresh_seed_is_drawn_each_time(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["--seeds", "0", "--report", str(tmp_path)]
    assert soak.main(words) == soak.main(words) == 0
    first, second = [line for line in capsys.readouterr().out.splitlines() if line.startswith("first seed")]
    assert first != second


def test_a_broken_rule_is_told_with_what_repeats_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(soak, "Scenario", lambda **fields: Scenario(**fields, factory=Stumbles))
    told = soak.judge(soak.Task(1, 10, 3, "abc123", tmp_path))
    assert told.startswith("BROKEN no node gives up by itself")
    assert "banyan simulate --nodes 1 --seconds 10 --seed 3" in told
    assert "commit abc123" in told
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "simulation-1-3-trace.txt",
        "simulation-1-3.html",
        "simulation-1-3.json",
    ]
