"""Accounts that signed earlier, as they are now: an approval counts while who gave it could give it.

Owns looking them up. Never judges what an account may do (`contracts.authority.judgement` does), never writes.
Source: docs/reference/authority.md, "Judgement".
"""

from contracts.member import STATE_ACTIVE, Member, decode_member
from contracts.run_context import RunContext
from ledger.hashing import Hash


def find_member(context: RunContext, account: Hash) -> Member | None:
    """The account as it is now; one read."""
    data = context.content("member", account.hex())
    return None if data is None else decode_member(account, data)


def find_approver(context: RunContext, account: Hash) -> Member | None:
    """The account, if it could sign now; one read."""
    found = find_member(context, account)
    return found if found is not None and found.state == STATE_ACTIVE else None
