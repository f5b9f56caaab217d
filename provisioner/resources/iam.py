"""IAM: roles with their policies, instance profiles, and the roles that AWS's services create for themselves."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Self

from botocore.exceptions import ClientError

from provisioner.aws import durations
from provisioner.aws.api import Api, Clients, Limit, TagCalls, Tags
from provisioner.aws.client import Aws
from provisioner.aws.durations import Takes
from provisioner.aws.errors import IgnoreNotFound
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import (
    ASKED,
    BOUND,
    CHANGED,
    OF_TASKS,
    OURS,
    OWN,
    TAGS_AT_ONCE,
    Conditions,
    Use,
    grants,
    passing,
    untagging,
)
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.ports import Row
from provisioner.engine.resource import Changes, Observed, Resource, compare, kept
from provisioner.resources import role_details
from provisioner.resources.phrases import named
from provisioner.resources.policies import Policy, normal

_RATES = "a cautious guess: IAM throttles, and documents no rate"


def _read_iam(aws: Clients, arn: str) -> Tags:
    name = arn.rpartition("/")[2]
    if ":instance-profile/" in arn:
        profile = aws.client("iam").get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        return tag_map(profile.get("Tags"))
    return tag_map(aws.pages("iam", "list_role_tags", "Tags", RoleName=name))


def _put_iam(aws: Clients, arn: str, tags: Mapping[str, str]) -> None:
    name = arn.rpartition("/")[2]
    if ":instance-profile/" in arn:
        aws.client("iam").tag_instance_profile(InstanceProfileName=name, Tags=tag_pairs(tags))
    else:
        aws.client("iam").tag_role(RoleName=name, Tags=tag_pairs(tags))


def _drop_iam(aws: Clients, arn: str, keys: Sequence[str]) -> None:
    name = arn.rpartition("/")[2]
    if ":instance-profile/" in arn:
        aws.client("iam").untag_instance_profile(InstanceProfileName=name, TagKeys=keys)
    else:
        aws.client("iam").untag_role(RoleName=name, TagKeys=keys)


API = Api(
    "iam",
    "IAM",
    everywhere=True,
    tags=TagCalls("arn", _read_iam, _put_iam, _drop_iam),
    transient=(
        Row("not_yet_consistent", "NoSuchEntity", "", 60, "a new resource has not propagated yet",
            "IAM user guide, eventual consistency"),
        Row("not_yet_consistent", "InvalidInput|MalformedPolicyDocument", "principal", 60,
            "the principal has not propagated yet", "IAM user guide, eventual consistency"),
        Row("in_use", "DeleteConflict|ConcurrentModification|EntityTemporarilyUnmodifiable", "", 120,
            "it is still attached or being changed", "IAM API"),
        Row("in_use", "LimitExceeded", "InstanceSessionsPerInstanceProfile", 60,
            "it is done already, but not listed yet", "IAM API, AddRoleToInstanceProfile"),
    ),
    rates=(
        Limit("each", 5, 1, _RATES, ("GetAccountAuthorizationDetails",)),
        # Each role is read by itself, by four operations; tools that audit accounts read ten roles at a time, and more.
        Limit("each", 50, 20, _RATES, ("Get*", "List*")),
        Limit("together", 30, 10, _RATES, ("*",)),
    ),
)  # fmt: skip

ROOT = "/"
"""The default path of roles and instance profiles (IAM user guide, "IAM identifiers")."""
LINKED = "/aws-service-role/"
"""The path of the roles that AWS's services create for themselves."""


def _listed(aws: Aws, path: str) -> Iterator[Mapping[str, Any]]:
    """Yield the roles below a path, without their tags and policies, which only calls such as `GetRole` show."""
    return aws.pages("iam", "list_roles", "Roles", PathPrefix=path, PaginationConfig={"PageSize": 1000})


def boundary_of(aws: Aws, role: str) -> str | None:
    """Return the ARN of a role's boundary, empty if it has none; None if there is no such role."""
    with IgnoreNotFound():
        return _bounded_by(aws.client("iam").get_role(RoleName=role)["Role"]) or ""
    return None


def _bounded_by(role: Mapping[str, Any]) -> str | None:
    arn: str | None = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return arn


_ATTACHED: Conditions = (
    (
        "ArnEquals",
        "iam:PolicyARN",
        tuple(
            f"arn:{{partition}}:iam::aws:policy/{name}"
            for name in (
                "service-role/AmazonEC2ContainerServiceforEC2Role",
                "service-role/AmazonECSTaskExecutionRolePolicy",
                "AmazonECSInfrastructureRolePolicyForLoadBalancers",
            )
        ),
    ),
)


@dataclass(frozen=True)
class Role(Resource):
    """A role: its trust policy, and its permissions by managed and inline policies (name to document).

    `permissions_boundary` is the ARN of the policy that limits its permissions. If it is None, a boundary that an
    administrator has set stays: it is neither compared nor removed.

    The only call that shows all roles with their policies is GetAccountAuthorizationDetails, which discloses the whole
    account. So each role with a known name is read by itself, as in Terraform, and all of them in parallel, unless
    `[account] bulk_roles` allows that call. It then only confirms roles that are as known: one that it shows otherwise,
    or does not show, is read by itself.
    """

    role_name: str
    assume_role_policy_document: Policy
    managed_policy_arns: Sequence[str] = ()
    inline_policies: Mapping[str, Policy] = field(default_factory=dict)
    description: str = ""
    path: str = ROOT
    permissions_boundary: str | None = None

    type_name = "role"
    api = API
    takes = Takes(known=(durations.IAM_PROPAGATION,))
    arn = "role{path}{role_name}"
    permissions = (
        # these support no resources; lists of roles show no policies and no tags
        *grants("iam", "ListRoles"),
        # any name: `doctor` reads the caller's own role, and IAM does not know the path of a missing role
        *grants("iam", "GetRole", "role/*"),
        *grants("iam", "GetRolePolicy ListAttachedRolePolicies ListRolePolicies", OWN),
        *grants("iam", "GetPolicy", "{boundary}"),
        # it knows no resource types: all roles of the account, or none
        *grants(
            "iam",
            "GetAccountAuthorizationDetails",
            use=Use.OPTION,
            why="`account.bulk_roles`",
            wanted=lambda config: config.account.bulk_roles,
        ),
        *grants(
            "iam", "ListInstanceProfilesForRole", OWN, use=Use.OTHER, why="what keeps something from being removed"
        ),
        *grants("iam", "ListRoleTags", OWN, use=Use.OTHER, why="import", reader=False),
        *grants("iam", "CreateRole", OWN, conditions=(*ASKED, *BOUND)),
        *grants("iam", "TagRole", OWN, conditions=ASKED, **TAGS_AT_ONCE),
        *untagging("iam", "UntagRole", OWN),
        *grants("iam", "AttachRolePolicy", OWN, conditions=(*_ATTACHED, *BOUND)),
        # policies that others have attached are removed, too
        *grants("iam", "DetachRolePolicy PutRolePolicy DeleteRolePolicy DeleteRole", OWN, conditions=BOUND),
        # here the key of `BOUND` is the boundary that the call sets, whatever the role has: so the role's tags count
        *grants(
            "iam", "PutRolePermissionsBoundary", OWN, conditions=(*BOUND, *OURS), use=Use.OTHER, why="a role without it"
        ),
        *grants("iam", "UpdateAssumeRolePolicy", OWN, conditions=BOUND, use=Use.OTHER, why=CHANGED),
        *passing("{ec2}", "AddRoleToInstanceProfile, CreateAutoScalingGroup, UpdateAutoScalingGroup", "instance"),
        *passing("ecs.amazonaws.com", "CreateService, UpdateService", "traffic"),
        *passing("ecs-tasks.amazonaws.com", "RegisterTaskDefinition", *OF_TASKS),
    )
    identity = ("role_name",)
    create_only = frozenset({"role_name", "path"})
    derived = ("id", "arn")
    outputs = ("arn",)
    ignore_changes = frozenset({"description"})
    unordered = frozenset({"managed_policy_arns"})

    def __post_init__(self) -> None:
        inline = {name: normal(document) for name, document in self.inline_policies.items()}
        object.__setattr__(self, "inline_policies", inline)
        object.__setattr__(self, "assume_role_policy_document", normal(self.assume_role_policy_document))

    def fields(self) -> dict[str, Any]:
        """Return the wanted settings, without a boundary if none is wanted."""
        fields = super().fields()
        return fields if self.permissions_boundary else {k: v for k, v in fields.items() if k != "permissions_boundary"}

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["role_name"] for fields in known}
        if aws.include_unrecorded:
            paths = {fields.get("path", ROOT) for fields in known} or {ROOT}
            listed = (role["RoleName"] for path in sorted(paths) for role in _listed(aws, path))
            likely = {name for name in listed if name.startswith(f"{aws.name}-")} - names
        else:
            likely = set[str]()
        confirmed = cls._confirmed(aws, known)
        yield from confirmed.values()
        for live in aws.each(partial(cls._read, aws), sorted((names | likely) - confirmed.keys())):
            if live is not None and (live.owned or live.id in names):
                yield live

    @classmethod
    def _confirmed(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> dict[str, Observed]:
        """Return the roles of this stack that one read of all roles shows exactly as they are declared or recorded."""
        details = role_details.details(aws, len({fields["role_name"] for fields in known}))
        found: dict[str, Observed] = {}
        for fields in known:
            if (name := fields["role_name"]) in details and name not in found:
                role = details[name]
                live = cls._live(aws, role, role_details.attached(role), role_details.inline(role))
                if live.owned and cls._fits(live, fields) and aws.chosen.items() <= (live.tags or {}).items():
                    found[name] = live
        return found

    @classmethod
    def _fits(cls, live: Observed, fields: Mapping[str, Any]) -> bool:
        """Say whether a role is as these fields say; an older record may lack some, or have others."""
        given = {name: value for name, value in fields.items() if name in cls.__dataclass_fields__}
        return "assume_role_policy_document" in given and not compare(cls(live.id, **given), live)

    @classmethod
    def read_some(cls, aws: Aws, known: Sequence[Mapping[str, Any]], ids: Collection[str]) -> Iterator[Observed]:
        return (live for live in aws.each(partial(cls._read, aws), sorted(ids)) if live is not None)

    @classmethod
    def _read(cls, aws: Aws, name: str) -> Observed | None:
        """Return one role with its policies; None if there is none of this name."""
        iam, of = aws.client("iam"), {"RoleName": name}
        with IgnoreNotFound():
            role = iam.get_role(**of)["Role"]
            attached = aws.pages("iam", "list_attached_role_policies", "AttachedPolicies", **of)
            inline = aws.pages("iam", "list_role_policies", "PolicyNames", **of)
            return cls._live(
                aws,
                role,
                [policy["PolicyArn"] for policy in attached],
                {one: iam.get_role_policy(**of, PolicyName=one)["PolicyDocument"] for one in inline},
            )
        return None

    @staticmethod
    def _live(
        aws: Aws, role: Mapping[str, Any], attached: Sequence[str] = (), inline: Mapping[str, Policy] | None = None
    ) -> Observed:
        attributes = {
            "role_name": role["RoleName"],
            "assume_role_policy_document": normal(role["AssumeRolePolicyDocument"]),
            "managed_policy_arns": sorted(attached),
            "inline_policies": {name: normal(document) for name, document in (inline or {}).items()},
            "path": role.get("Path", ROOT),
            "permissions_boundary": _bounded_by(role),
        }
        return observed(aws, role["RoleName"], attributes, tag_map(role.get("Tags")), {"arn": role["Arn"]})

    def create(self, aws: Aws, token: str) -> Observed:
        role = aws.client("iam").create_role(
            RoleName=self.role_name,
            Path=self.path,
            AssumeRolePolicyDocument=json.dumps(self.assume_role_policy_document),
            Description=self.description,
            Tags=aws.tag_list(self.address),
            **({"PermissionsBoundary": self.permissions_boundary} if self.permissions_boundary else {}),
        )["Role"]
        live = self._live(aws, role)
        # the role was created with the boundary, whether or not the answer repeats it
        return replace(live, attributes={**live.attributes, "permissions_boundary": self.permissions_boundary})

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        iam, role = aws.client("iam"), live.id
        if "permissions_boundary" in changes:
            # first: the caller may be allowed the other changes only on roles that have it
            iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=self.permissions_boundary)
        if "assume_role_policy_document" in changes:
            trust = json.dumps(self.assume_role_policy_document)
            iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust)
        if "managed_policy_arns" in changes:
            wanted, there = set(self.managed_policy_arns), set(live.attributes["managed_policy_arns"])
            for arn in sorted(wanted - there):
                iam.attach_role_policy(RoleName=role, PolicyArn=arn)
            for arn in sorted(there - wanted):
                iam.detach_role_policy(RoleName=role, PolicyArn=arn)
        if "inline_policies" in changes:
            inline = live.attributes["inline_policies"]
            for name, document in self.inline_policies.items():
                if inline.get(name) != document:
                    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
            for name in inline.keys() - self.inline_policies.keys():
                iam.delete_role_policy(RoleName=role, PolicyName=name)

    def widened(self, before: Mapping[str, Any], live: Observed) -> Self:
        """Keep a former policy until all tasks that were started with it have stopped."""
        there = live.attributes["inline_policies"]
        former = {
            name: document
            for name, document in before.get("inline_policies", {}).items()
            if name not in self.inline_policies and there.get(name) == normal(document)
        }
        attached = kept(
            self.managed_policy_arns, before.get("managed_policy_arns"), live.attributes["managed_policy_arns"]
        )
        if not former and len(attached) == len(self.managed_policy_arns):
            return self
        return replace(self, managed_policy_arns=attached, inline_policies={**self.inline_policies, **former})

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        # DeleteRole refuses a role with policies
        for arn in live.attributes["managed_policy_arns"]:
            aws.client("iam").detach_role_policy(RoleName=live.id, PolicyArn=arn)
        for name in live.attributes["inline_policies"]:
            aws.client("iam").delete_role_policy(RoleName=live.id, PolicyName=name)
        aws.client("iam").delete_role(RoleName=live.id)

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        profiles = aws.pages("iam", "list_instance_profiles_for_role", "InstanceProfiles", RoleName=live.id)
        return named("it is in instance profile", (profile["InstanceProfileName"] for profile in profiles))


@dataclass(frozen=True)
class InstanceProfile(Resource):
    """An instance profile, which gives a role to EC2 instances. It holds at most one role."""

    instance_profile_name: str
    role_name: str
    path: str = ROOT

    type_name = "instance_profile"
    api = API
    takes = Takes(known=(durations.IAM_PROPAGATION,))
    arn = "instance-profile{path}{instance_profile_name}"
    permissions = (
        *grants("iam", "ListInstanceProfiles"),
        *grants("iam", "GetInstanceProfile", "instance-profile/*"),
        *grants("iam", "CreateInstanceProfile", OWN, conditions=ASKED),
        *grants("iam", "TagInstanceProfile", OWN, conditions=ASKED, **TAGS_AT_ONCE),
        *untagging("iam", "UntagInstanceProfile", OWN),
        *grants("iam", "AddRoleToInstanceProfile RemoveRoleFromInstanceProfile DeleteInstanceProfile", OWN),
    )
    identity = ("instance_profile_name",)
    create_only = frozenset({"instance_profile_name", "path"})
    derived = ("id", "arn")
    outputs = ("arn",)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["instance_profile_name"] for fields in known}
        listed = aws.pages("iam", "list_instance_profiles", "InstanceProfiles") if aws.include_unrecorded else ()
        # the list has no tags, so each profile with a name like the stack's is read
        likely = {p["InstanceProfileName"] for p in listed if p["InstanceProfileName"].startswith(f"{aws.name}-")}
        for name in sorted(names | likely):
            with IgnoreNotFound():
                whole = aws.client("iam").get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
                live = cls._live(aws, whole)
                if live.owned or name in names:
                    yield live

    @staticmethod
    def _live(aws: Aws, profile: Mapping[str, Any]) -> Observed:
        roles = [role["RoleName"] for role in profile.get("Roles", ())]
        name = profile["InstanceProfileName"]
        attributes = {
            "instance_profile_name": name,
            "role_name": roles[0] if roles else None,
            "path": profile.get("Path", ROOT),
        }
        return observed(aws, name, attributes, tag_map(profile.get("Tags")), {"arn": profile["Arn"]})

    def create(self, aws: Aws, token: str) -> Observed:
        profile = aws.client("iam").create_instance_profile(
            InstanceProfileName=self.instance_profile_name, Path=self.path, Tags=aws.tag_list(self.address)
        )["InstanceProfile"]
        return self._live(aws, profile)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        iam = aws.client("iam")
        if changes["role_name"].old:
            iam.remove_role_from_instance_profile(InstanceProfileName=live.id, RoleName=changes["role_name"].old)
        iam.add_role_to_instance_profile(InstanceProfileName=live.id, RoleName=self.role_name)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        iam = aws.client("iam")
        if live.attributes["role_name"]:
            iam.remove_role_from_instance_profile(InstanceProfileName=live.id, RoleName=live.attributes["role_name"])
        iam.delete_instance_profile(InstanceProfileName=live.id)


@dataclass(frozen=True)
class ServiceLinkedRole(Resource):
    """The role that an AWS service acts with in this account: one for all stacks, so it is never deleted.

    A service creates it at the first use, and fails if that takes too long: so it is created before it is needed.
    """

    aws_service_name: str
    role_name: str

    type_name = "service_linked_role"
    has_tags = False
    api = API
    identity = ("aws_service_name", "role_name")
    derived = ("id",)
    retained = True
    retained_because = "it is shared by the account and free of charge"

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        details = role_details.details(aws, len({fields["role_name"] for fields in aws.known(Role)}))
        linked = {name: role for name, role in details.items() if role["Path"].startswith(LINKED)}
        # a list without one that is known may only be late, or too long for its pages
        complete = linked.keys() >= {fields["role_name"] for fields in known}
        return (cls._live(role) for role in (linked.values() if linked and complete else _listed(aws, LINKED)))

    @staticmethod
    def _live(role: Mapping[str, Any]) -> Observed:
        service = role["Path"].removeprefix(LINKED).rstrip("/")
        return Observed(role["RoleName"], {"aws_service_name": service, "role_name": role["RoleName"]})

    def create(self, aws: Aws, token: str) -> Observed:
        try:
            made = aws.client("iam").create_service_linked_role(AWSServiceName=self.aws_service_name)["Role"]
        except ClientError as error:
            # another caller was faster, perhaps the service itself
            if "has been taken in this account" not in str(error):
                raise
            return Observed(self.role_name, self.fields())
        return Observed(made["RoleName"], self.fields())
