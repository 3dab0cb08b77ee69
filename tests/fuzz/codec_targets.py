"""Formats that a peer sends: whatever is read is the one form of what it means, everything else a declared error."""

from collections.abc import Callable, Iterable
from typing import Any

from consensus.certificates import BlockCertificate, ElectionCertificate
from consensus.evidence import Evidence, Offence
from consensus.packets import _KINDS as PACKET_KINDS
from consensus.packets import Packet
from consensus.statement import Field, Statement
from consensus.term_certificates import decode_term_certificate, encode_term_certificate
from daemon.proposal import Proposal
from ledger.block import Header, Outcome
from ledger.encoding import Value, decode, encode
from ledger.note import Note
from ledger.proof import TlogProof
from ledger.receipt import verify_receipt
from ledger.receipt_code import decode_receipt_code, encode_receipt_code
from ledger.result_proof import ResultProof, verify_result_proof
from ledger.submission import decode_submission, encode_submission
from ledger.transaction import Transaction, decode_envelope, verify_signatures
from p2p.batching import decode_batch, encode_batch
from p2p.frames import PayloadKind, decode_frame, encode_frame
from p2p.invitations import Guest, Invitation
from p2p.transport_errors import InvalidInvitationError
from p2p.transport_messages import Alive, Goodbye, Reach, Sight, decode_message
from tests.batches import batched
from tests.fuzz.recorded import recorded, submission_with_value
from tests.fuzz.target import Target
from tests.ledger import samples
from tests.ledger.byte_forms import assert_one_form
from tests.ledger.receipt_network import RESULT, ReceiptNetwork
from tests.p2p.frame_strategies import EXAMPLES
from tests.p2p.switchboards import KEYS, NETWORK, NOW_MS, contact, hello_of

_RECEIPTS = ReceiptNetwork(4)
_ENTRIES = [samples.outcome().encode(), samples.transaction().envelope, b"another entry"]
_TEXT_ENCODING = "latin-1"


def _codec(
    name: str, originals: Callable[[], Iterable[bytes]], parse: Callable[[bytes], Any], write: Callable[[Any], bytes]
) -> Target:
    return Target(name, lambda: tuple(originals()), lambda data: assert_one_form(parse, write, data))


def _written(one: Any) -> bytes:
    data: bytes = one.encode()
    return data


def _packets() -> list[Packet]:
    return [Packet.decode(payload) for payload in recorded().payloads(PayloadKind.AGREEMENT)]


def _statement_of(kind: type[Statement]) -> bytes:
    by_field: dict[Field, Any] = {Field.HASH: b"h" * 32, Field.NONCE: b"n" * 16, Field.COUNT: 3, Field.POSITIVE: 4}
    fields = (Field.HASH, Field.HASH, Field.POSITIVE, *kind.FIELDS)
    return kind(*(by_field[field] for field in fields)).encode()


def _statements() -> Iterable[Target]:
    for name, (kind, _) in PACKET_KINDS.items():
        made = _statement_of(kind)
        yield _codec(f"statement-{name}", lambda made=made: [made], kind.decode, _written)  # type: ignore[misc]


def _term_certificates() -> list[bytes]:
    made = [one.attachments[0] for one in _packets() if one.attachments and len(one.attachments[0]) > 100]
    told = [decode(payload) for payload in recorded().payloads(PayloadKind.TERM)]
    found = [*made, *(one[1] for one in told if isinstance(one, list) and isinstance(one[1], bytes))]
    return [one for one in found if _is_term_certificate(one)]


def _is_term_certificate(data: bytes) -> bool:
    value = decode(data)
    return isinstance(value, list) and len(value) == 2


def _evidence() -> Evidence:
    first = samples.acknowledgement(1).sign(samples.node_keys(1).agreement)
    return Evidence(Offence.ACKNOWLEDGEMENTS, samples.node_keys(1).node_id, 1, first, first)


def _envelopes() -> list[bytes]:
    alone = [samples.transaction(signers) for signers in (1, 2, 3)]
    together = batched(alone, samples.member_key(1), samples.member_key(2))
    return [one.envelope for one in (*alone, *together)]


def _decode_whole(data: bytes) -> Transaction:
    transaction = decode_envelope(data)
    verify_signatures(transaction)
    assert decode_envelope(transaction.envelope) == transaction
    assert isinstance(transaction.arguments, dict)
    return transaction


def _decode_submission(data: bytes) -> tuple[bytes, Any]:
    envelope, beside = decode_submission(data)
    for one in beside:
        assert len(one.commitment) == 32
        encode(one.value)
    return envelope, beside


def _invitation() -> bytes:
    guest = Guest(KEYS[4].node_id, KEYS[4].transport.public)
    neighbours = (contact(KEYS[1], "127.0.0.1:7401"), contact(KEYS[2], "localhost:7402"))
    made = Invitation.make(NETWORK, guest, neighbours, NOW_MS, NOW_MS + 3_600_000, KEYS[0].agreement)
    return made.to_text().encode("ascii")


def _check_invitation(data: bytes) -> None:
    text = data.decode(_TEXT_ENCODING)
    try:
        invitation = Invitation.from_text(text)
        assert invitation.to_text() == text.strip()
        invitation.check(NETWORK, NOW_MS, lambda key: True)
    except InvalidInvitationError as error:
        assert str(error)


def _verified_receipt(data: bytes) -> bytes:
    verify_receipt(data, _RECEIPTS.policy)
    return data


def _verified_result(data: bytes) -> bytes:
    verify_result_proof(data, _RECEIPTS.policy)
    return data


def _receipt() -> bytes:
    return _RECEIPTS.receipt(_ENTRIES, 1)


def _result_proof() -> bytes:
    return _RECEIPTS.result_proof([RESULT, b"second", b"third"], 1)


def _codes(data: bytes) -> Any:
    texts = data.decode(_TEXT_ENCODING).split("\n")
    return decode_receipt_code(texts, _RECEIPTS.policy), tuple(texts)


def _codes_again(read: Any) -> bytes:
    receipt, texts = read
    # Parts may come in any order and more than once; each of them has one form.
    assert set(encode_receipt_code(receipt, _RECEIPTS.policy)) == set(texts)
    return "\n".join(texts).encode(_TEXT_ENCODING)


def _same(one: bytes) -> bytes:
    return one


def _proposals() -> list[bytes]:
    return recorded().payloads(PayloadKind.PROPOSAL)


def _headers() -> list[bytes]:
    return [Proposal.decode(one).header.encode() for one in _proposals()]


def _block_certificates() -> list[bytes]:
    return [*recorded().payloads(PayloadKind.CERTIFICATE), samples.block_certificate().encode()]


def _encode_value(value: Value) -> bytes:
    return encode(value)


CODEC_TARGETS: tuple[Target, ...] = (
    _codec("encoding", lambda: recorded().frames, decode, _encode_value),
    _codec("frame", lambda: (*recorded().frames, *map(encode_frame, EXAMPLES)), decode_frame, encode_frame),
    _codec(
        "transport-message",
        lambda: map(
            encode_frame, (hello_of(KEYS[0]), Goodbye(3), Alive(), Sight(5, b"1.0", b"[::1]:7", Reach.REACHED, 9))
        ),
        decode_message,
        encode_frame,
    ),
    _codec("packet", lambda: (one.encode() for one in _packets()), Packet.decode, _written),
    *_statements(),
    _codec(
        "election-certificate",
        lambda: [samples.election_certificate().encode()],
        ElectionCertificate.decode,
        _written,
    ),
    _codec("block-certificate", _block_certificates, BlockCertificate.decode, _written),
    _codec("term-certificate", _term_certificates, decode_term_certificate, encode_term_certificate),
    _codec("evidence", lambda: [_evidence().encode()], Evidence.decode, _written),
    _codec("proposal", _proposals, Proposal.decode, _written),
    _codec("header", _headers, Header.decode, _written),
    _codec("outcome", lambda: [Proposal.decode(one).outcome for one in _proposals()], Outcome.decode, _written),
    _codec("batch", lambda: recorded().payloads(PayloadKind.TRANSACTIONS), decode_batch, encode_batch),
    _codec("envelope", _envelopes, _decode_whole, lambda one: bytes(one.envelope)),
    _codec(
        "submission",
        lambda: [*_envelopes(), submission_with_value()],
        _decode_submission,
        lambda one: encode_submission(*one),
    ),
    Target("invitation", lambda: (_invitation(),), _check_invitation),
    _codec("note", lambda: [_RECEIPTS.note(3, bytes(32)).encode()], Note.parse, _written),
    _codec("proof", lambda: [_receipt()], TlogProof.parse, _written),
    _codec("result-proof", lambda: [_result_proof()], ResultProof.parse, _written),
    _codec("receipt", lambda: [_receipt()], _verified_receipt, _same),
    _codec("verified-result", lambda: [_result_proof()], _verified_result, _same),
    _codec(
        "receipt-code",
        lambda: ["\n".join(encode_receipt_code(_receipt(), _RECEIPTS.policy)).encode(_TEXT_ENCODING)],
        _codes,
        _codes_again,
    ),
)
