"""All the ways to lie, by name."""

from ledger.genesis import QUORUMS
from simulator.errors import InvalidScenarioError
from simulator.liars.behaving_badly import Floods, WithholdsBlocks
from simulator.liars.liar import Liar
from simulator.liars.making_up import ForgesCertificates, InflatesTerms, ProposesInvalidBlocks
from simulator.liars.signing_twice import AcknowledgesTwice, ProposesTwice, VotesTwice
from simulator.overlays import MESH
from simulator.scenario import Scenario

LIARS: dict[str, type[Liar]] = {
    "equivocating-leader": ProposesTwice,
    "double-voter": VotesTwice,
    "double-acknowledger": AcknowledgesTwice,
    "forged-certificates": ForgesCertificates,
    "term-inflation": InflatesTerms,
    "withheld-blocks": WithholdsBlocks,
    "flooding": Floods,
    "invalid-blocks": ProposesInvalidBlocks,
}

# One of so many nodes lies: with two thirds, the least number that can bear one.
LYING_NODES_MIN = 4
LYING_NODE = 1


def scenario_with_liar(name: str, seconds: int, nodes: int = LYING_NODES_MIN) -> Scenario:
    """One node lies, in the way called `name`, and the quorum is two thirds; faults are drawn as always.

    Everybody is everybody's neighbour: a liar between two parts of a network can always keep them apart.

    Raises:
        InvalidScenarioError: there is no such way, or there are too few nodes.
    """
    if name not in LIARS:
        raise InvalidScenarioError("no node lies by {name}; take one of {choices}", name=name, choices=", ".join(LIARS))
    return Scenario(nodes=nodes, seconds=seconds, overlay=MESH, quorum=QUORUMS[1], liars={LYING_NODE: LIARS[name]})
