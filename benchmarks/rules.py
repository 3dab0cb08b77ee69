"""What a rule costs: parsing, decoding, compiling, evaluating, beside one Ed25519 verification.

A guard of three clauses, a table of dues, and a rule that goes through 256 records are evaluated; an interpreter that
goes through the tree node by node (the one that tests compare with) evaluates the same guard. Then rules that do one
thing again and again show what a step of fuel costs at worst. Time is that of the processor.

Run: `python -m benchmarks.rules [--runs N]`
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks.report import write_report
from contracts.rules.evaluator import CompiledRule, compile_rule
from contracts.rules.fuel import FUEL_MAX
from contracts.rules.parser import parse_rule
from contracts.rules.scope import Parameter, Scope, Signature
from contracts.rules.tree import decode_tree
from contracts.rules.types import (
    BOOLEAN,
    DATE,
    INTEGER,
    MONEY,
    TEXT,
    EnumType,
    ListType,
    LiteralType,
    Type,
    record_type,
)
from ledger.signing import SigningKey, verify_ed25519
from tests.contracts.rules.naive_interpreter import Naive

RECORDS = 256
REQUIRED_GUARD_US = 10
STAGE = EnumType("stage", ("applicant", "activist", "full"))
MEMBER = record_type("member", {"stage": STAGE, "since": DATE, "company": TEXT, "score": INTEGER})
SCOPE = Scope(
    {
        "member": MEMBER,
        "members": ListType(MEMBER, RECORDS),
        "sponsors": ListType(MEMBER, 8),
        "today": DATE,
        "yes": INTEGER,
        "due": INTEGER,
        "wage": MONEY,
        "motto": TEXT,
    },
    [Signature("has_role", (Parameter("role", LiteralType(frozenset(("secretary",)))),), BOOLEAN, 20)],
)
GUARD = 'member.stage == "activist" and days_between(member.since, today) >= 365 and yes > fraction(1, 2, of=due)'
RULES: dict[str, tuple[str, Type]] = {
    "guard of three clauses": (GUARD, BOOLEAN),
    "guard with two sponsors of different companies": (
        'distinct_count(one.company for one in sponsors if one.stage == "full") >= 2 and has_role("secretary")',
        BOOLEAN,
    ),
    "table of dues": (
        'share(wage, 5 if wage <= money("3000.00") else 10 if wage <= money("5000.00") else 15, 1000)',
        MONEY,
    ),
    f"count of {RECORDS} records with one condition": ("count(m for m in members if m.score > 50) > 100", BOOLEAN),
}
# Each does one thing for every pair of records until its fuel is used up.
WORST = {
    "comparison": "any(a.score > b.score + 999 for a in members for b in members)",
    "months": "any(months_between(today, a.since) > 9999 for a in members for b in members)",
    "a year's date": "any(year_of(a.since) > 9999 for a in members for b in members)",
    "share": "any(share(wage, a.score, 7) > wage * 1000 for a in members for b in members)",
    "fraction": "any(a.score > fraction(999, 1, of=b.score) for a in members for b in members)",
    "texts": "any(a.company != b.company for a in members for b in members)",
    "elements alone": "any(False for a in members for b in members)",
    "division": "any(a.score // 7 % 5 > 9 for a in members for b in members)",
}


class Answers:
    """Fixed answers, as records of the state are."""

    utc_offset_minutes = 480

    def __init__(self) -> None:
        one = {"stage": "activist", "since": 19_000, "company": "x" * 100, "score": 60}
        other = {"stage": "full", "since": 19_000, "company": "second", "score": 60}
        self._values: dict[str, Any] = {
            "member": one,
            "members": [one] * RECORDS,
            "sponsors": [other, {**other, "company": "third"}],
            "today": 19_400,
            "yes": 46,
            "due": 90,
            "wage": 500_000,
            "motto": "x",
        }

    def value(self, name: str) -> Any:
        """The answer for a name."""
        return self._values[name]

    def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """True to everything."""
        return True


def microseconds(action: Callable[[], object], runs: int, seconds: float = 0.05) -> float:
    """The median of some runs, each of so many rounds as take about `seconds`."""
    started = time.process_time()
    action()
    rounds = max(1, int(seconds / max(time.process_time() - started, 1e-6)))
    measured = []
    for _ in range(runs):
        started = time.process_time()
        for _ in range(rounds):
            action()
        measured.append((time.process_time() - started) / rounds)
    return statistics.median(measured) * 1e6


def fuel_cost(source: str, answers: Answers, runs: int) -> float:
    """Microseconds for each step of a rule that uses its fuel up, which has to end in the error."""
    rule = compile_rule(parse_rule(source, SCOPE))

    def exhaust() -> str:
        try:
            rule.evaluate(answers)
        except Exception as error:
            return type(error).__name__
        return "value"

    assert exhaust() == "OutOfFuelError", source
    return microseconds(exhaust, runs) / FUEL_MAX


def measure(runs: int) -> dict[str, object]:
    """All figures."""
    answers = Answers()
    key = SigningKey.from_seed(bytes(32))
    message = bytes(300)
    signature = key.sign(message)
    verify_us = microseconds(lambda: verify_ed25519(key.public, message, signature), runs)
    figures: dict[str, object] = {"one Ed25519 verification, µs": round(verify_us, 1)}
    guard: CompiledRule | None = None
    guard_us = 0.0
    for label, (source, expected) in RULES.items():
        rule = compile_rule(parse_rule(source, SCOPE, expected))
        took = microseconds(lambda rule=rule: rule.evaluate(answers), runs)  # type: ignore[misc]
        figures[f"{label}: evaluate, µs"] = round(took, 1)
        figures[f"{label}: fuel"] = rule.run(answers).fuel_used
        if guard is None:
            guard, guard_us = rule, took
    assert guard is not None
    tree, value = guard.tree, guard.tree.encode_value()
    naive_us = microseconds(lambda: Naive(tree, answers, FUEL_MAX).run(), runs)
    figures["that guard: check, µs"] = round(microseconds(lambda: guard.check(answers), runs), 1)
    figures["that guard: required, µs"] = REQUIRED_GUARD_US
    figures["that guard, as a share of a verification"] = round(guard_us / verify_us, 2)
    figures["that guard: going through the tree node by node, times as long"] = round(naive_us / guard_us, 1)
    figures["that guard: parse and check, µs"] = round(microseconds(lambda: parse_rule(GUARD, SCOPE), runs))
    figures["that guard: decode and check, µs"] = round(microseconds(lambda: decode_tree(value, SCOPE), runs))
    figures["that guard: compile, µs"] = round(microseconds(lambda: compile_rule(tree), runs))
    costs = {label: fuel_cost(source, answers, runs) for label, source in WORST.items()}
    for label, cost in costs.items():
        figures[f"a step of fuel, {label}: µs"] = round(cost, 3)
    figures["a rule that uses up its fuel, at worst, ms"] = round(max(costs.values()) * FUEL_MAX / 1000, 1)
    return figures


def main() -> None:
    """Measure and write `benchmarks/results/rules.{json,md}`."""
    parser = argparse.ArgumentParser(description="what a rule costs")
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    write_report("rules", "Rules of policy packs", measure(options.runs))


if __name__ == "__main__":
    main()
