"""Rule: posts and linearizable reads can have happened one after the other, each between its question and its answer.

Each unit's file is a counter of its own (a linearizable history is linearizable for each object by itself: Herlihy and
Wing 1990). Source: docs/protocol.md, section 6, "Reads".
"""

from typing import Any, ClassVar

from simulator.checkers.history import Counter, Operation, explain
from simulator.observation import OperationBegan, OperationEnded, OperationFailed


class Linearizable:
    """Remembers every operation; judges at the end. `undecided` counts subjects whose search was given up."""

    RULE: ClassVar[str] = "linearizable reads"
    KINDS: ClassVar[tuple[type, ...]] = (OperationBegan, OperationEnded, OperationFailed)

    def __init__(self) -> None:
        self._began: dict[int, OperationBegan] = {}
        self._ended: dict[int, OperationEnded] = {}
        self.undecided = 0

    def see(self, observation: Any) -> str | None:
        """Remember an operation's beginning or end."""
        match observation:
            case OperationBegan():
                self._began[observation.operation] = observation
            case OperationEnded():
                self._ended[observation.operation] = observation
            case OperationFailed():
                self._began.pop(observation.operation, None)
            case _:
                pass
        return None

    def end(self, time_us: int) -> str | None:
        """Search an order for each unit's file."""
        for subject in sorted({one.subject for one in self._began.values()}):
            verdict = explain(
                [self._operation(one) for one in self._began.values() if one.subject == subject], Counter()
            )
            if verdict.holds is None:
                self.undecided += 1
            if verdict.holds is False:
                blocked = verdict.blocked
                told = (
                    ""
                    if blocked is None
                    else (
                        f"; no order gets past the {blocked.kind} that began at {blocked.began // 1000} ms and answered"
                        f" {blocked.result}"
                    )
                )
                return f"what clients were told of `{subject}` cannot have happened one after the other{told}"
        return None

    def _operation(self, began: OperationBegan) -> Operation:
        ended = self._ended.get(began.operation)
        if ended is None:
            return Operation(began.kind, 0, began.time_us, None)
        return Operation(began.kind, 0, began.time_us, ended.time_us, ended.value)
