"""A subject's chain is recomputed link by link: whatever a node leaves out, moves or changes is found."""

import copy
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from cli.chain_verification import ChainVerification
from cli.errors import VerificationError
from contracts.chain import next_link
from ledger.genesis import member_id
from ledger.hashing import ZERO_HASH
from ledger.signing import SigningKey
from ledger.transaction import build_transaction

SUBJECT = "unit/u"
KEY = SigningKey.from_seed(bytes(32))


def shown_links(count: int) -> list[dict[str, Any]]:
    """The links of a good chain as the API shows them."""
    links: list[dict[str, Any]] = []
    link = ZERO_HASH
    for sequence in range(1, count + 1):
        transaction = build_transaction(
            bytes(32), member_id(bytes(32), KEY.public), "notice.post", {"n": sequence}, bytes(16), 5, [KEY]
        )
        link = next_link(link, transaction.leaf_hash)
        links.append(
            {
                "sequence": sequence,
                "index": sequence * 2,
                "height": sequence,
                "time_ms": sequence,
                "id": transaction.id.hex(),
                "leaf_hash": transaction.leaf_hash.hex(),
                "link": link.hex(),
                "entry": b64encode(transaction.envelope).decode(),
            }
        )
    return links


def head(links: list[dict[str, Any]]) -> dict[str, Any]:
    return {"fields": {"sequence": len(links), "link": {"$hex": links[-1]["link"]}}}


def verify(links: list[dict[str, Any]], record: dict[str, Any] | None) -> ChainVerification:
    chain = ChainVerification(SUBJECT)
    for link in links:
        chain.check(link)
    chain.check_end(record)
    return chain


def test_a_good_chain_holds() -> None:
    links = shown_links(4)
    assert verify(links, head(links)).link.hex() == links[-1]["link"]
    assert verify([], None).count == 0


def flip(text: str) -> str:
    return ("1" if text[0] == "0" else "0") + text[1:]


CHANGES: dict[str, Callable[[list[dict[str, Any]]], object]] = {
    "left out": lambda links: links.pop(1),
    "left out at the end": lambda links: links.pop(),
    "swapped": lambda links: links.insert(0, links.pop(1)),
    "twice": lambda links: links.insert(1, links[1]),
    "another sequence": lambda links: links[1].update(sequence=3),
    "another link": lambda links: links[1].update(link=flip(links[1]["link"])),
    "another id": lambda links: links[1].update(id=flip(links[1]["id"])),
    "another leaf hash": lambda links: links[1].update(leaf_hash=flip(links[1]["leaf_hash"])),
    "another entry": lambda links: links[1].update(entry=links[2]["entry"]),
    "no entry": lambda links: links[1].pop("entry"),
    "no base64": lambda links: links[1].update(entry="!"),
    "no transaction": lambda links: links[1].update(entry="AAAA"),
    "no height": lambda links: links[1].pop("height"),
    "no text": lambda links: links[1].update(entry=5),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_every_change_is_found(change: Callable[[list[dict[str, Any]]], object]) -> None:
    links = shown_links(4)
    changed = copy.deepcopy(links)
    change(changed)
    with pytest.raises(VerificationError):
        verify(changed, head(links))


def test_a_forged_signature_is_found() -> None:
    good = build_transaction(bytes(32), bytes(32), "notice.post", {}, bytes(16), 5, [KEY]).envelope
    forged = good[:-1] + bytes([good[-1] ^ 1])
    chain = ChainVerification(SUBJECT)
    from ledger.transaction import decode_envelope

    transaction = decode_envelope(forged)
    with pytest.raises(VerificationError, match="signatures"):
        chain.check(
            {
                "sequence": 1,
                "index": 1,
                "height": 1,
                "time_ms": 1,
                "id": transaction.id.hex(),
                "leaf_hash": transaction.leaf_hash.hex(),
                "link": next_link(ZERO_HASH, transaction.leaf_hash).hex(),
                "entry": b64encode(forged).decode(),
            }
        )
