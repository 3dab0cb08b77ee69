"""docs/protocol.md against the code: every purpose, and the figures of sections 6 and 7.

The tables of statements and attachments are compared in test_packets.py.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from consensus.certificates import CERTIFICATE_SIZE_BYTES_MAX
from consensus.evidence import EVIDENCE_SIZE_BYTES_MAX, Offence
from consensus.leadership import PROOF_EVERY_HEARTBEATS
from consensus.packets import PACKET_SIZE_BYTES_MAX
from consensus.standing import SETS_MAX
from consensus.statement import NONCE_SIZE_BYTES, STATEMENT_SIZE_BYTES_MAX, Statement
from consensus.timing import STARVING_TIMEOUTS, Timing
from consensus.voters import TWO_THIRDS_VOTERS_MIN, VOTERS_MAX
from daemon.sign_state import RESERVED_HEIGHTS
from tools.mutants import ROOT

PAGE = (ROOT / "docs" / "protocol.md").read_text("utf-8")
FLOWING = " ".join(PAGE.split())
PACKAGES = ("ledger", "consensus", "contracts", "p2p", "storage", "daemon")
# Nobody else ever sees these: rows of the store.
OWN = {"store-subject"}


def _section(title: str) -> str:
    return PAGE.partition(f"\n## {title}")[2].partition("\n## ")[0]


def _purposes_in_code() -> Iterator[str]:
    """The first argument of `tagged_hash` and `domain`, and the names of statements."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                match node:
                    case ast.Call(ast.Name("tagged_hash" | "domain"), [ast.Constant(str(purpose)), *_]):
                        yield purpose
    yield from (kind.NAME for kind in Statement.__subclasses__())


def test_the_table_of_purposes_is_that_of_the_code() -> None:
    told = set()
    for line in _section("2.").partition("| purpose | of what | section |")[2].partition("\n\n")[0].splitlines():
        told |= set(re.findall(r"`([a-z-]+)`", line.split("|")[1])) if line.count("|") > 2 else set()
    assert told - {"receipt-code"} == set(_purposes_in_code()) - OWN - {"receipt-code"}


@pytest.mark.parametrize(
    "told",
    [
        f"T = {Timing().election_timeout_ms:,} ms, heartbeat T/{Timing().election_timeout_ms // Timing().heartbeat_ms}",
        f"waited more than {STARVING_TIMEOUTS} T",
        f"**Changing voters** (1 to {VOTERS_MAX};",
        "quorum of *n* voters is ⌊n/2⌋ + 1 with `majority` and ⌊2n/3⌋ + 1 with `two-thirds`",
        f"(of the newest {SETS_MAX} sets)",
        f"at most {STATEMENT_SIZE_BYTES_MAX} bytes",
        f"Round and question: {NONCE_SIZE_BYTES} bytes",
        f"it has at most {CERTIFICATE_SIZE_BYTES_MAX // 1024} KiB",
        f"A packet has at most {PACKET_SIZE_BYTES_MAX // 1024} KiB",
        f"at most {EVIDENCE_SIZE_BYTES_MAX // 1024} KiB of evidence",
        f"in the first heartbeat and every {PROOF_EVERY_HEARTBEATS}th after it",
        f"one flush covers the next {RESERVED_HEIGHTS} heights",
    ],
)
def test_figures(told: str) -> None:
    assert told in FLOWING


def test_two_thirds_begin_at_four_voters() -> None:
    assert TWO_THIRDS_VOTERS_MIN == 4
    assert '`quorum = "two-thirds"` (four voters and more)' in FLOWING


def test_offences() -> None:
    listed = " ".join(_section("8.").split()).partition("Offences are ")[2].partition(", in the order")[0]
    assert re.findall(r"`([a-z-]+)`", listed) == [offence.value for offence in Offence]
