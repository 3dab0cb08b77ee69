"""How a module of this program is run in a process of its own.

Owns the command and its environment, so that neither the folder in which a node was started nor an installation
elsewhere can take the place of this program's modules.
"""

import os
import sys
from pathlib import Path


def command_of(module: str, *arguments: str) -> list[str]:
    """The command that runs a module's main part; with the environment that `environment_of_child` gives."""
    # Safe path: the folder in which a node is started must not be able to replace modules.
    return [sys.executable, "-P", "-m", module, *arguments]


def environment_of_child() -> dict[str, str]:
    """This process's environment, in which modules are found where this one was."""
    root = str(Path(__file__).parent.parent)
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))}
