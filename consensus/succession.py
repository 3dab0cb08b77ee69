"""From one voter set to the next without executing what lies between: who has vouched for which change. Pure.

Owns the set that is in force at the newest header of a chain, and the changes on the way there that are not proven yet.
Never sees a header or checks a signature: it is told whose valid signatures stand under which height.

Why a quorum of the *old* set has to vouch: an honest voter signs a header or an acknowledgement under a new set only
after it committed and executed the change itself, and whatever it signs stands on all blocks below. So each signature
under a block of the new set, or of any later one, by a member of the old set says of the change that it happened in
this very chain; a quorum of the old set says it with the same weight as a certificate. Signatures of members who only
came with the change prove nothing about it: they may be whoever made it up.

Who vouched is counted over all blocks from the change on, since no single certificate need hold a quorum of the set
before (of four voters one leaves, and two of the other three certify).

Bound: `DOUBTS_MAX` changes without proof at a time. Source: docs/protocol.md, section 10; docs/adr/0029-state-sync.md.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from consensus.errors import InvalidMessageError, UnprovenVotersError
from consensus.voters import VoterSet
from ledger.hashing import Hash

# Changes are proven within a few blocks, as a rule before the next one can be proposed.
DOUBTS_MAX = 16


@dataclass(slots=True)
class _Doubt:
    """A change away from `before`, at the header of `height`, and who of `before` has vouched for it."""

    before: VoterSet
    height: int
    vouched: set[Hash] = field(default_factory=set)

    @property
    def is_proven(self) -> bool:
        return len(self.vouched) >= self.before.quorum_size


class Succession:
    """The voter sets along one chain of headers.

    Args:
        voters: The set in force at the header before the first one that is taken; trusted.
        known: Sets that are known to have followed it, in order: no change to one of them needs proof.
    """

    def __init__(self, voters: VoterSet, known: Collection[VoterSet] = ()) -> None:
        self._voters = voters
        self._known = tuple(known)
        self._doubts: list[_Doubt] = []

    @property
    def voters(self) -> VoterSet:
        """The set of the newest header, proven or not."""
        return self._voters

    @property
    def is_proven(self) -> bool:
        """Whether every change up to the newest header is proven."""
        return not self._doubts

    def change(self, voters: VoterSet, height: int) -> None:
        """The header of `height` is the first that names `voters`.

        Raises:
            InvalidMessageError: no single change leads there.
            UnprovenVotersError: too many wait for proof.
        """
        if voters.quorum != self._voters.quorum or not _is_one_step(self._voters, voters):
            raise InvalidMessageError(
                "block {height} names voters that no single change makes of those before it", height=height
            )
        if voters in self._known:
            self._known = self._known[self._known.index(voters) + 1 :]
        elif len(self._doubts) >= DOUBTS_MAX:
            raise UnprovenVotersError(
                "the voters changed {count} times up to block {height}, and nobody has vouched for it",
                count=DOUBTS_MAX,
                height=height,
            )
        else:
            self._doubts.append(_Doubt(self._voters, height))
        self._voters = voters

    def vouch(self, height: int, signers: Collection[Hash], voters: VoterSet) -> None:
        """`signers`, all members of the set `voters` that is in force at `height`, signed the block there.

        A member counts for an older set only with the very key that it had there.
        """
        for doubt in self._doubts:
            if doubt.height <= height:
                doubt.vouched.update(
                    one for one in signers if doubt.before.key_of(one) == voters.key_of(one) is not None
                )
        # Each change is proven by itself; what is proven while an earlier change is not stays in the list behind it.
        while self._doubts and self._doubts[0].is_proven:
            del self._doubts[0]


def _is_one_step(before: VoterSet, after: VoterSet) -> bool:
    """Whether one voter came or one left, and no key is another one's."""
    return len(set(before.voters) ^ set(after.voters)) == 1
