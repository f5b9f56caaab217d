"""The clock of the embedded cloud: how it moves, and how long operations take on it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from ecs_emulator import control, durations, manage
from ecs_emulator.client_runtime import CloudRuntime
from ecs_emulator.control import ClockLink
from tests.cloud.conftest import REGION, EmbeddedCloud


@pytest.fixture
def runtime(cloud: EmbeddedCloud) -> Iterator[CloudRuntime]:
    made = CloudRuntime(ClockLink(cloud.process))
    yield made
    made.close()


def pending(cloud: EmbeddedCloud) -> str:
    """Begin something that takes its time, and return its id."""
    made = cloud.client("route53").create_hosted_zone(Name="new.example.com", CallerReference="1")
    assert made["ChangeInfo"]["Status"] == "PENDING"
    return str(made["ChangeInfo"]["Id"])


def status(cloud: EmbeddedCloud, change: str) -> str:
    return str(cloud.client("route53").get_change(Id=change)["ChangeInfo"]["Status"])


def set_clock(cloud: EmbeddedCloud, query: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(cloud.control("POST", "clock", query))
    return shown


def test_a_frozen_clock_moves_to_the_second_as_it_is_told(cloud: EmbeddedCloud) -> None:
    change, began = pending(cloud), cloud.now()
    cloud.advance(durations.RECORDS_IN_SYNC.aws - 1)
    assert status(cloud, change) == "PENDING"
    cloud.advance(1)
    assert status(cloud, change) == "INSYNC"
    assert cloud.now() - began == pytest.approx(durations.RECORDS_IN_SYNC.aws, abs=1e-6)


@pytest.mark.parametrize("start", ["0.421725579", "0.1", "0.7300001", "3.3333333"])
def test_many_short_waits_end_with_the_long_one(cloud: EmbeddedCloud, runtime: CloudRuntime, start: str) -> None:
    runtime.sleep(float(start))
    change = pending(cloud)
    steps = int(durations.RECORDS_IN_SYNC.aws * 10)
    for _ in range(steps - 1):
        runtime.sleep(0.1)
    assert status(cloud, change) == "PENDING"
    runtime.sleep(0.1)
    assert status(cloud, change) == "INSYNC"


def test_a_step_goes_no_further_than_what_is_due_already(cloud: EmbeddedCloud, runtime: CloudRuntime) -> None:
    began = cloud.now()
    pending(cloud)  # what follows from a write is due, and happens once the one who computes has ended
    with ThreadPoolExecutor(1) as pool:
        stepped = pool.submit(cloud.step, 86_400)
        sleep(0.2)  # so that it is asked for before that
        runtime.close()
        stepped.result()
    assert cloud.now() - began <= durations.RECORDS_IN_SYNC.aws + 1e-6


@pytest.mark.parametrize(("choice", "seconds"), [("fast", 32), ("typical", 40), ("slow", 57), ("times:0.5", 20)])
def test_operations_take_what_was_chosen(cloud: EmbeddedCloud, choice: str, seconds: int) -> None:
    assert set_clock(cloud, f"durations={choice}")["durations"] == choice
    change = pending(cloud)
    cloud.advance(seconds - 0.5)
    assert status(cloud, change) == "PENDING"
    cloud.advance(0.5)
    assert status(cloud, change) == "INSYNC"


def test_one_who_waits_lets_it_jump_over_what_happens_meanwhile(cloud: EmbeddedCloud, runtime: CloudRuntime) -> None:
    change, began, real = pending(cloud), runtime.now(), monotonic()
    runtime.sleep(3600)
    assert runtime.now() == pytest.approx(began + 3600, abs=1e-6)
    assert cloud.now() == runtime.now()
    assert monotonic() - real < 600
    assert status(cloud, change) == "INSYNC"


def test_a_sleeper_waits_until_somebody_advances_a_frozen_clock(cloud: EmbeddedCloud, runtime: CloudRuntime) -> None:
    set_clock(cloud, "mode=frozen")
    began, woken = runtime.now(), list[float]()

    def sleep(seconds: float) -> None:
        runtime.sleep(seconds)
        woken.append(round(runtime.now() - began, 5))

    with runtime.pool(2) as pool:
        pool.submit(sleep, 20)
        pool.submit(sleep, 10)
        with runtime.watching():
            for seconds in (9.0, 1.0, 9.0, 1.0):
                cloud.control("POST", "advance", f"seconds={seconds}")
                woken.append(-1)
    assert woken == [-1, 10, -1, -1, 20, -1]


def test_of_several_who_wait_each_is_woken_at_its_moment(cloud: EmbeddedCloud) -> None:
    code = (
        "import sys, pathlib, json\n"
        "from ecs_emulator.control import CloudProcess, ClockLink\n"
        "from ecs_emulator.client_runtime import CloudRuntime\n"
        "runtime = CloudRuntime(ClockLink(CloudProcess(**json.loads(sys.argv[1]))))\n"
        "print('here', flush=True); sys.stdin.readline()\n"
        "began = runtime.now()\n"
        "for _ in range(50): runtime.sleep(float(sys.argv[2]))\n"
        "print(round(runtime.now() - began, 6), runtime.now(), flush=True)\n"
        "runtime.close()\n"
    )
    about = json.dumps(vars(cloud.process))
    several = [
        subprocess.Popen(
            [sys.executable, "-c", code, about, step], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for step in ("1", "1.5", "7")
    ]
    for one in several:
        assert one.stdout
        assert one.stdout.readline() == "here\n"
    for one in several:
        assert one.stdin
        one.stdin.write("go\n")
        one.stdin.flush()
    answers = [one.communicate(timeout=120)[0].split() for one in several]
    assert [float(took) for took, _ in answers] == [50, 75, 350]
    assert float(answers[2][1]) == cloud.now()


def test_nobody_waits_for_one_who_was_killed(cloud: EmbeddedCloud, runtime: CloudRuntime) -> None:
    code = (
        "import sys, json\n"
        "from ecs_emulator.control import CloudProcess, ClockLink\n"
        "from ecs_emulator.client_runtime import CloudRuntime\n"
        "runtime = CloudRuntime(ClockLink(CloudProcess(**json.loads(sys.argv[1]))))\n"
        "print('computing', flush=True); sys.stdin.readline()\n"
    )
    command = [sys.executable, "-c", code, json.dumps(vars(cloud.process))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"computing\n"
        os.kill(other.pid, signal.SIGKILL)
    began = runtime.now()
    runtime.sleep(100)
    assert runtime.now() == pytest.approx(began + 100, abs=1e-6)


def test_a_real_clock_passes_by_itself_at_the_speed_it_is_given(cloud: EmbeddedCloud) -> None:
    assert set_clock(cloud, "mode=real:1000")["clock"] == "real:1000"
    change = pending(cloud)
    while status(cloud, change) == "PENDING":
        pass
    began, runtime = monotonic(), CloudRuntime(ClockLink(cloud.process))
    runtime.sleep(100)
    runtime.sleep(100)
    runtime.close()
    assert monotonic() - began >= (100 + 100) / 1000


def test_the_calendar_of_the_answers_is_the_clocks(cloud: EmbeddedCloud) -> None:
    cloud.advance(86400)
    made = cloud.client("iam").create_user(UserName="late")["User"]["CreateDate"].timestamp()
    assert abs(made - cloud.time()) <= 1
    cluster = cloud.client("ecs", REGION).create_cluster(clusterName="late")["cluster"]
    cloud.client("ec2").create_key_pair(KeyName="late")
    (key,) = cloud.client("ec2").describe_key_pairs(KeyNames=["late"])["KeyPairs"]
    assert abs(key["CreateTime"].timestamp() - cloud.time()) <= 1
    assert cluster["status"] == "ACTIVE"


def test_new_durations_leave_the_mode_of_the_clock(cloud: EmbeddedCloud) -> None:
    set_clock(cloud, "mode=real:20")
    control.set_clock(cloud.process, durations="slow")
    shown = json.loads(cloud.control("GET", "clock"))
    assert (shown["clock"], shown["durations"]) == ("real:20", "slow")


@pytest.mark.parametrize("query", ["mode=slow", "mode=virtual:2", "mode=real:0", "durations=long", "mode=real:x"])
def test_a_clock_that_makes_no_sense_is_refused(cloud: EmbeddedCloud, query: str) -> None:
    words: dict[str, Any] = dict(part.split("=") for part in query.split("&"))
    with pytest.raises(control.UsageError, match=r"choose|could not convert"):
        control.set_clock(cloud.process, **words)


@pytest.mark.parametrize("choice", ["quick", "fast and slow", "fast&mode=frozen"])
def test_a_rehearsals_durations_are_one_choice_and_nothing_else(cloud: EmbeddedCloud, choice: str) -> None:
    with pytest.raises(control.UsageError, match="choose typical"):
        control.pass_time(cloud.process, 0, choice)
    assert json.loads(cloud.control("GET", "clock"))["clock"] == "virtual"


@pytest.mark.parametrize("value", ["-1", "30 ms"])
def test_a_round_trip_that_makes_no_sense_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("PROVISION_ROUND_TRIP", value)
    with pytest.raises(control.UsageError, match=f"PROVISION_ROUND_TRIP is '{value}'"):
        manage.start(tmp_path, "example.com")
