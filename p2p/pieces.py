"""Pieces of something that several neighbours have: which to ask of whom, until all have come. Pure.

Owns whom each piece is asked of, and who is left alone for a while; never looks into a piece, never knows what a piece
is (the owner names them by keys and says which it wants now). The pieces that are wanted first are asked first, of the
neighbour that has the least to do; each is asked of one neighbour at a time, so that a slow line is not asked twice.

Bounds: `UNDER_WAY_MAX` questions, `PEER_MAX` of them to one neighbour; one record for each neighbour.
Source: docs/protocol.md, section 10.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, NamedTuple, TypeVar

from ledger.hashing import Hash
from p2p.effects import Blame
from p2p.offences import Offence
from p2p.requests import Answered, Requests

# Of a megabyte each: what may lie in memory until it is stored.
UNDER_WAY_MAX = 8
# So that a neighbour that is silent holds up no more than a quarter of them.
PEER_MAX = 2
# Who did not answer, or has not what it said; and who sent what is wrong.
PAUSE_MS = 2000
WRONG_PAUSE_MS = 60_000

Key = TypeVar("Key", bound=Hashable)


class Question(NamedTuple, Generic[Key]):
    """Ask `peer` for the piece; the answer repeats `number`."""

    peer: Hash
    number: int
    key: Key


class Came(NamedTuple, Generic[Key]):
    """What an answer is to: the piece, or None where it is of no use; and who is to be blamed."""

    key: Key | None
    blames: tuple[Blame, ...] = ()


class PieceFetch(Generic[Key]):
    """The pieces of one thing at a time.

    Args:
        under_way_max: Questions at a time; fewer where the pieces have to come in order.
    """

    def __init__(self, under_way_max: int = UNDER_WAY_MAX) -> None:
        self._requests: Requests[Key] = Requests(under_way_max, PEER_MAX)
        self._paused_ms: dict[Hash, int] = {}

    def __len__(self) -> int:
        """Questions under way."""
        return len(self._requests)

    @property
    def under_way(self) -> tuple[Key, ...]:
        """The pieces that are asked for."""
        return self._requests.subjects

    def lost(self, peer: Hash) -> None:
        """A neighbour is gone; what it was asked is asked of others."""
        self._requests.cancel(peer)

    def give_up(self) -> None:
        """Nothing that is under way is wanted any more."""
        self._requests.abandon()

    def pause(self, peer: Hash, now_ms: int, pause_ms: int = PAUSE_MS) -> None:
        """Leave a neighbour alone for a while."""
        self._paused_ms = {one: until for one, until in self._paused_ms.items() if until > now_ms}
        self._paused_ms[peer] = max(now_ms + pause_ms, self._paused_ms.get(peer, 0))

    def is_paused(self, peer: Hash, now_ms: int) -> bool:
        """Whether it is left alone."""
        return now_ms < self._paused_ms.get(peer, 0)

    def ask(
        self, wanted: Sequence[Key], able: Callable[[Key], Sequence[Hash]], now_ms: int
    ) -> tuple[list[Question[Key]], list[Blame]]:
        """What to ask now, and who did not answer in time; to be called with every tick.

        Args:
            wanted: The pieces that are missing, the most wanted first.
            able: Which neighbours have a piece, as far as they said.
            now_ms: By the node's own clock.
        """
        blames = []
        for peer in dict.fromkeys(expired.peer for expired in self._requests.expire(now_ms)):
            self.pause(peer, now_ms)
            blames.append(Blame(peer, Offence.UNANSWERED))
        questions: list[Question[Key]] = []
        asked = set(self._requests.subjects)
        for key in wanted:
            if key in asked:
                continue
            free = [one for one in able(key) if not self.is_paused(one, now_ms) and self._requests.has_room(one)]
            if free:
                peer = min(free, key=self._requests.load)
                questions.append(Question(peer, self._requests.open(peer, key, now_ms), key))
        return questions, blames

    def came(self, peer: Hash, number: int) -> Came[Key]:
        """An answer came."""
        answered, key = self._requests.close(peer, number)
        if key is None and answered is Answered.UNASKED:
            return Came(None, (Blame(peer, Offence.UNASKED),))
        return Came(key)
