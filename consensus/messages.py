"""Everything that voters sign about agreement.

Owns the list of statements and their fields; never counts them (`certificates` and `agreement` do). All
of them cover network id, voter-set hash and term, so that none can be counted where it was not meant. The network id
and the hash of the voter set come first everywhere. Source: docs/protocol.md, section 6.
"""

from dataclasses import dataclass
from typing import ClassVar

from consensus.statement import Field, Statement
from ledger.hashing import Hash

_LAST = (Field.COUNT, Field.COUNT, Field.HASH)


@dataclass(frozen=True, slots=True)
class PreVoteRequest(Statement):
    """`asker` would stand for election in `term`, one above its own, if a quorum says that it could win.

    `round` is drawn anew for each attempt; the `last_*` name the asker's newest stored block.
    """

    NAME: ClassVar[str] = "pre-vote-request"
    FIELDS: ClassVar = (Field.HASH, Field.NONCE, *_LAST)

    asker: Hash
    round: bytes
    last_term: int
    last_height: int
    last_hash: Hash


@dataclass(frozen=True, slots=True)
class PreVote(Statement):
    """`voter` would vote for `asker` in `term`: it hears no leader, and the asker's chain is not behind its own."""

    NAME: ClassVar[str] = "pre-vote"
    FIELDS: ClassVar = (Field.HASH, Field.NONCE, Field.HASH)

    asker: Hash
    round: bytes
    voter: Hash


@dataclass(frozen=True, slots=True)
class VoteRequest(Statement):
    """`candidate` asks for votes in `term`; the `last_*` name its newest stored block."""

    NAME: ClassVar[str] = "vote-request"
    FIELDS: ClassVar = (Field.HASH, *_LAST)

    candidate: Hash
    last_term: int
    last_height: int
    last_hash: Hash


@dataclass(frozen=True, slots=True)
class Vote(Statement):
    """A vote for `candidate` in `term`; the `last_*` are the voter's own newest stored block."""

    NAME: ClassVar[str] = "vote"
    FIELDS: ClassVar = (Field.HASH, Field.HASH, *_LAST)

    candidate: Hash
    voter: Hash
    last_term: int
    last_height: int
    last_hash: Hash


@dataclass(frozen=True, slots=True)
class Acknowledgement(Statement):
    """A voter has checked and durably stored the block with this hash, and all its ancestors."""

    NAME: ClassVar[str] = "acknowledgement"
    FIELDS: ClassVar = (Field.POSITIVE, Field.HASH, Field.HASH, Field.HASH)

    height: int
    block_hash: Hash
    previous_hash: Hash
    voter: Hash


@dataclass(frozen=True, slots=True)
class Heartbeat(Statement):
    """`leader` lives: `counter` rises with each; the `tip_*` name its newest block, proposed or about to be."""

    NAME: ClassVar[str] = "heartbeat"
    FIELDS: ClassVar = (Field.HASH, Field.POSITIVE, *_LAST, Field.COUNT)

    leader: Hash
    counter: int
    tip_term: int
    tip_height: int
    tip_hash: Hash
    committed_height: int


@dataclass(frozen=True, slots=True)
class HeartbeatAnswer(Statement):
    """`voter` heard the leader's heartbeat `counter`; the `tip_*` name its own newest stored block."""

    NAME: ClassVar[str] = "heartbeat-answer"
    FIELDS: ClassVar = (Field.HASH, Field.POSITIVE, *_LAST)

    voter: Hash
    counter: int
    tip_term: int
    tip_height: int
    tip_hash: Hash


@dataclass(frozen=True, slots=True)
class Transfer(Statement):
    """`leader` of `term` wants `successor` to lead the next term; the `tip_*` name the newest block it proposed."""

    NAME: ClassVar[str] = "transfer"
    FIELDS: ClassVar = (Field.HASH, Field.HASH, *_LAST)

    leader: Hash
    successor: Hash
    tip_term: int
    tip_height: int
    tip_hash: Hash


@dataclass(frozen=True, slots=True)
class ReadQuestion(Statement):
    """`asker`, any node of the registry, wants to know from the leader of `term` the height of a linearizable read."""

    NAME: ClassVar[str] = "read-question"
    FIELDS: ClassVar = (Field.HASH, Field.NONCE)

    asker: Hash
    question: bytes


@dataclass(frozen=True, slots=True)
class ReadAnswer(Statement):
    """What was committed before `question` was asked lies at or below `height`, which is committed now."""

    NAME: ClassVar[str] = "read-answer"
    FIELDS: ClassVar = (Field.HASH, Field.NONCE, Field.COUNT)

    leader: Hash
    question: bytes
    height: int


# Which field names the node that signs.
_SIGNERS: dict[type[Statement], str] = {
    PreVoteRequest: "asker",
    PreVote: "voter",
    VoteRequest: "candidate",
    Vote: "voter",
    Acknowledgement: "voter",
    Heartbeat: "leader",
    HeartbeatAnswer: "voter",
    Transfer: "leader",
    ReadQuestion: "asker",
    ReadAnswer: "leader",
}


def signer_of(statement: Statement) -> Hash:
    """The node id of whoever must have signed the statement."""
    signer: Hash = getattr(statement, _SIGNERS[type(statement)])
    return signer
