"""Taking the picture of a node that `status` shows. Pure.

Owns which part of the node each figure comes from; changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping

from consensus.agreement import Agreement
from daemon.chain import Chain
from daemon.mempool import Mempool
from daemon.node_errors import ChangeWaitsError
from daemon.protocol_in_force import ProtocolInForce
from daemon.status import NodeStatus
from daemon.sync_progress import SyncProgress
from daemon.voters_in_force import VotersInForce
from ledger.hashing import Hash

# Nobody who was not heard for so long is told to lead, though nobody else was elected in its place yet: without a
# quorum that may last for days. The same as for `banyan doctor`; an election takes a second or two.
LEADER_SILENT_MS_MAX = 10_000


def picture(
    node_id: Hash,
    agreement: Agreement,
    chain: Chain,
    voters: VotersInForce,
    protocol: ProtocolInForce,
    pool: Mempool,
    neighbour_heights: Mapping[Hash, int],
    heard_ages_ms: Callable[[Iterable[Hash]], Mapping[Hash, int | None]],
    sync: SyncProgress,
    *,
    change_waits: ChangeWaitsError | None,
    opened: bool,
    accepting: bool,
    checkpoint_size: int,
    unstored_batches: int,
) -> NodeStatus:
    """One node as it is now; O(log n) for the root of the newest tree."""
    voter_ids = tuple(voter.node_id for voter in agreement.voters.voters)
    ages_ms = heard_ages_ms(voter_ids)
    leader = agreement.leader
    leader_age_ms = None if leader is None else ages_ms.get(leader)
    if leader_age_ms is not None and leader_age_ms > LEADER_SILENT_MS_MAX:
        leader = None
    return NodeStatus(
        node_id=node_id,
        role=agreement.role.value,
        term=agreement.term,
        leader=leader,
        opened=opened,
        accepting=accepting,
        voters=voter_ids,
        voters_heard_ms=ages_ms,
        quorum_size=agreement.voters.quorum_size,
        voters_number=voters.record.number,
        voters_confirmed=voters.is_confirmed,
        protocol=protocol.picture(),
        change_waits=change_waits,
        sync=sync,
        neighbours_count=len(neighbour_heights),
        lag_blocks=max(max(neighbour_heights.values(), default=0) - chain.executed_height, 0),
        height=chain.tip.height,
        committed_height=agreement.committed_height,
        executed_height=chain.stored_point.height,
        tree_size=chain.tip.tree.size,
        tree_root=chain.tip.tree.root(),
        state_digest=chain.stored_point.state_digest,
        checkpoint_size=checkpoint_size,
        mempool_count=len(pool),
        mempool_size_bytes=pool.size_bytes,
        unstored_batches=unstored_batches,
    )
