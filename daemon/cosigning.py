"""Gathering the voters' signatures under a checkpoint until a quorum has cosigned it. Pure.

Owns the signatures that were heard of checkpoints of this node's log, and which checkpoint is published: the newest
with a quorum. Never signs (`daemon.checkpointer` does) and never takes a signature under a tree that this node does not
have: what comes early waits until the block is executed here and its root is this node's own.

Invariants: what is published satisfies the policy of the voters in force for that block, holds one log signature and
exactly a quorum of cosignatures, and is never smaller than before. What a voter signed is passed on once for each size.

Bounds: `GATHERED_MAX` checkpoints, the newest; `EARLY_MAX` notes of each voter that come early.
Source: docs/protocol.md, section 9; docs/reference/gossip.md, "Checkpoints".
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from contracts.voter_record import VoterRecord, voters_before
from daemon.chain import Chain
from daemon.lookup import decoded_header
from daemon.outgoing import SignedCheckpoint
from ledger.block import Header
from ledger.checkpoint import Checkpoint
from ledger.errors import InvalidNoteError, InvalidProofError
from ledger.genesis import Genesis
from ledger.hashing import Hash
from ledger.note import Note, NoteSignature
from ledger.policy import Cosigned, Policy, PolicyVoter
from storage.interface import StoreReader

# A minute of checkpoints without a quorum; later ones cover everything that the older ones would.
GATHERED_MAX = 64
# A voter that executes faster than this node is a few checkpoints ahead; what it said before comes with the next one.
EARLY_MAX = 4
# Signatures come by gossip within a moment. What is unchanged for so long is what a neighbour may have missed.
SETTLED_AFTER_MS = 2000


@dataclass(slots=True)
class _Gathering:
    """The signatures under one checkpoint of this node's own log; `cosigned` by the witness's name in the policy."""

    height: int
    text: str
    policy: Policy
    log: NoteSignature | None = None
    cosigned: dict[str, Cosigned] = field(default_factory=dict)

    def add(self, note: Note) -> bool:
        """Take the valid signatures of a note with this text; whether it brought a voter's that was not there."""
        new = [one for one in self.policy.cosignatures(note) if one.witness.name not in self.cosigned]
        if new and self.log is None:
            try:
                self.log = self.policy.log_signatures(note)[0][1]
            except InvalidProofError:
                # The voter's own fault, and not of whoever had another voter's already and passed it on.
                return False
        self.cosigned.update((one.witness.name, one) for one in new)
        return bool(new)

    @property
    def has_quorum(self) -> bool:
        """Whether enough voters signed."""
        return self.policy.is_satisfied_by(self.cosigned)

    def note(self) -> bytes:
        """What was gathered, in the policy's order; exactly a quorum where there is one. There is a signature."""
        cosigned = [self.cosigned[one.name] for one in self.policy.witnesses if one.name in self.cosigned]
        chosen = self.policy.exact_quorum(cosigned) if self.has_quorum else cosigned
        assert self.log is not None, "the first voter's note had one"
        return Note(self.text, (self.log, *(one.signature for one in chosen))).encode()


@dataclass(frozen=True, slots=True)
class _Newest:
    """What is known of the newest checkpoint that somebody signed: its block's height, how many cosigned it.

    `note` writes it down: few neighbours miss one, so it is seldom asked for.
    """

    tree_size: int
    height: int
    count: int
    note: Callable[[], bytes]


class Cosigning:
    """One node's checkpoints; `now_ms` is by the node's own clock."""

    def __init__(self, genesis: Genesis, chain: Chain, reader: StoreReader) -> None:
        """Go on from the checkpoint that the store has."""
        self._origin = genesis.name
        self._chain = chain
        self._policies: dict[int, Policy] = {}
        # By tree size, ascending.
        self._gatherings: dict[int, _Gathering] = {}
        # By the cosigner's key: notes of trees that are not executed here yet, ascending by size.
        self._early: dict[bytes, deque[tuple[int, Note]]] = {}
        self._ready: SignedCheckpoint | None = None
        self._newest: _Newest | None = None
        self._changed_ms = 0
        # What each neighbour was given: tree size, and how many had cosigned.
        self._given: dict[Hash, tuple[int, int]] = {}
        self.published_size = 0
        note = reader.head().checkpoint
        if note is not None:
            self._continue_from(reader, bytes(note))
        executed_height = reader.head().executed_height
        for height in range(max(executed_height - GATHERED_MAX, 0) + 1, executed_height + 1):
            header = decoded_header(reader, height)
            if header.checkpoint:
                self.executed(header, 0)

    def executed(self, header: Header, now_ms: int) -> None:
        """A block that is a checkpoint is committed, executed and on disk: its tree may be signed from now on."""
        size = header.tree_size
        if size <= self.published_size or size in self._gatherings:
            return
        text = Checkpoint(self._origin, size, header.tree_root).text()
        gathering = _Gathering(header.height, text, self._policy(voters_before(self._chain.overlay, header.height)))
        self._gatherings[size] = gathering
        while len(self._gatherings) > GATHERED_MAX:
            del self._gatherings[next(iter(self._gatherings))]
        for note in self._early_until(size):
            if note.text == text:
                self._take(size, gathering, note, now_ms)

    def hear(self, data: bytes, now_ms: int) -> bool:
        """Take a signed note, this node's own or another's; whether it is news, to be passed on.

        Raises:
            RemoteProtocolError: it is no checkpoint, or of another log.
        """
        note = Note.parse(data)
        checkpoint = Checkpoint.parse(note.text)
        if checkpoint.origin != self._origin:
            raise InvalidNoteError("a checkpoint of {origin!r} has no place here", origin=checkpoint.origin[:80])
        size = checkpoint.tree_size
        gathering = self._gatherings.get(size)
        if gathering is not None:
            return note.text == gathering.text and self._take(size, gathering, note, now_ms)
        # Of a tree within what is executed here: none of its checkpoints, or one that is too old to matter. What is of
        # use for nobody here any more is still passed on above: what one node drops, those behind it look for on other
        # links and make them part of the broadcast tree.
        return size > self._executed_size and self._keep_early(size, note)

    def take_ready(self) -> SignedCheckpoint | None:
        """A checkpoint that a quorum has cosigned since the last call, to be written down."""
        ready, self._ready = self._ready, None
        return ready

    def to_give(self, peer: Hash, committed_height: int, now_ms: int) -> bytes | None:
        """What a neighbour that has committed so much may have missed of the newest checkpoint; once for each state."""
        newest = self._newest
        if newest is None or committed_height < newest.height or now_ms - self._changed_ms < SETTLED_AFTER_MS:
            return None
        state = (newest.tree_size, newest.count)
        if self._given.get(peer) == state:
            return None
        self._given[peer] = state
        return newest.note()

    def forget(self, peer: Hash) -> None:
        """A neighbour is gone."""
        self._given.pop(peer, None)

    def _early_until(self, size: int) -> list[Note]:
        """Take out what came early of trees up to `size`: the notes of this very size."""
        found = []
        for notes in self._early.values():
            while notes and notes[0][0] <= size:
                known, note = notes.popleft()
                if known == size:
                    found.append(note)
        self._early = {key: notes for key, notes in self._early.items() if notes}
        return found

    @property
    def _executed_size(self) -> int:
        return max(next(reversed(self._gatherings), 0), self.published_size)

    def _continue_from(self, reader: StoreReader, note: bytes) -> None:
        parsed = Note.parse(note)
        self.published_size = Checkpoint.parse(parsed.text).tree_size
        height = reader.height_of(self.published_size - 1)
        assert height is not None, "a checkpoint is of executed blocks"
        self._newest = _Newest(self.published_size, height, len(parsed.signatures) - 1, lambda: note)

    def _take(self, size: int, gathering: _Gathering, note: Note, now_ms: int) -> bool:
        if not gathering.add(note):
            return False
        if size > self.published_size:
            self._changed_ms = now_ms
            if self._newest is None or size >= self._newest.tree_size:
                self._newest = _Newest(size, gathering.height, len(gathering.cosigned), gathering.note)
            if gathering.has_quorum:
                self.published_size = size
                self._ready = SignedCheckpoint(size, gathering.note())
        return True

    def _keep_early(self, size: int, note: Note) -> bool:
        """Whether a voter of today signed it, for the first time at this size or above."""
        policy = self._policy(self._chain_voters())
        news = False
        for one in policy.cosignatures(note):
            notes = self._early.setdefault(one.witness.key.public_key, deque(maxlen=EARLY_MAX))
            if not notes or notes[-1][0] < size:
                notes.append((size, note))
                news = True
        return news

    def _chain_voters(self) -> VoterRecord:
        return voters_before(self._chain.overlay, self._chain.executed_height + 1)

    def _policy(self, voters: VoterRecord) -> Policy:
        """The policy of these voters; the newest two are kept, what is under way is of no others."""
        policy = self._policies.get(voters.number)
        if policy is None:
            described = [PolicyVoter(voter.name, voter.log, voter.cosigner) for voter in voters.voters]
            policy = Policy.of_voters(self._origin, described, voters.voter_set.quorum_size)
            self._policies[voters.number] = policy
            while len(self._policies) > 2:
                del self._policies[next(iter(self._policies))]
        return policy
