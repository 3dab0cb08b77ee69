"""Settings: defaults, refusals by name, and a reference that lists them all."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from daemon.config import Config, parse_config, read_config
from daemon.errors import ConfigError

ROOT = Path(__file__).parents[2]
SMALLEST = 'name = "alpha"\nlisten = "127.0.0.1:7101"\n'


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    return str(caught.value)


def test_only_name_and_address_are_needed() -> None:
    assert parse_config(SMALLEST) == Config(name="alpha", listen="127.0.0.1:7101")


def test_what_init_writes_is_read_back_with_the_defaults() -> None:
    config = Config(name="alpha", listen="127.0.0.1:7101", http="[::1]:7180")
    assert parse_config(config.to_toml()) == config
    assert "# log_format" in config.to_toml()


def test_every_commented_default_may_be_used_as_it_stands() -> None:
    lines = Config(name="alpha", listen="127.0.0.1:7101").to_toml().splitlines()
    uncommented = "\n".join(line.removeprefix("# ") for line in lines if " = " in line)
    assert parse_config(uncommented) == Config(name="alpha", listen="127.0.0.1:7101")


def test_an_unknown_setting_is_refused_by_name_with_the_nearest_known_one() -> None:
    message = refusal(SMALLEST + 'log_levle = "info"\n')
    assert "log_levle" in message
    assert "did you mean `log_level`" in message


def test_a_setting_like_no_other_is_refused_with_where_to_look() -> None:
    message = refusal(SMALLEST + "zebra = 1\n")
    assert "zebra" in message
    assert "configuration.md" in message


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "`name`"),
        ('name = "alpha"', "`listen`"),
        ('name = "Alpha!"\nlisten = "h:1"', "'Alpha!'"),
        ('name = "alpha"\nlisten = "nowhere"', "'nowhere'"),
        (SMALLEST + 'http = "nowhere"', "'nowhere'"),
        (SMALLEST + 'log_format = "xml"', "console, json"),
        (SMALLEST + 'log_level = "loud"', "debug, info, warning, error"),
        (SMALLEST + "http_connections_max = 1", "8 to 65536"),
        (SMALLEST + "http_requests_max = 2000", "1 to 1024"),
        (SMALLEST + "event_listeners_max = 2000", "0 to 1024"),
        (SMALLEST + "verify_threads = -1", "0 to 64"),
        (SMALLEST + "stop_timeout_ms = 1", "100 to 3600000"),
        (SMALLEST + 'verify_threads = "two"', "whole number"),
        (SMALLEST + "verify_threads = true", "whole number"),
        (SMALLEST + "http = 7", "text in quotes"),
        (SMALLEST + 'neighbours = "beta"', "list of texts"),
        (SMALLEST + "neighbours = [7]", "list of texts"),
        (SMALLEST + 'neighbours = ["beta", "gamma", "beta"]', '"beta" more than once'),
        (SMALLEST + 'neighbours = ["alpha"]', "this node itself"),
        (SMALLEST + 'neighbours = ["No Good"]', "'No Good'"),
        (SMALLEST + f"neighbours = {[f'n{number}' for number in range(33)]}", "33 nodes; 32"),
        ("name = ", "not TOML (at its end: Invalid value)"),
        ('name = "alpha"\nlisten', "not TOML (at its end: Expected '=' after a key in a key/value pair)"),
        ("name = 1\n  = 2", "not TOML (line 2, column 3: Invalid statement)"),
        ("name = " + "[" * 100_000, "not TOML (it is nested far too deep)"),
        ("name = " + "9" * 10_000, "not TOML (a number in it has too many digits)"),
    ],
)
def test_a_wrong_value_is_refused_with_what_it_may_be(text: str, named: str) -> None:
    assert named in refusal(text)


def test_neighbours_are_names() -> None:
    assert parse_config(SMALLEST).neighbours == ()
    assert parse_config(SMALLEST + 'neighbours = ["beta", "gamma"]').neighbours == ("beta", "gamma")


def test_port_zero_takes_a_free_port_for_the_api() -> None:
    assert parse_config(SMALLEST + 'http = "127.0.0.1:0"').http == "127.0.0.1:0"


def test_a_missing_file_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="banyan init"):
        read_config(tmp_path / "config.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"cannot be read \(it is not a text in UTF-8\)"):
        read_config(path)
    path.write_bytes(b"#" * 70_000)
    with pytest.raises(ConfigError, match="too long"):
        read_config(path)


def test_a_byte_order_mark_is_no_setting(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(SMALLEST, encoding="utf-8-sig")
    assert read_config(path) == parse_config(SMALLEST)


def test_the_reference_explains_every_setting_with_its_default() -> None:
    page = (ROOT / "docs/reference/configuration.md").read_text("utf-8").partition("## The folder")[0]
    rows = {line.split("|")[1].strip(): line for line in page.splitlines() if line.startswith("| `")}
    default = replace(Config(name="alpha", listen="127.0.0.1:7101"))
    for one in fields(Config):
        row = rows[f"`{one.name}`"]
        value = getattr(default, one.name)
        if one.name not in ("name", "listen"):
            shown = "[]" if value == () else value
            assert f"`{shown}`" in row or (value == "" and "empty" in row), one.name
    assert len(rows) == len(fields(Config))
