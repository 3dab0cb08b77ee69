"""The transactions of a measurement, signed before it begins.

Owns what is written: notices of about 300 bytes, or the record of a member by the pack of the demonstration, guards,
counters and offices included. Never sends. Every transaction is another one: numbers go on from where they were.
"""

import time
from collections.abc import Iterator, Mapping
from enum import Enum
from itertools import count
from pathlib import Path

from cli.demo.organisation import ROOT_UNIT
from cli.demo.recording import CREATE, KIND_CONTRIBUTOR
from cli.genesis_file import read_home_genesis
from cli.member_key import read_key_file
from cli.operation_arguments import PreparedArguments
from cli.submission_maker import Draft, SubmissionMaker
from ledger.encoding import Value

UNITS = 1000
NONCE_SIZE_BYTES = 16
_DAY_MS = 86_400_000


class LoadKind(Enum):
    """What is written."""

    NOTICE = "notice"
    MEMBER = "member"


class SignedLoad:
    """Transactions of the administrator of the network in `home`."""

    def __init__(self, home: Path, kind: LoadKind, *, in_batches: bool = False) -> None:
        """`in_batches`: signed together, up to 1,024 of them with one signature, else each on its own.

        Raises:
            UsageError: the folder has no genesis or no `admin.key`.
        """
        self._maker = SubmissionMaker.of(read_home_genesis(home), read_key_file(home / "admin.key").open(None))
        self._kind = kind
        self._in_batches = in_batches
        self._numbers: Iterator[int] = count(1)

    def preparation(self) -> bytes:
        """The transaction that has to come first: the unit whose members are recorded."""
        arguments = {"unit": ROOT_UNIT, "kind": "organisation", "name": ROOT_UNIT}
        return self._maker.sign([self._draft("units.create", arguments, 0)])[0]

    def next_ones(self, how_many: int) -> list[bytes]:
        """The next transactions, each as bytes for a node."""
        drafts = [self._next() for _ in range(how_many)]
        if self._in_batches:
            return self._maker.sign(drafts)
        return [self._maker.sign([draft])[0] for draft in drafts]

    def _next(self) -> Draft:
        number = next(self._numbers)
        if self._kind is LoadKind.NOTICE:
            title = f"notice {number} of the benchmark".ljust(64, ".")
            return self._draft("notice.post", {"unit": f"unit-{number % UNITS}", "title": title}, number)
        happened_ms = time.time_ns() // 1_000_000 // _DAY_MS * _DAY_MS - _DAY_MS
        arguments: dict[str, Value] = {
            "type": KIND_CONTRIBUTOR,
            "unit": ROOT_UNIT,
            "transition": "record-joined",
            "fields": {"person": f"person-{number:08d}", "happened": happened_ms},
        }
        return self._draft(CREATE, arguments, number)

    def _draft(self, operation: str, arguments: Mapping[str, Value], number: int) -> Draft:
        expires_ms = time.time_ns() // 1_000_000 + self._maker.lifetime_ms
        nonce = number.to_bytes(NONCE_SIZE_BYTES, "big")
        return self._maker.draft(operation, PreparedArguments(dict(arguments), ()), nonce, expires_ms)
