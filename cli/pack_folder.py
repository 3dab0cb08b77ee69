"""The folder of a policy pack, read and compiled.

Owns reading its files: TOML, with dates as the texts that the compiler takes, and the folder of the pack below where
one is named. Never judges what is in them (`contracts.packs.source` does).
"""

import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import packs
from cli.errors import UsageError
from cli.named_file import read_text
from contracts.packs.gathering import Table
from contracts.packs.pack import Pack
from contracts.packs.source import Compiled, base_name, compile_pack

# Several times the largest pack that fits onto a ledger.
FILE_SIZE_BYTES_MAX = 1024 * 1024
FILES_MAX = 64
# A pack on a pack on a pack: national rules, a region's, a town's, and one more.
BASES_MAX = 4
SCENARIOS = "scenarios"


def shipped_folder(name: str) -> Path | None:
    """The folder of a pack that comes with the program; None if there is none of this name."""
    folder = Path(packs.__file__).parent / name
    return folder if (folder / "pack.toml").is_file() else None


def pack_with_bases(folder: Path, depth: int = 0) -> tuple[Pack, ...]:
    """The pack in `folder` after the packs that it is on top of, the lowest first.

    Raises:
        UsageError: one of them has faults, or cannot be read.
    """
    compiled = compile_folder(folder, depth)
    if compiled.pack is None:
        raise UsageError(
            "the pack in {path} has faults ({count}); `banyan pack check` tells them",
            path=str(folder),
            count=len(compiled.faults),
        )
    below = _folder_below(folder, base_name(read_tables(folder)))
    return (*(() if below is None else pack_with_bases(below, depth + 1)), compiled.pack)


def compile_folder(folder: Path, depth: int = 0) -> Compiled:
    """The pack in `folder`; the pack that it is on top of lies beside it, or comes with the program.

    Raises:
        UsageError: the folder or a file cannot be read, or is no TOML.
    """
    files = read_tables(folder)
    below = _folder_below(folder, base_name(files))
    if below is None or depth >= BASES_MAX:
        return compile_pack(files)
    return compile_pack(files, compile_folder(below, depth + 1))


def _folder_below(folder: Path, name: str | None) -> Path | None:
    if name is None:
        return None
    beside = folder.resolve().parent / name
    return beside if (beside / "pack.toml").is_file() else shipped_folder(name)


def read_tables(folder: Path) -> dict[str, Table]:
    """The parsed files of the pack, by name.

    Raises:
        UsageError: the folder or a file cannot be read, or is no TOML.
    """
    if not (folder / "pack.toml").is_file():
        raise UsageError("{path} is not the folder of a pack: it has no pack.toml", path=str(folder))
    found = sorted(folder.glob("*.toml"))
    if len(found) > FILES_MAX:
        raise UsageError("{path} has more than {limit} files", path=str(folder), limit=FILES_MAX)
    return {path.name: read_toml(path) for path in found}


def read_toml(path: Path) -> Table:
    """The tables of a TOML file; dates and times as texts.

    Raises:
        UsageError: it cannot be read, or is no TOML.
    """
    try:
        return {key: _plain(value) for key, value in tomllib.loads(read_text(path, FILE_SIZE_BYTES_MAX)).items()}
    except tomllib.TOMLDecodeError as error:
        raise UsageError("{path} is not TOML: {reason}", path=str(path), reason=str(error)) from error
    except RecursionError as error:
        raise UsageError("{path} has too many tables or lists inside each other", path=str(path)) from error


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value
