"""Who may do what: the container instances, ECS when it starts tasks, and the tasks of each service."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner import Handle, Stack, ready, step
from provisioner.config import task_policies
from provisioner.config.secrets import Secret
from provisioner.config.workload import Workload
from provisioner.resources.iam import InstanceProfile, Role
from provisioner.resources.policies import Policy, policy
from provisioner.steps.secrets import password_parameter
from provisioner.steps.service_secrets import arn_of

PATH_KEY = {"path": "account.role_path"}


@dataclass(frozen=True)
class Roles:
    """The instance profile's name, and by service or job the ARNs of the execution role and of the tasks' role.

    There is no profile without instances, and no ARN of the role by which ECS shifts traffic if no service has that.
    """

    instance_profile: str | None
    execution: dict[str, str]
    tasks: dict[str, str]
    shifting: str | None = None


@step
def roles(stack: Stack) -> Roles:
    """Declare a role for each purpose. None may pass a role on, and each trusts exactly one service.

    A workload that is given parameters has an execution role of its own, which reads those and no others. All the
    others share one, which reads none: it could do no less if each had its own.
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
    signed = stack.config.database is not None and stack.config.database.iam_authentication
    tasks = {
        name: role(
            stack,
            f"task-{name}",
            tasks_of_ecs,
            inline_policies={
                **({"exec": _channels()} if stack.config.exec_on(name) else {}),
                **({"database": _connect(stack, name)} if signed and workload.database else {}),
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
    """Declare the instances' role and its profile, and return the latter's name."""
    # IAM user guide: in China EC2 has a principal of its own
    domain = "amazonaws.com.cn" if stack.facts.partition == "aws-cn" else "amazonaws.com"
    instance = role(
        stack,
        "instance",
        # an instance profile's role is handed out within its account only: EC2 sends no source to compare
        trust(f"ec2.{domain}"),
        # ECS adds to it what newer agents need (ECS developer guide, AWS managed policies)
        [f"{managed}/AmazonEC2ContainerServiceforEC2Role"],
        inline_policies={"session-manager": _session_manager()},
        description="Container instances: register with ECS, and be reached by Session Manager",
    )
    return stack.ensure(
        InstanceProfile("instance", f"{stack.name}-instance", instance.id, stack.config.account.role_path),
        keys=PATH_KEY,
    ).id


def _shifting(stack: Stack) -> str | None:
    """Declare the role by which ECS moves weights and targets, and return its ARN once it can be used."""
    if not any(service.deployment.shifts for service in stack.config.services.values()):
        return None
    declared = role(
        stack,
        "traffic",
        # as the ECS developer guide has it ("Amazon ECS infrastructure IAM role for load balancers")
        trust("ecs.amazonaws.com"),
        [f"arn:{stack.facts.partition}:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"],
        inline_policies={},
        description="ECS, when it shifts traffic from old tasks to new ones",
    )
    return ready(declared).arn


def _named(document: Policy) -> str:
    """Return the name of a policy of the user's own: another one when it says something else, as a grant's."""
    return f"extra-{hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:8]}"


def role(
    stack: Stack,
    name: str,
    trusting: Policy,
    managed: Sequence[str] = (),
    *,
    inline_policies: Mapping[str, Policy],
    description: str,
) -> Handle:
    """Declare a role, under the path and with the boundary that all roles of the stack have."""
    account = stack.config.account
    wanted = Role(
        name,
        f"{stack.name}-{name}",
        trusting,
        managed,
        inline_policies,
        description,
        path=account.role_path,
        permissions_boundary=stack.facts.boundary,
    )
    return stack.ensure(wanted, keys=PATH_KEY)


def trust(service: str, condition: Policy | None = None) -> Policy:
    """Return the trust policy by which one service may assume a role."""
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

    The name says what is in it: what running tasks were started with stays until they have stopped.
    """
    found = {"parameters": _parameters(stack)} if workload.database else {}
    if statements := list(_statements(stack, _secrets(workload))):
        content = hashlib.sha256(repr(statements).encode()).hexdigest()[:8]
        found[f"secrets-{content}"] = policy(*statements)
    return found


def _secrets(workload: Workload) -> Iterator[Secret]:
    """Yield the secrets of all containers of a workload's tasks."""
    for container in (workload, *workload.sidecars.values()):
        yield from container.secrets.values()


READ = {"ssm": "ssm:GetParameters", "secretsmanager": "secretsmanager:GetSecretValue"}
ENCRYPTED = {"ssm": "PARAMETER_ARN", "secretsmanager": "SecretARN"}
"""What each API hands KMS as the encryption context (KMS guide, services-parameter-store; Secrets Manager guide,
security-encryption)."""


def _statements(stack: Stack, secrets: Iterable[Secret]) -> Iterator[dict[str, object]]:
    """Yield what reading these secrets takes: the read itself, and the use of keys that are not AWS's own."""
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
    """Return what a statement is on that lets a key be used, and the condition by which a key with an alias is meant.

    No policy can name an alias as the resource of what is done with a key (KMS developer guide, alias-authorization).
    """
    place = f"arn:{stack.facts.partition}:kms:{stack.facts.region}:{stack.facts.account}:"
    before, alias, name = key.partition("alias/")
    if alias:
        return f"{before or place}key/*", {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias + name}}
    return key if key.startswith("arn:") else f"{place}key/{key}", {}


def _parameters(stack: Stack) -> Policy:
    """Reading the database's password. The account's own key for Parameter Store asks for no more, another one does.

    Parameter Store hands KMS a parameter's ARN as the encryption context (KMS guide, services-parameter-store).
    """
    facts = stack.facts
    arn = f"arn:{facts.partition}:ssm:{facts.region}:{facts.account}:parameter{password_parameter(stack)}"
    read = {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": arn}
    if not facts.kms_key:
        return policy(read)
    of_parameters = {"StringEquals": {"kms:EncryptionContext:PARAMETER_ARN": arn}}
    return policy(
        read, {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": facts.kms_key, "Condition": of_parameters}
    )


def _connect(stack: Stack, service: str) -> Policy:
    """Connecting to the database as the user who is called like the service in this stack, and like nobody else.

    The cluster's own id is not known before the cluster (RDS user guide, UsingWithRDS.IAMDBAuth.IAMPolicy).
    """
    facts = stack.facts
    user = f"arn:{facts.partition}:rds-db:{facts.region}:{facts.account}:dbuser:*/{stack.name}-{service}"
    return policy({"Effect": "Allow", "Action": "rds-db:connect", "Resource": user})


def _session_manager() -> Policy:
    """What Session Manager needs of an instance (its guide, "Create a custom IAM role for Session Manager").

    AmazonSSMManagedInstanceCore has this as well, and the reading of all parameters of the account, passwords included.
    """
    return _channels("ssm:UpdateInstanceInformation")


def _channels(*more: str) -> Policy:
    """What the agent of ECS Exec and Session Manager needs (ECS developer guide); these actions know no resources."""
    channels = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
    actions = [*more, *(f"ssmmessages:{name}" for name in channels)]
    return policy({"Effect": "Allow", "Action": actions, "Resource": "*"})
