"""The voters of the audited ledger: those of the genesis, and those that the ledger itself put in their place.

Owns the sets, in the order in which executed blocks made them, and the rule which of them a block has to name and whose
signatures count where. Believes nothing but the re-derived state: what a header names is compared, never looked up.
Bound: one set for each change of voters. Source: docs/protocol.md, section 6, "Changing voters".
"""

from typing import NamedTuple

from consensus.voters import VoterSet
from contracts.genesis_state import genesis_records
from contracts.state import StateReader
from contracts.voter_record import VoterRecord, current_voters
from ledger.block import Header
from ledger.genesis import Genesis
from ledger.hashing import ZERO_HASH
from ledger.policy import Policy, PolicyVoter


class _Records(NamedTuple):
    """The records of the genesis, as `contracts` reads them."""

    records: dict[bytes, bytes]

    def get(self, key: bytes) -> bytes | None:
        """The bytes of one record."""
        return self.records.get(key)


class _Era(NamedTuple):
    """A set, and the size of the log up to its barrier: what comes after is signed by it."""

    record: VoterRecord
    after_size: int


class AuditedVoters:
    """The sets up to the newest block that was executed."""

    def __init__(self, genesis: Genesis) -> None:
        self._origin = genesis.name
        self._eras = [_Era(current_voters(_Records(genesis_records(genesis))), 0)]

    @property
    def current(self) -> VoterSet:
        """The set in force after the newest executed block."""
        return self._eras[-1].record.voter_set

    @property
    def policy(self) -> Policy:
        """The policy of the set in force."""
        return self._policy(self._eras[-1].record)

    def executed(self, state: StateReader, tree_size: int) -> None:
        """A block that may have changed the voters was executed; `tree_size` is the log's with it."""
        newest = current_voters(state)
        if newest.number != self._eras[-1].record.number:
            self._eras.append(_Era(newest, tree_size))

    def at(self, parent: Header | None, header: Header) -> VoterSet:
        """The set that the block of `header` on top of `parent` has to name, if it names one that it may.

        It is the one in force. Only a block that opens a term may name the one before it, where nothing but such
        blocks stands between it and the barrier: whoever was elected need not have known that the barrier is committed.
        """
        if len(self._eras) > 1 and parent is not None and header.election_certificate_hash != ZERO_HASH:
            before, record = self._eras[-2].record.voter_set, self._eras[-1].record
            is_open = parent.height >= record.barrier_height and parent.voter_set_hash == before.hash
            if is_open and header.voter_set_hash == before.hash:
                return before
        return self.current

    def policy_at(self, tree_size: int) -> Policy:
        """The policy of the voters that sign a checkpoint of this size."""
        return self._policy(next(era.record for era in reversed(self._eras) if era.after_size < max(tree_size, 1)))

    def _policy(self, record: VoterRecord) -> Policy:
        voters = [PolicyVoter(one.name, one.log, one.cosigner) for one in record.voters]
        return Policy.of_voters(self._origin, voters, record.voter_set.quorum_size)


def policy_of(genesis: Genesis) -> Policy:
    """The verification policy of the voters that the genesis names."""
    return AuditedVoters(genesis).policy
