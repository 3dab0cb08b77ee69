"""The kept inputs: one text file for each target, an input in base64 on each line, shortest first.

They are what found a way through the code that none before it had found, and every input that ever found a fault.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"
# Small enough to read through in a second, and to keep in the repository.
INPUT_SIZE_BYTES_MAX = 4096
INPUTS_MAX = 150
FILE_SIZE_BYTES_MAX = 64 * 1024


def kept(name: str, folder: Path = FOLDER) -> list[bytes]:
    """The inputs that are kept for the target of this name."""
    path = folder / f"{name}.txt"
    return [b64decode(line, validate=True) for line in path.read_text("ascii").splitlines()] if path.exists() else []


def keep(name: str, inputs: Iterable[bytes], folder: Path = FOLDER) -> int:
    """Write the inputs that may be kept, with those that are kept already; how many there are."""
    old = set(kept(name, folder))
    new = sorted({one for one in inputs if len(one) <= INPUT_SIZE_BYTES_MAX} - old, key=lambda one: (len(one), one))
    chosen, size = sorted(old, key=lambda one: (len(one), one)), sum(len(one) * 4 // 3 + 4 for one in old)
    for one in new:
        size += len(one) * 4 // 3 + 4
        if len(chosen) >= INPUTS_MAX or size > FILE_SIZE_BYTES_MAX:
            break
        chosen.append(one)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [b64encode(one).decode("ascii") + "\n" for one in sorted(chosen, key=lambda one: (len(one), one))]
    (folder / f"{name}.txt").write_text("".join(lines), "ascii")
    return len(chosen)
