"""Fetching the headers up to a height, from several neighbours at once, and walking along them in order. Pure.

Owns which ranges are asked for, answers that came before those in front of them, and the walk (`daemon.header_walk`)
from what is kept already; settled headers are handed over to be kept, and stay settled whatever comes later. A walk
that meets a wrong header begins again behind the last settled one.

Bounds: `RANGES_MAX` answers, asked for or held, of less than a megabyte each; the walk's own.
Source: docs/protocol.md, section 10.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from consensus.errors import UnprovenVotersError
from consensus.voters import VoterSet
from daemon.header_walk import Anchor, HeaderWalk, WalkedHeader
from ledger.block import Header
from ledger.errors import RemoteProtocolError
from ledger.hashing import Hash
from p2p.effects import Blame, SendFrame, send
from p2p.offences import Offence
from p2p.pieces import WRONG_PAUSE_MS, PieceFetch
from p2p.snapshot_frames import Headers, WantHeaders
from storage.interface import CertifiedHeader, StoredHeader

RANGES_MAX = 6
# Some 200 kB with the certificates of five voters.
RANGE_HEADERS_MAX = 256
# Sets of voters that are remembered: a change is under way for some blocks.
_SETS_MAX = 64


class HeaderRange(NamedTuple):
    """So many headers from a height on."""

    first: int
    length: int


class HeaderSync:
    """One way from the newest trusted header to a goal.

    Args:
        anchor: Where to begin. Its voters may be unknown (None) where only the header is kept: whoever answers names
            them, and the header's hash of them proves it.
        voters_hash: The hash of the anchor's voters.
        known: Sets of voters that the node knows by itself.
        fetch: For `RANGES_MAX` questions; what was asked before is given up.
    """

    def __init__(
        self,
        anchor: Callable[[VoterSet], Anchor],
        voters_hash: Hash,
        known: Sequence[VoterSet],
        fetch: PieceFetch[HeaderRange],
    ) -> None:
        self._make_anchor = anchor
        self._voters_hash = voters_hash
        self._sets = {one.hash: one for one in known}
        self._fetch = fetch
        fetch.give_up()
        self._early: dict[int, tuple[Hash, Headers]] = {}
        self._first = 1
        self._anchor: Anchor | None = None
        self._walk: HeaderWalk | None = None
        # Who sent headers that are walked along and not settled.
        self._senders: set[Hash] = set()
        if voters_hash in self._sets:
            self._begin(anchor(self._sets[voters_hash]))

    @property
    def settled_height(self) -> int:
        """Up to which height everything is settled; 0 while nothing is known."""
        return self._anchor.height if self._anchor is not None else 0

    @property
    def walked_height(self) -> int:
        """Of the newest header that came in order, settled or not."""
        return self._walk.height if self._walk is not None else 0

    def lost(self, peer: Hash) -> None:
        """A neighbour is gone."""
        self._fetch.lost(peer)

    def plan(
        self, first: int, goal: int, able: Callable[[int], Sequence[Hash]], now_ms: int
    ) -> list[SendFrame | Blame]:
        """Ask for headers up to `goal`; `first` is where the walk begins while it has not."""
        self._first = first
        wanted: list[HeaderRange] = []
        at = first if self._walk is None else self._walk.height + 1
        while at <= goal and len(wanted) + len(self._early) < RANGES_MAX:
            if at in self._early:
                at += len(self._early[at][1].headers)
                continue
            # Ranges end at multiples, so that what is asked for stays the same while the walk goes on.
            end = min((at - 1) // RANGE_HEADERS_MAX * RANGE_HEADERS_MAX + RANGE_HEADERS_MAX, goal)
            wanted.append(HeaderRange(at, end - at + 1))
            at = end + 1
        questions, blames = self._fetch.ask(wanted, lambda one: able(one.first + one.length - 1), now_ms)
        asked = [send(peer, WantHeaders(number, key.first, key.length)) for peer, number, key in questions]
        return [*blames, *asked]

    def answered(self, peer: Hash, frame: Headers, now_ms: int) -> tuple[list[CertifiedHeader], list[Blame]]:
        """An answer came: the headers that are settled now, in order, and who is to be blamed.

        Raises:
            UnprovenVotersError: it cannot be shown who votes; the sender may be honest.
        """
        came = self._fetch.came(peer, frame.request)
        if came.key is None:
            return [], list(came.blames)
        if not frame.headers or len(frame.headers) > came.key.length:
            # It said that it has them.
            self._fetch.pause(peer, now_ms)
            return [], [Blame(peer, Offence.INVALID_BLOCK if frame.headers else Offence.UNANSWERED)]
        self._early[came.key.first] = (peer, frame)
        settled: list[CertifiedHeader] = []
        blames: list[Blame] = []
        while (held := self._next_answer()) is not None:
            sender, headers = held
            try:
                settled += self._walk_along(sender, headers)
            except UnprovenVotersError:
                self._fetch.pause(sender, now_ms, WRONG_PAUSE_MS)
                self._begin_again()
                raise
            except RemoteProtocolError:
                self._fetch.pause(sender, now_ms, WRONG_PAUSE_MS)
                if self._senders <= {sender}:
                    blames.append(Blame(sender, Offence.INVALID_BLOCK))
                self._begin_again()
        return settled, blames

    def _next_answer(self) -> tuple[Hash, Headers] | None:
        """The answer that goes on where the walk ended, or begins it."""
        return self._early.pop(self._first if self._walk is None else self._walk.height + 1, None)

    def _walk_along(self, peer: Hash, frame: Headers) -> list[CertifiedHeader]:
        sets = {one.hash: one for one in map(VoterSet.decode, frame.voter_sets)}
        if self._walk is None:
            if self._voters_hash not in sets:
                # Nobody can say more of it: it is asked again of somebody else.
                raise UnprovenVotersError("nobody says who votes on the newest header that is kept")
            self._begin(self._make_anchor(sets[self._voters_hash]))
        assert self._walk is not None, "begun just now"
        self._senders.add(peer)
        known = self._sets | sets
        for carried in frame.headers:
            self._walk.take(carried, known)
        settled = self._walk.settled()
        if settled:
            self._settle(settled[-1].header, known)
            if self._walk.height == self.settled_height:
                self._senders.clear()
        return [_certified(one) for one in settled]

    def _settle(self, newest: Header, known: dict[Hash, VoterSet]) -> None:
        assert self._anchor is not None, "a walk has one"
        voters = known[newest.voter_set_hash]
        self._anchor = replace(self._anchor, header=newest, voters=voters, known=())
        self._sets = {**{key: self._sets[key] for key in list(self._sets)[-_SETS_MAX:]}, voters.hash: voters}

    def _begin(self, anchor: Anchor) -> None:
        self._anchor = anchor
        self._walk = HeaderWalk(anchor)
        self._senders = set()

    def _begin_again(self) -> None:
        self._early.clear()
        self._fetch.give_up()
        if self._anchor is not None:
            self._begin(self._anchor)


def _certified(walked: WalkedHeader) -> CertifiedHeader:
    header, carried = walked.header, walked.carried
    stored = StoredHeader(
        height=header.height,
        term=header.term,
        header=carried.header,
        header_hash=header.hash,
        signature=carried.signature,
        election_certificate=carried.election_certificate,
        first_index=walked.first_index,
        leaf_count=header.leaf_count,
    )
    return CertifiedHeader(stored, carried.certificate)
