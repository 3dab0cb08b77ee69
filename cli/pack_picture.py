"""What a pack declares, for people: states and transitions as text or as a Mermaid diagram.

Owns both forms; never judges. Titles are in the language in use.
"""

from collections.abc import Iterator

from cli.language import _, language
from contracts.packs.pack import Pack
from contracts.packs.record_type import TypeDefinition
from contracts.packs.transition import ABSENT, Transition
from contracts.packs.words import Words


def title_of(words: Words) -> str:
    """The text in the language in use."""
    return words.zh if language() == "zh_CN" else words.en


def transition_lines(definition: TypeDefinition) -> Iterator[tuple[str, str, str, str]]:
    """For each way: the state before, the transition, the state after, and who may take it under which conditions."""
    for state in _in_order(definition):
        for one in definition.transitions.values():
            if state in one.from_states:
                yield state or _("(new)"), one.name, one.to, "; ".join(_conditions(one, definition))


def mermaid(pack: Pack) -> str:
    """All types as state diagrams that Markdown pages show."""
    return "\n\n".join(_diagram(definition) for definition in pack.types.values())


def _in_order(definition: TypeDefinition) -> list[str]:
    """The states as a record gets into them, the nearest first: people read a story, and not an alphabet."""
    states = [ABSENT]
    for state in states:
        # The list grows while it is read: each state is read once.
        for one in definition.transitions.values():
            if state in one.from_states and one.to not in states:
                states.append(one.to)
    return states


def _conditions(one: Transition, definition: TypeDefinition) -> Iterator[str]:
    if one.by:
        yield ", ".join(one.by)
    if one.automatic:
        yield _("by itself")
    for check in definition.checks.values():
        if check.then == one.name:
            yield _("check {name}").format(name=check.name)
    yield from one.rules
    if one.minimum_stay is not None:
        yield _("after {days} days").format(days=one.minimum_stay)
    if one.review is not None:
        yield _("{count} approve: {actors}").format(count=one.review.count, actors=", ".join(one.review.actors))
    if one.decides:
        yield _("decides on a person")


def _diagram(definition: TypeDefinition) -> str:
    lines = ["```mermaid", "---", f"title: {definition.kind}", "---", "stateDiagram-v2"]
    for name, state in definition.states.items():
        lines.append(f"    {_node(name)} : {title_of(state.title)}")
    for one in definition.transitions.values():
        lines += [f"    {_node(state)} --> {_node(one.to)} : {title_of(one.title)}" for state in one.from_states]
    lines += [f"    {_node(name)} --> [*]" for name, state in definition.states.items() if state.final]
    return "\n".join([*lines, "```"])


def _node(state: str) -> str:
    # Mermaid takes no hyphen in the name of a state.
    return "[*]" if state == ABSENT else state.replace("-", "_")
