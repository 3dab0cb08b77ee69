"""How a node's agreement begins: from its chain and what it kept beside its seed. Pure.

Owns the reading of sign-state and stored blocks into what `consensus.agreement` is given; decides nothing afterwards.
Source: docs/protocol.md, section 3, "Sign-state", and section 6, "Terms".
"""

from consensus.agreement import Agreement
from consensus.branch import Branch
from consensus.events import ChainLink
from consensus.settings import Chance, Kept, Settings
from consensus.statement import Position
from consensus.term_certificates import decode_term_certificate
from consensus.timing import Timing
from daemon.block_builder import BuiltBlock, Tip
from daemon.chain import Chain
from daemon.node_errors import StaleDatabaseError
from daemon.recovery import opening_certificate
from daemon.sign_state import SignState
from daemon.voters_in_force import VotersInForce
from ledger.genesis import Genesis
from ledger.hashing import ZERO_HASH
from ledger.node_keys import NodeKeys
from storage.interface import StoreReader


def start_agreement(
    genesis: Genesis,
    keys: NodeKeys,
    voters: VotersInForce,
    chain: Chain,
    reader: StoreReader,
    sign_state: SignState,
    term_certificate: bytes,
    timing: Timing,
    chance: Chance,
) -> Agreement:
    """Agreement as it was left.

    A chain of a later term than the sign-state's proves that term: the node ended between storing the block that opened
    it and keeping the term. Who opened it was elected, which uses up this node's vote there.

    Args:
        voters: Those in force on the chain; they also judge what others show as their last block.
        sign_state, term_certificate: From beside the seed, never from the database.

    Raises:
        LedgerContradictionError, RemoteProtocolError: what is stored does not fit together.
    """
    certificate = decode_term_certificate(term_certificate) if term_certificate else None
    term, voted_for = sign_state.term, sign_state.voted_for if sign_state.voted_for != ZERO_HASH else None
    if chain.tip.term > term and chain.tip.header is not None:
        certificate = opening_certificate(reader, chain.tip)
        term, voted_for = chain.tip.term, chain.tip.header.proposer
    branch = Branch(position_of_tip(chain.executed_tip), chain.executed_height)
    if chain.blocks:
        branch.extend(tuple(link_of(block) for block in chain.blocks))
    newest = reader.header(chain.tip.height)
    acknowledged = _acknowledged(genesis, sign_state)
    return Agreement(
        Settings(genesis.network_id, keys.node_id, keys.agreement, timing),
        voters.current,
        voters.earlier,
        Kept(term, voted_for, certificate, acknowledged, _holds(chain, reader, acknowledged)),
        branch,
        (newest.header, newest.signature) if newest is not None else (b"", b""),
        chance,
        voters.position_of,
        0,
    )


def is_lone_voter(agreement: Agreement, keys: NodeKeys, acknowledged_height: int) -> bool:
    """Whether this node is the only voter, who need not wait for anybody to lead.

    It has nobody to catch up from either: a database older than its signatures is the operator's matter.

    Raises:
        StaleDatabaseError: going on would be signing twice.
    """
    is_alone = len(agreement.voters.voters) == 1 and agreement.voters.key_of(keys.node_id) is not None
    if is_alone and agreement.must_recover:
        raise StaleDatabaseError(
            "the database ends at block {height}, but this node already acknowledged block {signed}; put the"
            " newer database back, a node that goes on from an older one would sign twice",
            height=agreement.tip.height,
            signed=acknowledged_height,
        )
    return is_alone


def link_of(block: BuiltBlock) -> ChainLink:
    """A block as agreement knows it."""
    return ChainLink(position_of(block), block.header.previous_hash, block.header.voter_set_hash)


def position_of(block: BuiltBlock) -> Position:
    """Where a block stands."""
    return Position(block.header.term, block.header.height, block.header.hash)


def position_of_tip(tip: Tip) -> Position:
    """Where the block stands that a tip is of."""
    return Position(tip.term, tip.height, tip.hash)


def _acknowledged(genesis: Genesis, sign_state: SignState) -> Position:
    if sign_state.acknowledged_height == 0:
        return Position(0, 0, genesis.network_id)
    return Position(sign_state.acknowledged_term, sign_state.acknowledged_height, sign_state.acknowledged_hash)


def _holds(chain: Chain, reader: StoreReader, acknowledged: Position) -> bool:
    """Whether the chain has the very block last acknowledged, or one of a later term."""
    if acknowledged.height == 0 or chain.tip.term > acknowledged.term:
        return True
    known = reader.header(acknowledged.height)
    return known is not None and known.header_hash == acknowledged.hash
