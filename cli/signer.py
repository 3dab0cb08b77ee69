"""The member's key that a command signs with.

Owns which key that is: `--key`, `$BANYAN_KEY`, else `admin.key` in the node's folder. Never keeps a passphrase.
"""

import os
from pathlib import Path

from cli.language import _
from cli.member_key import MemberKey, read_key_file
from cli.passphrase import ask_passphrase

KEY_VARIABLE = "BANYAN_KEY"
KEY_NAME_DEFAULT = "admin.key"


def open_signing_key(named: Path | None, home: Path) -> MemberKey:
    """The key to sign with; asks for its passphrase if it has one.

    Raises:
        UsageError: there is none, or it is no key file.
        CommandError: the passphrase is wrong.
    """
    given = os.environ.get(KEY_VARIABLE)
    path = named or (Path(given) if given else home / KEY_NAME_DEFAULT)
    key_file = read_key_file(path)
    if key_file.sealed is None:
        return key_file.open(None)
    return key_file.open(ask_passphrase(_("Passphrase of the key {path}: ").format(path=path)))
