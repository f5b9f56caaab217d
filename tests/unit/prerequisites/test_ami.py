"""The declared AMI, the notes about it, and the progress of an instance refresh."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from provisioner.aws.client import Aws
from provisioner.config.models import Config
from provisioner.engine.clock import Pace
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.resource import Observed
from provisioner.operations.planning import request_checks
from provisioner.operations.prerequisites import ami
from provisioner.render import status
from provisioner.resources import instance_refresh
from provisioner.resources.ec2.launch import LaunchTemplate
from provisioner.state.model import Record

NEWEST, LIVE, RECORDED = "ami-3", "ami-2", "ami-1"


class Clients:
    """A stand-in that answers and notes the two possible reads; the launch template has this AMI, or is missing."""

    name = "ecs-sample-dev"

    def __init__(self, live: str | None, *, new_ami: bool = False) -> None:
        self.live, self.new_ami, self.asked = live, new_ami, list[str]()

    def client(self, service: str) -> Clients:
        self.asked.append(service)
        return self

    def get_parameter(self, **asked: Any) -> Mapping[str, Any]:
        assert asked == {"Name": ami.RECOMMENDED["x86_64"]}
        return {"Parameter": {"Value": NEWEST}}

    def describe_launch_template_versions(self, **asked: Any) -> Mapping[str, Any]:
        assert asked == {"LaunchTemplateName": self.name, "Versions": ["$Default"]}
        if self.live is None:
            error = {"Error": {"Code": "InvalidLaunchTemplateName.NotFoundException", "Message": "none"}}
            raise ClientError(cast("Any", error), "DescribeLaunchTemplateVersions")
        return {"LaunchTemplateVersions": [{"LaunchTemplateData": {"ImageId": self.live} if self.live else {}}]}


def record(data: object = None, type_name: str = "launch_template") -> Record:
    asked = {} if data is None else {"launch_template_data": data}
    return Record(f"{type_name}/main", type_name, "ready", "", "lt-1", asked, {}, [], "capacity")


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
        # possible content of a state of another version, or of an edited one
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


AMI = {"id": "ami-1", "name": "al2023-ami-ecs", "created": "2026-01-01T00:00:00.000Z", "days": 40, "newest": "ami-2"}
UNKNOWN = {"id": "ami-1", "name": None, "created": None, "days": None, "newest": None}
HOST = {
    "id": "i-1",
    "status": "ACTIVE",
    "connected": True,
    "type": "c5.large",
    "tasks": 2,
    "ami": "ami-1",
    "misfit": False,
}


@pytest.mark.parametrize(
    ("amis", "outdated", "told", "instance"),
    [
        ([AMI], False, "ami-1  al2023-ami-ecs  40 days  AWS recommends ami-2: use `up --new-ami`", ""),
        ([AMI | {"newest": "ami-1", "days": 1}], False, "ami-1  al2023-ami-ecs  1 day", ""),
        (
            [UNKNOWN],
            True,
            "ami-1",
            "  launched from an earlier version of the launch template: `up --new-ami` replaces it",
        ),
    ],
)
def test_the_status_tells_of_what_is_old(amis: list[Any], outdated: bool, told: str, instance: str) -> None:
    live = {
        "services": [],
        "instances": [HOST | {"outdated": outdated}],
        "databases": [],
        "caches": [],
        "queues": [],
        "volumes": [],
        "amis": amis,
    }
    resources = [{"address": "vpc/main", "step": "network", "phase": "ready", "id": "vpc-1"}]
    document: dict[str, Any] = {"stack": "a-b", "target": "aws", "account": "1", "region": "r", "url": "u"}
    document |= {"local_url": ""}
    document |= {"restarted": None, "notes": [], "locked_by": ""}

    def again(*words: str) -> str:
        return f"`{' '.join(words)}`"

    lines = status.lines(document | {"resources": resources, "live": live, "live_unavailable": ""}, again)
    assert lines[lines.index("no services") + 3] == f"i-1       ACTIVE  connected  c5.large  2      ami-1{instance}"
    assert [" ".join(line.split()) for line in lines].count(" ".join(told.split())) == 1
    nobody = live | {"instances": []}
    lines = status.lines(document | {"resources": resources, "live": nobody, "live_unavailable": ""}, again)
    assert not [line for line in lines if "--new-ami" in line]


SERVICE = {"image": "nginx:1", "port": 80}


@pytest.mark.parametrize(
    ("launch", "least", "target", "words"),
    [
        ("ec2", 0, None, ""),
        ("ec2", 0, "services", ""),
        ("ec2", 0, "capacity", ""),
        ("ec2", 0, "database", "which --target-step database leaves out"),
        ("fargate", 0, None, "no instances to replace"),
        # instances without a service count too
    ],
)
def test_a_newer_ami_is_refused_where_there_are_no_instances(
    launch: str, least: int, target: str | None, words: str
) -> None:
    config = Config.model_validate({"services": {"web": {**SERVICE, "launch": launch}}, "capacity": {"min": least}})
    request_checks.check_new_ami(config, target, new_ami=False)
    if not words:
        request_checks.check_new_ami(config, target, new_ami=True)
        return
    with pytest.raises(ConfigurationError, match=words):
        request_checks.check_new_ami(config, target, new_ami=True)


def refused(code: str, operation: str) -> ClientError:
    return ClientError(cast("Any", {"Error": {"Code": code, "Message": "no"}}), operation)


class Told:
    """A stand-in that gives prepared answers about AMIs, or refuses."""

    pace = Pace()

    def __init__(self, image: Mapping[str, Any] | None, newest: str | None, *, owned: bool = True) -> None:
        self.image, self.newest = image, newest
        data = {"launch_template_data": {"ImageId": "ami-1"}}
        self.templates = [Observed("lt-1", data, owned=owned), Observed("lt-2", {"launch_template_data": {}})]

    def live(self, resource_type: type) -> list[Observed]:
        assert resource_type is LaunchTemplate
        return self.templates

    def client(self, service: str) -> Told:
        return self

    def get_parameter(self, **_: Any) -> Mapping[str, Any]:
        if self.newest is None:
            raise refused("AccessDeniedException", "GetParameter")
        return {"Parameter": {"Value": self.newest}}

    def describe_images(self, **asked: Any) -> Mapping[str, Any]:
        assert asked == {"ImageIds": ["ami-1"]}
        if self.image is None:
            raise refused("InvalidAMIID.NotFound", "DescribeImages")
        return {"Images": [self.image] if self.image else []}


@pytest.mark.parametrize(
    ("image", "newest", "expected"),
    [
        ({"Name": "al2023", "CreationDate": "2020-01-01T00:00:00.000Z"}, "ami-2", ("al2023", True, "ami-2")),
        ({"Name": "al2023", "CreationDate": "yesterday"}, "ami-1", ("al2023", False, "ami-1")),
        ({"Name": "al2023", "CreationDate": "2020-01-01"}, "ami-1", ("al2023", False, "ami-1")),
        ({"Name": "al2023"}, None, ("al2023", False, None)),
        ({}, "ami-2", (None, False, "ami-2")),
        (None, "ami-2", (None, False, "ami-2")),
    ],
)
def test_what_is_not_known_of_an_ami_is_no_error(
    image: Mapping[str, Any] | None, newest: str | None, expected: tuple[str | None, bool, str | None]
) -> None:
    (told,) = ami.condition(cast("Aws", Told(image, newest)))
    assert told["id"] == "ami-1"
    assert (told["name"], told["days"] is not None and told["days"] > 2000, told["newest"]) == expected
    assert ami.condition(cast("Aws", Told(image, newest, owned=False))) == []


@pytest.mark.parametrize(
    ("refresh", "told"),
    [
        ({}, ""),
        ({"Status": "Successful", "PercentageComplete": 100, "InstancesToUpdate": 0}, ""),
        ({"Status": "Failed", "PercentageComplete": 50, "InstancesToUpdate": 1}, ""),
        ({"Status": "Pending"}, "an instance refresh is Pending"),
        ({"Status": "InProgress", "InstancesToUpdate": 4}, "0 of 4 instances replaced, 0 %"),
        ({"Status": "InProgress", "PercentageComplete": 100}, "all instances replaced, 100 %"),
        (
            {"Status": "Cancelling", "PercentageComplete": 75, "InstancesToUpdate": 1},
            "3 of 4 instances replaced, 75 %, being cancelled",
        ),
        # 10 of 11, or 9 of 10
        (
            {"Status": "InProgress", "PercentageComplete": 90, "InstancesToUpdate": 1},
            "instances left to replace: 1, 90 %",
        ),
        *[
            (
                {"Status": "InProgress", "PercentageComplete": done * 100 // total, "InstancesToUpdate": total - done},
                f"{done} of {total} instances replaced, {done * 100 // total} %",
            )
            for total in range(1, 10)
            for done in range(total)
        ],
    ],
)
def test_the_progress_of_a_refresh(refresh: Mapping[str, Any], told: str) -> None:
    assert instance_refresh.progress(refresh) == told


@pytest.mark.parametrize(
    ("refresh", "why"),
    [
        ({}, ""),
        ({"Status": "Successful", "StatusReason": "all is well"}, ""),
        ({"Status": "InProgress", "StatusReason": "warming up"}, ""),
        ({"Status": "Failed", "InstanceRefreshId": "r", "StatusReason": "No."}, "the instance refresh r is Failed: No"),
        ({"Status": "Cancelled", "InstanceRefreshId": "r"}, "the instance refresh r is Cancelled"),
    ],
)
def test_why_a_refresh_ended_early(refresh: Mapping[str, Any], why: str) -> None:
    assert instance_refresh.failure(refresh) == why
