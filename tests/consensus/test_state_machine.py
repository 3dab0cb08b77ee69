"""Hypothesis plays with a cluster: small steps of its own choice, and a short story if one of them breaks a rule.

What must hold is checked by `cluster_checks` at every step; `chaos` goes deeper, this finds what is short.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from consensus.events import Campaign, TransferAsked
from tests.consensus.cluster import TICK_MS, Cluster, Host, voter_set

places = st.integers(0, 200)
numbers = st.integers(0, 4)


class ClusterMachine(RuleBasedStateMachine):
    """Up to five nodes, some of them voters."""

    def __init__(self) -> None:
        super().__init__()
        self.cluster = Cluster(1)
        self.questions = 0
        self.tips: dict[tuple[int, int], tuple[int, int]] = {}
        self.terms: dict[int, int] = {}

    @initialize(voters=st.integers(1, 4), observers=st.integers(0, 1), warm=st.booleans())
    def begin(self, voters: int, observers: int, warm: bool) -> None:
        """A cluster that never ran, or one that has a leader."""
        self.cluster = Cluster(voters, observers)
        if warm:
            self.cluster.run(4_000)

    def _host(self, number: int) -> Host:
        return self.cluster.hosts[number % len(self.cluster.hosts)]

    @rule(ticks=st.sampled_from([1, 1, 2, 10, 40]))
    def time_goes_on(self, ticks: int) -> None:
        for _ in range(ticks):
            self.cluster.tick()

    @precondition(lambda self: self.cluster.network)
    @rule(place=places, count=st.integers(1, 8))
    def messages_arrive(self, place: int, count: int) -> None:
        for _ in range(min(count, len(self.cluster.network))):
            self.cluster.deliver(place % len(self.cluster.network))

    @precondition(lambda self: self.cluster.network)
    @rule(place=places)
    def a_message_arrives_twice(self, place: int) -> None:
        network = self.cluster.network
        network.append(network[place % len(network)])
        self.cluster.deliver(place % len(network))

    @precondition(lambda self: self.cluster.network)
    @rule(place=places)
    def a_message_is_lost(self, place: int) -> None:
        self.cluster.network.pop(place % len(self.cluster.network))

    @rule(number=numbers, count=st.integers(1, 3))
    def writes_are_durable(self, number: int, count: int) -> None:
        for _ in range(count):
            self._host(number).complete_write()

    @rule()
    def all_comes_to_rest(self) -> None:
        self.cluster.settle()

    @rule(number=numbers)
    def a_node_crashes_and_starts(self, number: int) -> None:
        self._host(number).crash()
        self._host(number).start()

    @rule(number=numbers)
    def a_node_stands(self, number: int) -> None:
        self._host(number).step(Campaign())

    @rule(number=numbers, successor=numbers)
    def a_leader_hands_over(self, number: int, successor: int) -> None:
        self._host(number).step(TransferAsked(self._host(successor).id))

    @rule(number=numbers)
    def a_leader_builds(self, number: int) -> None:
        self._host(number).build()

    @rule(number=numbers, member=numbers)
    def a_leader_changes_voters(self, number: int, member: int) -> None:
        host = self._host(number)
        if host.core is not None:
            voters = {one.number for one in self.cluster.hosts if host.core.voters.key_of(one.id) is not None}
            changed = voters ^ {self._host(member).number}
            if changed:
                host.build(change=voter_set(tuple(sorted(changed))))

    @rule(number=numbers, source=numbers)
    def a_node_fetches(self, number: int, source: int) -> None:
        if self._host(number) is not self._host(source):
            self._host(number).pull(self._host(source))

    @rule(number=numbers)
    def a_question_is_asked(self, number: int) -> None:
        self.questions += 1
        self.cluster.ask(self._host(number), b"%d" % self.questions)

    @invariant()
    def nobody_is_caught(self) -> None:
        self.cluster.checks.evidence()

    @invariant()
    def terms_and_tips_never_go_down(self) -> None:
        for host in self.cluster.hosts:
            assert host.disk.term >= self.terms.get(host.number, 0)
            self.terms[host.number] = host.disk.term
            rank = host.disk.tip.rank
            assert rank >= self.tips.get((host.number, 0), (0, 0))
            self.tips[(host.number, 0)] = rank

    def teardown(self) -> None:
        """Whatever happened, a calm network agrees on something new."""
        before = max(self.cluster.checks.committed, default=0)
        end_ms = self.cluster.now_ms + 20_000
        while min(host.disk.committed_height for host in self.cluster.hosts) <= before:
            assert self.cluster.now_ms < end_ms, "no agreement in a calm network"
            self.cluster.run(10 * TICK_MS, build=True)


def test_no_steps_break_the_rules() -> None:
    run_state_machine_as_test(
        ClusterMachine,
        settings=settings(max_examples=40, stateful_step_count=40, deadline=None, derandomize=True, database=None),
    )
