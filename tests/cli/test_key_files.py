"""`banyan keygen` and the files it makes."""

import errno
import json
import os
import stat
from pathlib import Path

import pytest

from cli.errors import CommandError, UsageError
from cli.member_key import create_member_key, read_key_file
from ledger.verifier_key import KEY_TYPE_MEMBER, VerifierKey
from tests.cli.command import Command


def test_a_key_is_made_for_its_owner_alone(banyan: Command, tmp_path: Path) -> None:
    path = tmp_path / "key"
    answer = banyan("keygen", "--out", path)
    assert answer.status == 0
    public = VerifierKey.parse(answer.out.strip())
    assert public.type_bytes == KEY_TYPE_MEMBER
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key_file(path).open(None).verifier_key == public


def test_two_keys_differ(banyan: Command, tmp_path: Path) -> None:
    first, second = (banyan.ok("keygen", "--out", tmp_path / name)["public_key"] for name in ("a", "b"))
    assert first != second


def test_json_tells_where_it_is(banyan: Command, tmp_path: Path) -> None:
    document = banyan.ok("keygen", "--out", tmp_path / "key", "--name", "treasurer")
    assert document["file"] == str(tmp_path / "key")
    assert document["public_key"].startswith("treasurer+")
    assert document["passphrase"] is False


def test_a_key_is_never_overwritten(banyan: Command, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("precious")
    answer = banyan("keygen", "--out", path)
    assert answer.status == 2
    assert "is there already" in answer.err
    assert path.read_text() == "precious"


def test_a_folder_that_is_not_there_is_told(banyan: Command, tmp_path: Path) -> None:
    answer = banyan("keygen", "--out", tmp_path / "no" / "key")
    assert answer.status == 2
    assert "cannot be written" in answer.err


@pytest.mark.parametrize("call", ["open", "write", "fsync", "rename"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_and_nothing_half_written_stays(
    banyan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(f"daemon.durable_file.os.{call}", refuse)
        answer = banyan("keygen", "--out", tmp_path / "key")
    assert answer.status == 1
    assert answer.out == ""
    assert answer.err == (
        f"Error: there is no room left for {tmp_path / 'key'}; free some space on its disk and try again\n"
    )
    assert list(tmp_path.iterdir()) == []
    assert banyan("keygen", "--out", tmp_path / "key").status == 0


def test_a_disk_that_takes_a_part_only(banyan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write

    def write_a_part(file: int, data: bytes) -> int:
        if len(data) > 10:
            return write(file, data[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("daemon.durable_file.os.write", write_a_part)
        assert banyan("keygen", "--out", tmp_path / "key").status == 1
    assert list(tmp_path.iterdir()) == []


def test_a_key_whose_folder_cannot_be_made_durable_is_not_there(
    banyan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr("daemon.durable_file.sync_directory", refuse)
        assert "Input/output error" in banyan("keygen", "--out", tmp_path / "key").err
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_cannot_name_a_key_is_refused(banyan: Command, tmp_path: Path) -> None:
    answer = banyan("keygen", "--out", tmp_path / "key", "--name", "two words")
    assert answer.status == 2
    assert not (tmp_path / "key").exists()


def test_a_passphrase_hides_the_seed(banyan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    monkeypatch.setenv("BANYAN_PASSPHRASE", "correct horse")
    public = banyan.ok("keygen", "--out", path, "--passphrase")["public_key"]
    assert "seed" not in json.loads(path.read_text())
    key_file = read_key_file(path)
    assert str(key_file.open("correct horse").verifier_key) == public
    with pytest.raises(CommandError, match="does not open"):
        key_file.open("wrong")


def test_an_empty_passphrase_is_refused(banyan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANYAN_PASSPHRASE", "")
    assert banyan("keygen", "--out", tmp_path / "key", "--passphrase").status == 2
    assert not (tmp_path / "key").exists()


def test_without_a_terminal_a_passphrase_cannot_be_asked_for(banyan: Command, tmp_path: Path) -> None:
    answer = banyan("keygen", "--out", tmp_path / "key", "--passphrase")
    assert answer.status == 2
    assert "$BANYAN_PASSPHRASE" in answer.err


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    create_member_key(path, "member", None)
    path.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        read_key_file(path)


def damaged_documents(path: Path) -> dict[str, str]:
    """Contents that are no key, each wrong in one way."""
    create_member_key(path, "member", None)
    document = json.loads(path.read_text())
    path.unlink()
    other = path.with_name("other")
    create_member_key(other, "member", None)
    return {
        "empty": "",
        "no json": "key",
        "no object": "[1]",
        "another format": json.dumps(document | {"format": "x"}),
        "no seed": json.dumps({name: document[name] for name in ("format", "public")}),
        "a short seed": json.dumps(document | {"seed": "AAAA"}),
        "no base64": json.dumps(document | {"seed": "!"}),
        "a damaged public key": json.dumps(document | {"public": document["public"][:-4] + "AAA="}),
        "another's public key": json.dumps(document | {"public": json.loads(other.read_text())["public"]}),
        "a sealed part that is a text": json.dumps(document | {"sealed": "x"}),
        "a sealed part with too much memory": json.dumps(
            document
            | {
                "sealed": {
                    "stretching": "argon2id",
                    "operations": 1,
                    "memory_bytes": 1 << 40,
                    "salt": "A" * 22 + "==",
                    "box": "",
                }
            }
        ),
        "deeply nested": "[" * 100_000,
    }


def test_what_is_no_key_is_told_in_one_sentence(tmp_path: Path) -> None:
    for what, content in damaged_documents(tmp_path / "key").items():
        path = tmp_path / "damaged"
        path.write_text(content)
        path.chmod(0o600)
        with pytest.raises(CommandError) as caught:
            read_key_file(path).open("passphrase")
        assert str(path) in str(caught.value), what


def test_a_folder_or_a_missing_file_is_no_key(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing", Path(os.devnull)):
        with pytest.raises(UsageError):
            read_key_file(path).open(None)
