"""Tests in forks have pytest's own reports, and no fork can take the test process with it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
BEGIN = """
import os, signal, time, warnings
import pytest
from tests.cloud import world
from tests.cloud.world import own
from tests.cloud.world.stood import stood
from tests.cloud.project import NETWORK

def stand(here):
    print("standing up")
    here.up(*NETWORK)
    return len(here.inventory()["vpcs"])

@pytest.fixture
def project(cloud, tmp_path):
    with stood(cloud, tmp_path, stand) as here:
        yield here
"""
STANDING = """
pytestmark = world.STANDING.with_args(stand)

@pytest.mark.parametrize("number", range(2))
def test_each_begins_with_the_stack(project, number):
    assert own.HERE.left == len(project.inventory()["vpcs"]) > 0
    assert project.planned(*NETWORK) == {}
    project.run("down", "--yes")
    assert len(project.inventory()["vpcs"]) == own.HERE.left - 1

def test_a_real_process_comes_in_by_the_door(project):
    assert project.end(project.start("plan", *NETWORK)).code == 0
    assert project.end(project.fork("plan", *NETWORK)).code == 0

def test_what_is_wrong_is_told(project):
    print("said before")
    mine, others = 1, 2
    assert mine == others

def test_a_refusal_is_one(project):
    assert "no such service" in project.run("scale", "nobody", "3", code=0).err

def test_a_warning_is_an_error(project):
    warnings.warn("beware", stacklevel=1)

@pytest.mark.skip(reason="not today")
def test_skipped(project):
    pass

@pytest.mark.xfail(strict=True)
def test_expected(project):
    assert False

def test_it_is_killed(project):
    os.kill(os.getpid(), signal.SIGKILL)

def test_it_ends(project):
    os._exit(0)

@pytest.mark.timeout(3)
def test_it_hangs(project):
    time.sleep(1000)

def test_the_last_one_is_fine_again(project):
    assert project.planned(*NETWORK) == {}
"""
FILE = """
pytestmark = world.FILE
seen = []

@pytest.fixture(scope="module")
def once():
    seen.append("made")
    yield os.getpid()
    seen.append("gone")

def test_one(cloud, once):
    seen.append("one")
    cloud.client("ecs").create_cluster()
    assert once == os.getpid()

def test_two(cloud, once):
    assert seen == ["made", "one"]
    assert cloud.client("ecs").list_clusters()["clusterArns"] == []

def test_crash(cloud, once):
    os._exit(7)

def test_three(cloud, once):
    assert seen == ["made"]

def test_four():
    assert seen == ["made"]
"""
FALLS = """
def fall(here):
    raise ValueError("no ground")

pytestmark = world.STANDING.with_args(fall)

def test_one():
    pass

def test_two():
    pass
"""


def ran(directory: Path, *files: str, more: tuple[str, ...] = (), **environment: str) -> tuple[str, dict[str, str]]:
    """Run the files by pytest; return its output, and how each test ended."""
    for number, text in enumerate(files):
        place = directory / f"room{number // 2}" / f"test_{number}.py"
        place.parent.mkdir(exist_ok=True)
        (place.parent / "__init__.py").touch()
        place.write_text(BEGIN + text)
    words = ["-p", "tests.conftest", "-p", "tests.cloud.conftest", "-v", "-rA", "--no-header", "-p", "no:cacheprovider"]
    where = ["--rootdir", str(directory), "-c", str(ROOT / "pyproject.toml"), str(directory)]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *more, *where],
        cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    found = re.findall(r"^(PASSED|FAILED|ERROR|SKIPPED|XFAIL) .*?::(\w+(?:\[\w+\])?)", ended.stdout, re.MULTILINE)
    return ended.stdout + ended.stderr, {name: how for how, name in found}


def test_other_directories_around_a_world(tmp_path: Path) -> None:
    here = "def test_here(tmp_path_factory):\n    pass\n"
    forked = "pytestmark = world.EMPTY\n\ndef test_forked(cloud):\n    pass\n"
    text, how = ran(tmp_path, here, forked, here, more=("--import-mode=importlib",))
    assert how == {"test_here": "PASSED", "test_forked": "PASSED"}, text
    assert "3 passed" in text


def test_what_becomes_of_tests_in_a_standing_stack(tmp_path: Path) -> None:
    text, how = ran(tmp_path, STANDING, FALLS, more=("-n", "2", "--dist", "loadfile"))
    good = {"test_each_begins_with_the_stack[0]", "test_each_begins_with_the_stack[1]"}
    good |= {"test_a_real_process_comes_in_by_the_door", "test_the_last_one_is_fine_again"}
    assert {name for name, end in how.items() if end == "PASSED"} == good, text
    assert how["test_expected"] == "XFAIL"
    bad = {name for name, end in how.items() if end == "FAILED"}
    assert {"test_what_is_wrong_is_told", "test_a_refusal_is_one", "test_a_warning_is_an_error"} <= bad
    assert {"test_it_is_killed", "test_it_ends", "test_it_hangs", "test_one", "test_two"} <= bad
    assert "1 skipped" in text
    for said in ("said before", "assert 1 == 2", "beware", "by SIGKILL", "Timeout", "no ground"):
        assert said in text, text


def test_a_file_shares_a_process_until_it_breaks(tmp_path: Path) -> None:
    text, how = ran(tmp_path, FILE)
    assert how == {f"test_{name}": "PASSED" for name in ("one", "two", "three", "four")} | {"test_crash": "FAILED"}, (
        text
    )
    assert "exit code 7" in text or "nothing says how" in text


def test_the_same_tests_run_without_worlds(tmp_path: Path) -> None:
    text, how = ran(tmp_path, STANDING, more=("-k", "begins or fine or door"), NO_WORLD="1")
    assert set(how.values()) == {"FAILED", "PASSED"}, text
    # nothing stands but what the test has stood up itself
    assert how["test_the_last_one_is_fine_again"] == "PASSED"
