"""A disk that is full when a write is to be committed."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from storage.environment import WriteTransaction
from storage.errors import StoreFullError


@contextmanager
def no_room(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No write finds room when it is to be committed."""
    exit_of = WriteTransaction.__exit__

    def full(self: WriteTransaction, *_: object) -> None:
        exit_of(self, StoreFullError, StoreFullError("no room"), None)
        raise StoreFullError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(WriteTransaction, "__exit__", full)
        yield
