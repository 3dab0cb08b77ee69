"""A network of voters that signs checkpoints, as far as receipts are concerned."""

from collections.abc import Sequence

from ledger.block import Outcome
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.cosignature import cosign
from ledger.hashing import Hash
from ledger.node_keys import NodeKeys
from ledger.note import Note
from ledger.policy import Policy, PolicyVoter
from ledger.receipt import build_receipt
from ledger.result_proof import build_result_proof
from ledger.tree import inclusion_path_of, leaf_hash, root_of

ORIGIN = "huaxin.example/ledger"
TIME_S = 1_790_000_000
RESULT = b"\x99\xa6result\x01 and more"


class ReceiptNetwork:
    """`voter_count` nodes with fixed keys, a majority of which is a quorum."""

    def __init__(self, voter_count: int, origin: str = ORIGIN) -> None:
        self.origin = origin
        self.keys = [NodeKeys.from_seed(bytes([number]) * 32) for number in range(1, voter_count + 1)]
        voters = [
            PolicyVoter(self.name(at), keys.log.public, keys.cosigner.public) for at, keys in enumerate(self.keys)
        ]
        self.quorum_size = voter_count // 2 + 1
        self.policy = Policy.of_voters(origin, voters, self.quorum_size)

    def name(self, at: int) -> str:
        """The name of voter number `at`."""
        return f"branch-{at + 1}.example"

    def note(
        self, size: int, root: Hash, logs: Sequence[int] | None = None, cosigners: Sequence[int] | None = None
    ) -> Note:
        """A checkpoint signed by the voters with these positions, all by default."""
        everybody = range(len(self.keys))
        text = Checkpoint(self.origin, size, root).text()
        signatures = [
            sign_checkpoint(text, self.origin, self.keys[at].log) for at in (everybody if logs is None else logs)
        ]
        signatures += [
            cosign(text, self.name(at), self.keys[at].cosigner, TIME_S + at)
            for at in (everybody if cosigners is None else cosigners)
        ]
        return Note(text, tuple(signatures))

    def receipt(self, entries: Sequence[bytes], index: int) -> bytes:
        """The receipt of entry `index` in a log of exactly `entries`."""
        hashes = [leaf_hash(entry) for entry in entries]
        note = self.note(len(entries), root_of(hashes))
        return build_receipt(entries[index], index, inclusion_path_of(hashes, index), note, self.policy)

    def result_proof(self, results: Sequence[bytes], index: int) -> bytes:
        """The result proof of result `index`, whose outcome leaf is entry 1 of a log of 4."""
        hashes = [leaf_hash(result) for result in results]
        outcome = Outcome(bytes(32), 7, 1_790_000_000_000, 6, bytes(32), root_of(hashes), len(results))
        receipt = self.receipt([b"a", outcome.encode(), b"b", b"c"], 1)
        path = inclusion_path_of(hashes, index)
        return build_result_proof(
            results[index], index, len(results), path, outcome_receipt=receipt, policy=self.policy
        )
