"""Where the operator's door is, and who can open it."""

import os
import socket
import stat
from contextlib import ExitStack
from pathlib import Path

import pytest

from cli.errors import UnreachableError
from cli.node_connection import NodeConnection
from daemon.control_socket import PATH_SIZE_BYTES_MAX, control_socket_path, open_control_socket
from daemon.errors import AddressError
from daemon.tcp_listener import listening_address, open_tcp_listener


def test_the_socket_lies_in_the_folder(tmp_path: Path) -> None:
    assert control_socket_path(tmp_path) == tmp_path / "control.sock"


def test_a_long_path_falls_back_to_the_runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / ("deep" * 30)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    path = control_socket_path(home)
    assert path.parent == tmp_path
    assert len(os.fsencode(path)) <= PATH_SIZE_BYTES_MAX
    assert path != control_socket_path(home / "other")
    monkeypatch.chdir(tmp_path)
    assert control_socket_path(Path("deep" * 30)) == path


def test_a_long_path_without_a_runtime_folder_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with pytest.raises(AddressError, match="XDG_RUNTIME_DIR"):
        control_socket_path(tmp_path / ("deep" * 30))


def test_nobody_else_can_open_it(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    listener = open_control_socket(path)
    mode = path.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert mode & 0o777 == 0o600
    listener.close()


def test_a_leftover_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    open_control_socket(path).close()
    assert path.exists()
    listener = open_control_socket(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(str(path))
    listener.close()


def test_a_socket_on_which_somebody_answers_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    first = open_control_socket(path)
    with pytest.raises(AddressError, match="another process answers"):
        open_control_socket(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(str(path))
    first.close()


def test_a_place_where_no_socket_can_be_made(tmp_path: Path) -> None:
    with pytest.raises(AddressError, match="make its folder writable"):
        open_control_socket(tmp_path / "missing" / "control.sock")


def test_any_free_port() -> None:
    listener = open_tcp_listener("127.0.0.1:0", "http")
    host, _, port = listening_address(listener).rpartition(":")
    assert host == "127.0.0.1"
    assert int(port) > 0
    listener.close()


def test_a_taken_port_names_the_remedy() -> None:
    first = open_tcp_listener("127.0.0.1:0", "http")
    address = listening_address(first)
    with pytest.raises(AddressError) as caught:
        open_tcp_listener(address, "http")
    message = str(caught.value)
    assert f"{address} is taken" in message
    assert "set another `http`" in message
    first.close()


@pytest.mark.parametrize("address", ["192.0.2.1:7180", "no-such-host.invalid:7180"])
def test_an_address_of_another_machine_names_the_remedy(address: str) -> None:
    with pytest.raises(AddressError, match="an address of this machine"):
        open_tcp_listener(address, "http")


def test_a_socket_before_which_nobody_more_can_wait_belongs_to_a_living_node(tmp_path: Path) -> None:
    """The system refuses at once there; who took that for a leftover would take the node's door away."""
    path = tmp_path / "control.sock"
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(path))
        listener.listen(0)
        with pytest.raises(BlockingIOError):
            for _ in range(8):
                client = stack.enter_context(socket.socket(socket.AF_UNIX))
                client.setblocking(False)
                client.connect(str(path))
        with pytest.raises(AddressError, match="another process answers"):
            open_control_socket(path)
        with pytest.raises(UnreachableError, match="takes no connection"):
            NodeConnection(tmp_path).connect()
