"""The files of a pack put together: one table of each kind, and where each entry came from.

Owns which tables a pack consists of, and the way back from a fault's path to its file. Never looks into an entry.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from contracts.packs.fault import Faults, PackFault, undeclared
from contracts.packs.form import kind_of

# A parsed file: tables, lists, texts, numbers, truth values; dates as texts such as 2026-08-31.
Table = dict[str, Any]

PACK_TABLE = "pack"
# Tables of named entries; each entry stands in one file as a whole.
NAMED_TABLES = ("parameter", "permission", "role", "rule", "type")


class Gathered(NamedTuple):
    """All tables of a pack; `origins` has the file of `(table, entry)`."""

    tables: dict[str, Table]
    origins: dict[tuple[str, str], str]

    def file_of(self, path: str) -> str:
        """The file that a fault at `path` is in; empty if it is in no one file."""
        table, _dot, rest = path.partition(".")
        quoted = [
            name for found, name in self.origins if found == table and (f"{rest}.").startswith((f"{name}.", f"{name}["))
        ]
        # Operations have dots in their names: the longest name that fits is the one.
        return self.origins[(table, max(quoted, key=len))] if quoted else self.origins.get((table, ""), "")


def gather(files: Mapping[str, Table], faults: Faults, section_tables: Collection[str] = ()) -> Gathered:
    """Put the tables of all files together, in the order of the files' names; sections have tables of their own."""
    tables: dict[str, Table] = {name: {} for name in (PACK_TABLE, *NAMED_TABLES, *section_tables)}
    origins: dict[tuple[str, str], str] = {}
    for file in sorted(files):
        for name, entries in files[file].items():
            if name not in tables:
                faults.add(undeclared("table", name, tables), name)
                faults.found[-1].file = file
            elif not isinstance(entries, dict):
                faults.add(PackFault("a table is wanted here, not {found}", found=kind_of(entries)), name)
                faults.found[-1].file = file
            elif name == PACK_TABLE:
                _add_whole(tables, origins, entries, file, faults)
            else:
                _add_entries(tables[name], origins, name, entries, file, faults)
    return Gathered(tables, origins)


def _add_whole(
    tables: dict[str, Table], origins: dict[tuple[str, str], str], entries: Table, file: str, faults: Faults
) -> None:
    if tables[PACK_TABLE]:
        fault = PackFault("{file} has a table [pack] already; a pack has one", file=origins[(PACK_TABLE, "")])
        faults.add(fault, PACK_TABLE)
        fault.file = file
        return
    tables[PACK_TABLE] = entries
    origins[(PACK_TABLE, "")] = file


def _add_entries(
    table: Table, origins: dict[tuple[str, str], str], name: str, entries: Table, file: str, faults: Faults
) -> None:
    for entry, value in entries.items():
        if entry in table:
            fault = PackFault("{file} declares this already; keep one of both", file=origins[(name, entry)])
            faults.add(fault, f"{name}.{entry}")
            fault.file = file
            continue
        table[entry] = value
        origins[(name, entry)] = file
