"""Names in a folder that survive a power cut: for databases that are made beside their place and then put there."""

import os
from pathlib import Path


def make_durable(folder: Path) -> None:
    """Make a new name in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
