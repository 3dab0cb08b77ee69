"""A contract whose one operation, and whose timers, do what a test hands in."""

from dataclasses import replace

from contracts.arguments import Argument, Integer
from contracts.builtin import builtin_registry
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


def beside_builtin(contract: Contract) -> Registry:
    """The built-in contracts with one more, whose kinds are reserved against packs as all native ones are."""
    contracts = [
        one if one.pack_kinds_except is None else replace(one, pack_kinds_except=one.pack_kinds_except | contract.kinds)
        for one in builtin_registry().contracts
    ]
    return Registry((*contracts, contract))
