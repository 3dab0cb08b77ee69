"""`ed25519-batch` once more, straight from docs/protocol.md and RFC 6962, sharing nothing with `ledger`; its vectors.

`python -m tests.ledger.batch_reference` writes `vectors/ed25519_batch.json`; a test checks that it is what this says.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

VECTORS = Path(__file__).parent / "vectors" / "ed25519_batch.json"
DOMAIN = b"banyan/transaction-batch-signature/v1\x00"
# The order of the group: S and S + L are the same to whoever does not look.
L = 2**252 + 27742317777372353535851937790883648493


def leaf(body: bytes) -> bytes:
    return sha256(b"\x00" + body).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def split(size: int) -> int:
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def root_of(bodies: list[bytes]) -> bytes:
    """RFC 6962, section 2.1."""
    if len(bodies) == 1:
        return leaf(bodies[0])
    half = split(len(bodies))
    return node(root_of(bodies[:half]), root_of(bodies[half:]))


def path_of(position: int, bodies: list[bytes]) -> list[bytes]:
    """RFC 6962, section 2.1.1."""
    if len(bodies) == 1:
        return []
    half = split(len(bodies))
    if position < half:
        return [*path_of(position, bodies[:half]), root_of(bodies[half:])]
    return [*path_of(position - half, bodies[half:]), root_of(bodies[:half])]


def root_above(body: bytes, position: int, size: int, path: list[bytes]) -> bytes | None:
    """What `path_of` says, backwards; None where the path has another length."""
    if size == 1:
        return None if path else leaf(body)
    if not path:
        return None
    half, (*below, sibling) = split(size), path
    if position < half:
        left = root_above(body, position, half, below)
        return None if left is None else node(left, sibling)
    right = root_above(body, position - half, size - half, below)
    return None if right is None else node(sibling, right)


def sign(bodies: list[bytes], seed: bytes, position: int) -> bytes:
    """The signature of one member."""
    size = len(bodies).to_bytes(2, "big")
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(DOMAIN + size + root_of(bodies))
    return position.to_bytes(2, "big") + size + signature + b"".join(path_of(position, bodies))


def verify(public_key: bytes, body: bytes, signature: bytes) -> bool:
    """Whether this is a signature of `body`: form, path and Ed25519."""
    position, size = int.from_bytes(signature[:2], "big"), int.from_bytes(signature[2:4], "big")
    hashes = signature[68:]
    if len(signature) < 68 or len(hashes) % 32 or not position < size <= 1024:
        return False
    path = [hashes[at : at + 32] for at in range(0, len(hashes), 32)]
    root = root_above(body, position, size, path)
    if root is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature[4:68], DOMAIN + signature[2:4] + root)
    except InvalidSignature:
        return False
    return True


def public_key_of(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def bodies_of(count: int, text: str = "body") -> list[bytes]:
    return [f"{text} {number}".encode() for number in range(count)]


SEED, OTHER = bytes([7]) * 32, bytes([8]) * 32
KEY = public_key_of(SEED)


def _good() -> Iterator[tuple[str, bytes, bytes]]:
    for size, position in (
        *((1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2), (5, 0), (5, 3), (5, 4), (8, 0), (8, 5), (8, 7)),
        # The longest path, the last member of a full tree, and two beside it that lack an inner node.
        *((1024, 517), (1024, 1023), (1023, 1022), (513, 512)),
    ):
        bodies = bodies_of(size)
        yield f"member {position} of {size}", bodies[position], sign(bodies, SEED, position)
    yield "the same body twice", b"twin", sign([b"twin", b"twin"], SEED, 1)


def _bad() -> Iterator[tuple[str, bytes, bytes]]:
    bodies = bodies_of(5)
    first, second, last = (sign(bodies, SEED, position) for position in (0, 1, 4))
    body = bodies[0]

    def placed(position: int, size: int) -> bytes:
        return position.to_bytes(2, "big") + size.to_bytes(2, "big") + first[4:]

    yield "another body", b"body x", first
    yield "another member's path", body, first[:68] + second[68:]
    yield "another member's signature", body, second
    yield "another position", body, placed(1, 5)
    yield "another size of the same height", body, placed(0, 6)
    yield "position is size", body, placed(5, 5)
    yield "size 0", body, placed(0, 0)
    yield "path cut off", body, first[:-32]
    yield "path longer", body, first + bytes(32)
    yield "path cut off within a hash", body, first[:-1]
    yield "one byte more", body, first + b"\x00"
    yield "two hashes swapped", body, first[:68] + first[100:132] + first[68:100] + first[132:]
    yield "shorter than a signature", body, first[:67]
    yield "nothing", body, b""
    yield "last one without its border", bodies[4], last[:68]
    yield "the root of another batch", body, first[:4] + sign(bodies_of(5, "other"), SEED, 0)[4:68] + first[68:]
    yield "another key", body, sign(bodies, OTHER, 0)
    signer = Ed25519PrivateKey.from_private_bytes(SEED)
    root = root_of(bodies)
    of_three = signer.sign(DOMAIN + (3).to_bytes(2, "big") + root)
    yield "an inner node for a body", leaf(bodies[0]) + leaf(bodies[1]), placed(0, 3)[:4] + of_three + first[100:]
    for name, message in (
        ("signed without its domain", (5).to_bytes(2, "big") + root),
        ("signed without the size", DOMAIN + root),
        ("signed for another size", DOMAIN + (6).to_bytes(2, "big") + root),
        ("signed as a transaction", b"banyan/transaction-signature/v1\x00" + root),
    ):
        yield name, body, first[:4] + signer.sign(message) + first[68:]
    single = b"banyan/transaction-signature/v1\x00" + sha256(b"banyan/transaction/v1\x00" + body).digest()
    yield "a signature of the transaction alone", body, bytes([0, 0, 0, 1]) + signer.sign(single)
    larger = int.from_bytes(first[36:68], "little") + L
    yield "S not reduced", body, first[:36] + larger.to_bytes(32, "little") + first[68:]
    large = bodies_of(1025)
    yield "1025 members", large[0], sign(large, SEED, 0)


def vectors() -> list[dict[str, Any]]:
    """Every case: what it is, key, body, signature, whether it is valid."""
    cases = [(True, case) for case in _good()] + [(False, case) for case in _bad()]
    return [
        {"case": name, "key": KEY.hex(), "body": body.hex(), "signature": signature.hex(), "valid": valid}
        for valid, (name, body, signature) in cases
    ]


if __name__ == "__main__":
    VECTORS.write_text(json.dumps(vectors(), indent=1) + "\n", encoding="utf-8")
