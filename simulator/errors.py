"""What can go wrong with a simulation itself; what goes wrong inside the simulated network is a `Violation`.

BanyanError
└── SimulationError            the world cannot be built or go on
    ├── InvalidScenarioError   what was asked for does not go together
    └── OverloadError          more is under way than the bound allows: something multiplies without end
"""

from ledger.errors import BanyanError


class SimulationError(BanyanError):
    """The simulation cannot be built, or cannot go on."""

    code = "simulation"


class InvalidScenarioError(SimulationError):
    """Nodes, seconds, faults or limits that do not go together, or are not written as they should be."""

    code = "scenario-invalid"


class OverloadError(SimulationError):
    """More is under way than the bound allows."""

    code = "simulation-overload"
