"""A second, naive interpreter of the rules, written from the reference page: slow, plain, nothing shared.

State is a map from (kind, id) to [version, fields]; every transaction works on a deep copy that replaces the
state if it succeeds. It knows the operations that the property tests generate and no others.
"""

import copy
import re
from hashlib import sha256
from typing import Any

from ledger.transaction import Transaction

State = dict[tuple[str, str], list[Any]]


class No(Exception):
    def __init__(self, code: str, **details: Any) -> None:
        self.code, self.details = code, details


def execute(state: State, network_id: bytes, height: int, time_ms: int, placed: list[tuple[Transaction, int]]) -> Any:
    """The state after a block and its result leaves as plain lists."""
    leaves = []
    for transaction, leaf_index in placed:
        state, leaf = execute_one(state, network_id, height, time_ms, transaction, leaf_index)
        leaves.append(leaf)
    return state, leaves


def execute_one(
    state: State, network_id: bytes, height: int, time_ms: int, transaction: Transaction, leaf_index: int
) -> tuple[State, list[Any]]:
    sender = transaction.sender.hex()
    code, details, events, writes = "ok", {}, [], []
    subjects = [f"member/{sender}"]
    after = copy.deepcopy(state)
    authorised = False
    try:
        authorise(state, network_id, transaction)
        authorised = True
        check_quota(state, sender, time_ms)
        if transaction.operation == "notice.post":
            more, events, writes = post(after, transaction, height, time_ms)
        elif transaction.operation == "notice.withdraw":
            more, events, writes = withdraw(after, transaction, height, time_ms)
        else:
            raise No("operation.unknown", operation=transaction.operation)
        subjects += [subject for position, subject in enumerate(more) if subject not in more[:position]]
    except No as no:
        code, details, after = no.code, no.details, copy.deepcopy(state)
    if not authorised:
        subjects = []
    else:
        count_sender(after, sender, time_ms)
    links = []
    for subject in subjects:
        version, fields = after.get(("chain", subject), [0, {"link": bytes(32)}])
        link = sha256(b"banyan/link/v1\0" + fields["link"] + sha256(b"\0" + transaction.envelope).digest()).digest()
        after["chain", subject] = [version + 1, {"sequence": version + 1, "link": link}]
        links.append([subject, version + 1, link])
    leaf = ["result", 1, height, leaf_index, transaction.id, code, details, events, links, writes]
    return after, leaf


def authorise(state: State, network_id: bytes, transaction: Transaction) -> None:
    member = state.get(("member", transaction.sender.hex()))
    if member is None:
        raise No("sender.unknown", sender=transaction.sender.hex())
    own = False
    for _scheme, key, _ in transaction.signatures:
        if ["ed25519", key] in member[1]["keys"]:
            own = True
            continue
        other = state.get(("member", sha256(b"banyan/member/v1\0" + network_id + key).hexdigest()))
        if other is None or ["ed25519", key] not in other[1]["keys"]:
            raise No("sender.key-unknown", key=key.hex())
    if not own:
        raise No("sender.not-signed", sender=transaction.sender.hex())


def check_quota(state: State, sender: str, time_ms: int) -> None:
    fields = state.get(("sender", sender), [0, {"day": 0, "count": 0}])[1]
    limit = state["parameters", "network"][1]["transactions_per_sender_per_day_max"]
    count = fields["count"] if fields["day"] == time_ms // 86_400_000 else 0
    if count >= limit:
        raise No("sender.quota-exceeded", sender=sender, count=count, limit=limit)


def count_sender(state: State, sender: str, time_ms: int) -> None:
    version, fields = state.get(("sender", sender), [0, {"day": 0, "count": 0}])
    day = time_ms // 86_400_000
    count = fields["count"] + 1 if fields["day"] == day else 1
    state["sender", sender] = [version + 1, {"day": day, "count": count}]


def check_expected(state: State, transaction: Transaction) -> None:
    if transaction.expect is not None:
        kind, record_id, expected = transaction.expect
        found = state.get((kind, record_id), [0])[0]
        if found != expected:
            raise No("expect.version-mismatch", kind=kind, id=record_id, found=found, expected=expected)


def post(state: State, transaction: Transaction, height: int, time_ms: int) -> Any:
    values: dict[str, Any] = transaction.arguments
    for name in ("unit", "title"):
        if name not in values:
            raise No("arguments.missing", argument=name)
    for name, value in sorted(values.items()):
        check_post_argument(name, value)
    check_expected(state, transaction)
    unit = values["unit"]
    file_version, file = state.get(("notice-file", unit), [0, {"count": 0}])
    number = file["count"] + 1
    fields = {"about": [], **values, "number": number, "author": transaction.sender}
    fields |= {"height": height, "time": time_ms, "state": "posted"}
    record_id = f"{unit}/" + str(number).rjust(12, "0")
    state["notice", record_id] = [1, fields]
    state["notice-file", unit] = [file_version + 1, {"unit": unit, "count": number}]
    subjects = [f"unit/{unit}"] + [f"person/{person}" for person in fields["about"]]
    events = [["notice.posted", {"unit": unit, "number": number}]]
    return subjects, events, [["notice", record_id, 1], ["notice-file", unit, file_version + 1]]


def check_post_argument(name: str, value: Any) -> None:
    if name not in ("unit", "title", "body", "about", "kind", "at"):
        raise No("arguments.unknown", argument=name)
    if name == "title" and len(value.encode()) > 200:
        raise No("arguments.too-long", argument=name, size=len(value.encode()), limit=200)
    if name == "unit" and not re.fullmatch(r"[a-z0-9-]+", value):
        raise No("arguments.pattern", argument=name, pattern="letters, digits and ._@+:- between slashes")
    if name == "body" and not isinstance(value, dict):
        raise No("arguments.not-detached", argument=name)


def withdraw(state: State, transaction: Transaction, height: int, time_ms: int) -> Any:
    values: dict[str, Any] = transaction.arguments
    check_expected(state, transaction)
    unit, number = values["unit"], values["number"]
    record_id = f"{unit}/" + str(number).rjust(12, "0")
    if ("notice", record_id) not in state:
        raise No("notice.not-found", unit=unit, number=number)
    version, fields = state["notice", record_id]
    administrators = state["administrators", "current"][1]["members"]
    if fields["author"] != transaction.sender and transaction.sender not in administrators:
        raise No("notice.not-the-author", author=fields["author"].hex())
    if fields["state"] != "posted":
        raise No("notice.not-posted", unit=unit, number=number, state=fields["state"])
    fields |= {"state": "withdrawn", "withdrawn_by": transaction.sender, "withdrawn_reason": values["reason"]}
    fields |= {"withdrawn_height": height, "withdrawn_time": time_ms}
    state["notice", record_id] = [version + 1, fields]
    subjects = [f"unit/{unit}"] + [f"person/{person}" for person in fields["about"]]
    events = [["notice.withdrawn", {"unit": unit, "number": number}]]
    return subjects, events, [["notice", record_id, version + 1]]
