"""The project keeps its own rules; and every rule can fail."""

import re
import subprocess
from importlib.metadata import distributions
from pathlib import Path

import pytest

from tests.tidy import (
    CHECKS,
    PACKAGES,
    SourceFile,
    empty_tests,
    left_overs,
    long_files,
    long_functions,
    machine_paths,
    missing_docstrings,
    real_sleeps,
    vague_names,
)

ROOT = Path(__file__).resolve().parent.parent
TEXT_ENDINGS = (".py", ".sh", ".toml", ".md", ".in", ".yml", ".po")
NEWS_KINDS = ("feature", "change", "fix", "removal")


def project_files() -> list[SourceFile]:
    """Every text file that git tracks or would track; without git (a source archive) every one that is there."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    names = listed.stdout.splitlines() if listed.returncode == 0 else _walked()
    paths = [ROOT / name for name in sorted(set(names)) if name.endswith(TEXT_ENDINGS) or name == "Makefile"]
    return [SourceFile(str(path.relative_to(ROOT)), path.read_text("utf-8")) for path in paths if path.is_file()]


def _walked() -> list[str]:
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return [str(path) for path in found if not any(part.startswith(".") for part in path.parts)]


def test_the_project_is_tidy() -> None:
    files = project_files()
    assert len(files) > 100
    complaints = [f"{file.path}: {complaint}" for file in files for check in CHECKS for complaint in check(file)]
    assert complaints == []


LONG = "\n".join(["def f():", '    """Do."""', *["    x = 1"] * 70, "    return x"])


@pytest.mark.parametrize(
    ("check", "path", "text"),
    [
        (long_functions, "ledger/x.py", LONG),
        (long_files, "ledger/x.py", "x = 1\n" * 501),
        (missing_docstrings, "ledger/x.py", "x = 1\n"),
        (missing_docstrings, "ledger/x.py", '"""M."""\n\n\ndef public():\n    return 1\n'),
        (
            missing_docstrings,
            "ledger/x.py",
            '"""M."""\n\n\nclass C:\n    """C."""\n\n    def m(self):\n        return 1\n',
        ),
        (left_overs, "ledger/x.py", "# TODO later\n"),
        (left_overs, "tests/x.py", "@pytest.mark.skip\n"),
        (machine_paths, "docs/x.md", "see /home/somebody/x\n"),
        (vague_names, "ledger/utils.py", ""),
        (real_sleeps, "tests/x.py", "time.sleep(1)\n"),
        (empty_tests, "tests/x.py", "def test_x() -> None:\n    f()\n"),
    ],
)
def test_each_check_can_fail(check: object, path: str, text: str) -> None:
    assert callable(check)
    assert list(check(SourceFile(path, text)))
    assert not list(check(SourceFile("ledger/good.py", '"""Good."""\n')))


def test_no_installed_dependency_owns_one_of_our_names() -> None:
    """Our folders are top-level packages: a dependency of the same name would be imported instead, or be hidden."""
    owners = {
        package: distribution.metadata["Name"]
        for distribution in distributions()
        for file in distribution.files or ()
        for package in PACKAGES
        if file.parts and file.parts[0] in (package, f"{package}.py")
    }
    assert {owner for owner in owners.values() if owner != "banyan-ledger"} == set()


def links_of(page: Path) -> set[str]:
    """What a page links to in the project; code is not read for links."""
    text = re.sub(r"```.*?```|``.*?``|`[^`]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
    return {target for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text) if "://" not in target}


def broken_links(pages: list[Path]) -> list[str]:
    """Links that lead nowhere."""
    return [f"{page}: {target}" for page in pages for target in links_of(page) if not (page.parent / target).exists()]


def test_links_in_the_docs_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert sum(len(links_of(page)) for page in pages) > 20
    assert broken_links(pages) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[here](page.md), [there](nowhere.md), `[code](is not read)`")
    assert broken_links([page]) == [f"{page}: nowhere.md"]


def test_the_index_leads_to_every_page() -> None:
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")} - {"README.md"}
    assert pages == links_of(ROOT / "docs" / "README.md") - {"../news/README.md"}


def test_news_fragments_have_a_known_kind_and_a_text() -> None:
    fragments = [path for path in (ROOT / "news").glob("*.md") if path.name != "README.md"]
    assert fragments
    for path in fragments:
        assert path.name.split(".")[-2] in NEWS_KINDS, path.name
        assert path.read_text("utf-8").strip(), path.name


def test_continuous_integration_runs_make_test_and_nothing_less() -> None:
    commands = [
        line
        for line in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
        if line and not line.startswith(("#", "set ", "cd "))
    ]
    assert commands == ["make test"]
