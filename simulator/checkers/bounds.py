"""Rule: every queue stays within its bound. Source: docs/protocol.md, section 8, "Defence"."""

from typing import Any, ClassVar

from simulator.observation import QueueSeen


class Bounds:
    """Compares; remembers nothing."""

    RULE: ClassVar[str] = "every queue within its bound"
    KINDS: ClassVar[tuple[type, ...]] = (QueueSeen,)

    def see(self, observation: Any) -> str | None:
        """Compare a queue's size with its bound."""
        if observation.size > observation.size_max:
            whose = f"of node {observation.node}" if observation.node >= 0 else "of the world"
            return f"the queue `{observation.name}` {whose} holds {observation.size}, at most {observation.size_max}"
        return None

    def end(self, time_us: int) -> str | None:
        """Nothing is left to say."""
        return None
