"""Which interpreter the virtual environment is made with: `tools/choose-python.sh` and `tools/set-up.sh`, run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "tools" / "choose-python.sh"
DISTRIBUTION = "/usr/bin/python3"


def choose(**settings: str) -> subprocess.CompletedProcess[str]:
    """Run it with these settings beside those of the tests."""
    kept = {name: value for name, value in os.environ.items() if name != "BANYAN_PYTHON"}
    return subprocess.run(["sh", str(SCRIPT)], env=kept | settings, capture_output=True, text=True)


def fits(python: str) -> bool:
    """Whether this is an interpreter of 3.11 or later that can make virtual environments."""
    check = "import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([python, "-c", check], capture_output=True).returncode == 0
    except OSError:
        return False


def stand_in(folder: Path, name: str, *, version: str, makes_environments: bool = True) -> None:
    """A program that answers the script's questions as an interpreter of this version would."""
    folder.mkdir(exist_ok=True)
    is_old = version < "3.11"
    program = folder / name
    program.write_text(
        "#!/bin/sh\n"
        f'case "$2" in *version_info*) exit {int(is_old)};; *ensurepip*) exit {int(not makes_environments)};; esac\n'
    )
    program.chmod(0o755)


@pytest.fixture
def without_distribution(tmp_path: Path) -> Path:
    """A copy of the script that knows no distribution's interpreter."""
    copy = tmp_path / "choose-python.sh"
    text = SCRIPT.read_text()
    assert text.count(DISTRIBUTION + " python3 ") == 1
    copy.write_text(text.replace(DISTRIBUTION + " python3 ", "python3 "))
    return copy


def choose_from(script: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it with nothing but what is in the folder."""
    return subprocess.run(["/bin/sh", str(script)], env={"PATH": str(folder)}, capture_output=True, text=True)


def test_the_distributions_comes_before_what_the_path_has(tmp_path: Path) -> None:
    stand_in(tmp_path, "python3", version="3.13")
    found = choose(PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.strip() == (DISTRIBUTION if fits(DISTRIBUTION) else "python3")


def test_one_that_is_named_comes_before_all(tmp_path: Path) -> None:
    found = choose(BANYAN_PYTHON=sys.executable)
    assert (found.returncode, found.stdout.strip()) == (0, sys.executable)


def test_one_that_is_named_and_does_not_fit_is_refused(tmp_path: Path) -> None:
    stand_in(tmp_path, "old", version="3.10")
    for named in (str(tmp_path / "old"), str(tmp_path / "nothing-here")):
        found = choose(BANYAN_PYTHON=named)
        assert found.returncode == 1 and found.stdout == ""
        assert f"BANYAN_PYTHON is '{named}'" in found.stderr and "name another or unset it" in found.stderr


def test_an_old_one_is_passed_over(tmp_path: Path, without_distribution: Path) -> None:
    stand_in(tmp_path / "bin", "python3", version="3.10")
    stand_in(tmp_path / "bin", "python3.12", version="3.12")
    assert choose_from(without_distribution, tmp_path / "bin").stdout == "python3.12\n"


def test_one_that_needs_no_package_comes_first(tmp_path: Path, without_distribution: Path) -> None:
    stand_in(tmp_path / "bin", "python3", version="3.11", makes_environments=False)
    assert choose_from(without_distribution, tmp_path / "bin").stdout == "python3\n"
    stand_in(tmp_path / "bin", "python3.11", version="3.11")
    assert choose_from(without_distribution, tmp_path / "bin").stdout == "python3.11\n"


def test_none_at_all_names_the_remedy(tmp_path: Path, without_distribution: Path) -> None:
    (tmp_path / "bin").mkdir()
    found = choose_from(without_distribution, tmp_path / "bin")
    assert found.returncode == 1 and "apt-get install python3 python3-venv" in found.stderr


def set_up(folder: Path, *, made_with: str, named: str, has_pip: bool = True) -> subprocess.CompletedProcess[str]:
    """Run set-up with an environment that one interpreter made, and another or the same named; both are stand-ins."""
    (folder / "tools").mkdir(parents=True)
    for script in ("choose-python.sh", "set-up.sh"):
        (folder / "tools" / script).write_bytes((SCRIPT.parent / script).read_bytes())
    (folder / "requirements.lock").touch()
    environment = folder / ".venv" / "bin" / "python"
    environment.parent.mkdir(parents=True)
    for program, build in ((environment, made_with), (folder / "named", named)):
        # It makes no environments: the attempt ends the script.
        answers = f'*base_prefix*) echo {build};; "-m venv"*) exit 9;; "-m pip --version") exit {int(not has_pip)};;'
        program.write_text(f'#!/bin/sh\ncase "$*" in {answers} esac\n')
        program.chmod(0o755)
    settings = os.environ | {"BANYAN_PYTHON": str(folder / "named")}
    return subprocess.run(
        ["sh", str(folder / "tools" / "set-up.sh")], env=settings, cwd=folder, capture_output=True, text=True
    )


def test_an_environment_of_another_one_is_made_anew(tmp_path: Path) -> None:
    found = set_up(tmp_path, made_with="3.11", named="3.13")
    assert found.returncode == 9 and ".venv was made with another Python" in found.stdout
    assert not (tmp_path / ".venv").exists()


def test_an_environment_of_the_same_one_stays(tmp_path: Path) -> None:
    found = set_up(tmp_path, made_with="3.13", named="3.13")
    assert found.returncode == 0 and "making .venv" not in found.stdout
    assert (tmp_path / ".venv" / "bin" / "python").exists()


def test_an_environment_whose_making_was_interrupted_is_made_anew(tmp_path: Path) -> None:
    found = set_up(tmp_path, made_with="3.13", named="3.13", has_pip=False)
    assert found.returncode == 9 and "making .venv" in found.stdout
