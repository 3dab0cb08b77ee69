"""The house stands as its plan says: packages, layers and purity are checked, and the checks can fail."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LINT = "from importlinter.cli import lint_imports_command as run; run()"
PACKAGES = ("ledger", "consensus", "contracts", "storage", "p2p", "daemon", "simulator", "cli", "packs")


def declared_packages() -> list[str]:
    tree = ast.parse((ROOT / "setup.py").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PACKAGES":
            return list(ast.literal_eval(node.value))
    raise AssertionError("setup.py lists no packages")


def test_setup_lists_every_package() -> None:
    found = sorted(
        ".".join(path.parent.relative_to(ROOT).parts)
        for package in PACKAGES
        for path in (ROOT / package).rglob("__init__.py")
    )
    assert declared_packages() == found


def test_the_lock_file_pins_everything_with_hashes_and_names_no_host() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    entries = re.findall(r"^([A-Za-z0-9._-]+)==\S+.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    assert len(entries) > 30
    for block in re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE):
        assert not block.strip() or "--hash=sha256:" in block or block.startswith("#")
    assert "://" not in text
    wanted = re.findall(r"^([a-z0-9-]+)", (ROOT / "requirements.in").read_text("utf-8"), re.MULTILINE)
    assert set(wanted) <= set(entries)


def lint_copy(folder: Path, edit: tuple[str, str] | None) -> subprocess.CompletedProcess[str]:
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "*.csv", "locale")
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    if edit is not None:
        path = folder / edit[0]
        path.write_text(path.read_text("utf-8") + "\n" + edit[1] + "\n", encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PATH": ""},
        timeout=120,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edit", "broken"),
    [
        (None, None),
        (("ledger/tree.py", "import storage.memory"), "downward"),
        (("contracts/runtime.py", "import time"), "pure core"),
        (("daemon/node.py", "import storage.lmdb_store"), "pure core"),
        (("consensus/agreement.py", "from daemon import config"), "downward"),
        (("p2p/errors.py", "from contracts import registry"), "Gossip"),
        (("simulator/world.py", "import time"), "simulator"),
        (("daemon/node.py", "import simulator.chance"), "downward"),
    ],
)
def test_layers_and_purity_are_kept_and_a_breach_is_found(
    tmp_path: Path, edit: tuple[str, str] | None, broken: str | None
) -> None:
    answer = lint_copy(tmp_path, edit)
    assert (answer.returncode == 0) == (broken is None), answer.stdout + answer.stderr
    if broken is not None:
        assert re.search(rf"{broken}.* BROKEN", answer.stdout)
