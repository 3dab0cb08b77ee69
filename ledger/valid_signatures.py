"""Signatures that are known to be valid, so that the same bytes are verified once.

Owns a bounded memory of what was verified, or signed here; never remembers a signature that is not valid, so nobody can
push out what is remembered by sending rubbish. Everything that it tells is what verifying would tell.
"""

from ledger.signing import SigningKey, verify_ed25519


class ValidSignatures:
    """Verifies and signs Ed25519, remembering between `generation_max` and twice as many signatures.

    Several threads may use it: where they meet, something is forgotten too early and verified again. Cost: about 0.4 µs
    for what is remembered, a verification (55 µs) for what is not.
    """

    def __init__(self, generation_max: int) -> None:
        self._generation_max = generation_max
        self._young: set[tuple[bytes, bytes, bytes]] = set()
        self._old: set[tuple[bytes, bytes, bytes]] = set()

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._young) + len(self._old)

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        """Whether libsodium accepts the signature; false, never an error, for wrong lengths."""
        signed = (public_key, message, signature)
        if signed in self._young:
            return True
        # What is still asked for moves on to the young ones.
        if signed not in self._old and not verify_ed25519(public_key, message, signature):
            return False
        self._remember(signed)
        return True

    def sign(self, key: SigningKey, message: bytes) -> bytes:
        """The 64-byte signature over `message`: one that needs no verifying when it comes back in a certificate."""
        signature = key.sign(message)
        self._remember((key.public, message, signature))
        return signature

    def _remember(self, signed: tuple[bytes, bytes, bytes]) -> None:
        if len(self._young) >= self._generation_max:
            self._young, self._old = set(), self._young
        self._young.add(signed)
