"""The embedded cloud's switch that kills a client at a chosen call: whom, when, and whom never."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from botocore.exceptions import BotoCoreError

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.crash.cuts import kill


@pytest.fixture
def group() -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a group of two."""
    process = subprocess.Popen(["sh", "-c", "sleep 60 & echo; wait"], process_group=0, stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def log_groups(cloud: EmbeddedCloud) -> list[str]:
    return [group["logGroupName"] for group in cloud.client("logs").describe_log_groups()["logGroups"]]


@pytest.mark.parametrize(("when", "made"), [("before", ["one"]), ("after", ["one", "two"])])
def test_the_whole_group_dies_at_the_chosen_write(
    cloud: EmbeddedCloud, group: subprocess.Popen[bytes], when: str, made: list[str]
) -> None:
    logs = cloud.client("logs")
    kill(cloud, pid=group.pid, call=2, when=when)
    logs.create_log_group(logGroupName="one")
    assert log_groups(cloud) == ["one"]
    assert group.poll() is None, "reads are not counted"
    with pytest.raises(BotoCoreError):
        logs.create_log_group(logGroupName="two")
    assert group.stdout
    assert group.stdout.read() == b"", "nobody of the group holds the pipe any more"
    assert group.wait(5) == -signal.SIGKILL
    assert log_groups(cloud) == made
    assert kill(cloud) | {"pid": 0} == {
        "pid": 0,
        "call": 2,
        "when": when,
        "operation": "",
        "signal": "KILL",
        "seen": 2,
        "hit": "logs:CreateLogGroup",
    }
    logs.create_log_group(logGroupName="three")


def test_only_calls_of_the_operation_count(cloud: EmbeddedCloud, group: subprocess.Popen[bytes]) -> None:
    logs = cloud.client("logs")
    kill(cloud, pid=group.pid, call=1, when="after", operation="logs:PutRetentionPolicy")
    logs.create_log_group(logGroupName="one")
    assert group.poll() is None
    with pytest.raises(BotoCoreError):
        logs.put_retention_policy(logGroupName="one", retentionInDays=7)
    assert group.wait(5) == -signal.SIGKILL


def test_who_is_stopped_at_a_write_gets_its_answer_and_can_go_on(
    cloud: EmbeddedCloud, group: subprocess.Popen[bytes]
) -> None:
    kill(cloud, pid=group.pid, call=1, when="after", signal="STOP")
    cloud.client("logs").create_log_group(logGroupName="one")
    assert kill(cloud)["hit"] == "logs:CreateLogGroup"
    assert os.WIFSTOPPED(os.waitpid(group.pid, os.WUNTRACED)[1])
    os.killpg(group.pid, signal.SIGCONT)
    assert group.poll() is None
    cloud.client("logs").create_log_group(logGroupName="two")
    assert group.poll() is None


def test_emptying_the_account_spares_everybody(cloud: EmbeddedCloud, group: subprocess.Popen[bytes]) -> None:
    kill(cloud, pid=group.pid, call=1, when="before")
    cloud.reset()
    cloud.client("logs").create_log_group(logGroupName="one")
    assert group.poll() is None


def test_nobody_else_can_be_meant(cloud: EmbeddedCloud, group: subprocess.Popen[bytes]) -> None:
    good = {"pid": group.pid, "call": 1, "when": "before"}
    gone = subprocess.Popen(["true"], process_group=0)
    gone.wait()
    for wrong in (
        {"pid": 0},
        {"pid": -1},
        {"pid": "x"},
        {"pid": cloud.process.pid},
        {"pid": gone.pid},
        {"call": 0},
        {"when": "during"},
        {"signal": "TERM"},
    ):
        with pytest.raises(urllib.error.HTTPError, match="400"):
            kill(cloud, **good | wrong)
    assert kill(cloud)["pid"] == 0


def test_a_web_page_has_no_say(cloud: EmbeddedCloud, group: subprocess.Popen[bytes]) -> None:
    url = f"{cloud.endpoint}/_cloud/kill?pid={group.pid}&call=1&when=before"
    request = urllib.request.Request(url, method="POST", headers={"Origin": "https://example.net"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, timeout=120)
    assert json.loads(cloud.control("GET", "kill"))["pid"] == 0
