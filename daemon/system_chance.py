"""Random numbers of the running node: unpredictable, from the operating system.

Owns nothing but the call; the pure node is given this object, the simulator gives it one with a seed.
"""

import secrets

from consensus.statement import NONCE_SIZE_BYTES


class SystemChance:
    """`consensus.settings.Chance` from the operating system."""

    def below(self, limit: int) -> int:
        """An integer from 0 to `limit` - 1."""
        return secrets.randbelow(limit)

    def nonce(self) -> bytes:
        """16 bytes that were never drawn before."""
        return secrets.token_bytes(NONCE_SIZE_BYTES)
