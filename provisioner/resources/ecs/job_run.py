"""Runs of jobs before services change: one task for each revision of a job's task definition."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws import durations
from provisioner.aws.client import Aws
from provisioner.aws.durations import Takes
from provisioner.aws.errors import code_of
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import ASKED, OWN, TAGS_AT_ONCE, creating, grants
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.clock import at
from provisioner.engine.declaration import unknown
from provisioner.engine.errors import Failed, NotCreated
from provisioner.engine.resource import Observed, Resource
from provisioner.resources.ecs.api import API
from provisioner.resources.ecs.cluster import described, own_clusters, task_arns
from provisioner.resources.ecs.deployments import newer
from provisioner.resources.ecs.problems import last_lines, why_stopped

SHOWN_SECONDS = 3600.0
"""The seconds for which ECS shows a stopped task (API reference, DescribeTasks).

ECS also remembers its client token for at least that long (API reference, "Ensuring idempotency").
"""
STOPPED = "STOPPED"
ENDED = "ended"
"""The status of a successful run that only the state still knows."""
LOST = "lost"
"""The status of a run whose end nobody knows."""
IN_CLUSTER = ("ArnEquals", "ecs:cluster", ("arn:{partition}:ecs:{region}:{account}:cluster/{stack}",))
AGAIN = "No service was changed. It is not run again: change the job, or run `provision up --retry-failed`"


@dataclass(frozen=True)
class JobRun(Resource):
    """One run of a job, to its end, which must be exit code 0. Another revision of its task definition is another run.

    No revision is run twice, even if the client is killed at any point: RunTask has a token that is derived from the
    revision, the task's tags have the address, and the state records ended runs. A revision older than the last one
    that ran is not run: it is a rollback. ECS shows a stopped task for an hour. After that, without a record of its
    end, the run counts as lost: the user is told so, and can run it again.

    Attributes:
        family: the task definition's family.
        subnets, security_groups, assign_public_ip: the network that it starts in; later changes have no effect.
    """

    cluster: str
    family: str
    task_definition: str
    subnets: Sequence[str]
    security_groups: Sequence[str]
    assign_public_ip: str

    type_name = "job_run"
    api = API
    takes = Takes(ready=(durations.TASK_INTERFACE, durations.TASK_PULL, durations.TASK_RUN, durations.TASK_DEPROVISION))
    arn = "task/{stack}/*"
    # other permissions, to read tasks and revisions, come with the services' types
    permissions = (
        *grants("ecs", "RunTask", "task-definition/{stack}-*", conditions=(*ASKED, IN_CLUSTER)),
        *grants("ecs", "TagResource", OWN, conditions=creating("ecs:CreateAction", "RunTask"), **TAGS_AT_ONCE),
    )
    create_only = frozenset({"cluster", "family"})
    ignore_changes = frozenset({"subnets", "security_groups", "assign_public_ip"})
    versioned = True
    # two revisions of a migration never run side by side
    update_when_ready = True
    retained = True
    retained_because = "it has run, so there is nothing to delete"
    # a longer wait ends by another limit, such as a pipeline's
    create_timeout = 6 * 3600
    poll_interval = 5

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        records = {record.address: record for record in aws.knowledge.of(cls)}
        for cluster in own_clusters(aws):
            wanted = [fields for fields in known if unknown(fields["cluster"]) or fields["cluster"] == cluster]
            families = {fields["family"] for fields in wanted}
            open_ones = families - _settled(records.values(), wanted)
            shown = _shown(aws, cluster, open_ones, [record.id for record in records.values() if record.id])
            lives = [live for live in (cls._live(aws, cluster, task) for task in shown) if live.address]
            newest = {str(live.address): live for live in lives}
            told = [one for a, record in records.items() if a not in newest and (one := _told(aws, record))]
            asked = {str(fields["family"]): str(fields["task_definition"]) for fields in reversed(wanted)}
            yield from (_gone_back(live, asked) for live in (*newest.values(), *told))

    @classmethod
    def _live(cls, aws: Aws, cluster: str, task: Mapping[str, Any]) -> Observed:
        revision = str(task.get("taskDefinitionArn", ""))
        family = revision.rpartition("/")[2].rpartition(":")[0]
        attributes = {"cluster": cluster, "family": family, "task_definition": revision}
        tags, status = tag_map(task.get("tags"), "key", "value"), str(task.get("lastStatus", ""))
        live = observed(aws, str(task["taskArn"]), attributes, tags, status=status)
        job = (live.address or "").rpartition("/")[2]
        why = _failure(aws, task, job) if status == STOPPED else ""
        return _failed(aws, live, why) if why else live

    def create(self, aws: Aws, token: str) -> Observed:
        # a failed run is repeated only on request, and is a new run then
        attempt = f" {token}" if aws.retry_failed else ""
        place = {"subnets": self.subnets, "securityGroups": self.security_groups}
        revision = self.task_definition.rpartition("/")[2]
        try:
            answer = aws.client("ecs").run_task(
                cluster=self.cluster,
                taskDefinition=self.task_definition,
                launchType="FARGATE",
                networkConfiguration={"awsvpcConfiguration": {**place, "assignPublicIp": self.assign_public_ip}},
                startedBy=f"provision/{revision.replace(':', '/')}",
                clientToken=hashlib.sha256(f"{self.task_definition}{attempt}".encode()).hexdigest(),
                tags=tag_pairs(aws.tags(self.address), "key", "value"),
            )
        except ClientError as error:
            # another client began it before: the token is known with other settings (API reference, RunTask)
            begun = error.response.get("resourceIds") if code_of(error) == "ConflictException" else None
            if not begun:
                raise
            answer = aws.client("ecs").describe_tasks(cluster=self.cluster, tasks=begun, include=["TAGS"])
        if not answer.get("tasks"):
            reasons = {str(one.get("reason") or one.get("detail") or "") for one in answer.get("failures", ())}
            raise NotCreated(f"ECS did not start it: {'; '.join(sorted(reasons)) or 'it says no reason'}")
        return self._live(
            aws, self.cluster, {"tags": tag_pairs(aws.tags(self.address), "key", "value"), **answer["tasks"][0]}
        )

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        if why := live.details.get("failure"):
            raise Failed(str(why))
        return None if live.status in (STOPPED, ENDED) else f"task {live.id.rpartition('/')[2]} {live.status}"


def _gone_back(live: Observed, asked: Mapping[str, str]) -> Observed:
    """Return a run as one of the requested revision if that is older: a rollback runs no job again."""
    revision = asked.get(str(live.attributes.get("family")), "")
    if unknown(revision) or not revision or not newer(str(live.attributes.get("task_definition")), revision):
        return live
    return replace(
        live, attributes={**live.attributes, "task_definition": revision}, status=ENDED, problems={}, details={}
    )


def _settled(records: Collection[Any], known: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the families whose wanted revision has ended well, according to the state."""
    ended = {one.arguments["family"]: one.arguments["task_definition"] for one in records if one.phase == "ready"}
    open_ones = {fields["family"] for fields in known if fields["task_definition"] != ended.get(fields["family"])}
    return ended.keys() - open_ones


def _shown(aws: Aws, cluster: str, families: Collection[str], ids: Collection[str]) -> list[Mapping[str, Any]]:
    """Return the tasks of these families and the tasks with these ids, the oldest first."""
    if not families:
        return []
    listed = [task_arns(aws, cluster, "RUNNING", STOPPED, family=family) for family in sorted(families)]
    found = described(aws, cluster, chain(ids, *listed), include=["TAGS"])
    return sorted(found, key=lambda task: str(task.get("createdAt", "")))


def _failure(aws: Aws, task: Mapping[str, Any], container: str) -> str:
    """Return the reason of a stopped task's failure, with the end of its log; empty if it did not fail.

    Args:
        container: the container whose exit code counts; all of them count if none has that name.
    """
    containers = task.get("containers", ())
    own = [one for one in containers if one.get("name") == container] or containers
    codes = [one.get("exitCode") for one in own]
    code = next((code for code in codes if code is not None), None)
    if code == 0:
        return ""
    ended = f"ended with exit code {code}" if code is not None else "did not run"
    why = f"{ended}: {why_stopped(task) or 'ECS says no reason'}"
    return f"{why}{last_lines(aws, task)}\n{AGAIN}"


def _told(aws: Aws, record: Any) -> Observed | None:
    """Return a run that ECS no longer shows, from its record; None if ECS may still show it."""
    arguments = record.arguments
    attributes = {name: arguments.get(name) for name in ("cluster", "family", "task_definition")}
    if record.phase == "ready":
        return Observed(str(record.id), attributes, address=record.address, status=ENDED)
    if aws.pace.time() < record.changed + SHOWN_SECONDS:
        return None
    began = _moment(record.changed)
    why = (
        f"it is not known how task {str(record.id).rpartition('/')[2]} ended, or whether it has"
        if record.id
        else "it is not known whether it was started"
    )
    why = f"{why}: it was begun{began}, and ECS shows a stopped task for an hour. See `provision logs`. {AGAIN}"
    live = Observed(record.id or record.address, attributes, address=record.address, status=LOST)
    return _failed(aws, live, why)


def _failed(aws: Aws, live: Observed, why: str) -> Observed:
    """Return a run as failed; it is repeated if the user asked for that."""
    return replace(live, problems={"failed": True} if aws.retry_failed else {}, details={"failure": why})


def _moment(seconds: float) -> str:
    from datetime import UTC, datetime

    return at(datetime.fromtimestamp(seconds, UTC))


def failed_runs(aws: Aws) -> list[str]:
    """Return a message with the reason for each job whose last run failed."""
    return [f"{live.address}: {why}" for live in aws.live(JobRun) if (why := live.details.get("failure"))]
