"""Kinds of records that no pack may declare, because the ledger's own contracts have them or will.

Owns the list. A pack that took one of these names would shut out the contract that needs it later, or write what
another contract relies on. Whether a kind is a native one is checked against the registry too, by the tests.
"""

# What is there.
_NATIVE = frozenset(
    (
        "active-pack",
        "administrators",
        "case",
        "case-count",
        "chain",
        "check",
        "counter",
        "decision",
        "member",
        "member-key",
        "missed",
        "node",
        "node-key",
        "node-name",
        "notice",
        "notice-file",
        "office",
        "pack",
        "pack-part",
        "parameters",
        "permission",
        "person",
        "plan",
        "plan-count",
        "plan-period",
        "proposal",
        "proposer",
        "record-count",
        "record-type",
        "recovery",
        "recovery-rule",
        "regular-meeting",
        "role-count",
        "sender",
        "timer",
        "unit",
        "voters",
    )
)
# What is to come: the names of things that need more than states and rules.
_PROMISED = frozenset(
    (
        "account",
        "administrator",
        "attestation",
        "attribute",
        "balance",
        "ballot",
        "ballot-box",
        "calendar",
        "case-file",
        "commitment",
        "delegation",
        "device",
        "disclosure",
        "erasure",
        "grant",
        "holiday",
        "import",
        "index",
        "invoice",
        "key",
        "ledger",
        "obligation",
        "occurrence",
        "payment",
        "period",
        "posting",
        "receipt",
        "record",
        "recurrence",
        "role",
        "schedule",
        "sealed",
        "statement",
        "supervision",
        "tombstone",
        "transfer",
        "vault",
        "voter",
        "working-calendar",
    )
)

RESERVED_KINDS = _NATIVE | _PROMISED
