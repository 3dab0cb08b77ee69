"""Which voter set is in force where: on the committed chain, and for a block on top of it. Pure.

Owns the sets of this node's own committed chain, in order; never believes what a message or header merely claims.
In this version the genesis names the only one. Source: docs/protocol.md, section 6, "Changing voters".
"""

from consensus.statement import Position
from consensus.voters import Voter, VoterSet
from daemon.block_builder import BuiltBlock, Tip
from ledger.block import Header, verify_proposal
from ledger.errors import RemoteProtocolError
from ledger.genesis import Genesis
from ledger.hashing import Hash


class VotersInForce:
    """The sets, and whose signature under a header is a voter's."""

    def __init__(self, genesis: Genesis) -> None:
        self._genesis = genesis
        voters = tuple(Voter(one.node_id, one.agreement) for one in genesis.voters)
        self.current = VoterSet(voters, genesis.quorum)
        self.earlier: tuple[VoterSet, ...] = ()

    def appended(self, block: BuiltBlock) -> None:
        """The block is part of the chain: if it changes voters, only opening blocks may follow until it is executed."""

    def at(self, parent: Tip, header: Header) -> VoterSet | None:
        """The set that has to be in force for a block on top of `parent`; None while that cannot be told."""
        return self.current

    def key_of(self, node_id: Hash) -> bytes | None:
        """The agreement key of a voter of any of the sets."""
        for voters in (self.current, *self.earlier):
            key = voters.key_of(node_id)
            if key is not None:
                return key
        return None

    def is_proposed_by_voter(self, header: Header, signature: bytes) -> bool:
        """Whether the proposer named in the header is a voter, and signed it."""
        key = self.key_of(header.proposer)
        return key is not None and verify_proposal(header, key, signature)

    def position_of(self, header: bytes, signature: bytes) -> Position | None:
        """What another voter's last block is, if a voter known here signed its header."""
        try:
            decoded = Header.decode(header)
        except RemoteProtocolError:
            return None
        if not self.is_proposed_by_voter(decoded, signature):
            return None
        return Position(decoded.term, decoded.height, decoded.hash)
