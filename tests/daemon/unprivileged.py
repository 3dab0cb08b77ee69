"""Doing something as a user whom permissions stop: tests often run as root, whom they do not."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65_534


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """Run the block as somebody who owns `folder` but is not root; as the present user if that is not root.

    The folders above are opened for passing through for as long.
    """
    if os.geteuid() != 0:
        yield
        return
    above = [one for one in folder.parents if one.stat().st_uid == 0 and one.stat().st_mode & 0o011 != 0o011]
    modes = {one: one.stat().st_mode for one in above}
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    for one in above:
        one.chmod(modes[one] | 0o011)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        for one in above:
            one.chmod(modes[one] & 0o7777)
