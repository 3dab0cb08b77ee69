"""A contract whose one operation, and whose timers, do what a test hands in."""

from contracts.arguments import Argument, Integer
from contracts.contract import Contract, Operation, OperationFunction, TimerFunction, TimerHandler
from contracts.errors import Reason
from contracts.registry import Registry

NO = Reason("trial.no", "number {number} is refused")
PURPOSE = "trial.remind"


def trial_contract(function: OperationFunction, on_timer: "TimerFunction | None" = None) -> Contract:
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
        timers=() if on_timer is None else (TimerHandler("remind", on_timer),),
    )


def trial_registry(function: OperationFunction, on_timer: "TimerFunction | None" = None) -> Registry:
    return Registry((trial_contract(function, on_timer),))
