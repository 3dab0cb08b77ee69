"""Whether a transition with local conventions asks for no less than the one below it.

Owns the comparison of one transition with its base. A rule of the base is kept if a rule of the same name has the same
tree: rules are never weighed against each other.
"""

from contracts.packs.effect import Days, effect_value
from contracts.packs.fault import Faults
from contracts.packs.record_type import TypeDefinition
from contracts.packs.transition import Review, Transition
from contracts.packs.weakening import Protected, Weakening, check_added_deadline, check_effects


def check_transition_not_weaker(
    base: TypeDefinition, above: TypeDefinition, below: Transition, protected: Protected, path: str, faults: Faults
) -> None:
    """Note every way in which the transition of `above` asks for less than `below`, which is one of `base`."""
    one = above.transitions.get(below.name)
    if one is None:
        faults.add(Weakening("the transition of the base is gone", rule="transition"), path)
        return
    if one.to != below.to or not set(one.from_states) <= set(below.from_states):
        faults.add(Weakening("it leads elsewhere, or starts from more states, than in the base", rule="way"), path)
    more = [actor for actor in one.by if actor not in below.by]
    if more:
        faults.add(Weakening("{actor} may not take it in the base", rule="by", actor=more[0]), f"{path}.by")
    _check_fields(base, below, one, path, faults)
    for name in below.guards:
        if name not in one.guards or not _same_rule(base, above, name):
            faults.add(
                Weakening("the rule {name} of the base is not asked any more, or changed", rule="guards", name=name),
                f"{path}.guards",
            )
    if not _is_as_long(below.minimum_stay, one.minimum_stay):
        faults.add(Weakening("in the base the record stays longer before it", rule="stay"), f"{path}.minimum_stay_days")
    if below.review is not None and not _is_as_strict(below.review, one.review):
        faults.add(Weakening("the base asks for more approvals, or of other people", rule="review"), f"{path}.review")
    _check_vote(base, above, below, one, path, faults)
    _check_rest(base, below, one, protected, path, faults)


def _check_fields(base: TypeDefinition, below: Transition, one: Transition, path: str, faults: Faults) -> None:
    missing = [name for name in below.requires if name not in one.requires]
    if missing:
        faults.add(
            Weakening("the field {name} is required in the base", rule="requires", name=missing[0]), f"{path}.requires"
        )
    more = [name for name in one.sets if name not in below.sets and name in base.fields]
    if more:
        faults.add(
            Weakening("the field {name} is not set by it in the base", rule="sets", name=more[0]), f"{path}.sets"
        )


def _check_vote(
    base: TypeDefinition, above: TypeDefinition, below: Transition, one: Transition, path: str, faults: Faults
) -> None:
    if below.vote is None:
        return
    kept = one.vote is not None and (
        one.vote.electorate == below.vote.electorate
        and one.vote.passes == below.vote.passes
        and (below.vote.quorum is None or one.vote.quorum == below.vote.quorum)
    )
    rules = [name for name in (below.vote.quorum, below.vote.passes) if name is not None]
    if not kept or not all(_same_rule(base, above, name) for name in rules):
        faults.add(Weakening("the vote is another one than in the base", rule="vote"), f"{path}.vote")


def _check_rest(
    base: TypeDefinition, below: Transition, one: Transition, protected: Protected, path: str, faults: Faults
) -> None:
    if one.automatic and not below.automatic:
        faults.add(Weakening("people take it in the base", rule="automatic"), f"{path}.automatic")
    if below.decides and not one.decides:
        faults.add(Weakening("it decides on a person in the base", rule="decides"), f"{path}.decides")
    if below.deadline is None:
        check_added_deadline(base, one, path, faults)
    elif below.deadline != one.deadline:
        faults.add(Weakening("the deadline is another one than in the base", rule="deadline"), f"{path}.deadline")
    count = len(below.effects)
    if [effect_value(effect) for effect in one.effects[:count]] != [effect_value(effect) for effect in below.effects]:
        faults.add(Weakening("an effect of the base is gone or changed", rule="effect-kept"), f"{path}.effects")
    check_effects(one.effects, count, protected, path, faults, base.fields)


def _same_rule(base: TypeDefinition, above: TypeDefinition, name: str) -> bool:
    return name in above.rules and above.rules[name].expression == base.rules[name].expression


def _is_as_long(below: Days | None, above: Days | None) -> bool:
    """Parameters of one name are compared by their ranges elsewhere; others only if they are numbers."""
    if below is None or below == above:
        return True
    return isinstance(below, int) and isinstance(above, int) and above >= below


def _is_as_strict(below: Review, above: Review | None) -> bool:
    return (
        above is not None
        and above.count >= below.count
        and set(above.actors) <= set(below.actors)
        and (above.distinct or not below.distinct)
    )
