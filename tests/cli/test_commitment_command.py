"""`banyan commitment`: words stay in their file, the hash is the one that rules of packs compare."""

import stat
from pathlib import Path

import pytest

from ledger.detached import detach
from tests.cli.command import Command


def test_words_are_committed_to_and_shown_again(banyan: Command, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("为人民服务。\n", "utf-8")
    out = tmp_path / "pledge.json"
    made = banyan.ok("commitment", "new", "--words", tmp_path / "words.txt", "--out", out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    shown = banyan.ok("commitment", "show", out)
    assert (shown["commitment"], shown["words"]) == (made["commitment"], "为人民服务。")
    assert detach(shown["words"], bytes.fromhex(shown["salt"])).commitment.hex() == made["commitment"]
    assert made["commitment"] in banyan("commitment", "show", out).out

    again = banyan("commitment", "new", "--words", tmp_path / "words.txt", "--out", out)
    assert again.status == 2 and str(out) in again.err
    other = banyan("commitment", "new", "--words", tmp_path / "words.txt", "--out", tmp_path / "other.json")
    assert other.status == 0 and made["commitment"] not in other.out, "the salt is another one"


@pytest.mark.parametrize("words", ["", "  \n", "x" * 2001])
def test_no_words_and_too_many_are_told(banyan: Command, tmp_path: Path, words: str) -> None:
    (tmp_path / "words.txt").write_text(words, "utf-8")
    answer = banyan("commitment", "new", "--words", tmp_path / "words.txt", "--out", tmp_path / "out.json")
    assert answer.status == 2 and "1 to 2000 are wanted" in answer.err
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize(
    ("old", "new"), [("Serve", "Rule"), ("banyan-commitment/v1", "v2"), ('"salt": "', '"salt": "x')]
)
def test_a_file_that_was_changed_is_told(banyan: Command, tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "words.txt").write_text("Serve the people.", "utf-8")
    assert banyan("commitment", "new", "--words", tmp_path / "words.txt", "--out", tmp_path / "a.json").status == 0
    text = (tmp_path / "a.json").read_text("utf-8")
    (tmp_path / "a.json").write_text(text.replace(old, new, 1), "utf-8")
    answer = banyan("commitment", "show", tmp_path / "a.json")
    assert answer.status == 2 and "was changed" in answer.err
