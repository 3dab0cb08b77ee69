"""The rule language of policy packs: small expressions that are checked, carried on the ledger and always end.

    errors          what can be wrong
    types, scope    what a rule may speak of
    opcodes, tree   a rule as nodes, and on the ledger
    source, parser  a rule as text (only where packs are built), with refusals for what Python can say and rules cannot
    checker, calls, narrowing   types, and values that may be missing
    printer         the canonical text
    compiler, steps, loops, fuel, evaluator     values, what they take, and which clause does not hold
    dates, arithmetic   the calendar and exact numbers
    explanation, rendering      why a guard is not met

Source: docs/reference/rules.md; docs/adr/0017-rule-language.md.
"""
