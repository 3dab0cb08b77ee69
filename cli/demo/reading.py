"""What the demonstration reads back from a node: members, groups, histories, receipts.

Owns the questions to the API and what is made of the answers; never compares (the checks do). Everything is read as
a stranger would: records by pages, names from the detached values that match their commitments, histories link by link,
receipts verified against the policy that follows from the genesis.
"""

import threading
from base64 import b64decode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from cli.chain_verification import ChainVerification
from cli.client import NodeClient, path_of
from cli.demo.organisation import ROOT_UNIT
from cli.demo.recording import KIND_CONTRIBUTOR, STATE_LEFT
from cli.errors import RefusedError, VerificationError
from cli.session import Advance
from cli.verification import verify_texts
from contracts.result import Result
from ledger.detached import DetachedValue
from ledger.policy import Policy

PAGE_SIZE = 1000
HISTORY_PAGE_SIZE = 500
# How long the node may take to cover the newest entry with a checkpoint.
RECEIPT_WAIT_S = 10


class Membership(NamedTuple):
    """A membership as the ledger has it; the account is behind `commitment`, `at_ms` that of the last event."""

    person: str
    role: str
    is_active: bool
    at_ms: int
    event_count: int
    commitment: str


def read_memberships(client: NodeClient) -> dict[str, Membership]:
    """Everybody who is or was a member, by pseudonym."""
    found = {}
    for record in read_records(client, KIND_CONTRIBUTOR, unit=ROOT_UNIT):
        state, values = record["fields"]["state"], record["fields"]["values"]
        found[values["person"]] = Membership(
            values["person"],
            state,
            state != STATE_LEFT,
            values["happened"],
            record["version"],
            values["account"]["#"],
        )
    return found


def read_records(client: NodeClient, kind: str, **filters: str) -> Iterator[dict[str, Any]]:
    """All records of a kind, ascending by id."""
    after: str | None = None
    while True:
        page = client.get(path_of("v1/records", kind), after=after, limit=PAGE_SIZE, **filters)
        yield from page["records"]
        after = page["next"]
        if after is None:
            return


def read_account(clients: Sequence[NodeClient], commitment: str) -> str:
    """The account name in the detached value of this commitment, from the first of the nodes that holds it.

    Raises:
        VerificationError: a node shows another value than the one that was committed to.
        RefusedError: none of them holds it.
    """
    for client in clients[:-1]:
        try:
            return _account_of(client, commitment)
        except RefusedError as error:
            if error.code != "payload-unknown":
                raise
    return _account_of(clients[-1], commitment)


def _account_of(client: NodeClient, commitment: str) -> str:
    answer = client.get(path_of("v1/payloads", commitment))
    value = DetachedValue(b64decode(answer["salt"]), b64decode(answer["value"]))
    if value.commitment.hex() != commitment or not isinstance(answer["decoded"], str):
        raise VerificationError("the value under the commitment {commitment} is another one", commitment=commitment)
    return answer["decoded"]


class Happening(NamedTuple):
    """A transaction in a history: its id, what was asked for, and the arguments in the clear."""

    transaction_id: str
    operation: str
    arguments: dict[str, Any]


def read_history(client: NodeClient, subject: str) -> list[Happening]:
    """The subject's chain, oldest first, every link recomputed and its end compared with the ledger's record.

    Raises:
        VerificationError: a link does not follow.
    """
    chain = ChainVerification(subject)
    found: list[Happening] = []
    after: int | None = None
    while True:
        page = client.get(path_of("v1/subjects", subject, "history"), after=after, limit=HISTORY_PAGE_SIZE)
        for link in page["links"]:
            transaction = chain.check(link).transaction
            # What timers did is verified like the rest; nobody asked for it.
            if transaction is not None:
                found.append(Happening(transaction.id.hex(), transaction.operation, transaction.arguments))
        after = page["next"]
        if after is None:
            break
    chain.check_end(client.get(path_of("v1/records/chain", subject)))
    return found


def verify_receipts(homes: Sequence[Path], ids: Sequence[str], policy: Policy, advance: Advance) -> int:
    """Fetch receipt and result proof of each transaction from the nodes by turns, verify them; how many say `ok`.

    Raises:
        VerificationError: one does not hold, or is of another transaction.
    """
    lock = threading.Lock()
    done = 0

    def verify(home: Path, share: Sequence[str]) -> int:
        nonlocal done
        good = 0
        with NodeClient(home) as client:
            for transaction_id in share:
                if ended.is_set():
                    break
                good += _verify(client, transaction_id, policy)
                with lock:
                    done += 1
                    advance(done, len(ids))
        return good

    ended = threading.Event()
    shares = [(home, ids[number :: len(homes)]) for number, home in enumerate(homes)]
    with ThreadPoolExecutor(len(homes), "receipts") as threads:
        try:
            return sum(threads.map(lambda one: verify(*one), shares))
        finally:
            ended.set()


def _verify(client: NodeClient, transaction_id: str, policy: Policy) -> bool:
    proven = verify_texts(read_receipt(client, transaction_id), policy)
    result = proven.results[0].content
    if not isinstance(result, Result) or result.transaction_id.hex() != transaction_id:
        raise VerificationError("the node shows the receipt of another transaction than {id}", id=transaction_id)
    return result.ok


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
