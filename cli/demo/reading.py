"""What the demonstration reads back from the node: notices, histories, receipts.

Owns the questions to the API and what is made of the answers; never compares (the checks do). Everything is read as
a stranger would: notices by pages, names from the detached values that match their commitments, receipts verified
against the policy alone.
"""

from base64 import b64decode
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from cli.chain_verification import ChainVerification
from cli.client import NodeClient, path_of
from cli.demo.membership import UNIT
from cli.errors import VerificationError
from cli.session import Advance
from cli.verification import parse_policy, verify_texts
from ledger.detached import DetachedValue
from ledger.policy import Policy

PAGE_SIZE = 500
# How long the node may take to cover the newest entry with a checkpoint.
RECEIPT_WAIT_S = 10


class ReadNotice(NamedTuple):
    """A notice as the ledger has it, with what its detached value says."""

    kind: str
    at_ms: int
    person: str
    role: str
    body: dict[str, Any]


def read_notices(client: NodeClient, advance: Advance) -> Iterator[ReadNotice]:
    """All notices of the unit in their order; each detached value is checked against its commitment.

    Raises:
        VerificationError: a detached value is not the one that was committed to.
    """
    after: str | None = None
    count = 0
    while True:
        page = client.get(path_of("v1", "records", "notice"), unit=UNIT, after=after, limit=PAGE_SIZE)
        for record in page["records"]:
            fields = record["fields"]
            body = _payload(client, fields["body"]["#"])
            yield ReadNotice(fields["kind"], fields["at"], fields["about"][0], body["role"], body)
            count += 1
        advance(count, None)
        after = page["next"]
        if after is None:
            return


def _payload(client: NodeClient, commitment: str) -> dict[str, Any]:
    answer = client.get(path_of("v1", "payloads", commitment))
    value = DetachedValue(b64decode(answer["salt"]), b64decode(answer["value"]))
    if value.commitment.hex() != commitment or not isinstance(answer["decoded"], dict):
        raise VerificationError("the value under the commitment {commitment} is another one", commitment=commitment)
    decoded: dict[str, Any] = answer["decoded"]
    return decoded


class History(NamedTuple):
    """A person's chain, verified: how many links, and the ids of the transactions, oldest first."""

    link_count: int
    transaction_ids: tuple[str, ...]


def read_history(client: NodeClient, subject: str) -> History:
    """The subject's chain, every link recomputed and its end compared with the ledger's record.

    Raises:
        VerificationError: a link does not follow.
    """
    chain = ChainVerification(subject)
    ids: list[str] = []
    after: int | None = None
    while True:
        page = client.get(path_of("v1/subjects", subject, "history"), after=after, limit=PAGE_SIZE)
        ids += [chain.check(link).transaction.id.hex() for link in page["links"]]
        after = page["next"]
        if after is None:
            break
    chain.check_end(client.get(path_of("v1/records/chain", subject)))
    return History(chain.count, tuple(ids))


def read_policy(client: NodeClient) -> Policy:
    """The network's verification policy."""
    return parse_policy(client.get_bytes("/tlog-policy", "text/plain"))


def verify_receipts(client: NodeClient, ids: Sequence[str], policy: Policy, advance: Advance) -> int:
    """Fetch and verify receipt and result proof of each transaction; how many hold and say `ok`."""
    verified = 0
    for number, transaction_id in enumerate(ids, 1):
        receipt, result_proof = read_receipt(client, transaction_id)
        proven = verify_texts([receipt, result_proof], policy)
        verified += proven.results[0].content.ok
        advance(number, len(ids))
    return verified


def read_receipt(client: NodeClient, transaction_id: str) -> tuple[bytes, bytes]:
    """Receipt and result proof of one transaction, waiting for the checkpoint that covers both."""
    answer = client.get(path_of("v1/transactions", transaction_id, "receipt"), wait=RECEIPT_WAIT_S)
    return answer["receipt"].encode("utf-8"), answer["result_proof"].encode("utf-8")


def refused_changes(receipt: bytes, policy: Policy) -> tuple[int, int]:
    """Change one bit at places spread over the receipt; (how many changed receipts were tried, how many refused)."""
    tried = refused = 0
    for position in range(0, len(receipt), max(1, len(receipt) // 64)):
        changed = bytearray(receipt)
        changed[position] ^= 1
        tried += 1
        try:
            verify_texts([bytes(changed)], policy)
        except VerificationError:
            refused += 1
    return tried, refused
