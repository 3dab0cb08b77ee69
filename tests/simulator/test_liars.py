"""One of four nodes lies, each in one way, under the two-thirds quorum; what the honest three do keeps every rule.

Thesis and paper assume that nobody lies; docs/divergence.md says what the two-thirds quorum promises beyond them.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from consensus.messages import VoteRequest
from consensus.packets import PROOF, Packet
from ledger.genesis import QUORUMS
from ledger.hashing import Hash
from p2p.frame import Frame
from p2p.frames import Gossip, PayloadKind
from simulator.adapter import Blame, Boot, Effect, Event, NodeStatus, make_node
from simulator.faults import BIT_FLIP
from simulator.liars.every_liar import LIARS, scenario_with_liar
from simulator.liars.liar import Liar
from simulator.run import Report, run
from simulator.scenario import Scenario, setting_of

NODES, LYING = 4, 1
BLAMED: Counter[Hash] = Counter()


class Watched:
    """An honest node; whom it blames is counted."""

    def __init__(self, boot: Boot) -> None:
        self._node = make_node(boot)

    def step(self, event: Event) -> list[Effect]:
        effects = self._node.step(event)
        BLAMED.update(effect.peer for effect in effects if isinstance(effect, Blame))
        return effects

    def status(self) -> NodeStatus:
        return self._node.status()


class Truthful(Liar):
    """Does not lie at all."""


class MalformedProofs(Liar):
    """Asks for votes with a certificate that is none."""

    def told(self, peer: bytes, frame: Frame) -> Iterator[Frame]:
        if isinstance(frame, Gossip) and self.is_own(frame) and frame.kind is PayloadKind.AGREEMENT:
            packet = Packet.decode(frame.payload)
            if isinstance(packet.statement, VoteRequest):
                assert PROOF == 0, "what follows it stays"
                wrong = replace(packet, attachments=(b"none", *packet.attachments[1:]))
                frame = Gossip.of(PayloadKind.AGREEMENT, wrong.encode())
        yield frame


def lied(kind: type[Liar], seed: int, seconds: int = 20) -> tuple[Report, Liar]:
    """A run with a liar of this kind, and the liar."""
    liars: list[Liar] = []

    class Noted(kind):  # type: ignore[misc, valid-type]
        def __init__(self, boot: Boot) -> None:
            super().__init__(boot)
            liars.append(self)

    scenario = Scenario(
        nodes=NODES,
        seconds=seconds,
        kinds=(),
        overlay="mesh",
        quorum=QUORUMS[1],
        factory=Watched,
        liars={LYING: Noted},
    )
    BLAMED.clear()
    report = run(seed, scenario, shrink_runs_max=0)
    (liar,) = liars
    return report, liar


@cache
def leading_seed() -> int:
    """A seed with which the node that lies is the first to lead."""
    return next(seed for seed in range(1, 50) if lied(Truthful, seed, 3)[1].status().role == "leader")


@pytest.mark.parametrize("name", LIARS)
def test_the_honest_keep_every_rule_beside_a_liar(name: str) -> None:
    report, _ = lied(LIARS[name], 1 if name in ("double-voter", "withheld-blocks") else leading_seed())
    assert report.violation is None
    assert report.figures.transactions > 0


def test_a_request_for_votes_with_a_malformed_certificate_ends_nobody() -> None:
    """The liar stands first, and asks so; each node that heard it gave up.

    Guard: daemon/node.py, `_agree`, "except RemoteProtocolError as error".
    """
    report, _ = lied(MalformedProofs, leading_seed())
    assert report.violation is None


def test_a_flooder_is_blamed_and_nobody_else() -> None:
    report, liar = lied(LIARS["flooding"], 1)
    assert report.violation is None
    assert set(BLAMED) == {liar.boot.keys.node_id}


@pytest.mark.parametrize("seed", range(20))
def test_no_honest_voter_loses_what_it_signed_where_the_quorum_bears_one_fault_only(seed: int) -> None:
    """A liar that withholds and a voter that must recover are two of four: nobody promises progress then."""
    faults = setting_of(seed, scenario_with_liar("withheld-blocks", 60)).faults
    assert faults
    assert not [one for one in faults if one.kind == BIT_FLIP or one.parameters.get("keep") is True]
