"""The lock of the users' packages: versions and hashes from the tests, complete dependencies, no index."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCKS = (
    "requirements.lock",
    "requirements-user.lock",
    "emulator/requirements.lock",
    "tests/audit/prowler.lock",
    "tests/audit/supply.lock",
)
Lock = dict[str, tuple[str, set[str]]]


def read(name: str) -> Lock:
    """A lock's packages: the version, and the hashes of its files."""
    found: Lock = {}
    for entry in re.split(r"\n(?=\S)", (ROOT / name).read_text()):
        if head := re.match(r"([\w.-]+)==([^\s;]+)", entry):
            found[normal(head[1])] = (head[2], set(re.findall(r"--hash=(sha256:[0-9a-f]{64})\b", entry)))
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("name", LOCKS)
def test_each_package_has_hashes_and_no_index_is_named(name: str) -> None:
    lock = read(name)
    assert len(lock) > 20
    assert [package for package, (_, hashes) in lock.items() if not hashes] == []
    text = (ROOT / name).read_text()
    told = re.sub(r"^ *#.*$", "", text, flags=re.MULTILINE)
    assert {*re.findall(r"(?<!\S)-{1,2}[A-Za-z][\w-]*", told)} == {"--hash"}, "no option of pip's but the hashes"
    assert not re.search(r"https?:|index.url|find-links|trusted-host|^-e|^\.|@ ", text, re.MULTILINE)
    assert not re.search(r"^ *#.* /", text, re.MULTILINE), "a path of the machine it was made on"


@pytest.mark.parametrize("name", ["requirements-user.lock", "emulator/requirements.lock"])
def test_users_get_what_the_tests_ran_with(name: str) -> None:
    tested, users = read("requirements.lock"), read(name)
    assert {package: entry for package, entry in users.items() if tested.get(package) != entry} == {}


@pytest.mark.parametrize(
    ("name", "folders"), [("requirements-user.lock", (".", "emulator")), ("emulator/requirements.lock", ("emulator",))]
)
def test_users_need_nothing_that_is_not_in_their_lock(name: str, folders: tuple[str, ...]) -> None:
    projects = [tomllib.loads((ROOT / folder / "pyproject.toml").read_text()) for folder in folders]
    wanted = [need for one in projects for need in (*one["build-system"]["requires"], *one["project"]["dependencies"])]
    lock, seen = read(name), set[str]()
    while wanted:
        # dependencies of extras or other platforms are not followed: they may not be installed here
        package = normal(re.split(r"[\s\[<>=!~;(]", wanted.pop(), maxsplit=1)[0])
        if package not in seen:
            seen.add(package)
            wanted += [one for one in requires(package) or () if ";" not in one]
    assert seen - lock.keys() == set()
    assert len(seen) > 20
    assert not {"pytest", "mypy", "ruff", "hypothesis"} & lock.keys()
