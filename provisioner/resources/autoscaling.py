"""EC2 Auto Scaling: the group that launches container instances."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws import durations
from provisioner.aws.api import Api, TagCalls
from provisioner.aws.client import Aws, batches
from provisioner.aws.durations import Takes
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import ASKED, FAILURE, OWN, TAGS_AT_ONCE, Use, grants, untagging
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.costs import Around, Cost
from provisioner.engine.ports import Row
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.engine.words import UNSEEN
from provisioner.resources import instance_refresh, members
from provisioner.resources.ec2.launch import LaunchTemplate
from provisioner.resources.phrases import because
from provisioner.resources.sized import instance_costs


def group_tags(name: str, tags: Mapping[str, str], inherited: Container[str]) -> list[dict[str, Any]]:
    """Return the tags of an Auto Scaling group; instances carry the inherited tags, but not the group's address."""
    group = {"ResourceType": "auto-scaling-group", "ResourceId": name}
    return [{**group, **pair, "PropagateAtLaunch": pair["Key"] in inherited} for pair in tag_pairs(tags)]


API = Api(
    "autoscaling",
    "EC2 Auto Scaling",
    tags=TagCalls(
        "id",
        lambda aws, name: tag_map(
            aws.pages(
                "autoscaling", "describe_tags", "Tags", Filters=[{"Name": "auto-scaling-group", "Values": [name]}]
            )
        ),
        lambda aws, name, tags: aws.client("autoscaling").create_or_update_tags(
            Tags=group_tags(name, tags, aws.inherited)
        ),
        lambda aws, name, keys: aws.client("autoscaling").delete_tags(
            Tags=[{"ResourceType": "auto-scaling-group", "ResourceId": name, "Key": key} for key in keys]
        ),
    ),
    transient=(
        Row("not_yet_consistent", "ValidationError", "Invalid IAM Instance Profile|has no associated IAM Roles", 120,
            "the instance profile has not propagated yet",
            "terraform-provider-aws autoscaling/group.go, ec2/ec2_instance.go; terraform#4306"),
        Row("not_yet_consistent", "ServiceLinkedRoleFailure", "", 60, "the service-linked role is not ready yet",
            "Auto Scaling API, CreateAutoScalingGroup"),
        # Auto Scaling appends EC2's own sentence to one of its own
        Row("not_yet_consistent", "ValidationError",
            "(launch template|security group|subnet ID|image id).*does not exist", 300,
            "a new resource has not propagated yet", "ansible-modules-core#486, terraform-up-and-running-code#67"),
        Row("in_use", "ResourceInUse|ScalingActivityInProgress|ResourceContention", "", 1800,
            "instances or scaling activities are left", "Auto Scaling API, DeleteAutoScalingGroup"),
        Row("in_use", "InstanceRefreshInProgress", "", 300, "another instance refresh is in progress",
            "Auto Scaling API, StartInstanceRefresh"),
        Row("in_use", "ValidationError", "is not in InService", 120, "an instance is leaving the group",
            "guardian/riff-raff#510, infrahouse-toolkit#223"),
        Row("not_found", "ValidationError", "not found|does not exist"),
    ),
)  # fmt: skip

MANAGED_TAG = "AmazonECSManaged"
"""The tag that ECS puts on a capacity provider's group; the create call has it, so that instances carry it, too."""

MEMBERS = {
    "auto_scaling_group_name": "AutoScalingGroupName",
    "mixed_instances_policy": "MixedInstancesPolicy",
    "max_size": "MaxSize",
    "new_instances_protected_from_scale_in": "NewInstancesProtectedFromScaleIn",
    "health_check_type": "HealthCheckType",
    "health_check_grace_period": "HealthCheckGracePeriod",
}
"""The fields' names in all calls for groups; the subnets, a single text, are not among them."""


@dataclass(frozen=True)
class AutoScalingGroup(Resource):
    """A group of instances whose size the capacity provider sets. It begins without any.

    Attributes:
        mixed_instances_policy: in AWS's spelling, with all settings of InstancesDistribution.

    Its problems, both with ids of instances:

        outside: instances in zones that the group has left. `up` replaces them: they are protected from scale-in, so
            that AWS does not do it by itself.
        outdated_instances: instances that an instance refresh is to replace: with another instance type or purchase
            option than declared, and on request (`Aws.new_ami`) with an earlier version of the launch template.
    """

    auto_scaling_group_name: str
    mixed_instances_policy: Mapping[str, Any]
    subnet_ids: Sequence[str]
    max_size: int
    new_instances_protected_from_scale_in: bool = True
    health_check_type: str = "EC2"
    health_check_grace_period: int = 300

    type_name = "auto_scaling_group"
    api = API
    takes = Takes(gone=(durations.INSTANCE_SHUTDOWN,))
    arn = "autoScalingGroup:*:autoScalingGroupName/{auto_scaling_group_name}"
    permissions = (
        *grants("autoscaling", "DescribeAutoScalingGroups"),
        *grants("autoscaling", "DescribeInstanceRefreshes", use=Use.OTHER, why="--new-ami"),
        *grants("autoscaling", "DescribeScalingActivities", use=Use.OTHER, why=FAILURE),
        *grants("autoscaling", "DescribeTags", use=Use.OTHER, why="import", reader=False),
        *grants("autoscaling", "CreateAutoScalingGroup", OWN, conditions=ASKED),
        # also without the stack's tags: ECS puts AmazonECSManaged on a capacity provider's group, and AWS does not say
        # with whose permissions (ECS developer guide, cluster-auto-scaling)
        *grants("autoscaling", "CreateOrUpdateTags", OWN, **TAGS_AT_ONCE),
        *untagging("autoscaling", "DeleteTags", OWN),
        *grants("autoscaling", "DeleteAutoScalingGroup SetInstanceProtection UpdateAutoScalingGroup", OWN),
        *grants("autoscaling", "StartInstanceRefresh", OWN, use=Use.OTHER, why="--new-ami"),
        *grants(
            "autoscaling",
            "TerminateInstanceInAutoScalingGroup",
            OWN,
            use=Use.OTHER,
            why="instances that do not join",
        ),
    )
    identity = ("auto_scaling_group_name",)
    derived = ("id",)
    outputs = ("arn",)
    unordered = frozenset({"subnet_ids"})
    update_when_ready = True
    create_timeout = 6 * 3600
    delete_timeout = 1800
    poll_interval = 5

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        yield from instance_costs(name, settings, around)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        found = {g["AutoScalingGroupName"]: g for g in _described(aws, Filters=aws.owner_filters())}
        if unseen := sorted({fields["auto_scaling_group_name"] for fields in known} - found.keys()):
            found |= {g["AutoScalingGroupName"]: g for g in _described(aws, AutoScalingGroupNames=unseen)}
        for group in found.values():
            yield cls._live(aws, group)

    @classmethod
    def _live(cls, aws: Aws, group: Mapping[str, Any]) -> Observed:
        tags, outside = tag_map(group.get("Tags")), _outside(group, group["AvailabilityZones"])
        attributes = {
            **members.shown(MEMBERS, {"NewInstancesProtectedFromScaleIn": False, **group}),
            "mixed_instances_policy": _policy(group.get("MixedInstancesPolicy", {})),
            "subnet_ids": sorted(filter(None, group.get("VPCZoneIdentifier", "").split(","))),
        }
        problems, details = {"outside": _leavable(outside)}, dict[str, Any]()
        deleting, status, failure = "Status" in group, "", ""
        if deleting:
            status = because(group["Status"], _states(group.get("Instances", ())))
        elif outside and not problems["outside"]:
            status = f"{_states(outside)}, in a zone that the group no longer uses"
        else:
            policy = cls._declared_policy(aws, group)
            outdated, bought = (
                instance_refresh.outdated(aws, group),
                instance_refresh.bought_otherwise(aws, group, policy),
            )
            misfits = sorted({*instance_refresh.of_other_types(group, policy), *bought})
            refresh = instance_refresh.newest(aws, group, [*outdated, *misfits])
            status, failure = instance_refresh.progress(refresh), instance_refresh.failure(refresh)
            problems["outdated_instances"] = sorted({*misfits, *outdated}) if aws.new_ami else misfits
            details = {"outdated": outdated, "misfits": misfits, "bought_otherwise": bought}
        return observed(
            aws,
            group["AutoScalingGroupName"],
            attributes,
            tags,
            {"arn": group["AutoScalingGroupARN"]},
            status=status,
            deleting=deleting,
            problems={name: ids for name, ids in problems.items() if ids},
            reverted={"outdated_instances": failure} if failure else {},
            details=details,
        )

    @classmethod
    def _declared_policy(cls, aws: Aws, group: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the mixed instances policy that a group should have: the declared one, or else the recorded one."""
        name, own = group["AutoScalingGroupName"], group.get("MixedInstancesPolicy", {})
        wanted = (fields for fields in aws.known(cls) if fields["auto_scaling_group_name"] == name)
        policy: Mapping[str, Any] = next(wanted, {"mixed_instances_policy": own})["mixed_instances_policy"]
        return policy

    def _arguments(self) -> dict[str, Any]:
        return members.arguments(MEMBERS, self.fields()) | {"VPCZoneIdentifier": ",".join(self.subnet_ids)}

    def create(self, aws: Aws, token: str) -> Observed:
        name = self.auto_scaling_group_name
        # only the group has the address; its instances have all other tags as well
        inherited = {**aws.inherited, "Name": name, MANAGED_TAG: "true"}
        tags = group_tags(name, aws.tags(self.address) | inherited, inherited)
        aws.client("autoscaling").create_auto_scaling_group(
            **self._arguments(), MinSize=0, DesiredCapacity=0, Tags=tags
        )
        # the answer to CreateAutoScalingGroup is empty: it lacks even the ARN
        if group := _one(aws, name):
            return self._live(aws, group)
        return Observed(name, self.fields(), address=self.address, status=UNSEEN)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        if changes.keys() - {"outdated_instances"}:
            self._update_group(aws, live.id)
        if "outdated_instances" in changes:
            instance_refresh.start(aws, live.id, everyone=bool(live.details.get("bought_otherwise")))

    def _update_group(self, aws: Aws, name: str) -> None:
        """Change the group, and replace its instances in zones that it leaves."""
        # AWS refuses a maximum below the minimum, and `MinimumSize` changes the minimum only afterwards
        group = _one(aws, name)
        least = min(group.get("MinSize", 0), self.max_size)
        autoscaling = aws.client("autoscaling")
        autoscaling.update_auto_scaling_group(**self._arguments(), MinSize=least)
        # the group's own list of zones may still be the former one
        subnets = aws.client("ec2").describe_subnets(SubnetIds=self.subnet_ids)["Subnets"]
        zones = [subnet["AvailabilityZone"] for subnet in subnets]
        # ECS's lifecycle hook drains each before it is terminated (ECS guide, managed instance draining)
        for instance in _leavable(_outside(group, zones)):
            autoscaling.terminate_instance_in_auto_scaling_group(
                InstanceId=instance, ShouldDecrementDesiredCapacity=False
            )

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        autoscaling = aws.client("autoscaling")
        autoscaling.update_auto_scaling_group(
            AutoScalingGroupName=live.id,
            MinSize=0,
            MaxSize=0,
            DesiredCapacity=0,
            NewInstancesProtectedFromScaleIn=False,
        )
        # only instances in service can lose their protection; SetInstanceProtection takes 50 at once
        protected = [
            instance["InstanceId"]
            for instance in _one(aws, live.id).get("Instances", ())
            if instance["ProtectedFromScaleIn"] and instance["LifecycleState"] == "InService"
        ]
        for ids in batches(protected, 50):
            autoscaling.set_instance_protection(
                AutoScalingGroupName=live.id, InstanceIds=ids, ProtectedFromScaleIn=False
            )
        autoscaling.delete_auto_scaling_group(AutoScalingGroupName=live.id, ForceDelete=True)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        return live.status or None

    @classmethod
    def delays(cls, aws: Aws, live: Observed) -> str:
        return cls.blockers(aws, live)

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        return _activity(aws, live.id, "InProgress", "WaitingForELBConnectionDraining", "MidLifecycleAction", "Failed")


@dataclass(frozen=True)
class MinimumSize(Resource):
    """The minimum number of instances in a group of this stack; a minimum of 0 is no resource.

    It is a resource apart from the group, since it comes after the resources that the group's instances need: an
    instance that registers before ECS has a capacity provider for its group may never belong to that provider (ECS
    guide, Auto Scaling group capacity providers).
    """

    auto_scaling_group_name: str
    min_size: int

    type_name = "minimum_size"
    has_tags = False
    api = API
    identity = ("auto_scaling_group_name",)
    derived = ("id",)
    has_parent = True
    create_timeout = 900
    poll_interval = 5

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        for group in _described(aws, Filters=aws.owner_filters()):
            if group["MinSize"] and "Status" not in group:
                yield cls._live(aws, group)

    @staticmethod
    def _live(aws: Aws, group: Mapping[str, Any]) -> Observed:
        name, least = group["AutoScalingGroupName"], group["MinSize"]
        in_service = sum(i["LifecycleState"] == "InService" for i in group.get("Instances", ()))
        status = f"{in_service}/{least} instances in service" if in_service < least else ""
        if status and (problem := problem_of(aws, name)):
            status += f" ({problem})"
        return Observed(name, {"auto_scaling_group_name": name, "min_size": least}, status=status)

    def create(self, aws: Aws, token: str) -> Observed:
        self._put(aws, self.auto_scaling_group_name, self.min_size)
        return Observed(self.auto_scaling_group_name, self.fields(), status=f"0/{self.min_size} instances in service")

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        self._put(aws, live.id, self.min_size)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        cls._put(aws, live.id, 0)

    @staticmethod
    def _put(aws: Aws, name: str, least: int) -> None:
        aws.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=name, MinSize=least)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        return live.status or None


def left_outdated(aws: Aws) -> list[str]:
    """Return notes on instances that were launched from an earlier version of the launch template, and stay.

    Also return notes on instances with another type or purchase option than declared, which `up` replaces.
    """
    notes = []
    for group in aws.live(AutoScalingGroup):
        # a group that is being refreshed or deleted has a status that says so
        if not group.owned or group.status:
            continue
        why, misfits = group.reverted.get("outdated_instances", ""), group.details["misfits"]
        if misfits:
            notes.append(
                f"not of the instance types, or not bought as Spot or On-Demand, as capacity declares: "
                f"{', '.join(misfits)}. `provision up` replaces them, each by a new one first"
                + (f"; {why}" if why else "")
            )
        if not aws.new_ami and (ids := [one for one in group.details["outdated"] if one not in misfits]):
            notes.append(
                f"launched from an earlier version of the launch template: {', '.join(ids)}. "
                f"`provision up --new-ami` replaces them" + (f"; {why}" if why else "")
            )
    return notes


def newest_in_use(aws: Aws, image_id: str) -> list[str]:
    """Return a note if the user asked for the newest AMI and all instances already have it."""
    templates = [live.attributes["launch_template_data"] for live in aws.live(LaunchTemplate) if live.owned]
    old = any(group.details.get("outdated") for group in aws.live(AutoScalingGroup) if group.owned)
    if not aws.new_ami or old or not templates or any(data.get("ImageId") != image_id for data in templates):
        return []
    return [f"{image_id} is already the recommended AMI, and no instance has an older one"]


def _described(aws: Aws, **which: Any) -> Iterator[Any]:
    return aws.pages("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", **which)


def _one(aws: Aws, name: str) -> Mapping[str, Any]:
    """Return the group of that name, or nothing if AWS does not show it."""
    group: Mapping[str, Any] = next(_described(aws, AutoScalingGroupNames=[name]), {})
    return group


def _outside(group: Mapping[str, Any], zones: Collection[str]) -> list[Mapping[str, Any]]:
    """Return a group's instances outside these zones."""
    return [instance for instance in group.get("Instances", ()) if instance["AvailabilityZone"] not in zones]


def _leavable(instances: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the ids of the instances that are not terminating yet."""
    return sorted(i["InstanceId"] for i in instances if not i["LifecycleState"].startswith("Terminating"))


def _states(instances: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{i['InstanceId']} {i['LifecycleState']}" for i in instances)


def _policy(policy: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mixed instances policy without AWS's additions: the template's name, and empty settings."""
    template = policy.get("LaunchTemplate", {})
    specification = dict(template.get("LaunchTemplateSpecification", {}))
    specification.pop("LaunchTemplateName", None)
    distribution = policy.get("InstancesDistribution", {})
    return {
        "LaunchTemplate": {**template, "LaunchTemplateSpecification": specification},
        "InstancesDistribution": {name: value for name, value in distribution.items() if value not in (None, "")},
    }


def problem_of(aws: Aws, name: str) -> str:
    """Return a group's newest failed scaling activity in AWS's words, or an empty string."""
    return _activity(aws, name, "Failed", "Cancelled")


def _activity(aws: Aws, name: str, *codes: str) -> str:
    """Return the newest scaling activity with one of these status codes in AWS's words, or an empty string."""
    answer = aws.client("autoscaling").describe_scaling_activities(AutoScalingGroupName=name, MaxRecords=20)
    for activity in answer["Activities"]:
        if activity["StatusCode"] in codes:
            message = activity.get("StatusMessage", activity["Description"])
            return f"{activity['StatusCode']}: {message}"
    return ""
