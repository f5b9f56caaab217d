"""Refusals by IAM."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, TEXT, Case, Scene, once, parameter
from tests.cloud.refusals.network import role, trust

case = partial(Case, "iam")
QUOTAS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
ELEMENTS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"
GRAMMAR = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"
RECORDED = "https://github.com/localstack/localstack/blob/main/tests/aws/services/iam/test_iam.snapshot.json"
READ = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}
DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": [READ]})
EXECUTION = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
NOWHERE = "arn:aws:iam::123456789012:policy/nowhere"
BOUND = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePermissionsBoundary.html"
LARGE = json.dumps({"Version": "2012-10-17", "Statement": [{**READ, "Sid": "x" * 6144}]})
OF_A_SERVICE = "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy"


@once
def attached(scene: Scene) -> str:
    """A role with a managed policy."""
    role(scene, "attached")
    scene.client("iam").attach_role_policy(RoleName="attached", PolicyArn=EXECUTION)
    return "attached"


@once
def inlined(scene: Scene) -> str:
    """A role with a policy of its own."""
    role(scene, "inlined")
    scene.client("iam").put_role_policy(RoleName="inlined", PolicyName="read", PolicyDocument=DOCUMENT)
    return "inlined"


@once
def profile(scene: Scene) -> str:
    """An instance profile with a role, both of the same name."""
    iam = scene.client("iam")
    role(scene, "profiled")
    iam.create_instance_profile(InstanceProfileName="profiled")
    iam.add_role_to_instance_profile(InstanceProfileName="profiled", RoleName="profiled")
    return "profiled"


@once
def linked(scene: Scene) -> str:
    """The service-linked role of RDS."""
    made = scene.client("iam").create_service_linked_role(AWSServiceName="rds.amazonaws.com")
    return str(made["Role"]["RoleName"])


@once
def bare(scene: Scene) -> str:
    """An instance profile without a role."""
    scene.client("iam").create_instance_profile(InstanceProfileName="bare")
    return "bare"


def new(scene: Scene, iam: Any, document: str = trust(), **more: Any) -> Any:
    """Create a role."""
    return iam.create_role(**{"RoleName": scene.name("role"), "AssumeRolePolicyDocument": document, **more})


def eleventh_policy(scene: Scene, iam: Any) -> Any:
    name = scene.name("role")
    new(scene, iam, RoleName=name)
    for number in range(11):
        made = iam.create_policy(PolicyName=f"{name}-{number}", PolicyDocument=DOCUMENT)
        iam.attach_role_policy(RoleName=name, PolicyArn=made["Policy"]["Arn"])


@once
def managed(scene: Scene) -> str:
    """The ARN of a managed policy of the account."""
    made = scene.client("iam").create_policy(PolicyName="managed", PolicyDocument=DOCUMENT)
    return str(made["Policy"]["Arn"])


def sixth_version(scene: Scene, iam: Any) -> Any:
    arn = iam.create_policy(PolicyName=scene.name("policy"), PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    for _ in range(5):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)


@once
def provider(scene: Scene) -> str:
    """The ARN of an OpenID Connect provider that has as many audiences as it can."""
    audiences = [f"audience-{number}" for number in range(100)]
    new = {"Url": "https://issuer.example.com", "ClientIDList": audiences}
    return str(scene.client("iam").create_open_id_connect_provider(**new)["OpenIDConnectProviderArn"])


def put(scene: Scene, iam: Any, **more: Any) -> Any:
    """Put a policy into a role."""
    request = {"RoleName": inlined(scene), "PolicyName": "other", "PolicyDocument": DOCUMENT}
    return iam.put_role_policy(**{**request, **more})


CASES = (
    case("CreateRole", "with a name in use", "EntityAlreadyExists", ERRORS,
        lambda s, c: (role(s), new(s, c, RoleName="tasks"))),
    case("CreateRole", "with a name of more than 64 characters", "ValidationError", parameter("RoleName"),
        lambda s, c: new(s, c, RoleName="x" * 65)),
    case("CreateRole", "with invalid characters in the name", "ValidationError", parameter("RoleName"),
        lambda s, c: new(s, c, RoleName="web role")),
    case("CreateRole", "with a path that ends without a slash", "ValidationError", parameter("Path"),
        lambda s, c: new(s, c, Path="/app")),
    case("CreateRole", "with a description of more than 1000 characters", "ValidationError", parameter("Description"),
        lambda s, c: new(s, c, Description="x" * 1001)),
    case("CreateRole", "with sessions of more than 12 hours", "ValidationError", parameter("MaxSessionDuration"),
        lambda s, c: new(s, c, MaxSessionDuration=43201)),
    case("CreateRole", "with more than 50 tags", "ValidationError", parameter("Tags"),
        lambda s, c: new(s, c, Tags=[{"Key": f"a{number}", "Value": "b"} for number in range(51)])),
    case("CreateRole", "with a tag value of more than 256 characters", "ValidationError", parameter("Tags"),
        lambda s, c: new(s, c, Tags=[{"Key": "a", "Value": "b" * 257}])),
    case("CreateRole", "with a tag that has other signs than those allowed", "ValidationError",
        "https://github.com/SWO-GS/auto-tag/issues/90",
        lambda s, c: new(s, c, Tags=[{"Key": "a", "Value": "b\x1b, c"}]), "must satisfy regular expression pattern"),
    case("CreateRole", "with a tag key twice", "InvalidInput",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html",
        lambda s, c: new(s, c, Tags=[{"Key": "a", "Value": "b"}, {"Key": "a", "Value": "c"}])),
    case("CreateRole", "with a trust policy that is not JSON", "MalformedPolicyDocument", ERRORS,
        lambda s, c: new(s, c, "{")),
    case("CreateRole", "with a trust policy without a principal", "MalformedPolicyDocument", GRAMMAR,
        lambda s, c: new(s, c, json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole"}]}))),
    case("CreateRole", "with a trust policy that has a resource", "MalformedPolicyDocument", GRAMMAR,
        lambda s, c: new(s, c, trust(Resource="*")), "prohibited field Resource"),
    case("CreateRole", "with a trust policy for other actions than STS's", "MalformedPolicyDocument", GRAMMAR,
        lambda s, c: new(s, c, trust(action="s3:GetObject"))),
    case("CreateRole", "with a principal that does not exist", "MalformedPolicyDocument", ELEMENTS,
        lambda s, c: new(s, c, trust({"AWS": "arn:aws:iam::123456789012:role/nobody"})), "Invalid principal"),
    case("CreateRole", "with a service principal that does not exist", "MalformedPolicyDocument", ELEMENTS,
        lambda s, c: new(s, c, trust({"Service": "ecs-tasks"})), "Invalid principal"),
    case("CreateRole", "with a trust policy of more than 2048 characters", "LimitExceeded", QUOTAS,
        lambda s, c: new(s, c, trust({"Service": "ec2.amazonaws.com"}, Sid="x" * 2048)), "ACLSizePerRole"),
    case("CreateRole", "with a boundary that does not exist", "NoSuchEntity", BOUND,
        lambda s, c: new(s, c, PermissionsBoundary=NOWHERE), "does not exist or is not attachable"),
    case("CreateRole", "with a boundary that is no ARN", "ValidationError", RECORDED,
        lambda s, c: new(s, c, PermissionsBoundary="a-boundary-of-the-team")),
    case("PutRolePermissionsBoundary", "that does not exist", "NoSuchEntity", BOUND,
        lambda s, c: c.put_role_permissions_boundary(RoleName=attached(s), PermissionsBoundary=NOWHERE), "Scope ARN"),
    case("PutRolePermissionsBoundary", "of an unknown role", "NoSuchEntity", ERRORS,
        lambda s, c: c.put_role_permissions_boundary(RoleName="nobody", PermissionsBoundary=EXECUTION)),
    case("PutRolePermissionsBoundary", "of a service-linked role", "UnmodifiableEntity", ERRORS,
        lambda s, c: c.put_role_permissions_boundary(RoleName=linked(s), PermissionsBoundary=EXECUTION)),
    case("CreatePolicy", "of more than 6,144 characters", "LimitExceeded", QUOTAS,
        lambda s, c: c.create_policy(PolicyName=s.name("policy"), PolicyDocument=LARGE), "PolicySize: 6144"),
    case("CreatePolicyVersion", "of more than 6,144 characters", "LimitExceeded", QUOTAS,
        lambda s, c: c.create_policy_version(PolicyArn=managed(s), PolicyDocument=LARGE), "PolicySize: 6144"),
    case("CreatePolicyVersion", "beyond five", "LimitExceeded", QUOTAS, sixth_version, "up to 5 versions"),
    case("DeletePolicy", "while it is a role's boundary", "DeleteConflict", ERRORS,
        lambda s, c: (new(s, c, PermissionsBoundary=managed(s)), c.delete_policy(PolicyArn=managed(s)))),
    case("UpdateAssumeRolePolicy", "of an unknown role", "NoSuchEntity", ERRORS,
        lambda s, c: c.update_assume_role_policy(RoleName="nobody", PolicyDocument=trust())),
    case("UpdateAssumeRolePolicy", "with an invalid trust policy", "MalformedPolicyDocument", ERRORS,
        lambda s, c: c.update_assume_role_policy(RoleName=attached(s), PolicyDocument=DOCUMENT)),
    case("UpdateAssumeRolePolicy", "of a service-linked role", "UnmodifiableEntity", ERRORS,
        lambda s, c: c.update_assume_role_policy(RoleName=linked(s), PolicyDocument=trust())),
    case("GetRole", "of an unknown role", "NoSuchEntity", ERRORS, lambda s, c: c.get_role(RoleName="nobody")),
    case("TagRole", "of an unknown role", "NoSuchEntity", ERRORS,
        lambda s, c: c.tag_role(RoleName="nobody", Tags=[{"Key": "a", "Value": "b"}])),
    case("DeleteRole", "of an unknown role", "NoSuchEntity", ERRORS,
        lambda s, c: c.delete_role(RoleName="nobody")),
    case("DeleteRole", "while a managed policy is attached", "DeleteConflict", ERRORS,
        lambda s, c: c.delete_role(RoleName=attached(s))),
    case("DeleteRole", "while it has a policy of its own", "DeleteConflict", ERRORS,
        lambda s, c: c.delete_role(RoleName=inlined(s))),
    case("DeleteRole", "while an instance profile has it", "DeleteConflict", ERRORS,
        lambda s, c: c.delete_role(RoleName=profile(s))),
    case("DeleteRole", "of a service-linked role", "UnmodifiableEntity", ERRORS,
        lambda s, c: c.delete_role(RoleName=linked(s))),
    case("AttachRolePolicy", "to an unknown role", "NoSuchEntity", ERRORS,
        lambda s, c: c.attach_role_policy(RoleName="nobody", PolicyArn=EXECUTION)),
    case("AttachRolePolicy", "of an unknown policy", "NoSuchEntity", ERRORS,
        lambda s, c: c.attach_role_policy(RoleName=attached(s), PolicyArn=f"{EXECUTION}X")),
    case("AttachRolePolicy", "of an invalid ARN", "ValidationError", RECORDED,
        lambda s, c: c.attach_role_policy(RoleName=attached(s), PolicyArn="AmazonECSTaskExecutionRolePolicy")),
    case("AttachRolePolicy", "of a service-linked role's policy", "PolicyNotAttachable", ERRORS,
        lambda s, c: c.attach_role_policy(RoleName=attached(s), PolicyArn=OF_A_SERVICE)),
    case("AttachRolePolicy", "to a service-linked role", "UnmodifiableEntity", ERRORS,
        lambda s, c: c.attach_role_policy(RoleName=linked(s), PolicyArn=EXECUTION)),
    case("AttachRolePolicy", "beyond 10 policies", "LimitExceeded", QUOTAS, eleventh_policy, "PoliciesPerRole"),
    case("DetachRolePolicy", "of a policy that is not attached", "NoSuchEntity", ERRORS,
        lambda s, c: c.detach_role_policy(RoleName=inlined(s), PolicyArn=EXECUTION)),
    case("DetachRolePolicy", "from an unknown role", "NoSuchEntity", ERRORS,
        lambda s, c: c.detach_role_policy(RoleName="nobody", PolicyArn=EXECUTION)),
    case("PutRolePolicy", "into an unknown role", "NoSuchEntity", ERRORS,
        lambda s, c: put(s, c, RoleName="nobody")),
    case("PutRolePolicy", "that is not JSON", "MalformedPolicyDocument", ERRORS,
        lambda s, c: put(s, c, PolicyDocument="{")),
    case("PutRolePolicy", "without a resource", "MalformedPolicyDocument", GRAMMAR,
        lambda s, c: put(s, c, PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*"}]}))),
    case("PutRolePolicy", "with a name of more than 128 characters", "ValidationError", parameter("PolicyName"),
        lambda s, c: put(s, c, PolicyName="x" * 129)),
    case("PutRolePolicy", "with invalid characters in the name", "ValidationError", parameter("PolicyName"),
        lambda s, c: put(s, c, PolicyName="read only")),
    case("PutRolePolicy", "beyond 10,240 characters of the role", "LimitExceeded", QUOTAS,
        lambda s, c: put(s, c, PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{**READ, "Sid": "x" * 10240}]})), "10240"),
    case("PutRolePolicy", "into a service-linked role", "UnmodifiableEntity", ERRORS,
        lambda s, c: put(s, c, RoleName=linked(s))),
    case("DeleteRolePolicy", "of an unknown policy", "NoSuchEntity", ERRORS,
        lambda s, c: c.delete_role_policy(RoleName=inlined(s), PolicyName="nothing")),
    case("DeleteRolePolicy", "from an unknown role", "NoSuchEntity", ERRORS,
        lambda s, c: c.delete_role_policy(RoleName="nobody", PolicyName="nothing")),
    case("CreateInstanceProfile", "with a name in use", "EntityAlreadyExists", ERRORS,
        lambda s, c: c.create_instance_profile(InstanceProfileName=profile(s))),
    case("CreateInstanceProfile", "with a name of more than 128 characters", "ValidationError",
        parameter("InstanceProfileName"), lambda s, c: c.create_instance_profile(InstanceProfileName="x" * 129)),
    case("GetInstanceProfile", "of an unknown profile", "NoSuchEntity", ERRORS,
        lambda s, c: c.get_instance_profile(InstanceProfileName="nothing")),
    case("AddRoleToInstanceProfile", "that has one", "LimitExceeded", TEXT,
        lambda s, c: c.add_role_to_instance_profile(InstanceProfileName=profile(s), RoleName=attached(s))),
    case("AddRoleToInstanceProfile", "that is unknown", "NoSuchEntity", ERRORS,
        lambda s, c: c.add_role_to_instance_profile(InstanceProfileName="nothing", RoleName=attached(s))),
    case("AddRoleToInstanceProfile", "of an unknown role", "NoSuchEntity", ERRORS,
        lambda s, c: c.add_role_to_instance_profile(InstanceProfileName=bare(s), RoleName="nobody")),
    case("RemoveRoleFromInstanceProfile", "of a role that is not in it", "NoSuchEntity", ERRORS,
        lambda s, c: c.remove_role_from_instance_profile(InstanceProfileName=profile(s), RoleName=attached(s))),
    case("RemoveRoleFromInstanceProfile", "that is unknown", "NoSuchEntity", ERRORS,
        lambda s, c: c.remove_role_from_instance_profile(InstanceProfileName="nothing", RoleName=attached(s))),
    case("DeleteInstanceProfile", "while a role is in it", "DeleteConflict", ERRORS,
        lambda s, c: c.delete_instance_profile(InstanceProfileName=profile(s))),
    case("DeleteInstanceProfile", "of an unknown profile", "NoSuchEntity", ERRORS,
        lambda s, c: c.delete_instance_profile(InstanceProfileName="nothing")),
    case("CreateServiceLinkedRole", "of a service that has it", "InvalidInput", ERRORS,
        lambda s, c: (linked(s), c.create_service_linked_role(AWSServiceName="rds.amazonaws.com")), "has been taken"),
    case("CreateServiceLinkedRole", "of a service that has none", "InvalidInput", ERRORS,
        lambda s, c: c.create_service_linked_role(AWSServiceName="nothing.amazonaws.com")),
    case("CreateServiceLinkedRole", "with a suffix that the service does not take", "InvalidInput",
        parameter("CustomSuffix"),
        lambda s, c: c.create_service_linked_role(AWSServiceName="ecs.amazonaws.com", CustomSuffix="mine")),
    case("CreateOpenIDConnectProvider", "of an issuer that has one", "EntityAlreadyExists", ERRORS,
        lambda s, c: (provider(s), c.create_open_id_connect_provider(Url="https://issuer.example.com"))),
    case("GetOpenIDConnectProvider", "of an unknown provider", "NoSuchEntity", ERRORS,
        lambda s, c: c.get_open_id_connect_provider(OpenIDConnectProviderArn=f"{provider(s)}/nothing")),
    case("AddClientIDToOpenIDConnectProvider", "to an unknown provider", "NoSuchEntity", ERRORS,
        lambda s, c: c.add_client_id_to_open_id_connect_provider(
            OpenIDConnectProviderArn=f"{provider(s)}/nothing", ClientID="mine")),
    case("AddClientIDToOpenIDConnectProvider", "with more than 100 audiences", "LimitExceeded", ERRORS,
        lambda s, c: c.add_client_id_to_open_id_connect_provider(
            OpenIDConnectProviderArn=provider(s), ClientID="mine")),
)  # fmt: skip
