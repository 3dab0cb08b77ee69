"""All fuzz targets: everything that reads what a peer, or the author of a pack, sends."""

from tests.fuzz.batch_target import BATCH_TARGET
from tests.fuzz.codec_targets import CODEC_TARGETS
from tests.fuzz.node_target import NODE_TARGET
from tests.fuzz.pack_targets import PACK_TARGETS
from tests.fuzz.rule_targets import RULE_TARGETS
from tests.fuzz.snapshot_targets import SNAPSHOT_TARGETS
from tests.fuzz.stream_targets import STREAM_TARGETS
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {
    one.name: one
    for one in (
        *CODEC_TARGETS,
        BATCH_TARGET,
        *STREAM_TARGETS,
        *RULE_TARGETS,
        *PACK_TARGETS,
        *SNAPSHOT_TARGETS,
        NODE_TARGET,
    )
}
# Turns for each turn of the others: one input takes as long as hundreds of theirs, and it holds all of the rules.
TURNS: dict[str, int] = {NODE_TARGET.name: 20, "operations": 10}
