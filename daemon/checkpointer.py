"""Signing checkpoints: what this node states in public about the log. Pure.

Owns the two signatures under a checkpoint, the log's and the cosigner's; never signs before the block is
committed, executed and on disk, and never a smaller tree than before (`SignState` asserts it). Source:
docs/protocol.md, section 9; C2SP signed-note, tlog-checkpoint and tlog-cosignature.
"""

from daemon.node_errors import UnsupportedNetworkError
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.cosignature import cosign
from ledger.genesis import Genesis
from ledger.hashing import Hash
from ledger.node_keys import NodeKeys
from ledger.note import Note


class Checkpointer:
    """Signs checkpoints of one network's log with one node's log and cosigner keys."""

    def __init__(self, genesis: Genesis, keys: NodeKeys) -> None:
        """With the cosigner's name that the genesis has for this node.

        Raises:
            UnsupportedNetworkError: the genesis does not name this node.
        """
        self._origin = genesis.name
        self._keys = keys
        self._name = _own_name(genesis, keys)

    def sign(self, tree_size: int, root: Hash, now_ms: int) -> bytes:
        """The checkpoint as a signed note: one log signature, one cosignature with the time in whole seconds."""
        text = Checkpoint(self._origin, tree_size, root).text()
        signatures = (
            sign_checkpoint(text, self._origin, self._keys.log),
            cosign(text, self._name, self._keys.cosigner, now_ms // 1000),
        )
        return Note(text, signatures).encode()


def _own_name(genesis: Genesis, keys: NodeKeys) -> str:
    for voter in genesis.voters:
        if voter.node_id == keys.node_id:
            return voter.name
    raise UnsupportedNetworkError(
        "the genesis does not name this node as a voter; make it with this node's node.public.json, or use the"
        " folder of the node that it names"
    )
