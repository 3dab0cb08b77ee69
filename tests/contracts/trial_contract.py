"""A contract whose one operation does what a test hands in."""

from contracts.arguments import Argument, Integer
from contracts.contract import Contract, Operation, OperationFunction
from contracts.errors import Reason
from contracts.registry import Registry

NO = Reason("trial.no", "number {number} is refused")


def trial_contract(function: OperationFunction) -> Contract:
    return Contract(
        name="trial",
        summary="Does what a test asks for",
        kinds=frozenset(("trial", "trial-more")),
        events=frozenset(("trial.done",)),
        reasons=(NO,),
        operations=(
            Operation(
                "run", "Run it", (Argument("number", Integer(), "ledger", optional=True),), function, actors=("anyone",)
            ),
        ),
    )


def trial_registry(function: OperationFunction) -> Registry:
    return Registry((trial_contract(function),))
