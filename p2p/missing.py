"""Messages that neighbours announced and that did not come yet: whom to ask, and when.

Owns the announcers of each message in the order in which they spoke, and the time of the next question; never sends
one. First the message is waited for, since it usually comes along the tree: half as long again as the longest such wait
of late; not where the one announced it along whom the tree comes. Then each announcer is asked in turn, and all of them
a second time; after that it is given up, and the comparison of heads and pending transactions has to bring it.

Bounds: `ANNOUNCED_MAX` messages for each peer. Invariant: a message here has an announcer that is connected.
Source: Leitao, Pereira, Rodrigues: "Epidemic Broadcast Trees" (2007), section 3.7 (timers and grafts).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ledger.hashing import Hash
from p2p.chance import Chance, jittered

# With announcements and a round trip well below the election timeout of a second, so that a break in the tree costs no
# leader its office.
FIRST_WAIT_MS_MIN = 150
# Where links take a tenth of a second and the way along the tree is long, asking earlier asks for what is under way.
# The election timeout is raised in such networks.
FIRST_WAIT_MS_MAX = 600
# After so long without an equally long wait the longest one counts half.
SLOWEST_HALVES_MS = 10_000
# A round trip between continents and the time to send some hundred kilobytes; twice that in the second pass.
ANSWER_WAIT_MS = 300
# A question or its answer may be lost with a connection; the third time it is better to look elsewhere.
PASSES_MAX = 2
# Twice what one frame announces: a burst after a connection comes back, and a second of traffic.
ANNOUNCED_MAX = 2048


@dataclass(slots=True)
class _Missing:
    """`rounds`: every announcer and its round; `to_ask`: those to ask in this pass, in turn; `asked`: all that were.

    `kept` are those who did send it, when there was no room.
    """

    announced_ms: int
    due_ms: int
    rounds: dict[Hash, int] = field(default_factory=dict)
    to_ask: list[Hash] = field(default_factory=list)
    asked: list[Hash] = field(default_factory=list)
    kept: set[Hash] = field(default_factory=set)
    passes: int = 1

    def ask_first(self, announcer: Hash, now_ms: int) -> None:
        """Wait no longer, and begin with this announcer; nothing if a question is under way."""
        if not self.asked:
            self.due_ms = min(self.due_ms, now_ms)
            self.to_ask.sort(key=lambda peer: peer != announcer)


class Question(NamedTuple):
    """Ask `peer` for the message."""

    id: Hash
    peer: Hash


class Due(NamedTuple):
    """What is to be asked now, and who announced something and did not send it, once for each such message."""

    questions: tuple[Question, ...]
    broken: tuple[Hash, ...]


class MissingMessages:
    """The announced messages; `due` is linear in them, everything else O(1) for each message."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._missing: dict[Hash, _Missing] = {}
        self._counts: dict[Hash, int] = {}
        self._slowest_ms = 0
        self._slowest_at_ms = 0

    def __len__(self) -> int:
        return len(self._missing)

    @property
    def first_wait_ms(self) -> int:
        """How long an announced message is waited for before anybody is asked, without the jitter."""
        return min(max(self._slowest_ms * 3 // 2, FIRST_WAIT_MS_MIN), FIRST_WAIT_MS_MAX)

    def announced(self, id: Hash, peer: Hash, round: int, now_ms: int, is_way: bool = False) -> None:
        """`peer` can send a message that did not come yet; forgotten if the peer announced too many.

        `is_way`: it is the one along which messages come, so there is nothing to wait for.
        """
        missing = self._missing.get(id)
        if (missing is not None and peer in missing.rounds) or self._counts.get(peer, 0) >= ANNOUNCED_MAX:
            return
        if missing is None:
            self._halve(now_ms)
            # With jitter: below a break all nodes miss the same message, and one question is enough for many of them.
            due_ms = now_ms + jittered(self.first_wait_ms, self._chance)
            missing = self._missing[id] = _Missing(now_ms, due_ms)
        missing.rounds[peer] = round
        missing.to_ask.append(peer)
        self._counts[peer] = self._counts.get(peer, 0) + 1
        if is_way:
            missing.ask_first(peer, now_ms)

    def turned_away(self, id: Hash, peer: Hash, round: int, now_ms: int) -> None:
        """The message came from `peer` and there was no room: it is asked for again, and the peer kept its promise."""
        self.announced(id, peer, round, now_ms)
        missing = self._missing.get(id)
        if missing is not None and peer in missing.rounds:
            missing.kept.add(peer)

    def arrived(self, id: Hash, peer: Hash, now_ms: int) -> Mapping[Hash, int]:
        """The message came from `peer`: who announced it, and with which round."""
        missing = self._missing.get(id)
        if missing is None:
            return {}
        # An answer to a question says nothing of how long it takes without one.
        if peer not in missing.asked:
            self._halve(now_ms)
            waited_ms = now_ms - missing.announced_ms
            if waited_ms >= self._slowest_ms:
                self._slowest_ms, self._slowest_at_ms = waited_ms, now_ms
        return self._forget(id)

    def lost(self, peer: Hash) -> None:
        """The peer is gone: it cannot be asked, and nothing is held against it."""
        if self._counts.pop(peer, 0) == 0:
            return
        for id, missing in list(self._missing.items()):
            if missing.rounds.pop(peer, None) is None:
                continue
            missing.to_ask = [other for other in missing.to_ask if other != peer]
            if not missing.rounds:
                del self._missing[id]

    def hurry(self, now_ms: int) -> None:
        """Wait no longer for what nobody was asked for yet: the way by which it would have come is gone."""
        for missing in self._missing.values():
            if not missing.asked:
                missing.due_ms = min(missing.due_ms, now_ms)

    def way_is(self, peer: Hash, now_ms: int) -> None:
        """Messages come along `peer` from now on: what it only announced before it will not send unasked."""
        for missing in self._missing.values():
            if peer in missing.rounds and peer not in missing.kept:
                missing.ask_first(peer, now_ms)

    def due(self, now_ms: int) -> Due:
        """The questions whose time has come; each is returned once."""
        questions: list[Question] = []
        broken: list[Hash] = []
        for id, missing in list(self._missing.items()):
            if missing.due_ms > now_ms:
                continue
            if not missing.to_ask and missing.passes < PASSES_MAX:
                missing.passes += 1
                missing.to_ask = list(missing.rounds)
            if not missing.to_ask:
                broken += [peer for peer in self._forget(id) if peer not in missing.kept]
                continue
            peer = missing.to_ask.pop(0)
            missing.asked.append(peer)
            missing.due_ms = now_ms + ANSWER_WAIT_MS * missing.passes
            questions.append(Question(id, peer))
        return Due(tuple(questions), tuple(broken))

    def _halve(self, now_ms: int) -> None:
        halvings = max(now_ms - self._slowest_at_ms, 0) // SLOWEST_HALVES_MS
        # More than 20 leave nothing of any wait that there can be.
        self._slowest_ms >>= min(halvings, 20)
        self._slowest_at_ms += halvings * SLOWEST_HALVES_MS

    def _forget(self, id: Hash) -> Mapping[Hash, int]:
        rounds = self._missing.pop(id).rounds
        for peer in rounds:
            self._counts[peer] -= 1
            if self._counts[peer] == 0:
                del self._counts[peer]
        return rounds
