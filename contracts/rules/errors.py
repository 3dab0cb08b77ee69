"""What can be wrong with a rule, and what can stop its evaluation.

    BanyanError
    └── RuleError
        ├── RuleProblem               one thing that is wrong with an expression, still without its place
        │   ├── SyntaxProblem         the text is no expression of the language
        │   └── TypeProblem           the expression makes no sense for the types that it is about
        ├── RuleSourceError           a problem at a line and column of a text
        ├── RuleTreeError             a problem at a node of a tree that somebody else made (a RemoteProtocolError)
        └── RuleEvaluationError       the evaluation has no value; the same on every node
            ├── OutOfFuelError
            ├── IntegerOverflowError
            ├── DivisionByZeroError
            ├── DateOutOfRangeError
            ├── ListTooLongError
            └── MissingValueError

Owns the tree above. Never words a problem: that is done where it is found. Invariant: the parser raises
`RuleSourceError`, the decoder `RuleTreeError`, the evaluator `RuleEvaluationError`, and nothing else, whatever text,
tree or values they are given (values of the declared types; what the embedding engine raises itself passes through).
"""

from contracts.errors import ContractError
from ledger.errors import BanyanError, RemoteProtocolError

# Line and column, both from 1; or the index of a node in a tree, and nothing.
Place = tuple[int, int | None]


class RuleError(BanyanError):
    """Everything that concerns rules and can be foreseen."""

    code = "rule"


class RuleProblem(RuleError):
    """One thing that is wrong. It gets to its reader inside a `RuleSourceError` or `RuleTreeError`."""

    code = "rule.problem"
    place: Place | None = None

    def at(self, place: Place) -> "RuleProblem":
        """This problem, at `place` unless it has a place already."""
        if self.place is None:
            self.place = place
        return self


class SyntaxProblem(RuleProblem):
    """The text is no expression of the language."""

    code = "rule.syntax"


class TypeProblem(RuleProblem):
    """Types, names or numbers of arguments do not fit."""

    code = "rule.type"


class RuleSourceError(RuleError):
    """A text that is no rule: `line` and `column` (from 1, in characters), and the `problem`."""

    code = "rule.source"

    @property
    def line(self) -> int:
        """From 1."""
        return int(str(self.params["line"]))

    @property
    def column(self) -> int:
        """From 1, in characters."""
        return int(str(self.params["column"]))


def source_error(line: int, column: int, problem: RuleProblem) -> RuleSourceError:
    """The error for a problem at a place in a text."""
    return RuleSourceError("line {line}, column {column}: {problem}", line=line, column=column, problem=problem)


class RuleTreeError(RuleError, RemoteProtocolError):
    """A value that is no rule's tree in the one canonical form, or one of other types than wanted."""

    code = "rule.tree"


class RuleEvaluationError(RuleError):
    """The rule has no value for these inputs. Every node comes to the same error."""

    code = "rule.evaluation"
    # Which of the clauses that `and` joins was being evaluated; only `CompiledRule.check` knows.
    clause_index: int | None = None
    # The steps that were taken until then.
    fuel_used: int = 0


class OutOfFuelError(RuleEvaluationError):
    """The evaluation would take more steps than it was given."""

    code = "rule.out-of-fuel"


class IntegerOverflowError(RuleEvaluationError):
    """A number or an amount does not fit into 64 bits."""

    code = "rule.overflow"


class DivisionByZeroError(RuleEvaluationError):
    """A division, a remainder, a share or a fraction by zero."""

    code = "rule.division-by-zero"


class DateOutOfRangeError(RuleEvaluationError):
    """A date before the year 1 or after the year 9999."""

    code = "rule.date-out-of-range"


class ListTooLongError(RuleEvaluationError):
    """A list is longer than its type says."""

    code = "rule.list-too-long"


class MissingValueError(RuleEvaluationError):
    """A name or field that has to be there is not."""

    code = "rule.missing-value"


class RuleDeclarationError(ContractError):
    """A scope, a signature or a type is declared in a way that cannot work: a bug of the embedding engine."""

    code = "rule.declaration"
