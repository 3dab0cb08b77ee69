"""What every simulated process has around it: the world's parts that it may use, and nothing of other processes."""

from dataclasses import dataclass

from consensus.timing import Timing
from contracts.protocols import Protocols
from ledger.hashing import Hash
from simulator.adapter import NodeFactory, OverlaySettings
from simulator.connections import Connections
from simulator.identities import Identities
from simulator.network import Network
from simulator.observation import Stream
from simulator.parcels import Parcels
from simulator.schedule import Schedule
from simulator.trace import Trace
from simulator.verification import Verification


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Shared by the processes of one world.

    `factories` and `neighbours` have one for each node, `numbers` each node's number by its id.
    """

    seed: int
    schedule: Schedule
    stream: Stream
    trace: Trace
    identities: Identities
    numbers: dict[Hash, int]
    protocols: Protocols
    timing: Timing
    factories: tuple[NodeFactory, ...]
    neighbours: tuple[OverlaySettings, ...]
    verification: Verification
    parcels: Parcels
    network: Network
    connections: Connections
