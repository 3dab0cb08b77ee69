"""One way in which a pack asks for less than its base, and the checks that several of these share.

Owns the form of the finding. `rule` names which of the rules of strengthening is broken; programs may rely on it.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from contracts.packs.effect import Advance, Appoint, Count, Effect, Release, SetField
from contracts.packs.fault import Faults, PackFault
from contracts.packs.record_type import TypeDefinition
from contracts.packs.transition import Transition


class Weakening(PackFault):
    """A pack with local conventions asks for less than its base."""

    code = "pack-weaker"

    def __init__(self, template: str, *, rule: str, **params: object) -> None:
        super().__init__(template, **params)
        self.rule = rule


class Protected(NamedTuple):
    """What only the base's own transitions touch: its roles, its counters, its types' records."""

    roles: frozenset[str]
    counters: frozenset[str]
    kinds: frozenset[str]


class Ranged(Protocol):
    """A field or parameter with bounds; None is no bound."""

    @property
    def least(self) -> int | None:
        """The smallest value."""

    @property
    def most(self) -> int | None:
        """The largest value."""


def check_range(base: Ranged, above: Ranged, rule: str, path: str, faults: Faults) -> None:
    """Note bounds that are wider than the base's."""
    if base.least is not None and (above.least is None or above.least < base.least):
        faults.add(
            Weakening("`least` is {least} in the base and may only be raised", rule=rule, least=base.least),
            f"{path}.least",
        )
    if base.most is not None and (above.most is None or above.most > base.most):
        faults.add(
            Weakening("`most` is {most} in the base and may only be lowered", rule=rule, most=base.most),
            f"{path}.most",
        )


def check_added_deadline(base: TypeDefinition, one: Transition, path: str, faults: Faults) -> None:
    """Note a deadline of `one`, which the base does not have, that takes a transition of the base."""
    if one.deadline is not None and one.deadline.then in base.transitions:
        faults.add(
            Weakening(
                "an added deadline takes {name} of the base, earlier than the base does",
                rule="deadline",
                name=one.deadline.then,
            ),
            f"{path}.deadline",
        )


def check_effects(
    effects: Sequence[Effect],
    start: int,
    protected: Protected,
    path: str,
    faults: Faults,
    fields: Collection[str] = (),
) -> None:
    """Note effects from the index `start` on that touch what only the base's own transitions touch, `fields` too."""
    for index, effect in enumerate(effects[start:], start):
        touched = (
            (isinstance(effect, Appoint | Release) and effect.role in protected.roles)
            or (isinstance(effect, SetField) and effect.field in fields)
            or (isinstance(effect, Count) and effect.counter in protected.counters)
            or (isinstance(effect, Advance) and effect.kind in protected.kinds)
        )
        if touched:
            faults.add(
                Weakening(
                    "an added effect touches a role, counter, record or field of the base; only the base's own may",
                    rule="effect",
                ),
                f"{path}.effects[{index}]",
            )
