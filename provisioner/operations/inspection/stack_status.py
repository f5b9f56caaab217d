"""Read the resources, outputs and condition of a stack from its state and from AWS. Makes only read calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from provisioner.config.records import ASLEEP
from provisioner.config.sign_in import callbacks
from provisioner.engine.errors import ConfigurationError, ProvisionError
from provisioner.operations.context import account, connection, embedded_cloud
from provisioner.operations.inspection.health import Health, look
from provisioner.operations.inspection.verdicts import SERVING, exit_code
from provisioner.operations.overrides import expiration, stack_protection
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
    "database": ("db_cluster single_db_instance", "endpoint"),
    "redis": ("replication_group", "endpoint"),
    "distribution": ("distribution", "domain_name"),
}
"""The resource types of each output, and the name of the type's output; an empty name means the resource's id.

This table is separate from the resource types: importing them loads boto3, and takes longer than the rest of
`provision output`.
"""
ALWAYS = frozenset({"stack", "account", "region"})
NAMES = frozenset({*ALWAYS, *OUTPUTS, "url", "local_url"})
"""The names of all outputs; outputs of each repository and service depend on the configuration."""


def resources(state: State) -> list[dict[str, Any]]:
    """Return the recorded resources, ordered by the time at which their step first recorded a resource."""
    steps = list(dict.fromkeys(r.step for r in sorted(state.records.values(), key=lambda r: r.created or r.changed)))
    records = sorted(state.records.values(), key=lambda record: (steps.index(record.step), record.address))
    return [{"address": r.address, "step": r.step, "phase": r.phase, "id": r.id} for r in records]


def newest(state: State, command: str | None, command_line: str) -> Run:
    """Return the newest run that has a timeline; with `command`, the newest run of this command.

    Args:
        command_line: the command line that makes a run with a timeline for this stack.

    Raises:
        ConfigurationError: no such run is recorded.
    """
    runs = [run for run in state.history if run.timeline and command in (None, run.command)]
    if runs:
        return runs[-1]
    raise ConfigurationError(
        f"no {f'`{command}`' if command else 'run'} with a timeline is recorded: run {command_line}"
    )


def outputs(state: State, config: Config, entry: str) -> dict[str, str]:
    """Return the stack's outputs by name, without the outputs of unrecorded resources.

    Args:
        entry: the URL at which the stack answers on this machine; empty if it does not.
    """
    values = {"stack": state.stack, "account": state.account, "region": state.region}
    for name, (type_names, output) in OUTPUTS.items():
        for one in (record for record in state.records.values() if record.type in type_names.split()):
            values[name] = str((one.outputs.get(output) if output else one.id) or "")
    for one in (record for record in state.records.values() if record.type == "repository"):
        values[f"repository_{one.address.partition('/')[2]}"] = str(one.outputs.get("repository_uri", ""))
    # without a record the name may belong to another stack, and without the listener nothing answers
    created = [record for record in state.records.values() if record.id]
    names = [record.arguments.get("record_name") for record in created if record.type == "record_set"]
    protocols = [record.arguments.get("protocol") for record in created if record.type == "listener"]
    if config.listener:
        answers = bool(_shared(state.records)) and (not config.named or config.names[0] in names)
    else:
        answers = (config.names[0] in names and "HTTPS" in protocols) if config.https else "HTTP" in protocols
    if answers:
        values |= {"url": url(state.records, config), "local_url": entry}
        each = urls(state.records, config)
        values |= {f"url_{service}": one for service, one in each.items() if not config.named or host_of(one) in names}
        values |= callback_urls(state.records, config)
    return {name: value for name, value in values.items() if value}


def url(records: Mapping[str, Record], config: Config) -> str:
    """Return the URL of the public services; empty if there are none, or if AWS has not named the load balancer yet."""
    scheme, name = _entrance(records, config)
    if config.names and scheme:
        return f"{scheme}://{config.address or config.names[0]}"
    beyond = _beginning(next(iter(config.public.values())).path[0]) if config.listener and name else ""
    return f"{scheme}://{name}{beyond}" if name else ""


def urls(records: Mapping[str, Record], config: Config) -> dict[str, str]:
    """Return the URL of each public service, its path without wildcards, if they differ; otherwise none."""
    scheme, name = _entrance(records, config)
    if not scheme or not (config.hosts or config.listener) or (config.listener and len(config.public) == 1):
        return {}
    found = {}
    for service_name, service in config.public.items():
        own = sorted(config.hosts.get(service_name, (config.fqdn or name,)), key=lambda host: "*" in host)
        found[service_name] = f"{scheme}://{own[0]}{_beginning(service.path[0])}"
    return found


def callback_urls(records: Mapping[str, Record], config: Config) -> dict[str, str]:
    """Return the URLs that the provider of each service with a sign-in has to know, with blanks between several."""
    _, own = _entrance(records, config)
    return {
        f"sign_in_{name}": " ".join(callbacks(config.hosts.get(name) or (config.fqdn or own,)))
        for name, service in config.public.items()
        if service.sign_in
    }


def _beginning(pattern: str) -> str:
    """Return the part of a path pattern before its first wildcard; empty for all paths."""
    path = pattern.partition("*")[0].partition("?")[0]
    return "" if path == "/" else path


def _entrance(records: Mapping[str, Record], config: Config) -> tuple[str, str]:
    """Return the scheme of the stack's URLs, and AWS's own name of its entrance; empty texts until AWS has named it."""
    if config.listener:
        shown = _shared(records)
        return str(shown.get("protocol", "")).lower(), str(shown.get("dns_name", ""))
    if config.distributed:
        return "https", _output(records, "distribution", "domain_name")
    if not config.public:
        return "", ""
    return "https" if config.https else "http", _output(records, "load_balancer", "dns_name")


def _output(records: Mapping[str, Record], type_name: str, output: str) -> str:
    """Return an output of the first resource of a type that has it; empty if none has."""
    found = (str(one.outputs.get(output) or "") for one in records.values() if one.type == type_name)
    return next(filter(None, found), "")


def _shared(records: Mapping[str, Record]) -> Mapping[str, Any]:
    """Return the outputs of a rule at an existing listener: protocol, and the load balancer's name; empty without."""
    rules = (record.outputs for record in records.values() if record.type == "listener_rule" and record.id)
    return next((outputs for outputs in rules if outputs.get("protocol")), {})


def host_of(url: str) -> str:
    """Return the host in a URL of this module."""
    return url.partition("://")[2].partition("/")[0]


def chosen(values: Mapping[str, str], name: str) -> str:
    """Return the output with this name.

    Raises:
        ConfigurationError: no output has this name; the message lists the existing ones.
    """
    if name in values:
        return values[name]
    if name in NAMES or name.startswith(("repository_", "sign_in_", "url_")):
        what = "the stack" if values.keys() <= ALWAYS else "its resource"
        raise ConfigurationError(f'no output "{name}" yet: {what} has not been created: run `provision up`')
    raise ConfigurationError(f'there is no output "{name}"; there are {", ".join(sorted(values)) or "none yet"}')


def outlived(state: State, started: float) -> bool:
    """Return whether all records are older than the embedded cloud, which is empty when it starts.

    Args:
        started: the start of the embedded cloud, in seconds since the epoch.
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
    simulated: bool = False,
) -> dict[str, Any]:
    """Return the whole status as one JSON document.

    Args:
        entry: the URL at which the stack answers on this machine, if it does.
        live: the condition of the running parts; None if it could not be read.
        live_unavailable: the reason why it could not be read.
        restarted: the start of the embedded cloud, if it was after the last change of any record.
        locked_by: the command that holds the stack's lock.
        now: the target's time, in seconds since the epoch.
        by_schedule: whether the stack sleeps by its schedule.
        notes: sentences about the stack's expiration, and about scaled or paused services.
        cost: the cost of the recorded resources on AWS; None if it was not computed.
        simulated: whether tasks change state and no container runs.
    """
    from provisioner.cost.estimate import summary

    told = {
        "stack": config.name,
        "target": config.target,
        "account": state.account,
        "region": state.region or config.region,
        "url": url(state.records, config),
        "urls": urls(state.records, config),
        "local_url": entry,
        "simulated": simulated,
        "resources": resources(state),
        "live": asdict(live) if live else None,
        "live_unavailable": live_unavailable,
        "restarted": restarted,
        "locked_by": locked_by,
        "asleep": by_schedule or any(record.type == ASLEEP for record in state.records.values()),
        "protected": stack_protection.recorded(state.records),
        **expiration.document(expiration.recorded(state.records), now),
        "notes": [*notes],
        "cost": summary(cost) if cost else None,
    }
    return {**told, "serving": exit_code(told) == SERVING if live else None}


def suspensions(live: Health) -> list[str]:
    """Return a note for each service whose autoscaling somebody has suspended."""
    # the module needs the resource types, which are imported already if a cloud was read
    from provisioner.resources.suspended_scaling import told

    return [told(one["name"], one["suspended"]) for one in live.services if one.get("suspended")]


def condition(
    options: Options, config: Config, state: State, way: Callable[[], Aws] | None = None
) -> tuple[Health | None, str]:
    """Return the stack's current condition, or None and the reason why it could not be read. Starts nothing.

    Args:
        way: returns the connection to AWS to use; None: open a new one.

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
