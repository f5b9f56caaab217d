"""The path patterns of public services: one or a list, their limits, and patterns that would take others' requests."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.config.models import Config
from provisioner.config.path_patterns import meet
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError

TABLE = "[services.{}]\nimage = 'nginx:1'\nport = 80\npublic = true\npath = {!r}\n"


def loaded(tmp_path: Path, more: str = "", **paths: Any) -> Config:
    path = tmp_path / "stack.toml"
    path.write_text(more + "".join(TABLE.format(name, value) for name, value in paths.items()))
    return load(path)


def test_a_text_is_a_list_of_one(tmp_path: Path) -> None:
    assert loaded(tmp_path, web="/a/*") == loaded(tmp_path, web=["/a/*"])
    assert loaded(tmp_path, web=["/a/*", "/b"]).services["web"].path == ("/a/*", "/b")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([], "path: is empty: name a path pattern"),
        ([f"/{n}" for n in range(6)], "path: has 6 patterns, and AWS allows 5 in a rule"),
        (["/*/*/*/a", "/?/?/?"], r"path: has 6 wildcards \(\* and \?\), and AWS allows 5 in a rule"),
        (["/a", "/a"], 'path: "/a" is listed twice'),
        (["/*", "/a"], r'path: "/\*" takes all that the other patterns take: write "/\*" alone'),
        (["/a", "b"], "path: .*begin with /"),
        (["/a", 7], "path: must be"),
        (["/a", "/"], r'path: "/" is the pattern of the root alone'),
    ],
)
def test_a_list_that_no_rule_can_have(tmp_path: Path, value: list[Any], told: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        loaded(tmp_path, web=value)
    (line,) = str(raised.value).splitlines()
    assert re.search(f"services.web.{told}", line), line


@pytest.mark.parametrize("key", ["path = '/a'", "sticky = 9"])
def test_a_key_without_effect(tmp_path: Path, key: str) -> None:
    (tmp_path / "stack.toml").write_text(f"[services.web]\nimage = 'nginx:1'\nport = 80\n{key}\n")
    with pytest.raises(
        ConfigurationError, match=f"{key.split(maxsplit=1)[0]}: has no effect on a service that is not public"
    ):
        load(tmp_path / "stack.toml")


def test_two_services_have_no_pattern_in_common(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r'services.b.path: "/x" is the path of services.a too'):
        loaded(tmp_path, a=["/a", "/x"], b=["/x", "/b"])


def test_a_list_takes_nothing_from_a_longer_pattern(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        loaded(tmp_path, a=["/a/*", "/x/much/longer/*"], b="/a/b/*")
    assert 'services.a.path: "/a/*": with "/x/much/longer/*" in the list it is tried before "/a/b/*"' in str(
        raised.value
    )
    loaded(tmp_path, a=["/a/*", "/x/much/longer/*"], b="/c/b/*")
    loaded(tmp_path, a=["/a/*", "/x/*"], b="/a/b/*")
    loaded(tmp_path, a="/*", b=["/a/*", "/x/much/longer/*"])


@given(*[st.from_regex(r"/[ab*?]{0,4}", fullmatch=True)] * 2, st.from_regex(r"/[ab]{0,4}", fullmatch=True))
def test_patterns_meet_where_a_path_fits_both(one: str, other: str, path: str) -> None:
    if fnmatchcase(path, one) and fnmatchcase(path, other):
        assert meet(one, other)
        assert meet(other, one)


@pytest.mark.parametrize(("one", "other"), [("/a/*", "/b/*"), ("/a", "/a/*"), ("/a?", "/a"), ("/*a", "/*b")])
def test_patterns_without_a_path_in_common(one: str, other: str) -> None:
    assert not meet(one, other)
    assert not meet(other, one)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("idle_timeout = 4001", "idle_timeout: 4001 is not an idle timeout in seconds"),
        ("tls_policy = 'TLS13'", 'tls_policy: "TLS13" is not the name of a security policy'),
        (
            "tls_policy = 'ELBSecurityPolicy-TLS13-1-2-2021-06'",
            "tls_policy: has no effect without HTTPS: add dns.domain",
        ),
    ],
)
def test_options_of_the_load_balancer(tmp_path: Path, keys: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        loaded(tmp_path, f"[load_balancer]\n{keys}\n", web="/*")
    assert f"load_balancer.{told}" in str(raised.value)
