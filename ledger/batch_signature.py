"""One signature for up to 1,024 transactions: the form of a member's signature, and how a batch is signed.

Owns the bytes that stand in an envelope under the scheme `ed25519-batch`, the message that is signed, and the way from
a body up to the root. Never verifies Ed25519 (`ledger.valid_batches`) and never decodes a body.

    signature = position (2 bytes) ‖ size (2 bytes) ‖ Ed25519 (64 bytes) ‖ path (32 bytes for each level)

Invariants: position < size <= `BATCH_SIZE_MAX`; the path has exactly the hashes that position and size call for, so
there is one form for each place in a batch. What signs takes the path from `ledger.tree`; what checks climbs by itself.
Source: docs/protocol.md, section 4, "Signatures"; RFC 6962 section 2.1; docs/adr/0038-bulk-signatures.md.
"""

import struct
from collections.abc import Callable, Sequence
from hashlib import sha256

from ledger.errors import LocalError
from ledger.hashing import HASH_SIZE_BYTES, Hash, domain
from ledger.signing import SIGNATURE_SIZE_BYTES, SigningKey
from ledger.tree import SmallTree, leaf_hash

SCHEME_ED25519_BATCH = "ed25519-batch"
# A path of ten hashes: 388 bytes are as much as a small body, and twice the members would save no signer anything that
# can be felt (a signature is 20 µs).
BATCH_SIZE_MAX = 1024
# Position and size, big-endian; the size alone is part of what is signed.
SIZE_START = 2
ED25519_START = 4
PATH_START = ED25519_START + SIGNATURE_SIZE_BYTES
BATCH_SIGNATURE_SIZE_BYTES_MAX = PATH_START + HASH_SIZE_BYTES * (BATCH_SIZE_MAX - 1).bit_length()

_SIGNED = domain("transaction-batch-signature")
_HEAD = struct.Struct(">HH")
# Position and size, of bytes that have the form.
place_of: Callable[[bytes], tuple[int, int]] = _HEAD.unpack_from


def has_batch_form(signature: bytes) -> bool:
    """Whether these are a position, a size, a signature and as many hashes as lie between them and a root."""
    if len(signature) < PATH_START:
        return False
    position, size = place_of(signature)
    if not position < size <= BATCH_SIZE_MAX:
        return False
    inner = (position ^ (size - 1)).bit_length()
    return len(signature) == PATH_START + HASH_SIZE_BYTES * (inner + (position >> inner).bit_count())


def inner_end(position: int, size: int) -> int:
    """Where in the signature the hashes end whose side the position tells; those after it are all to the left.

    Up to there the member and the last one are in different subtrees; above, both are at the right edge of the tree,
    and only complete subtrees to the left of it add a hash.
    """
    return PATH_START + HASH_SIZE_BYTES * (position ^ (size - 1)).bit_length()


def climb(node: Hash, position: int, inner: int, signature: bytes, start: int, end: int) -> Hash:
    """The node that the hashes from `start` to `end` in the signature lead to; about 0.6 µs for each.

    Args:
        node: Of the tree, at the level that `start` belongs to.
        position: Its place in its level.
        inner: What `inner_end` says.
        signature: Has the form.
        start: A multiple of the size of a hash after `PATH_START`; so is `end`.
    """
    # The body of `ledger.tree.node_hash`, written out: this loop is what a member of a batch costs.
    for at in range(start, end, HASH_SIZE_BYTES):
        if position & 1 or at >= inner:
            node = sha256(b"\x01" + signature[at : at + HASH_SIZE_BYTES] + node).digest()
        else:
            node = sha256(b"\x01" + node + signature[at : at + HASH_SIZE_BYTES]).digest()
        position >>= 1
    return node


def batch_message(size: bytes, root: Hash) -> bytes:
    """What is signed for a batch: its domain, the number of members in two bytes, the root over their bodies."""
    return _SIGNED + size + root


def sign_members(bodies: Sequence[bytes], key: SigningKey) -> list[bytes]:
    """The signature of each of these bodies, in their order; some 5 µs each, and one Ed25519 signature for all.

    Raises:
        LocalError: no bodies, or more than `BATCH_SIZE_MAX`.
    """
    if not 1 <= len(bodies) <= BATCH_SIZE_MAX:
        raise LocalError("a batch has 1 to {limit} members, not {count}", limit=BATCH_SIZE_MAX, count=len(bodies))
    tree = SmallTree([leaf_hash(body) for body in bodies])
    size = len(bodies).to_bytes(2, "big")
    signature = key.sign(batch_message(size, tree.root))
    return [
        b"".join((position.to_bytes(2, "big"), size, signature, *tree.path(position)))
        for position in range(len(bodies))
    ]
