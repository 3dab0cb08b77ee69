"""Rule: a term has one leader. Source: docs/protocol.md, section 6, "Vote"; Raft's election safety."""

from typing import Any, ClassVar

from simulator.observation import RoleTaken

LEADER = "leader"


class OneLeader:
    """Remembers who led each term."""

    RULE: ClassVar[str] = "one leader a term"
    KINDS: ClassVar[tuple[type, ...]] = (RoleTaken,)

    def __init__(self) -> None:
        self._leaders: dict[int, int] = {}

    def see(self, observation: Any) -> str | None:
        """Compare a new leader with the one of the same term."""
        if observation.role != LEADER:
            return None
        before = self._leaders.setdefault(observation.term, observation.node)
        if before != observation.node:
            return f"nodes {before} and {observation.node} both lead term {observation.term}"
        return None

    def end(self, time_us: int) -> str | None:
        """Nothing is left to say."""
        return None
