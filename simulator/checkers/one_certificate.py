"""Rule: no two certificates for one height with different hashes, and one block executed at each height.

Source: docs/protocol.md, section 6, "Commit"; Raft's state machine safety.
"""

from typing import Any, ClassVar

from consensus.certificates import BlockCertificate
from ledger.hashing import Hash
from simulator.checkers.chains import Chains
from simulator.observation import BatchDurable, DatabaseReplaced


class OneCertificate:
    """Remembers the hash that was certified, and the one that was executed, at each height."""

    RULE: ClassVar[str] = "one certificate a height"
    KINDS: ClassVar[tuple[type, ...]] = (BatchDurable, DatabaseReplaced)

    def __init__(self) -> None:
        self._chains = Chains()
        self._certified: dict[int, Hash] = {}
        self._executed: dict[int, Hash] = {}
        self._known: set[bytes] = set()

    def see(self, observation: Any) -> str | None:
        """Compare a write's certificates and blocks with those of the others."""
        if isinstance(observation, DatabaseReplaced):
            self._chains.forget(observation.node)
            return None
        for execution in observation.batch.executions:
            if execution.certificate not in self._known:
                self._known.add(execution.certificate)
                certificate = BlockCertificate.decode(execution.certificate)
                before = self._certified.setdefault(certificate.height, certificate.block_hash)
                if before != certificate.block_hash:
                    return (
                        f"node {observation.node} holds a certificate for {certificate.block_hash.hex()} at height"
                        f" {certificate.height}, where {before.hex()} is certified"
                    )
        for height, block_hash in self._chains.executed(observation):
            before = self._executed.setdefault(height, block_hash)
            certified = self._certified.get(height, block_hash)
            if block_hash not in (before, certified) or before != certified:
                return (
                    f"node {observation.node} executed block {block_hash.hex()} at height {height}, where"
                    f" {(before if before != block_hash else certified).hex()} was committed"
                )
        return None

    def end(self, time_us: int) -> str | None:
        """Nothing is left to say."""
        return None
