"""Signatures of batches that are known to be valid, so that one is verified once however many members come.

Owns a bounded memory of roots and of branches below them; never remembers anything under a signature that is not valid,
so nobody can push out what is remembered by sending rubbish. A branch is everything that decides about the rest of a
member's way: the node reached, its place, the hashes still to come, size, signature and key. Two members that share it
share the answer, so everything that this tells is what hashing and verifying would tell.

Bound: `generation_max` to twice as many, at up to 0.7 kB each.
"""

from hashlib import sha256
from typing import TypeAlias

from ledger.batch_signature import ED25519_START, PATH_START, SIZE_START, batch_message, climb, inner_end, place_of
from ledger.hashing import HASH_SIZE_BYTES
from ledger.signing import verify_ed25519

# Four members have a branch in common: three out of four hash three times instead of eleven.
_BRANCH_END = PATH_START + 2 * HASH_SIZE_BYTES
_HASH_SIZE_SHIFT = 5
# The branches of a full pool of 16,384 transactions that are signed in large batches, at 6 MB in all.
GENERATION_MAX = 4096

# Key, node, its position, where the rest of the path begins, size and signature, rest; or key, message, signature.
_Known: TypeAlias = tuple[bytes, bytes, int, int, bytes, bytes] | tuple[bytes, bytes, bytes]


class ValidBatches:
    """Verifies members of batches.

    Several threads may use it: where they meet, something is forgotten too early and verified again. Cost: 3 to 8 µs
    for a member of a batch that is known, a verification (55 µs) more for the first one.
    """

    def __init__(self, generation_max: int = GENERATION_MAX) -> None:
        self._generation_max = generation_max
        self._young: set[_Known] = set()
        self._old: set[_Known] = set()

    def __len__(self) -> int:
        """How many roots and branches are remembered."""
        return len(self._young) + len(self._old)

    def verify(self, public_key: bytes, body: bytes, signature: bytes) -> bool:
        """Whether `signature` shows `body` to be a member of a batch that `public_key` signed.

        Args:
            public_key: 32 bytes.
            body: Any.
            signature: Has the form (`has_batch_form`).
        """
        position, size = place_of(signature)
        inner = inner_end(position, size)
        at = min(inner, _BRANCH_END)
        node = climb(sha256(b"\x00" + body).digest(), position, inner, signature, PATH_START, at)
        position >>= (at - PATH_START) >> _HASH_SIZE_SHIFT
        branch = (public_key, node, position, at, signature[SIZE_START:PATH_START], signature[at:])
        if branch in self._young:
            return True
        # What is still asked for moves on to the young ones.
        if branch not in self._old:
            root = climb(node, position, inner, signature, at, len(signature))
            message = batch_message(signature[SIZE_START:ED25519_START], root)
            signed = (public_key, message, signature[ED25519_START:PATH_START])
            if signed not in self._young:
                if signed not in self._old and not verify_ed25519(*signed):
                    return False
                self._remember(signed)
        self._remember(branch)
        return True

    def _remember(self, known: _Known) -> None:
        if len(self._young) >= self._generation_max:
            self._young, self._old = set(), self._young
        self._young.add(known)
