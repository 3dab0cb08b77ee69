"""Every rule can be broken, is then found, and is not found broken otherwise."""

from typing import Any

import pytest

from consensus.certificates import BlockCertificate
from contracts.result import Result
from daemon.sign_state import SignState
from ledger.checkpoint import Checkpoint
from ledger.hashing import ZERO_HASH
from ledger.note import Note, NoteSignature
from simulator.adapter import CommittedTransaction
from simulator.checkers.every_rule import every_rule
from simulator.checkers.rule import Watch
from simulator.observation import (
    Acknowledged,
    BatchDurable,
    BlockTold,
    CalmBegan,
    DatabaseReplaced,
    EvidenceShown,
    LiarNamed,
    NodeAtEnd,
    NodeBroke,
    NodeEnded,
    NodeStarted,
    Observation,
    OperationBegan,
    OperationEnded,
    QueueSeen,
    RoleTaken,
    StateSigned,
    Stream,
)
from simulator.schedule import SECOND_US
from storage.interface import ExecutedId, StoredBlock, StoredExecution, StoredHeader, WriteBatch

A, B = b"a" * 32, b"b" * 32


def certificate(height: int, block_hash: bytes) -> bytes:
    return BlockCertificate(1, height, block_hash, ZERO_HASH, ZERO_HASH, ()).encode()


def block(height: int, block_hash: bytes) -> StoredBlock:
    return StoredBlock(StoredHeader(height, 1, b"", block_hash, b"", b"", height, 1), (b"",))


def execution(height: int, **changes: Any) -> StoredExecution:
    fields: dict[str, Any] = {
        "height": height,
        "certificate": certificate(height, A),
        "tree_size": height,
        "tile_hashes": (),
        "ids": (),
        "results": (),
        "links": (),
        "changes": (),
        "digest_lanes": b"",
        "state_digest": ZERO_HASH,
    }
    return StoredExecution(**(fields | changes))


def durable(node: int, height: int, block_hash: bytes = A, **changes: Any) -> BatchDurable:
    return BatchDurable(
        1, node, WriteBatch(blocks=(block(height, block_hash),), executions=(execution(height, **changes),))
    )


def told(node: int, height: int, time_us: int = 2) -> BlockTold:
    result = Result(height, height, A, "ok", {}, (), (), ())
    return BlockTold(time_us, node, height, height, (CommittedTransaction(A, height, result),))


def published(node: int, size: int, root: bytes = A) -> BatchDurable:
    text = Checkpoint("huaxin.example/ledger", size, root).text()
    note = Note(text, (NoteSignature("alpha", b"1234", b"signature"),))
    return BatchDurable(1, node, WriteBatch(checkpoint=note.encode()))


def at_end(node: int, *hashes: bytes, running: bool = True) -> NodeAtEnd:
    return NodeAtEnd(60 * SECOND_US, node, running, len(hashes), ZERO_HASH, hashes)


def signed(node: int, **changes: Any) -> StateSigned:
    return StateSigned(1, node, SignState(**changes))


CALM = CalmBegan(10 * SECOND_US, 50 * SECOND_US)
RESUMED = Acknowledged(45 * SECOND_US, 0, A, 1, 7, 11 * SECOND_US)
PLACED = durable(0, 1, ids=(ExecutedId(A, 9, 7),))

PUBLISHED = "one log is signed, and every node learns of it"

BREACHES: list[tuple[str, list[Observation]]] = [
    ("one certificate a height", [durable(0, 1), durable(1, 1, certificate=certificate(1, B))]),
    ("one certificate a height", [durable(0, 1), durable(1, 1, B)]),
    ("one certificate a height", [durable(0, 1, B)]),
    ("no committed block lost", [durable(0, 1), told(0, 1), NodeStarted(3, 0, 0, 0)]),
    ("no committed block lost", [durable(0, 1), told(0, 1), at_end(0), at_end(1)]),
    ("no committed block lost", [durable(0, 1), at_end(1, B)]),
    ("no committed block lost", [PLACED, Acknowledged(3, 0, A, 1, 8, 0)]),
    ("no committed block lost", [Acknowledged(3, 0, A, 1, 7, 0)]),
    ("each timer once and in time", [durable(0, 1), durable(1, 1, effects=(b"an effect",))]),
    (
        "no transaction twice",
        [PLACED, durable(0, 2, certificate=certificate(2, A), ids=(ExecutedId(A, 9, 11),))],
    ),
    ("no transaction twice", [durable(0, 1, ids=(ExecutedId(A, 9, 7), ExecutedId(A, 9, 7)))]),
    ("one state a height", [durable(0, 1), durable(1, 1, state_digest=B)]),
    ("one state a height", [durable(0, 1), durable(1, 1, tree_size=9)]),
    ("durable before told", [told(0, 1)]),
    ("durable before told", [durable(0, 1), durable(1, 1), told(0, 1), told(1, 2)]),
    ("durable before told", [durable(0, 1), DatabaseReplaced(2, 0, True), NodeStarted(3, 0, 0, 0), told(0, 1)]),
    ("signed once", [signed(0, term=2, voted_for=A), signed(0, term=2, voted_for=B)]),
    (
        "signed once",
        [
            signed(0, acknowledged_term=2, acknowledged_height=3, acknowledged_hash=A),
            signed(0, term=3, acknowledged_term=2, acknowledged_height=3, acknowledged_hash=B),
        ],
    ),
    (
        "signed once",
        [
            signed(0, proposed_term=2, proposed_height=3, proposed_hash=A),
            signed(0, proposed_term=2, proposed_height=3, proposed_hash=B),
        ],
    ),
    ("one leader a term", [RoleTaken(1, 0, "leader", 2), RoleTaken(2, 1, "leader", 2)]),
    ("evidence names exactly the liars", [EvidenceShown(1, 0, A, "two-votes")]),
    ("evidence names exactly the liars", [LiarNamed(0, 1, A), LiarNamed(0, 2, B), EvidenceShown(1, 0, A, "two-votes")]),
    ("no node gives up by itself", [NodeBroke(1, 0, "AssertionError")]),
    ("no node gives up by itself", [NodeEnded(1, 0, "refused")]),
    (
        "no node gives up by itself",
        [DatabaseReplaced(1, 0, True), DatabaseReplaced(2, 0, False), NodeEnded(3, 0, "refused")],
    ),
    ("every queue within its bound", [QueueSeen(1, 0, "pool", 11, 10)]),
    (
        "linearizable reads",
        [
            OperationBegan(1, 0, 1, "post", "unit"),
            OperationEnded(2, 0, 1, 1),
            OperationBegan(3, 0, 2, "read", "unit"),
            OperationEnded(4, 0, 2, 0),
        ],
    ),
    ("progress resumes", [CALM]),
    ("progress resumes", [PLACED, CALM, RESUMED._replace(time_us=51 * SECOND_US)]),
    ("progress resumes", [PLACED, CALM._replace(until_us=20 * SECOND_US), RESUMED._replace(time_us=19 * SECOND_US)]),
    ("progress resumes", [PLACED, CALM, RESUMED._replace(submitted_us=9 * SECOND_US)]),
    ("progress resumes", [PLACED, CALM, RESUMED, at_end(0, A, running=False)]),
    ("progress resumes", [PLACED, CALM, told(0, 1, 25 * SECOND_US), RESUMED, at_end(0, A), at_end(1)]),
    (PUBLISHED, [published(0, 5), published(1, 5, B)]),
    (PUBLISHED, [published(0, 5), published(0, 4)]),
    (PUBLISHED, [PLACED, published(0, 1), CALM, told(0, 1, 25 * SECOND_US), RESUMED, at_end(0, A), at_end(1, A)]),
]


def judged(observations: list[Observation], liars: frozenset[int] = frozenset()) -> str | None:
    stream = Stream()
    stopped: list[bool] = []
    watch = Watch(every_rule(), stream, lambda: stopped.append(True), liars)
    for one in observations:
        stream.tell(one)
    watch.end(60 * SECOND_US)
    assert bool(stopped) == (watch.found is not None)
    return watch.found.rule if watch.found is not None else None


@pytest.mark.parametrize(("rule", "observations"), BREACHES)
def test_a_breach_is_found_under_its_rule(rule: str, observations: list[Observation]) -> None:
    assert judged(observations) == rule


def test_every_rule_has_a_breach() -> None:
    assert {rule for rule, _ in BREACHES} == {checker.RULE for checker in every_rule()}


@pytest.mark.parametrize(
    "observations",
    [
        [PLACED, durable(1, 1, ids=(ExecutedId(A, 9, 7),)), told(0, 1), told(1, 1), at_end(0, A), at_end(1, A)],
        [durable(0, 1), told(0, 1), DatabaseReplaced(3, 0, True), NodeStarted(4, 0, 0, 0), durable(0, 1), at_end(0, A)],
        [durable(0, 1), durable(0, 2, B, certificate=certificate(2, B)), NodeStarted(4, 0, 2, 2)],
        # A block that was replaced before it was committed.
        [
            BatchDurable(1, 0, WriteBatch(blocks=(block(1, B),))),
            BatchDurable(1, 0, WriteBatch(drop_blocks_from=1, blocks=(block(1, A),))),
            BatchDurable(1, 0, WriteBatch(executions=(execution(1),))),
            durable(1, 1),
        ],
        [RoleTaken(1, 0, "leader", 2), RoleTaken(2, 1, "follower", 2), RoleTaken(3, 1, "leader", 3)],
        [RoleTaken(1, 0, "leader", 2), RoleTaken(2, 0, "leader", 2)],
        [LiarNamed(0, 1, A), EvidenceShown(1, 0, A, "two-votes")],
        # It had no occasion to lie, such as a liar among leaders whom nobody elected.
        [LiarNamed(0, 1, A, must_be_named=False)],
        [signed(0, term=2, voted_for=A), signed(1, term=2, voted_for=B), signed(0, term=3, voted_for=B)],
        [DatabaseReplaced(1, 0, True), NodeEnded(2, 0, "refused"), NodeEnded(3, 1, "killed")],
        [QueueSeen(1, 0, "pool", 10, 10)],
        [
            PLACED,
            published(0, 1),
            published(1, 9),
            CALM,
            told(0, 1, 25 * SECOND_US),
            RESUMED,
            at_end(0, A),
            at_end(1, A),
        ],
        [published(0, 5), published(1, 4), published(1, 5), DatabaseReplaced(2, 0, True), published(0, 4)],
        [CALM._replace(until_us=0)],
    ],
)
def test_what_is_allowed_is_not_found(observations: list[Observation]) -> None:
    assert judged(observations) is None


def test_rules_are_for_the_honest() -> None:
    lies: list[Observation] = [
        LiarNamed(0, 1, A),
        RoleTaken(1, 0, "leader", 2),
        RoleTaken(2, 1, "leader", 2),
        NodeBroke(3, 1, "whatever"),
        signed(1, term=2, voted_for=A),
        signed(1, term=2, voted_for=B),
        EvidenceShown(4, 1, B, "made up"),
        EvidenceShown(4, 0, A, "two-votes"),
    ]
    assert judged(lies, frozenset({1})) is None
    assert judged(lies) is not None
