"""Reading the chain back at a start: what it costs where a chain is long. Source: `daemon.recovery`."""

from dataclasses import replace

import pytest

from consensus.certificates import ElectionCertificate
from daemon.block_builder import Tip
from daemon.node_errors import LedgerContradictionError
from daemon.recovery import opening_certificate
from ledger.block import Header
from ledger.state_digest import StateDigest
from ledger.tree import CompactRange
from storage.interface import StoredHeader
from storage.loading import certified
from storage.memory import MemoryStore
from tests.daemon.header_chain import HeaderChain
from tests.ledger.samples import NETWORK_ID

# The heights at which a term begins.
OPENINGS = (1, 4, 120)
LENGTH = 400


class Headers(MemoryStore):
    """Nothing but headers; counts how many are read."""

    def __init__(self, headers: list[StoredHeader]) -> None:
        super().__init__(NETWORK_ID, {}, StateDigest.empty().lanes_bytes())
        self.headers = headers
        self.reads = 0

    def header(self, height: int) -> StoredHeader | None:
        self.reads += 1
        return self.headers[height - 1] if 1 <= height <= len(self.headers) else None


@pytest.fixture(scope="module")
def headers() -> list[StoredHeader]:
    chain = HeaderChain([1, 2, 3])
    for height in range(1, LENGTH + 1):
        chain.grow([1, 2], proposer=sum(height >= one for one in OPENINGS) % 2 + 1)
    return [
        certified(Header.decode(one.header), one.signature, one.election_certificate, one.certificate).header
        for one in chain.carried
    ]


def tip_at(headers: list[StoredHeader], height: int) -> Tip:
    header = Header.decode(headers[height - 1].header)
    return Tip(height, header.term, header.hash, header.time_ms, header.executed_height, CompactRange(), header)


@pytest.mark.parametrize("height", [1, 2, 3, 4, 5, 119, 120, 121, LENGTH])
def test_the_election_of_a_long_term_is_found_in_a_few_steps(headers: list[StoredHeader], height: int) -> None:
    reader = Headers(headers)
    found = opening_certificate(reader, tip_at(headers, height))
    opening = max(one for one in OPENINGS if one <= height)
    assert found == ElectionCertificate.decode(headers[opening - 1].election_certificate)
    assert reader.reads <= LENGTH.bit_length() + 1


def test_a_term_that_nobody_opened_is_a_contradiction(headers: list[StoredHeader]) -> None:
    broken = [*headers]
    broken[119] = replace(broken[119], election_certificate=b"")
    with pytest.raises(LedgerContradictionError, match="block 120"):
        opening_certificate(Headers(broken), tip_at(headers, LENGTH))
