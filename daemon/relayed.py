"""Batches of transactions that neighbours sent and whose signatures are being verified. Pure.

Owns which they are, by the ticket of their verification, and in which order they came; never what is in them. Whoever
misses a transaction asks here first whether it may be among those that came before: asking a neighbour would make it
send again what is on this node's threads already. Bounded by who adds: see `daemon.hearing`.
"""

from ledger.hashing import Hash


class Relayed:
    """Tickets ascend; each is added once and taken once."""

    def __init__(self) -> None:
        # In the order of the tickets: the message that a batch came in, None for the answer to a question.
        self._messages: dict[int, Hash | None] = {}

    def __len__(self) -> int:
        return len(self._messages)

    def __contains__(self, ticket: int) -> bool:
        return ticket in self._messages

    @property
    def answers_count(self) -> int:
        """How many of them are answers to questions."""
        return sum(message is None for message in self._messages.values())

    @property
    def newest(self) -> int:
        """The ticket of the one that came last; 0 if there is none."""
        return next(reversed(self._messages), 0)

    def are_verified(self, ticket: int) -> bool:
        """Whether this one and all before it are through."""
        return next(iter(self._messages), ticket + 1) > ticket

    def add(self, ticket: int, message: Hash | None) -> None:
        """One more is being verified."""
        assert ticket > self.newest, "tickets ascend"
        self._messages[ticket] = message

    def take(self, ticket: int) -> Hash | None:
        """It is verified: the message it came in."""
        return self._messages.pop(ticket)
