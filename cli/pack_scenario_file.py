"""The file of a scenario, read.

Owns the way from a path to a scenario, or to what is wrong with the file; never plays it.
"""

from pathlib import Path

from cli.pack_folder import read_toml
from cli.pack_scenario import Scenario, read_scenario
from contracts.packs.fault import Faults, PackFault


def read_scenario_file(path: Path) -> tuple[Scenario | None, tuple[PackFault, ...]]:
    """The scenario at `path`, or everything that is wrong with it.

    Raises:
        UsageError: the file cannot be read, or is no TOML.
    """
    faults = Faults(strict=False)
    scenario = read_scenario(read_toml(path), faults)
    for fault in faults.found:
        fault.file = path.name
    return (None if faults.found else scenario), tuple(faults.found)
