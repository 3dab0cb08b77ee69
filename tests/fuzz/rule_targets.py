"""Rules: the trees that packs carry, and the texts that their authors write.

A tree is taken apart, checked, compiled and evaluated; what is taken is written back to the same bytes, as the tree and
as its text. The known ways out are the errors of the language.
"""

from contracts.rules.errors import RuleEvaluationError, RuleSourceError, RuleTreeError
from contracts.rules.evaluator import compile_rule
from contracts.rules.parser import parse_rule
from contracts.rules.tree import Tree, decode_tree
from ledger.encoding import decode, encode
from ledger.errors import DecodingError
from tests.contracts.rules.known_scope import ORDINARY, ORDINARY_CALLS, SCOPE, Values
from tests.fuzz.target import Target

SOURCES = (
    'stage == "activist" and days_between(member.since, today) >= 365 and wage > money("10.00")',
    'yes > fraction(1, 2, of=due) or has_role("secretary") and not open',
    "limit is not None and due - 1 < limit <= -yes",
    'count(d for s in sponsors if s.talk is not None and s.talk < date("2024-01-01") for d in s.dues) in (1, 2, 3)',
    "default(max(s.since for s in sponsors), today) < add_months(today, 1 if open else 2)",
    "all(answers) and due not in scores and due * 2 // 3 % 4 == 1",
    'member.company is None or starts_with(unit, "district/") and member.company.name != motto',
    'share(wage, 15, 1000, "half-even") < wage and months_between(member.since, date_of(now)) >= min(6, due)',
    "last_talk(member, before=today) is None and count(members_of(unit)) > 0 and distinct_count(units) == 2",
)


def _check_tree(data: bytes) -> None:
    try:
        value = decode(data)
        tree = decode_tree(value, SCOPE)
    except (DecodingError, RuleTreeError) as error:
        assert str(error)
        return
    assert encode(tree.encode_value()) == data
    _check_rule(tree)


def _check_text(data: bytes) -> None:
    try:
        tree = parse_rule(data.decode("utf-8", "surrogateescape"), SCOPE)
    except RuleSourceError as error:
        assert str(error)
        return
    assert decode_tree(tree.encode_value(), SCOPE) == tree
    _check_rule(tree)


def _check_rule(tree: Tree) -> None:
    assert parse_rule(tree.source, SCOPE) == tree
    rule = compile_rule(tree)
    try:
        value, fuel_used = rule.run(Values(ORDINARY, ORDINARY_CALLS))
    except RuleEvaluationError as error:
        assert str(error)
        return
    verdict = rule.judge(Values(ORDINARY, ORDINARY_CALLS))
    assert (verdict.not_met is None, verdict.fuel_used) == (value, fuel_used)
    if verdict.not_met is not None:
        reason, values = verdict.not_met.reason()
        assert reason.template.format(**values) and encode(dict(verdict.not_met.details()))


RULE_TARGETS = (
    Target(
        "rule-tree",
        lambda: tuple(encode(parse_rule(source, SCOPE).encode_value()) for source in SOURCES),
        _check_tree,
    ),
    Target("rule-text", lambda: tuple(source.encode() for source in SOURCES), _check_text),
)
