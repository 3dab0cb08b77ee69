"""Rule: no node gives up by itself: no alarm, no assertion, no error that nobody foresaw.

A node whose database was replaced by an older one may refuse to go on; no other may.
"""

from typing import Any, ClassVar

from simulator.observation import DatabaseReplaced, NodeBroke, NodeEnded

REFUSED = "refused"


class Unbroken:
    """Remembers whose database is older than what it signed."""

    RULE: ClassVar[str] = "no node gives up by itself"
    KINDS: ClassVar[tuple[type, ...]] = (NodeBroke, NodeEnded, DatabaseReplaced)

    def __init__(self) -> None:
        self._older: dict[int, bool] = {}

    def see(self, observation: Any) -> str | None:
        """Judge whether a node had a reason to end."""
        match observation:
            case NodeBroke(_, node, error):
                return f"node {node} gave up: {error}"
            case DatabaseReplaced(_, node, is_older):
                self._older[node] = is_older
            case NodeEnded(_, node, reason) if reason == REFUSED and not self._older.get(node, False):
                return f"node {node} says that its database is older than its signatures; nobody replaced it"
            case _:
                pass
        return None

    def end(self, time_us: int) -> str | None:
        """Nothing is left to say."""
        return None
