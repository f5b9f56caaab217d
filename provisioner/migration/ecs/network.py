"""Translate the tasks' network: the VPC, its subnets, the egress, and security groups for resources that stay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.migration.ecs.answers import Answer, Answers, placed
from provisioner.migration.ecs.findings import Gathered, Workload


@dataclass(frozen=True)
class Place:
    """The network of the tasks of a service or a job.

    Attributes:
        outside: whether the tasks have public addresses.
    """

    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    outside: bool = False


def place(workload: Workload) -> Place:
    """Return the network of a service's or a job's tasks; EventBridge uses other capitals in the keys of a job."""
    if workload.job:
        found = (workload.raw.get("NetworkConfiguration") or {}).get("awsvpcConfiguration") or {}
        keys = ("Subnets", "SecurityGroups", "AssignPublicIp")
    else:
        found, keys = placed(workload.raw), ("subnets", "securityGroups", "assignPublicIp")
    subnets, groups = (tuple(map(str, found.get(key) or ())) for key in keys[:2])
    return Place(subnets, groups, found.get(keys[2]) == "ENABLED")


def fill(gathered: Gathered, table: dict[str, Any]) -> None:
    """Write the VPC, its subnets and the egress to `network`, and note parts that are not known."""
    answers, where = gathered.answers, f"cluster {gathered.answers.name}"
    all_of_them = {**gathered.services, **gathered.jobs}
    places = {name: place(one) for name, one in all_of_them.items()}
    known = [answers.subnets[each] for one in places.values() for each in one.subnets if each in answers.subnets]
    before = balancers(gathered)
    vpcs = {one.vpc for one in known} | {str(one["VpcId"]) for one in before if one.get("VpcId")}
    if len(vpcs) != 1:
        why = "is not known" if not vpcs else f"is one of {', '.join(sorted(vpcs))}, and a stack has one"
        gathered.tell(where, "network.vpc", f"{why}: write it, or the stack makes a VPC of its own")
        return
    network = table["network"] = {"vpc": vpcs.pop()}
    outside = [name for name, one in places.items() if one.outside and _lead_out(answers, one.subnets)]
    inside = [name for name, one in places.items() if one.subnets and name not in outside]
    if outside and not inside:
        network["egress"] = "public"
    elif outside:
        why = "have public addresses; here all tasks of a stack with private ones are private"
        gathered.tell(where, "network.egress", f"{', '.join(outside)}: {why}")
    public = [each for one in before for each in _zones_of(one)]
    subnets = {
        # a load balancer takes one subnet of each zone, so no others are added to its own
        "public": _once(public or [each for name in outside for each in places[name].subnets]),
        "private": _once(each for name in inside for each in places[name].subnets),
    }
    # if the subnets of some tasks are not known, `up` chooses all subnets by their routes
    if all(one.subnets for one in places.values()):
        network["subnets"] = {kind: ids for kind, ids in subnets.items() if ids}


def _lead_out(answers: Answers, subnets: Iterable[str]) -> bool:
    """Return whether the known routes of all subnets lead to an internet gateway, so that public addresses work."""
    return all(answers.subnets[one].leads in ("igw", None) for one in subnets if one in answers.subnets)


def balancers(gathered: Gathered) -> list[Answer]:
    """Return the load balancers of the public services, each once."""
    balancing, found = gathered.answers.balancing, dict[str, Answer]()
    for workload in gathered.services.values():
        for one in workload.raw.get("loadBalancers") or () if workload.table.get("public") else ():
            group = balancing.groups.get(str(one.get("targetGroupArn")), {})
            for arn in group.get("LoadBalancerArns") or ():
                if arn in balancing.balancers:
                    found[arn] = balancing.balancers[arn]
    return list(found.values())


def _zones_of(balancer: Answer) -> list[str]:
    return [str(one["SubnetId"]) for one in balancer.get("AvailabilityZones") or () if one.get("SubnetId")]


def _once(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(ids))


def add_groups(gathered: Gathered) -> None:
    """Write to each workload's table its security groups that other resources allow in, and note the other groups."""
    workloads = [*gathered.services.values(), *gathered.jobs.values()]
    of_tasks = {group for one in workloads for group in place(one).groups}
    for workload in workloads:
        groups = place(workload).groups
        needed = letting_in(gathered.answers.security_groups, groups, of_tasks)
        if needed:
            workload.table["security_groups"] = needed
        if rest := [one for one in groups if one not in needed]:
            why = "no group except the groups of these services lets it in: the stack makes groups of its own"
            if not gathered.answers.security_groups:
                why = "its destinations could not be read: write it into security_groups if a database lets it in"
            workload.tell("securityGroups", f"{', '.join(rest)}: {why}")


def letting_in(known: Sequence[Answer], groups: Sequence[str], of_tasks: Iterable[str]) -> list[str]:
    """Return the security groups that a task must keep, to reach resources that are not replaced.

    A task keeps a group if a group without tasks of the cluster allows it in, such as a database's group; or if the
    group allows itself in, so that its members reach each other.

    Args:
        known: the security groups of the VPC.
        groups: the task's security groups.
        of_tasks: the security groups of all tasks of the cluster.
    """
    others = {str(one.get("GroupId")): _sources(one) for one in known}
    tasks = set(of_tasks)
    return [
        group
        for group in groups
        if any(group in sources and (one not in tasks or one == group) for one, sources in others.items())
    ]


def _sources(group: Answer) -> set[str]:
    """Return the groups that a security group allows in."""
    rules = group.get("IpPermissions") or ()
    return {str(pair.get("GroupId")) for rule in rules for pair in rule.get("UserIdGroupPairs") or ()}
