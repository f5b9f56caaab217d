"""Translate an ECS cluster into the tables of a `stack.toml`."""

from __future__ import annotations

import re
from typing import Any

from provisioner.config import validators as values
from provisioner.config.tables import Logs
from provisioner.engine.errors import ConfigurationError
from provisioner.migration import names
from provisioner.migration.draft import Draft, ordered
from provisioner.migration.ecs import entrance, jobs, network, service, sign_in, stack, stack_tags
from provisioner.migration.ecs.answers import APPLICATION_TAG, ENVIRONMENT_TAG, Answers, tags
from provisioner.migration.ecs.findings import Gathered

USUAL_RETENTION: int = Logs.model_fields["retention_days"].default
ON, OFF = "enabled", "disabled"
"""The values of a cluster's Container Insights that `logs.insights` has as well; there is also `enhanced`."""
OWN = ("Project", "Environment", "provisioner")
COPILOT = (APPLICATION_TAG, ENVIRONMENT_TAG, "")
"""The tags of a cluster's owner: project, environment, and the value that `ManagedBy` must have, if any."""


def draft(answers: Answers, env: str | None = None, name: str | None = None) -> Draft:
    """Return a draft from the answers about a cluster.

    Args:
        env: the file's own environment; None for the environment in the cluster's tags, or `dev`.
        name: the name of the project; None for that in the cluster's tags, or the cluster's name.

    Raises:
        ConfigurationError: there is no service that can be carried over.
    """
    where = f"cluster {answers.name}"
    project, named, own = _names(answers)
    found = Draft("ecs", name or project, env or named or "dev", asked=True)
    gathered = Gathered(answers, found, own if (found.project, found.own) == (project, named) else "")
    if not env and not named:
        gathered.tell(where, "env", "no tag names the environment: it is dev here; write yours, or use --env NAME")
    for one in sorted(answers.services, key=lambda one: str(one.get("serviceName", ""))):
        service.add(gathered, one)
    for run in answers.runs:
        jobs.add(gathered, run)
    table = _table(gathered)
    _whole(gathered)
    for unread in answers.unread:
        gathered.leave(where, unread.action, f"could not be read ({unread.why}): {unread.what}")
    for family in answers.unused:
        why = f"{family}: no service and no schedule names it: if something else starts it, write it in [jobs]"
        gathered.tell(where, "taskDefinitions", why)
    if not gathered.services:
        reasons = "".join(f"\n{one}" for one in found.left)
        raise ConfigurationError(f"{where}: there is no service that can be carried over: see why below{reasons}")
    found.tables[found.own] = table
    return found


def _names(answers: Answers) -> tuple[str, str, str]:
    """Return the project, the environment if it is known, and the stack's name if this tool made the cluster."""
    said = tags(answers.cluster)
    for project, env, manager in (OWN, COPILOT):
        if all(re.fullmatch(values.NAME, said.get(key, "")) for key in (project, env)):
            if not manager:
                return said[project], said[env], ""
            if said.get("ManagedBy") == manager:
                return said[project], said[env], f"{said[project]}-{said[env]}"
    return names.project(names.without_suffix(answers.name)), "", ""


def _table(gathered: Gathered) -> dict[str, Any]:
    """Return all tables, with the keys that depend on all services and jobs together."""
    stack.calls(gathered)
    stack.ports(gathered)
    stack.paths(gathered)
    table = where_it_is(gathered.answers)
    network.fill(gathered, table)
    if "network" in table:
        network.add_groups(gathered)
    if dns := stack.host(gathered):
        table["dns"] = dns
        if entrance.in_clear(gathered):
            table["load_balancer"] = {"http": True}
    else:
        stack.untested(gathered)
    if shared := stack_tags.common(gathered.answers.services):
        table["tags"] = shared
    if _insights(gathered.answers) == OFF:
        table["logs"] = {"insights": False}
    https = "dns" in table and "load_balancer" not in table
    if providers := sign_in.keep(gathered, https=https):
        table["sign_in"] = providers
    for kind, workloads in (("services", gathered.services), ("jobs", gathered.jobs)):
        if workloads:
            table[kind] = {name: ordered(_without_empty(one.table)) for name, one in workloads.items()}
    return table


def _insights(answers: Answers) -> str:
    """Return whether Container Insights watches the cluster (ECS API reference, ClusterSetting)."""
    settings = {str(one.get("name")): str(one.get("value")) for one in answers.cluster.get("settings") or ()}
    return settings.get("containerInsights", OFF)


def where_it_is(answers: Answers) -> dict[str, Any]:
    """Return the keys for Region and account; for the embedded cloud, whose account is not real, the Region alone."""
    return {"region": answers.region} | ({"account": {"id": answers.account}} if answers.on_aws else {})


def _without_empty(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value != {}}


def _whole(gathered: Gathered) -> None:
    """Note differences of the whole stack: clients, instances, capabilities of containers."""
    where, services = f"cluster {gathered.answers.name}", gathered.services
    public = [name for name, one in services.items() if one.table.get("public")]
    if public:
        why = "here only your own address may reach the load balancer, until you write others"
        gathered.tell(where, "network.allow", f"{_open(gathered)}{why}")
        entrance.tell(gathered)
    if on_instances := [name for name, one in services.items() if one.table.get("launch") == "ec2"]:
        why = "on instances, which the stack launches itself: write capacity.instance_types, min and max"
        gathered.leave(where, "capacity", f"{', '.join(on_instances)}: {why}")
    if gathered.undropped:
        why = "drop none of Docker's capabilities; here a container keeps fewer: name its capabilities (docs/images.md)"
        gathered.tell(where, "capabilities", f"{', '.join(gathered.undropped)}: {why}")
    if (insights := _insights(gathered.answers)) not in (ON, OFF):
        gathered.leave(where, "settings.containerInsights", f"{insights}; here it is {ON}")
    kept = f"here they are kept {USUAL_RETENTION} days: write logs.retention_days"
    gathered.tell(where, "logs", f"how long log groups keep their lines is not read; {kept}")


def _open(gathered: Gathered) -> str:
    """Return the sources that the load balancers' groups allow, as the start of a sentence; empty if not known."""
    balancers = network.balancers(gathered)
    groups = {group for one in balancers for group in one.get("SecurityGroups") or ()}
    rules = [
        rule
        for one in gathered.answers.security_groups
        if one.get("GroupId") in groups
        for rule in one.get("IpPermissions") or ()
    ]
    sources = dict.fromkeys(str(one.get("CidrIp")) for rule in rules for one in rule.get("IpRanges") or ())
    return f"{', '.join(sources)} may reach it now; " if sources else ""
