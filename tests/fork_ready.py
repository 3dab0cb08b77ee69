"""What a forked process finds done already: imported by the fork server alone (`tests.fork_server`), before it forks.

The first command of a process makes the whole command line and imports what reads its words: half of what the start of
a forked node would cost. It is a command that fails, so nothing is begun. What is here by then is never garbage.
"""

import gc
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import storage.lmdb_store
import storage.migration
import storage.probe  # noqa: F401 - for those who are forked
from cli.main import main

with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
    assert main(["run", "--home", "/no/such/folder"]) > 0
gc.collect()
gc.freeze()
