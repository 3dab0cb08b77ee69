"""Transactions: the body that is signed, and the envelope that carries it with its signatures.

Owns both formats, the transaction id and every check that needs no ledger state; never looks at state or time of
its own, and leaves signatures to `ledger.transaction_signature`. A `Transaction` is decoded once and keeps its bytes,
id and leaf hash: nothing computes them again. Arguments of unusually many values are the exception, because they take
many times their bytes: who asks for them decodes them.

Invariants: `envelope` is canonical and at most 65,535 bytes (a C2SP entry); 1 to 16 signatures by distinct keys.
Source: docs/protocol.md, section 4.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple, cast

from ledger.encoding import Value, check_decoded, decode, encode
from ledger.errors import InvalidTransactionError
from ledger.hashing import HASH_SIZE_BYTES, Hash, domain
from ledger.signing import SigningKey
from ledger.transaction_signature import Signature, check_form, decode_signatures, sign_body, verify_all
from ledger.usual_envelope import NONCE_SIZE_BYTES, UsualBody, read_usual
from ledger.valid_batches import ValidBatches

# Makes a named tuple of its items at a quarter of what its own constructor takes, which is written in Python.
made = tuple.__new__

BODY_VERSION = 1
ENVELOPE_SIZE_BYTES_MAX = 65_535
# Of the envelope, and of the body in it: as many as fill the largest one with eight bytes each. Decoded they take 1 MB.
ENVELOPE_VALUES_MAX = 8192
# Arguments of more values are not kept decoded: in a full pool these take 120 MB at most, all that may be sent 2 GB.
KEPT_ARGUMENT_VALUES_MAX = 64
OPERATION_SIZE_BYTES_MAX = 64

_OPERATION = re.compile(r"[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*")
# Names that act as keys are ASCII: no two of them look the same, and no table of Unicode decides about them.
_ARGUMENT_NAME = re.compile(r"[!-~]{1,64}")
_RECORD_KIND = re.compile(r"[a-z][a-z0-9-]{0,99}")
_RECORD_ID = re.compile(r"[!-~]{1,400}")
_REQUIRED = frozenset(("args", "exp", "from", "net", "nonce", "op", "v"))
_ALLOWED = _REQUIRED | {"expect"}
_BYTE_STRINGS = (("net", HASH_SIZE_BYTES), ("from", HASH_SIZE_BYTES), ("nonce", NONCE_SIZE_BYTES))
# As `UsualBody` has them.
_IN_ORDER = tuple(sorted(_REQUIRED))
_BODY = domain("transaction")


class Expectation(NamedTuple):
    """The version of a record that a transaction builds on; 0 expects that there is none."""

    kind: str
    id: str
    version: int


class Transaction(NamedTuple):
    """A decoded transaction; `sender` is a member id, `expires_ms` milliseconds since 1970 UTC."""

    id: Hash
    network_id: Hash
    sender: Hash
    operation: str
    nonce: bytes
    expires_ms: int
    expect: Expectation | None
    signatures: tuple[Signature, ...]
    body: bytes
    envelope: bytes
    leaf_hash: Hash
    # None where they are so many that they are decoded for whoever asks; the body says the same.
    kept_arguments: dict[str, Value] | None

    @property
    def arguments(self) -> dict[str, Value]:
        """The arguments by name; decoded anew each time, at up to 3 ms, where they hold unusually many values."""
        if self.kept_arguments is not None:
            return self.kept_arguments
        return cast(dict[str, Value], _body_fields(self.body)["args"])

    @property
    def contract(self) -> str:
        """The part of the operation before the dot."""
        return self.operation.partition(".")[0]

    @property
    def method(self) -> str:
        """The part of the operation after the dot."""
        return self.operation.partition(".")[2]


def decode_envelope(envelope: bytes) -> Transaction:
    """Everything that can be checked of an envelope without state and without its signatures.

    Raises:
        DecodingError: not canonical bytes.
        InvalidTransactionError: canonical, but not a transaction; the message names the field.

    Cost: about 5 µs for 300 bytes of the usual form (`ledger.usual_envelope`), else 9 µs.
    """
    if len(envelope) > ENVELOPE_SIZE_BYTES_MAX:
        raise InvalidTransactionError(
            "the envelope has {size} bytes, more than {limit}", size=len(envelope), limit=ENVELOPE_SIZE_BYTES_MAX
        )
    usual = read_usual(envelope)
    if usual is not None:
        body, fields, signature = usual
        check_decoded(fields.args, depth=1)
        check_form(signature)
        return _transaction(fields, None, body, (signature,), envelope)
    outer = decode(envelope, ENVELOPE_SIZE_BYTES_MAX, ENVELOPE_VALUES_MAX)
    if type(outer) is not list or len(outer) != 2 or type(outer[0]) is not bytes:
        raise InvalidTransactionError("the envelope is not a list of a body and its signatures")
    body = outer[0]
    found = _body_fields(body)
    for name, size in _BYTE_STRINGS:
        _check_bytes(name, found[name], size)
    parts: Any = [found[name] for name in _IN_ORDER]
    fields = UsualBody(*parts)
    signatures = decode_signatures(outer[1])
    return _transaction(
        fields, _expectation(found["expect"]) if "expect" in found else None, body, signatures, envelope
    )


def _transaction(
    fields: UsualBody, expect: Expectation | None, body: bytes, signatures: tuple[Signature, ...], envelope: bytes
) -> Transaction:
    """The transaction of these parts; but for the byte strings, `fields` may be of any types."""
    version, operation, arguments, expires_ms = fields.v, fields.operation, fields.args, fields.expires_ms
    if type(version) is not int or version != BODY_VERSION:
        raise InvalidTransactionError(
            "the transaction has version {version!r}, known is {known}", version=version, known=BODY_VERSION
        )
    if type(operation) is not str or not _is_operation(operation):
        raise InvalidTransactionError(
            "`op` is not of the form contract.method: small ASCII letters, digits and hyphens, at most {limit}",
            limit=OPERATION_SIZE_BYTES_MAX,
        )
    if type(arguments) is not dict or not all(map(_ARGUMENT_NAME.fullmatch, arguments)):
        raise InvalidTransactionError("`args` is not a map under names of 1 to 64 ASCII characters without spaces")
    if type(expires_ms) is not int or expires_ms < 0:
        raise InvalidTransactionError("`exp` is not a time in milliseconds since 1970")
    transaction_id, leaf_hash = sha256(_BODY + body).digest(), sha256(b"\x00" + envelope).digest()
    kept_arguments = arguments if _room_after(arguments, KEPT_ARGUMENT_VALUES_MAX) >= 0 else None
    return made(
        Transaction,
        (
            transaction_id,
            fields.network_id,
            fields.sender,
            operation,
            fields.nonce,
            expires_ms,
            expect,
            signatures,
            body,
            envelope,
            leaf_hash,
            kept_arguments,
        ),
    )


def _room_after(value: dict[str, Value] | list[Value], room: int) -> int:
    """How many values there is room for beside those in `value`, keys included; below zero if there are too many."""
    if type(value) is dict:
        room -= 2 * len(value)
        items: Iterable[Value] = value.values()
    else:
        room -= len(value)
        items = value
    # Looks at no more items than there is room for.
    if room >= 0:
        for item in items:
            if (type(item) is dict or type(item) is list) and room >= 0:
                room = _room_after(item, room)
    return room


def _is_operation(name: str) -> bool:
    return len(name) <= OPERATION_SIZE_BYTES_MAX and _OPERATION.fullmatch(name) is not None


def _body_fields(body: bytes) -> dict[str, Value]:
    fields = decode(body, ENVELOPE_SIZE_BYTES_MAX, ENVELOPE_VALUES_MAX)
    if type(fields) is not dict:
        raise InvalidTransactionError("the body of the transaction is not a map")
    names = fields.keys()
    if not names >= _REQUIRED:
        missing = ", ".join(sorted(_REQUIRED - names))
        raise InvalidTransactionError("the transaction lacks {fields}", fields=missing)
    if not names <= _ALLOWED:
        unknown = ", ".join(repr(name[:64]) for name in sorted(names - _ALLOWED)[:8])
        raise InvalidTransactionError("the transaction has unknown fields: {fields}", fields=unknown)
    return fields


def _check_bytes(name: str, value: object, size: int) -> None:
    if type(value) is not bytes or len(value) != size:
        raise InvalidTransactionError("`{field}` is not a byte string of {size}", field=name, size=size)


def _expectation(value: Value) -> Expectation:
    if type(value) is list and len(value) == 3:
        kind, record_id, version = value
        if (
            type(kind) is str
            and type(record_id) is str
            and type(version) is int
            and version >= 0
            and _RECORD_KIND.fullmatch(kind)
            and _RECORD_ID.fullmatch(record_id)
        ):
            return Expectation(kind, record_id, version)
    raise InvalidTransactionError("`expect` is not a list of a record's kind, id and version")


def verify_signatures(transaction: Transaction, batches: ValidBatches | None = None) -> bool:
    """Whether every signature of the envelope is valid.

    Args:
        transaction: As decoded.
        batches: Remembers the signatures of batches; without it they are verified anew for each member.

    Cost: about 55 µs each, mostly without the GIL; 3 to 8 µs for a member of a batch that is known.
    """
    return verify_all(transaction.signatures, transaction.id, transaction.body, batches)


def check_window(transaction: Transaction, block_time_ms: int, lifetime_ms_max: int) -> None:
    """Refuse a transaction that may not be in a block of this time.

    Raises:
        InvalidTransactionError: it expired before, or expires more than `lifetime_ms_max` after.
    """
    if transaction.expires_ms < block_time_ms:
        raise InvalidTransactionError(
            "the transaction expired at {expires} ms, it is {now} ms; sign it again with a later expiry",
            expires=transaction.expires_ms,
            now=block_time_ms,
        )
    if transaction.expires_ms > block_time_ms + lifetime_ms_max:
        raise InvalidTransactionError(
            "the transaction expires at {expires} ms, more than {lifetime} ms after {now} ms; sign it with an earlier"
            " expiry or check the clock",
            expires=transaction.expires_ms,
            lifetime=lifetime_ms_max,
            now=block_time_ms,
        )


def build_body(
    network_id: Hash,
    sender: Hash,
    operation: str,
    arguments: dict[str, Value],
    nonce: bytes,
    expires_ms: int,
    expect: Expectation | None = None,
) -> bytes:
    """What is signed of a transaction; texts in the arguments are normalised to NFC. The arguments are those of
    `build_transaction`.

    Raises:
        EncodingError: an argument has no canonical form. Everything else shows when the body is sealed.
    """
    normalised = _normalised(arguments)
    fields: dict[str, Value] = {
        "v": BODY_VERSION,
        "net": network_id,
        "from": sender,
        "op": operation,
        "args": normalised,
        "nonce": nonce,
        "exp": expires_ms,
    }
    if expect is not None:
        fields["expect"] = list(expect)
    return encode(fields)


def seal(body: bytes, signatures: Sequence[Signature]) -> Transaction:
    """The transaction of a body and its signatures, which are not verified here.

    Raises:
        InvalidTransactionError, DecodingError: they make no transaction (too large, too many, one key twice).
    """
    return decode_envelope(encode_envelope(body, signatures))


def encode_envelope(body: bytes, signatures: Sequence[Signature]) -> bytes:
    """The bytes of the envelope; that they make a transaction is for who gave the parts, or `seal`, to know."""
    return encode([body, [list(one) for one in signatures]])


def build_transaction(
    network_id: Hash,
    sender: Hash,
    operation: str,
    arguments: dict[str, Value],
    nonce: bytes,
    expires_ms: int,
    signers: Sequence[SigningKey],
    expect: Expectation | None = None,
) -> Transaction:
    """A signed transaction, made as a client does: texts in the arguments are normalised to NFC.

    Args:
        network_id: 32 bytes.
        sender: Member id, 32 bytes.
        operation: `contract.method`.
        arguments: As the operation declares them; detached ones as commitment maps.
        nonce: 16 bytes the caller drew.
        expires_ms: Milliseconds since 1970 UTC.
        signers: 1 to 16 distinct keys; each signs this transaction alone.
        expect: The record version it builds on.

    Raises:
        InvalidTransactionError, EncodingError: what was given makes no valid transaction.
    """
    body = build_body(network_id, sender, operation, arguments, nonce, expires_ms, expect)
    return seal(body, [sign_body(body, key) for key in signers])


def _normalised(value: Value) -> Value:
    """Texts in NFC; map keys are names and stay as they are, or two of them could become one."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [_normalised(item) for item in value]
    if isinstance(value, dict):
        return {key: _normalised(item) for key, item in value.items()}
    return value
