"""What holds for every command: options, exit statuses, JSON on both streams, no traceback."""

import errno
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.application import COMMANDS
from cli.errors import EXIT_FAILED, EXIT_HALTED
from cli.language import phrase, use_language
from daemon.errors import HomeError
from daemon.node_errors import LedgerContradictionError, ProtocolTooOldError, StaleDatabaseError
from ledger.errors import BanyanError
from tests.cli.command import Command, environment, process
from tests.waiting import ended_after

NAMES = [command.name for command in COMMANDS]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help_and_the_common_options(banyan: Command, name: str) -> None:
    answer = banyan(*name.split(), "--help")
    assert answer.status == 0
    for option in ("--json", "--home", "--lang", "--help"):
        assert option in answer.out


def test_the_overview_names_every_command(banyan: Command) -> None:
    answer = banyan("--help")
    assert answer.status == 0
    for name in NAMES:
        assert name.split()[0] in answer.out


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ProtocolTooOldError("too old"), EXIT_HALTED),
        (StaleDatabaseError("more was signed"), EXIT_HALTED),
        (LedgerContradictionError("two blocks"), EXIT_HALTED),
        (HomeError("no folder"), EXIT_FAILED),
    ],
)
def test_a_node_that_would_end_again_has_a_status_of_its_own(
    banyan: Command, monkeypatch: pytest.MonkeyPatch, error: BanyanError, status: int
) -> None:
    """systemd starts everything else again."""

    def ends(home: Path, passphrase: object) -> int:
        raise error

    monkeypatch.setattr("daemon.run.run_node", ends)
    answer = banyan("--json", "run", "--home", "anywhere")
    assert answer.status == answer.error["exit_status"] == status


def test_without_a_command_the_overview_is_shown_as_wrong_usage(banyan: Command) -> None:
    answer = banyan()
    assert answer.status == 2
    assert "Usage: banyan" in answer.out + answer.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["keygn"], "did you mean `banyan keygen`?"),
        (["frobnicate"], "`banyan --help` lists all"),
        (["keygen"], "--out is missing"),
        (["keygen", "--outt", "x"], "did you mean --out?"),
        (["keygen", "--quux"], "has no option --quux"),
        (["keygen", "--out"], "--out needs a value"),
        (["keygen", "--out", "a", "b"], "no further argument: b"),
        (["block", "zero"], "the value of HEIGHT cannot be used: it is not a whole number"),
        (["block", "9" * 5000], "the value of HEIGHT cannot be used: it has too many digits"),
        (["block", "0"], "the value of HEIGHT cannot be used: it is less than 1"),
        (["demo", "--nodes", "99"], "the value of --nodes cannot be used: it is more than 21"),
        (["--lang", "en"], "a command is missing; `banyan --help` lists all"),
        (["--lang", "tlh", "status"], "take one of en, zh_CN"),
        (["network", "nw"], "did you mean `banyan network new`?"),
        (["keygen", "--passphrase=x", "--out", "y"], "takes no value"),
    ],
)
def test_wrong_usage_is_status_2_with_what_to_do(banyan: Command, words: list[str], sentence: str) -> None:
    answer = banyan(*words)
    assert answer.status == 2
    assert answer.out == ""
    assert answer.err.startswith("Error: ")
    assert sentence in answer.err
    assert len(answer.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--json"], "缺少命令\uff1b`banyan --help` 列出全部命令"),
        (["block", "zero"], "HEIGHT 的值不能使用\uff1a不是整数\uff1b参见 `banyan block --help`"),
        (["block", "0"], "HEIGHT 的值不能使用\uff1a小于 1\uff1b参见 `banyan block --help`"),
        (["demo", "--nodes", "99"], "--nodes 的值不能使用\uff1a大于 21\uff1b参见 `banyan demo --help`"),
        (["submit", "notice.post", "--arg", "y:={"], "第 1 行第 2 列\uff1a此处应为双引号括起的名称"),
        (["keygen", "--out", "/dev/null/x"], "不是目录"),
        (["verify", "/nowhere", "--policy", "x"], "没有这个文件或目录"),
        (["run", "--home", "/nowhere"], "没有这个文件或目录"),
    ],
)
def test_what_libraries_and_the_system_say_is_told_in_chinese(banyan: Command, words: list[str], sentence: str) -> None:
    answer = banyan("--lang", "zh_CN", *words)
    assert sentence in answer.err
    # Names of options, commands and files stay; sentences of others do not.
    assert not re.search(r"[A-Za-z]+ [a-z]+ [a-z]+", re.sub("`[^`]*`", "", answer.err).partition('"params"')[0])


def test_the_usual_words_of_the_system_are_in_the_catalogue() -> None:
    """As this machine's library says them; a text that the catalogue lacks would be shown in English."""
    use_language("zh_CN")
    usual = (
        *(errno.EPERM, errno.ENOENT, errno.EIO, errno.ENXIO, errno.EAGAIN, errno.ENOMEM, errno.EACCES, errno.EBUSY),
        *(errno.EEXIST, errno.EXDEV, errno.ENODEV, errno.ENOTDIR, errno.EISDIR, errno.EINVAL, errno.ENFILE),
        *(errno.EMFILE, errno.ETXTBSY, errno.EFBIG, errno.ENOSPC, errno.ESPIPE, errno.EROFS, errno.EMLINK, errno.EPIPE),
        *(errno.ENAMETOOLONG, errno.ENOTEMPTY, errno.ELOOP, errno.EOVERFLOW, errno.ENOTSUP, errno.EAFNOSUPPORT),
        *(errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.ENETDOWN, errno.ENETUNREACH, errno.ECONNABORTED),
        *(errno.ECONNRESET, errno.ENOBUFS, errno.ENOTCONN, errno.ETIMEDOUT, errno.ECONNREFUSED, errno.EHOSTDOWN),
        *(errno.EHOSTUNREACH, errno.ESTALE, errno.EDQUOT, errno.EBADF),
    )
    assert [os.strerror(number) for number in usual if phrase(os.strerror(number)) == os.strerror(number)] == []
    assert phrase("/srv/node/db: No such file or directory") == "/srv/node/db: 没有这个文件或目录"
    assert phrase("a name: that is none") == "a name: that is none"


def test_with_json_an_error_is_one_document_on_stderr(banyan: Command) -> None:
    for words in (["--json", "keygn"], ["keygn", "--json"], ["keygen", "--json", "--outt", "x"]):
        answer = banyan(*words)
        assert answer.status == 2
        assert answer.out == ""
        assert answer.error["code"] == "usage"
        assert answer.error["exit_status"] == 2


def test_the_version_is_printed(banyan: Command) -> None:
    answer = banyan("--version")
    assert answer.status == 0
    assert answer.out.startswith("banyan ")


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["get", "notice", "x/1"],
        ["list", "notice"],
        ["history", "unit/x"],
        ["tx", "0" * 64],
        ["block", "1"],
        ["receipt", "0" * 64],
        ["policy"],
    ],
)
def test_without_a_node_the_status_is_3_and_the_remedy_is_named(
    banyan: Command, tmp_path: Path, words: list[str]
) -> None:
    missing = banyan(*words, "--home", tmp_path / "nowhere")
    assert missing.status == 3
    assert "banyan init" in missing.err
    (tmp_path / "here").mkdir()
    stopped = banyan(*words, "--home", tmp_path / "here")
    assert stopped.status == 3
    assert f"banyan run --home {tmp_path / 'here'}" in stopped.err
    answer = banyan("--json", *words, "--home", tmp_path / "here")
    assert answer.error["code"] == "node-unreachable"
    assert answer.out == ""


def test_the_home_comes_from_option_environment_or_here(
    banyan: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert str(Path("banyan-home")) in banyan("status").err
    monkeypatch.setenv("BANYAN_HOME", str(tmp_path / "from-environment"))
    assert "from-environment" in banyan("status").err
    assert "from-option" in banyan("status", "--home", "from-option").err
    assert "from-before" in banyan("--home", "from-before", "status").err


@pytest.mark.parametrize("identifier", ["", "xyz", "0" * 63, "0" * 65, "../../etc"])
def test_a_malformed_id_is_wrong_usage(banyan: Command, identifier: str) -> None:
    for command in ("tx", "receipt"):
        assert banyan(command, identifier).status == 2


@pytest.mark.parametrize("subject", ["", "unit", "Unit/x", "unit/ü", "unit/a b"])
def test_a_malformed_subject_is_wrong_usage(banyan: Command, subject: str) -> None:
    assert banyan("history", subject).status == 2


def test_help_starts_fast_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from cli.main import main; status = main(['--help']); "
        "heavy = {'trio', 'lmdb', 'starlette', 'hypercorn', 'httpx', 'numpy', 'nacl', 'msgspec'} & set(sys.modules); "
        "print(status, sorted(heavy), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr.strip() == "0 []"


def test_a_closed_pipe_is_no_error() -> None:
    command = subprocess.Popen(
        [sys.executable, "-m", "cli", "--help"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert command.stdout is not None and command.stderr is not None
    command.stdout.close()
    with ended_after(command, 60):
        error = command.stderr.read()
    command.stderr.close()
    assert command.wait(timeout=30) in (0, 141)
    assert error == ""


@pytest.mark.parametrize("module", ["cli.main", "gettext", "typer", "cli.application", "cli.usage"])
def test_ctrl_c_while_the_program_is_read_is_told_like_any_other(module: str) -> None:
    code = f"""
import runpy, sys

class Interrupting:
    def find_spec(self, name, *_):
        if name == {module!r}:
            sys.meta_path.remove(self)
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
sys.modules.pop({module!r}, None)
sys.argv = ["banyan", "--help"]
runpy.run_module("cli", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr, done.stdout) == (130, "Error: Interrupted.\n", "")


def test_python_m_cli_is_the_same_command() -> None:
    started = time.monotonic()
    answer = process("--json", "status", "--home", "nowhere")
    assert answer.status == 3
    assert json.loads(answer.err)["error"]["exit_status"] == 3
    # Half a second is what a user notices; a busy machine gets ten times that.
    assert time.monotonic() - started < 5
