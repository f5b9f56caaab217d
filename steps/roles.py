"""IAM roles: for container instances, for ECS when it starts tasks, and for the tasks of each service."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner import Handle, Stack, ready, step
from provisioner.config import task_policies
from provisioner.config.secrets import Secret
from provisioner.config.short_names import ROLE, shortened
from provisioner.config.store_references import named
from provisioner.config.workload import Workload
from provisioner.resources.iam import InstanceProfile, Role
from provisioner.resources.policies import Policy, policy
from provisioner.steps import queues, topics
from provisioner.steps.buckets import rights
from provisioner.steps.secrets import password_parameter, redis_token_parameter, redis_url_parameter, url_parameter
from provisioner.steps.service_secrets import arn_of
from provisioner.steps.volumes import Volumes, volume_rights

PATH_KEY = {"path": "account.role_path"}


@dataclass(frozen=True)
class Roles:
    """The instance profile's name, and by service or job the ARNs of its execution role and its task role.

    The profile is None without instances, and `shifting`, the role by which ECS shifts traffic, if no service uses
    that.
    """

    instance_profile: str | None
    execution: dict[str, str]
    tasks: dict[str, str]
    shifting: str | None = None


@step
def roles(stack: Stack, volumes: Volumes) -> Roles:
    """Declare a role for each purpose. None may pass a role on, and each trusts exactly one service.

    A workload with secrets has an execution role of its own that reads those and no others. All other workloads share
    one role that reads none.
    """
    managed = f"arn:{stack.facts.partition}:iam::aws:policy/service-role"
    profile = _instance_profile(stack, managed) if stack.config.on_instances else None
    tasks_of_ecs = trust("ecs-tasks.amazonaws.com", from_this_account(stack, "ecs", "*"))

    def execution(name: str, inline_policies: Mapping[str, Policy]) -> str:
        pulls = [f"{managed}/AmazonECSTaskExecutionRolePolicy"]
        what = "ECS, when it starts a task: pull its image, write its logs, hand it its secrets"
        declared = role(stack, name, tasks_of_ecs, pulls, inline_policies=inline_policies, description=what)
        # ready: a task that starts before its policies are known cannot read its secrets
        return ready(declared).arn

    workloads = stack.config.workloads
    reading = {name: _reading(stack, workload) for name, workload in workloads.items()}
    shared = "" if all(reading.values()) else execution("execution", {})
    starting = {name: execution(f"execution-{name}", reads) if reads else shared for name, reads in reading.items()}
    signed = stack.config.own_database is not None and stack.config.own_database.iam_authentication
    tasks = {
        name: role(
            stack,
            f"task-{name}",
            tasks_of_ecs,
            inline_policies={
                **({"exec": _channels()} if stack.config.exec_on(name) else {}),
                **_protecting(stack, name),
                **({"database": _connect(stack, name)} if signed and workload.database else {}),
                **_of_buckets(stack, workload),
                **_of_volumes(workload, volumes),
                **_of_queues(stack, workload),
                **{grant.policy_name: policy(grant.statement) for grant in stack.given.of(name)},
                **{_named(document): document for document in stack.config.documents_of(name).values()},
            },
            managed=task_policies.managed(workload.policies),
            description=f"Tasks of {'job' if name in stack.config.jobs else 'service'} {name}",
        ).arn
        for name, workload in workloads.items()
    }
    return Roles(profile, starting, tasks, _shifting(stack))


def _instance_profile(stack: Stack, managed: str) -> str:
    """Declare the instances' role and its profile, and return the profile's name."""
    # IAM user guide: in China EC2 has a principal of its own
    domain = "amazonaws.com.cn" if stack.facts.partition == "aws-cn" else "amazonaws.com"
    instance = role(
        stack,
        "instance",
        # EC2 uses an instance profile's role only within its account, and sends no source ARN to compare
        trust(f"ec2.{domain}"),
        # ECS extends this policy when newer agents need more (ECS developer guide, AWS managed policies)
        [f"{managed}/AmazonEC2ContainerServiceforEC2Role"],
        inline_policies={"session-manager": _session_manager()},
        description="Container instances: register with ECS, and be reached by Session Manager",
    )
    return stack.ensure(
        InstanceProfile("instance", f"{stack.name}-instance", instance.id, stack.config.role_path),
        keys=PATH_KEY,
    ).id


def _shifting(stack: Stack) -> str | None:
    """Declare the role by which ECS moves weights and targets, and return its ARN once it can be used."""
    if not any(service.deployment.shifts for service in stack.config.services.values()):
        return None
    declared = role(
        stack,
        "traffic",
        # as in the ECS developer guide ("Amazon ECS infrastructure IAM role for load balancers")
        trust("ecs.amazonaws.com"),
        [f"arn:{stack.facts.partition}:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"],
        inline_policies={},
        description="ECS, when it shifts traffic from old tasks to new ones",
    )
    return ready(declared).arn


def _protecting(stack: Stack, name: str) -> dict[str, Policy]:
    """Return the policy by which a service's tasks protect themselves; a task's ARN names the cluster, no service."""
    service = stack.config.services.get(name)
    if service is None or not service.task_protection:
        return {}
    facts = stack.facts
    here = f"arn:{facts.partition}:ecs:{facts.region}:{facts.account}"
    statement = {
        "Effect": "Allow",
        "Action": ["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"],
        "Resource": f"{here}:task/{stack.name}/*",
        "Condition": {"ArnEquals": {"ecs:cluster": f"{here}:cluster/{stack.name}"}},
    }
    return {"task-protection": policy(statement)}


def _of_buckets(stack: Stack, workload: Workload) -> dict[str, Policy]:
    """Return the policy for a workload's buckets; running tasks keep the former one until they have stopped."""
    statements = list(rights(stack, workload))
    return {_named(document, "buckets"): document for document in ([policy(*statements)] if statements else [])}


def _of_volumes(workload: Workload, volumes: Volumes) -> dict[str, Policy]:
    """Return the policy for a workload's volumes; running tasks keep the former one likewise."""
    statements = list(volume_rights(workload, volumes))
    return {_named(document, "volumes"): document for document in ([policy(*statements)] if statements else [])}


def _of_queues(stack: Stack, workload: Workload) -> dict[str, Policy]:
    """Return the policy for a workload's queues and topics; running tasks keep the former one, as with buckets."""
    statements = [*queues.rights(stack, workload), *topics.rights(stack, workload)]
    return {_named(document, "queues"): document for document in ([policy(*statements)] if statements else [])}


def _named(document: Policy, kind: str = "extra") -> str:
    """Return the name of a user's own policy; it changes with the content, as a grant's name does."""
    return f"{kind}-{hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:8]}"


def role(
    stack: Stack,
    name: str,
    trusting: Policy,
    managed: Sequence[str] = (),
    *,
    inline_policies: Mapping[str, Policy],
    description: str,
) -> Handle:
    """Declare a role with the path and the boundary of all the stack's roles."""
    wanted = Role(
        name,
        shortened(f"{stack.name}-{name}", ROLE),
        trusting,
        managed,
        inline_policies,
        description,
        path=stack.config.role_path,
        permissions_boundary=stack.facts.boundary,
    )
    return stack.ensure(wanted, keys=PATH_KEY)


def trust(service: str, condition: Policy | None = None) -> Policy:
    """Return a trust policy that lets one service assume a role."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return policy(statement | ({"Condition": condition} if condition else {}))


def from_this_account(stack: Stack, api: str, resource: str) -> Policy:
    """Return the condition that a service acts for such a resource of this account, against a confused deputy.

    The ECS developer guide ("Amazon ECS task IAM role") has it for task roles; ECS assumes execution roles by the same
    call.
    """
    facts = stack.facts
    source = f"arn:{facts.partition}:{api}:{facts.region}:{facts.account}:{resource}"
    return {"ArnLike": {"aws:SourceArn": source}, "StringEquals": {"aws:SourceAccount": facts.account}}


def _reading(stack: Stack, workload: Workload) -> dict[str, Policy]:
    """Return the policies by which ECS reads a workload's secrets, and no others, by name.

    The name changes with the content: running tasks keep the policy that they were started with, until they have
    stopped.
    """
    found = {}
    if workload.database and stack.config.own_database:
        found["parameters"] = _parameters(stack, password_parameter(stack), url_parameter(stack))
    if workload.redis:
        found["redis"] = _parameters(stack, redis_url_parameter(stack))
    if "redis.password" in named(workload):
        found["redis-token"] = _parameters(stack, redis_token_parameter(stack))
    if statements := list(_statements(stack, [*_secrets(workload), *_of_database(stack, workload)])):
        content = hashlib.sha256(repr(statements).encode()).hexdigest()[:8]
        found[f"secrets-{content}"] = policy(*statements)
    return found


def _secrets(workload: Workload) -> Iterator[Secret]:
    """Yield the secrets of all containers in a workload's tasks, without references to the stack's stores."""
    for container in (workload, *workload.sidecars.values()):
        yield from container.own_secrets.values()


def _of_database(stack: Stack, workload: Workload) -> Iterable[Secret]:
    """Return the secrets of the database of somebody else that a workload uses."""
    used = stack.config.used_database
    return used.outside.values() if used and workload.database else ()


READ = {"ssm": "ssm:GetParameters", "secretsmanager": "secretsmanager:GetSecretValue"}
ENCRYPTED = {"ssm": "PARAMETER_ARN", "secretsmanager": "SecretARN"}
"""The key of the encryption context that each API gives to KMS.

Sources: KMS guide, services-parameter-store; Secrets Manager guide, security-encryption.
"""


def _statements(stack: Stack, secrets: Iterable[Secret]) -> Iterator[dict[str, object]]:
    """Yield the statements for reading these secrets: the read itself, and the use of customer managed keys."""
    arns: dict[str, set[str]] = {}
    encrypted: dict[tuple[str, str], set[str]] = {}
    for secret in secrets:
        arn, held = arn_of(stack, secret), stack.facts.secrets.get(secret)
        arns.setdefault(secret.api, set()).add(arn)
        if key := held.key if held else stack.facts.kms_key if secret.api == "ssm" else "":
            encrypted.setdefault((secret.api, key), set()).add(arn)
    for api, several in sorted(arns.items()):
        yield {"Effect": "Allow", "Action": READ[api], "Resource": sorted(several)}
    for (api, key), several in sorted(encrypted.items()):
        of_these = {"StringLike": {f"kms:EncryptionContext:{ENCRYPTED[api]}": sorted(several)}}
        resource, by_alias = _on_key(stack, key)
        yield {
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": resource,
            "Condition": of_these | by_alias,
        }


def _on_key(stack: Stack, key: str) -> tuple[str, dict[str, object]]:
    """Return the resource of a statement that allows the use of a key, and the condition for a key given by alias.

    A policy cannot name an alias as the resource of an operation on a key (KMS developer guide, alias-authorization).
    """
    place = f"arn:{stack.facts.partition}:kms:{stack.facts.region}:{stack.facts.account}:"
    before, alias, name = key.partition("alias/")
    if alias:
        return f"{before or place}key/*", {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias + name}}
    return key if key.startswith("arn:") else f"{place}key/{key}", {}


def _parameters(stack: Stack, *names: str) -> Policy:
    """Return the policy to read parameters of the stack's own, and to decrypt them with the stack's key, if any.

    The account's own key for Parameter Store needs no permission. Parameter Store gives KMS a parameter's ARN as the
    encryption context (KMS guide, services-parameter-store).
    """
    facts = stack.facts
    here = f"arn:{facts.partition}:ssm:{facts.region}:{facts.account}:parameter"
    arns = [f"{here}{name}" for name in names]
    read = {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": arns}
    if not facts.kms_key:
        return policy(read)
    of_parameters = {"StringEquals": {"kms:EncryptionContext:PARAMETER_ARN": arns}}
    return policy(
        read, {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": facts.kms_key, "Condition": of_parameters}
    )


def _connect(stack: Stack, service: str) -> Policy:
    """Return the policy to connect to the database as the user named `<stack>-<service>`, and as no other user.

    The ARN has a wildcard for the cluster, whose id is not known yet (RDS user guide,
    UsingWithRDS.IAMDBAuth.IAMPolicy).
    """
    facts = stack.facts
    user = f"arn:{facts.partition}:rds-db:{facts.region}:{facts.account}:dbuser:*/{stack.name}-{service}"
    return policy({"Effect": "Allow", "Action": "rds-db:connect", "Resource": user})


def _session_manager() -> Policy:
    """Return the policy that Session Manager needs on an instance ("Create a custom IAM role for Session Manager").

    AmazonSSMManagedInstanceCore contains the same, but also lets the instance read all parameters of the account,
    passwords included.
    """
    return _channels("ssm:UpdateInstanceInformation")


def _channels(*more: str) -> Policy:
    """Return the policy for the agent of ECS Exec and Session Manager (ECS developer guide); it has no resources."""
    channels = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
    actions = [*more, *(f"ssmmessages:{name}" for name in channels)]
    return policy({"Effect": "Allow", "Action": actions, "Resource": "*"})
