"""EC2's launch templates, and the instances that were launched for this stack."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws.client import Aws
from provisioner.aws.errors import IgnoreNotFound
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import ASKED, CHANGED, OURS, OWN, Use, grants
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.resource import Changes, Observed, Resource, canonical
from provisioner.resources.ec2.api import API, TAGGED
from provisioner.resources.ec2.common import as_one_resource

RESOURCES = ("instance", "volume")
"""The types of resources that are launched from a template and carry the stack's owner tags."""
LAUNCHED = ("pending", "running", "stopping", "stopped", "shutting-down")


@dataclass(frozen=True)
class LaunchTemplate(Resource):
    """The template that launches container instances. A change makes a new version, which becomes the default.

    Attributes:
        launch_template_data: in AWS's spelling, without UserData, TagSpecifications and AWS's defaults.
        user_data: the text, not encoded.
        tagged: the resource types that get the owner tags at launch.
    """

    launch_template_name: str
    launch_template_data: Mapping[str, Any]
    user_data: str
    tagged: Sequence[str] = RESOURCES

    type_name = "launch_template"
    api = API
    arn = "launch-template/*"
    permissions = (
        *TAGGED,
        *grants("ec2", "DescribeLaunchTemplateVersions DescribeLaunchTemplates"),
        *grants("ec2", "CreateLaunchTemplate", OWN, conditions=ASKED),
        *grants("ec2", "DeleteLaunchTemplate", OWN, conditions=OURS),
        *grants(
            "ec2",
            "CreateLaunchTemplateVersion ModifyLaunchTemplate",
            OWN,
            conditions=OURS,
            use=Use.OTHER,
            why=CHANGED,
        ),
    )
    identity = ("launch_template_name",)
    unordered = frozenset({"tagged"})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["launch_template_name"] for fields in known}
        if aws.include_unrecorded or not names:
            found = aws.pages("ec2", "describe_launch_templates", "LaunchTemplates", Filters=aws.owner_filters())
            names |= {template["LaunchTemplateName"] for template in found}
        for name in sorted(names):
            with IgnoreNotFound():
                version = _version(aws, LaunchTemplateName=name)
                yield cls._live(aws, version, cls._tags(aws, version["LaunchTemplateId"]))

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        return cls._live(aws, _version(aws, LaunchTemplateId=id), cls._tags(aws, id))

    @staticmethod
    def _tags(aws: Aws, id: str) -> Mapping[str, str]:
        """Return a template's tags, which its versions do not show."""

        def read() -> Mapping[str, str]:
            (found,) = aws.client("ec2").describe_launch_templates(LaunchTemplateIds=[id])["LaunchTemplates"]
            return tag_map(found.get("Tags"))

        return aws.tags_of(f"arn:{aws.partition}:ec2:{aws.region}:{aws.account}:launch-template/{id}", read)

    @classmethod
    def _live(cls, aws: Aws, version: Mapping[str, Any], tags: Mapping[str, str]) -> Observed:
        attributes = {
            "launch_template_name": version["LaunchTemplateName"],
            **_settings(aws, version["LaunchTemplateData"]),
        }
        # AWS shows no version of a template that was just created
        details = {"version": str(version.get("VersionNumber", 1))}
        return observed(aws, version["LaunchTemplateId"], attributes, tags, details=details)

    def _data(self, aws: Aws) -> dict[str, Any]:
        tags = tag_pairs(aws.inherited)
        return {
            **self.launch_template_data,
            "UserData": b64encode(self.user_data.encode()).decode(),
            "TagSpecifications": [{"ResourceType": resource, "Tags": tags} for resource in self.tagged],
        }

    def create(self, aws: Aws, token: str) -> Observed:
        data = self._data(aws)
        template = aws.client("ec2").create_launch_template(
            LaunchTemplateName=self.launch_template_name,
            LaunchTemplateData=data,
            ClientToken=token,
            TagSpecifications=aws.tag_specification("launch-template", self.address),
        )["LaunchTemplate"]
        return self._live(aws, {**template, "LaunchTemplateData": data}, aws.tags(self.address))

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        ec2, data = aws.client("ec2"), self._data(aws)
        newest = _version(aws, "$Latest", LaunchTemplateId=live.id)
        # an interrupted update may have created the wanted version without making it the default
        if canonical(_settings(aws, newest["LaunchTemplateData"])) != canonical(_settings(aws, data)):
            answer = ec2.create_launch_template_version(LaunchTemplateId=live.id, LaunchTemplateData=data)
            newest = answer["LaunchTemplateVersion"]
        ec2.modify_launch_template(LaunchTemplateId=live.id, DefaultVersion=str(newest["VersionNumber"]))

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("ec2").delete_launch_template(LaunchTemplateId=live.id)


def default_image(aws: Aws, name: str) -> str | None:
    """Return the AMI of a launch template's default version; None if there is no template of that name."""
    with IgnoreNotFound():
        image: str | None = _version(aws, LaunchTemplateName=name)["LaunchTemplateData"].get("ImageId")
        return image
    return None


def _version(aws: Aws, version: str = "$Default", **template: str) -> Mapping[str, Any]:
    """Return a version of a template, given by id or name."""
    answer = aws.client("ec2").describe_launch_template_versions(Versions=[version], **template)
    found: Mapping[str, Any] = answer["LaunchTemplateVersions"][0]
    return found


def _settings(aws: Aws, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a version's data as the fields of the resource type, without AWS's additions."""
    plain = {name: value for name, value in data.items() if name not in ("UserData", "TagSpecifications")}
    if "MetadataOptions" in plain:
        defaults = {"State": None, "HttpProtocolIpv6": "disabled", "InstanceMetadataTags": "disabled"}
        plain["MetadataOptions"] = {
            name: value
            for name, value in plain["MetadataOptions"].items()
            if name != "State" and defaults.get(name) != value
        }
    specifications = data.get("TagSpecifications", ())
    return {
        "launch_template_data": {name: value for name, value in plain.items() if value not in ([], {}, None)},
        "user_data": b64decode(data.get("UserData", "")).decode(),
        "tagged": [s["ResourceType"] for s in specifications if tag_map(s.get("Tags")) == aws.inherited],
    }


@dataclass(frozen=True)
class Instances(Resource):
    """The EC2 instances that carry the stack's owner tags, all together: their id is the stack's name.

    A teardown deletes them after their group is gone: it terminates instances that the group left running, and waits
    for ones that are shutting down, since their interfaces still hold subnets and security groups.

    Attributes:
        launch_template_id: the template that launches them.
        subnet_ids: the subnets that they are launched in.
    """

    launch_template_id: str
    subnet_ids: Sequence[str]

    type_name = "instances"
    api = API
    arn = "instance/*"
    permissions = (
        *grants("ec2", "DescribeInstances"),
        *grants("ec2", "TerminateInstances", OWN, conditions=OURS, use=Use.OTHER, why="instances without a group"),
    )
    created_by_aws = True
    delete_timeout = 1200
    poll_interval = 5

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        filters = [*aws.owner_filters(), {"Name": "instance-state-name", "Values": [*LAUNCHED]}]
        # instances with these tags in other subnets are not this stack's
        subnets = {subnet for fields in known for subnet in fields["subnet_ids"] if subnet.startswith("subnet-")}
        if subnets:
            filters.append({"Name": "subnet-id", "Values": sorted(subnets)})
        reservations = aws.pages("ec2", "describe_instances", "Reservations", Filters=filters)
        states = {i["InstanceId"]: i["State"]["Name"] for r in reservations for i in r["Instances"]}
        return as_one_resource(aws, states, "shutting-down", "EC2 instances:")

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("ec2").terminate_instances(InstanceIds=live.outputs["left"])
