"""What a stack is and how it is doing: from its state, and from AWS by reads only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from provisioner.config.facts import ASLEEP
from provisioner.cost.estimate import summary
from provisioner.engine.errors import ConfigurationError, ProvisionError
from provisioner.operations.context import account, connection, embedded_cloud
from provisioner.operations.inspection.health import Health, look
from provisioner.operations.inspection.verdicts import SERVING, exit_code
from provisioner.operations.overrides import expiration
from provisioner.state.model import Run, State

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
ALWAYS = frozenset({"stack", "account", "region"})
NAMES = frozenset({*ALWAYS, *OUTPUTS, "url", "local_url"})
"""All outputs but those of repositories, which are as many as there are images to build."""


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
