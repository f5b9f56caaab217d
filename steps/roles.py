"""Who may do what: the container instances, ECS when it starts tasks, and the tasks of each service."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.engine.step import Stack, step
from provisioner.kinds.iam import InstanceProfile, Policy, Role, policy


@dataclass(frozen=True)
class Roles:
    """The instance profile's name, the execution role's ARN, and the tasks' role ARNs by service."""

    instance_profile: str
    execution: str
    tasks: dict[str, str]


@step
def roles(stack: Stack) -> Roles:
    """Declare a role for each purpose. None may pass a role on, and each trusts exactly one service."""
    managed = f"arn:{stack.facts.partition}:iam::aws:policy/service-role"
    # IAM user guide: in China EC2 has a principal of its own
    domain = "amazonaws.com.cn" if stack.facts.partition == "aws-cn" else "amazonaws.com"
    instance = stack.ensure(
        Role(
            "instance",
            f"{stack.name}-instance",
            # an instance profile's role is handed out within its account only: EC2 sends no source to compare
            _trust(f"ec2.{domain}"),
            # ECS adds to it what newer agents need (ECS developer guide, AWS managed policies)
            [f"{managed}/AmazonEC2ContainerServiceforEC2Role"],
            {"session-manager": _session_manager()},
            "Container instances: register with ECS, and be reached by Session Manager",
        )
    )
    profile = stack.ensure(InstanceProfile("instance", f"{stack.name}-instance", instance.id))
    execution = stack.ensure(
        Role(
            "execution",
            f"{stack.name}-execution",
            _trust("ecs-tasks.amazonaws.com", _of_this_account(stack)),
            [f"{managed}/AmazonECSTaskExecutionRolePolicy"],
            {"parameters": _parameters(stack)},
            "ECS, when it starts a task: pull its image, write its logs, hand it its secrets",
        )
    )
    tasks = {
        name: stack.ensure(
            Role(
                f"task-{name}",
                f"{stack.name}-task-{name}",
                _trust("ecs-tasks.amazonaws.com", _of_this_account(stack)),
                inline_policies={"exec": _channels()} if stack.config.exec_on(name) else {},
                description=f"Tasks of service {name}",
            )
        ).arn
        for name in stack.config.services
    }
    return Roles(profile.id, execution.arn, tasks)


def _trust(service: str, condition: Policy | None = None) -> Policy:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return policy(statement | ({"Condition": condition} if condition else {}))


def _of_this_account(stack: Stack) -> Policy:
    """The conditions of the ECS developer guide ("Amazon ECS task IAM role"), against a confused deputy.

    For execution roles it shows none; ECS takes those on by the same call.
    """
    facts = stack.facts
    return {
        "ArnLike": {"aws:SourceArn": f"arn:{facts.partition}:ecs:{facts.region}:{facts.account}:*"},
        "StringEquals": {"aws:SourceAccount": facts.account},
    }


def _parameters(stack: Stack) -> Policy:
    """Reading this stack's parameters. Their key is the account's own for Parameter Store, which asks for no more."""
    facts = stack.facts
    arn = f"arn:{facts.partition}:ssm:{facts.region}:{facts.account}:parameter/{stack.name}/*"
    return policy({"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": arn})


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
