"""A soak's figures as a file, from which its page can be written again.

Owns the form: one JSON document, NamedTuples as lists in the order of their fields.
"""

import json
from pathlib import Path

from tests.soak.judgement import Verdict
from tests.soak.rounds import Round
from tests.soak.run import Soak
from tests.soak.samples import Life, Sample

FIGURES = (
    *("voters", "seconds", "rate", "seed", "lasted_s", "stocks", "compared", "acknowledged", "refusals", "began_s"),
    *("term", "height", "entries", "snapshots_made", "starts"),
)


def write_record(soak: Soak, commit: str, path: Path) -> None:
    """Write the figures; an earlier file is replaced."""
    document = {name: getattr(soak, name) for name in FIGURES}
    document |= {"commit": commit, "rounds": soak.rounds, "samples": soak.samples, "verdicts": soak.verdicts}
    path.write_text(json.dumps(document) + "\n", "utf-8")


def read_record(path: Path) -> tuple[Soak, str]:
    """The figures of a soak, and its commit; it cannot be run again."""
    document = json.loads(path.read_text("utf-8"))
    soak = Soak(path.parent, document["voters"], document["seconds"], document["rate"], document["seed"], print)
    for name in FIGURES:
        setattr(soak, name, document[name])
    soak.rounds = [Round(part, tuple(faults), *times) for part, faults, *times in document["rounds"]]
    soak.samples = [Sample(Life(*life), *rest) for life, *rest in document["samples"]]
    soak.verdicts = [Verdict(*one) for one in document["verdicts"]]
    return soak, str(document["commit"])
