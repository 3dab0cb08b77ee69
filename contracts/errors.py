"""Why a transaction was refused: a code for programs, a template and values for people.

    BanyanError
    ├── Refusal        the ledger's own answer: fails this transaction, never its block
    └── LocalError
        └── ContractError   a contract breaks the runtime's rules: our bug, it stops the node

Owns the way a refusal is declared, raised and written into a result. Never decides anything. A refusal's code
and values are part of the log, its text is not: texts can be improved and translated at any time. So that they can
be found again, every text is declared once, as a `Reason`, beside the code that raises it.

Any other exception inside an operation is a bug and stops the node: a node that turned it into a result
would disagree with one on which the bug does not show. Source: docs/reference/contracts.md, "Refusals and bugs".
"""

import re
from string import Formatter
from typing import NamedTuple

from ledger.encoding import INTEGER_MAX, INTEGER_MIN, Value
from ledger.errors import BanyanError, LocalError

# Longer texts in a refusal are cut: they repeat what stands in the transaction anyway.
DETAIL_LENGTH_MAX = 200
# A refusal explains itself with a handful of values.
DETAILS_MAX = 8

_CODE = re.compile(r"[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*")


class Reason(NamedTuple):
    """A way to be refused: its code, such as `notice.not-the-author`, and its text with `{name}` fields."""

    code: str
    template: str

    @property
    def fields(self) -> frozenset[str]:
        """The names of the values that the text needs."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.template) if name is not None)


class Refusal(BanyanError):
    """The ledger refuses one transaction; nothing of it is written but that it was there.

    Args:
        code: `area.reason` in small ASCII letters; programs may rely on it.
        template: Constant text with `{name}` fields; the key of the message catalogue.
        params: Whole numbers or texts, none named `template`; they stand in the log for ever: nothing personal.
    """

    def __init__(self, code: str, template: str, /, **params: int | str) -> None:
        super().__init__(template, **params)
        self.code = code

    @property
    def details(self) -> dict[str, Value]:
        """The values as they stand in the result leaf: texts cut to 200 characters, numbers to 64 bits."""
        details: dict[str, Value] = {}
        for name, value in self.params.items():
            if isinstance(value, str):
                details[name] = value[:DETAIL_LENGTH_MAX]
            elif isinstance(value, int):
                # What was computed and refused for being too large is told as the largest number there is.
                details[name] = min(max(value, INTEGER_MIN), INTEGER_MAX)
            else:
                raise ContractError("the refusal {code} carries a value that is no text or number", code=self.code)
        if len(details) > DETAILS_MAX:
            raise ContractError(
                "the refusal {code} carries more than {limit} values", code=self.code, limit=DETAILS_MAX
            )
        return details


class ContractError(LocalError):
    """A contract does what the runtime does not allow: a bug in it, found when it is registered or, late, when run."""

    code = "contract"


def check_reason(reason: Reason, area: str) -> None:
    """Refuse a reason whose code is malformed or not of `area`.

    Raises:
        ContractError
    """
    if not _CODE.fullmatch(reason.code) or not reason.code.startswith(f"{area}."):
        raise ContractError("the refusal code {code} is not of the form {area}.reason", code=reason.code, area=area)
