"""Administrators who change the voters of a simulated network: nodes are promoted, removed, and put back.

Owns the transactions of the contract `governance` that the faults about voters ask for, and the patience of whoever
sends them: the same bytes are handed in again, at another node, until some node has an answer. Never looks into a node,
apart from asking who leads. What execution refuses is an answer too: a fault may ask for what cannot be.

Bound: `ATTEMPTS_MAX` tries of each transaction; one at a time for each fault's beginning and end.
Source: docs/protocol.md, section 6, "Changing voters"; docs/adr/0014-governance.md.
"""

from collections.abc import Callable, Sequence

from ledger.encoding import Value
from ledger.genesis import member_id
from ledger.transaction import Transaction, build_transaction
from simulator.chance import Chance
from simulator.desk import Answer, Outcome
from simulator.identities import START_MS, Identities, description_of
from simulator.process import Process
from simulator.schedule import MILLISECOND_US, SECOND_US, Schedule

# A minute of outages, as clients have it.
ATTEMPTS_MAX = 40
_PATIENCE_US = 2 * SECOND_US
_LIFETIME_MS = 3_600_000
_LEADER = "leader"

Undo = Callable[[], None]


class Membership:
    """The administrators of one world, at one table: enough of them sign each envelope.

    Args:
        seed: Of the world.
        schedule: The world's events.
        identities: The keys of everybody.
        processes: By number.
    """

    def __init__(self, seed: int, schedule: Schedule, identities: Identities, processes: Sequence[Process]) -> None:
        self._chance = Chance(seed, "membership")
        self._schedule = schedule
        self._identities = identities
        self._processes = processes
        self._signers = identities.clients[: len(identities.clients) // 2 + 1]

    def remove(self, node: int) -> Undo:
        """Take a voter's vote; the end gives it back."""
        self._change("voter-remove", node)
        return lambda: self._change("voter-add", node)

    def remove_leader(self) -> Undo:
        """Take the vote of whoever leads, if somebody does."""
        leading = [
            (status.term, process.number)
            for process in self._processes
            if (status := process.status()) is not None and status.role == _LEADER
        ]
        return self.remove(max(leading)[1]) if leading else lambda: None

    def promote(self, node: int) -> Undo:
        """Register a node that only observed and make a voter of it; the end takes its vote."""
        registration = self._transaction("node-register", description_of(node, self._identities.nodes[node]).to_value())
        self._hand_in(registration, 0, lambda: self._change("voter-add", node))
        return lambda: self._change("voter-remove", node)

    def _change(self, method: str, node: int) -> None:
        arguments: dict[str, Value] = {"node": self._identities.nodes[node].node_id}
        self._hand_in(self._transaction(method, arguments), 0, lambda: None)

    def _transaction(self, method: str, arguments: dict[str, Value]) -> Transaction:
        network_id = self._identities.genesis.network_id
        return build_transaction(
            network_id=network_id,
            sender=member_id(network_id, self._signers[0].public),
            operation=f"governance.{method}",
            arguments=arguments,
            nonce=self._chance.nonce(),
            expires_ms=START_MS + self._schedule.now_us // MILLISECOND_US + _LIFETIME_MS,
            signers=list(self._signers),
        )

    def _hand_in(self, transaction: Transaction, attempts: int, then: Callable[[], None]) -> None:
        """Try, and try again elsewhere while nobody has an answer; `then` what follows."""
        if attempts >= ATTEMPTS_MAX:
            return
        is_answered = False

        def reply(answer: Answer) -> None:
            nonlocal is_answered
            if not is_answered and answer.outcome in (Outcome.COMMITTED, Outcome.REFUSED):
                is_answered = True
                self._schedule.after(0, then)

        def again() -> None:
            nonlocal is_answered
            if not is_answered:
                is_answered = True
                self._hand_in(transaction, attempts + 1, then)

        process = self._processes[self._chance.below(len(self._processes))]
        process.submit(transaction.envelope, reply)
        self._schedule.after(_PATIENCE_US, again)
