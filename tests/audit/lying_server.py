"""A web server that shows a ledger as the API does, and can lie in any answer."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

from cli.audit.folder_source import FolderSource
from cli.ledger_value import to_json
from contracts.record import Record, parse_record_key
from ledger.base64_text import encode_base64
from ledger.tiles import encode_entry_bundle, parse_tile_path
from ledger.tree import TILE_WIDTH
from tests.waiting import join

# What is answered: bytes, a status, or both.
Told: TypeAlias = bytes | int | tuple[int, bytes] | None
# Given the path and the true answer, the answer to give.
Lie: TypeAlias = Callable[[str, bytes | None], Told]


def honest(path: str, answer: bytes | None) -> bytes | None:
    """No lie at all."""
    return answer


class Answers:
    """The true answers, out of a store."""

    def __init__(self, home: Path) -> None:
        self._source = FolderSource(home / "db")
        self._head = self._source.head()
        self._records = list(self._source.records(()))
        blocks = [self._source.block(height) for height in range(1, self._head.executed_height + 1)]
        self._blocks = {block.header.height: block for block in blocks if block is not None}
        self._entries = [bytes(entry) for block in self._blocks.values() for entry in block.entries]

    def close(self) -> None:
        """Close the store."""
        self._source.close()

    def answer(self, target: str) -> bytes | None:
        """What is at the path; None for nothing."""
        parts = urlsplit(target)
        match parts.path.strip("/").split("/"):
            case ["v1", "status"]:
                return _json(self._status())
            case ["checkpoint"]:
                return self._head.checkpoint
            case ["v1", "blocks", height] if int(height) in self._blocks:
                return _json(self._block(int(height)))
            case ["v1", "records", kind]:
                return _json(self._page(kind, parse_qs(parts.query)))
            case ["tile", *_]:
                return self._tile(parts.path.strip("/"))
        return None

    def _status(self) -> dict[str, Any]:
        head = self._head
        return {
            "network": {"id": head.network_id.hex()},
            "executed_height": head.executed_height,
            "state_digest": head.state_digest.hex() if head.state_digest else None,
        }

    def _block(self, height: int) -> dict[str, Any]:
        block = self._blocks[height]
        stored = block.header
        election = stored.election_certificate
        return {
            "height": stored.height,
            "term": stored.term,
            "hash": stored.header_hash.hex(),
            "header": encode_base64(stored.header),
            "signature": stored.signature.hex(),
            "first_index": stored.first_index,
            "leaf_count": stored.leaf_count,
            "election_certificate": encode_base64(election) if election else None,
            "certificate": encode_base64(block.certificate or b""),
        }

    def _page(self, kind: str, query: dict[str, list[str]]) -> dict[str, Any]:
        after = query.get("after", [""])[0]
        limit = int(query["limit"][0])
        found = [(parse_record_key(key), Record.decode(value)) for key, value in self._records]
        mine = [(record_id, record) for (of, record_id), record in found if of == kind and record_id > after]
        page = [{"id": one, "version": record.version, "fields": to_json(record.fields)} for one, record in mine]
        # Small pages, so that there are several.
        shown = page[: min(limit, 100)]
        following = shown[-1]["id"] if len(page) > len(shown) else None
        return {"records": shown, "next": following, "executed_height": self._head.executed_height}

    def _tile(self, path: str) -> bytes | None:
        tile = parse_tile_path(path)
        if tile.level is None:
            return encode_entry_bundle(self._entries[tile.index * TILE_WIDTH :][: tile.width])
        found = self._source.tile(tile.level, tile.index, tile.width)
        return None if found is None else found[: tile.width * 32]


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _status_and_content(told: bytes | int | None) -> tuple[int, bytes]:
    if isinstance(told, int):
        return told, b""
    return (404, b"") if told is None else (200, told)


@contextmanager
def serving(home: Path, lie: Lie = honest) -> Iterator[str]:
    """Serve the ledger in a node's folder; gives the address."""
    answers = Answers(home)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and content in one packet: two would wait for each other's acknowledgement.
        wbufsize = -1

        def do_GET(self) -> None:
            told = lie(unquote(self.path), answers.answer(unquote(self.path)))
            status, content = told if isinstance(told, tuple) else _status_and_content(told)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        join(thread)
        answers.close()
