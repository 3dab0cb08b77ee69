"""The judgement of a small history by trying every order of its operations: slow, and plainly right."""

from itertools import permutations

from simulator.checkers.history import Model, Operation


def tried_out(history: list[Operation], model: Model) -> bool:
    """Whether some order explains it; any of the unanswered operations may be left out."""
    closed = [one for one in history if one.ended is not None]
    opened = [one for one in history if one.ended is None]
    for mask in range(2 ** len(opened)):
        chosen = closed + [one for place, one in enumerate(opened) if mask >> place & 1]
        if any(is_an_explanation(order, model) for order in permutations(chosen)):
            return True
    return False


def is_an_explanation(order: tuple[Operation, ...], model: Model) -> bool:
    """Whether nothing comes before what had ended when it began, and each answer is the object's."""
    state = model.first()
    for place, one in enumerate(order):
        if any(later.ended is not None and later.ended < one.began for later in order[place + 1 :]):
            return False
        after = model.after(state, one)
        if after is None:
            return False
        state = after
    return True
