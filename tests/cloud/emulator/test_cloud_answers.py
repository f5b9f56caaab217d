"""Answers that other clients than the tool look at: ids of requests, ciphertext, statistics, hosts with a prefix."""

from __future__ import annotations

import base64
import uuid

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from ecs_emulator import manage
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.rules_rig import refused


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("ec2", "describe_vpcs"),
        ("rds", "describe_db_clusters"),
        ("ecs", "list_clusters"),
        ("logs", "describe_log_groups"),
        ("iam", "list_roles"),
    ],
)
def test_each_request_has_an_id_of_its_own(cloud: EmbeddedCloud, service: str, operation: str) -> None:
    answers = [getattr(cloud.client(service), operation)() for _ in range(2)]
    ids = {answer["ResponseMetadata"]["RequestId"] for answer in answers}
    assert {str(uuid.UUID(one)) for one in ids} == ids
    assert len(ids) == 2


def test_a_secure_string_is_ciphertext_until_decrypted(cloud: EmbeddedCloud) -> None:
    ssm = cloud.client("ssm")
    ssm.put_parameter(Name="/password", Value="tell-nobody", Type="SecureString")
    sealed = ssm.get_parameter(Name="/password")["Parameter"]["Value"]
    assert b"tell-nobody" not in base64.b64decode(sealed, validate=True)
    assert "tell-nobody" not in sealed
    (history,) = ssm.get_parameter_history(Name="/password")["Parameters"]
    assert "tell-nobody" not in history["Value"]
    assert ssm.get_parameter(Name="/password", WithDecryption=True)["Parameter"]["Value"] == "tell-nobody"


def test_a_cluster_counts_by_launch_type_if_asked(cloud: EmbeddedCloud) -> None:
    ecs = cloud.client("ecs")
    ecs.create_cluster(clusterName="counted")
    (plain,) = ecs.describe_clusters(clusters=["counted"])["clusters"]
    (counted,) = ecs.describe_clusters(clusters=["counted"], include=["STATISTICS"])["clusters"]
    assert plain["statistics"] == []
    assert {one["name"]: one["value"] for one in counted["statistics"]} == dict.fromkeys(
        [
            *(f"{state}{kind}TasksCount" for state in ("running", "pending") for kind in ("EC2", "Fargate")),
            *(f"{state}{kind}ServiceCount" for state in ("active", "draining") for kind in ("EC2", "Fargate")),
        ],
        "0",
    )


def test_hosts_with_a_prefix_are_reached(cloud: EmbeddedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """DiscoverInstances goes to `data-` and the endpoint's host, unless the variables say otherwise."""
    for name, value in manage.variables(cloud.process, cloud.region).items():
        monkeypatch.setenv(name, value)
    client = boto3.Session().client("servicediscovery", config=Config(retries={"total_max_attempts": 1}))
    with pytest.raises(ClientError, match="NamespaceNotFound"):
        client.discover_instances(NamespaceName="nowhere.internal", ServiceName="web")
    refused(
        lambda: cloud.client("servicediscovery").discover_instances(NamespaceName="nowhere.internal", ServiceName="w"),
        "NamespaceNotFound",
    )
