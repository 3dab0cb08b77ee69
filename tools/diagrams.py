"""Draw how the project is built, from its imports: `make diagrams` writes docs/reference/structure.md.

Nothing is drawn by hand, so nothing can be out of date: a test compares the page with what is drawn now.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "structure.md"
# From the top of the house down.
PACKAGES = ("cli", "simulator", "daemon", "p2p", "storage", "contracts", "consensus", "ledger")
# What is made of parts, and where the parts lie.
COMPOSITIONS = (
    ("The pure node", "daemon/node.py", "daemon"),
    ("The shell around it", "daemon/service.py", "daemon"),
    ("The agreement core", "consensus/agreement.py", "consensus"),
    ("Connections between nodes", "p2p/switchboard.py", "p2p"),
    ("The simulated world", "simulator/world.py", "simulator"),
)
# Vocabulary that everything uses says nothing about what something is made of.
_VOCABULARY = ("errors", "effects", "events", "settings", "timing", "messages", "observation", "statement")

_HEAD = """# How the house is built

Drawn from the imports by `make diagrams`; do not edit. An arrow goes from what uses to what is used.

"""


def imports_of(path: Path) -> Iterator[str]:
    """The modules that a file imports at its top, by their full names."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            yield node.module


def package_edges() -> Counter[tuple[str, str]]:
    """How many imports go from one package to another."""
    edges: Counter[tuple[str, str]] = Counter()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            used = {module.partition(".")[0] for module in imports_of(path)} & set(PACKAGES)
            edges.update((package, other) for other in used - {package})
    return edges


def parts_of(path: Path, package: str) -> tuple[str, ...]:
    """The modules of a package that a file is put together from, by name."""
    modules = {module for module in imports_of(path) if module.startswith(f"{package}.") and module.count(".") == 1}
    names = {module.partition(".")[2] for module in modules}
    return tuple(sorted(name for name in names if not any(one in name for one in _VOCABULARY)))


def summary_of(path: Path) -> str:
    """The first sentence of a file's docstring, on one line."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first = " ".join(text.split("\n\n")[0].split())
    return first.split(". ")[0].rstrip(".")


def page() -> str:
    """The whole page."""
    sections = [_HEAD, "## Packages\n\n", _flowchart(_package_lines())]
    for title, file, package in COMPOSITIONS:
        path = ROOT / file
        parts = parts_of(path, package)
        owner = path.stem
        lines = [f"{owner}[[{file}]]", *(f"{owner} --> {part}" for part in parts)]
        rows = "".join(
            f"| `{package}/{part}.py` | {_cell(summary_of(ROOT / package / f'{part}.py'))} |\n" for part in parts
        )
        sections += [f"\n## {title}\n\n", _flowchart(lines), f"\n| part | what it is |\n|---|---|\n{rows}"]
    return "".join(sections)


def _package_lines() -> list[str]:
    counted = sorted(package_edges().items())
    return [f"{one} -- {count} --> {other}" for (one, other), count in counted]


def _flowchart(lines: list[str]) -> str:
    return "```mermaid\nflowchart TD\n" + "".join(f"    {line}\n" for line in lines) + "```\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
