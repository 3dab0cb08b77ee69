"""Is this a valid block on top of that one? Everything that can be told without executing it. Pure.

Owns the rules for blocks that others propose; never stores or acknowledges one. Bodies come with their signatures
verified (that is done in batches, elsewhere). What only execution can tell, the stated digest and results, is
`daemon.chain`'s. Source: docs/protocol.md, sections 4 to 6.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from consensus.certificates import ElectionCertificate
from consensus.voters import VoterSet
from contracts.protocols import Protocol as ProtocolRules
from daemon.block_builder import BuiltBlock, Tip
from ledger.block import Header, Outcome, check_first_header, check_header_follows, verify_proposal
from ledger.errors import InvalidBlockError
from ledger.genesis import Genesis
from ledger.hashing import ZERO_HASH, tagged_hash
from ledger.transaction import Transaction, check_window
from ledger.tree import leaf_hash
from storage.interface import StoredBlock, StoredHeader


@dataclass(frozen=True, slots=True)
class ProposedBlock:
    """A block as somebody else sends it, its header decoded; `transactions` are decoded and their signatures good."""

    header: Header
    header_bytes: bytes
    signature: bytes
    election_certificate: bytes
    outcome: bytes
    transactions: tuple[Transaction, ...]


# The voter set that has to be in force for a block on top of a tip; None while this node cannot tell: a change of
# voters below it is not executed here yet.
VotersAt = Callable[[Tip, Header], VoterSet | None]


class VersionsAt(Protocol):
    """Which version a block has to follow, and what it means."""

    def version_at(self, parent: Tip, executed_height: int) -> int | None:
        """The version of a block on top of `parent` that states `executed_height`; None while that cannot be told."""

    def find(self, version: int) -> ProtocolRules | None:
        """What the version means; None if this program is too old for it."""


class BlockNotReadyError(InvalidBlockError):
    """Nothing is wrong with the block; this node has to commit and execute what is below it first."""

    code = "block-not-ready"


class BlockJudge:
    """The rules of one network, for a node that knows its own chain."""

    def __init__(self, genesis: Genesis, voters_at: VotersAt, versions: VersionsAt) -> None:
        self._genesis = genesis
        self._voters_at = voters_at
        self._versions = versions

    def judge(
        self, proposed: ProposedBlock, parent: Tip, is_used: Callable[[Sequence[Transaction]], bool]
    ) -> BuiltBlock:
        """The block, ready to be stored on top of `parent`.

        Args:
            proposed: From anybody.
            parent: The block of this node's chain (or of the branch being checked) that it names as previous.
            is_used: Whether one of these transactions is in the chain below already.

        Raises:
            InvalidBlockError: names the rule that is broken.
            BlockNotReadyError: a change of voters, or a decision on the protocol, below has to be executed first; or
                the program is too old for this block.
            RemoteProtocolError: a part of the block is malformed.

        Cost: about two hashes a transaction, and up to a quorum of signatures for a block that opens a term.
        """
        header = proposed.header
        self._check_place(header, parent)
        protocol = self.protocol_of(header, parent)
        voters = self._voters_at(parent, header)
        if voters is None:
            raise BlockNotReadyError(
                "block {height} waits: a change of voters below it is not committed and executed here yet",
                height=header.height,
            )
        _rule(header.voter_set_hash == voters.hash, header, "voter_set_hash")
        self._check_proposer(proposed, parent, voters)
        self._check_transactions(proposed, is_used)
        _rule(all(map(protocol.admits, proposed.transactions)), header, "protocol_version")
        return self._built(proposed, parent)

    def protocol_of(self, header: Header, parent: Tip) -> ProtocolRules:
        """What the version of the block means, once it is known to be the right one.

        Raises:
            InvalidBlockError: it is not; `BlockNotReadyError` if that cannot be told, or the program is too old.
        """
        version = self._versions.version_at(parent, header.executed_height)
        if version is None:
            raise BlockNotReadyError(
                "block {height} waits: which version of the protocol it has to follow is decided below it, and that is"
                " not executed here yet",
                height=header.height,
            )
        _rule(header.protocol_version == version, header, "protocol_version")
        protocol = self._versions.find(version)
        if protocol is None:
            raise BlockNotReadyError(
                "block {height} follows version {version} of the protocol, which this program does not know; install a"
                " newer Banyan",
                height=header.height,
                version=version,
            )
        return protocol

    def _check_place(self, header: Header, parent: Tip) -> None:
        if parent.header is None:
            check_first_header(header, self._genesis.network_id, self._genesis.created_ms)
        else:
            check_header_follows(parent.header, header)

    def _check_proposer(self, proposed: ProposedBlock, parent: Tip, voters: VoterSet) -> None:
        header = proposed.header
        key = voters.key_of(header.proposer)
        _rule(key is not None and verify_proposal(header, key, proposed.signature), header, "proposer")
        if header.election_certificate_hash == ZERO_HASH:
            # Within a term the one who opened it proposes, which was checked when it did.
            _rule(not proposed.election_certificate, header, "election_certificate_hash")
            _rule(parent.header is not None and parent.header.proposer == header.proposer, header, "proposer")
            return
        # What opens a term may stand on a barrier, so it can be none itself.
        _rule(header.leaf_count == 1, header, "leaf_count")
        found = tagged_hash("election-certificate", proposed.election_certificate)
        _rule(found == header.election_certificate_hash, header, "election_certificate_hash")
        certificate = ElectionCertificate.decode(proposed.election_certificate)
        _rule((certificate.term, certificate.candidate) == (header.term, header.proposer), header, "proposer")
        certificate.verify(voters, self._genesis.network_id)

    def _check_transactions(self, proposed: ProposedBlock, is_used: Callable[[Sequence[Transaction]], bool]) -> None:
        header, transactions = proposed.header, proposed.transactions
        parameters = self._genesis.parameters
        _rule(len(transactions) + 1 == header.leaf_count, header, "leaf_count")
        _rule(len(transactions) <= parameters.block_transactions_max, header, "leaf_count")
        size = sum(len(one.envelope) for one in transactions)
        _rule(size <= parameters.block_size_bytes_max, header, "leaf_count")
        for one in transactions:
            _rule(one.network_id == self._genesis.network_id, header, "network_id")
            check_window(one, header.time_ms, parameters.transaction_lifetime_ms_max)
        distinct = len({one.id for one in transactions}) == len(transactions)
        if not distinct or is_used(transactions):
            raise InvalidBlockError(
                "block {height} holds a transaction that is in the chain already", height=header.height
            )

    def _built(self, proposed: ProposedBlock, parent: Tip) -> BuiltBlock:
        header = proposed.header
        outcome = Outcome.decode(proposed.outcome)
        said = (outcome.parent_hash, outcome.height, outcome.time_ms, outcome.executed_height, outcome.state_digest)
        _rule(
            said == (parent.hash, header.height, header.time_ms, header.executed_height, header.state_digest),
            header,
            "state_digest",
        )
        tree = parent.tree.copy()
        hashes = [leaf_hash(proposed.outcome), *(one.leaf_hash for one in proposed.transactions)]
        tile_hashes = tree.extend(hashes)
        _rule((tree.size, tree.root()) == (header.tree_size, header.tree_root), header, "tree_root")
        stored = StoredHeader(
            height=header.height,
            term=header.term,
            header=proposed.header_bytes,
            header_hash=header.hash,
            signature=proposed.signature,
            election_certificate=proposed.election_certificate,
            first_index=parent.tree.size,
            leaf_count=header.leaf_count,
        )
        entries = (proposed.outcome, *(one.envelope for one in proposed.transactions))
        tip = parent.followed_by(header, tree, proposed.transactions)
        return BuiltBlock(header, StoredBlock(stored, entries), proposed.transactions, tile_hashes, tip)


def decoded_proposal(
    header_bytes: bytes,
    signature: bytes,
    election_certificate: bytes,
    outcome: bytes,
    transactions: Sequence[Transaction],
) -> ProposedBlock:
    """A block from its parts, with its header decoded.

    Raises:
        RemoteProtocolError: the header is malformed.
    """
    return ProposedBlock(
        Header.decode(header_bytes), header_bytes, signature, election_certificate, outcome, tuple(transactions)
    )


def _rule(holds: bool, header: Header, field: str) -> None:
    if not holds:
        raise InvalidBlockError(
            "the header of block {height} does not follow from the one before it: `{field}`",
            height=header.height,
            field=field,
        )
