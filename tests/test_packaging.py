"""What operators install: the wheel in an environment of its own, the unit, the container's recipe, the samples.

The wheel is built from a copy without anything that a checkout has besides. What it depends on is lent by the
environment of the tests, in which the project itself is only linked, so that nothing of the checkout can be imported by
mistake.
"""

import ctypes
import re
import select
import shlex
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from cli.errors import EXIT_HALTED
from daemon.config import SMALL_MACHINE, parse_config
from tests.cli.command import call as in_process
from tests.free_ports import free_address
from tools.sample_config import samples

ROOT = Path(__file__).resolve().parent.parent
UNIT = ROOT / "deploy" / "systemd" / "banyan.service"
CONTAINER = ROOT / "deploy" / "container" / "Containerfile"
DEADLINE_S = 120
# What `systemd-analyze security` says of a unit: 0 to 10, and it may be at most this.
EXPOSURE_MAX = 1.5
# From <linux/prctl.h>: what `MemoryDenyWriteExecute` and `NoNewPrivileges` of the unit do.
_PR_SET_MDWE, _PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
_PR_SET_NO_NEW_PRIVS = 38
_NOT_IN_A_CLEAN_COPY = (".*", "__pycache__", "*.mo", "*.egg-info", "build", "dist", "tests", "benchmarks", "demo-home")


def call(*words: object, **more: object) -> subprocess.CompletedProcess[str]:
    """A program that must end well."""
    line = [str(word) for word in words]
    done = subprocess.run(line, capture_output=True, text=True, timeout=DEADLINE_S, check=False, **more)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, as `pip wheel` makes it."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", ignore=shutil.ignore_patterns(*_NOT_IN_A_CLEAN_COPY))
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-index")
    call(*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", folder, folder / "source")
    (made,) = folder.glob("*.whl")
    shutil.rmtree(folder / "source")
    return made


@pytest.fixture(scope="module")
def banyan(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, installed from the wheel."""
    folder = tmp_path_factory.mktemp("installed")
    call(sys.executable, "-m", "venv", "--without-pip", folder)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", folder / "bin" / "python")
    call(*pip, "install", "--quiet", "--no-index", "--no-deps", "--no-compile", wheel)
    (packages,) = (folder / "lib").glob("python*/site-packages")
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return folder / "bin" / "banyan"


def environment(**more: str) -> dict[str, str]:
    """Of somebody who never saw the checkout."""
    return {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONSAFEPATH": "1", **more}


def test_the_wheel_has_everything_that_is_read_at_run_time(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = [*ROOT.glob("packs/*/*.toml"), *ROOT.glob("packs/*/scenarios/*.toml"), *ROOT.glob("cli/demo/data/*/*")]
    assert len(wanted) > 50
    assert {str(path.relative_to(ROOT)) for path in wanted} <= names
    assert "cli/locale/zh_CN/LC_MESSAGES/banyan.mo" in names
    assert not [name for name in names if name.startswith(("tests/", "tools/", "benchmarks/"))]


def test_a_node_runs_from_the_wheel_in_a_service_that_may_write_no_code(banyan: Path, tmp_path: Path) -> None:
    """From nothing to READY, in both languages, with what the unit forbids forbidden where the kernel knows how."""
    home, key, genesis = tmp_path / "node", tmp_path / "admin.key", tmp_path / "genesis.json"
    own = environment(BANYAN_HOME=str(home))
    assert call(banyan, "--version", env=own).stdout.startswith("banyan ")
    made = call(
        *(banyan, "init", "--name", "pi.example", "--listen", free_address(), "--small"),
        env=environment(BANYAN_HOME=str(home), LC_ALL="zh_CN.UTF-8"),
    )
    assert "节点" in made.stdout
    config = parse_config((home / "config.toml").read_text("utf-8"))
    assert {name: getattr(config, name) for name in SMALL_MACHINE} == SMALL_MACHINE
    voter = ("--voter", home / "node.public.json", "--admin", key)
    # The same commands in this process, which are tested elsewhere and cost less.
    for words in (
        ("keygen", "--out", key),
        ("network", "new", "--name", "pi.example/ledger", *voter, "--out", genesis),
        ("join", "--home", home, "--genesis", genesis),
    ):
        assert in_process(*words).status == 0
    with subprocess.Popen(
        [banyan, "run"], env=own, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=_as_the_unit_does
    ) as node:
        try:
            assert node.stdout is not None
            ready, _, _ = select.select([node.stdout], [], [], DEADLINE_S)
            assert ready and node.stdout.readline() == b"READY\n"
            assert '"accepting":true' in call(banyan, "status", "--json", env=own).stdout.replace(" ", "")
            node.terminate()
            assert node.wait(DEADLINE_S) == 0
        finally:
            node.kill()


def _as_the_unit_does() -> None:
    library = ctypes.CDLL(None)
    # Kernels before 6.3 do not know it: then the node just runs.
    library.prctl(_PR_SET_MDWE, _PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)
    library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def test_the_samples_are_what_init_writes() -> None:
    for path, text in samples().items():
        assert path.read_text("utf-8") == text, "run `make samples`"
        parse_config(text)


def test_the_unit_is_sound_and_hardened(tmp_path: Path) -> None:
    text = UNIT.read_text("utf-8")
    settings = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    assert (settings["ProtectSystem"], settings["MemoryDenyWriteExecute"]) == ("strict", "yes")
    assert "LimitAS" not in settings, "the database maps 1 TiB"
    assert (settings["Restart"], settings["RestartPreventExitStatus"]) == ("on-failure", str(EXIT_HALTED))
    if shutil.which("systemd-analyze") is None:
        return
    unit = tmp_path / UNIT.name
    # The folder of the project may have a space in its name, which a unit would have to quote.
    program = tmp_path / "banyan"
    program.symlink_to(sys.executable)
    # Neither the program nor the page is where the unit says, on the machine of a developer.
    text = text.replace("/opt/banyan/bin/banyan", str(program))
    unit.write_text(re.sub(r"^Documentation=.*\n", "", text, flags=re.MULTILINE), "utf-8")
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    about_it = [line for line in said.stderr.splitlines() if UNIT.name in line]
    assert (said.returncode, about_it) == (0, [])
    judged = call("systemd-analyze", "security", "--offline=true", unit).stdout
    exposure = re.search(r"exposure level for \S+: ([0-9.]+)", judged)
    assert exposure is not None and float(exposure[1]) <= EXPOSURE_MAX, judged


def test_unit_and_container_call_the_program_as_it_is(banyan: Path) -> None:
    (start,) = re.findall(r"^ExecStart=\S+/banyan (.*)$", UNIT.read_text("utf-8"), re.MULTILINE)
    recipe = CONTAINER.read_text("utf-8")
    (check,) = re.findall(r'HEALTHCHECK .*CMD \["banyan", (.*)\]$', recipe, re.MULTILINE)
    assert shlex.split(start)[0] == "run"
    for words in (shlex.split(start), shlex.split(check.replace(",", " "))):
        helped = call(banyan, words[0], "--help", env=environment(COLUMNS="200")).stdout
        options = [word for word in words if word.startswith("--")]
        assert options and all(option in helped for option in options)
    for source in re.findall(r"^COPY (?!--from)(\S+) ", recipe, re.MULTILINE):
        assert (ROOT / source).exists()
