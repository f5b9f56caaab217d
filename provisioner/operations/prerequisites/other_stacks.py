"""Check before the first `up` that no other stack of the account and Region has the stack's name, or some of its names.

`shop-dev-eu` is the stack `dev-eu` of `shop` as well as `eu` of `shop-dev`. The service `eu-web` of `shop-dev` and the
service `web` of `shop-dev-eu` have the same target group and the same family of task definitions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from provisioner.aws.errors import not_found
from provisioner.aws.ownership import MANAGED_BY
from provisioner.aws.permissions import OF_TASKS
from provisioner.aws.tagging import tag_map
from provisioner.engine.errors import ConfigurationError

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config

OPEN_KINDS = tuple(kind.removesuffix("-*") for kind in OF_TASKS)
"""The kinds of roles whose names go on with a service's name."""


def check(aws: Aws, config: Config) -> None:
    """Refuse a new stack that has names of another stack.

    Two stacks that begin at the same moment do not see each other: this is no lock.

    Raises:
        ConfigurationError: another stack has the same name, or a resource that a service or job would have, or the
            holder of one's policy could pass on the other's roles.
    """
    for project, env in sorted(_others(aws)):
        theirs = f"{project}-{env}"
        whose = f'project "{project}", environment "{env}"'
        if theirs == config.name and _stands(aws, config.name):
            raise ConfigurationError(
                f"the stack {config.name} exists already: it belongs to {whose}. Use another `project` or `env` in the "
                "configuration, whose names together are no other stack's"
            )
        if shared := sorted(_names(config) & set(_taken(aws, config, project, env))):
            raise ConfigurationError(
                f"{shared[0]} would be the name of a service or job of this stack, and belongs to {whose}: name the "
                "service or job otherwise, or use another `project` or `env`"
            )
        if _roles_mixed(config, theirs):
            raise ConfigurationError(
                f"the roles of {config.name} and of {theirs} ({whose}) could be passed on by the policy of either: use "
                'another `project` or `env`, or write role_path = "/{project}/{env}/" under [account]'
            )


def _others(aws: Aws) -> set[tuple[str, str]]:
    """Return project and environment of the account's other stacks in the Region, by the tags of their clusters."""
    found = (tags for _, tags in _tagged(aws, "ecs:cluster", ManagedBy=MANAGED_BY))
    stacks = {(tags.get("Project", ""), tags.get("Environment", "")) for tags in found}
    return {(project, env) for project, env in stacks - {(aws.project, aws.env)} if project and env}


def _tagged(aws: Aws, sort: str, **tags: str) -> Iterator[tuple[str, dict[str, str]]]:
    filters = [{"Key": key, "Values": [value]} for key, value in tags.items()]
    asked = {"TagFilters": filters, "ResourceTypeFilters": [sort], "ResourcesPerPage": 100}
    for item in aws.pages("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", **asked):
        yield item["ResourceARN"], tag_map(item["Tags"])


def _stands(aws: Aws, name: str) -> bool:
    """Return whether the cluster of this name exists: the tagging API also shows clusters that were deleted lately."""
    (*shown,) = aws.client("ecs").describe_clusters(clusters=[name])["clusters"]
    return any(one["status"] != "INACTIVE" for one in shown)


def _names(config: Config) -> set[str]:
    """Return the names of the task definitions and target groups that the stack's services and jobs have."""
    return {f"{config.name}-{workload}" for workload in config.workloads}


def _taken(aws: Aws, config: Config, project: str, env: str) -> Iterator[str]:
    """Yield names of this stack that another stack has; only a stack with a similar name has any."""
    if not _alike(config.name, f"{project}-{env}"):
        return
    tags = {"Project": project, "Environment": env, "ManagedBy": MANAGED_BY}
    for arn, _ in _tagged(aws, "elasticloadbalancing:targetgroup", **tags):
        yield arn.split("/")[1]
    families = {arn.rpartition("/")[2].rpartition(":")[0] for arn, _ in _tagged(aws, "ecs:task-definition", **tags)}
    yield from (family for family in families & _names(config) if _registered(aws, family))


def _registered(aws: Aws, family: str) -> bool:
    """Return whether a family has an active revision."""
    try:
        aws.client("ecs").describe_task_definition(taskDefinition=family)
    except ClientError as error:
        if not not_found(error, "ecs"):
            raise
        return False
    return True


def _alike(one: str, other: str) -> bool:
    """Return whether one name is the other, or goes on from it."""
    return f"{one}-".startswith(f"{other}-") or f"{other}-".startswith(f"{one}-")


def _roles_mixed(config: Config, theirs: str) -> bool:
    """Return whether the pattern for one stack's roles fits the other's, because both are in one path."""
    if f"-{config.name}-" in config.role_path.replace("/", "-"):
        return False
    pairs = ((config.name, theirs), (theirs, config.name))
    return any(f"{long}-".startswith(f"{short}-{kind}-") for long, short in pairs for kind in OPEN_KINDS)
