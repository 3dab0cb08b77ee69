"""The wait for what becomes of a transaction, at a node that has no room to wait along."""

from typing import Any

import pytest

from cli import handing_in


class BusyNode:
    """Answers at once that the transaction is not committed, some times over."""

    def __init__(self, answers: int, clock: list[float]) -> None:
        self.answers = answers
        self.clock = clock
        self.asked_at: list[float] = []

    def get(self, _path: str, wait: int) -> dict[str, Any]:
        assert wait == handing_in.WAIT_S
        self.asked_at.append(self.clock[0])
        self.answers -= 1
        return {"status": "committed" if self.answers == 0 else "pending"}


class Transaction:
    id = bytes(32)
    expires_ms = 2**60


class Session:
    def note(self, _text: str) -> None:
        """Nobody reads it here."""


def test_a_node_that_answers_at_once_is_not_asked_without_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guard: cli/handing_in.py, `_wait`, the pause."""
    clock = [100.0]

    def pause(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr("cli.handing_in.time.sleep", pause)
    monkeypatch.setattr("cli.handing_in.time.monotonic", lambda: clock[0])
    node = BusyNode(4, clock)
    answer = handing_in._wait(Session(), node, Transaction(), {"status": "pending"})  # type: ignore[arg-type]
    assert answer == {"status": "committed"}
    assert node.asked_at == [100.0, 101.0, 102.0, 103.0]
    assert clock == [103.0], "nothing is waited for after the answer"
