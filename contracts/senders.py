"""Those who submit in one block: who they are, and how much each has submitted.

Owns what a block remembers of its senders; who may submit is for `contracts.admission` to say. Dies with the block.
Invariant: what was decoded is used again only while the state has the very same bytes, so that remembering never shows.
"""

from contracts.admission import SenderCount, check_count, quota_of, sender_count_key
from contracts.genesis_state import PARAMETERS_KEY
from contracts.member import Member, decode_member, member_record_key
from contracts.state import BlockState
from ledger.hashing import Hash


class Sender:
    """An account in whose name somebody submits; `member` is None where the ledger has none."""

    __slots__ = ("content", "count", "id", "key", "member")

    def __init__(self, account: Hash) -> None:
        self.id = account
        self.key = member_record_key(account)
        # The bytes that say what `member` is.
        self.content: bytes | None = None
        self.member: Member | None = None
        # Read with the first transaction that counts.
        self.count: SenderCount | None = None


class Senders:
    """The senders of one block, on its UTC day `day`; bounded by its transactions."""

    __slots__ = ("_day", "_known", "_parameters", "_quota", "_state")

    def __init__(self, state: BlockState, day: int) -> None:
        self._state = state
        self._day = day
        self._known: dict[Hash, Sender] = {}
        # The bytes that say what the quota is.
        self._parameters: bytes | None = None
        self._quota = 0

    def find(self, account: Hash) -> Sender:
        """The sender as the state has it now."""
        known = self._known.get(account)
        if known is None:
            known = self._known[account] = Sender(account)
        content = self._state.get(known.key)
        if content is not known.content:
            known.content = content
            known.member = None if content is None else decode_member(account, content)
        return known

    def check_quota(self, sender: Sender) -> None:
        """Refuse one more transaction of a sender that has used up the quota of the day.

        Raises:
            Refusal: `sender.quota-exceeded`.
        """
        parameters = self._state.get(PARAMETERS_KEY)
        if parameters is None or parameters is not self._parameters:
            self._quota = quota_of(parameters)
            self._parameters = parameters
        if sender.count is None:
            sender.count = SenderCount.decode(self._state.get(sender_count_key(sender.id)))
        check_count(sender.id, sender.count.on(self._day), self._quota)

    def add(self, sender: Sender) -> None:
        """Count a transaction that `check_quota` was asked about."""
        count = sender.count
        assert count is not None, "its quota was looked at"
        if not count.written:
            # Once: what the count becomes later counts too.
            self._state.put(sender_count_key(sender.id), count)
            count.written = True
        count.add(self._day)
