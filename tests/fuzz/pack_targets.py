"""Packs and what is done under them: parts and manifests as they are published, and stories of signed nonsense.

A part or a manifest that is taken is written to the same bytes again, and every rule of it compiles. A story is played
through the function that nodes execute blocks with (`tests.contracts.stories`).
"""

from contracts.packs.fault import PackFault
from contracts.packs.manifest import Manifest
from contracts.packs.record_type import TypeDefinition
from contracts.packs.rule_check import trees_of
from contracts.rules.evaluator import compile_rule
from ledger.encoding import decode, encode
from ledger.errors import DecodingError
from tests.contracts.stories import WORLDS, play, told, world
from tests.fuzz.target import Target

# As many as make a change of one step matter to some later one.
STEPS = 12


def _check_part(data: bytes) -> None:
    try:
        definition = TypeDefinition.decode(data)
    except PackFault as fault:
        assert str(fault)
        return
    assert definition.encode() == data
    for tree in trees_of(definition).values():
        compile_rule(tree)


def _check_manifest(data: bytes) -> None:
    try:
        manifest = Manifest.decode(data)
    except PackFault as fault:
        assert str(fault)
        return
    assert manifest.encode() == data


def _check_story(data: bytes) -> None:
    try:
        story = decode(data)
    except DecodingError:
        return
    play(story)


PACK_TARGETS = (
    Target("pack-part", lambda: tuple(world("club").pack.parts().values()), _check_part, by_lines=False),
    Target("pack-manifest", lambda: tuple(world(name).pack.manifest.encode() for name in WORLDS), _check_manifest),
    Target(
        "operations",
        lambda: tuple(encode(told(name, seed, STEPS)) for name in WORLDS for seed in range(2)),
        _check_story,
        by_lines=False,
    ),
)
