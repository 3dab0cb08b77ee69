"""The text of a rule before it is parsed: how long it is, which signs it is made of, how deep its parentheses go.

Owns what Python's parser never gets to see: it can run out of stack or memory, reads more than this language, and
complains in words of its own. Never builds a tree. Invariant: what passes has at most `SOURCE_SIZE_BYTES_MAX` bytes, at
most `PARENTHESES_DEPTH_MAX` parentheses inside each other, closed in order, and only the signs of the language; so it
can be put in parentheses, which lets a rule go over several lines. Source: docs/reference/rules.md, "Grammar".
"""

import re

from contracts.rules.errors import RuleProblem, RuleSourceError, SyntaxProblem, source_error
from contracts.rules.opcodes import DEPTH_MAX, SOURCE_SIZE_BYTES_MAX

# A level of the tree writes at most one pair of parentheses, and the rule may stand in a pair of its own.
PARENTHESES_DEPTH_MAX = DEPTH_MAX + 8

_SIGNS = re.compile(
    r"""
    (?P<space>[ \t\r\n]+|\#[^\n]*)
  | (?P<triple>\"\"\"|''')
  | (?P<text>"(?:[^"\\\n]|\\["'\\])*"|'(?:[^'\\\n]|\\["'\\])*')
  | (?P<prefixed>[A-Za-z_0-9]+["'])
  | (?P<name>[A-Za-z_][A-Za-z_0-9]*)
  | (?P<glued>[0-9][0-9_]*[A-Za-z])
  | (?P<number>[0-9][0-9_]*)
  | (?P<open>\()
  | (?P<close>\))
  | (?P<sign>[-+*/%<>=!.,:|&^~@;])
    """,
    re.VERBOSE,
)


def check_source(source: str) -> None:
    """Refuse a text that must not reach the parser.

    Raises:
        RuleSourceError
    """
    size = len(source.encode(errors="replace"))
    if size > SOURCE_SIZE_BYTES_MAX:
        raise source_error(
            1,
            1,
            SyntaxProblem(
                "the rule has {size} bytes, at most {limit} are allowed: split it",
                size=size,
                limit=SOURCE_SIZE_BYTES_MAX,
            ),
        )
    depth = position = 0
    before: str | None = None
    while position < len(source):
        found = _SIGNS.match(source, position)
        kind = found.lastgroup if found is not None else None
        depth += (kind == "open") - (kind == "close")
        problem = _problem(kind, source[position], depth)
        if kind == "text" and before == "text":
            problem = SyntaxProblem("two texts stand side by side: texts cannot be joined")
        before = kind if kind != "space" else before
        if problem is not None:
            raise located(source, position, problem)
        assert found is not None
        position = found.end()
    if depth:
        raise located(source, len(source), SyntaxProblem("a parenthesis is not closed: write the missing )"))


def located(source: str, position: int, problem: RuleProblem) -> RuleSourceError:
    """The error for a problem at a position (from 0, in characters)."""
    before = source[:position]
    line = before.count("\n") + 1
    return source_error(line, position - (before.rfind("\n") + 1) + 1, problem)


def _problem(kind: str | None, character: str, depth: int) -> SyntaxProblem | None:
    if kind is None:
        return _unknown(character)
    if kind == "triple":
        return SyntaxProblem("triple quotes are not allowed: write a text in single or double quotes, on one line")
    if kind == "prefixed":
        return SyntaxProblem("letters or digits before a quote are not allowed: write the text alone")
    if kind == "glued":
        return SyntaxProblem(
            "a number is followed by a letter: write numbers in decimal digits, and a space after them"
        )
    if depth < 0:
        return SyntaxProblem("a parenthesis is closed that was not opened: take it out")
    if depth > PARENTHESES_DEPTH_MAX:
        return SyntaxProblem(
            "more than {limit} parentheses are inside each other: split the rule", limit=PARENTHESES_DEPTH_MAX
        )
    return None


def _unknown(character: str) -> SyntaxProblem:
    if character in "[{]}":
        return SyntaxProblem(
            "{character} is not allowed: fields are read with a dot, and several values stand in parentheses",
            character=character,
        )
    if character in "\"'":
        return SyntaxProblem(
            "a text does not end on its line, or holds a backslash that is not before a quote or another backslash"
        )
    return SyntaxProblem(
        "{character} is not allowed outside of quotes: write ASCII letters, digits and signs", character=repr(character)
    )
