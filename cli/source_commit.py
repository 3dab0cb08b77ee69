"""Which code this is: the commit of the checkout that the program runs from, where it runs from one.

Owns the question to git. Without git, or installed from a package, it is the version.
"""

import subprocess
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
# Git answers in milliseconds; a folder on a disk that hangs is no reason to wait.
_SECONDS_MAX = 5


def source_commit(version: str) -> str:
    """The commit's hash, with `-changed` where files differ from it; else `version`."""
    if not (_ROOT / ".git").exists():
        return version
    try:
        commit = _git("rev-parse", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return version
    return f"{commit}-changed" if changed else commit


def _git(*words: str) -> str:
    command = ["git", "-C", str(_ROOT), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=_SECONDS_MAX).stdout.strip()  # noqa: S603
