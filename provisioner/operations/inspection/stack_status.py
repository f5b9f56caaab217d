"""What a stack is and how it is doing: from its state, and from AWS by reads only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from provisioner.config.facts import ASLEEP
from provisioner.cost.estimate import summary
from provisioner.engine.errors import ConfigurationError, ProvisionError
from provisioner.engine.records.type_aliases import renamed
from provisioner.operations.context import account, connection, embedded_cloud
from provisioner.operations.inspection.verdicts import EXPIRES_DAYS, SERVING, exit_code
from provisioner.operations.overrides import expiration
from provisioner.state.model import Record, Run, State

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.cost.estimate import Estimate
    from provisioner.operations.context.options import Options


OUTPUTS = {
    "vpc": ("vpc", ""),
    "cluster": ("cluster", ""),
    "load_balancer": ("load_balancer", "dns_name"),
    "database": ("db_cluster", "endpoint"),
}
"""Each output's resource type, and the name of that type's output; the id where this is empty.

It does not stand with the types: to read them takes boto3 and longer than all else that `provision output` does.
"""
DAY = 86400
"""In seconds."""
ALWAYS = frozenset({"stack", "account", "region"})
NAMES = frozenset({*ALWAYS, *OUTPUTS, "url", "local_url"})
"""All outputs but those of repositories, which are as many as there are images to build."""


@dataclass(frozen=True)
class Health:
    """How the running parts are doing: a mapping for each, as `status` shows it.

    Attributes:
        at: when that was asked, in seconds since the epoch by AWS's clock.
    """

    services: list[dict[str, Any]]
    instances: list[dict[str, Any]]
    databases: list[dict[str, Any]]
    amis: list[dict[str, Any]]
    jobs: list[dict[str, Any]] = field(default_factory=list)
    certificates: list[dict[str, Any]] = field(default_factory=list)
    at: float = 0.0


def resources(state: State) -> list[dict[str, Any]]:
    """Return what is recorded, in the order in which the steps first recorded something."""
    steps = list(dict.fromkeys(r.step for r in sorted(state.records.values(), key=lambda r: r.created or r.changed)))
    records = sorted(state.records.values(), key=lambda record: (steps.index(record.step), record.address))
    return [{"address": r.address, "step": r.step, "phase": r.phase, "id": r.id} for r in records]


def newest(state: State, command: str | None, command_line: str) -> Run:
    """Return the newest run that has a timeline, of one command if that is given.

    Args:
        command_line: how to call such a command for this stack.

    Raises:
        ConfigurationError: there is none.
    """
    runs = [run for run in state.history if run.timeline and command in (None, run.command)]
    if runs:
        return runs[-1]
    raise ConfigurationError(
        f"no {f'`{command}`' if command else 'run'} with a timeline is recorded: run {command_line}"
    )


def outputs(state: State, config: Config, entry: str) -> dict[str, str]:
    """Return the values that others need, by name; those of resources that are not recorded are left out.

    Args:
        entry: the URL at which the stack answers on this machine, if it does.
    """
    values = {"stack": state.stack, "account": state.account, "region": state.region}
    for name, (type_name, output) in OUTPUTS.items():
        for one in (record for record in state.records.values() if record.type == type_name):
            values[name] = str((one.outputs.get(output) if output else one.id) or "")
    for one in (record for record in state.records.values() if record.type == "repository"):
        values[f"repository_{one.address.partition('/')[2]}"] = str(one.outputs.get("repository_uri", ""))
    # without its record the name may be another stack's, and without the listener nothing answers
    created = [record for record in state.records.values() if record.id]
    names = [record.arguments.get("record_name") for record in created if record.type == "record_set"]
    protocols = [record.arguments.get("protocol") for record in created if record.type == "listener"]
    if config.fqdn in names and "HTTPS" in protocols:
        values |= {"url": f"https://{config.fqdn}", "local_url": entry}
    return {name: value for name, value in values.items() if value}


def chosen(values: Mapping[str, str], name: str) -> str:
    """Return one of the values.

    Raises:
        ConfigurationError: there is none of that name; those that there are, are named.
    """
    if name in values:
        return values[name]
    if name in NAMES or name.startswith("repository_"):
        why = (
            "the stack has not been created yet" if values.keys() <= ALWAYS else "its resource has not been created yet"
        )
        raise ConfigurationError(f'no output "{name}" yet: {why}')
    raise ConfigurationError(f'there is no output "{name}"; there are {", ".join(sorted(values)) or "none yet"}')


def outlived(state: State, started: float) -> bool:
    """Whether all that is recorded is older than the embedded cloud, which was empty when it was started.

    Args:
        started: when it was started, in seconds since the epoch.
    """
    return bool(state.records) and max(record.changed for record in state.records.values()) < started


def document(
    state: State,
    config: Config,
    entry: str,
    live: Health | None,
    live_unavailable: str,
    *,
    restarted: float | None = None,
    locked_by: str = "",
    now: float,
    by_schedule: bool = False,
    notes: Sequence[str] = (),
    cost: Estimate | None = None,
) -> dict[str, Any]:
    """Return all of the status as one JSON document.

    Args:
        entry: the URL at which the stack answers on this machine, if it does.
        live: how the running parts are doing, if somebody could be asked.
        live_unavailable: why nobody could be asked.
        restarted: when the embedded cloud was started, if that was after all that is recorded.
        locked_by: the command that holds the stack's lock.
        now: the target's time, in seconds since the epoch.
        by_schedule: whether the stack sleeps by its schedule.
        notes: until when it is wanted, and what was scaled or paused.
        cost: what is recorded costs on AWS, if that was counted.
    """
    told = {
        "stack": config.name,
        "target": config.target,
        "account": state.account,
        "region": state.region or config.region,
        "url": f"https://{config.fqdn}" if config.public else "",
        "local_url": entry,
        "resources": resources(state),
        "live": asdict(live) if live else None,
        "live_unavailable": live_unavailable,
        "restarted": restarted,
        "locked_by": locked_by,
        "asleep": by_schedule or any(record.type == ASLEEP for record in state.records.values()),
        **expiration.document(expiration.recorded(state.records), now),
        "notes": [*notes],
        "cost": summary(cost) if cost else None,
    }
    return {**told, "serving": exit_code(told) == SERVING if live else None}


def condition(
    options: Options, config: Config, state: State, way: Callable[[], Aws] | None = None
) -> tuple[Health | None, str]:
    """Return how the stack is doing now, or None and why nobody was asked. Nothing is started for it.

    Args:
        way: returns the way to AWS, if not another one is to be made.

    Raises:
        StateError: the state belongs to another account or region.
        WrongAccount: the credentials are of another account than the configuration names.
    """
    if not state.records:
        return None, "no resources are recorded"
    if config.target == "local" and not embedded_cloud.runs(options):
        return None, "the embedded cloud is not running"
    try:
        aws = way() if way else connection.connect(options, config)
        state.guard(config.name, aws.account, aws.region)
        return look(aws, state, tuple(config.jobs)), ""
    except account.WrongAccount:
        raise
    except ProvisionError as error:
        return None, str(error)


def look(aws: Aws, state: State, jobs: Collection[str] = ()) -> Health:
    """Ask AWS how all that runs is doing, all at once. Only reads are made.

    Args:
        jobs: the names of the jobs.

    Raises:
        ApiError: a read was refused.
        StateError: what is recorded of these makes no sense.
    """
    # only the resource types that are looked at: all the steps' would take longer to import than the calls take
    import provisioner.resources.rds.database  # noqa: F401
    from provisioner.aws.errors import explaining
    from provisioner.engine.records.references import KnownResources
    from provisioner.engine.resource import RESOURCE_TYPES
    from provisioner.operations.inspection import workloads
    from provisioner.operations.prerequisites import ami

    records = renamed(state.records, importing=False)
    looked_at = {address: record for address, record in records.items() if record.type in RESOURCE_TYPES}
    aws = aws.reading().knowing(KnownResources(looked_at))
    with explaining():
        # of what is not recorded nothing is asked
        types = {record.type for record in records.values()}
        asked: Sequence[Callable[[Aws], Any]] = (
            partial(workloads.of, records=records, jobs=jobs),
            _instances if "auto_scaling_group" in types else _nothing,
            partial(_databases, records=records) if "db_cluster" in types else _nothing,
            ami.condition if "launch_template" in types else _nothing,
            partial(_certificates, records=records),
        )
        (services, job_list), instances, databases, amis, certificates = aws.each(lambda ask: ask(aws), asked)
        return Health(services, instances, databases, amis, job_list, certificates, aws.pace.time())


def _nothing(_: Aws) -> list[dict[str, Any]]:
    return []


def _instances(aws: Aws) -> list[dict[str, Any]]:
    from provisioner.resources.autoscaling import AutoScalingGroup
    from provisioner.resources.ecs.cluster import container_instances, own_clusters

    groups = [live for live in aws.live(AutoScalingGroup) if live.owned]
    outdated = {name for live in groups for name in live.details.get("outdated", ())}
    misfits = {name for live in groups for name in live.details.get("misfits", ())}
    return [
        {
            "id": instance["ec2InstanceId"],
            "status": instance["status"],
            "connected": instance["agentConnected"],
            "type": _attribute(instance, "ecs.instance-type"),
            "ami": _attribute(instance, "ecs.ami-id"),
            "outdated": instance["ec2InstanceId"] in outdated,
            "misfit": instance["ec2InstanceId"] in misfits,
            "tasks": instance["runningTasksCount"] + instance["pendingTasksCount"],
        }
        for cluster in own_clusters(aws)
        for instance in container_instances(aws, cluster)
    ]


def _attribute(instance: Mapping[str, Any], name: str) -> str:
    return next((str(one["value"]) for one in instance["attributes"] if one["name"] == name), "")


def _databases(aws: Aws, records: Mapping[str, Record]) -> list[dict[str, Any]]:
    from provisioner.resources.rds.database import DbCluster, DbInstance

    waiting: dict[str, list[str]] = {}
    for live in aws.live(DbInstance):
        if live.details["restart"]:
            waiting.setdefault(live.attributes["db_cluster_identifier"], []).append(live.id)
    found = {str(live.id): live for live in aws.live(DbCluster) if live.owned}
    recorded = [str(one.id) for one in records.values() if one.type == DbCluster.type_name and one.id]
    there = [
        {
            "name": live.id,
            "status": live.status,
            "host": live.outputs.get("endpoint"),
            "problem": _restart(waiting.get(name, ()), aws.region),
        }
        for name, live in found.items()
    ]
    gone = [{"name": name, "status": "missing", "host": None, "problem": ""} for name in recorded if name not in found]
    return [*there, *gone]


def _certificates(aws: Aws, records: Mapping[str, Record]) -> list[dict[str, Any]]:
    from provisioner.resources.acm import condition as told

    recorded = [one for one in records.values() if one.type == "certificate" and one.id]
    shown = zip(recorded, aws.each(lambda one: told(aws, str(one.id)), recorded), strict=True)
    return [
        {"name": record.address.partition("/")[2], **one, "problem": _expiry(one, aws.pace.time())}
        for record, one in shown
    ]


def _expiry(certificate: Mapping[str, Any], now: float) -> str:
    """Say what is wrong with a certificate; one that waits for its records is not in use yet."""
    status, ends = certificate["status"], certificate["expires"]
    if status not in ("ISSUED", "PENDING_VALIDATION"):
        return str(status)
    if ends is None or ends - now > EXPIRES_DAYS * DAY:
        return ""
    renewal = f"its renewal is {certificate['renewal']}" if certificate["renewal"] else "ACM has not renewed it"
    return f"{renewal}: see that its validation records are there and that a listener uses it"


def _restart(instances: Collection[str], region: str) -> str:
    """Say of which instances settings wait for a restart, such as those that follow from another range of capacity."""
    return "; ".join(
        f"settings of {name} need a reboot: run `aws rds reboot-db-instance --db-instance-identifier {name} "
        f"--region {region}`"
        for name in instances
    )
