"""Cost of one step of the agreement core, apart from cryptography, for 3 to 21 voters.

Signing and verifying are replaced by nothing; what is left is what the state machine itself does. A run commits blocks
of one term: each is stored, accepted, kept and acknowledged by everybody, with a heartbeat and its answers between.
Making the packets is outside the clock, and reading them (`Packet.decode`) is measured for itself. Time is that of the
processor: what other programs take from a shared machine is not the core's.

Run: `python -m benchmarks.core [--blocks N] [--runs N]`
"""

import argparse
import gc
import statistics
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

from benchmarks.report import write_report
from consensus.agreement import Agreement
from consensus.branch import Branch
from consensus.effects import KeepAcknowledgement, KeepTerm, ReadConfirmed
from consensus.events import (
    Accepted,
    AcknowledgementKept,
    BlocksStored,
    Campaign,
    ChainLink,
    Event,
    Heard,
    ReadAsked,
    Started,
    TermCertificateHeard,
    TermKept,
    Tick,
)
from consensus.messages import Acknowledgement, Heartbeat, HeartbeatAnswer, PreVote, Vote
from consensus.packets import Packet
from consensus.settings import Kept, Settings
from consensus.statement import Position, SignedMessage, Statement
from consensus.voters import Voter, VoterSet
from ledger.hashing import Hash, sha256
from ledger.node_keys import NodeKeys

NETWORK = bytes(32)
GENESIS = Position(0, 0, NETWORK)
SIZES = (3, 5, 9, 15, 21)
REQUIRED_US = 20
BLOCK_INTERVAL_MS = 20
SIGNATURE = bytes(64)
STEPS = (
    "acknowledgement heard by the leader",
    "acknowledgement heard by a follower",
    "heartbeat heard by a follower",
    "answer heard by the leader",
    "block stored, accepted and acknowledged",
    "tick of the leader",
    "linearizable read, question and confirmation",
)
READING = "reading an acknowledgement's packet"


class Costs:
    """Seconds and steps of each kind."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys((*STEPS, READING), 0.0)
        self.counts = dict.fromkeys((*STEPS, READING), 0)

    @contextmanager
    def of(self, kind: str, count: int) -> Iterator[None]:
        """Measure what is done inside as so many steps."""
        started = time.process_time()
        yield
        self.seconds[kind] += time.process_time() - started
        self.counts[kind] += count

    def microseconds(self, kind: str) -> float:
        """The mean of one step."""
        return self.seconds[kind] / self.counts[kind] * 1e6


class Dice:
    """Chance without chance."""

    def __init__(self) -> None:
        self._drawn = 0

    def below(self, limit: int) -> int:
        """Always the same."""
        return limit // 2

    def nonce(self) -> bytes:
        """A counter."""
        self._drawn += 1
        return self._drawn.to_bytes(16)


class Node:
    """One core, whose neighbours are played here."""

    def __init__(self, keys: NodeKeys, voters: VoterSet) -> None:
        self.id = keys.node_id
        self.voters = voters
        self.now_ms = 0
        self.core = Agreement(
            Settings(NETWORK, self.id, keys.agreement),
            voters,
            (),
            Kept(0, None, None, GENESIS),
            Branch(GENESIS, 0),
            (b"", b""),
            Dice(),
            lambda header, signature: None,
            0,
        )
        self.steps((Started(),))

    def steps(self, events: Iterable[Event]) -> list[object]:
        """Take the events one after the other; all effects."""
        found: list[object] = []
        for event in events:
            found += self.core.step(event, self.now_ms)
        return found

    def lead(self) -> TermCertificateHeard:
        """Win term 1 with everybody's votes; the proof of it."""
        self.steps((Campaign(),))
        others = [one.node_id for one in self.voters.voters if one.node_id != self.id]
        nonce = (1).to_bytes(16)
        granted = [PreVote(NETWORK, self.voters.hash, 1, self.id, nonce, voter) for voter in others]
        for kept in [one for one in self.steps(map(_heard, granted)) if isinstance(one, KeepTerm)]:
            self.steps((TermKept(kept.term),))
        votes = [Vote(NETWORK, self.voters.hash, 1, self.id, voter, *GENESIS) for voter in others]
        won = next(one for one in self.steps(map(_heard, votes)) if hasattr(one, "certificate"))
        return TermCertificateHeard(won.certificate)


def _heard(statement: Statement, *attachments: bytes) -> Heard:
    return Heard(Packet(statement, SignedMessage(statement.encode(), SIGNATURE), attachments))


def run(size: int, blocks: int) -> Costs:
    """Let a leader and a follower of `size` voters commit so many blocks."""
    costs = Costs()
    keys = [NodeKeys.from_seed(bytes([number + 1]) * 32) for number in range(size)]
    voters = VoterSet(tuple(Voter(one.node_id, one.agreement.public) for one in keys), "majority")
    leader, follower = Node(keys[0], voters), Node(keys[1], voters)
    follower.steps((leader.lead(), TermKept(1)))
    others = [one.node_id for one in keys[1:]]
    parent = GENESIS
    for height in range(1, blocks + 1):
        position = Position(1, height, sha256(height.to_bytes(8)))
        told = {one.node_id: _acknowledgement(voters, position, parent, one.node_id) for one in keys}
        _block(costs, (leader, follower), position, parent, voters)
        events = [_heard(told[one]) for one in others]
        with costs.of("acknowledgement heard by the leader", len(events)):
            leader.steps(events)
        events = [_heard(told[one.node_id]) for one in keys if one is not keys[1]]
        with costs.of("acknowledgement heard by a follower", len(events)):
            follower.steps(events)
        assert leader.core.committed_height == follower.core.committed_height == height
        _pulse(costs, leader, follower, told, others)
        packet = _heard(told[others[0]]).packet.encode()
        with costs.of(READING, 1):
            Packet.decode(packet)
        parent = position
    return costs


def _acknowledgement(voters: VoterSet, position: Position, parent: Position, voter: Hash) -> Acknowledgement:
    term, height, hash_ = position
    return Acknowledgement(NETWORK, voters.hash, term, height, hash_, parent.hash, voter)


def _block(costs: Costs, nodes: tuple[Node, Node], position: Position, parent: Position, voters: VoterSet) -> None:
    stored = BlocksStored((ChainLink(position, parent.hash, voters.hash),), b"header", SIGNATURE)
    for node in nodes:
        with costs.of("block stored, accepted and acknowledged", 1):
            effects = node.steps((stored, Accepted(position), AcknowledgementKept(position)))
        assert any(isinstance(one, KeepAcknowledgement) for one in effects)


def _pulse(costs: Costs, leader: Node, follower: Node, told: dict[Hash, Acknowledgement], others: list[Hash]) -> None:
    """Time goes on; a question is asked, a heartbeat sent for it, and answered by all."""
    leader.now_ms += BLOCK_INTERVAL_MS
    follower.now_ms = leader.now_ms
    with costs.of("tick of the leader", 1):
        leader.steps((Tick(),))
    question = leader.now_ms.to_bytes(8)
    with costs.of("linearizable read, question and confirmation", 1):
        effects = leader.steps((ReadAsked(question),))
    beats = [one.packet for one in effects if hasattr(one, "packet") and isinstance(one.packet.statement, Heartbeat)]
    beat = beats[-1]
    with costs.of("heartbeat heard by a follower", 1):
        follower.steps((Heard(beat),))
    answers = []
    for voter in others:
        tip = leader.core.tip
        answer = HeartbeatAnswer(NETWORK, leader.voters.hash, 1, voter, beat.statement.counter, *tip)
        answers.append(_heard(answer, told[voter].encode(), SIGNATURE))
    with costs.of("answer heard by the leader", len(answers)):
        effects = leader.steps(answers)
    assert any(isinstance(one, ReadConfirmed) for one in effects)


def measure(blocks: int, runs: int) -> None:
    """All sizes; write `benchmarks/results/core.{json,md}`."""
    figures: dict[str, object] = {}
    worst = 0.0
    for size in SIZES:
        measured = []
        for _ in range(runs):
            gc.collect()
            measured.append(run(size, blocks))
        for kind in (*STEPS, READING):
            mean = statistics.median(one.microseconds(kind) for one in measured)
            figures[f"{size} voters: {kind}, µs"] = round(mean, 1)
            if kind.startswith(("acknowledgement", "heartbeat", "answer")):
                worst = max(worst, mean)
    figures["largest of acknowledgement, heartbeat and answer, µs"] = round(worst, 1)
    figures["required, µs"] = REQUIRED_US
    write_report("core", "One step of the agreement core, apart from cryptography", figures)


def main() -> None:
    """Parse the options and measure."""
    parser = argparse.ArgumentParser(description="what one step of the agreement core costs")
    parser.add_argument("--blocks", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    verifying = patch("ledger.valid_signatures.verify_ed25519", lambda key, message, signature: True)
    signing = patch("ledger.signing.SigningKey.sign", lambda key, message: SIGNATURE)
    with verifying, signing:
        measure(options.blocks, options.runs)


if __name__ == "__main__":
    main()
