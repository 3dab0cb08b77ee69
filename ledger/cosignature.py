"""Cosignatures: a witness states when it saw a checkpoint as the newest of its log.

Owns `cosignature/v1` with Ed25519 (type 0x04): the message that is signed and the timestamped signature.
Never decides which cosigners count: that is `ledger.policy`. Why not ML-DSA-44: docs/adr/0002.

Source: C2SP tlog-cosignature, sections "Format" and "Ed25519 signed message".
"""

from ledger.errors import LocalError
from ledger.note import NoteSignature
from ledger.signing import SIGNATURE_SIZE_BYTES, SigningKey
from ledger.valid_signatures import ValidSignatures
from ledger.verifier_key import KEY_TYPE_COSIGNER, VerifierKey, key_id_of

TIME_S_MAX = (1 << 63) - 1

_TIME_SIZE_BYTES = 8
# Whoever issues or verifies receipts meets the signatures of one checkpoint in thousands of them. 0.5 MB.
_SIGNATURES = ValidSignatures(512)


def cosignature_message(text: str, time_s: int) -> bytes:
    """The bytes that a cosigner signs for the checkpoint `text` at POSIX time `time_s`."""
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def cosign(text: str, name: str, key: SigningKey, time_s: int) -> NoteSignature:
    """The cosignature of `name` over a checkpoint's text, stating that it is the newest seen at `time_s`.

    Raises LocalError if `time_s` (POSIX seconds) is not within 0 to 2**63 - 1.
    """
    if not 0 <= time_s <= TIME_S_MAX:
        raise LocalError("a cosignature cannot be made at the time {time_s}", time_s=time_s)
    signature = _SIGNATURES.sign(key, cosignature_message(text, time_s))
    key_id = key_id_of(name, KEY_TYPE_COSIGNER, key.public)
    return NoteSignature(name, key_id, time_s.to_bytes(_TIME_SIZE_BYTES, "big") + signature)


def split_cosignature(signature: NoteSignature) -> tuple[int, bytes] | None:
    """The time (POSIX seconds) and the 64-byte Ed25519 signature that a cosignature is made of; None if it is none."""
    payload = signature.signature
    if len(payload) != _TIME_SIZE_BYTES + SIGNATURE_SIZE_BYTES:
        return None
    time_s = int.from_bytes(payload[:_TIME_SIZE_BYTES], "big")
    return (time_s, payload[_TIME_SIZE_BYTES:]) if time_s <= TIME_S_MAX else None


def join_cosignature(key: VerifierKey, time_s: int, signature: bytes) -> NoteSignature:
    """The signature line of `key` out of what `split_cosignature` gives; `time_s` must be 0 to 2**63 - 1."""
    return NoteSignature(key.name, key.key_id, time_s.to_bytes(_TIME_SIZE_BYTES, "big") + signature)


def verify_cosignature(key: VerifierKey, text: str, signature: NoteSignature) -> int | None:
    """The time in POSIX seconds at which cosigner `key` (type 0x04) signed `text`; None if it did not.

    A time in the future is no reason to refuse: verifiers are offline and their clocks may be wrong.
    Cost: one Ed25519 verification at most, none for the same bytes again.
    """
    if key.type_bytes != KEY_TYPE_COSIGNER or (signature.name, signature.key_id) != (key.name, key.key_id):
        return None
    parts = split_cosignature(signature)
    if parts is None:
        return None
    time_s, signature_bytes = parts
    message = cosignature_message(text, time_s)
    return time_s if _SIGNATURES.verify(key.public_key, message, signature_bytes) else None
