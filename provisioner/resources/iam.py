"""IAM: roles with their policies, instance profiles, and the roles that AWS's services make for themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws.client import Aws
from provisioner.aws.errors import IgnoreNotFound
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources.phrases import named

Policy = Mapping[str, Any]
"""A policy document as IAM spells it."""


def policy(*statements: Mapping[str, Any]) -> Policy:
    """Return a policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def normal(document: Policy) -> dict[str, Any]:
    """Return a policy in one form: `Statement` a list, any other list sorted, and a list of one the value itself.

    IAM takes both spellings, and a document that was edited by hand comes back as it was written.
    """
    statements = document.get("Statement", [])
    statements = [statements] if isinstance(statements, Mapping) else statements
    return {**document, "Statement": [_normal(statement) for statement in statements]}


def _normal(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _normal(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return _normal(value[0]) if len(value) == 1 else sorted(value)
    return value


def _roles(aws: Aws) -> Iterator[Mapping[str, Any]]:
    """Yield all roles of the account, with their policies and tags, in the largest pages that there are."""
    most = {"PageSize": 1000}
    return aws.pages(
        "iam", "get_account_authorization_details", "RoleDetailList", Filter=["Role"], PaginationConfig=most
    )


@dataclass(frozen=True)
class Role(Resource):
    """A role: who may assume it, and what it may do by managed and by inline policies (name to document)."""

    role_name: str
    assume_role_policy_document: Policy
    managed_policy_arns: Sequence[str] = ()
    inline_policies: Mapping[str, Policy] = field(default_factory=dict)
    description: str = ""

    service = "iam"
    identity = ("role_name",)
    derived = ("id", "arn")
    outputs = ("arn",)
    ignore_changes = frozenset({"description"})
    unordered = frozenset({"managed_policy_arns"})

    def __post_init__(self) -> None:
        inline = {name: normal(document) for name, document in self.inline_policies.items()}
        object.__setattr__(self, "inline_policies", inline)
        object.__setattr__(self, "assume_role_policy_document", normal(self.assume_role_policy_document))

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["role_name"] for fields in known}
        for role in _roles(aws):
            if role["RoleName"] in names or aws.owns(tag_map(role.get("Tags"))):
                yield cls._live(aws, role)

    @staticmethod
    def _live(aws: Aws, role: Mapping[str, Any]) -> Observed:
        attributes = {
            "role_name": role["RoleName"],
            "assume_role_policy_document": normal(role["AssumeRolePolicyDocument"]),
            "managed_policy_arns": sorted(p["PolicyArn"] for p in role.get("AttachedManagedPolicies", ())),
            "inline_policies": {p["PolicyName"]: normal(p["PolicyDocument"]) for p in role.get("RolePolicyList", ())},
        }
        return observed(aws, role["RoleName"], attributes, tag_map(role.get("Tags")), {"arn": role["Arn"]})

    def create(self, aws: Aws, token: str) -> Observed:
        role = aws.client("iam").create_role(
            RoleName=self.role_name,
            AssumeRolePolicyDocument=json.dumps(self.assume_role_policy_document),
            Description=self.description,
            Tags=aws.tag_list(self.address),
        )["Role"]
        return self._live(aws, role)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        iam, role = aws.client("iam"), live.id
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

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        # DeleteRole wants nothing attached
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
    """What hands a role to EC2 instances. It holds at most one role."""

    instance_profile_name: str
    role_name: str

    service = "iam"
    identity = ("instance_profile_name",)
    derived = ("id", "arn")
    outputs = ("arn",)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["instance_profile_name"] for fields in known}
        if not aws.include_unrecorded:
            # what holds a role of this stack is known from the bulk read of the roles
            roles = (role for role in _roles(aws) if aws.owns(tag_map(role.get("Tags"))))
            held = {p["InstanceProfileName"]: p for role in roles for p in role.get("InstanceProfileList", ())}
            for name in names & held.keys():
                yield replace(cls._live(aws, held[name]), owned=True)
            names -= held.keys()
        listed = aws.pages("iam", "list_instance_profiles", "InstanceProfiles") if aws.include_unrecorded else ()
        # the list has no tags: where the name may be ours the whole profile is read
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
        attributes = {"instance_profile_name": name, "role_name": roles[0] if roles else None}
        return observed(aws, name, attributes, tag_map(profile.get("Tags")), {"arn": profile["Arn"]})

    def create(self, aws: Aws, token: str) -> Observed:
        profile = aws.client("iam").create_instance_profile(
            InstanceProfileName=self.instance_profile_name, Tags=aws.tag_list(self.address)
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
    """The role that an AWS service acts with in this account: one for all stacks, so it is never removed.

    Services make it when they are first used, and fail when that takes too long: it is made before it is needed.
    """

    aws_service_name: str
    role_name: str

    service = "iam"
    identity = ("aws_service_name", "role_name")
    derived = ("id",)
    retained = True
    retained_because = "it is shared by the account and free of charge"

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        return (cls._live(role) for role in _roles(aws) if role["Path"].startswith("/aws-service-role/"))

    @staticmethod
    def _live(role: Mapping[str, Any]) -> Observed:
        service = role["Path"].removeprefix("/aws-service-role/").rstrip("/")
        return Observed(role["RoleName"], {"aws_service_name": service, "role_name": role["RoleName"]})

    def create(self, aws: Aws, token: str) -> Observed:
        try:
            made = aws.client("iam").create_service_linked_role(AWSServiceName=self.aws_service_name)["Role"]
        except ClientError as error:
            # somebody else was faster, perhaps the service itself
            if "has been taken in this account" not in str(error):
                raise
            return Observed(self.role_name, self.fields())
        return Observed(made["RoleName"], self.fields())
