"""Roles, policies and profiles: trust policies, names, sizes, dependencies that block deletion, and AWS's own roles."""

from __future__ import annotations

import json
import re
from typing import Any

from moto.iam.models import IAMBackend, ManagedPolicy, iam_backends
from moto.iam.responses import IamResponse
from moto.sts.models import STSBackend

from ecs_emulator import durations
from ecs_emulator.authorization.policy import listed
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import refuse, replace, wrap
from ecs_emulator.services.iam import texts

_INVALID_ARN = "Invalid ARN:  Could not be parsed!"

# "AWS services that work with IAM": service-linked roles are named by their service, after the prefix.
_LINKED = {
    "autoscaling.amazonaws.com": ("AutoScaling", "AutoScalingServiceRolePolicy"),
    "ecs.amazonaws.com": ("ECS", "AmazonECSServiceRolePolicy"),
    "ecs.application-autoscaling.amazonaws.com": (
        "ApplicationAutoScaling_ECSService",
        "AWSApplicationAutoscalingECSServicePolicy",
    ),
    "elasticache.amazonaws.com": ("ElastiCache", "ElastiCacheServiceRolePolicy"),
    "elasticloadbalancing.amazonaws.com": ("ElasticLoadBalancing", "AWSElasticLoadBalancingServiceRolePolicy"),
    "rds.amazonaws.com": ("RDS", "AmazonRDSServiceRolePolicy"),
    "spot.amazonaws.com": ("EC2Spot", "AWSEC2SpotServiceRolePolicy"),
    "vpcorigin.cloudfront.amazonaws.com": ("CloudFrontVPCOrigin", "AWSCloudFrontVPCOriginServiceRolePolicy"),
}
_WITH_SUFFIX = ("autoscaling.amazonaws.com",)
CALLER = "moto"
"""The account's user as whom every rehearsal calls, with any keys; the user exists before any stack."""
_NAME = r"[\w+=,.@-]+"


def _check_name(what: str, parameter: str, name: str, longest: int) -> None:
    """Refuse a name that is too long or has characters other than word characters and +=,.@- (ValidationError)."""
    intro = f"1 validation error detected: Value '{name}' at '{parameter}' failed to satisfy constraint: Member must"
    if len(name) > longest:
        refuse("ValidationError", f"{intro} have length less than or equal to {longest}")
    if not re.fullmatch(_NAME, name):
        refuse(
            "ValidationError",
            f"The specified value for {what} is invalid. It must contain only alphanumeric characters and/or the "
            "following: +=,.@_-",
        )


def check_boundary(iam: Any, arn: str | None) -> None:
    """Refuse a boundary that is no policy of this account (API reference, NoSuchEntity; message as rosa gets it)."""
    if arn and not arn.startswith("arn:"):
        refuse("ValidationError", _INVALID_ARN)
    if arn and (arn not in iam.managed_policies or ":policy/aws-service-role/" in arn):
        refuse("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.")


@wrap(IAMBackend, "create_role")
def create_role(
    original: Any,
    self: Any,
    role_name: str,
    assume_role_policy_document: str,
    path: str,
    permissions_boundary: str | None,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """CreateRole: check the name (64 characters), the boundary, and the trust policy with its principals."""
    _check_name("roleName", "roleName", role_name, 64)
    check_boundary(self, permissions_boundary)
    check_trust(self, assume_role_policy_document)
    if _size(assume_role_policy_document) > 2048:
        refuse("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")
    role = original(self, role_name, assume_role_policy_document, path, permissions_boundary, *args, **kwargs)
    role.known_at = later(durations.IAM_PROPAGATION)
    return role


def known_elsewhere(resource: Any) -> bool:
    """Return whether other services know a role or profile by now (IAM user guide, eventual consistency)."""
    return passed(getattr(resource, "known_at", 0.0))


@replace(IAMBackend, "update_assume_role_policy")
def update_assume_role_policy(self: Any, role_name: str, policy_document: str) -> None:
    """UpdateAssumeRolePolicy: check the trust policy as at creation; refuse AWS's own roles."""
    role = self.get_role(role_name)
    _check_unprotected(role)
    check_trust(self, policy_document)
    role.assume_role_policy_document = policy_document


def check_trust(iam: Any, text: str) -> None:
    """Refuse text that is no trust policy: JSON, principals, actions of STS (MalformedPolicyDocument)."""
    try:
        document = json.loads(text)
    except ValueError:
        refuse("MalformedPolicyDocument", "This policy contains invalid Json")
    statements = document.get("Statement") if isinstance(document, dict) else None
    if not statements:
        refuse("MalformedPolicyDocument", "Syntax errors in policy.")
    for statement in listed(statements):
        if statement.get("Effect") not in ("Allow", "Deny"):
            refuse("MalformedPolicyDocument", "Missing required field Effect")
        if "Resource" in statement:
            refuse("MalformedPolicyDocument", "Has prohibited field Resource")
        if not statement.get("Principal"):
            refuse("MalformedPolicyDocument", "Missing required field Principal")
        actions = listed(statement.get("Action"))
        if not actions:
            refuse("MalformedPolicyDocument", "Missing required field Action")
        if any(not action.startswith("sts:") and action != "*" for action in actions):
            refuse("MalformedPolicyDocument", "AssumeRole policy may only specify STS AssumeRole actions.")
        _check_principal(iam, statement["Principal"])


def _check_principal(iam: Any, principal: Any) -> None:
    if principal == "*":
        return
    for service in listed(principal.get("Service")):
        if not re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?", service):
            refuse("MalformedPolicyDocument", f'Invalid principal in policy: "SERVICE":"{service}"')
    for name in listed(principal.get("AWS")):
        if ":role/" in name or ":user/" in name:
            known = {resource.arn for resource in [*iam.roles.values(), *iam.users.values()]}
            if name not in known and f":{iam.account_id}:" in name:
                refuse("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{name}"')


def _check_unprotected(role: Any) -> None:
    if role._linked_service:
        refuse(
            "UnmodifiableEntity",
            f"Cannot perform the operation on the protected role '{role.name}' - this role is only modifiable by AWS",
        )


@wrap(IAMBackend, "delete_role")
def delete_role(original: Any, self: Any, role_name: str) -> None:
    """DeleteRole: refuse a service-linked role; moto refuses while policies or profiles hold the role."""
    _check_unprotected(self.get_role(role_name))
    original(self, role_name)


@wrap(IAMBackend, "put_role_policy")
def put_role_policy(original: Any, self: Any, role_name: str, policy_name: str, policy_json: str) -> None:
    """PutRolePolicy: refuse AWS's own roles, and names and sizes beyond the limits."""
    _check_unprotected(self.get_role(role_name))
    _check_name("policyName", "policyName", policy_name, 128)
    others = [text for name, text in self.get_role(role_name).policies.items() if name != policy_name]
    if sum(map(_size, [*others, policy_json])) > 10240:
        refuse("LimitExceeded", f"Maximum policy size of 10240 bytes exceeded for role {role_name}")
    original(self, role_name, policy_name, policy_json)


def _size(document: str) -> int:
    """Return a policy's number of characters without white space (IAM guide, "IAM and AWS STS quotas")."""
    return len("".join(document.split()))


@wrap(IAMBackend, "attach_role_policy")
def attach_role_policy(original: Any, self: Any, policy_arn: str, role_name: str) -> None:
    """AttachRolePolicy: refuse AWS's own roles and policies, and more than 10; attaching again changes nothing."""
    role = self.get_role(role_name)
    _check_unprotected(role)
    if not policy_arn.startswith("arn:"):
        refuse("ValidationError", _INVALID_ARN)
    if ":policy/aws-service-role/" in policy_arn:
        refuse("PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.")
    if policy_arn not in role.managed_policies and len(role.managed_policies) >= 10:
        refuse("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10")
    if policy_arn not in role.managed_policies:
        original(self, policy_arn, role_name)


@wrap(IAMBackend, "detach_role_policy")
def detach_role_policy(original: Any, self: Any, policy_arn: str, role_name: str) -> None:
    """DetachRolePolicy: refuse AWS's own roles."""
    _check_unprotected(self.get_role(role_name))
    original(self, policy_arn, role_name)


@wrap(IAMBackend, "put_role_permissions_boundary")
def put_role_permissions_boundary(original: Any, self: Any, role_name: str, permissions_boundary: str) -> None:
    """PutRolePermissionsBoundary: refuse AWS's own roles, and a policy that does not exist."""
    _check_unprotected(self.get_role(role_name))
    check_boundary(self, permissions_boundary)
    original(self, role_name, permissions_boundary)


@wrap(IAMBackend, "delete_role_permissions_boundary")
def delete_role_permissions_boundary(original: Any, self: Any, role_name: str) -> None:
    """DeleteRolePermissionsBoundary: refuse AWS's own roles."""
    _check_unprotected(self.get_role(role_name))
    original(self, role_name)


@wrap(IAMBackend, "create_policy")
def create_policy(
    original: Any, self: Any, description: str, path: str, policy_document: str, policy_name: str, tags: Any
) -> Any:
    """CreatePolicy: refuse names and sizes beyond the limits (IAM guide, "IAM and AWS STS quotas")."""
    _check_name("policyName", "policyName", policy_name, 128)
    _check_size(policy_document)
    return original(self, description, path, policy_document, policy_name, tags)


def _check_size(document: str) -> None:
    if _size(document) > 6144:
        refuse("LimitExceeded", "Cannot exceed quota for PolicySize: 6144")


@wrap(IAMBackend, "create_policy_version")
def create_policy_version(
    original: Any, self: Any, policy_arn: str, policy_document: str, *args: Any, **kwargs: Any
) -> Any:
    """CreatePolicyVersion: refuse a size beyond the limit; moto allows five versions."""
    _check_size(policy_document)
    return original(self, policy_arn, policy_document, *args, **kwargs)


@wrap(IAMBackend, "delete_policy")
def delete_policy(original: Any, self: Any, policy_arn: str) -> None:
    """DeletePolicy: refuse while attached, while a role's boundary, with further versions, and for AWS's own."""
    policy: ManagedPolicy = self.get_policy(policy_arn)
    if ":iam::aws:" in policy_arn:
        refuse("AccessDenied", f"{policy_arn} is a policy of AWS: it cannot be deleted")
    holders = [*self.roles.values(), *self.users.values(), *self.groups.values()]
    bounded = any(role.permissions_boundary_arn == policy_arn for role in self.roles.values())
    if bounded or any(policy_arn in holder.managed_policies for holder in holders):
        refuse("DeleteConflict", "Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        refuse(
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy.",
        )
    original(self, policy_arn)


@wrap(IAMBackend, "create_instance_profile")
def create_instance_profile(original: Any, self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """CreateInstanceProfile: check the name (128 characters)."""
    _check_name("instanceProfileName", "instanceProfileName", name, 128)
    profile = original(self, name, *args, **kwargs)
    profile.known_at = later(durations.IAM_PROPAGATION)
    return profile


@wrap(IAMBackend, "remove_role_from_instance_profile")
def remove_role_from_instance_profile(original: Any, self: Any, profile_name: str, role_name: str) -> None:
    """RemoveRoleFromInstanceProfile: refuse a role that is not in the profile (NoSuchEntity)."""
    if all(role.name != role_name for role in self.get_instance_profile(profile_name).roles):
        refuse("NoSuchEntity", f"The role with name {role_name} cannot be found in instance profile {profile_name}.")
    original(self, profile_name, role_name)


@replace(IAMBackend, "create_service_linked_role")
def create_service_linked_role(self: Any, service_name: str, description: str, suffix: str) -> Any:
    """CreateServiceLinkedRole: use AWS's name and policy; refuse a second role (InvalidInput)."""
    if service_name not in _LINKED:
        refuse("InvalidInput", f"Service-linked roles are not supported for the service {service_name}")
    if suffix and service_name not in _WITH_SUFFIX:
        refuse("InvalidInput", "Custom suffix is not allowed for " + service_name)
    ending, policy_name = _LINKED[service_name]
    name = f"AWSServiceRoleFor{ending}" + (f"_{suffix}" if suffix else "")
    if any(role.name == name for role in self.get_roles()):
        refuse(
            "InvalidInput",
            f"Service role name {name} has been taken in this account, please try a different suffix.",
        )
    statement = {"Effect": "Allow", "Principal": {"Service": service_name}, "Action": "sts:AssumeRole"}
    role = self.create_role(
        name,
        json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        f"/aws-service-role/{service_name}/",
        None,
        description or "",
        [],
        "3600",
        linked_service=service_name,
    )
    for policy in self.managed_policies.values():
        if policy.arn.endswith(f"aws:policy/aws-service-role/{policy_name}"):
            policy.attach_to(role)
    return role


@wrap(IAMBackend, "delete_service_linked_role")
def delete_service_linked_role(original: Any, self: Any, role_name: str) -> str:
    """DeleteServiceLinkedRole: delete one of AWS's own roles, which DeleteRole refuses."""
    role = self.get_role(role_name)
    for policy in list(role.managed_policies.values()):
        policy.detach_from(role)
    role._linked_service = None
    return str(original(self, role_name))


@wrap(IamResponse, "tag_role")
def tag_role(original: Any, self: Any) -> Any:
    """TagRole: refuse AWS's own roles."""
    _check_unprotected(self.backend.get_role(self._get_param("RoleName")))
    return original(self)


@wrap(IAMBackend, "get_instance_profiles_for_role")
def get_instance_profiles_for_role(original: Any, self: Any, role_name: str) -> Any:
    """ListInstanceProfilesForRole: refuse an unknown role."""
    if role_name not in {role.name for role in self.roles.values()}:
        refuse("NoSuchEntity", texts.NO_ROLE.format(role_name))
    return original(self, role_name)


def _of_caller(operation: str) -> None:
    @wrap(IamResponse, operation)
    def of_caller(original: Any, self: Any) -> Any:
        """Read the calling user if the call names none (API references, UserName)."""
        self.params["UserName"] = self._get_param("UserName") or CALLER
        return original(self)


for _operation in (
    *("get_user", "get_login_profile", "list_access_keys", "list_mfa_devices", "list_signing_certificates"),
    "list_ssh_public_keys",
):
    _of_caller(_operation)


@wrap(STSBackend, "get_caller_identity")
def get_caller_identity(original: Any, self: Any, access_key_id: str, region: str) -> Any:
    """GetCallerIdentity: return a user's id and ARN from IAM; assumed roles keep STS's."""
    user_id, arn, account = original(self, access_key_id, region)
    if ":user/" in arn:
        users = iam_backends[account]["aws"].users
        user = users[arn.rpartition("/")[2]]
        return user.id, user.arn, account
    return user_id, arn, account
