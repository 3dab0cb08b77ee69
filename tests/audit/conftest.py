"""One ledger for all tests of a worker; each test gets a copy that it may damage."""

import shutil
from pathlib import Path

import pytest

from tests.audit.builder import fill
from tests.audit.ledgers import build


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a good ledger; not to be touched."""
    return build(tmp_path_factory.mktemp("ledger") / "home", fill)


@pytest.fixture
def home(pristine: Path, tmp_path: Path) -> Path:
    """A copy of the good ledger's folder."""
    return Path(shutil.copytree(pristine, tmp_path / "home"))
