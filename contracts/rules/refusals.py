"""What Python can say and this language cannot: each with what to write instead.

Owns those sentences. Only the parser asks for them. Source: docs/reference/rules.md, "What is left out".
"""

import ast
from collections.abc import Callable

from contracts.rules.errors import SyntaxProblem

_REFUSED: dict[type[ast.AST], Callable[[], SyntaxProblem]] = {
    ast.Lambda: lambda: SyntaxProblem("a lambda is not allowed: write its expression where it is needed"),
    ast.Subscript: lambda: SyntaxProblem("a subscript is not allowed: read fields with a dot, lists with `for … in`"),
    ast.List: lambda: SyntaxProblem("a list is not allowed: to the right of `in`, write values in parentheses"),
    ast.Set: lambda: SyntaxProblem("a set is not allowed: to the right of `in`, write values in parentheses"),
    ast.Dict: lambda: SyntaxProblem("a map is not allowed: write a conditional, such as `x if c else y`"),
    ast.Tuple: lambda: SyntaxProblem("values in parentheses with commas are only allowed to the right of `in`"),
    ast.ListComp: lambda: SyntaxProblem("a list is not allowed: write `f(x for x in list)` with a function f"),
    ast.SetComp: lambda: SyntaxProblem("a set is not allowed: write `distinct_count(x for x in list)`"),
    ast.DictComp: lambda: SyntaxProblem("a map is not allowed: write a conditional, such as `x if c else y`"),
    ast.GeneratorExp: lambda: SyntaxProblem(
        "`for` is only allowed as the one argument of all, any, count, sum, min, max or distinct_count"
    ),
    ast.JoinedStr: lambda: SyntaxProblem("a formatted text is not allowed: texts for people stand beside the rule"),
    ast.NamedExpr: lambda: SyntaxProblem("`:=` is not allowed: write the expression where it is needed"),
    ast.Starred: lambda: SyntaxProblem("`*` before an argument is not allowed: write the arguments one by one"),
    ast.Await: lambda: SyntaxProblem("`await` is not allowed: rules wait for nothing"),
    ast.Yield: lambda: SyntaxProblem("`yield` is not allowed: a rule is one expression"),
    ast.YieldFrom: lambda: SyntaxProblem("`yield` is not allowed: a rule is one expression"),
    ast.Slice: lambda: SyntaxProblem("a slice is not allowed: read lists with `for … in … if …`"),
    ast.Div: lambda: SyntaxProblem(
        "`/` is not allowed, because it does not give whole numbers: write `//`, share(amount, 1, 2) for money, or"
        " compare with fraction(1, 2, of=…)"
    ),
    ast.Pow: lambda: SyntaxProblem("`**` is not allowed: write the multiplication out"),
    ast.MatMult: lambda: SyntaxProblem("`@` is not allowed: the operators are + - * // %"),
    ast.LShift: lambda: SyntaxProblem("`<<` is not allowed: the operators are + - * // %"),
    ast.RShift: lambda: SyntaxProblem("`>>` is not allowed: the operators are + - * // %"),
    ast.BitOr: lambda: SyntaxProblem("`|` is not allowed: write `or`"),
    ast.BitAnd: lambda: SyntaxProblem("`&` is not allowed: write `and`"),
    ast.BitXor: lambda: SyntaxProblem("`^` is not allowed: write `!=` between two conditions"),
    ast.Invert: lambda: SyntaxProblem("`~` is not allowed: write `not`"),
    ast.UAdd: lambda: SyntaxProblem("a `+` before a value is not allowed: leave it out"),
}


def refusal_of(node: ast.AST) -> SyntaxProblem:
    """Why a node of Python is none of the language, and what to write instead."""
    refused = _REFUSED.get(type(node))
    return refused() if refused is not None else not_an_expression()


def not_an_expression() -> SyntaxProblem:
    """The problem of a text that is not even Python, or no expression."""
    return SyntaxProblem("this is no expression: a rule is one condition or formula, such as `count(sponsors) >= 2`")
