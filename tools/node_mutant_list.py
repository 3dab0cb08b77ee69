"""The breakages of what a node adds to the core: its disk, sign-state, window, voters. See `mutant_list`."""

from tools.mutant import Edit, Mutant, one

_COSIGNING = "daemon/cosigning.py"
_SAYING = "daemon/saying.py"
_START = "daemon/agreement_start.py"
_STORE = "storage/lmdb_store.py"

NODE_MUTANTS: tuple[Mutant, ...] = (
    one(
        "report every write as durable with the first",
        "daemon/outgoing.py",
        "        while self._unstored and self._unstored[0].ticket <= ticket:",
        "        while self._unstored:",
        "blocks are acknowledged, and transactions told, that a crash takes away (appends re-ordered by the disk)",
        "tests/daemon/test_traces.py::test_nothing_leaves_a_node_before_its_disk_has_it",
    ),
    one(
        "report every save as kept with the first",
        "daemon/keeping.py",
        "        while self._unkept and self._unkept[0][0] <= ticket:",
        "        while self._unkept:",
        "votes and acknowledgements leave that a crash makes the node forget",
        "tests/daemon/test_traces.py::test_nothing_leaves_a_node_before_its_disk_has_it",
    ),
    one(
        "keep a term without the vote given with it",
        "daemon/keeping.py",
        "self.state.with_term(wanted.term, wanted.voted_for)",
        "self.state.with_term(wanted.term, None)",
        "term and vote are not durable together: after a crash the voter votes again",
        "tests/daemon/test_traces.py::test_nothing_leaves_a_node_before_its_disk_has_it",
    ),
    one(
        "ask the window before opening a term",
        "daemon/leading.py",
        "        self._build([], now_ms, election_certificate=certificate.encode())",
        "        under_way = self._chain.tip.height - self._agreement.committed_height\n"
        "        if under_way < self._genesis.parameters.window_blocks_max:\n"
        "            self._build([], now_ms, election_certificate=certificate.encode())",
        "L2: blocks of a dead leader fill the window, and no leader can commit them",
        "tests/daemon/test_traces.py::test_l2_a_window_full_of_inherited_blocks_does_not_stop_the_next_leader",
    ),
    one(
        "let nothing follow a change of voters",
        "daemon/voters_in_force.py",
        "            return self.current if opens_term and header.voter_set_hash == self.current.hash else None",
        "            return None",
        "L1: a change whose leader died is never committed, and nothing after it",
        "tests/daemon/test_traces_voters.py::test_l1_a_change_of_voters_whose_leader_died_is_finished_by_the_next",
    ),
    one(
        "store blocks without their term",
        "daemon/growing.py",
        "                self._agree(TermCertificateHeard(election))",
        "                assert election",
        "S1: a term begins again among voters who have its blocks and know nothing of its leader",
        "tests/daemon/test_traces.py::test_s1_a_block_brings_its_term",
    ),
    one(
        "take a restored database for the newest",
        _START,
        "    if acknowledged.height == 0 or chain.tip.term > acknowledged.term:",
        "    if True:",
        "a restored voter helps to undo what it had acknowledged",
        "tests/daemon/test_traces.py::test_a_restored_voter_signs_nothing_until_it_has_caught_up",
    ),
    one(
        "start in a term below the chain's",
        _START,
        "    if chain.tip.term > term and chain.tip.header is not None:",
        "    if False and chain.tip.header is not None:",
        "a node that stored a block and crashed before it kept its term does not start any more, or votes again there",
        "tests/daemon/test_traces.py::test_a_chain_that_is_newer_than_the_sign_state_proves_its_term",
    ),
    Mutant(
        "write the heights after what they name",
        "after a crash in between, the applied height is not that of the state: transactions are executed twice",
        "tests/storage/test_one_transaction.py::test_blocks_state_and_the_heights_that_name_them_are_written_together",
        (
            Edit(
                _STORE,
                "                    standing = self._write(transaction, batches)\n",
                "                    standing = self._write(transaction, batches)\n"
                "                with self._environment.write() as transaction:\n"
                '                    transaction.put(META_HEAD, pack_standing(standing), db=self._tables["meta"])\n',
            ),
            Edit(
                _STORE,
                '        transaction.put(META_HEAD, pack_standing(standing), db=tables["meta"])\n        return',
                "        return",
            ),
        ),
    ),
    one(
        "drop executed blocks",
        "storage/batch_rules.py",
        "    if height <= standing.executed_height:",
        "    if height < 0:",
        "the applied height is above the log after a roll-back (commit index ahead of the log)",
        "tests/storage/test_contract.py::test_executed_blocks_are_never_dropped",
    ),
    one(
        "publish what one voter signed",
        _COSIGNING,
        "        return self.policy.is_satisfied_by(self.cosigned)",
        "        return bool(self.cosigned)",
        "a receipt rests on one voter's word",
        "tests/daemon/test_cosigning.py::test_three_of_four_are_a_quorum_and_no_voter_counts_twice",
    ),
    one(
        "count signatures under another root",
        _COSIGNING,
        "            return note.text == gathering.text and self._take(size, gathering, note, now_ms)",
        "            return self._take(size, gathering, note, now_ms)",
        "what is published does not verify, or is of a log that this node does not have",
        "tests/daemon/test_cosigning.py::test_signatures_of_another_tree_or_of_strangers_count_for_nothing",
    ),
    one(
        "count early signatures whatever the root is",
        _COSIGNING,
        "            if note.text == text:\n                self._take(size, gathering, note, now_ms)",
        "            self._take(size, gathering, note, now_ms)",
        "what is published does not verify, or is of a log that this node does not have",
        "tests/daemon/test_cosigning.py::test_what_comes_early_waits_until_the_block_is_executed",
    ),
    one(
        "drop what comes after the quorum",
        _COSIGNING,
        "        size = checkpoint.tree_size\n",
        "        size = checkpoint.tree_size\n        if size <= self.published_size:\n            return False\n",
        "those behind look for it on other links and make them part of the broadcast tree: every message comes twice",
        "tests/daemon/test_cosigning.py::test_three_of_four_are_a_quorum_and_no_voter_counts_twice",
    ),
    one(
        "give a neighbour nothing",
        _COSIGNING,
        "        return newest.note()",
        "        return None",
        "whoever was away, or lost a message, has no receipts until something new happens",
        "tests/daemon/test_cosigning.py::test_what_gossip_lost_is_found_by_comparing",
    ),
    one(
        "answer by one way only",
        _SAYING,
        "ANSWERS_TO_ALL_EVERY = 5",
        "ANSWERS_TO_ALL_EVERY = 1_000_000",
        "a way that bears heartbeats and no answers ends a leadership that another path would keep",
        "tests/daemon/test_heartbeat_answers.py::test_a_way_that_bears_heartbeats_and_no_answers_ends_no_leadership",
    ),
)
