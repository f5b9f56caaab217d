"""Remove the caller's AWS settings from every test, and divide all tests into tiers."""

from __future__ import annotations

import argparse
import gc
import os
import signal
from functools import cache
from pathlib import Path

import pytest
import typer.main
from hypothesis import settings

from tests import parts

TIERS = frozenset({"quick", "cloud", "slow"})
TESTS = Path(__file__).parent
CLOUD = TESTS / "cloud"
LONG = (
    "resources_contract", "resources_contract_serving", "rehearse_whole", "afternoon", "faults_whole", "crash",
    "recover", "two_stacks", "stack_whole", "stack_services", "cli_terminal", "stack_options", "plan_is_up", "secrets",
    "rehearse", "resources_rds", "resources_capacity", "environments", "ci", "own_steps", "doctor",
)  # fmt: skip
"""The slowest files in tests/cloud."""
DEAR = (
    "crash", "resources_contract", "stack_whole", "stack_health", "resources_cloudcontrol", "refusals",
    "suspended_scaling", "hooks", "lost_settings", "run", "own_steps", "ci", "dash",
)  # fmt: skip
"""The files in tests/cloud whose first test takes about four seconds or more."""

# Reading all tests makes little garbage: looking for it is a fifth of the time.
gc.disable()

# A command in the background ignores Ctrl-C, and so would all programs that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples on every machine, and no deadline: a busy machine is not a failure.
settings.load_profile("ci")

# A program builds its commands once; `main()` in a test's process would build all of them at each call (0.07 s).
typer.main.get_command = cache(typer.main.get_command)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--tier`, by which the Makefile divides the tests."""
    parser.addoption(
        "--tier",
        type=_tiers,
        metavar="TIER[,TIER]",
        help="quick: without a cloud, and one test of each file in tests/cloud; cloud: the rest; slow: whole lives",
    )
    parser.addoption("--part", metavar="N/M", help="run the files of one of M parts that take equally long")


def _tiers(text: str) -> frozenset[str]:
    found = frozenset(text.split(","))
    if not found <= TIERS:
        raise argparse.ArgumentTypeError(f"{text}: the tiers are {', '.join(sorted(TIERS))}")
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_itemcollected(item: pytest.Item) -> None:
    """Count the tests of each file in tests/cloud in the order of its lines, before any order is drawn."""
    if CLOUD in item.path.parents and not item.get_closest_marker("slow"):
        item.stash[_PLACE] = _counted(item.session, item.path)


_PLACE = pytest.StashKey[int]()
_COUNTS = pytest.StashKey[dict[Path, int]]()


def _counted(session: pytest.Session, path: Path) -> int:
    counts = session.stash.setdefault(_COUNTS, {})
    counts[path] = counts.get(path, -1) + 1
    return counts[path]


def _tier(item: pytest.Item) -> str:
    """Return the tier of a test."""
    if item.get_closest_marker("slow"):
        return "slow"
    if CLOUD not in item.path.parents:
        return "quick"
    first = item.stash[_PLACE] == 0 and item.path.stem.removeprefix("test_") not in DEAR
    return "quick" if first else "cloud"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of one tier; begin with the slowest files, otherwise in the drawn order."""
    if tier := config.getoption("--tier"):
        _leave(config, items, [item for item in items if _tier(item) in tier])
    if part := config.getoption("--part"):
        mine = parts.part({_file(item) for item in items}, part)
        _leave(config, items, [item for item in items if _file(item) in mine])
    names = {f"test_{name}" for name in LONG}
    items.sort(key=lambda item: CLOUD not in item.path.parents or item.path.stem not in names)


def _file(item: pytest.Item) -> str:
    return item.path.relative_to(TESTS).with_suffix("").as_posix()


def _leave(config: pytest.Config, items: list[pytest.Item], chosen: list[pytest.Item]) -> None:
    kept = set(chosen)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = chosen


def pytest_collection_finish() -> None:
    """Exclude all objects made so far from garbage collection: it would be a quarter of the time."""
    gc.freeze()
    gc.set_threshold(100_000)
    gc.enable()


@pytest.fixture(autouse=True)
def no_aws_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Remove the caller's credentials, profile, region and endpoint, so that no test reaches a real account."""
    for name in os.environ:
        if name.startswith("AWS_") or name == "PROVISION_TARGET":
            monkeypatch.delenv(name)
    nowhere = tmp_path_factory.getbasetemp() / "no-aws-settings"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(nowhere))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nowhere))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
