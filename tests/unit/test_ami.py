"""Which AMI is declared: the recorded one, the live one, the recommended one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from provisioner import ami
from provisioner.aws import Aws
from state.model import Record

NEWEST, LIVE, RECORDED = "ami-3", "ami-2", "ami-1"


class Clients:
    """Answers the two reads that there may be, and notes them; the launch template has this AMI, or is not there."""

    name = "ecs-sample-dev"

    def __init__(self, live: str | None, *, new_ami: bool = False) -> None:
        self.live, self.new_ami, self.asked = live, new_ami, list[str]()

    def client(self, service: str) -> Clients:
        self.asked.append(service)
        return self

    def get_parameter(self, **asked: Any) -> Mapping[str, Any]:
        assert asked == {"Name": ami.RECOMMENDED}
        return {"Parameter": {"Value": NEWEST}}

    def describe_launch_template_versions(self, **asked: Any) -> Mapping[str, Any]:
        assert asked == {"LaunchTemplateName": self.name, "Versions": ["$Default"]}
        if self.live is None:
            error = {"Error": {"Code": "InvalidLaunchTemplateName.NotFoundException", "Message": "none"}}
            raise ClientError(cast("Any", error), "DescribeLaunchTemplateVersions")
        return {"LaunchTemplateVersions": [{"LaunchTemplateData": {"ImageId": self.live} if self.live else {}}]}


def record(data: object = None, kind: str = "launch_template") -> Record:
    asked = {} if data is None else {"launch_template_data": data}
    return Record(f"{kind}/main", kind, "ready", "", "lt-1", asked, {}, [], "capacity")


@pytest.mark.parametrize(
    ("records", "live", "new_ami", "chosen", "asked"),
    [
        ([record({"ImageId": RECORDED})], LIVE, False, RECORDED, []),
        ([record({"ImageId": RECORDED})], LIVE, True, NEWEST, ["ssm"]),
        ([], LIVE, False, LIVE, ["ec2"]),
        ([], LIVE, True, NEWEST, ["ssm"]),
        ([], None, False, NEWEST, ["ec2", "ssm"]),
        ([], "", False, NEWEST, ["ec2", "ssm"]),
        ([record({"ImageId": RECORDED}, "vpc")], LIVE, False, LIVE, ["ec2"]),
        # what a state of another version, or one edited by hand, may say
        ([record()], LIVE, False, LIVE, ["ec2"]),
        ([record("ami-1")], LIVE, False, LIVE, ["ec2"]),
        ([record({"ImageId": 1})], LIVE, False, LIVE, ["ec2"]),
        ([record({})], None, False, NEWEST, ["ec2", "ssm"]),
    ],
)
def test_the_stacks_own_stays_until_the_newest_is_asked_for(
    records: list[Record], live: str | None, new_ami: bool, chosen: str, asked: list[str]
) -> None:
    clients = Clients(live, new_ami=new_ami)
    assert ami.chosen(cast("Aws", clients), records) == chosen
    assert clients.asked == asked


def test_a_refusal_is_not_taken_for_none() -> None:
    class Denied(Clients):
        def describe_launch_template_versions(self, **asked: Any) -> Mapping[str, Any]:
            error = {"Error": {"Code": "UnauthorizedOperation", "Message": "no"}}
            raise ClientError(cast("Any", error), "DescribeLaunchTemplateVersions")

    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        ami.chosen(cast("Aws", Denied(LIVE)), [])
