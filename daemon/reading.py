"""Linearizable reads: from a question at any voter to the height that has to be executed before it is answered. Pure.

Owns the questions under way, own ones and those of others; never reads a record. The leader confirms with heartbeats
numbered after the question that nobody else leads (`consensus.pulse`); the asking node then waits until the height that
the leader named is executed and on its disk: records are read from the store, not from what is still to be written. A
question without an answer in time is refused; asked again it is a new question.
Bounds: `QUESTIONS_MAX` of each kind, and a share of them for each node that asks, so that one that asks without end
takes nothing from the others. Source: docs/protocol.md, section 6, "Reads"; Ongaro's thesis, section 6.4.
"""

from collections import OrderedDict

from consensus.agreement import Agreement
from consensus.events import ReadAsked
from consensus.messages import ReadAnswer, ReadQuestion
from consensus.packets import Packet
from consensus.settings import Role
from consensus.statement import Statement
from daemon.effects import ReadFailed, ReadReady
from ledger.hashing import Hash
from ledger.node_keys import NodeKeys

QUESTIONS_MAX = 1024
# A node asks once for all its clients that wait at the same moment, or a few times; more is no honest need.
QUESTIONS_OF_ASKER_MAX = 64
# An election takes at most about three seconds; whoever waits longer had better ask anew.
ANSWER_WAIT_MS = 5000
# As long as clients wait; a node that is further behind than that is not the one to ask.
STORE_WAIT_MS = 60_000


class Reading:
    """One node's questions; what it returns is for the node to carry out."""

    def __init__(self, network_id: Hash, keys: NodeKeys, agreement: Agreement, stored_height: int) -> None:
        """`stored_height` is what the store has executed when the node starts."""
        self._network_id = network_id
        self._keys = keys
        self._agreement = agreement
        self._stored_height = stored_height
        # Until when each own question waits for the leader.
        self._asked: OrderedDict[bytes, int] = OrderedDict()
        self._others: OrderedDict[bytes, Hash] = OrderedDict()
        # Confirmed, and waiting for this height to be in the store until that time: a lying leader may name any height.
        self._confirmed: OrderedDict[bytes, tuple[int, int]] = OrderedDict()

    def ask(self, question: bytes, now_ms: int) -> ReadAsked | Packet | ReadFailed:
        """A client's question: for this node's own agreement where it leads, else on its way to the leader."""
        if len(self._asked) >= QUESTIONS_MAX or len(self._confirmed) >= QUESTIONS_MAX or question in self._asked:
            return ReadFailed(question)
        if self._agreement.role is not Role.LEADER and self._agreement.leader is None:
            return ReadFailed(question)
        self._asked[question] = now_ms + ANSWER_WAIT_MS
        if self._agreement.role is Role.LEADER:
            return ReadAsked(question)
        agreement = self._agreement
        asked = ReadQuestion(self._network_id, agreement.voters.hash, agreement.term, self._keys.node_id, question)
        return self._signed(asked)

    def hear(self, statement: Statement) -> ReadAsked | ReadReady | None:
        """A question or an answer, genuine, of another node."""
        if statement.network_id != self._network_id:
            return None
        if isinstance(statement, ReadQuestion):
            if self._agreement.role is not Role.LEADER or statement.term != self._agreement.term:
                return None
            return ReadAsked(statement.question) if self._keep(statement) else None
        if isinstance(statement, ReadAnswer) and statement.leader == self._agreement.leader:
            return self._answered(statement.question, statement.height)
        return None

    def confirmed(self, question: bytes, height: int) -> ReadReady | Packet | None:
        """Agreement confirmed that this node leads: an own question waits for the store, another's is answered."""
        asker = self._others.pop(question, None)
        if asker is None:
            return self._answered(question, height)
        agreement = self._agreement
        return self._signed(
            ReadAnswer(self._network_id, agreement.voters.hash, agreement.term, self._keys.node_id, question, height)
        )

    def refused(self, question: bytes) -> ReadFailed | None:
        """This node leads no longer: others get no answer and ask anew."""
        if self._others.pop(question, None) is not None or self._asked.pop(question, None) is None:
            return None
        return ReadFailed(question)

    def stored(self, height: int) -> list[ReadReady]:
        """What a block did is on the disk: the questions that can be answered now."""
        self._stored_height = height
        ready = [ReadReady(question, wanted) for question, (wanted, _) in self._confirmed.items() if wanted <= height]
        for one in ready:
            del self._confirmed[one.question]
        return ready

    def tick(self, now_ms: int) -> list[ReadFailed]:
        """Questions whose answer, or the block that it names, did not come in time."""
        if not self._asked and not self._confirmed:
            return []
        late = [question for question, until_ms in self._asked.items() if now_ms > until_ms]
        unstored = [question for question, (_, until_ms) in self._confirmed.items() if now_ms > until_ms]
        for question in late:
            del self._asked[question]
        for question in unstored:
            del self._confirmed[question]
        return [ReadFailed(question) for question in (*late, *unstored)]

    def _keep(self, statement: ReadQuestion) -> bool:
        """Whether there is room for the question in its asker's share; the oldest of all makes place in the whole."""
        if sum(asker == statement.asker for asker in self._others.values()) >= QUESTIONS_OF_ASKER_MAX:
            return False
        if len(self._others) >= QUESTIONS_MAX:
            self._others.popitem(last=False)
        self._others[statement.question] = statement.asker
        return True

    def _answered(self, question: bytes, height: int) -> ReadReady | None:
        until_ms = self._asked.pop(question, None)
        if until_ms is None:
            return None
        if height <= self._stored_height:
            return ReadReady(question, height)
        self._confirmed[question] = (height, until_ms + STORE_WAIT_MS)
        return None

    def _signed(self, statement: Statement) -> Packet:
        return Packet(statement, statement.sign(self._keys.agreement))
