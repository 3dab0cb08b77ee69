"""The listener's context follows the registry."""

import pytest

from p2p.certificates import own_certificate
from p2p.pins import Pins
from tests.p2p.switchboards import KEYS

PUBLIC = [keys.transport.public for keys in KEYS]


@pytest.mark.trio
async def test_new_keys_are_pinned_at_once_and_old_ones_go_with_another_context() -> None:
    pins = Pins(own_certificate(KEYS[0].transport), PUBLIC[:2])
    first = pins.context
    assert not pins.want(PUBLIC[:3])
    assert pins.context is first and len(first.get_ca_certs()) == 3
    assert pins.want(PUBLIC[1:4])
    assert len(first.get_ca_certs()) == 4
    await pins.rebuild()
    assert pins.context is not first and len(pins.context.get_ca_certs()) == 3
    assert not pins.want(PUBLIC[1:4])


@pytest.mark.trio
async def test_many_new_keys_wait_for_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("p2p.pins.ADDED_AT_ONCE_MAX", 2)
    pins = Pins(own_certificate(KEYS[0].transport), PUBLIC[:1])
    assert pins.want(PUBLIC[:4])
    assert len(pins.context.get_ca_certs()) == 1
    await pins.rebuild()
    assert len(pins.context.get_ca_certs()) == 4
