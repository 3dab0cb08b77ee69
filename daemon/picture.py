"""Taking the picture of a node that `status` shows. Pure.

Owns which part of the node each figure comes from; changes nothing.
"""

from collections.abc import Mapping

from consensus.agreement import Agreement
from daemon.chain import Chain
from daemon.mempool import Mempool
from daemon.node_errors import ChangeWaitsError
from daemon.status import NodeStatus
from daemon.voters_in_force import VotersInForce
from ledger.hashing import Hash


def picture(
    node_id: Hash,
    agreement: Agreement,
    chain: Chain,
    voters: VotersInForce,
    pool: Mempool,
    neighbour_heights: Mapping[Hash, int],
    *,
    change_waits: ChangeWaitsError | None,
    opened: bool,
    accepting: bool,
    checkpoint_size: int,
    unstored_batches: int,
) -> NodeStatus:
    """One node as it is now; O(log n) for the root of the newest tree."""
    return NodeStatus(
        node_id=node_id,
        role=agreement.role.value,
        term=agreement.term,
        leader=agreement.leader,
        opened=opened,
        accepting=accepting,
        voters=tuple(voter.node_id for voter in agreement.voters.voters),
        voters_number=voters.record.number,
        voters_confirmed=voters.is_confirmed,
        change_waits=change_waits,
        neighbours_count=len(neighbour_heights),
        lag_blocks=max(max(neighbour_heights.values(), default=0) - chain.executed_height, 0),
        height=chain.tip.height,
        committed_height=agreement.committed_height,
        executed_height=chain.executed_height,
        tree_size=chain.tip.tree.size,
        tree_root=chain.tip.tree.root(),
        state_digest=chain.executed_digest,
        checkpoint_size=checkpoint_size,
        mempool_count=len(pool),
        mempool_size_bytes=pool.size_bytes,
        unstored_batches=unstored_batches,
    )
