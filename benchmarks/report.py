"""Where a benchmark's figures go: a JSON document for programs and a table for people, side by side."""

import json
import platform
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def write_report(name: str, title: str, figures: dict[str, object]) -> None:
    """Write `results/<name>.json` and `.md`; earlier figures of the same name are replaced.

    Args:
        name: The file's name without ending.
        title: Heading of the table.
        figures: Label to number or text, in the order of the table.
    """
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    rows = "\n".join(f"| {label} | {value} |" for label, value in figures.items())
    text = (
        f"# {title}\n\n"
        f"Python {platform.python_version()} on two shared cores; the machine is noisy, so the ratios count.\n\n"
        f"| figure | value |\n|---|---|\n{rows}\n"
    )
    (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
