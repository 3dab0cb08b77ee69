"""Leading and following: heartbeats (Raft 5.2); check quorum, reads (thesis 6.2, 6.4)."""

import pytest

from consensus.effects import Broadcast, BroadcastTerm, Effect, KeepVote, ReadConfirmed, ReadRefused
from consensus.errors import InvalidMessageError
from consensus.events import ReadAsked, TermCertificateHeard
from consensus.leadership import PROOF_EVERY_HEARTBEATS
from consensus.messages import Heartbeat, HeartbeatAnswer, PreVote, PreVoteRequest
from consensus.pulse import READS_MAX, Pulse
from consensus.settings import Kept
from consensus.statement import Position
from consensus.term_certificates import decode_term_certificate
from tests.consensus.cluster import GENESIS, voter_set
from tests.consensus.one_node import (
    FOUR,
    HEARTBEAT_MS,
    T_MS,
    THREE,
    OneNode,
    acknowledgement,
    answer,
    asked,
    block,
    certificate,
    chain,
    election,
    heartbeat,
    id_of,
    of,
    pre_vote_request,
    pre_votes,
    proof_of,
    said,
    vote,
)

FIRST, SECOND = block(1, 1), block(1, 2)


def _leading(*electing: int, voters: object = THREE) -> OneNode:
    """Leader of term 1, whose opening block is stored and acknowledged by itself."""
    node = OneNode(voters)  # type: ignore[arg-type]
    node.lead(*(electing or (1,)))
    assert node.role == "leader"
    return node


def _counter(effects: list[Effect]) -> int:
    return said(effects, Heartbeat)[-1].counter


# -- heartbeats -------------------------------------------------------------------------------------------------


def test_leader_bcast_beat() -> None:
    """Raft 5.2: "Leaders send periodic heartbeats ... to all followers in order to maintain their authority"."""
    node = _leading()
    counters = [beat.counter for _ in range(18) for beat in said(node.tick(HEARTBEAT_MS // 2), Heartbeat)]
    assert counters == list(range(2, 11))


def test_a_heartbeat_names_tip_and_committed_height() -> None:
    node = _leading()
    node.hear(acknowledgement(1, FIRST))
    node.keep(node.store_and_accept(chain(SECOND, on=FIRST)))
    (beat,) = said(node.tick(HEARTBEAT_MS), Heartbeat)
    assert (Position(beat.tip_term, beat.tip_height, beat.tip_hash), beat.committed_height) == (SECOND, 1)


def test_a_new_leader_beats_at_once_and_shows_its_election() -> None:
    node = OneNode()
    node.keep(node.stand(1))
    (beat,) = [one for one in of(node.hear(vote(1, 0, 1)), Broadcast) if isinstance(one.packet.statement, Heartbeat)]
    shown = decode_term_certificate(beat.packet.attachments[0])
    assert (shown.term, getattr(shown, "candidate", None)) == (1, id_of(0))


def test_the_election_is_shown_every_few_heartbeats() -> None:
    """For those who missed the opening block; the other heartbeats stay small."""
    node = _leading()
    shown = []
    for _ in range(3 * PROOF_EVERY_HEARTBEATS):
        node.hear(answer(1, 1, node.core._leadership._pulse.counter))  # type: ignore[union-attr]
        beats = of(node.tick(HEARTBEAT_MS), Broadcast)
        shown += [bool(beat.packet.attachments[0]) for beat in beats]
    assert sum(shown) == 3
    assert len(shown) == 3 * PROOF_EVERY_HEARTBEATS


def test_nobody_is_followed_whose_election_was_not_checked() -> None:
    """Section 6, "Lead". Guard: consensus/leadership.py, `on_heartbeat`, "standing.leader != beat.leader"."""
    node = OneNode()
    node.learn(pre_votes(1, 1))
    assert not node.hear(heartbeat(1, 1, 1))
    assert node.core.leader is None
    effects = node.keep(node.hear(heartbeat(1, 1, 2), proof_of(election(1, 1))))
    assert node.core.leader == id_of(1)
    assert [one.counter for one in said(effects, HeartbeatAnswer)] == [2]
    assert [one.counter for one in said(node.hear(heartbeat(1, 1, 3)), HeartbeatAnswer)] == [3]


@pytest.mark.parametrize(
    "proof",
    [
        election(1, 1, by=(2,)),
        election(1, 2),
        election(2, 1),
        pre_votes(1, 1),
        election(1, 1, (1, 2, 3), FOUR),
    ],
)
def test_a_heartbeats_proof_must_be_its_own_election_by_the_set_in_force(proof: object) -> None:
    node = OneNode(THREE, earlier=(FOUR,))
    node.hear(heartbeat(1, 1, 1), proof_of(proof))  # type: ignore[arg-type]
    assert node.core.leader is None


def test_a_malformed_proof_is_its_senders_fault() -> None:
    for statement in (heartbeat(1, 1, 1), pre_vote_request(1, 1)):
        node = OneNode()
        with pytest.raises(InvalidMessageError, match="malformed"):
            node.hear(statement, b"\x01")
        assert node.core.term == 0


@pytest.mark.parametrize("counter", [0, -1])
def test_only_a_rising_counter_proves_life(counter: int) -> None:
    """Section 6, "Liveness": a heartbeat that gossip brings again, or late, proves nothing about now.

    Guard: consensus/leadership.py, `on_heartbeat`, "(self._term_heard, self._counter_heard)".
    """
    node = OneNode()
    node.follow(1, 1)
    assert said(node.hear(heartbeat(1, 1, 7)), HeartbeatAnswer)
    node.tick(T_MS)
    assert not node.hear(heartbeat(1, 1, 7 + counter))
    assert said(asked(node, pre_vote_request(2, 2), election(1, 1)), PreVote)


def test_counters_begin_anew_in_another_term() -> None:
    node = OneNode()
    node.follow(1, 1)
    node.hear(heartbeat(1, 1, 500))
    node.follow(2, 2)
    assert said(node.hear(heartbeat(2, 2, 1)), HeartbeatAnswer)


def test_a_leader_of_an_older_term_is_shown_the_newer_one() -> None:
    """Raft 5.1: a deposed leader steps down when it hears of the later term; here with the proof of it.

    L6: also how a restored voter in a later term is let in again. Guard: consensus/leadership.py, `on_heartbeat`,
    "standing.tell_term()".
    """
    node = OneNode()
    node.learn(pre_votes(2, 2))
    told = of(node.hear(heartbeat(1, 1, 1), proof_of(election(1, 1))), BroadcastTerm)
    assert [one.certificate for one in told] == [pre_votes(2, 2)]


def test_an_observer_follows_and_does_not_answer() -> None:
    voters = voter_set((1, 2, 3))
    node = OneNode(voters)
    node.follow(1, 1)
    assert node.core.leader == id_of(1)
    assert not node.hear(heartbeat(1, 1, 1, voters=voters))


def test_a_leader_that_takes_nothing_is_not_live_for_who_waits() -> None:
    """Section 6: after 10 T of waiting, all of them under this leader, heartbeats do not put the election off.

    Guard: consensus/leadership.py, `on_heartbeat`, "not self._is_starving".
    """
    node = OneNode()
    node.follow(1, 1)
    asked_for: list[PreVoteRequest] = []
    patient = 10 * T_MS // HEARTBEAT_MS
    for counter in range(1, patient + 1):
        # What waited before the leader led is not its fault.
        asked_for += said(node.tick(HEARTBEAT_MS, waiting_ms=60 * T_MS), PreVoteRequest)
        node.hear(heartbeat(1, 1, counter))
    for counter in range(patient + 1, patient + 30):
        asked_for += said(node.tick(HEARTBEAT_MS, waiting_ms=10 * T_MS), PreVoteRequest)
        node.hear(heartbeat(1, 1, counter))
    assert not asked_for
    for counter in range(patient + 30, patient + 60):
        asked_for += said(node.tick(HEARTBEAT_MS, waiting_ms=10 * T_MS + 1), PreVoteRequest)
        assert said(node.hear(heartbeat(1, 1, counter)), HeartbeatAnswer), "it is followed as long as it leads"
    assert asked_for


# -- check quorum -----------------------------------------------------------------------------------------------


def _beat(node: OneNode, answering: tuple[int, ...], voters: object = THREE) -> None:
    """One heartbeat and its answers; nothing once the node has stepped down."""
    for beat in said(node.tick(HEARTBEAT_MS), Heartbeat):
        for voter in answering:
            node.hear(answer(voter, 1, beat.counter, voters=voters))  # type: ignore[arg-type]


def test_a_leader_without_a_quorum_of_answers_steps_down() -> None:
    """Thesis 6.2: "a leader steps down if an election timeout elapses without a successful round of heartbeats".

    Guard: consensus/leadership.py, `_is_in_vain`, "pulse.has_quorum".
    """
    node = _leading()
    for _ in range(30):
        _beat(node, (1,))
    assert node.role == "leader"
    last_answer = node.now_ms
    while node.role == "leader":
        node.tick(HEARTBEAT_MS // 2)
        assert node.now_ms - last_answer <= 2 * T_MS + HEARTBEAT_MS
    assert node.now_ms - last_answer >= 2 * T_MS
    assert node.core.leader is None
    assert node.core.term == 1


@pytest.mark.parametrize(
    ("quorum", "answering", "stays"),
    [
        ("majority", (1, 2), True),
        ("majority", (1,), False),
        ("two-thirds", (1, 2, 3), True),
        ("two-thirds", (1, 2), False),
    ],
)
def test_a_leader_counts_itself_and_needs_a_quorum_with_it(
    quorum: str, answering: tuple[int, ...], stays: bool
) -> None:
    voters = voter_set((0, 1, 2, 3, 4), quorum)
    node = _leading(1, 2, 3, voters=voters)
    for _ in range(25):
        _beat(node, answering, voters)
    assert (node.role == "leader") is stays


def test_answers_of_long_ago_do_not_count() -> None:
    """Section 6: "only answers to counters of the last 2T count": what the network held back proves nothing.

    Guard: consensus/pulse.py, `has_quorum`, "at_ms >= now_ms - self._patience_ms".
    """
    node = _leading()
    under_way: list[tuple[int, int]] = []
    for _ in range(50):
        under_way += [(node.now_ms, beat.counter) for beat in said(node.tick(HEARTBEAT_MS), Heartbeat)]
        while under_way and under_way[0][0] < node.now_ms - 2 * T_MS:
            node.hear(answer(1, 1, under_way.pop(0)[1]))
    assert node.role == "follower"


def test_a_paused_leader_steps_down_before_it_does_anything() -> None:
    """Lease reads under a paused process (known from other implementations): nothing of before the pause counts."""
    node = _leading()
    node.hear(acknowledgement(1, FIRST))
    for _ in range(25):
        _beat(node, (1,))
    effects = node.tick(60 * T_MS)
    assert node.role == "follower"
    assert not said(effects, Heartbeat)


def test_answers_of_strangers_and_of_other_sets_and_terms_do_not_count() -> None:
    node = OneNode(THREE, earlier=(FOUR,))
    node.lead(1)
    for _ in range(30):
        for beat in said(node.tick(HEARTBEAT_MS), Heartbeat):
            node.hear(answer(1, 1, beat.counter, voters=FOUR))
            node.hear(answer(1, 2, beat.counter))
            node.hear(answer(2, 1, beat.counter), by=1)
            node.hear(answer(1, 1, beat.counter + 1000))
    assert node.role == "follower"


def test_the_only_voter_leads_for_ever() -> None:
    node = OneNode(voter_set((0,)))
    node.lead()
    node.tick(60 * T_MS)
    assert node.role == "leader"


# -- reads (thesis, 6.4) ----------------------------------------------------------------------------------------


def _ready_for_reads() -> OneNode:
    node = _leading()
    node.hear(acknowledgement(1, FIRST))
    assert node.core.has_committed_own_term
    return node


def _read(node: OneNode, question: bytes = b"q") -> tuple[int, list[Effect]]:
    effects = node.step(ReadAsked(question))
    return _counter(effects), effects


def test_a_read_is_confirmed_by_heartbeats_numbered_after_it() -> None:
    """Thesis 6.4, "read index": a quorum must answer a heartbeat sent after the question arrived.

    Guard: consensus/pulse.py, `ask`, "self.counter + 1"; a counter that was sent before proves an older moment.
    """
    node = _ready_for_reads()
    before = _counter(node.tick(HEARTBEAT_MS))
    counter, effects = _read(node)
    assert counter == before + 1
    assert not of(effects, ReadConfirmed)
    assert not node.hear(answer(1, 1, before))
    assert of(node.hear(answer(1, 1, counter)), ReadConfirmed) == [ReadConfirmed(b"q", 1)]
    assert not node.hear(answer(2, 1, counter)), "each once"


def test_a_read_waits_until_the_newest_proposed_block_is_committed() -> None:
    """S3: others may hold a certificate of it before the leader does; what they told must not be missed.

    Guard: consensus/leadership.py, `ask_read`, "standing.branch.tip.height".
    """
    node = _ready_for_reads()
    node.keep(node.store_and_accept(chain(SECOND, on=FIRST)))
    counter, _ = _read(node)
    assert not of(node.hear(answer(1, 1, counter, SECOND)), ReadConfirmed)
    assert of(node.hear(acknowledgement(2, SECOND, FIRST)), ReadConfirmed) == [ReadConfirmed(b"q", 2)]


def test_a_read_needs_a_committed_block_of_the_leaders_term() -> None:
    """Thesis 6.4, step 1: before that the leader does not know what earlier ones have committed.

    Guard: consensus/leadership.py, `ask_read`, "has_committed_own_term".
    """
    node = OneNode(kept=Kept(1, None, election(1, 1), GENESIS), links=chain(FIRST))
    node.step(TermCertificateHeard(certificate(FIRST)))
    node.lead(1)
    assert not node.core.has_committed_own_term
    assert of(node.step(ReadAsked(b"q")), ReadRefused) == [ReadRefused(b"q")]


def test_only_a_leader_confirms_reads() -> None:
    node = OneNode()
    assert of(node.step(ReadAsked(b"q")), ReadRefused)
    node.follow(1, 1)
    assert of(node.step(ReadAsked(b"r")), ReadRefused)


def test_a_deposed_leader_refuses_what_waits() -> None:
    """A demoted leader counting itself (known from other implementations): whoever answers later confirms nothing."""
    node = _ready_for_reads()
    counter, _ = _read(node)
    effects = node.step(TermCertificateHeard(pre_votes(2, 2)))
    assert of(effects, ReadRefused) == [ReadRefused(b"q")]
    assert not node.hear(answer(1, 1, counter))


def test_a_leader_that_loses_its_quorum_refuses_what_waits() -> None:
    node = _ready_for_reads()
    _read(node)
    effects: list[Effect] = []
    while node.role == "leader":
        effects += node.tick(HEARTBEAT_MS)
    assert of(effects, ReadRefused) == [ReadRefused(b"q")]


def test_reads_are_answered_in_their_order_each_with_its_height() -> None:
    node = _ready_for_reads()
    _read(node, b"1")
    node.keep(node.store_and_accept(chain(SECOND, on=FIRST)))
    counter, _ = _read(node, b"2")
    assert of(node.hear(answer(1, 1, counter)), ReadConfirmed) == [ReadConfirmed(b"1", 1)]
    assert of(node.hear(acknowledgement(1, SECOND, FIRST)), ReadConfirmed) == [ReadConfirmed(b"2", 2)]


def test_waiting_reads_are_bounded() -> None:
    node = _ready_for_reads()
    refused = [of(node.step(ReadAsked(b"%d" % number)), ReadRefused) for number in range(READS_MAX + 2)]
    assert sum(map(len, refused)) == 2


# -- voters who come and go -------------------------------------------------------------------------------------


@pytest.mark.parametrize("voted_for", [1, None])
def test_the_leader_that_earlier_voters_elected_is_followed_in_its_term(voted_for: int | None) -> None:
    """Found by these tests and the random faults: after a change of voters, whoever restarted, or caught up with the
    change, never followed the leader of the term, and two of four restarted voters deposed it.

    Where the own chain has a block of the term, the election was by the set in force at its place.
    Guard: consensus/leadership.py, `on_election`, "certificate.term == standing.branch.tip.term".
    """
    kept = Kept(1, None if voted_for is None else id_of(voted_for), election(1, 1), FIRST)
    node = OneNode(FOUR, kept=kept, earlier=(THREE,), committed=SECOND)
    effects = node.keep(node.hear(heartbeat(1, 1, 9, voters=FOUR), proof_of(election(1, 1))))
    assert node.core.leader == id_of(1)
    assert len(of(effects, KeepVote)) == (1 if voted_for is None else 0), "the vote of the term is used up"


def test_the_leader_that_earlier_voters_elected_is_followed_in_no_later_term() -> None:
    """Whoever has the keys of voters of long ago wins nothing with them."""
    node = OneNode(FOUR, kept=Kept(1, None, election(1, 1), FIRST), earlier=(THREE,), committed=SECOND)
    node.keep(node.hear(heartbeat(1, 2, 9, voters=THREE), proof_of(election(2, 1))))
    assert node.core.leader is None


def test_reads_of_one_moment_take_no_room_among_the_heartbeats() -> None:
    """Each read beats; what is remembered of beats is bounded by time, not by how many ask.

    Guard: consensus/pulse.py, `beat`, "self._sent[-1][1] != now_ms".
    """
    pulse = Pulse(id_of(0), 0, 2 * T_MS)
    for now_ms in range(0, 10 * T_MS, 10):
        for _ in range(20):
            counter = pulse.beat(now_ms)
        pulse.answered(id_of(1), counter - 15, FIRST)
    assert len(pulse._sent) <= 2 * T_MS // 10 + 1
    assert pulse.has_quorum(now_ms, THREE)
    assert not pulse.has_quorum(now_ms + 2 * T_MS + 1, THREE)
