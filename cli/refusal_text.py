"""Why the ledger refused a transaction that it took into the log: the contract's reason as an error of ours.

Owns the way from a result's code and details back to the sentence that the contract declares for it.
"""

from collections.abc import Mapping
from typing import Any

from cli.errors import RefusedError
from cli.language import language
from contracts.builtin import builtin_registry
from contracts.result import Result
from ledger.hashing import ZERO_HASH


def refusal_of(code: str, details: Mapping[str, Any], pack: Mapping[str, Any] | None = None) -> RefusedError:
    """The error for a result with `code` (not `ok`) and `details`, its sentence translatable.

    `pack` is what a node has from the pack whose rule refused: its own texts by language, which come first.
    """
    if pack is not None:
        words = pack["zh"] if language() == "zh_CN" else pack["en"]
        article = f" ({pack['article']})" if pack.get("article") else ""
        error = RefusedError("the ledger refused the transaction: {reason}", reason=f"{words}{article}")
        error.code = code
        return error
    values = {name: value for name, value in details.items() if isinstance(value, int | str)}
    result = Result(1, 0, ZERO_HASH, code, dict(values), (), (), ())
    refusal = builtin_registry().explain(result)
    assert refusal is not None, "the caller asks only about codes other than `ok`"
    error = RefusedError("the ledger refused the transaction: {reason}", reason=refusal)
    error.code = code
    return error
