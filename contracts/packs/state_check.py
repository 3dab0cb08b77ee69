"""Whether the states of a record type hang together: each can be reached, and has a way on or is final.

Owns those three questions. Knows of transitions only where they come from and where they lead.
"""

from contracts.packs.fault import Faults, PackFault
from contracts.packs.record_type import TypeDefinition
from contracts.packs.transition import ABSENT


def check_states(definition: TypeDefinition, path: str, faults: Faults) -> None:
    """Note every state that cannot be reached, ends nowhere, or is final and does not end."""
    reached = reachable_states(definition)
    for name, state in definition.states.items():
        where = _join(path, f"state.{name}")
        ways_out = sorted(
            one.name for one in definition.transitions.values() if name in one.from_states and one.to != name
        )
        if name not in reached:
            faults.add(
                PackFault("no transition leads to the state {state}; add one, or remove the state", state=name), where
            )
        if state.final and ways_out:
            faults.add(
                PackFault(
                    "the state is final, and {transition} leads out of it; drop one of both", transition=ways_out[0]
                ),
                where,
            )
        if not state.final and not ways_out:
            faults.add(
                PackFault(
                    "nothing leads from the state {state} to another; add a transition, or `final = true`", state=name
                ),
                where,
            )
    if not definition.creating():
        faults.add(
            PackFault('no transition creates a record; give one of them `from = [""]`'), _join(path, "transition")
        )


def reachable_states(definition: TypeDefinition) -> frozenset[str]:
    """The states that a record can get into. Cost: states times transitions."""
    reached = {ABSENT}
    while True:
        new = {
            one.to
            for one in definition.transitions.values()
            if one.to not in reached and reached & set(one.from_states)
        }
        if not new:
            return frozenset(reached - {ABSENT})
        reached |= new


def _join(path: str, rest: str) -> str:
    return f"{path}.{rest}" if path else rest
