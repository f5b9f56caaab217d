"""The whole table of permissions, and the part that one configuration needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from provisioner.aws.permissions import BOUND, Part, Permission, filled, grants
from provisioner.config import task_policies
from provisioner.config.models import Config
from provisioner.permissions.arns import ANY, boundary_arn, partition_of
from provisioner.permissions.beforehand import BEFOREHAND
from provisioner.permissions.belonging import kept_apart
from provisioner.permissions.containers import CONTAINERS
from provisioner.permissions.declared import of_any, of_types
from provisioner.permissions.ending import ends
from provisioner.permissions.keys import KEYS
from provisioner.permissions.network import NETWORK
from provisioner.permissions.planning import plans
from provisioner.permissions.prices import PRICES
from provisioner.permissions.running import RUNNING
from provisioner.permissions.secrets import LOOKED_UP, with_secrets
from provisioner.permissions.shell import SHELL
from provisioner.permissions.statefile import STATE
from provisioner.resources.cloudwatch.metrics import PERMISSIONS as METRICS

FIXED = (*NETWORK, *CONTAINERS, *KEYS, *LOOKED_UP)
"""Permissions of a stack that belong to no resource type."""
ASIDE = (*STATE, *BEFOREHAND, *RUNNING, *SHELL, *METRICS, *PRICES)
"""Permissions of the state, `doctor`, `run`, `exec`, `tunnel`, `top` and `cost --refresh`."""
TABLE: tuple[Permission, ...] = (*FIXED, *of_any(), *ASIDE)
"""Every action that the tool needs on AWS, in the order of the policies."""
FREE = frozenset({"sts:GetCallerIdentity"})
"""Actions of the tool that need no permission (STS API reference, GetCallerIdentity)."""


def needed(
    config: Config,
    *,
    account: str = ANY,
    read_only: bool = False,
    planning: bool = False,
    ending: bool = False,
    part: Part = Part.MAIN,
) -> tuple[Permission, ...]:
    """Return the permissions that a stack needs, with its names in them.

    Args:
        account: the account's id, or `*` for any account.
        read_only: return only permissions of plan, status, top, doctor, list, output and logs.
        planning: return only permissions of plan.
        ending: return only permissions to end the stack.
        part: the policy that the permissions are for.
    """
    table = (*FIXED, *of_types(config), *_of_policies(config), *ASIDE)
    of_parts = (it for it in table if part in it.parts and it.wanted(config))
    chosen = (it for it in of_parts if (it.reader or not read_only) and (plans(it) or not planning))
    allowed = (it for it in chosen if ends(it) or not ending)
    return tuple(filled(with_secrets(kept_apart(allowed), config), names(config, account)))


def _of_policies(config: Config) -> Iterator[Permission]:
    """Yield the permission to attach the configuration's managed policies, to tasks' roles with the boundary only."""
    arns = {arn for workload in config.workloads.values() for arn in task_policies.managed(workload.policies)}
    if arns:
        these = (("ArnEquals", "iam:PolicyARN", tuple(sorted(arns))), *BOUND)
        yield from grants("iam", "AttachRolePolicy", "role{role_path}{stack}-task-*", conditions=these, why="policies")


def names(config: Config, account: str) -> Mapping[str, str]:
    """Return the values of the placeholders in the table's patterns."""
    partition = partition_of(config.region)
    public = config.names or (config.fqdn,)
    keys = {"key": config.kms_key or "", "logs_key": config.logs.kms_key or ""}
    return {
        "account": account,
        "acl": config.load_balancer.waf_acl or (config.cloudfront and config.cloudfront.waf_acl) or "",
        "boundary": boundary_arn(config, account),
        "certificate": ",".join(config.dns.certificate),
        "bucket": config.state.bucket or "",
        "database_group": (config.database and config.database.security_group) or "",
        "listener": config.listener or "",
        # a rule's ARN is its listener's with one part more
        "listener_rules": f"{config.listener}/*".replace(":listener/", ":listener-rule/") if config.listener else "",
        "discovery": config.dns.discovery_domain,
        # IAM user guide: in China EC2 has a principal of its own
        "ec2": "ec2.amazonaws.com.cn" if partition == "aws-cn" else "ec2.amazonaws.com",
        "domain": config.dns.domain or "",
        "environment": config.env,
        # Route 53 compares the wildcard in octal (developer guide, specifying-conditions-route53); an environment's
        # pattern has `*` elsewhere
        "fqdn": ",".join(re.sub(r"^\*(?=\.)", r"\\052", name) for name in public),
        "certified": ",".join(public),
        "proven": ",".join(dict.fromkeys(name.removeprefix("*.") for name in public)),
        "partition": partition,
        "private": config.dns.private_domain,
        "vpc": config.network.vpc or "",
        "known_vpc": config.network.vpc or ANY,
        "instance_types": ",".join(config.capacity.instance_types),
        "told": (config.alarms and config.alarms.topic)
        or f"arn:{partition}:sns:{config.region}:{account}:{config.name}-*",
        "project": config.project,
        "region": config.region,
        "role_path": config.role_path,
        "stack": config.name,
        "topic": (config.alarms and config.alarms.topic) or "",
        **{name: _key(named, f"arn:{partition}:kms:{config.region}:{account}:") for name, named in keys.items()},
        **{f"{name}_alias": f"alias/{named.partition('alias/')[2]}" for name, named in keys.items()},
    }


def _key(named: str, place: str) -> str:
    """Return the ARN of a key; for an alias, a pattern for all keys of its account and Region."""
    if "alias/" not in named:
        return named
    return f"{named.partition('alias/')[0] or place}key/*"
