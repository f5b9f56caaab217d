"""Complete the tables from Copilot's manifests with an account's resources."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from provisioner.config.secret_values import looks_secret
from provisioner.migration import addresses
from provisioner.migration.copilot import regions
from provisioner.migration.draft import Cost, Draft, Left, ordered
from provisioner.migration.ecs import image, network, stack_tags
from provisioner.migration.ecs.answers import SERVICE_TAG, Answer, Answers, placed, tags
from provisioner.migration.ecs.cluster import where_it_is
from provisioner.migration.ecs.findings import Leave
from provisioner.migration.ecs.secrets import place_of

OF_COPILOT = "COPILOT_"
"""The prefix of the variables that Copilot itself sets."""
OF_VPC = ("cidr", "zones", "flow_logs", "endpoints")
"""Keys of `network` for a VPC that the stack creates."""


@dataclass(frozen=True)
class Environment:
    """The resources of one environment in the account.

    Attributes:
        vpc: the id of its VPC; empty if it was not found.
        public, private: the ids of its subnets.
        group: the security group of all its services; empty if it was not found.
        answers: its cluster; None if it was not found or could not be read. why: the reason.
    """

    vpc: str = ""
    public: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    group: str = ""
    answers: Answers | None = None
    why: str = ""


def complete(
    draft: Draft, found: Mapping[str, Environment], exports: Mapping[str, str], account: str, region: str
) -> None:
    """Complete the table of each environment from the account, and note missing resources.

    Args:
        draft: the draft from the manifests.
        found: the resources in the account, by environment.
        exports: the outputs that CloudFormation stacks export, by name.
    """
    draft.asked = True
    for env, table in draft.tables.items():
        _environment(draft, env, table, found.get(env, Environment()), f"account {account}, {region}")
    _imports(draft, exports, account, region)


def _environment(draft: Draft, env: str, table: dict[str, Any], found: Environment, where: str) -> None:
    def leave(key: str, why: str) -> None:
        # a secret without a place is missing; the other notes of a workload are about values that are written
        of = ".".join(key.split(".")[:2]) if key.startswith(("services.", "jobs.")) else ""
        cost: Cost = "nothing" if of and ".secrets." not in key else "part"
        draft.note(Left(where, 0, f"environment {env}" + (f": {key}" if key else ""), why, of, cost))

    if not found.vpc and found.answers is None:
        leave("", "is not there: it may be in another account or Region (--profile, --region)")
        return
    if found.answers:
        table |= where_it_is(found.answers)
        draft.left = [one for one in draft.left if (one.file, one.key) != regions.NOTE]
    _network(table, found, leave)
    addresses.moved(table, f"{draft.project}-{env}")
    if found.answers is None:
        leave("cluster", f"{found.why or 'was not found'}: its services are not known")
        return
    for unread in found.answers.unread:
        leave(unread.action, f"could not be read ({unread.why}): {unread.what}")
    if shared := stack_tags.common(found.answers.services):
        # of `copilot app init --resource-tags` and the like, which no manifest has
        table["tags"] = shared
    services = {tags(one).get(SERVICE_TAG, ""): one for one in found.answers.services}
    for name, workload in table.get("services", {}).items():
        if service := services.get(name):
            told = partial(_below, leave, f"services.{name}")
            dropped = {variable for of, variable in draft.dropped if of == name}
            _service(workload, service, found.answers, found.group, dropped, told)
            table["services"][name] = ordered(workload)
        else:
            leave(f"services.{name}", "no service of ECS has its tags: nothing of it was read")
    for name in table.get("jobs", {}):
        leave(
            f"jobs.{name}", "Copilot runs it by Step Functions, of which nothing is read: see to its groups and secrets"
        )


def _below(leave: Leave, place: str, key: str, why: str) -> None:
    leave(f"{place}.{key}" if key else place, why)


def _network(table: dict[str, Any], found: Environment, leave: Leave) -> None:
    if not found.vpc:
        leave("network.vpc", "its VPC was not found: write network.vpc, or the stack makes one of its own")
        return
    kept = {key: value for key, value in table.get("network", {}).items() if key not in OF_VPC}
    if kept.get("egress") in ("nat", "nat-per-zone"):
        # in an existing VPC, the routes of its private subnets decide the egress
        del kept["egress"]
    subnets = {"public": list(found.public), "private": list(found.private)}
    subnets = {kind: ids for kind, ids in subnets.items() if ids}
    table["network"] = {**kept, "vpc": found.vpc, **({"subnets": subnets} if subnets else {})}
    if not subnets:
        leave("network.subnets", "were not found: routes tell the subnets of the VPC apart")


def _service(
    table: dict[str, Any], service: Answer, answers: Answers, group: str, dropped: Collection[str], leave: Leave
) -> None:
    """Complete the table of one service from its running version: groups, secrets and variables of addons, image.

    Args:
        group: the environment's security group. dropped: the variables that are left out for a reason.
    """
    _groups(table, service, answers, group)
    definition = answers.definitions.get(str(service.get("taskDefinition")))
    containers: Sequence[Answer] = (definition or {}).get("containerDefinitions") or ()
    name = tags(service).get(SERVICE_TAG)
    main = next((one for one in containers if one.get("name") == name), None)
    if definition is None or main is None:
        leave("", "its task definition could not be read, or has no container of its name")
        return
    _secrets(table, main.get("secrets") or (), answers, leave)
    _variables(table, [one for one in main.get("environment") or () if one.get("name") not in dropped], leave)
    _image(table, answers, str(definition.get("taskDefinitionArn")), main, leave)


def _groups(table: dict[str, Any], service: Answer, answers: Answers, group: str) -> None:
    """Add the security groups by which the service reaches databases and the like."""
    own = [str(one) for one in placed(service).get("securityGroups") or ()]
    of_tasks = {str(one) for each in answers.services for one in placed(each).get("securityGroups") or ()}
    needed = network.letting_in(answers.security_groups, own, of_tasks)
    if not needed and group in own:
        needed = [group]
    if groups := list(dict.fromkeys([*table.get("security_groups", ()), *needed])):
        table["security_groups"] = groups


def _secrets(table: dict[str, Any], found: Iterable[Answer], answers: Answers, leave: Leave) -> None:
    """Add the secrets that the manifest does not have, such as secrets from addons."""
    secrets = dict(table.get("secrets", {}))
    for one in found:
        name = str(one.get("name"))
        if name in secrets:
            continue
        if place := place_of(str(one.get("valueFrom")), answers.account, answers.region):
            secrets[name] = place
        else:
            leave(f"secrets.{name}", "names neither a parameter nor a whole secret: write its place")
    if secrets:
        table["secrets"] = secrets


def _variables(table: dict[str, Any], found: Iterable[Answer], leave: Leave) -> None:
    """Add the variables that the manifest does not have, such as variables from addons."""
    variables = dict(table.get("environment", {}))
    own = []
    for one in found:
        name, value = str(one.get("name")), str(one.get("value") or "")
        if name.startswith(OF_COPILOT):
            own.append(name)
        elif name in variables or name in table.get("secrets", {}):
            continue
        elif looks_secret(name, value):
            leave(f"environment.{name}", f"looks like a secret: `provision secret set {name}`, and name it in secrets")
        else:
            variables[name] = value
    if variables:
        table["environment"] = variables
    if own:
        leave("environment", f"{', '.join(own)}: are Copilot's own: write the variables that the program reads")


def _image(table: dict[str, Any], answers: Answers, definition: str, main: Answer, leave: Leave) -> None:
    """Write the running image's digest if its tag has moved; for an image with `build`, note the digest instead."""
    if "build" in table:
        if digests := image.running(answers, definition, str(main.get("name"))):
            name = image.without_tag(str(main.get("image")))
            leave("build", f'image = "{name}@{digests[-1]}" instead runs the present image')
        return
    table["image"], why = image.pinned(answers, definition, main)
    if why:
        leave("image", why)


def _imports(draft: Draft, exports: Mapping[str, str], account: str, region: str) -> None:
    """Write the values of other stacks' exports where manifests name them; notes of missing exports stay."""
    missing: dict[Left, list[str]] = {}
    for one in draft.imported:
        kind, name = one.workload
        workload = one.table.get(kind, {}).get(name)
        value = exports.get(one.export, "")
        if workload is None or not _import(workload, one.key, one.name, value, account, region):
            missing.setdefault(one.left, []).append(one.export)
    known = {one.left for one in draft.imported} - missing.keys()
    told = [one for one in draft.left if one not in known]
    draft.left = [_without_export(one, missing[one]) if one in missing else one for one in told]


def _without_export(left: Left, exports: Sequence[str]) -> Left:
    named = ", ".join(dict.fromkeys(exports))
    return replace(left, why=f"{left.why}; {named}: no stack exports it here, or it is of another kind")


def _import(workload: dict[str, Any], key: str, name: str, value: str, account: str, region: str) -> bool:
    """Write one value into a table that does not have it yet; return False if the value does not fit the key."""
    if name and name in workload.get(key, {}):
        return True
    if key == "security_groups":
        if not value.startswith("sg-"):
            return False
        workload[key] = list(dict.fromkeys([*workload.get(key, ()), value]))
        return True
    if key == "secrets":
        value = place_of(value, account, region)
    elif looks_secret(name, value):
        return False
    if not value:
        return False
    workload.setdefault(key, {})[name] = value
    return True
