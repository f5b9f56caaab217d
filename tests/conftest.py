"""What every test gets: no AWS settings of the person who runs it, and repeatable examples."""

from __future__ import annotations

import gc
import os
import signal

import pytest
from hypothesis import settings

LONG = (
    "resources_contract", "resources_contract_serving", "rehearse_whole", "afternoon", "faults_whole", "crash",
    "recover", "two_stacks", "stack_whole", "stack_services", "cli_terminal", "stack_options", "plan_is_up", "secrets",
    "rehearse", "resources_rds", "resources_capacity", "environments", "ci", "own_steps", "doctor",
)  # fmt: skip
"""The files in tests/cloud that take longest."""

# A command in the background ignores Ctrl-C, and so would all those that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples on every machine, and no deadline: a busy machine is not a failure.
settings.load_profile("ci")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, in the order that was drawn for them: none of them is left at the end."""
    names = {f"test_{name}" for name in LONG}
    items.sort(key=lambda item: "cloud" not in item.path.parts or item.path.stem not in names)


def pytest_collection_finish() -> None:
    """Let what was read up to here be no work for the garbage collector: it is a quarter of the time otherwise."""
    gc.freeze()
    gc.set_threshold(100_000)


@pytest.fixture(autouse=True)
def no_aws_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Take away the caller's credentials, profile, region and endpoint, so that no test can reach a real account."""
    for name in os.environ:
        if name.startswith("AWS_") or name == "PROVISION_TARGET":
            monkeypatch.delenv(name)
    nowhere = tmp_path_factory.getbasetemp() / "no-aws-settings"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(nowhere))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nowhere))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
