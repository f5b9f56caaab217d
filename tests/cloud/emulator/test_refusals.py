"""Every refusal of the catalogue, on the embedded cloud; and how many of them moto alone refuses."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from time import sleep
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.cloud.conftest import REGION, EmbeddedCloud
from tests.cloud.refusals import CASES
from tests.cloud.refusals.case import Case, Scene
from tests.cloud.refusals.document import by_source
from tests.ports import free_port

WANTED = [case for case in CASES if not case.why_not]


@pytest.fixture(scope="module")
def answers(running_cloud: EmbeddedCloud) -> dict[Case, str]:
    """The answer of the embedded cloud to each case, all in one account."""
    running_cloud.reset()
    scene = Scene(running_cloud.client, running_cloud.advance, running_cloud.step)
    return {case: case.answer(scene) for case in CASES}


@pytest.mark.parametrize("service", sorted({case.service for case in CASES}))
def test_embedded_cloud_refuses_as_aws_does(answers: dict[Case, str], service: str) -> None:
    wrong = [
        f"{case}: {case.code} {case.says} expected, answered {answers[case]}"
        for case in WANTED
        if case.service == service and not case.holds(answers[case])
    ]
    assert wrong == []


def test_what_is_said_not_to_be_refused_is_not(answers: dict[Case, str]) -> None:
    assert {str(case): answers[case] for case in CASES if case.why_not and answers[case] != "(accepted)"} == {}


@contextmanager
def moto(**settings: str) -> Iterator[str]:
    """The endpoint of moto's server, without any rule of this project."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        env=os.environ | {"MOTO_ACM_VALIDATION_WAIT": "1", "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"} | settings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    endpoint = f"http://127.0.0.1:{port}"
    try:
        while not answers_at(endpoint):
            sleep(0.1)
        yield endpoint
    finally:
        process.kill()
        process.wait()


def answers_at(endpoint: str) -> bool:
    try:
        urllib.request.urlopen(f"{endpoint}/moto-api/").close()
    except OSError:
        return False
    return True


def clients(endpoint: str, accounts: Iterator[str]) -> Callable[[], Callable[[str], Any]]:
    """Makes clients of one account after the other, which moto tells apart by a header."""
    account = ""

    def name_account(request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = account

    @cache
    def client(service: str) -> Any:
        made = boto3.client(
            service,
            region_name=REGION,
            endpoint_url=endpoint,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=Config(retries={"total_max_attempts": 1}),
        )
        made.meta.events.register("before-sign", name_account)
        return made

    def of_the_next() -> Callable[[str], Any]:
        nonlocal account
        account = next(accounts)
        return client

    return of_the_next


def passing(_: float) -> None:
    """Let an instant pass: moto changes states at once, or never."""
    sleep(0.01)


def held_by(endpoint: str, cases: Iterable[Case]) -> int:
    """Count the cases that moto refuses as AWS does."""
    fresh, held = clients(endpoint, (f"{number:012}" for number in count(1))), 0
    scene = Scene(fresh(), passing, passing)
    for case in cases:
        if case.holds(case.answer(scene)):
            held += 1
        else:  # what was let pass has changed the account
            scene = Scene(fresh(), passing, passing)
    return held


@pytest.mark.enumeration
def test_moto_alone_refuses_fewer(answers: dict[Case, str]) -> None:
    with moto() as endpoint:
        held = held_by(endpoint, [case for case in CASES if case.service != "iam"])
    # AWS's own policies, without which a role can have none of them, take seconds an account
    with moto(MOTO_IAM_LOAD_MANAGED_POLICIES="true") as endpoint:
        held += held_by(endpoint, [case for case in CASES if case.service == "iam"])
    ours = sum(case.holds(answers[case]) for case in CASES)
    print(f"refusals: {ours} of {len(CASES)} (moto alone: {held} of {len(CASES)}), by source: {by_source(CASES)}")
    assert held < ours >= len(WANTED)
