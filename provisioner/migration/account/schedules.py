"""Read the EventBridge rules and schedules that start a cluster's tasks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from provisioner.migration.account.reader import Reader
from provisioner.migration.ecs.answers import Answer, Run

WHAT = "the tasks that run by a schedule"


def read(reader: Reader, cluster: str) -> list[Run]:
    """Return the rules and schedules whose target is this cluster.

    Args:
        cluster: the cluster's ARN.
    """
    return [*_rules(reader, cluster), *_schedules(reader, cluster)]


def definition(run: Run) -> str:
    """Return the ARN or family of the task definition that a rule or schedule runs."""
    return str(run.parameters.get("TaskDefinitionArn", ""))


def subnets(run: Run) -> Sequence[str]:
    """Return the subnets of the tasks that a rule or schedule starts."""
    network = run.parameters.get("NetworkConfiguration") or {}
    found: Sequence[str] = (network.get("awsvpcConfiguration") or {}).get("Subnets") or ()
    return found


def _rules(reader: Reader, cluster: str) -> list[Run]:
    names = reader.pages("events", "list_rule_names_by_target", "RuleNames", WHAT, TargetArn=cluster)
    found: list[Run] = []
    for name in names:
        says = reader.tried(WHAT, partial(_rule, reader, name)) or {}
        targets = reader.pages("events", "list_targets_by_rule", "Targets", WHAT, Rule=name)
        found += [Run("rule", says, one) for one in targets if says and _runs(one, cluster)]
    return found


def _rule(reader: Reader, name: str) -> Answer:
    says: Answer = reader.aws.client("events").describe_rule(Name=name)
    return says


def _schedules(reader: Reader, cluster: str) -> list[Run]:
    found: list[Run] = []
    for one in reader.pages("scheduler", "list_schedules", "Schedules", WHAT):
        if (one.get("Target") or {}).get("Arn") == cluster:
            says = reader.tried(WHAT, partial(_schedule, reader, one)) or {}
            if _runs(says.get("Target") or {}, cluster):
                found.append(Run("schedule", says, says["Target"]))
    return found


def _schedule(reader: Reader, listed: Answer) -> Answer:
    client = reader.aws.client("scheduler")
    says: Answer = client.get_schedule(Name=listed["Name"], GroupName=listed.get("GroupName", "default"))
    return says


def _runs(target: Answer, cluster: str) -> bool:
    return target.get("Arn") == cluster and bool(target.get("EcsParameters"))
