"""Missing bodies: asked of the teller, then of the others, never of many at once."""

from collections.abc import Iterable

from ledger.hashing import Hash
from p2p import fetch
from p2p.effects import Blame, SendFrame
from p2p.fetch import ALONE_MS, EntriesCame, EntriesGivenUp, EntryFetch, TransactionFetch, TransactionsCame
from p2p.frames import Entries, IndexedEntry, Transactions, WantEntries, WantTransactions
from p2p.offences import Offence
from p2p.requests import WAIT_MS

A, B, C = (bytes([number]) * 32 for number in b"abc")
X, Y = b"x" * 32, b"y" * 32


def fetcher(*peers: Hash) -> EntryFetch:
    made = EntryFetch()
    for peer in peers:
        made.peer_up(peer)
    return made


def asked(effects: Iterable[object]) -> list[tuple[Hash, WantEntries]]:
    return [
        (effect.peer, effect.frame)
        for effect in effects
        if isinstance(effect, SendFrame) and isinstance(effect.frame, WantEntries)
    ]


def entries(request: int, *places: int) -> Entries:
    return Entries(request, tuple(IndexedEntry(place, b"entry %d" % place) for place in places))


def test_the_teller_is_asked_first_and_the_rest_is_asked_of_the_next_one() -> None:
    made = fetcher(A, B)
    ((peer, want),) = asked(made.want(X, [5, 2, 9, 2], B, 0))
    assert (peer, want.block_hash, want.indexes) == (B, X, (2, 5, 9))
    effects = made.answered(B, entries(want.request, 5), 10)
    assert effects[0] == EntriesCame(B, X, (IndexedEntry(5, b"entry 5"),))
    ((peer, want),) = asked(effects)
    assert (peer, want.indexes) == (A, (2, 9))
    assert made.answered(A, entries(want.request, 2, 9), 20) == [
        EntriesCame(A, X, (IndexedEntry(2, b"entry 2"), IndexedEntry(9, b"entry 9")))
    ]
    assert len(made) == 0
    assert made.plan(100_000) == []


def test_whoever_does_not_answer_is_passed_over() -> None:
    made = fetcher(A, B)
    made.want(X, [1], A, 0)
    ((peer, want),) = asked(made.plan(WAIT_MS - 1))
    assert peer == B
    assert [peer for peer, _ in asked(made.answered(B, entries(want.request), WAIT_MS - 1))] == [B]
    effects = made.plan(WAIT_MS)
    assert effects == [Blame(A, Offence.UNANSWERED)], "B is asked at the moment"


def test_a_lost_teller_is_replaced() -> None:
    made = fetcher(A, B)
    made.want(X, [1], A, 0)
    made.peer_down(A)
    assert [peer for peer, _ in asked(made.plan(10))] == [B]


def test_what_nobody_has_is_given_up_after_two_rounds() -> None:
    made = fetcher(A, B)
    effects = made.want(X, [1], A, 0)
    order = []
    while found := asked(effects):
        ((peer, want),) = found
        order.append(peer)
        effects = made.answered(peer, entries(want.request), 10)
    assert order == [A, B, A, B]
    assert effects == [EntriesGivenUp(X)]
    assert len(made) == 0


def test_wrong_entries_are_asked_of_somebody_else() -> None:
    made = fetcher(A, B)
    ((_, want),) = asked(made.want(X, [1, 2], A, 0))
    (came,) = made.answered(A, entries(want.request, 1, 2), 10)
    assert isinstance(came, EntriesCame)
    effects = made.wrong(came, [2], 20)
    assert effects[0] == Blame(A, Offence.INVALID_BLOCK)
    ((peer, again),) = asked(effects)
    assert (peer, again.indexes) == (B, (2,))


def test_entries_that_were_not_asked_for_are_not_taken() -> None:
    made = fetcher(A)
    assert made.answered(A, entries(0, 1), 0) == [Blame(A, Offence.UNASKED)]
    ((_, want),) = asked(made.want(X, [1], A, 0))
    assert made.answered(A, entries(want.request, 1, 3), 10)[0] == Blame(A, Offence.UNASKED)


def test_what_came_by_another_way_meanwhile_is_not_held_against_the_answer() -> None:
    made = fetcher(A)
    ((_, want),) = asked(made.want(X, [1, 2], A, 0))
    assert made.want(X, [2], A, 5) == [], "one question for a block at a time"
    assert made.answered(A, entries(want.request, 1, 2), 10) == [EntriesCame(A, X, (IndexedEntry(2, b"entry 2"),))]
    made.want(Y, [1], A, 20)
    made.done(Y)
    assert made.answered(A, entries(want.request + 1, 1), 30) == []


def test_a_late_answer_is_neither_used_nor_blamed() -> None:
    made = fetcher(A, B)
    ((_, want),) = asked(made.want(X, [1], A, 0))
    made.plan(WAIT_MS)
    assert made.answered(A, entries(want.request, 1), WAIT_MS + 1) == []


def test_blocks_and_questions_are_bounded() -> None:
    made = fetcher(*(bytes([number]) * 32 for number in range(40)))
    effects = []
    for number in range(fetch.WANTED_BLOCKS_MAX + 20):
        effects += made.want(number.to_bytes(32, "big"), [1], bytes(32), 0)
    assert len(made) == fetch.WANTED_BLOCKS_MAX
    found = asked(effects)
    assert len(found) == fetch.UNDER_WAY_MAX
    assert len({peer for peer, _ in found}) == len(found), "one question to each"


def test_transactions_are_asked_of_one_neighbour_at_a_time() -> None:
    made = TransactionFetch()
    (first,) = made.want(A, [X, Y, X], 0)
    assert first == SendFrame(A, WantTransactions(0, (X, Y)), first.send_class)
    assert made.want(A, [C], 0) == [], "it has a question already"
    (second,) = made.want(B, [Y, C], 0)
    assert isinstance(second.frame, WantTransactions)
    assert second.frame.ids == (C,)
    assert made.answered(A, Transactions(0, (b"one",))) == [TransactionsCame(A, (b"one",))]
    assert made.answered(A, Transactions(0, (b"one",))) == [Blame(A, Offence.UNASKED)]
    assert made.answered(B, Transactions(1, (b"one", b"two"))) == [Blame(B, Offence.UNASKED)]
    assert made.want(B, [Y], 0) != []
    assert made.plan(WAIT_MS) == [Blame(B, Offence.UNANSWERED)]
    assert made.answered(B, Transactions(2, (b"late",))) == []
    made.want(B, [Y], WAIT_MS)
    made.peer_down(B)
    assert made.plan(1_000_000) == []


def test_what_is_asked_for_at_once_is_bounded() -> None:
    made = TransactionFetch()
    (sent,) = made.want(A, [number.to_bytes(32, "big") for number in range(3000)], 0)
    assert isinstance(sent.frame, WantTransactions)
    assert len(sent.frame.ids) == 1024
    assert made.answered(A, Transactions(0, ())) == []


def test_a_silent_teller_is_not_waited_for_alone() -> None:
    made = fetcher(A, B, C)
    ((_, first),) = asked(made.want(X, [1, 2], A, 0))
    assert made.plan(ALONE_MS - 1) == []
    ((peer, want),) = asked(made.plan(ALONE_MS))
    assert (peer, want.indexes) == (B, (1, 2))
    effects = made.answered(B, entries(want.request, 1, 2), ALONE_MS + 50)
    assert effects == [EntriesCame(B, X, (IndexedEntry(1, b"entry 1"), IndexedEntry(2, b"entry 2")))]
    assert made.answered(A, entries(first.request, 1, 2), ALONE_MS + 60) == [], "late, and honest"


def test_what_is_still_asked_for_is_not_given_up() -> None:
    made = fetcher(A)
    ((_, first),) = asked(made.want(X, [1], A, 0))
    ((_, second),) = asked(made.answered(A, entries(first.request), 10))
    assert made.plan(WAIT_MS - 1) == []
    (came,) = made.answered(A, entries(second.request, 1), WAIT_MS)
    assert came == EntriesCame(A, X, (IndexedEntry(1, b"entry 1"),))


def test_whoever_sent_wrong_entries_is_not_asked_again_whoever_else_does() -> None:
    made = fetcher(A, B)
    effects = made.want(X, [1], A, 0)
    order = []
    while found := asked(effects):
        ((peer, want),) = found
        order.append(peer)
        assert len(order) < 10, "for ever"
        (came,) = made.answered(peer, entries(want.request, 1), 10)
        assert isinstance(came, EntriesCame)
        effects = made.wrong(came, [1], 20)
    assert order == [A, B]
    assert effects[-1] == EntriesGivenUp(X)


def test_blocks_whose_entries_were_wrong_are_bounded_too() -> None:
    made = fetcher(A)
    for number in range(fetch.WANTED_BLOCKS_MAX + 20):
        made.wrong(EntriesCame(A, number.to_bytes(32, "big"), ()), [1], 0)
        made.peer_down(A)
    assert len(made) <= fetch.WANTED_BLOCKS_MAX


def test_whoever_claims_transactions_and_is_silent_keeps_nobody_else_from_being_asked() -> None:
    made = TransactionFetch()
    made.want(A, [X, Y], 0)
    assert made.want(B, [X, Y], ALONE_MS - 1) == []
    (sent,) = made.want(B, [X, Y], ALONE_MS)
    assert isinstance(sent.frame, WantTransactions)
    assert sent.frame.ids == (X, Y)


def test_a_few_are_asked_together_and_not_all() -> None:
    made = fetcher(*(bytes([number]) * 32 for number in range(10)))
    made.want(X, [1], bytes(32), 0)
    found = [one for now_ms in range(0, WAIT_MS, 100) for one in asked(made.plan(now_ms))]
    assert len(found) == fetch.TOGETHER_MAX - 1
