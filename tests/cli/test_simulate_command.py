"""`banyan simulate`: exit status, documents, files, and what is wrong usage."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.scenario import Scenario
from tests.cli.command import Command
from tests.simulator.broken_nodes import Stumbles


def test_a_run_that_holds_ends_well_and_says_what_it_was(banyan: Command) -> None:
    shown = banyan.ok("simulate", "--nodes", "1", "--seconds", "15", "--seed", "3")
    assert shown["ok"] is True
    assert (shown["nodes"], shown["seconds"], shown["seed"]) == (1, 15, 3)
    assert shown["commit"]
    assert shown["figures"]["transactions"] > 10
    answer = banyan("simulate", "--nodes", "1", "--seconds", "15", "--seed", "3")
    assert answer.status == 0
    assert "Every rule held." in answer.out
    assert shown["commit"] in answer.out


def test_a_report_is_written_and_may_be_written_again(banyan: Command, tmp_path: Path) -> None:
    for _ in range(2):
        files = banyan.ok("simulate", "--nodes", "1", "--seconds", "5", "--report", tmp_path / "a" / "b")["files"]
        assert sorted(files) == ["figures", "page"]
        assert "<svg" in Path(files["page"]).read_text("utf-8")
        assert json.loads(Path(files["figures"]).read_text("utf-8"))["ok"] is True


def test_a_broken_rule_ends_with_1_the_faults_and_a_trace(
    banyan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**fields: Any) -> Scenario:
        return Scenario(**fields, factory=Stumbles)

    monkeypatch.setattr("simulator.scenario.Scenario", broken)
    words = ("simulate", "--nodes", "1", "--seconds", "10", "--report", tmp_path)
    answer = banyan("--json", *words)
    assert (answer.status, answer.err) == (1, "")
    shown = answer.document
    assert shown["violation"]["rule"] == "no node gives up by itself"
    assert "NodeBroke" in Path(shown["files"]["trace"]).read_text("utf-8")
    answer = banyan(*words)
    assert answer.status == 1
    assert "ZeroDivisionError" in answer.out
    assert "banyan simulate --nodes 1 --seconds 10 --seed 1" in answer.out


def test_a_node_may_lie_and_the_report_says_how_to_do_it_again(banyan: Command, tmp_path: Path) -> None:
    words = ("simulate", "--nodes", "4", "--seconds", "5", "--faults", "none")
    shown = banyan.ok(*words, "--liar", "flooding", "--report", tmp_path)
    assert shown["ok"] is True
    assert shown["liars"] == [{"node": 1, "how": "flooding"}]
    text = Path(shown["files"]["page"]).read_text("utf-8")
    assert "node 1 lies: flooding" in text
    assert "--liar flooding" in text
    for liar, nodes in (("whispering", "4"), ("flooding", "3")):
        answer = banyan("simulate", "--nodes", nodes, "--seconds", "5", "--liar", liar)
        assert answer.status == 2
        assert "the liar cannot be" in answer.err


@pytest.mark.parametrize(
    ("faults", "count"),
    [("none", 0), ("[]", 0), ('[{"start_ms": 1000, "end_ms": 1500, "kind": "kill", "node": 0}]', 1)],
)
def test_exactly_the_given_faults_happen(banyan: Command, faults: str, count: int) -> None:
    shown = banyan.ok("simulate", "--nodes", "1", "--seconds", "5", "--faults", faults)
    assert len(shown["faults"]) == count
    assert shown["figures"]["process_starts"] == 1 + count


def test_only_the_given_kinds_are_drawn(banyan: Command) -> None:
    shown = banyan.ok("simulate", "--nodes", "1", "--seconds", "30", "--seed", "5", "--faults", "kill, pause")
    assert {fault["kind"] for fault in shown["faults"]} <= {"kill", "pause"}
    assert shown["faults"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--faults", "fire"], "no fault of the kind fire"),
        (["--faults", "[1"], "not JSON"),
        (["--faults", '[{"start_ms": 1, "end_ms": 2, "kind": "kill", "node": 9}]'], "not there"),
        (["--nodes", "22"], "more than 21"),
        (["--seconds", "0"], "less than 1"),
        (["--seed", "x"], "not a whole number"),
    ],
)
def test_wrong_usage_says_what_is_wrong(banyan: Command, words: list[str], sentence: str) -> None:
    answer = banyan("simulate", *words)
    assert answer.status == 2
    assert sentence in answer.err


def test_it_speaks_chinese(banyan: Command) -> None:
    answer = banyan("--lang", "zh_CN", "simulate", "--nodes", "1", "--seconds", "2")
    assert answer.status == 0
    assert "所有规则都成立" in answer.out
