"""Builds ledgers without the node: straight from the formats, so that the audit is checked by a second hand.

A builder makes honest ledgers; its arguments let it lie in one place at a time, with everything after the lie
computed and signed as if it were true.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from consensus.certificates import BlockCertificate, ElectionCertificate
from consensus.messages import Acknowledgement, Vote
from consensus.voters import Voter, VoterSet
from contracts.changes import StateChange
from contracts.genesis_state import genesis_records
from contracts.protocol_record import newest_decisions, required_version
from contracts.protocols import Protocol, Protocols, builtin_protocols
from contracts.runtime import ExecutableBlock, Execution, PlacedTransaction, execute_block
from ledger.block import Header, Outcome, sign_header
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.cosignature import cosign
from ledger.detached import DetachedValue, commitment_map, detach
from ledger.encoding import Value
from ledger.genesis import Genesis, Parameters, member_id
from ledger.hashing import ZERO_HASH, Hash, tagged_hash
from ledger.node_keys import NodeDescription, NodeKeys
from ledger.note import Note
from ledger.signing import SigningKey
from ledger.state_digest import StateDigest
from ledger.transaction import Transaction, build_transaction
from ledger.tree import CompactRange, TileHashes, leaf_hash, root_of
from ledger.verifier_key import KEY_TYPE_MEMBER, VerifierKey
from storage.interface import (
    ExecutedId,
    Store,
    StoredBlock,
    StoredExecution,
    StoredHeader,
    StoredPayload,
    StoredResult,
    WriteBatch,
)
from tests.contracts.dict_state import DictState

START_MS = 1_790_000_000_000
NODE_NAME = "alpha"
VOTER = NodeKeys.from_seed(b"\x01" * 32)
STRANGER = NodeKeys.from_seed(b"\x02" * 32)
ADMINISTRATOR = SigningKey.from_seed(b"\x64" * 32)
OUTSIDER = SigningKey.from_seed(b"\x65" * 32)


def describe(keys: NodeKeys, name: str) -> NodeDescription:
    """What a node with these keys publishes of itself."""
    return NodeDescription(
        name=name,
        address="127.0.0.1:7001",
        agreement=keys.agreement.public,
        log=keys.log.public,
        cosigner=keys.cosigner.public,
        transport=keys.transport.public,
    )


def make_genesis(name: str = "huaxin.example/ledger", **parameters: int) -> Genesis:
    """A network of one voter and one administrator."""
    return Genesis(
        name=name,
        created_ms=START_MS,
        visibility="public",
        quorum="majority",
        parameters=Parameters(**parameters),
        voters=(describe(VOTER, NODE_NAME),),
        administrators=(VerifierKey("member", KEY_TYPE_MEMBER, ADMINISTRATOR.public),),
    )


def genesis_lanes(genesis: Genesis) -> bytes:
    """The lanes of the digest of the state at height 0."""
    digest = StateDigest.empty()
    for key, value in genesis_records(genesis).items():
        digest.add(key, value)
    return digest.lanes_bytes()


@dataclass
class Lies:
    """What a block says other than the truth. Functions get the true value and return the false one."""

    header: Callable[[Header], Header] = lambda header: header
    outcome: Callable[[Outcome], Outcome] = lambda outcome: outcome
    leaf_hashes: Callable[[list[Hash]], list[Hash]] = lambda hashes: hashes
    results: Callable[[tuple[bytes, ...]], tuple[bytes, ...]] = lambda leaves: leaves
    effects: Callable[[tuple[bytes, ...]], tuple[bytes, ...]] = lambda leaves: leaves
    ids: Callable[[tuple[ExecutedId, ...]], tuple[ExecutedId, ...]] = lambda ids: ids
    changes: Callable[[tuple[StateChange, ...]], tuple[StateChange, ...]] = lambda changes: changes
    votes: Callable[[Vote], Vote] = lambda vote: vote
    acknowledgement: Callable[[Acknowledgement], Acknowledgement] = lambda one: one
    proposal_key: SigningKey | None = None
    vote_key: SigningKey | None = None
    acknowledgement_key: SigningKey | None = None


@dataclass
class LedgerBuilder:
    """One single-voter chain, written to `store` block by block; `voter` signs, whoever the genesis names."""

    genesis: Genesis
    store: Store
    voter: NodeKeys = VOTER
    height: int = 0
    term: int = 0
    time_ms: int = START_MS
    tree: CompactRange = field(default_factory=CompactRange)
    nonce: int = 0
    transactions: list[Transaction] = field(default_factory=list)
    protocols: Protocols = field(default_factory=builtin_protocols)

    def __post_init__(self) -> None:
        self.previous: Hash = self.genesis.network_id
        self.state = DictState(genesis_records(self.genesis))
        self.digest = StateDigest.from_lanes(genesis_lanes(self.genesis))
        voters = tuple(Voter(one.node_id, one.agreement) for one in self.genesis.voters)
        self.voters = VoterSet(voters, self.genesis.quorum)
        self.node_id = self.voters.voters[0].node_id
        self.unstated: list[bytes] = []
        self.version = 1
        self.checkpoint = b""

    def get(self, key: bytes) -> bytes | None:
        """The state, as `contracts` reads it."""
        return self.state.get(key)

    def next_key(self, prefix: bytes, after: bytes = b"") -> bytes | None:
        """The state in order, as `contracts` reads it."""
        return self.state.next_key(prefix, after)

    # -- transactions ---------------------------------------------------------------------------------------------

    def transact(self, operation: str, arguments: dict[str, Value], **changes: object) -> Transaction:
        """A signed transaction of the administrator; `changes` override its parts."""
        self.nonce += 1
        key = changes.pop("key", ADMINISTRATOR)
        assert isinstance(key, SigningKey)
        parts: dict[str, object] = {
            "network_id": self.genesis.network_id,
            "sender": member_id(self.genesis.network_id, key.public),
            "operation": operation,
            "arguments": arguments,
            "nonce": self.nonce.to_bytes(16, "big"),
            "expires_ms": self.time_ms + 3_600_000,
            "signers": [key],
        }
        return build_transaction(**(parts | changes))  # type: ignore[arg-type]

    def notice(self, unit: str = "branch-1", **changes: object) -> Transaction:
        """A notice in a unit's file."""
        return self.transact("notice.post", {"unit": unit, "title": f"notice {self.nonce + 1}"}, **changes)

    def notice_with_body(self, text: str) -> tuple[Transaction, DetachedValue]:
        """A notice with a detached body."""
        detached = detach(text, tagged_hash("test-salt", text.encode()))
        arguments: dict[str, Value] = {"unit": "branch-1", "title": "with body", "body": commitment_map(detached)}
        return self.transact("notice.post", arguments), detached

    # -- blocks ---------------------------------------------------------------------------------------------------

    def open_term(self, lies: Lies | None = None) -> None:
        """The first block of the next term, with the vote that elected its proposer."""
        lies = lies or Lies()
        last_term = self.term
        self.term += 1
        vote = lies.votes(
            Vote(
                self.genesis.network_id,
                self.voters.hash,
                self.term,
                self.node_id,
                self.node_id,
                last_term,
                self.height,
                self.previous,
            )
        )
        signed = vote.sign(lies.vote_key or self.voter.agreement)
        self.add_block((), lies, election=ElectionCertificate(self.term, self.node_id, (signed,)).encode())

    def add_block(
        self,
        transactions: Sequence[Transaction],
        lies: Lies | None = None,
        detached: Sequence[DetachedValue] = (),
        election: bytes = b"",
        commit: bool = True,
        step_ms: int = 250,
    ) -> None:
        """The next block, certified and executed unless `commit` is false."""
        lies = lies or Lies()
        block, header, tiles = self._block(transactions, lies, election, step_ms)
        payloads = tuple(StoredPayload(one.commitment, one.salt, one.value_bytes) for one in detached)
        execution = self._execution(header, block, transactions, tiles, lies) if commit else None
        checkpoint = self._sign(header) if commit and header.checkpoint else None
        self.store.apply(
            [
                WriteBatch(
                    blocks=(block,),
                    executions=() if execution is None else (execution,),
                    payloads=payloads,
                    checkpoint=checkpoint,
                )
            ]
        )
        self.transactions.extend(transactions)

    def _block(
        self, transactions: Sequence[Transaction], lies: Lies, election: bytes, step_ms: int
    ) -> tuple[StoredBlock, Header, tuple[TileHashes, ...]]:
        parent_time_ms, self.time_ms, self.height = self.time_ms, self.time_ms + step_ms, self.height + 1
        outcome = lies.outcome(
            Outcome(
                parent_hash=self.previous,
                height=self.height,
                time_ms=self.time_ms,
                executed_height=self.height - 1,
                state_digest=self.digest.digest(),
                results_root=root_of([leaf_hash(leaf) for leaf in self.unstated]),
                results_count=len(self.unstated),
            )
        )
        entries = (outcome.encode(), *[one.envelope for one in transactions])
        first_index = self.tree.size
        tiles = self.tree.extend(lies.leaf_hashes([leaf_hash(entry) for entry in entries]))
        header = lies.header(
            Header(
                network_id=self.genesis.network_id,
                height=self.height,
                term=self.term,
                previous_hash=self.previous,
                time_ms=self.time_ms,
                proposer=self.node_id,
                leaf_count=len(entries),
                tree_size=self.tree.size,
                tree_root=self.tree.root(),
                voter_set_hash=self.voters.hash,
                election_certificate_hash=tagged_hash("election-certificate", election) if election else ZERO_HASH,
                executed_height=outcome.executed_height,
                state_digest=outcome.state_digest,
                checkpoint=self.time_ms // 1000 > parent_time_ms // 1000,
                protocol_version=self._version(),
            )
        )
        self.previous = header.hash
        stored = StoredHeader(
            height=self.height,
            term=header.term,
            header=header.encode(),
            header_hash=header.hash,
            signature=sign_header(header, lies.proposal_key or self.voter.agreement),
            election_certificate=election,
            first_index=first_index,
            leaf_count=len(entries),
        )
        return StoredBlock(stored, entries), header, tiles

    def _version(self) -> int:
        """The version of the protocol that the block under way follows."""
        self.version = required_version(newest_decisions(self), self.version, self.height, self.height - 1)
        return self.version

    def _protocol(self, header: Header) -> Protocol:
        """What the version that the header names means; by the newest where it is a lie."""
        return self.protocols.find(header.protocol_version) or self.protocols.newest

    def _certify(self, header: Header, lies: Lies) -> bytes:
        said = lies.acknowledgement(
            Acknowledgement(
                self.genesis.network_id,
                self.voters.hash,
                header.term,
                header.height,
                header.hash,
                header.previous_hash,
                self.node_id,
            )
        )
        signed = said.sign(lies.acknowledgement_key or self.voter.agreement)
        return BlockCertificate.of(said, [(said.voter, signed.signature)]).encode()

    def _execution(
        self,
        header: Header,
        block: StoredBlock,
        transactions: Sequence[Transaction],
        tiles: tuple[TileHashes, ...],
        lies: Lies,
    ) -> StoredExecution:
        first_index = block.header.first_index
        placed = [PlacedTransaction(one, index) for index, one in enumerate(transactions, start=first_index + 1)]
        done = execute_block(
            self._protocol(header).registry,
            self,
            ExecutableBlock(self.genesis.network_id, self.height, self.time_ms, first_index, placed),
        )
        done = replace(
            done,
            result_leaves=lies.results(done.result_leaves),
            effect_leaves=lies.effects(done.effect_leaves),
            changes=lies.changes(done.changes),
        )
        self._remember(done)
        return StoredExecution(
            height=self.height,
            certificate=self._certify(header, lies),
            tree_size=self.tree.size,
            tile_hashes=tiles,
            ids=lies.ids(tuple(ExecutedId(one.id, one.expires_ms, index) for one, index in placed)),
            results=tuple(
                StoredResult(one.leaf_index, leaf) for one, leaf in zip(placed, done.result_leaves, strict=True)
            ),
            links=done.links,
            changes=done.changes,
            digest_lanes=self.digest.lanes_bytes(),
            state_digest=self.digest.digest(),
            effects=done.effect_leaves,
        )

    def _remember(self, done: Execution) -> None:
        self.digest.apply(done.changes)
        self.unstated = list(done.leaves)
        for key, _, new in done.changes:
            if new is None:
                del self.state[key]
            else:
                self.state[key] = new

    def _sign(self, header: Header) -> bytes:
        text = Checkpoint(self.genesis.name, header.tree_size, header.tree_root).text()
        signatures = (
            sign_checkpoint(text, self.genesis.name, self.voter.log),
            cosign(text, NODE_NAME, self.voter.cosigner, header.time_ms // 1000),
        )
        self.checkpoint = Note(text, signatures).encode()
        return self.checkpoint


def fill(builder: LedgerBuilder, blocks: int = 24, transactions: int = 25) -> None:
    """An ordinary ledger: notices of several units, some with bodies, some refused, some withdrawn, two terms.

    The default is 602 entries: full and partial tiles on two levels.
    """
    builder.open_term()
    for number in range(1, blocks + 1):
        if number == blocks // 2:
            builder.open_term()
        batch = [builder.notice(f"branch-{(number + offset) % 5}") for offset in range(transactions - 4)]
        with_body, detached = builder.notice_with_body(f"the body of notice {number}")
        batch.append(with_body)
        batch.append(builder.transact("notice.withdraw", {"unit": "branch-1", "number": number, "reason": "mistake"}))
        batch.append(builder.transact("notice.unknown", {"unit": "branch-1"}))
        batch.append(builder.notice(key=OUTSIDER))
        builder.add_block(batch, detached=[detached])
    builder.add_block(())
