"""A ledger as a node shows it over HTTP.

Owns the mapping of the API's answers to what an audit reads. Never believes an answer: what is malformed becomes the
finding `audit.unreadable`. Results, look-ups and payloads are not shown in bulk and are left out; what results must
be is stated by the outcome leaves, which are in the log. Source: docs/reference/api.md.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from cli.audit.finding import AuditFinding
from cli.audit.http_fetch import HttpFetch
from cli.audit.source import LedgerMovedError, LocalTables, SourceBlock, SourceHead, check_whole
from cli.errors import CommandError, RefusedError, UnreachableError
from contracts.record import Record, record_key
from ledger.base64_text import decode_base64
from ledger.encoding import Value
from ledger.errors import BanyanError, DecodingError
from ledger.hashing import HASH_SIZE_BYTES, Hash
from ledger.json_fault import json_fault
from ledger.tiles import decode_entry_bundle, tile_path, tile_width
from ledger.tree import TILE_WIDTH
from storage.interface import StoredHeader

_HEX_KEY = "$hex"
_COMMITMENT_KEY = "#"
# The most that one answer gives.
_RECORDS_LIMIT = 1000
# A write takes milliseconds, on a slow disk seconds.
_WRITE_POLL_S = 0.1
_WRITE_POLLS_MAX = 100


class _AnswerError(BanyanError):
    """An answer is not of the form that a node gives it."""


# What reading a malformed answer can raise.
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, RecursionError, DecodingError, _AnswerError)


class HttpSource:
    """A `LedgerSource` over the HTTP API of a node."""

    def __init__(self, address: str) -> None:
        """Ask the node nothing yet.

        Raises:
            UsageError: `address` is not one.
        """
        self._address = address
        self._fetch = HttpFetch(address)
        self._is_node = False
        self._tree_size = 0
        self._executed_height = 0
        # The newest bundle, by index and width: blocks follow one another, so it is the one asked for next.
        self._bundle: tuple[tuple[int, int], tuple[bytes, ...]] | None = None

    def head(self) -> SourceHead:
        """Where the ledger stands now; three requests, and one more the first time.

        Raises:
            UnreachableError: what answers at the address is no node.
        """
        if not self._is_node:
            self._check_node()
            self._is_node = True
        with _readable("status"):
            # The checkpoint first: it may then be older than the rest, never newer.
            checkpoint = self._fetch.get("/checkpoint")
            status = self._json("/v1/status")
            check_whole(_count(status.get("kept_from", 1)))
            network_id, executed = _hash(status["network"]["id"]), _count(status["executed_height"])
            self._executed_height, self._tree_size = executed, self._size_at(executed)
            return SourceHead(
                network_id=network_id,
                tip_height=executed,
                tip_hash=None,
                executed_height=executed,
                tree_size=self._tree_size,
                digest_lanes=None,
                state_digest=_hash(status["state_digest"]),
                checkpoint=checkpoint,
            )

    def block(self, height: int) -> SourceBlock | None:
        """The block, its entries out of entry bundles."""
        with _readable(f"block {height}", height):
            content = self._fetch.get(f"/v1/blocks/{height}")
            if content is None:
                return None
            block = _object(content)
            header = StoredHeader(
                height=_count(block["height"]),
                term=_count(block["term"]),
                header=_bytes(block["header"]),
                header_hash=_hash(block["hash"]),
                signature=bytes.fromhex(block["signature"]),
                election_certificate=_bytes(block["election_certificate"] or ""),
                first_index=_count(block["first_index"]),
                leaf_count=_count(block["leaf_count"]),
            )
            certificate = block["certificate"]
            return SourceBlock(
                header=header,
                entries=self._entries(header.first_index, header.leaf_count),
                results=None,
                certificate=None if certificate is None else _bytes(certificate),
            )

    def tile(self, level: int, index: int, width: int) -> bytes | None:
        """The first `width` hashes of the tile as it is now."""
        with _readable(f"tile {level}/{index}"):
            there = tile_width(self._tree_size, level, index)
            content = self._fetch.get("/" + tile_path(level, index, there)) if there >= width else None
            if content is None:
                return None
            if len(content) != there * HASH_SIZE_BYTES:
                raise _AnswerError("a tile has another size than the log gives it")
            return content[: width * HASH_SIZE_BYTES]

    def records(self, kinds: Sequence[str]) -> Iterator[tuple[bytes, bytes]]:
        """Records of these kinds, page by page."""
        for kind in kinds:
            after: str | None = None
            while True:
                with _readable(f"records of {kind}"):
                    page = self._page(kind, after)
                    records = [_record(kind, one) for one in page["records"]]
                    after = page["next"]
                yield from records
                if after is None:
                    break

    def has_moved(self) -> bool:
        """Whether the node executed more since the last `head`."""
        with _readable("status"):
            return _count(self._json("/v1/status")["executed_height"]) != self._executed_height

    def tables(self) -> LocalTables | None:
        """Not shown over HTTP."""
        return None

    def close(self) -> None:
        """Close the connection."""
        self._fetch.close()

    def _check_node(self) -> None:
        """Tell another web server from a node that shows a damaged ledger: by its status, which names a network."""
        fault: BanyanError = CommandError("it shows no /v1/status")
        try:
            content = self._fetch.get("/v1/status")
            if content is not None:
                fault = CommandError("its /v1/status is not that of a node")
                _hash(_object(content)["network"]["id"])
                return
        except UnreachableError:
            raise
        except RefusedError as error:
            if error.code != RefusedError.code:
                raise
            # JSON, and no problem as a node tells it.
            fault = error
        except CommandError as error:
            fault = error
        except _MALFORMED:
            pass
        raise UnreachableError(
            "there is no Banyan node at {address}: {reason}; give the address at which a node serves its HTTP API",
            address=self._address,
            reason=fault,
        )

    def _size_at(self, height: int) -> int:
        """The log's size after the executed block; a node tells of it a moment before it has written it."""
        if height == 0:
            return 0
        content = self._fetch.get(f"/v1/blocks/{height}")
        for _ in range(_WRITE_POLLS_MAX):
            if content is not None:
                break
            time.sleep(_WRITE_POLL_S)
            content = self._fetch.get(f"/v1/blocks/{height}")
        if content is None:
            raise _AnswerError("the node says that it executed block {height} and does not show it", height=height)
        block = _object(content)
        return _count(block["first_index"]) + _count(block["leaf_count"])

    def _entries(self, first_index: int, count: int) -> list[bytes]:
        """Up to `count` entries; fewer where the node shows fewer."""
        entries: list[bytes] = []
        end = min(first_index + count, self._tree_size)
        while (at := first_index + len(entries)) < end:
            index, offset = divmod(at, TILE_WIDTH)
            found = self._entry_bundle(index)[offset : end - index * TILE_WIDTH]
            if not found:
                break
            entries += found
        return entries

    def _entry_bundle(self, index: int) -> tuple[bytes, ...]:
        width = tile_width(self._tree_size, 0, index)
        if self._bundle is None or self._bundle[0] != (index, width):
            content = self._fetch.get("/" + tile_path(None, index, width))
            if content is None:
                return ()
            self._bundle = ((index, width), decode_entry_bundle(content))
        return self._bundle[1]

    def _page(self, kind: str, after: str | None) -> dict[str, Any]:
        query = f"?limit={_RECORDS_LIMIT}" + ("" if after is None else f"&after={quote(after, safe='')}")
        page = self._json(f"/v1/records/{quote(kind, safe='')}{query}")
        if _count(page["executed_height"]) != self._executed_height:
            raise LedgerMovedError("the ledger grew while its records were read; ask again")
        following = page["next"]
        if following is not None and (not isinstance(following, str) or (after is not None and following <= after)):
            raise _AnswerError("a page of records does not lead on")
        return page

    def _json(self, path: str) -> dict[str, Any]:
        content = self._fetch.get(path)
        if content is None:
            raise _AnswerError("the node shows no {path}", path=path)
        return _object(content)


@contextmanager
def _readable(what: str, height: int | None = None) -> Iterator[None]:
    """Turn every malformed answer into a finding; errors of the connection stay what they are."""
    try:
        yield
    except _MALFORMED as error:
        raise AuditFinding(
            "audit.unreadable",
            "the node's answer cannot be read at {key}: {reason}",
            height=height,
            key=what,
            reason=_fault(error),
        ) from error


def _fault(error: Exception) -> BanyanError:
    """What is wrong with an answer; never what Python says of its objects."""
    match error:
        case BanyanError():
            return error
        case json.JSONDecodeError() | UnicodeError() | RecursionError():
            return json_fault(error)
        case KeyError():
            return _AnswerError("the answer lacks a field")
        case ValueError():
            return _AnswerError("a text or number in the answer is not of the form that it should have")
    return _AnswerError("a field of the answer is of another kind than it should be")


def _object(content: bytes) -> dict[str, Any]:
    value = json.loads(content)
    if not isinstance(value, dict):
        raise _AnswerError("the answer is no JSON object")
    return value


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise _AnswerError("a number in the answer is not a whole number")
    return value


def _hash(value: str) -> Hash:
    found = bytes.fromhex(value)
    if len(found) != HASH_SIZE_BYTES:
        raise _AnswerError("a hash in the answer has another size")
    return found


def _bytes(value: str) -> bytes:
    found = decode_base64(value)
    if found is None:
        raise _AnswerError("the answer holds a text that is not base64")
    return found


def _record(kind: str, one: dict[str, Any]) -> tuple[bytes, bytes]:
    fields = {name: _value(value) for name, value in one["fields"].items()}
    return record_key(kind, one["id"]), Record(one["version"], fields).encode()


def _value(value: Any) -> Value:
    """The value that the API's JSON form stands for."""
    if isinstance(value, dict):
        if set(value) == {_HEX_KEY}:
            return bytes.fromhex(value[_HEX_KEY])
        if set(value) == {_COMMITMENT_KEY}:
            return {_COMMITMENT_KEY: bytes.fromhex(value[_COMMITMENT_KEY])}
        return {name: _value(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_value(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    raise _AnswerError("a record in the answer holds a fraction")
