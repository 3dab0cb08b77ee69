"""A second, naive reading of docs/reference/members.md: slow, plain, nothing shared with the contract.

Keys are numbers, accounts are called by the number of their first key; the administrator is the account `ADMIN`, whose
key has that number too. Every transaction names its account and the keys that sign.
"""

from dataclasses import dataclass, field
from typing import Any

DAY_MS = 86_400_000
ADMIN = 99


@dataclass
class NaiveAccount:
    person: str | None
    keys: list[int]
    state: str = "active"


@dataclass
class NaiveRecovery:
    key: int
    opener: int
    begun: int
    approvals: list[int]
    state: str = "gathering"
    ready: int | None = None


@dataclass
class NaiveMembers:
    accounts: dict[int, NaiveAccount] = field(default_factory=lambda: {ADMIN: NaiveAccount(None, [ADMIN])})
    persons: dict[str, int | None] = field(default_factory=dict)
    guardians: dict[str, list[str]] = field(default_factory=dict)
    ever: dict[int, int] = field(default_factory=dict)
    revoked: set[int] = field(default_factory=set)
    recoveries: dict[str, NaiveRecovery] = field(default_factory=dict)

    def run(self, now: int, sender: int, signers: list[int], method: str, values: dict[str, Any]) -> str:
        """What becomes of a transaction; what it changes is kept."""
        account = self.accounts.get(sender)
        if account is None:
            return "sender.unknown"
        if account.state != "active" and method != "recover-object":
            return "sender.not-active"
        others = []
        for key in signers:
            if key in account.keys:
                continue
            if key in self.revoked:
                return "sender.key-revoked"
            owner = self.owner(key)
            if owner is None:
                return "sender.key-unknown"
            if self.accounts[owner].state != "active":
                return "sender.not-active"
            others.append(owner)
        if not set(signers) & set(account.keys):
            return "sender.not-signed"
        everybody = list(dict.fromkeys([sender, *others]))
        function = getattr(self, method.replace("-", "_"))
        result: str = function(now=now, sender=sender, everybody=everybody, **values)
        return result

    def owner(self, key: int) -> int | None:
        return next((name for name, one in self.accounts.items() if key in one.keys), None)

    def used(self, key: int) -> bool:
        return key in self.ever or key == ADMIN

    def post(self, **_: Any) -> str:
        return "ok"

    def take(self, person: str, key: int) -> str:
        if self.used(key):
            return "members.key-used"
        self.accounts[key] = NaiveAccount(person, [key])
        self.ever[key] = key
        self.persons[person] = key
        return "ok"

    def enrol(self, sender: int, person: str, key: int | None = None, **_: Any) -> str:
        if sender != ADMIN:
            return "operation.not-allowed"
        if person in self.persons:
            return "members.enrolled"
        if key is not None:
            return self.take(person, key)
        self.persons[person] = None
        return "ok"

    def bind(self, sender: int, person: str, key: int, **_: Any) -> str:
        if person not in self.persons:
            return "members.person-unknown"
        if sender != ADMIN:
            return "operation.not-allowed"
        return "members.bound" if self.persons[person] is not None else self.take(person, key)

    def key_add(self, sender: int, key: int, **_: Any) -> str:
        account = self.accounts[sender]
        if self.used(key):
            return "members.key-used"
        if len(account.keys) == 8:
            return "members.keys-too-many"
        account.keys.append(key)
        self.ever[key] = sender
        return "ok"

    def key_revoke(self, sender: int, key: int, **_: Any) -> str:
        keys = self.accounts[sender].keys
        if key not in keys:
            return "members.key-foreign"
        if keys == [key]:
            return "members.last-key"
        keys.remove(key)
        self.revoked.add(key)
        return "ok"

    def name(self, sender: int, guardians: list[str], **_: Any) -> str:
        person = self.accounts[sender].person
        if person is None:
            return "members.no-person"
        for guardian in guardians:
            if guardian not in self.persons:
                return "members.person-unknown"
            if self.persons[guardian] is None:
                return "members.no-account"
            if guardian == person:
                return "members.own-guardian"
        self.guardians[person] = guardians
        return "ok"

    def known(self, person: str) -> str | None:
        if person not in self.persons:
            return "members.person-unknown"
        return "members.no-account" if self.persons[person] is None else None

    def change(self, sender: int, person: str, after: str, before: list[str], own: bool) -> str:
        found = self.known(person)
        if found:
            return found
        account = self.accounts[self.persons[person] or 0]
        if sender != ADMIN and not (own and self.persons[person] == sender):
            return "operation.not-allowed"
        if account.state not in before:
            return "members.account-state"
        account.state = after
        return "ok"

    def suspend(self, sender: int, person: str, **_: Any) -> str:
        return self.change(sender, person, "suspended", ["active"], own=True)

    def resume(self, sender: int, person: str, **_: Any) -> str:
        return self.change(sender, person, "active", ["suspended", "closed"], own=False)

    def close(self, sender: int, person: str, **_: Any) -> str:
        return self.change(sender, person, "closed", ["active", "suspended"], own=True)

    def helps(self, account: int, person: str) -> bool:
        if self.accounts[account].state != "active" or account == self.persons[person]:
            return False
        return account == ADMIN or self.accounts[account].person in self.guardians.get(person, [])

    def under_way(self, person: str, now: int) -> NaiveRecovery | None:
        one = self.recoveries.get(person)
        if one is None or one.state not in ("gathering", "waiting"):
            return None
        return one if now < (one.begun if one.ready is None else one.ready) + 35 * DAY_MS else None

    def settle(self, one: NaiveRecovery, now: int) -> str:
        if len(one.approvals) >= 2:
            one.state, one.ready = "waiting", now + 7 * DAY_MS
        return "ok"

    def recover(self, now: int, sender: int, everybody: list[int], person: str, key: int) -> str:
        found = self.known(person)
        if found:
            return found
        if sender == self.persons[person]:
            return "members.own-recovery"
        if not self.helps(sender, person):
            return "operation.not-allowed"
        if self.under_way(person, now):
            return "members.recovery-open"
        if self.used(key):
            return "members.key-used"
        one = NaiveRecovery(key, sender, now, [account for account in everybody if self.helps(account, person)])
        self.recoveries[person] = one
        return self.settle(one, now)

    def recover_approve(self, now: int, sender: int, everybody: list[int], person: str, key: int) -> str:
        one = self.under_way(person, now)
        if one is None:
            return "members.no-recovery"
        if sender == self.persons[person]:
            return "members.own-recovery"
        if not self.helps(sender, person):
            return "operation.not-allowed"
        if one.key != key:
            return "members.other-key"
        if one.ready is not None:
            return "members.approved-enough"
        more = [account for account in everybody if self.helps(account, person) and account not in one.approvals]
        if not more:
            return "members.approved-already"
        one.approvals = [account for account in one.approvals if self.helps(account, person)] + more
        return self.settle(one, now)

    def recover_object(self, now: int, sender: int, person: str, **_: Any) -> str:
        one = self.under_way(person, now)
        if one is None:
            return "members.no-recovery"
        if self.persons[person] != sender:
            return "operation.not-allowed"
        one.state = "objected"
        return "ok"

    def recover_withdraw(self, now: int, sender: int, person: str, **_: Any) -> str:
        one = self.under_way(person, now)
        if one is None:
            return "members.no-recovery"
        if sender not in (ADMIN, one.opener):
            return "operation.not-allowed"
        one.state = "withdrawn"
        return "ok"

    def recover_finish(self, now: int, person: str, **_: Any) -> str:
        one = self.under_way(person, now)
        if one is None:
            return "members.no-recovery"
        if one.ready is None:
            return "members.not-approved"
        if now < one.ready:
            return "members.recovery-early"
        if self.used(one.key):
            return "members.key-used"
        account = self.persons[person] or 0
        self.revoked |= set(self.accounts[account].keys)
        self.accounts[account].keys = [one.key]
        self.ever[one.key] = account
        one.state = "done"
        return "ok"
