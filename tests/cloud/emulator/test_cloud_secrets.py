"""Secrets of containers in the embedded cloud: read as the execution role allows, or refused as ECS's agent says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cloud.conftest import Network
from tests.cloud.policies import policy

PLACE = "ap-northeast-1:123456789012"
PARAMETER = f"arn:aws:ssm:{PLACE}:parameter/shop/key"


@pytest.fixture
def rig(network: Network) -> Rig:
    network.cloud.client("ecs").create_cluster(clusterName="main")
    return Rig(network)


class Rig:
    """Tasks with one secret, and the role that it is read with."""

    def __init__(self, network: Network) -> None:
        self.network, self.cloud = network, network.cloud

    def allow(self, *statements: dict[str, Any]) -> None:
        """Give the execution role just these statements."""
        name = self.network.execution_role.rpartition("/")[2]
        document = json.dumps(policy(*statements))
        self.cloud.client("iam").put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=document)

    def reads(self, action: str, resource: str, **more: Any) -> None:
        """Give the execution role one statement."""
        self.allow({"Effect": "Allow", "Action": action, "Resource": resource, **more})

    def said(self, reference: str) -> str:
        """Run a task with a secret; why it stopped, or nothing if it runs."""
        container = {"name": "web", "image": "web:1", "secrets": [{"name": "S", "valueFrom": reference}]}
        definition = self.network.definition("web", containerDefinitions=[container])
        where = {"cluster": "main", "taskDefinition": definition, "networkConfiguration": self.network.awsvpc()}
        (task,) = self.cloud.client("ecs").run_task(**where, launchType="FARGATE")["tasks"]

        def ended() -> Any:
            (found,) = self.cloud.client("ecs").describe_tasks(cluster="main", tasks=[task["taskArn"]])["tasks"]
            return found if found["lastStatus"] in ("RUNNING", "STOPPED") else None

        return str(self.cloud.wait(ended, "the task to run or to fail").get("stoppedReason", ""))

    def secret(self, **more: Any) -> str:
        """Create a secret of Secrets Manager, and return its ARN."""
        made = self.cloud.client("secretsmanager").create_secret(
            **{"Name": "shop/auth0", "SecretString": '{"client": "x"}', **more}
        )
        return str(made["ARN"])

    def key(self) -> str:
        return str(self.cloud.client("kms").create_key()["KeyMetadata"]["Arn"])


def decrypt(key: str, **encrypted: str) -> dict[str, Any]:
    context = {f"kms:EncryptionContext:{name}": value for name, value in encrypted.items()}
    return {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key, "Condition": {"StringLike": context}}


READ = {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": PARAMETER}


def test_a_parameter_that_is_not_there_stops_the_task(rig: Rig) -> None:
    rig.reads("ssm:GetParameters", PARAMETER)
    assert "unable to retrieve secrets from ssm: invalid parameters: key" in rig.said(PARAMETER)
    rig.cloud.client("ssm").put_parameter(Name="/shop/key", Value="x", Type="SecureString")
    assert rig.said(PARAMETER) == ""
    assert rig.said("/shop/key") == ""


def test_a_parameter_under_a_key_takes_the_key(rig: Rig) -> None:
    key = rig.key()
    rig.cloud.client("ssm").put_parameter(Name="/shop/key", Value="x", Type="SecureString", KeyId=key)
    rig.allow(READ)
    assert "The ciphertext refers to a customer master key" in rig.said(PARAMETER)
    rig.allow(READ, decrypt(key, PARAMETER_ARN=f"{PARAMETER}-of-others"))
    assert "The ciphertext refers to a customer master key" in rig.said(PARAMETER)
    rig.allow(READ, decrypt(key, PARAMETER_ARN=PARAMETER))
    assert rig.said(PARAMETER) == ""


def test_a_secret_is_read_as_the_role_allows(rig: Rig) -> None:
    arn, action = rig.secret(), "secretsmanager:GetSecretValue"
    rig.reads(action, f"{arn}-of-others")
    assert (
        f"unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret {arn} "
        f"from secrets manager: AccessDeniedException"
    ) in rig.said(arn)
    rig.reads(action, arn)
    assert rig.said(arn) == ""
    assert rig.said(f"{arn}:client::") == ""
    assert "did not contain json key other" in rig.said(f"{arn}:other::")
    nothing = f"arn:aws:secretsmanager:{PLACE}:secret:shop/nothing-AbCdEf"
    rig.reads(action, nothing)
    assert "ResourceNotFoundException: Secrets Manager can't find the specified secret." in rig.said(nothing)


def test_a_secret_under_a_key_takes_the_key(rig: Rig) -> None:
    key = rig.key()
    arn = rig.secret(KmsKeyId=key)
    read = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": arn}
    rig.allow(read)
    assert "AccessDeniedException: Access to KMS is not allowed" in rig.said(arn)
    rig.allow(read, decrypt(key, SecretARN=arn))
    assert rig.said(arn) == ""


def test_a_secret_that_is_deleted_or_empty_stops_the_task(rig: Rig) -> None:
    rig.reads("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{PLACE}:secret:shop/*")
    empty = str(rig.cloud.client("secretsmanager").create_secret(Name="shop/empty")["ARN"])
    assert "find the specified secret" in rig.said(empty)
    gone = rig.secret()
    rig.cloud.client("secretsmanager").delete_secret(SecretId=gone, RecoveryWindowInDays=7)
    assert "marked for deletion" in rig.said(gone)
