"""Answers: what there is, from the first thing on, and never more than a frame."""

from p2p.answers import ANSWER_SIZE_BYTES_MAX, answer_blocks, answer_entries, answer_transactions
from p2p.frames import (
    BLOCK_ENTRIES_MAX,
    CarriedBlock,
    WantBlocks,
    WantEntries,
    WantTransactions,
    decode_frame,
    encode_frame,
)

H = b"h" * 32


def block(height: int, size: int = 10) -> CarriedBlock:
    return CarriedBlock(b"header %d" % height, bytes(64), b"", (b"outcome", bytes(size)), b"certificate")


def test_blocks_come_in_order_up_to_the_newest() -> None:
    chain = {height: block(height) for height in range(1, 6)}
    answer = answer_blocks(WantBlocks(7, 3, 64, True), chain.get)
    assert answer.request == 7
    assert answer.blocks == (chain[3], chain[4], chain[5])
    assert answer_blocks(WantBlocks(7, 6, 1, True), chain.get).blocks == ()
    assert answer_blocks(WantBlocks(7, 2, 2, True), chain.get).blocks == (chain[2], chain[3])


def test_without_entries_only_headers_and_certificates_come() -> None:
    answer = answer_blocks(WantBlocks(1, 1, 2, False), lambda height: block(height, 3_000_000))
    assert [one.entries for one in answer.blocks] == [(), ()]
    assert answer.blocks[0].certificate == b"certificate"


def test_an_answer_ends_where_it_is_large_enough_and_holds_one_block_at_least() -> None:
    answer = answer_blocks(WantBlocks(1, 1, 64, True), lambda height: block(height, 60_000))
    assert 15 <= len(answer.blocks) <= 17
    assert len(encode_frame(answer)) <= ANSWER_SIZE_BYTES_MAX
    entries = (bytes(1024), *[bytes(192)] * (BLOCK_ENTRIES_MAX - 1))
    largest = CarriedBlock(bytes(1024), bytes(64), bytes(8192), entries, bytes(8192))
    alone = answer_blocks(WantBlocks(1, 1, 64, True), lambda height: largest if height < 9 else None)
    assert alone.blocks == (largest,)
    assert decode_frame(encode_frame(alone)) == alone


def test_entries_come_with_their_places() -> None:
    entries = [b"outcome", b"one", b"two"]
    answer = answer_entries(WantEntries(5, H, (0, 2, 9)), {H: entries}.get)
    assert [tuple(one) for one in answer.entries] == [(0, b"outcome"), (2, b"two")]
    assert answer_entries(WantEntries(5, bytes(32), (0,)), {H: entries}.get).entries == ()
    many = answer_entries(WantEntries(5, H, tuple(range(100))), {H: [bytes(60_000)] * 100}.get)
    assert 15 <= len(many.entries) <= 18
    assert len(encode_frame(many)) <= ANSWER_SIZE_BYTES_MAX
    small = answer_entries(WantEntries(5, H, tuple(range(BLOCK_ENTRIES_MAX))), {H: [b"e"] * BLOCK_ENTRIES_MAX}.get)
    assert len(small.entries) == BLOCK_ENTRIES_MAX


def test_transactions_that_wait_no_longer_are_left_out() -> None:
    ids = (b"1" * 32, b"2" * 32, b"3" * 32)
    answer = answer_transactions(WantTransactions(5, ids), {ids[0]: b"one", ids[2]: b"three"}.get)
    assert answer.submissions == (b"one", b"three")
    large = answer_transactions(WantTransactions(5, ids), lambda _: bytes(1_100_000))
    assert len(large.submissions) == 1
    assert decode_frame(encode_frame(large)) == large
