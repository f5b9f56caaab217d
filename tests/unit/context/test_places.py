"""Places of files: the configuration is found from below, the state beside it, and no former place is ignored."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from provisioner.config import paths
from provisioner.config.stack_file import load
from provisioner.operations.context import stacks
from provisioner.operations.context.options import Options
from provisioner.state.local import LOCK, LocalStore
from provisioner.state.lock import holder, myself
from provisioner.state.model import Record
from provisioner.state.model import Run as Ran
from tests.unit.cli.hostile import WEB
from tests.unit.conftest import Run

ACCOUNT, REGION = "123456789012", "ap-northeast-1"
NEW = 'project = "shop"\n' + WEB


def store(directory: Path, name: str, target: str = "local") -> LocalStore:
    return LocalStore(directory / target / name, name, "up", "0")


def record(directory: Path, name: str, target: str = "local", resources: int = 1) -> None:
    """Record a stack in a state directory."""
    with store(directory, name, target) as open_store:
        open_store.guard(name, ACCOUNT, REGION)
        for number in range(resources):
            open_store.put(Record(f"vpc/{number}", "vpc", "ready", "t", f"vpc-{number}", created=1_000_000.0 + number))


@pytest.fixture
def directory(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory is `a/b` below a project whose stack has one resource, all below the home directory."""
    monkeypatch.setenv("HOME", str(tmp_path))
    project = tmp_path / "project"
    (project / "a" / "b").mkdir(parents=True)
    (project / "stack.toml").write_text(NEW)
    record(project / ".provision", "shop-dev")
    monkeypatch.chdir(project / "a" / "b")
    return project


# -- from below ------------------------------------------------------------------------------------------------------


def test_a_subdirectory_has_the_projects_configuration_and_state(run: Run, directory: Path) -> None:
    code, out, err = run("state", "list", "--json")
    assert (code, [resource["id"] for resource in json.loads(out)]) == (0, ["vpc-0"])
    assert err == "configuration: ../../stack.toml\n"
    assert Options().command_line("up") == "`provision up`", "it is found again by the next command"
    assert Options().directory == Path("../../.provision")
    assert not (directory / "a" / "b" / ".provision").exists()


def test_the_clouds_commands_ask_the_same_directory(run: Run, directory: Path) -> None:
    assert run("cloud", "status", "--json") == (0, '{"running": false}\n', "configuration: ../../stack.toml\n")
    (directory / ".provision" / "cloud.json").write_text("{}")
    assert run("cloud", "stop")[0] == 0
    assert not (directory / ".provision" / "cloud.json").exists()


def test_the_nearest_one_counts_and_here_it_is_not_named(run: Run, directory: Path) -> None:
    Path("stack.toml").write_text(WEB)
    assert run("state", "list") == (0, "", "")
    Path("stack.toml").unlink()
    # a broken link was intended as a configuration too
    Path("stack.toml").symlink_to("nowhere.toml")
    code, _, err = run("state", "list")
    assert (code, err[:38]) == (4, "error: stack.toml: there is no such fi")


def test_what_lies_above_the_home_directory_is_not_looked_at(
    run: Run, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / "home").symlink_to(directory / "a")
    monkeypatch.setenv("HOME", str(directory / "home"))
    code, out, err = run("status")
    assert (code, out) == (4, "")
    assert "there is no stack.toml in this directory or above it: write one with `provision init`" in err
    assert not Path(".provision").exists()


def test_what_another_user_put_above_is_not_taken(run: Run, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user with write access to a directory above, such as /tmp, could redirect the command."""
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    code, out, err = run("status")
    assert (code, out) == (4, "")
    assert "the nearest configuration is ../../stack.toml, which belongs to another user" in err
    assert "--config ../../stack.toml" in err


def test_in_a_directory_that_was_deleted_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert paths.configuration() == Path("stack.toml")


# -- beside the configuration ----------------------------------------------------------------------------------------


def test_the_state_of_a_named_configuration_lies_beside_it(
    run: Run, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directory.parent)
    code, out, err = run("state", "list", "-c", "project/stack.toml")
    assert (code, out, err) == (0, "vpc/0  ready  vpc-0\n", "")
    assert run("state", "list", "-c", "project/stack.toml", "--state-dir", "other") == (0, "", "")


def moved(err: str) -> str:
    """Return the command that a message advises."""
    return err.split("move it with `")[1].split("`", maxsplit=1)[0]


@pytest.mark.parametrize("beside", ["nothing", "another stack", "the stack when it was down"])
def test_a_state_in_its_former_place_is_named_with_its_move(
    run: Run, directory: Path, monkeypatch: pytest.MonkeyPatch, beside: str
) -> None:
    monkeypatch.chdir(directory.parent)
    (directory / ".provision").rename(".provision")
    Path(".provision/cloud.json").write_text("{}")
    if beside == "another stack":
        record(directory / ".provision", "other-dev")
    elif beside == "the stack when it was down":
        record(directory / ".provision", "shop-dev", resources=0)
    for words in (("up", "--yes"), ("plan",), ("state", "list"), ("down", "--yes"), ("cloud", "start")):
        code, out, err = run(*words, "-c", "project/stack.toml")
        assert (code, out) == (4, "")
        assert "the state of shop-dev (1 resource) is in .provision, where earlier versions kept it" in err
    assert not (directory / ".provision" / "cloud.json").exists(), "nothing was started beside a second, empty state"
    assert "vpc-0" in run("state", "list", "-c", "project/stack.toml", "--state-dir", ".provision")[1]
    assert run("state", "list", "-c", "project/stack.toml", "--state-dir", "project/.provision")[:2] == (0, "")
    subprocess.run(["sh", "-ec", moved(err)], check=True)
    assert "vpc-0" in run("state", "list", "-c", "project/stack.toml")[1]
    assert (directory / ".provision" / "cloud.json").exists(), "the embedded cloud goes with it"
    stacks_there = {one["stack"] for one in json.loads(run("list", "--json", "-c", "project/stack.toml")[1])["stacks"]}
    assert stacks_there == {"shop-dev"} | ({"other-dev"} if beside == "another stack" else set())
    if beside == "another stack":
        assert (directory / ".provision" / "local" / "other-dev" / "state.json").exists()


def test_a_broken_state_in_its_former_place_is_named_as_well(
    run: Run, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directory.parent)
    (directory / ".provision").rename(".provision")
    Path(".provision/local/shop-dev/state.json").write_text("{")
    code, _, err = run("status", "-c", "project/stack.toml")
    assert code == 4
    assert "not JSON" in err
    assert moved(err) == "mv .provision project/.provision"


def test_another_stacks_state_here_is_no_former_place(
    run: Run, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directory.parent)
    record(Path(".provision"), "other-dev")
    record(Path(".provision"), "shop-dev", "aws")
    record(Path(".provision"), "shop-dev")
    assert "vpc-0" in run("state", "list", "-c", "project/stack.toml")[1], "it has a state of its own already"


def test_another_configurations_state_here_is_no_former_place(
    run: Run, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directory.parent)
    (directory / ".provision").rename(".provision")
    Path("stack.toml").write_text((directory / "stack.toml").read_text())
    assert run("state", "list", "-c", "project/stack.toml") == (0, "", "")
    Path("stack.toml").write_text(NEW.replace('"shop"', '"other"'))
    code, _, err = run("state", "list", "-c", "project/stack.toml")
    assert (code, "where earlier versions kept it" in err) == (4, True), "that one has nothing to do with it"


# -- renamed ---------------------------------------------------------------------------------------------------------


def told(options: Options, **overrides: str) -> list[str]:
    config = load(options.file, **overrides)
    return stacks.beside(options, config, {})


def test_a_renamed_stack_is_named_before_another_is_created(run: Run, directory: Path) -> None:
    config = directory / "stack.toml"
    config.write_text(NEW.replace('"shop"', '"store"'))
    (text,) = told(Options())
    assert text == (
        "store-dev has no resources, but the state directory also has the stack shop-dev (1 resource). If this "
        "configuration used to be that stack, write its project and env again, then run `provision down` to delete it"
    )
    config.write_text('env = "test"\n' + NEW)
    (text,) = told(Options())
    assert "shop-test has no resources, but the state directory also has the stack shop-dev (1 resource)" in text
    assert text.endswith('write env = "dev" again, or run `provision down --env dev` to delete it')
    config.write_text(NEW.replace('"shop"', '"store"'))
    (text,) = told(Options(env="staging"), env="staging")
    assert text.endswith("write its project and env again, then run `provision down` to delete it")


def test_an_environment_that_was_asked_for_is_no_renamed_stack(run: Run, directory: Path) -> None:
    assert told(Options(env="staging"), env="staging") == []
    # an environment of another project is not one of this file's
    (directory / "stack.toml").write_text(NEW.replace('"shop"', '"store"'))
    assert len(told(Options(env="staging"), env="staging")) == 1


def test_stacks_of_another_target_or_down_are_not_reported(run: Run, directory: Path) -> None:
    (directory / "stack.toml").write_text(NEW.replace('"shop"', '"store"'))
    assert told(Options(), target="aws") == []
    record(directory / ".provision", "gone-dev", resources=0)
    assert len(told(Options())) == 1
    options = Options()
    assert stacks.beside(options, load(options.file), {"vpc/main": Record("vpc/main", "vpc", "ready", "")}) == []


# -- list ------------------------------------------------------------------------------------------------------------


@contextmanager
def working(directory: Path, name: str) -> Iterator[None]:
    """Run a command on a stack while the context lasts."""
    with store(directory, name):
        yield


def test_list_shows_all_stacks_of_the_directory(run: Run, directory: Path) -> None:
    state = directory / ".provision"
    record(state, "shop-staging", "aws", 3)
    now = time.time()
    with store(state, "shop-staging", "aws") as staging:
        staging.put(Record("subnet/a", "subnet", "creating", "t"))
        staging.finish(Ran("up", now - 7300, 60.0, "failed"))
    record(state, "other-dev", resources=0)
    (state / "local" / "broken").mkdir()
    (state / "local" / "broken" / "state.json").write_text("{")
    (state / "local" / "empty").mkdir()
    with working(state, "shop-dev"):
        code, out, _ = run("list", "--json")
    assert code == 0
    document = json.loads(out)
    assert (document["directory"], document["notes"]) == ("../../.provision", [])
    found = {(one["target"], one["stack"]): one for one in document["stacks"]}
    assert list(found) == [
        *(("local", "broken"), ("local", "other-dev"), ("local", "shop-dev")),
        ("aws", "shop-staging"),
    ]
    staged = found["aws", "shop-staging"]
    assert (staged["env"], staged["account"], staged["region"]) == ("staging", ACCOUNT, REGION)
    assert (staged["resources"], staged["ready"], staged["created"]) == (4, 3, "1970-01-12T13:46:40+00:00")
    assert (staged["last_run"]["command"], staged["last_run"]["result"], staged["locked_by"]) == ("up", "failed", "")
    assert f"process {os.getpid()}" in found["local", "shop-dev"]["locked_by"]
    assert found["local", "other-dev"]["env"] == ""
    assert "not JSON" in found["local", "broken"]["problem"]

    head, *rows = run("list")[1].splitlines()
    assert " ".join(head.split()) == "stack env target account region resources USD a month created last run"
    (line,) = [row for row in rows if row.startswith("shop-staging")]
    assert f"staging  aws     {ACCOUNT}  {REGION}  4, 1 not ready" in line
    assert line.endswith("up failed, 2 hours ago")
    assert " days ago" in line


def test_list_needs_neither_a_stack_nor_a_configuration(run: Run, tmp_path: Path) -> None:
    assert run("list") == (0, "No stacks in .provision. Create one: `provision up`.\n", "")
    record(tmp_path / ".provision", "shop-dev")
    assert "shop-dev" in run("list")[1]
    (tmp_path / "stack.toml").write_text("project = 1\n")
    code, out, err = run("list")
    assert code == 0
    assert "shop-dev" in out
    assert err.startswith(
        "note: the configuration, which may name a state bucket, could not be read: "
        "stack.toml:1:11: project: must be text"
    )


def test_list_starts_nothing_to_look_into_a_bucket(run: Run, tmp_path: Path) -> None:
    (tmp_path / "stack.toml").write_text('[state]\nbucket = "states"\n' + WEB)
    code, out, err = run("list")
    assert (code, out) == (0, "No stacks in .provision. Create one: `provision up`.\n")
    assert err.startswith("note: the bucket states could not be read: the embedded cloud")
    assert not (tmp_path / ".provision").exists()


def test_a_lock_is_reported_only_while_somebody_holds_it(tmp_path: Path) -> None:
    assert holder(tmp_path / "a" / LOCK) == ""
    record(tmp_path, "shop-dev")
    lock = tmp_path / "local" / "shop-dev" / LOCK
    assert holder(lock) == ""
    with working(tmp_path, "shop-dev"):
        assert holder(lock).startswith("`provision up` by ")
    ended = subprocess.Popen(["true"])
    ended.wait()
    for left in (myself("up") | {"pid": ended.pid}, myself("up"), myself("up") | {"host": "another"}):
        lock.write_text(json.dumps(left))
        assert holder(lock) == "", "a killed command's words"
