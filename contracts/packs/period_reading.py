"""Reading how often something is due, at the key `every` of a table of a pack.

Owns the complaint where no period is meant. The words that authors write were turned into the canonical form before.
"""

from contracts.calendar.recurrence import Recurrence
from contracts.errors import Refusal
from contracts.packs.fault import PackFault
from contracts.packs.form import Form

# What stands where no period could be read.
_DAILY = Recurrence("days", 1)


def read_recurrence(form: Form, key: str = "every") -> Recurrence:
    """The recurrence at `key`; it has to be there."""
    value = form.take(key)
    if key not in form:
        form.refuse(PackFault("the key {key} is missing", key=repr(key)), key)
        return _DAILY
    try:
        return Recurrence.decode(value)
    except Refusal as refusal:
        form.refuse(
            PackFault('no period is meant by this: {reason}; write "monthly", for example', reason=refusal), key
        )
        return _DAILY
