"""Asking for a passphrase: at the terminal without showing it, or from `$BANYAN_PASSPHRASE` where nobody sits.

Owns the question and nothing else; a passphrase is never an argument, where every user of the machine could read it.
"""

import getpass
import os
import sys

from cli.errors import UsageError
from cli.language import _

PASSPHRASE_VARIABLE = "BANYAN_PASSPHRASE"  # noqa: S105 - the name of a variable, not a passphrase


def ask_passphrase(question: str) -> str:
    """The passphrase for a key that is there.

    Raises:
        UsageError: there is no terminal to ask at.
    """
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise UsageError(
            "the key has a passphrase and there is no terminal to ask for it; set ${variable}",
            variable=PASSPHRASE_VARIABLE,
        )
    return getpass.getpass(question)


def choose_passphrase() -> str:
    """A passphrase for a new key, asked for twice.

    Raises:
        UsageError: it is empty, the two differ, or there is no terminal to ask at.
    """
    first = ask_passphrase(_("Passphrase for the new key: "))
    if not first:
        raise UsageError("an empty passphrase protects nothing; leave out --passphrase to do without one")
    if os.environ.get(PASSPHRASE_VARIABLE) is None and getpass.getpass(_("The same again: ")) != first:
        raise UsageError("the two passphrases differ; nothing was made, try again")
    return first
