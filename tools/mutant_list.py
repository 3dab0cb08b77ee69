"""The breakages that `mutants` tries: what is edited, why that is dangerous, and which test notices.

Most edits are of one line; where a rule is guarded twice, both guards go. A text that stands in its file once is enough
to find the place. Names of tests without a folder are those of `tests/consensus/`. Those of whole nodes are in
`node_mutant_list`.
"""

from tools.mutant import Edit, Mutant, one
from tools.node_mutant_list import NODE_MUTANTS

_AGREEMENT = "consensus/agreement.py"
_BRANCH = "consensus/branch.py"
_COMMITMENT = "consensus/commitment.py"
_ELECTIONS = "consensus/elections.py"
_EVIDENCE = "consensus/evidence.py"
_LEADERSHIP = "consensus/leadership.py"
_PULSE = "consensus/pulse.py"
_STANDING = "consensus/standing.py"
_VOTERS = "consensus/voters.py"

MUTANTS: tuple[Mutant, ...] = (
    one(
        "acknowledge before it is kept",
        _COMMITMENT,
        "        standing.emit(KeepAcknowledgement(newest))",
        "        standing.emit(KeepAcknowledgement(newest))\n        self.acknowledgement_kept(newest)",
        "after a crash the voter does not know what it signed, and signs another block of the place",
        "test_commitment.py::test_follower_append_entries_is_answered_when_it_is_kept",
    ),
    one(
        "propose before it is kept",
        _COMMITMENT,
        "        standing.emit(KeepAcknowledgement(newest))",
        "        standing.emit(KeepAcknowledgement(newest))\n"
        "        if standing.role is Role.LEADER:\n"
        "            standing.emit(Propose(newest))",
        "S2: a leader that restarts makes another block of the term and height that it sent already",
        "test_commitment.py::test_the_leaders_proposal_leaves_when_its_own_block_is_durable",
    ),
    one(
        "vote before it is kept",
        _ELECTIONS,
        "            self._promise = _Promise(asked.term, asked.candidate, last.rank, with_term)",
        "            self._send_vote(_Promise(asked.term, asked.candidate, last.rank, with_term))",
        "after a crash the voter votes again in the term: two leaders",
        "test_votes.py::test_a_vote_leaves_when_term_and_vote_are_kept_together",
    ),
    one(
        "vote twice in a term",
        _STANDING,
        "        self.voted_for = kept.voted_for",
        "        self.voted_for = None",
        "a restart is enough for a second vote: two leaders",
        "test_votes.py::test_a_vote_is_remembered_over_a_restart",
    ),
    Mutant(
        "skip the election restriction",
        "who lacks committed blocks leads, and replaces them (Raft 5.4.1)",
        "test_votes.py::test_voter",
        (
            Edit(_ELECTIONS, "if last.rank < self._standing.branch.tip.rank:", "if last.rank < (0, 0):"),
            Edit(_ELECTIONS, "if promise.last_rank < tip.rank:", "if promise.last_rank < (0, 0):"),
        ),
    ),
    Mutant(
        "acknowledge blocks of earlier terms",
        "earlier blocks are committed by counting, and replaced afterwards (Raft 5.4.2, figure 8)",
        "test_commitment.py::test_leader_only_commits_log_from_current_term",
        (
            Edit(_COMMITMENT, "if one.term == standing.term]", "if one.term <= standing.term]"),
            Edit(_COMMITMENT, "or position.term != standing.term or", "or position.term > standing.term or"),
        ),
    ),
    one(
        "count acknowledgements of another voter set",
        _COMMITMENT,
        "if link is None or (told.previous_hash, told.voter_set_hash) != (link.previous_hash, link.voter_set_hash):",
        "if link is None or told.previous_hash != link.previous_hash:",
        "voters of long ago commit what those in force never saw",
        "test_commitment.py::test_only_the_voter_set_of_the_blocks_place_counts",
    ),
    one(
        "take certificates of another voter set",
        _COMMITMENT,
        "            if link.voter_set_hash == certificate.voter_set_hash:",
        "            if True:",
        "voters of long ago commit what those in force never saw",
        "test_commitment.py::test_a_certificate_of_anything_else_commits_nothing",
    ),
    one(
        "quorum minus one",
        _VOTERS,
        "else voters_count // 2 + 1",
        "else max(voters_count // 2, 1)",
        "two quorums need not share a voter: two leaders, two committed blocks of one height",
        "test_commitment.py::test_leader_commit_entry",
    ),
    one(
        "two thirds minus one",
        _VOTERS,
        "return 2 * voters_count // 3 + 1 if",
        "return 2 * voters_count // 3 if",
        "a third of the voters that lie can fork a network whose operators were promised otherwise",
        "test_commitment.py::test_leader_commit_entry",
    ),
    one(
        "pre-vote without looking at the term",
        _ELECTIONS,
        "            and asked.term == standing.term + 1",
        "            and asked.term >= 1",
        "S1: a term that began is begun again, perhaps by voters who know nothing of its leader",
        "test_pre_votes.py::test_it_grants_exactly_one_above_its_own_term",
    ),
    one(
        "pre-vote while a leader is heard",
        _ELECTIONS,
        "(permitted or (standing.role is not Role.LEADER and self._hears_nobody))",
        "(permitted or standing.role is not Role.LEADER)",
        "whoever was cut off for a moment deposes a healthy leader (thesis 4.2.3)",
        "test_pre_votes.py::test_it_grants_nothing_while_it_hears_a_leader",
    ),
    Mutant(
        "vote in a term whose leader is known",
        "S1: a second leader of the term gets the votes of those who follow the first",
        "test_votes.py::test_no_vote_in_a_term_whose_leader_is_known",
        (
            Edit(_ELECTIONS, " and standing.leader is None:", ":"),
            Edit(_LEADERSHIP, "        elif standing.voted_for is None:", "        elif False:"),
        ),
    ),
    one(
        "adopt a term without its certificate",
        _AGREEMENT,
        "if certificate.term > standing.term and standing.certifies(certificate):",
        "if certificate.term > standing.term:",
        "anybody inflates the term, and deposes every leader",
        "test_votes.py::test_a_term_is_adopted_only_with_a_quorum_of_a_set_of_the_own_chain",
    ),
    one(
        "let the tip go down",
        _BRANCH,
        "assert links[-1].position.rank > self.tip.rank",
        "assert links[-1].position.rank > (0, 0)",
        "an acknowledged block goes, and whoever lacks it wins the next election",
        "test_commitment.py::test_the_branch_takes_only_what_fits",
    ),
    Mutant(
        "acknowledge after a rollback",
        "a block counts that its voter no longer has",
        "test_commitment.py::test_a_replaced_block_of_the_running_term_is_not_acknowledged_any_more",
        (
            Edit(_COMMITMENT, "[one for one in self._unkept if one not in standing.branch]", "[]"),
            Edit(
                _COMMITMENT,
                "position.term != standing.term or position not in standing.branch:",
                "position.term != standing.term:",
            ),
        ),
    ),
    Mutant(
        "keep the candidacy when voters change",
        "votes of the voters before count beside those in force",
        "test_votes.py::test_other_voters_end_a_candidacy",
        (
            Edit(_AGREEMENT, "                self._elections.drop_out()", "                pass"),
            Edit(_STANDING, "        if self.role is Role.LEADER and self.is_voter:", "        if self.is_voter:"),
        ),
    ),
    one(
        "lead on after being removed",
        _STANDING,
        "        if self.role is Role.LEADER and self.is_voter:",
        "        if self.role is Role.LEADER:",
        "a node that nobody votes for any more proposes and counts itself",
        "test_voter_changes.py::test_a_removed_leader_steps_down_when_the_change_is_committed",
    ),
    one(
        "read the committed height",
        _LEADERSHIP,
        "pulse.ask(question, standing.branch.tip.height)",
        "pulse.ask(question, standing.branch.committed_height)",
        "S3: others have seen a newer block committed before the leader knows",
        "test_leadership.py::test_a_read_waits_until_the_newest_proposed_block_is_committed",
    ),
    one(
        "confirm reads by earlier heartbeats",
        _PULSE,
        "WaitingRead(question, self.counter + 1, height)",
        "WaitingRead(question, self.counter, height)",
        "a leader that was deposed in between answers with what was true before",
        "test_leadership.py::test_a_read_is_confirmed_by_heartbeats_numbered_after_it",
    ),
    one(
        "answer reads before a block of the own term",
        _LEADERSHIP,
        "pulse is not None and has_committed_own_term",
        "pulse is not None",
        "a new leader does not know yet what its predecessors committed (thesis 6.4)",
        "test_leadership.py::test_a_read_needs_a_committed_block_of_the_leaders_term",
    ),
    one(
        "count answers of any age",
        _PULSE,
        "        return next(recent, self.counter + 1)",
        "        return next((1 for _ in recent), 1)",
        "a leader that nobody hears any more leads on, and its clients wait",
        "test_leadership.py::test_a_leader_without_a_quorum_of_answers_steps_down",
    ),
    one(
        "ignore an old database",
        _STANDING,
        "        self.must_recover = not kept.holds_acknowledged",
        "        self.must_recover = False",
        "a restored voter helps to undo what it had acknowledged",
        "test_restored.py::test_it_neither_asks_nor_grants_nor_votes",
    ),
    Mutant(
        "acknowledge two hashes for a place",
        "a lying leader gets two certificates from honest voters, and the voter is named a liar",
        "test_commitment.py::test_one_hash_for_one_term_and_height_ever",
        (
            Edit(
                _COMMITMENT,
                "if newest != self._acknowledged and newest.rank <= self._acknowledged.rank:",
                "if newest != self._acknowledged and newest.rank < (0, 0):",
            ),
            Edit(_COMMITMENT, "        if self._disowns(newest):\n", "        if False:\n"),
        ),
    ),
    one(
        "acknowledge two chains in a term",
        _COMMITMENT,
        "        if self._disowns(newest):\n",
        "        if False:\n",
        "one lying leader forks a network whose operators were promised that it takes more than a third",
        "test_counterexamples.py::test_one_lying_leader_of_four_forks_no_term_with_a_quorum_of_two_thirds",
    ),
    one(
        "follow a leader that proved nothing",
        _LEADERSHIP,
        "if beat.term != standing.term or standing.leader != beat.leader or standing.role is Role.LEADER:",
        "if beat.term != standing.term or standing.role is Role.LEADER:",
        "any voter keeps the others from electing a leader, for ever",
        "test_leadership.py::test_nobody_is_followed_whose_election_was_not_checked",
    ),
    one(
        "take late heartbeats for life",
        _LEADERSHIP,
        "if (beat.term, beat.counter) <= (self._term_heard, self._counter_heard):",
        "if (beat.term, beat.counter) < (0, 0):",
        "a dead leader lives as long as gossip brings its old messages",
        "test_leadership.py::test_only_a_rising_counter_proves_life",
    ),
    one(
        "blame a leader for what waited before it",
        _LEADERSHIP,
        "waiting_ms = min(oldest_waiting_ms, standing.now_ms - self._followed_since_ms)",
        "waiting_ms = oldest_waiting_ms",
        "a network with more to do than fits deposes each leader within two timeouts: it does nothing but elect",
        "test_counterexamples.py::test_an_overloaded_network_keeps_each_leader_for_a_while",
    ),
    one(
        "let a newest certificate hide lower ones",
        _COMMITMENT,
        "        if not is_here and self._missing is not None",
        "        if self._missing is not None",
        "an observer behind two changes of voters never catches up",
        "test_commitment.py::test_a_certificate_out_of_reach_hides_no_lower_one",
    ),
    one(
        "follow only whom the voters in force elected",
        _LEADERSHIP,
        "        is_opened_here = certificate.term == standing.branch.tip.term",
        "        is_opened_here = False",
        "after a change of voters, restarted voters depose a healthy leader",
        "test_leadership.py::test_the_leader_that_earlier_voters_elected_is_followed_in_its_term",
    ),
    one(
        "count new voters at once",
        _LEADERSHIP,
        "            self._pulse.begin_anew(self._standing.now_ms)",
        "            pass",
        "a change of voters deposes the leader that made it, whenever the quorum grows by who is new",
        "test_voter_changes.py::test_new_voters_have_time_to_answer",
    ),
    one(
        "keep a later term to oneself",
        _LEADERSHIP,
        "        if beat.term < standing.term:\n            standing.tell_term()",
        "        if beat.term < standing.term:",
        "L6: a restored voter in a later term is shut out for as long as the leader is healthy",
        "test_restored.py::test_a_restored_voter_is_let_in_while_the_leader_is_healthy",
    ),
    one(
        "change voters before a block of the own term",
        _COMMITMENT,
        "        return self._committed_term == self._standing.term",
        "        return True",
        "two changes by two leaders can overlap, and their quorums share nobody (Raft's membership bug of 2015)",
        "test_voter_changes.py::test_no_change_before_a_block_of_the_own_term_is_committed",
    ),
    one(
        "grant the next term while one is being won",
        _ELECTIONS,
        "max(self._heard_leader_ms, self._standing.adopted_ms or self._heard_leader_ms)",
        "self._heard_leader_ms",
        "one lying voter collects the certificate that deposes the next leader, at any time, again and again",
        "test_counterexamples.py::test_a_lying_voter_cannot_hoard_what_deposes_the_next_leader",
    ),
    one(
        "certify by the voters in force everywhere",
        _COMMITMENT,
        "(told.previous_hash, told.voter_set_hash) != (link.previous_hash, link.voter_set_hash):",
        "(told.previous_hash, told.voter_set_hash) != (link.previous_hash, standing.voters.hash):",
        "L1: an opening block above a change of voters is certified by nobody who knows that the change is committed",
        "test_voter_changes.py::test_blocks_of_the_old_set_are_certified_by_it_after_the_change",
    ),
    one(
        "remember sets where they first stood",
        _STANDING,
        "        self.sets.pop(voters.hash, None)\n",
        "",
        "after many changes the set that certifies what is under way is forgotten, and the chain stands still",
        "test_voter_changes.py::test_the_set_before_is_remembered_when_it_had_been_in_force_long_ago",
    ),
    one(
        "let observers tell their terms",
        _STANDING,
        "        if self.is_voter and self.certificate is not None and",
        "        if self.certificate is not None and",
        "a thousand nodes broadcast for one request that lost a race, or that somebody plays again",
        "test_counterexamples.py::test_a_request_that_comes_late_is_not_answered_by_the_whole_network",
    ),
    one(
        "learn no term from who asks",
        _ELECTIONS,
        "            standing.adopt(proof)\n        if self._may_grant",
        "            pass\n        if self._may_grant",
        "L3: where answers get lost, the longest chain sits in a low term for ever, and nobody else may be elected",
        "test_known_traces.py::test_l3_the_longest_log_in_a_low_term_wins",
    ),
    one(
        "tell no later term to who asks",
        _ELECTIONS,
        "        elif asked.term <= standing.term:\n            standing.tell_term()",
        "        elif asked.term <= standing.term:\n            pass",
        "L3: where requests get lost, the longest chain sits in a low term for ever, and nobody else may be elected",
        "test_known_traces.py::test_l3_the_longest_log_in_a_low_term_wins",
    ),
    Mutant(
        "let observers vote",
        "votes of nodes that no quorum rule knows; whoever waits for them waits for ever",
        "test_votes.py::test_an_observer_votes_for_nobody_but_learns_the_term",
        (
            Edit(_ELECTIONS, "        votes = standing.is_voter and not", "        votes = not"),
            Edit(_STANDING, "        return self.is_voter and self.kept_term", "        return self.kept_term"),
        ),
    ),
    one(
        "count a leader that is no voter",
        _PULSE,
        "        own = 1 if voters.key_of(self._node_id) is not None else 0",
        "        own = 1",
        "a demoted leader counts itself, and leads with a quorum that is one short",
        "test_voter_changes.py::test_the_new_voters_quorum_keeps_a_leader",
    ),
    one(
        "count grants of another round",
        _ELECTIONS,
        "(granted.asker, granted.round) != (standing.settings.node_id, asked.nonce)",
        "granted.asker != standing.settings.node_id",
        "what voters granted long ago, of another chain, certifies a term now",
        "test_pre_votes.py::test_grants_count_for_the_round_that_asked_only",
    ),
    one(
        "let a wish serve for ever",
        _ELECTIONS,
        "            wish.term == standing.term == asked.term - 1",
        "            wish.term <= asked.term - 1",
        "a leader's wish of long ago deposes its successors",
        "test_pre_votes.py::test_a_wish_serves_for_the_next_term_only",
    ),
    *NODE_MUTANTS,
)
