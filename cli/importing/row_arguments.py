"""The arguments of a row's transaction, with what is not for everyone's eyes detached.

Owns which values those are: what the operation's declaration says, as for `banyan submit`, and what the plan says,
which may also be one entry of a map, such as a record's field. Never signs.
"""

from collections.abc import Callable

from cli.importing.import_row import ImportRow
from cli.importing.plan import FromCell, MapForm, StepPlan
from cli.operation_arguments import PreparedArguments, prepare
from contracts.arguments import Declaration
from ledger.detached import DetachedValue, commitment_map, detach
from ledger.encoding import Value

# The salt of the value of this name, such as `body` or `fields.name`.
RowSalt = Callable[[str, Value], bytes]


def prepare_row(row: ImportRow, draw_salt: RowSalt, declaration: Declaration) -> PreparedArguments:
    """The arguments of a row, ready for a transaction.

    Raises:
        UsageError: one is missing, unknown or of the wrong kind.
    """
    plain: dict[str, Value] = {}
    beside: dict[str, Value] = {}
    travelling: list[DetachedValue] = []
    for name, value in row.arguments().items():
        form = row.step.arguments.get(name)
        if isinstance(form, FromCell) and form.is_detached:
            beside[name] = value
        elif isinstance(form, MapForm) and isinstance(value, dict):
            plain[name] = {
                entry: _detached(f"{name}.{entry}", one, draw_salt, travelling)
                if _is_detached(row.step, name, entry)
                else one
                for entry, one in value.items()
            }
        else:
            plain[name] = value
    everything = {**plain, **beside}
    prepared = prepare(row.operation, plain, beside, lambda name: draw_salt(name, everything[name]), declaration)
    return PreparedArguments(prepared.arguments, (*prepared.detached, *travelling))


def _is_detached(step: StepPlan, name: str, entry: str) -> bool:
    form = step.arguments[name]
    inner = form.entries.get(entry) if isinstance(form, MapForm) else None
    return isinstance(inner, FromCell) and inner.is_detached


def _detached(name: str, value: Value, draw_salt: RowSalt, travelling: list[DetachedValue]) -> Value:
    one = detach(value, draw_salt(name, value))
    travelling.append(one)
    return commitment_map(one)
