"""A stack with buckets under exactly its printed policies, and its tasks under their role and the boundary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.lookups import NAME
from tests.cloud.permissions.test_policy_verbs import denials
from tests.cloud.policies import ALL, enforce, policy
from tests.cloud.project import SMALL, Project, kms_key, ready_image

pytestmark = [pytest.mark.slow, world.EMPTY]

BUCKET = f"{NAME}-123456789012-ap-northeast-1"
LIFE = ("plan", "up --yes", "plan", "list", "recover --yes")
JOB = """
[jobs.report]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/frontend:1"
buckets = { files = "read" }
[buckets.files]
versions = true
cors = true
expire_days = 9
[buckets.others]
"""


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A stack with two buckets under a key; its service uses one of them, and its job reads it."""
    ready_image(cloud, "frontend")
    here = Project(cloud, tmp_path)
    used = SMALL.replace("public = true\n", 'public = true\nbuckets = ["files"]\n')
    here.write(f'kms_key = "{kms_key(cloud)}"\n{used}{JOB}')
    yield here
    enforce(cloud)
    here.close()


def print_policies(project: Project) -> None:
    enforce(project.cloud)
    project.run("policy", "--create-boundary", "--yes")
    enforce(project.cloud, *(one["document"] for one in project.run("policy", "--json").document))


def as_task(project: Project, name: str) -> Any:
    """S3's client with the rights of a workload's tasks."""
    role = {"RoleName": f"{NAME}-task-{name}"}
    iam, sts = project.cloud.client("iam"), project.cloud.client("sts")
    trust = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
    iam.update_assume_role_policy(**role, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    arn = iam.get_role(**role)["Role"]["Arn"]
    keys = sts.assume_role(RoleArn=arn, RoleSessionName="task")["Credentials"]
    return boto3.client(
        "s3",
        region_name="ap-northeast-1",
        endpoint_url=project.cloud.endpoint,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def refused(call: Any, **parameters: Any) -> bool:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return bool(caught.value.response["Error"]["Code"] == "AccessDenied")


def test_nothing_is_denied_and_tasks_do_what_their_rights_say(project: Project) -> None:
    print_policies(project)
    assert {words: found for words in LIFE if (found := denials(project, words))} == {}
    files, others = f"{BUCKET}-files", f"{BUCKET}-others"
    enforce(project.cloud, policy(ALL))
    service, job = as_task(project, "frontend"), as_task(project, "report")
    service.put_object(Bucket=files, Key="one", Body=b"1")
    upload = service.create_multipart_upload(Bucket=files, Key="large")
    service.upload_part(Bucket=files, Key="large", UploadId=upload["UploadId"], PartNumber=1, Body=b"1")
    assert job.get_object(Bucket=files, Key="one")["Body"].read() == b"1"
    assert [one["Key"] for one in job.list_objects_v2(Bucket=files)["Contents"]] == ["one"]
    assert refused(job.put_object, Bucket=files, Key="two", Body=b"2")
    assert refused(service.put_object, Bucket=others, Key="one", Body=b"1")
    assert refused(service.delete_bucket, Bucket=files)
    (version,) = service.list_object_versions(Bucket=files)["Versions"]
    assert refused(service.delete_object, Bucket=files, Key="one", VersionId=version["VersionId"])
    service.delete_object(Bucket=files, Key="one")

    # policies of a stack that never had a bucket do for its end too
    print_policies(project)
    assert denials(project, "up --yes") == []
    assert denials(project, "down --yes") == []
    project.write(SMALL)
    print_policies(project)
    assert {words: found for words in ("up --yes", "down --yes") if (found := denials(project, words))} == {}
