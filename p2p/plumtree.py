"""Broadcast: messages run along a tree of eager links, and their ids along all others, which mends the tree. Pure.

Owns which neighbours are pushed to (eager) and which are only told (lazy), what waits for its owner's judgement, and
what is handed out to those who missed it. Never judges a message: the owner gets each one once (`Deliver`) and answers
`accept` (pass it on), `refuse` (wrong by itself: blame whoever brings it) or `drop` (no use any more, or not to be
judged here: nothing happens). The first copy of a message makes its link eager, any other copy makes its link lazy on
both sides; an announced message that does not come is asked for, which makes that link eager. So links that bring
nothing new fall away until a tree is left, and come back where it breaks. Whoever brought the newest shaping message
first is this node's way into the tree: what that one only announces comes no other way, and is asked for at once.

A message that is for the origin of the shaping messages alone goes the way back that the newest of them came, node by
node, and is neither announced nor asked for: its origin has to say it again, and now and then to everybody.

Invariants:
- a message is delivered once while its id is in the seen-cache or it is at hand, and never one of the node's own;
- only accepted and own messages leave this node, each once to an eager link, unless somebody asks for it;
- a connected peer is either eager or lazy.

Bounds: `SeenCache`, `RecentMessages`, `MissingMessages`; what waits for judgement is bounded by count and bytes, half
of each for one peer; announcements leave with the next tick or when a frame is full.
Source: Leitao, Pereira, Rodrigues: "Epidemic Broadcast Trees" (2007), section 3; docs/adr/0013-plumtree.md has where
this leaves it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from ledger.hashing import Hash
from p2p.chance import Chance
from p2p.effects import Blame, Deliver, Effect, send
from p2p.frames import (
    ANNOUNCEMENTS_MAX,
    GRAFTS_MAX,
    ROUND_MAX,
    Announcement,
    Gossip,
    Graft,
    IHave,
    PayloadKind,
    Prune,
)
from p2p.missing import MissingMessages
from p2p.offences import Offence
from p2p.rate import Rate, TokenBucket
from p2p.recent import RecentMessage, RecentMessages
from p2p.seen import SeenCache

TreeFrame: TypeAlias = Gossip | IHave | Graft | Prune

# What an owner judges in about a second; it usually judges at once.
AWAITING_COUNT_MAX = 2048
AWAITING_SIZE_BYTES_MAX = 32 * 1024 * 1024
# Ids of messages that were wrong by themselves; honest peers never send one, so these are few.
REFUSED_MAX = 4096
# A lazy link that is so many hops shorter takes the place of the eager one. Where another node has become the leader, a
# tree of 300 nodes is 6 hops deep again with 3, and 10 with 6; with 2 a third more links change for one hop less.
SHORTER_ROUNDS_MIN = 3
# The origin's own link does so for a single hop less, if what it announces comes hardly later than the message: where
# all know each other every node is one hop away then, where an old tree had two. It leaves together with the message as
# a rule, so the delay is that of the way: a direct link across the world does not take the place of two short ones.
SHORTER_ROUNDS_TO_ORIGIN_MIN = 1
ORIGIN_LATER_MS_MAX = 10
# A changed link costs a few copies; at this pace the tree improves within seconds and stays a tree.
OPTIMISE_EVERY_MS = 1000
# Whoever says that it is near and then pushes nothing costs one question for a heartbeat in this time. With the pace
# above alone, one such neighbour made every tenth heartbeat late.
OPTIMISE_PEER_EVERY_MS = 30_000
# Repairing makes every link eager until the next shaping message. Whoever comes and goes all the time would have
# everything sent over all links; at this pace it is a fifth of it.
REPAIR_EVERY_MS = 1000
# What a peer may ask for again: everything recent at once after a break, then a second copy of a busy network.
GRAFT_RATE = Rate(per_second=2 * 1024 * 1024, burst=64 * 1024 * 1024)


@dataclass(slots=True)
class _Peer:
    """`announcing`: messages that it is told of with the next tick; `awaiting_*`: what it brought and is not judged."""

    graft_bytes: TokenBucket
    eager: bool = True
    announcing: dict[Hash, int] = field(default_factory=dict)
    awaiting_count: int = 0
    awaiting_size_bytes: int = 0
    optimised_ms: int | None = None


@dataclass(slots=True)
class _Awaiting:
    """A delivered message that is not judged yet.

    `announcers` and `copiers` have it too, so that it is not passed on to them; the former with their rounds.
    """

    frame: Gossip
    peer: Hash
    share: _Peer
    announcers: dict[Hash, int]
    copiers: dict[Hash, None]


class Holdings(NamedTuple):
    """How much a tree holds of everything that has a bound; for metrics and checks."""

    seen_count: int
    recent_count: int
    recent_size_bytes: int
    missing_count: int
    awaiting_count: int
    awaiting_size_bytes: int
    announcing_count_max: int


class Plumtree:
    """One node's part in the broadcast."""

    def __init__(
        self,
        chance: Chance,
        seen: SeenCache | None = None,
        recent: RecentMessages | None = None,
        awaiting_count_max: int = AWAITING_COUNT_MAX,
        awaiting_size_bytes_max: int = AWAITING_SIZE_BYTES_MAX,
    ) -> None:
        self._peers: dict[Hash, _Peer] = {}
        self._seen = SeenCache() if seen is None else seen
        self._refused = SeenCache(REFUSED_MAX)
        self._recent = RecentMessages() if recent is None else recent
        self._missing = MissingMessages(chance)
        self._awaiting: dict[Hash, _Awaiting] = {}
        self._awaiting_count_max = awaiting_count_max
        self._awaiting_size_bytes_max = awaiting_size_bytes_max
        self._awaiting_size_bytes = 0
        self._optimised_ms = -OPTIMISE_EVERY_MS
        self._repaired_ms = -REPAIR_EVERY_MS
        # Who brought the newest shaping message first; None where it was this node's own, or there was none. The other
        # side of such a link may hold it for lazy all the same: late copies of ours arrived there meanwhile.
        self._way_back: Hash | None = None
        self._is_origin = False
        # For metrics: messages that came for the first time, and further copies of such.
        self.first_copies = 0
        self.further_copies = 0

    @property
    def eager_peers(self) -> tuple[Hash, ...]:
        """The neighbours that messages are pushed to."""
        return tuple(id for id, peer in self._peers.items() if peer.eager)

    @property
    def lazy_peers(self) -> tuple[Hash, ...]:
        """The neighbours that messages are announced to."""
        return tuple(id for id, peer in self._peers.items() if not peer.eager)

    @property
    def holdings(self) -> Holdings:
        """How much is held now; `announcing_count_max` is that of the peer with the most."""
        return Holdings(
            len(self._seen),
            len(self._recent),
            self._recent.size_bytes,
            len(self._missing),
            len(self._awaiting),
            self._awaiting_size_bytes,
            max((len(peer.announcing) for peer in self._peers.values()), default=0),
        )

    @property
    def is_idle(self) -> bool:
        """Whether a tick would do nothing but forget old messages."""
        return not len(self._missing) and not any(peer.announcing for peer in self._peers.values())

    def peer_up(self, peer: Hash, now_ms: int) -> list[Effect]:
        """A connection with `peer` is there: its link begins eager, and it is told of the news.

        That brings it what was lost with an earlier connection, or passed while the network was cut in two; as far as
        nothing else does (`p2p.recent.PASSING`).
        """
        self._lose(peer)
        self._peers[peer] = _Peer(TokenBucket(GRAFT_RATE, now_ms))
        self._recent.expire(now_ms)
        news = self._recent.news(ANNOUNCEMENTS_MAX, now_ms)
        return [send(peer, IHave(news))] if news else []

    def peer_down(self, peer: Hash, now_ms: int) -> list[Effect]:
        """The connection with `peer` is gone, and with it all frames that were under way.

        If messages ran along it, the tree is broken there: all other links take its place at once, until shaping
        messages have thinned them out. What others announced and this node lacks is asked for, and what they were to
        be told of is sent, since neither may come another way.
        """
        gone = self._lose(peer)
        if gone is None or not gone.eager or now_ms - self._repaired_ms < REPAIR_EVERY_MS:
            return []
        self._repaired_ms = now_ms
        self._missing.hurry(now_ms)
        effects = self._ask(now_ms)
        for id, one in self._peers.items():
            if not one.eager:
                one.eager = True
                effects.append(send(id, Graft(())))
            effects += self._give(id, tuple(one.announcing), now_ms)
        return effects

    def _lose(self, peer: Hash) -> _Peer | None:
        gone = self._peers.pop(peer, None)
        if gone is not None:
            self._missing.lost(peer)
        return gone

    def broadcast(
        self, kind: PayloadKind, payload: bytes, now_ms: int, shapes: bool, goes_back: bool = False
    ) -> list[Effect]:
        """Send a message of this node's own to everybody; `shapes` and `goes_back` as in `accept`.

        The same bytes once more are announced to all neighbours: whoever has them already stays quiet.
        """
        frame = Gossip.of(kind, payload)
        message = RecentMessage(frame, None, shapes, now_ms)
        if not self._is_known(frame.id):
            self._seen.add(frame.id)
            if shapes:
                self._way_back, self._is_origin = None, True
            return self._send_back(message) if goes_back else self._pass_on(message, ())
        if frame.id not in self._awaiting:
            if self._recent.get(frame.id) is None:
                self._recent.add(message)
            return [effect for peer in self._peers for effect in self._announce_later(peer, frame)]
        return []

    def receive(self, peer: Hash, frame: TreeFrame, now_ms: int) -> list[Effect]:
        """What follows from a frame of `peer`; nothing if it is not a neighbour."""
        if peer not in self._peers:
            return []
        match frame:
            case Gossip():
                return self._on_gossip(peer, frame, now_ms)
            case IHave():
                return self._on_announcements(peer, frame.announcements, now_ms)
            case Graft():
                return self._on_graft(peer, frame.ids, now_ms)
            case Prune():
                self._peers[peer].eager = False
                return []

    def accept(self, id: Hash, now_ms: int, shapes: bool, goes_back: bool = False) -> list[Effect]:
        """The owner found a delivered message good: pass it on. Nothing happens if it was judged before.

        `shapes`: further copies of this message take links out of the tree. Messages of many origins at the same time
        would cut a circle of links in several places at once; so only those should shape of which one node alone is
        the origin, the leader's heartbeats. `goes_back`: only the origin of those needs it, so it is passed on to who
        brought the newest of them first; to everybody where nobody is known or connected who did.
        """
        awaiting = self._judged(id)
        if awaiting is None:
            return []
        frame, parent = awaiting.frame, awaiting.peer
        onward = Gossip(frame.kind, min(frame.round + 1, ROUND_MAX), frame.payload, id)
        message = RecentMessage(onward, parent, shapes, now_ms)
        if goes_back:
            return self._send_back(message)
        effects = self._pass_on(message, (*awaiting.announcers, *awaiting.copiers))
        if shapes:
            self._way_back, self._is_origin = parent, False
            self._missing.way_is(parent, now_ms)
            kept = self._keep_parent(parent)
            for copier in awaiting.copiers:
                effects += self._leave_tree(copier, parent)
            for announcer, round_there in awaiting.announcers.items():
                effects += self._optimise(message, announcer, round_there, now_ms)
            # Who has to leave the tree at once, for a shorter way, is not asked into it.
            effects += kept if parent in self.eager_peers else []
        return effects

    def refuse(self, id: Hash) -> list[Effect]:
        """The owner found a delivered message wrong by its bytes alone: blame all who brought it, now and later.

        Only for what every honest node refuses too, whatever its state; anything else is for `drop`.
        """
        awaiting = self._judged(id)
        if awaiting is None:
            return []
        self._refused.add(id)
        guilty = dict.fromkeys((awaiting.peer, *awaiting.announcers, *awaiting.copiers))
        return [Blame(peer, Offence.INVALID_MESSAGE) for peer in guilty]

    def drop(self, id: Hash) -> None:
        """The owner has no use for a delivered message: it goes no further, and nobody is blamed."""
        self._judged(id)

    def forget(self, id: Hash) -> None:
        """A message that was passed on can no longer matter: it is not handed out or announced any more."""
        self._recent.forget(id)
        for peer in self._peers.values():
            peer.announcing.pop(id, None)

    def tick(self, now_ms: int) -> list[Effect]:
        """Announce, and ask for what did not come; to be called every 50 ms or so unless `is_idle`."""
        self._recent.expire(now_ms)
        effects: list[Effect] = []
        for id, one in self._peers.items():
            if one.announcing:
                effects += self._announce(id)
        return effects + self._ask(now_ms)

    def _ask(self, now_ms: int) -> list[Effect]:
        """Ask for what was announced and did not come, as far as it is time for it."""
        effects: list[Effect] = []
        if not len(self._missing):
            return effects
        due = self._missing.due(now_ms)
        questions: dict[Hash, list[Hash]] = {}
        for id, peer in due.questions:
            questions.setdefault(peer, []).append(id)
        for peer, ids in questions.items():
            self._peers[peer].eager = True
            for start in range(0, len(ids), GRAFTS_MAX):
                effects.append(send(peer, Graft(tuple(ids[start : start + GRAFTS_MAX]))))
        effects += [Blame(peer, Offence.BROKEN_PROMISE) for peer in due.broken]
        return effects

    def _on_gossip(self, peer: Hash, frame: Gossip, now_ms: int) -> list[Effect]:
        if self._is_known(frame.id):
            return self._on_further_copy(peer, frame.id)
        if not self._has_room(self._peers[peer], len(frame.payload)):
            # It is asked for again when there is room.
            self._missing.turned_away(frame.id, peer, frame.round, now_ms)
            return []
        self.first_copies += 1
        self._seen.add(frame.id)
        self._await(peer, frame, self._missing.arrived(frame.id, peer, now_ms))
        return [Deliver(frame.id, frame.kind, frame.payload, peer, frame.round)]

    def _is_known(self, id: Hash) -> bool:
        """Seen lately, or at hand still: a flood of messages that are not passed on may push it out of the cache."""
        return id in self._seen or id in self._awaiting or self._recent.get(id) is not None

    def _on_further_copy(self, peer: Hash, id: Hash) -> list[Effect]:
        self.further_copies += 1
        self._peers[peer].announcing.pop(id, None)
        awaiting = self._awaiting.get(id)
        if awaiting is not None:
            awaiting.copiers[peer] = None
            return []
        message = self._recent.get(id)
        if message is not None and message.shapes:
            return self._leave_tree(peer, message.parent)
        return [Blame(peer, Offence.INVALID_MESSAGE)] if id in self._refused else []

    def _on_announcements(self, peer: Hash, announcements: Iterable[Announcement], now_ms: int) -> list[Effect]:
        effects: list[Effect] = []
        for id, round_there in announcements:
            if not self._is_known(id):
                self._missing.announced(id, peer, round_there, now_ms, is_way=peer == self._way_back)
                continue
            self._peers[peer].announcing.pop(id, None)
            awaiting = self._awaiting.get(id)
            if awaiting is not None:
                awaiting.announcers[peer] = round_there
            # Announcements are gathered, so most come after the message, and their rounds are compared here.
            message = self._recent.get(id)
            if message is not None and message.shapes:
                effects += self._optimise(message, peer, round_there, now_ms)
        return effects

    def _on_graft(self, peer: Hash, ids: Iterable[Hash], now_ms: int) -> list[Effect]:
        self._peers[peer].eager = True
        return self._give(peer, ids, now_ms)

    def _give(self, peer: Hash, ids: Iterable[Hash], now_ms: int) -> list[Effect]:
        """Send these, as far as they are at hand and no more than a peer may have for the asking."""
        neighbour = self._peers[peer]
        effects: list[Effect] = []
        for id in ids:
            message = self._recent.get(id)
            if message is not None and neighbour.graft_bytes.take(len(message.frame.payload), now_ms):
                neighbour.announcing.pop(id, None)
                effects.append(send(peer, message.frame))
        return effects

    def _keep_parent(self, parent: Hash) -> list[Effect]:
        """The link that brought a shaping message first is part of the tree, even if it was lazy here."""
        peer = self._peers.get(parent)
        if peer is None or peer.eager:
            return []
        peer.eager = True
        return [send(parent, Graft(()))]

    def _leave_tree(self, copier: Hash, parent: Hash | None) -> list[Effect]:
        """A link that brought a further copy is not needed if the one that brought the first copy stays."""
        stays = parent is None or (parent in self._peers and self._peers[parent].eager)
        if not stays or copier == parent or copier not in self._peers:
            return []
        self._peers[copier].eager = False
        return [send(copier, Prune())]

    def _optimise(self, message: RecentMessage, peer: Hash, round_there: int, now_ms: int) -> list[Effect]:
        """Take `peer` in place of the parent if messages come by fewer hops there (section 3.8 of the paper)."""
        shorter = message.frame.round - 1 - round_there
        is_near = round_there == 0 and now_ms - message.at_ms <= ORIGIN_LATER_MS_MAX
        wanted = SHORTER_ROUNDS_TO_ORIGIN_MIN if is_near else SHORTER_ROUNDS_MIN
        if message.parent is None or shorter < wanted or now_ms - self._optimised_ms < OPTIMISE_EVERY_MS:
            return []
        old, new = self._peers.get(message.parent), self._peers.get(peer)
        if old is None or new is None or not old.eager or new.eager:
            return []
        if new.optimised_ms is not None and now_ms - new.optimised_ms < OPTIMISE_PEER_EVERY_MS:
            return []
        self._optimised_ms = new.optimised_ms = now_ms
        old.eager, new.eager = False, True
        return [send(peer, Graft(())), send(message.parent, Prune())]

    def _send_back(self, message: RecentMessage) -> list[Effect]:
        """Towards the origin of the shaping messages; nothing is left to do where this node is it."""
        if self._is_origin:
            return []
        if self._way_back is None or self._way_back not in self._peers or self._way_back == message.parent:
            return self._pass_on(message, ())
        return [send(self._way_back, message.frame)]

    def _pass_on(self, message: RecentMessage, known_by: Iterable[Hash]) -> list[Effect]:
        self._recent.add(message)
        frame = message.frame
        have_it = {message.parent, *known_by}
        effects: list[Effect] = []
        for id, peer in self._peers.items():
            if id in have_it:
                continue
            if peer.eager:
                effects.append(send(id, frame))
                continue
            effects += self._announce_later(id, frame)
        return effects

    def _announce_later(self, id: Hash, frame: Gossip) -> list[Effect]:
        """With the next tick, or now if a frame is full: a peer takes a larger one for an offence."""
        announcing = self._peers[id].announcing
        announcing[frame.id] = frame.round
        return self._announce(id) if len(announcing) >= ANNOUNCEMENTS_MAX else []

    def _announce(self, id: Hash) -> list[Effect]:
        peer = self._peers[id]
        if not peer.announcing:
            return []
        announcements = tuple(Announcement(*item) for item in peer.announcing.items())
        peer.announcing = {}
        return [send(id, IHave(announcements))]

    def _has_room(self, peer: _Peer, size_bytes: int) -> bool:
        """Room for one more message that awaits judgement, in all and in the half that one peer may take."""
        return (
            len(self._awaiting) < self._awaiting_count_max
            and self._awaiting_size_bytes + size_bytes <= self._awaiting_size_bytes_max
            and peer.awaiting_count < self._awaiting_count_max // 2
            and peer.awaiting_size_bytes + size_bytes <= self._awaiting_size_bytes_max // 2
        )

    def _await(self, peer: Hash, frame: Gossip, announcers: Mapping[Hash, int]) -> None:
        share = self._peers[peer]
        self._awaiting[frame.id] = _Awaiting(frame, peer, share, dict(announcers), {})
        self._awaiting_size_bytes += len(frame.payload)
        share.awaiting_count += 1
        share.awaiting_size_bytes += len(frame.payload)

    def _judged(self, id: Hash) -> _Awaiting | None:
        awaiting = self._awaiting.pop(id, None)
        if awaiting is not None:
            self._awaiting_size_bytes -= len(awaiting.frame.payload)
            awaiting.share.awaiting_count -= 1
            awaiting.share.awaiting_size_bytes -= len(awaiting.frame.payload)
        return awaiting
