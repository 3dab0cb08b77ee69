"""What headers prove to whoever trusts the voters of the genesis. Source: docs/protocol.md, section 10."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus.errors import InvalidCertificateError, InvalidMessageError, UnprovenVotersError
from daemon import header_walk
from daemon.header_walk import Anchor, HeaderWalk
from ledger.errors import InvalidBlockError, RemoteProtocolError
from ledger.hashing import sha256
from tests.daemon.header_chain import HeaderChain, voters_of
from tests.examples import examples
from tests.ledger.samples import CREATED_MS, NETWORK_ID

GENESIS = (1, 2, 3)


def walked(chain: HeaderChain, numbers: tuple[int, ...] = GENESIS) -> tuple[HeaderWalk, list[int]]:
    """A walk along the whole chain from the genesis, and the heights that settled."""
    walk = HeaderWalk(chain.anchor(numbers))
    heights = []
    for carried in chain.carried:
        walk.take(carried, chain.sets)
        heights += [one.header.height for one in walk.settled()]
    return walk, heights


def test_certified_headers_settle_in_order_with_their_place_in_the_log() -> None:
    chain = HeaderChain(GENESIS)
    for signers in ((1, 2), (1, 3), (2, 3)):
        chain.grow(signers)
    walk = HeaderWalk(chain.anchor(GENESIS))
    settled = []
    for carried in chain.carried:
        walk.take(carried, {})
        settled += walk.settled()
    assert [one.header for one in settled] == chain.headers
    assert [one.first_index for one in settled] == [0, 1, 2]
    assert walk.settled() == []
    assert walk.height == 3


def test_a_header_waits_for_the_certificate_that_came_with_it() -> None:
    """Block 1 carries the certificate of block 3: nothing settles before, all of it then."""
    chain = HeaderChain(GENESIS)
    for _ in range(3):
        chain.grow((1, 2))
    above = chain.carried[2].certificate
    chain.carried = [one._replace(certificate=above) for one in chain.carried]
    walk, heights = walked(chain)
    assert heights == [1, 2, 3]
    walk = HeaderWalk(chain.anchor(GENESIS))
    walk.take(chain.carried[0], {})
    walk.take(chain.carried[1], {})
    assert walk.settled() == []


def test_a_change_settles_when_a_quorum_of_the_voters_before_stood_on_it() -> None:
    """Of 1 to 4, 4 leaves; 1 and 2 certify for the new set, which is no quorum of the old one until 3 has signed."""
    chain = HeaderChain((1, 2, 3, 4))
    chain.grow((1, 2, 4))
    chain.grow((1, 2), numbers=(1, 2, 3))
    chain.grow((1, 2))
    assert walked(chain, (1, 2, 3, 4))[1] == [1]
    chain.grow((2, 3))
    assert walked(chain, (1, 2, 3, 4))[1] == [1, 2, 3, 4]


def test_whoever_proposes_under_the_new_voters_vouches_too() -> None:
    chain = HeaderChain((1, 2, 3, 4))
    chain.grow((1, 2, 4))
    chain.grow((1, 2), numbers=(1, 2, 3), proposer=3)
    assert walked(chain, (1, 2, 3, 4))[1] == [1, 2]


def test_a_newcomer_proves_nothing_about_its_own_coming() -> None:
    """1 and the newcomer 3 are a quorum of three, and only one of the two that there were."""
    chain = HeaderChain((1, 2))
    chain.grow((1, 2))
    chain.grow((1, 3), numbers=(1, 2, 3))
    chain.grow((1, 3))
    assert walked(chain, (1, 2))[1] == [1]
    chain.grow((2, 3))
    assert walked(chain, (1, 2))[1] == [1, 2, 3, 4]


def test_signatures_under_later_voters_prove_earlier_changes_too() -> None:
    """A set can be replaced before enough of those before it have signed: they do so under the next one."""
    chain = HeaderChain((1, 2))
    chain.grow((1, 2))
    chain.grow((1, 3), numbers=(1, 2, 3))
    chain.grow((1, 3, 4), numbers=(1, 2, 3, 4))
    assert walked(chain, (1, 2))[1] == [1]
    chain.grow((2, 3, 4))
    assert walked(chain, (1, 2))[1] == [1, 2, 3, 4]


def test_a_voter_set_that_comes_back_is_a_change_again() -> None:
    chain = HeaderChain(GENESIS)
    chain.grow((1, 2))
    chain.grow((1, 2, 4), numbers=(1, 2, 3, 4))
    chain.grow((1, 2), numbers=GENESIS)
    assert walked(chain)[1] == [1, 2], "of four voters, three have to stand on the removal"
    chain.grow((2, 3))
    assert walked(chain)[1] == [1, 2, 3, 4]


def test_voters_that_the_node_knows_itself_need_no_proof() -> None:
    chain = HeaderChain((1, 2))
    chain.grow((1, 2))
    chain.grow((1, 3), numbers=(1, 2, 3))
    chain.grow((1, 3))
    known = Anchor(NETWORK_ID, CREATED_MS, chain.headers[0], voters_of((1, 2)), (voters_of((1, 2, 3)),))
    walk = HeaderWalk(known)
    for carried in chain.carried[1:]:
        walk.take(carried, {one.hash: one for one in known.known})
    assert [one.header.height for one in walk.settled()] == [2, 3]


def test_no_two_voters_change_at_once() -> None:
    """A barrier that looks like one: what execution refused makes no new set, and nobody can make two changes one."""
    for numbers in ((1, 2, 4), (1, 2, 3, 4, 5), (4, 5, 6), (1,)):
        chain = HeaderChain(GENESIS)
        chain.grow((1, 2))
        chain.grow(tuple(numbers)[:3], numbers=numbers)
        with pytest.raises(InvalidMessageError, match="no single change"):
            walked(chain)


def test_the_key_of_a_removed_voter_is_no_use() -> None:
    """3 was removed; with its key and strangers, somebody makes a chain of its own from before."""
    chain = HeaderChain(GENESIS)
    chain.grow((1, 2))
    false = chain.branch()
    false.grow((3, 7), proposer=7, numbers=(1, 2, 3, 7))
    with pytest.raises(InvalidCertificateError, match="a quorum is 3"):
        walked(false)
    false = chain.branch()
    false.grow((1, 2, 3), numbers=(1, 2, 3, 7), proposer=7)
    false.carried[-1] = false.carried[-1]._replace(certificate=chain.carried[0].certificate)
    with pytest.raises(InvalidBlockError):
        walked(false)


def test_certificates_of_other_networks_or_other_voters_are_refused() -> None:
    chain, other = HeaderChain(GENESIS), HeaderChain(GENESIS, sha256(b"another network"))
    for one in (chain, other):
        one.grow((1, 2))
    for wrong, error in (
        (other.carried[0], InvalidBlockError),
        (chain.carried[0]._replace(certificate=other.carried[0].certificate), InvalidBlockError),
        (chain.carried[0]._replace(certificate=chain.certificate(chain.headers[0], (1,))), InvalidCertificateError),
        (chain.carried[0]._replace(certificate=chain.certificate(chain.headers[0], (1, 9))), InvalidCertificateError),
        (chain.carried[0]._replace(certificate=b""), RemoteProtocolError),
        (chain.carried[0]._replace(signature=bytes(64)), InvalidBlockError),
        (chain.carried[0]._replace(election_certificate=b""), InvalidBlockError),
        (chain.carried[0]._replace(election_certificate=b"other"), InvalidBlockError),
        (chain.carried[0]._replace(header=chain.headers[0].encode() + b"\0"), RemoteProtocolError),
    ):
        walk = HeaderWalk(chain.anchor(GENESIS))
        with pytest.raises(error):
            walk.take(wrong, {})


def test_headers_that_do_not_follow_are_refused() -> None:
    chain = HeaderChain(GENESIS)
    for _ in range(3):
        chain.grow((1, 2))
    walk = HeaderWalk(chain.anchor(GENESIS))
    with pytest.raises(InvalidBlockError):
        walk.take(chain.carried[1], {})
    walk = HeaderWalk(replace(chain.anchor(GENESIS), header=chain.headers[0]))
    with pytest.raises(InvalidBlockError):
        walk.take(chain.carried[2], {})
    with pytest.raises(InvalidBlockError, match="nobody says who votes"):
        changed = chain.branch()
        changed.grow((1, 2), numbers=(1, 2, 3, 4))
        changed.sets.clear()
        walked(changed)


def test_what_nobody_vouches_for_is_held_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header_walk, "HELD_MAX", 5)
    chain = HeaderChain((1, 2))
    chain.grow((1, 2))
    chain.grow((1, 3), numbers=(1, 2, 3))
    for _ in range(4):
        chain.grow((1, 3))
    assert walked(chain, (1, 2))[1] == [1]
    chain.grow((1, 3))
    with pytest.raises(UnprovenVotersError, match="nobody has vouched"):
        walked(chain, (1, 2))


@settings(max_examples=examples(25), deadline=None)
@given(st.data())
def test_whoever_has_no_quorum_of_keys_moves_nobody(data: st.DataObject) -> None:
    """Any chain that can be made with keys of strangers and of too few voters settles nothing of its own."""
    voters = data.draw(st.sets(st.integers(1, 6), min_size=1, max_size=5), "voters")
    quorum = voters_of(voters).quorum_size
    bought = data.draw(st.sets(st.sampled_from(sorted(voters)), max_size=quorum - 1), "bought")
    keys = sorted(bought | {11, 12, 13, 14, 15})
    chain = HeaderChain(voters)
    for _ in range(data.draw(st.integers(0, 2), "true blocks")):
        chain.grow(sorted(voters)[:quorum])
    true = len(chain.headers)
    for _ in range(data.draw(st.integers(1, 8), "false blocks")):
        members = set(chain.numbers)
        if data.draw(st.booleans(), "changes"):
            members ^= {data.draw(st.sampled_from(sorted(members | set(keys))), "who")}
        able = sorted(members & set(keys))
        if not members or not able:
            break
        signers = able[: voters_of(members).quorum_size]
        chain.grow(signers, numbers=members, proposer=data.draw(st.sampled_from(able), "proposer"))
    walk = HeaderWalk(chain.anchor(tuple(voters)))
    settled = []
    for carried in chain.carried:
        try:
            walk.take(carried, chain.sets)
        except RemoteProtocolError:
            break
        settled += [one.header.height for one in walk.settled()]
    assert settled == list(range(1, len(settled) + 1))
    assert len(settled) <= true


@settings(max_examples=examples(15), deadline=None)
@given(st.data())
def test_a_true_chain_settles_as_soon_as_enough_have_signed(data: st.DataObject) -> None:
    """Against a plain count: who of each set before has signed anything since."""
    start = data.draw(st.sets(st.integers(1, 5), min_size=1, max_size=4), "voters")
    chain = HeaderChain(start)
    changes: list[tuple[int, frozenset[int]]] = []
    signed: list[frozenset[int]] = []
    walk, settled = HeaderWalk(chain.anchor(tuple(start))), 0
    for height in range(1, data.draw(st.integers(2, 9), "blocks")):
        numbers = set(chain.numbers)
        if height > 1 and data.draw(st.booleans(), "changes"):
            numbers ^= {data.draw(st.integers(1, 6), "who")}
        if not numbers:
            numbers = set(chain.numbers)
        if numbers != chain.numbers:
            changes.append((height, chain.numbers))
        able = data.draw(st.permutations(sorted(numbers)), "order")
        signers = able[: voters_of(numbers).quorum_size]
        chain.grow(signers, numbers=numbers, proposer=able[-1])
        signed.append(frozenset((*signers, able[-1])))
        walk.take(chain.carried[-1], chain.sets)
        settled += len(walk.settled())
        proven = all(
            len(before & frozenset().union(*signed[at - 1 :])) >= voters_of(before).quorum_size
            for at, before in changes
        )
        if proven:
            assert settled == height
        changes = [] if proven else changes
