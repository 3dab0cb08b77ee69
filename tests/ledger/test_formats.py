"""The project's own formats, pinned: a change of any byte is a change of the protocol and must be meant.

`vectors/formats.json` holds one complete example of each format, from fixed seeds. Who changes a format on purpose
writes the new example there, by hand, together with a new version in docs/protocol.md.
"""

import json
from pathlib import Path

from consensus.certificates import BlockCertificate, ElectionCertificate
from consensus.messages import Acknowledgement, Vote
from ledger.block import Header, Outcome, sign_header, verify_proposal
from ledger.genesis import parse_genesis
from ledger.node_keys import NodeDescription
from ledger.state_digest import StateDigest
from ledger.submission import decode_submission, encode_submission
from ledger.transaction import Expectation, decode_envelope, verify_signatures
from ledger.verifier_key import (
    KEY_TYPE_AGREEMENT,
    KEY_TYPE_COSIGNER,
    KEY_TYPE_LOG,
    KEY_TYPE_MEMBER,
    KEY_TYPE_TRANSPORT,
    VerifierKey,
)
from tests.batches import batched
from tests.ledger import samples

PINNED: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent / "vectors" / "formats.json").read_text(encoding="utf-8")
)
RECORDS = [
    (b"unit\x00sig-node", b"\x92\x01\x81\xa4name\xa8SIG Node"),
    (b"member\x001", b"\x92\x03\x80"),
    (b"a\x00b", b""),
]


def test_node_keys() -> None:
    keys = samples.node_keys(1)
    name = "node-1"
    assert PINNED["node keys"] == {
        "seed": "01" * 32,
        "agreement": str(VerifierKey(name, KEY_TYPE_AGREEMENT, keys.agreement.public)),
        "log": str(VerifierKey(name, KEY_TYPE_LOG, keys.log.public)),
        "cosigner": str(VerifierKey(name, KEY_TYPE_COSIGNER, keys.cosigner.public)),
        "transport": str(VerifierKey(name, KEY_TYPE_TRANSPORT, keys.transport.public)),
        "node id": keys.node_id.hex(),
        "node.public.json": samples.node_description(1).to_json(),
    }
    assert NodeDescription.from_json(PINNED["node keys"]["node.public.json"]) == samples.node_description(1)


def test_genesis() -> None:
    genesis, key = samples.genesis(), samples.member_key(1)
    assert PINNED["genesis"] == {
        "genesis.json": genesis.to_json(),
        "canonical bytes": genesis.canonical.hex(),
        "network id": genesis.network_id.hex(),
        "member seed": "65" * 32,
        "member key": str(VerifierKey("member", KEY_TYPE_MEMBER, key.public)),
        "member id": samples.SENDER.hex(),
    }
    assert parse_genesis(PINNED["genesis"]["genesis.json"]) == genesis


def test_transaction() -> None:
    transaction = samples.transaction()
    submission = encode_submission(transaction.envelope, (samples.DETACHED,))
    assert PINNED["transaction"] == {
        "body": transaction.body.hex(),
        "id": transaction.id.hex(),
        "signature": transaction.signatures[0].signature.hex(),
        "envelope": transaction.envelope.hex(),
        "leaf hash": transaction.leaf_hash.hex(),
        "salt": samples.DETACHED.salt.hex(),
        "value": samples.DETACHED.value_bytes.hex(),
        "commitment": samples.DETACHED.commitment.hex(),
        "submission": submission.hex(),
    }
    assert decode_submission(submission) == (transaction.envelope, (samples.DETACHED,))


def test_transaction_with_two_signatures_and_an_expectation() -> None:
    pinned = PINNED["transaction with two signatures and an expectation"]
    transaction = decode_envelope(bytes.fromhex(pinned["envelope"]))
    assert transaction == samples.transaction(2, Expectation("notice", "unit/sig-node", 3))
    assert transaction.id.hex() == pinned["id"]
    assert verify_signatures(transaction)


def test_transactions_signed_in_a_batch() -> None:
    pinned = PINNED["transactions signed in a batch"]
    alone = samples.transaction(2, Expectation("notice", "unit/sig-node", 3))
    first, second = batched([samples.transaction(), alone], samples.member_key(1), samples.member_key(2))
    assert pinned == {"first envelope": first.envelope.hex(), "second envelope": second.envelope.hex()}
    assert (first.id, second.id) == (samples.transaction().id, alone.id)
    assert all(verify_signatures(decode_envelope(bytes.fromhex(one))) for one in pinned.values())


def test_header_and_outcome() -> None:
    header, outcome, key = samples.header(), samples.outcome(), samples.node_keys(1).agreement
    assert PINNED["header"] == {
        "bytes": header.encode().hex(),
        "hash": header.hash.hex(),
        "proposal signature": sign_header(header, key).hex(),
    }
    assert PINNED["outcome"] == {"bytes": outcome.encode().hex()}
    assert Header.decode(bytes.fromhex(PINNED["header"]["bytes"])) == header
    assert verify_proposal(header, key.public, bytes.fromhex(PINNED["header"]["proposal signature"]))
    assert Outcome.decode(bytes.fromhex(PINNED["outcome"]["bytes"])) == outcome


def test_votes_and_election() -> None:
    voters, vote = samples.voter_set(), samples.vote(2)
    certificate = samples.election_certificate()
    assert PINNED["election"] == {
        "voter set hash, majority": voters.hash.hex(),
        "voter set hash, two thirds": samples.voter_set(4, "two-thirds").hash.hex(),
        "vote": vote.encode().hex(),
        "vote signature": vote.sign(samples.node_keys(2).agreement).signature.hex(),
        "certificate": certificate.encode().hex(),
        "certificate hash": certificate.hash.hex(),
    }
    assert Vote.decode(bytes.fromhex(PINNED["election"]["vote"])) == vote
    ElectionCertificate.decode(bytes.fromhex(PINNED["election"]["certificate"])).verify(voters, samples.NETWORK_ID)


def test_acknowledgements_and_certificate() -> None:
    acknowledgement, certificate = samples.acknowledgement(2), samples.block_certificate()
    assert PINNED["block certificate"] == {
        "acknowledgement": acknowledgement.encode().hex(),
        "acknowledgement signature": acknowledgement.sign(samples.node_keys(2).agreement).signature.hex(),
        "certificate": certificate.encode().hex(),
    }
    pinned = PINNED["block certificate"]
    assert Acknowledgement.decode(bytes.fromhex(pinned["acknowledgement"])) == acknowledgement
    BlockCertificate.decode(bytes.fromhex(pinned["certificate"])).verify(samples.voter_set(), samples.NETWORK_ID)


def test_state_digest() -> None:
    digest = StateDigest.empty()
    assert PINNED["state digest"]["no records"] == digest.digest().hex()
    for key, value in RECORDS:
        digest.add(key, value)
    assert PINNED["state digest"] == {
        "records": json.dumps([[key.hex(), value.hex()] for key, value in RECORDS]),
        "no records": StateDigest.empty().digest().hex(),
        "first 16 lane bytes": digest.lanes_bytes()[:16].hex(),
        "digest": digest.digest().hex(),
    }
