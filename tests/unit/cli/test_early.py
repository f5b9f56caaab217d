"""Refusals that need no cloud: of missing credentials, and of commands on a stack that is not up."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provisioner.aws import credential_sources
from provisioner.cli.main import main
from tests.cloud.warm import ROOT

STACK = 'project = "shop"\n[services.web]\nimage = "nginx:1"\nport = 80\n'
Bare = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    """Run the program as a user without any setting of AWS."""
    (tmp_path / "stack.toml").write_text(STACK)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    settings = kept | {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true", "PYTHONPATH": str(ROOT)}

    def run(*words: str, code: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        program = ["-c", code, *words] if code else ["-m", "provisioner.cli.main", *words]
        return subprocess.run(
            [sys.executable, *program],
            cwd=tmp_path,
            env=settings | more,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


LOADED = (
    "import sys; from provisioner.cli.main import main; code = main(); "
    "print(*(name for name in ('boto3', 'botocore', 'provisioner.steps', 'provisioner.resources') "
    "if name in sys.modules)); sys.exit(code)"
)


@pytest.mark.parametrize("words", [("plan",), ("up", "--yes"), ("down",), ("deploy", "web")], ids=" ".join)
def test_missing_credentials_load_nothing_heavy(bare: Bare, words: tuple[str, ...]) -> None:
    ended = bare(*words, "--target", "aws", code=LOADED)
    assert (ended.returncode, ended.stdout) == (1, "\n")
    assert ended.stderr == f"error: {credential_sources.MISSING}\nMore: `provision explain credentials`\n"


def test_an_error_of_the_file_comes_before_credentials(bare: Bare, tmp_path: Path) -> None:
    (tmp_path / "stack.toml").write_text(f'target = "aws"\n{STACK}colour = "red"\n')
    ended = bare("plan")
    assert ended.returncode == 4
    assert "services.web.colour: is unknown" in ended.stderr


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without a setting of AWS, on a machine without metadata."""
    for name in os.environ:
        if name.startswith(("AWS_", "BOTO_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


def test_each_place_of_credentials_is_looked_at(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert credential_sources.are_nowhere()
    for name in credential_sources.VARIABLES:
        with monkeypatch.context() as patch:
            patch.setenv(name, "x")
            assert not credential_sources.are_nowhere()
    (nowhere / "config").write_text("")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        with monkeypatch.context() as patch:
            patch.setenv(name, str(nowhere / "none"))
            assert credential_sources.are_nowhere()
            patch.setenv(name, str(nowhere / "config"))
            assert not credential_sources.are_nowhere()
    (nowhere / ".aws").mkdir()
    (nowhere / ".aws" / "config").write_text("")
    assert not credential_sources.are_nowhere()


def test_the_places_are_those_of_botocore(nowhere: Path) -> None:
    """A new provider of botocore's is a place that has to be looked at here, too."""
    import botocore.session
    from botocore.credentials import create_credential_resolver

    resolver = create_credential_resolver(botocore.session.Session())
    assert {type(one).__name__ for one in resolver.providers} == {
        "EnvProvider", "AssumeRoleProvider", "AssumeRoleWithWebIdentityProvider", "SSOProvider", "LoginProvider",
        "SharedCredentialProvider", "ProcessProvider", "ConfigProvider", "OriginalEC2Provider", "BotoProvider",
        "ContainerProvider", "InstanceMetadataProvider",
    }  # fmt: skip


def test_an_instances_metadata_may_have_credentials(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(credential_sources, "METADATA", server.getsockname())
        assert not credential_sources.are_nowhere()
    assert credential_sources.are_nowhere(), "nobody listens any more"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory with a configuration alone."""
    (tmp_path / "stack.toml").write_text(STACK)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert not (tmp_path / ".provision" / "cloud.json").exists(), "no cloud was started"


@pytest.mark.parametrize(
    "words",
    [
        ("deploy", "web", "--image", "nginx:2"), ("rollback", "web"), ("scale", "web", "2"), ("sleep", "web", "--yes"),
        ("wake", "web"), ("sleep", "--yes"), ("wake",), ("run", "web"), ("exec", "web", "--", "ls"),
        ("tunnel", "web"), ("history", "web"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_stack_that_is_not_up_needs_no_cloud_to_say_so(
    words: tuple[str, ...], shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 4
    assert capsys.readouterr().err == "error: shop-dev is not up: create it with `provision up`\n"


@pytest.mark.parametrize("words", [("pause", "web", "--yes"), ("resume", "web")], ids=" ".join)
def test_so_do_the_former_names(words: tuple[str, ...], shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 4
    note, error = capsys.readouterr().err.splitlines()
    assert note.startswith(f"note: `{words[0]}` is now ")
    assert error == "error: shop-dev is not up: create it with `provision up`"


def test_down_of_nothing_needs_no_cloud(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down"]) == 0
    assert capsys.readouterr().out == "shop-dev is not up: there is nothing to delete.\n"
    assert main(["down", "--json"]) == 0
    ended = json.loads(capsys.readouterr().out)
    assert (ended["event"], ended["command"], ended["ok"], ended["counts"]) == ("run_finished", "down", True, {})
    assert main(["down", "--target-step", "nowhere"]) == 4, "a wrong step is still wrong"


def test_a_state_in_a_bucket_is_nowhere_without_its_cloud(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "stack.toml").write_text(f'{STACK}[state]\nbucket = "team-states"\n')
    assert main(["rollback", "web"]) == 4
    assert "shop-dev is not up" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("no/where/plan.json", "No such file or directory"),
        ("stack.toml", "File exists"),
        ("stack.toml/plan.json", "Not a directory"),
    ],
)
def test_a_place_for_a_plan_is_checked_first(
    place: str, why: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "--out", place]) == 4
    assert capsys.readouterr().err == f"error: {place} cannot be written: {why}: choose another file\n"
