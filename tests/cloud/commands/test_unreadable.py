"""Answers of AWS that cannot be read and have a password in them: a real `up`, on the terminal and in its log."""

from __future__ import annotations

import urllib.parse
from pathlib import Path

import pytest

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.lookups import NAME
from tests.cloud.project import Project
from tests.cloud.proxy import garbling

pytestmark = pytest.mark.slow

DATABASE = ("up", "--yes", "--target-step", "database", "--log", "calls.jsonl")
PARAMETER = f"/{NAME}/database/password"


def _cut_off(request: bytes, answer: bytes) -> bytes:
    """An answer that repeats the password of its request, and ends in the middle."""
    password = urllib.parse.parse_qs(request.decode())["MasterUserPassword"][0]
    return f"<CreateDBClusterResponse><Password>{password}</Password><".encode()


def test_an_answer_that_cannot_be_read_is_not_shown(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    """The parameter's is cut off, so nothing is created with it; then the cluster's is, so the cluster is looked up."""
    answers, project = list[bytes](), Project(cloud, tmp_path)

    def shorter(request: bytes, answer: bytes) -> bytes:
        if PARAMETER.encode() not in request:
            return answer
        answers.append(answer)
        return answer[:-2]

    with garbling(project.cloud.endpoint, {"GetParameter": shorter}) as endpoint:
        project.reach(endpoint)
        first = project.run(*DATABASE, code=1)
    (length,) = {len(answer) - 2 for answer in answers}
    assert f"the answer to GetParameter cannot be read (HTTP 200, {length} bytes)" in first.out + first.err
    with garbling(project.cloud.endpoint, {"CreateDBCluster": _cut_off}) as endpoint:
        project.reach(endpoint)
        second = project.run(*DATABASE)
    log = (project.directory / "calls.jsonl").read_text()
    assert "OutcomeUnknown: the answer to CreateDBCluster cannot be read (HTTP 200, " in log
    (parameter,) = project.cloud.client("ssm").get_parameters(Names=[PARAMETER], WithDecryption=True)["Parameters"]
    assert parameter["Value"].encode() in answers[0]
    for text in (first.out, first.err, second.out, second.err, log):
        assert parameter["Value"] not in text
    (cluster,) = project.cloud.client("rds").describe_db_clusters()["DBClusters"]
    assert cluster["DBClusterIdentifier"].startswith(NAME)
