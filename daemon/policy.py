"""The network's verification policies, from the voter sets in the state. Pure; reads a store.

Owns the way from the records `voters/…` to a `tlog-policy`. Never keeps one: the state is the only source. Policies are
numbered by voter set, with the tree size from which each holds: what a block adds to the log is signed by the voters
that the state before that block names. Source: docs/protocol.md, section 9.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.voter_record import VoterRecord, current_voters, voters_before, voters_numbered
from daemon.lookup import stored_header
from ledger.errors import BanyanError
from ledger.genesis import Genesis
from ledger.policy import Policy, PolicyVoter
from storage.interface import StoreReader


class TreeSizeUnknownError(BanyanError):
    """No voter set of this ledger was in force at that tree size."""

    code = "tree-size-unknown"


@dataclass(frozen=True, slots=True)
class NumberedPolicy:
    """The policy of one voter set; `from_size` is the first tree size that it certifies."""

    number: int
    from_size: int
    origin: str
    policy: Policy

    def encode(self) -> bytes:
        """The text, with comments that say whose policy it is and from where on it holds."""
        return self.policy.encode(
            (f"Banyan policy {self.number} of {self.origin}", f"voters in force from tree size {self.from_size} on")
        )


class _State:
    """A store's records, as `contracts` reads them."""

    __slots__ = ("_reader",)

    def __init__(self, reader: StoreReader) -> None:
        self._reader = reader

    def get(self, key: bytes) -> bytes | None:
        """The bytes of one record as of the executed height."""
        return self._reader.state(key)


def current_policy(reader: StoreReader, genesis: Genesis) -> NumberedPolicy:
    """The policy of the voters that sign what comes next; two reads."""
    return _policy(reader, genesis, current_voters(_State(reader)))


def all_policies(reader: StoreReader, genesis: Genesis) -> Iterator[NumberedPolicy]:
    """The policies of all voter sets that the ledger ever had, ascending by number; three reads each."""
    state = _State(reader)
    newest = current_voters(state)
    for number in range(newest.number):
        voters = voters_numbered(state, number)
        assert voters is not None, "numbers of voter sets have no gaps"
        yield _policy(reader, genesis, voters)
    yield _policy(reader, genesis, newest)


def policy_at(reader: StoreReader, genesis: Genesis, tree_size: int) -> NumberedPolicy:
    """The policy of the voters that certify a checkpoint of `tree_size`.

    Raises:
        TreeSizeUnknownError: the log is not that large yet.
    """
    largest = reader.head().tree_size
    if not 0 <= tree_size <= largest:
        raise TreeSizeUnknownError(
            "there is no policy for the tree size {size}; this ledger has {lowest} to {highest} entries",
            size=tree_size,
            lowest=0,
            highest=largest,
        )
    height = reader.height_of(tree_size - 1) if tree_size else 1
    assert height is not None, "every entry of the log stands in a block"
    return _policy(reader, genesis, voters_before(_State(reader), height))


def _policy(reader: StoreReader, genesis: Genesis, voters: VoterRecord) -> NumberedPolicy:
    described = [PolicyVoter(voter.name, voter.log, voter.cosigner) for voter in voters.voters]
    policy = Policy.of_voters(genesis.name, described, voters.voter_set.quorum_size)
    return NumberedPolicy(voters.number, _from_size(reader, voters), genesis.name, policy)


def _from_size(reader: StoreReader, voters: VoterRecord) -> int:
    """The smallest tree that has an entry after the barrier that put these voters in force; 0 for the genesis'."""
    if voters.barrier_height == 0:
        return 0
    barrier = stored_header(reader, voters.barrier_height)
    return barrier.first_index + barrier.leaf_count + 1
