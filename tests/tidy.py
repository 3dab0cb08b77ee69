"""What the tidy test looks for: each check takes one file and says what is wrong with it.

The limits are hard ones; the aims (100 to 300 lines, functions of 30) are for the reader's judgement.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 500
# Folders that are imported by their own names.
PACKAGES = (
    "ledger",
    "consensus",
    "contracts",
    "storage",
    "p2p",
    "daemon",
    "simulator",
    "cli",
    "packs",
    "tests",
    "benchmarks",
)
VAGUE_NAMES = frozenset(("utils", "util", "helpers", "helper", "common", "misc"))
_LEFT_OVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError|pytest\.(skip|xfail)|mark\.(skip|xfail)")
_MACHINE_PATH = re.compile(r"(^|[\s\"'`(=])/(work|root|home)/")
_SLEEP = re.compile(r"\b(time|trio|asyncio)\.sleep\(")


class SourceFile(NamedTuple):
    """A file of the project: its path with slashes, from the top, and its text."""

    path: str
    text: str

    @property
    def is_python(self) -> bool:
        return self.path.endswith(".py")

    @property
    def is_test(self) -> bool:
        return self.path.startswith("tests/")


def _functions(file: SourceFile) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(file.text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def long_functions(file: SourceFile) -> Iterator[str]:
    if file.is_python and not file.is_test:
        for node in _functions(file):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{node.name} has {lines} lines, at most {FUNCTION_LINES_MAX}"


def long_files(file: SourceFile) -> Iterator[str]:
    lines = file.text.count("\n")
    if file.is_python and not file.is_test and lines > FILE_LINES_MAX:
        yield f"{lines} lines, at most {FILE_LINES_MAX}: split it where the ideas part"


def missing_docstrings(file: SourceFile) -> Iterator[str]:
    """Modules say what they own; public classes and functions say what they do."""
    if not file.is_python or file.is_test:
        return
    tree = ast.parse(file.text)
    if file.text.strip() and ast.get_docstring(tree) is None:
        yield "the module opens without a docstring"
    owners: list[ast.Module | ast.ClassDef] = [tree]
    owners += [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name[0] != "_"]
    for owner in owners:
        protocol = isinstance(owner, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in owner.bases)
        for node in owner.body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if not node.name.startswith("_") and ast.get_docstring(node) is None and not protocol:
                yield f"{node.name} has no docstring"


def left_overs(file: SourceFile) -> Iterator[str]:
    if file.path in ("tests/tidy.py", "tests/test_tidy.py") or not file.is_python:
        return
    for number, line in enumerate(file.text.splitlines(), 1):
        if _LEFT_OVER.search(line):
            yield f"line {number}: {line.strip()[:80]}"


def machine_paths(file: SourceFile) -> Iterator[str]:
    if file.path in ("tests/tidy.py", "tests/test_tidy.py"):
        return
    for number, line in enumerate(file.text.splitlines(), 1):
        if _MACHINE_PATH.search(line):
            yield f"line {number} names a path of one machine: {line.strip()[:80]}"


def vague_names(file: SourceFile) -> Iterator[str]:
    if file.is_python and PurePosixPath(file.path).stem in VAGUE_NAMES:
        yield "the name says nothing about what is inside"


def real_sleeps(file: SourceFile) -> Iterator[str]:
    """Tests wait for what happens, with a deadline, in `tests/waiting.py` only."""
    if (
        not file.is_python
        or not file.is_test
        or file.path in ("tests/tidy.py", "tests/test_tidy.py", "tests/waiting.py")
    ):
        return
    for number, line in enumerate(file.text.splitlines(), 1):
        if _SLEEP.search(line):
            yield f"line {number} sleeps: {line.strip()[:80]}"


def empty_tests(file: SourceFile) -> Iterator[str]:
    """A test compares something, or expects an error, itself or through a function whose name says so."""
    if not file.is_python or not file.is_test:
        return
    says = re.compile(
        r"raises|Raises|assert|check|expect|verify|must|should|run_state_machine|refused|refusal|holds|compare"
    )
    for node in _functions(file):
        if node.name.startswith("test_"):
            calls = [ast.unparse(one.func) for one in ast.walk(node) if isinstance(one, ast.Call)]
            asserts = any(isinstance(one, ast.Assert) for one in ast.walk(node))
            if not asserts and not any(says.search(call) for call in calls):
                yield f"{node.name} asserts nothing"


CHECKS: tuple[Callable[[SourceFile], Iterator[str]], ...] = (
    long_functions,
    long_files,
    missing_docstrings,
    left_overs,
    machine_paths,
    vague_names,
    real_sleeps,
    empty_tests,
)
