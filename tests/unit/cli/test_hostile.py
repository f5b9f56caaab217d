"""Hostile input in the configuration and on the command line; and calls that the code itself never makes."""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import provisioner.steps  # noqa: F401  (importing the package registers the resource types)
from provisioner.cli.main import main
from provisioner.config.facts import Facts
from provisioner.config.models import Config
from provisioner.config.stack_file import load
from provisioner.config.validators import NAME
from provisioner.engine.errors import ConfigurationError
from provisioner.steps.capacity import _user_data
from tests.unit.cli.hostile import CONFIG, EVIL, WEB, harmless

ROOT = Path(__file__).parents[3]

# -- configuration and command line --------------------------------------------------------------------------------


def briefly(text: str) -> str:
    return ascii(text[:20])


NAMES = [
    "", " ", ".", "..", "../../x", "/etc/passwd", "a/b", "a\\b", "a b", "a\nb", "a;id", "$(id)", "`id`", "a'b", 'a"b',
    "-a", "A", "ä",
    "a\u202eb", "a\x00b", EVIL, "a\n", "x" * 100_000, "٣",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=briefly)
def test_no_name_leaves_its_alphabet(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text in (
        f"project = {json.dumps(name)}\n{WEB}",
        f"env = {json.dumps(name)}\n{WEB}",
        f'[services.{json.dumps(name)}]\nimage = "nginx:1"\nport = 80\n',
        f"region = {json.dumps(name)}\n{WEB}",
        f"[dns]\ndomain = {json.dumps(name)}\n{WEB}",
        f"[state]\nbucket = {json.dumps(name)}\n{WEB}",
    ):
        (here / "stack.toml").write_text(text)
        assert main(["status"]) == 4
        told = capsys.readouterr().err
        assert told.startswith("error: stack.toml")
        assert harmless(told)
        assert len(told) < 3000
    assert [path.name for path in here.iterdir()] == ["stack.toml"]


@pytest.mark.parametrize("name", [name for name in NAMES if name and "\x00" not in name], ids=briefly)
def test_no_environment_leads_out_of_the_state_directory(
    name: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("up", "down", "plan", "status", "output"):
        assert main([command, "--env", name]) == 4
        told = capsys.readouterr().err
        assert told.startswith("error: ")
        assert harmless(told)
    assert [path.name for path in here.iterdir()] == ["stack.toml"]


@pytest.mark.parametrize(
    "path",
    ["", " ", "/", "/etc", "../../etc", "app/../../etc", "~/x", "~root", "..", "a\nb", "a\x00b", EVIL, " a", "a/.."],
    ids=ascii,
)
def test_no_build_directory_leads_out_of_the_project(path: str) -> None:
    with pytest.raises(ValidationError, match="is not a directory beside this file"):
        Config.model_validate({"services": {"web": {"build": path, "port": 80}}})


@pytest.mark.parametrize(
    "path",
    ["", " ", "/", "/etc/passwd", "~/x", "~root", "a\nb", "a\x00b", EVIL, " a", "a/", "../../etc/x", "x/../../../y"],
    ids=ascii,
)
def test_no_dockerfile_leads_out_of_the_project(path: str) -> None:
    with pytest.raises(ValidationError, match=r"is not a path relative to build|outside the directory of this file"):
        Config.model_validate({"services": {"web": {"build": "app", "dockerfile": path, "port": 80}}})


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("image", "nginx:1\x1b[2J", "is not an image"),
        ("image", "nginx 1", "is not an image"),
        ("image", "$(id)", "is not an image"),
        ("health", "/\x1b[2J", "is not a health check path"),
        ("health", "/ä", "is not a health check path"),
        ("path", "/ä", "is not a load balancer's path pattern"),
        ("path", "/" + "*/" * 6, "has 6 wildcards"),
        ("path", "/??????", "has 6 wildcards"),
        ("path", "/", 'the pattern of the root alone on AWS, not of the paths below it: write "/*"'),
        ("user", "root\n", "is not a container user"),
        ("user", "٣", "is not a container user"),
        ("environment", {"A": "a\x00b"}, "contains a NUL"),
        ("environment", {"A=B": "a"}, "is not a variable name"),
    ],
)
def test_no_setting_of_a_service_holds_what_it_cannot_mean(key: str, value: Any, says: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(says)):
        Config.model_validate({"services": {"web": {"image": "nginx:1", "port": 80, "public": True} | {key: value}}})


def test_five_wildcards_are_allowed() -> None:
    Config.model_validate({"services": {"web": {"image": "a", "port": 80, "public": True, "path": "/*/*/?/?/*"}}})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a = " + "[" * 30_000 + "]" * 30_000, "nested too deeply"),
        (".".join("a" * 30_000) + " = 1", "nested too deeply"),
        ("x = { " + " . ".join("a" * 15_000) + " = 1 }", "nested too deeply"),
        ("[" + '"".' * 20_000 + '""]', "nested too deeply"),
        ("a = 1 #" + "x" * 65_536, "larger than"),
        ("a = " + "{ b = " * 100 + "1" + " }" * 100, "nested too deeply"),
        ("a = 1\na = 2", "not TOML"),
        (f'[services.web]\nimage = "{"x" * 10_000_000}"', "larger than"),
        ('a = "\x00"', "not TOML"),
        ("a = " + "9" * 10_000, "not TOML"),
        (f'{WEB}path = "/{"a" * 50_000}"', "load balancer's path pattern"),
        (f'capacity = {{ instance_types = ["a1g{"g" * 50_000}"] }}\n{WEB}', "not an EC2 instance type"),
        (f'dns = {{ domain = "{"a." * 30_000}com" }}\n{WEB}', "not a domain name"),
        ("network = { allow = [" + '"1.1.1.1/32",' * 4_000 + f"] }}\n{WEB}", "is listed twice"),
        (f"network = {{ allow = [{','.join(f'{n}' for n in range(10_000))}] }}\n{WEB}", "must be text in quotes"),
        (f"{WEB}{'k' * 50_000} = 1", "is unknown"),
    ],
    ids=["list", "dots", "spaced dots", "quoted dots", "64 KB", "tables", "twice", "10 MB", "NUL", "number", "path",
         "type", "domain", "same", "many", "key"],
)  # fmt: skip
def test_no_file_is_too_much(content: str, says: str, here: Path) -> None:
    (here / "stack.toml").write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        load(here / "stack.toml")
    assert says in str(caught.value)
    assert max(map(len, str(caught.value).splitlines())) < 2000


@pytest.mark.parametrize("place", ["stack.toml", "/dev/null/x", "x" * 5000, "a\nb/\x1b[2J"], ids=ascii)
def test_a_state_directory_that_cannot_be_one_is_one_line(
    place: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = (
        main(["up", "--yes", "--state-dir", place])
        if place != "a\nb/\x1b[2J"
        else main(["status", "--state-dir", place])
    )
    told = capsys.readouterr()
    assert code == (1 if told.err else 0)
    assert harmless(told.out + told.err)
    assert told.err.count("error: ") == (1 if told.err else 0)
    assert [path.name for path in here.iterdir()] == ["stack.toml"]


def test_a_link_out_of_the_project_is_not_followed_to_be_built(tmp_path: Path) -> None:
    from provisioner.config.builds import check_builds, content_tag

    outside, root = tmp_path / "outside", tmp_path / "project"
    outside.mkdir()
    root.mkdir()
    (root / "web").symlink_to(outside)
    config = Config.model_validate({"services": {"web": {"build": "web", "port": 80}}})
    place = ("eu-west-1", ("eu-west-1a", "eu-west-1b"), "ami-1", "Z1", ("192.0.2.1/32",))
    facts = Facts("123456789012", "aws", *place, engine=False, local=False, root=root)
    with pytest.raises(ConfigurationError, match="is a symbolic link to a path outside"):
        check_builds(config, facts, root)
    (root / "api").mkdir()
    (outside / "secret").write_text("secret")
    (root / "api" / "Dockerfile").symlink_to(outside / "secret")
    for named in ({}, {"dockerfile": "Dockerfile"}):
        config = Config.model_validate({"services": {"api": {"build": "api", "port": 80, **named}}})
        with pytest.raises(ConfigurationError, match="api/Dockerfile is a symbolic link to a path outside"):
            check_builds(config, facts, root)
    os.mkfifo(outside / "pipe")
    assert content_tag(outside) == content_tag(outside)


@settings(max_examples=30)
@given(st.from_regex(NAME, fullmatch=True), st.from_regex(NAME, fullmatch=True))
def test_user_data_cannot_be_broken_out_of(project: str, env: str) -> None:
    try:
        name = Config.model_validate({"project": project, "env": env, "services": CONFIG.model_dump()["services"]}).name
    except ValidationError:
        return
    assert re.fullmatch("[a-z0-9-]+", name)
    first, script = _user_data("NAME").splitlines(), _user_data(name).splitlines()
    assert script == [line.replace("NAME", name) for line in first]
    assert script.count("END") == 1
    assert "<<'END'" in script[1]


# -- the code itself -----------------------------------------------------------------------------------------------

FORBIDDEN = {
    *(
        "eval",
        "exec",
        "compile",
        "__import__",
        "os.system",
        "os.popen",
        "subprocess.getoutput",
        "subprocess.getstatusoutput",
    ),
    *("pickle.load", "pickle.loads", "marshal.load", "marshal.loads", "shelve.open", "yaml.load", "tempfile.mktemp"),
}


ROOMS = ("provisioner", "emulator", "steps", "state", "app")


def test_nothing_is_given_to_a_shell_or_run_as_code() -> None:
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    assert len(files) > 100
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)[:80]}"
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and _dangerous(node)
    ]
    assert found == []


def _dangerous(call: ast.Call) -> bool:
    match call.func:
        case ast.Name(name) | ast.Attribute(ast.Name("builtins"), name):
            called = name
        case ast.Attribute(ast.Name(module), name):
            called = f"{module}.{name}"
        case _:
            called = ""
    return called in FORBIDDEN or any(word.arg == "shell" for word in call.keywords)


def test_the_check_itself_sees_them() -> None:
    for text in ("subprocess.run(a, shell=True)", "os.system(a)", "eval(a)", "builtins.exec(a)", "pickle.loads(a)"):
        (call,) = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        assert _dangerous(call)
