"""Every member of a request has an effect, is refused by name, or is left aside for a reason."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.ec2_rig import request, telling, unchecked
from tests.cloud.rules_rig import refused

ROOT = Path(__file__).parents[3]
READ = {("ec2", "DescribeImages", "ExecutableUsers")}
"""Members that moto reads, and cannot answer for ECS's images."""
BY_HAND = {"ecs", "rds"}
"""Services that hand a request on as a whole: a member's name in the code of its operation tells nothing."""


@pytest.fixture(scope="module")
def found() -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "tests.cloud.members"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def triples(found: Any, table: str) -> set[tuple[str, str, str]]:
    """Services, operations and members of a table."""
    return {
        (service, operation, member)
        for service, tables in found.items()
        if service not in BY_HAND
        for operation, members in tables[table].items()
        for member in members
    }


def test_a_member_that_nobody_reads_is_in_a_table(found: Any) -> None:
    assert triples(found, "refused") | triples(found, "ignored") == triples(found, "unread") | READ
    assert not triples(found, "refused") & triples(found, "ignored")


def test_no_required_member_is_refused(found: Any) -> None:
    """An operation with one would refuse every request."""
    session = botocore.session.get_session()
    for service, operation, member in triples(found, "refused"):
        shape = session.get_service_model(service).operation_model(operation).input_shape
        assert shape is not None
        assert member not in shape.required_members or member in found[service]["usual"], (service, operation, member)


def test_the_page_tells_the_figures(found: Any) -> None:
    page = (ROOT / "docs" / "developers" / "cloud.md").read_text(encoding="utf-8")
    refused_, ignored = (
        Counter(one[0] for one in triples(found, "refused")),
        Counter(one[0] for one in triples(found, "ignored")),
    )
    for service in found.keys() - BY_HAND:
        number, left = found[service]["all"], refused_[service] + ignored[service]
        row = f"| {service} | {number:,} | {number - left:,} | {refused_[service]} | {ignored[service]} |"
        assert row in page, row


def test_members_without_an_effect_are_refused_by_name(cloud: EmbeddedCloud, found: Any) -> None:
    silent: list[str] = []
    for service, tables in found.items():
        client = unchecked(cloud, service)
        for operation, members in tables["refused"].items():
            for member in members:
                shape = client.meta.service_model.operation_model(operation).input_shape
                asked = {**request(shape, {}), member: telling(shape.members[member], tables["usual"].get(member))}
                words = f"does not offer the parameter {member} of {operation}"
                try:
                    getattr(client, xform_name(operation))(**asked)
                    silent.append(words)
                except ClientError as error:
                    silent += [] if words in str(error) else [f"{words}: {error}"]
    assert silent == []


def test_what_aws_does_anyway_is_not_refused(cloud: EmbeddedCloud) -> None:
    ec2 = cloud.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    ec2.modify_subnet_attribute(SubnetId=subnet, EnableDns64={"Value": False})
    ec2.create_key_pair(KeyName="one", KeyFormat="pem")
    refused(lambda: ec2.create_key_pair(KeyName="two", KeyFormat="ppk"), "InvalidParameterValue", "KeyFormat")
    refused(lambda: ec2.modify_subnet_attribute(SubnetId=subnet, EnableDns64={"Value": True}), "InvalidParameterValue")


def test_a_launch_is_of_the_most_and_made_once(cloud: EmbeddedCloud) -> None:
    ec2 = cloud.client("ec2")
    wanted = {"ImageId": "ami-12345678", "InstanceType": "c5.large", "MinCount": 1, "MaxCount": 3, "ClientToken": "one"}
    launched = [{one["InstanceId"] for one in ec2.run_instances(**wanted)["Instances"]} for _ in range(2)]
    assert len(launched[0]) == 3
    assert launched[0] == launched[1]
    refused(lambda: ec2.run_instances(**wanted | {"MaxCount": 2}), "IdempotentParameterMismatch")
    (reservation,) = ec2.describe_instances()["Reservations"]
    assert {one["ClientToken"] for one in reservation["Instances"]} == {"one"}


def test_an_image_is_registered_as_asked(cloud: EmbeddedCloud) -> None:
    ec2, tags = cloud.client("ec2"), [{"Key": "Owner", "Value": "me"}]
    wanted = {"Architecture": "arm64", "RootDeviceName": "/dev/xvda", "VirtualizationType": "hvm"}
    of_image = [{"ResourceType": "image", "Tags": tags}]
    made = ec2.register_image(Name="host", **wanted, TagSpecifications=of_image)["ImageId"]
    (image,) = ec2.describe_images(ImageIds=[made])["Images"]
    assert {name: image[name] for name in wanted} == wanted
    assert image["Tags"] == tags


def test_dhcp_options_are_made_with_their_tags(cloud: EmbeddedCloud) -> None:
    tags = [{"Key": "Owner", "Value": "me"}]
    wanted = {"DhcpConfigurations": [{"Key": "domain-name", "Values": ["one.internal"]}]}
    of_set = [{"ResourceType": "dhcp-options", "Tags": tags}]
    made = cloud.client("ec2").create_dhcp_options(**wanted, TagSpecifications=of_set)["DhcpOptions"]
    assert made["Tags"] == tags
