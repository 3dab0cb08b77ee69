"""Signing checkpoints: what this node states in public about the log. Pure.

Owns the two signatures under a checkpoint, the log's and the cosigner's; never signs before the block is
committed, executed and on disk, and never a smaller tree than before (`SignState` asserts it). Only voters sign, each
under the name that its voter set has for it. Source: docs/protocol.md, section 9; C2SP signed-note, tlog-checkpoint
and tlog-cosignature.
"""

from daemon.outgoing import SignedCheckpoint
from daemon.voters_in_force import VotersInForce
from ledger.block import Header
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.cosignature import cosign
from ledger.genesis import Genesis
from ledger.node_keys import NodeKeys
from ledger.note import Note


class Checkpointer:
    """Signs checkpoints of one network's log with one node's log and cosigner keys."""

    def __init__(self, genesis: Genesis, keys: NodeKeys, voters: VotersInForce) -> None:
        self._origin = genesis.name
        self._keys = keys
        self._voters = voters

    def sign(self, header: Header, now_ms: int) -> SignedCheckpoint | None:
        """The checkpoint of an executed block as a signed note: one log signature, one cosignature in whole seconds.

        None if this node is not one of those who sign what the block adds to the log.
        """
        voter = self._voters.before(header.height, self._keys.node_id)
        if voter is None:
            return None
        text = Checkpoint(self._origin, header.tree_size, header.tree_root).text()
        signatures = (
            sign_checkpoint(text, self._origin, self._keys.log),
            cosign(text, voter.name, self._keys.cosigner, max(now_ms, header.time_ms) // 1000),
        )
        return SignedCheckpoint(header.tree_size, Note(text, signatures).encode())
