"""Which facts of an import the ledger has already.

Owns the search through the log, entry by entry, for the nonces of the plan's rows, and the question what became of
the transactions that are found; and the versions of records that rows build on. Never writes. The whole log is looked
through where a row is unknown: about a second for 200,000 entries, and nothing has to be remembered for it to be
right.
"""

import re
import time
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from cli.client import NodeClient, path_of
from cli.errors import CommandError, RefusedError
from cli.importing.identity import FACT_SIZE_BYTES
from cli.session import Advance
from contracts.result import CODE_OK
from ledger.errors import BanyanError, DecodingError
from ledger.tiles import decode_entry_bundle, tile_path, tile_width
from ledger.transaction import Transaction, decode_envelope
from ledger.tree import TILE_WIDTH
from ledger.usual_envelope import NONCE_SIZE_BYTES

# The name of the field and the head of its value, as the canonical encoding writes them into a body.
_NONCE = re.compile(rb"\xa5nonce\xc4\x10", re.DOTALL)
_WAIT_S = 30
# How long a node may take to store what it has committed to: a disk that is busy with something else.
STORED_WAIT_S = 10
_STORED_PAUSE_S = 0.05
# Up to here one question for each record is quicker than pages of the whole kind.
SINGLE_READS_MAX = 64
_PAGE_SIZE = 1000


class KnownFact(NamedTuple):
    """A fact that a transaction in the log states: which content, and the code of its result."""

    content: bytes
    code: str


def facts_in_log(
    client: NodeClient, wanted: Collection[bytes], is_ours: Callable[[Transaction], bool], advance: Advance
) -> dict[bytes, KnownFact]:
    """What the log has of the wanted facts; of several transactions for one fact, the one that was executed.

    Args:
        client: The node that is asked.
        wanted: Facts.
        is_ours: Whether a transaction with a wanted nonce is one that the plan could have made.
        advance: Told of entries.

    Raises:
        UnreachableError, RefusedError, CommandError: as every question.
    """
    found: dict[bytes, KnownFact] = {}
    codes = _ResultCodes(client)
    for transaction in _candidates(client, wanted, advance):
        fact = transaction.nonce[:FACT_SIZE_BYTES]
        before = found.get(fact)
        if not is_ours(transaction) or (before is not None and before.code == CODE_OK):
            continue
        code = codes.code_of(transaction)
        if code is not None:
            found[fact] = KnownFact(transaction.nonce[FACT_SIZE_BYTES:], code)
    return found


def _candidates(client: NodeClient, wanted: Collection[bytes], advance: Advance) -> Iterator[Transaction]:
    size, index = _log_size(client), 0
    while index * TILE_WIDTH < size:
        entries = _bundle(client, index, tile_width(size, None, index))
        for entry in entries:
            if any(entry[place : place + FACT_SIZE_BYTES] in wanted for place in _nonce_places(entry)):
                transaction = _decoded(entry)
                if transaction is not None and transaction.nonce[:FACT_SIZE_BYTES] in wanted:
                    yield transaction
        index += 1
        advance(min(size, index * TILE_WIDTH), size)


def _log_size(client: NodeClient) -> int:
    return int(client.get("/v1/status")["tree_size"])


def _bundle(client: NodeClient, index: int, width: int) -> tuple[bytes, ...]:
    """Entries of the log; waits a little for those that the node counts already and is still writing to its disk."""
    deadline = time.monotonic() + STORED_WAIT_S
    while True:
        try:
            path = path_of(tile_path(None, index, width))
            return decode_entry_bundle(client.get_bytes(path, "application/octet-stream"))
        except DecodingError as error:
            raise CommandError("the node's answer is no bundle of entries: {reason}", reason=error) from error
        except RefusedError as error:
            if error.code != "tile-unknown" or time.monotonic() > deadline:
                raise
            time.sleep(_STORED_PAUSE_S)


def _nonce_places(entry: bytes) -> Iterator[int]:
    """Where nonces may begin; arguments may hold the same bytes, so there can be several."""
    return (match.end() for match in _NONCE.finditer(entry, 0, len(entry) - NONCE_SIZE_BYTES))


def _decoded(entry: bytes) -> Transaction | None:
    try:
        return decode_envelope(entry)
    except BanyanError:
        # The leaf with a block's outcome.
        return None


class _ResultCodes:
    """The codes of results, asked for a block at a time: what was handed in together was executed together."""

    def __init__(self, client: NodeClient) -> None:
        self._client = client
        # Of the block asked for last.
        self._codes: dict[str, str] = {}

    def code_of(self, transaction: Transaction) -> str | None:
        """The code of its result; None where the node does not know it in the end."""
        wanted = transaction.id.hex()
        if wanted not in self._codes:
            try:
                answer = self._client.get(f"/v1/transactions/{wanted}", wait=_WAIT_S)
            except RefusedError as error:
                if error.code != "transaction-unknown":
                    raise
                return None
            block = self._client.get(f"/v1/blocks/{answer['height']}")
            self._codes = {str(one["id"]): str(one["code"]) for one in block["transactions"]}
            self._codes[wanted] = str(answer["result"]["code"])
        return self._codes[wanted]


def versions_of(client: NodeClient, records: Collection[str]) -> dict[str, int]:
    """The version of each record (`kind/id`), 0 where there is none.

    Raises:
        RefusedError: there is no such kind.
    """
    by_kind: dict[str, list[str]] = {}
    for record in records:
        kind, _slash, record_id = record.partition("/")
        by_kind.setdefault(kind, []).append(record_id)
    found = dict.fromkeys(records, 0)
    for kind, ids in by_kind.items():
        read = _single if len(ids) <= SINGLE_READS_MAX else _paged
        for record_id, version in read(client, kind, sorted(ids)):
            found[f"{kind}/{record_id}"] = version
    return found


def _single(client: NodeClient, kind: str, ids: list[str]) -> Iterator[tuple[str, int]]:
    for record_id in ids:
        try:
            yield record_id, int(client.get(path_of("v1/records", kind, record_id))["version"])
        except RefusedError as error:
            if error.code != "record-unknown":
                raise


def _paged(client: NodeClient, kind: str, ids: list[str]) -> Iterator[tuple[str, int]]:
    """Pages of the kind from the first wanted id on, leaping to the next wanted one."""
    wanted, after, place = set(ids), ids[0][:-1], 0
    while True:
        # Less than the next wanted id, and hardly anything between the two.
        page = client.get(path_of("v1/records", kind), after=after or None, limit=_PAGE_SIZE)
        for record in page["records"]:
            if record["id"] in wanted:
                yield record["id"], int(record["version"])
        if page["next"] is None:
            return
        after = page["next"]
        while place < len(ids) and ids[place] <= after:
            place += 1
        if place == len(ids):
            return
        after = max(after, ids[place][:-1])
