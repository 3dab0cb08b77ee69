from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from storage.interface import Store
from storage.lmdb_store import LmdbStore
from storage.memory import MemoryStore
from tests.storage.chain_growth import GENESIS_LANES, GENESIS_RECORDS, NETWORK_ID

# A machine under load may take its time; what is tested here is not how long.
settings.register_profile("storage", deadline=None)
settings.load_profile("storage")


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    return tmp_path / "db"


@pytest.fixture
def lmdb_store(store_path: Path) -> Iterator[LmdbStore]:
    store = LmdbStore.create(store_path, NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES)
    yield store
    store.close()


@pytest.fixture(params=["memory", "lmdb"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    makers: dict[str, Callable[[], Store]] = {
        "memory": lambda: MemoryStore.create(NETWORK_ID, GENESIS_RECORDS, GENESIS_LANES),
        "lmdb": lambda: request.getfixturevalue("lmdb_store"),
    }
    made = makers[request.param]()
    yield made
    made.close()
