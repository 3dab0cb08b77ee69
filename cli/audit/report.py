"""What an audit hands back: how far it went, where the ledger stands, and the first thing that is wrong.

Shapes only.
"""

from dataclasses import dataclass

from cli.audit.finding import AuditFinding
from ledger.genesis import Genesis
from ledger.hashing import Hash
from ledger.policy import Policy
from ledger.tree import EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class AuditedHead:
    """Where the re-derived ledger stands after the newest executed block; heights 0 before the first.

    Whoever holds a receipt or checkpoint from elsewhere compares it with this: a ledger whose end was cut off
    cleanly is a good ledger of an earlier day, and nothing in it can tell.
    """

    network_id: Hash
    height: int
    block_hash: Hash
    time_ms: int
    tree_size: int
    tree_root: Hash
    state_digest: Hash

    @classmethod
    def beginning(cls, genesis: Genesis, state_digest: Hash) -> "AuditedHead":
        """Where a ledger without blocks stands; `state_digest` is that of height 0."""
        return cls(genesis.network_id, 0, genesis.network_id, genesis.created_ms, 0, EMPTY_ROOT, state_digest)


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The answer of an audit.

    `entries` and `blocks` count what was checked without a finding, blocks above the executed height included.
    `finding` is the first thing that is wrong, None if everything holds. `head` is as far as everything held.
    `left_out` names what the source cannot show and so was not compared.
    """

    entries: int
    blocks: int
    seconds: float
    finding: AuditFinding | None
    head: AuditedHead
    policy: Policy
    left_out: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether everything that was checked holds."""
        return self.finding is None

    def to_json(self) -> dict[str, object]:
        """The report as `banyan --json audit` prints it: hashes in hex, the policy as its text."""
        head = self.head
        return {
            "ok": self.ok,
            "entries": self.entries,
            "blocks": self.blocks,
            "seconds": round(self.seconds, 3),
            "finding": None if self.finding is None else self.finding.to_json(),
            "head": {
                "network": head.network_id.hex(),
                "height": head.height,
                "block_hash": head.block_hash.hex(),
                "time_ms": head.time_ms,
                "tree_size": head.tree_size,
                "tree_root": head.tree_root.hex(),
                "state_digest": head.state_digest.hex(),
            },
            "policy": self.policy.encode().decode("utf-8"),
            "left_out": list(self.left_out),
        }
