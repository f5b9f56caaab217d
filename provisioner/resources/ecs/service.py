"""ECS services, which run tasks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from provisioner.aws.client import Aws, batches
from provisioner.aws.permissions import ASKED, FAILURE, OWN, Use, grants
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.costs import Around, Cost
from provisioner.engine.declaration import unknown
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Changes, Observed, Resource, canonical, kept
from provisioner.engine.traits import EndsFailed, KnowsRequests, Runs
from provisioner.resources import members
from provisioner.resources.ecs import connect, monitoring, stopping, strategies
from provisioner.resources.ecs.api import API, TAGGED
from provisioner.resources.ecs.cluster import own_clusters, still_stopping
from provisioner.resources.ecs.deployments import NETWORK, revision_fields
from provisioner.resources.ecs.progress import PROGRESS, RolloutFailed, causes, describe, progress_of, read_progress
from provisioner.resources.ecs.reads import Read, existing, reads, still_replaced
from provisioner.resources.ecs.requested import as_requested
from provisioner.resources.sized import on_fargate, task_costs

SETTINGS = {
    "task_definition": "taskDefinition",
    "desired_count": "desiredCount",
    "capacity_provider_strategy": "capacityProviderStrategy",
    "load_balancers": "loadBalancers",
    "service_registries": "serviceRegistries",
    "health_check_grace_period_seconds": "healthCheckGracePeriodSeconds",
    "deployment_configuration": "deploymentConfiguration",
    "availability_zone_rebalancing": "availabilityZoneRebalancing",
    "enable_execute_command": "enableExecuteCommand",
    "enable_ecs_managed_tags": "enableECSManagedTags",
    "propagate_tags": "propagateTags",
}
"""The fields' names in CreateService, UpdateService and DescribeServices."""
DEFAULTS: Mapping[str, Any] = {
    "availabilityZoneRebalancing": "DISABLED",
    "enableExecuteCommand": False,
    "enableECSManagedTags": False,
    "propagateTags": "NONE",
}
"""The values of members that DescribeServices leaves out."""
ANSWERED = "`deploy --approve` and `deploy --reject`"
REVISIONS = f"{FAILURE}, and `scaling.resolution`"
BACK = "`rollback`, and a deployment that has failed"
AGAIN = "It is not tried again: change the service, or run `provision up --retry-failed`"


@dataclass(frozen=True)
class Service(Runs, EndsFailed, KnowsRequests, Resource):
    """An ECS service of awsvpc tasks on a capacity provider.

    It has the problem `failed` if ECS has given its newest deployment up: `up` starts another one.

    Attributes:
        scales: whether autoscaling sets the number of tasks once the service runs; `desired_count` is the first number.
        load_balancers, service_registries: in CreateService's spelling.
        service_connect: as `connect` declares it. high_resolution_metrics: as `monitoring` does.
        target_group: the target group that its tasks must be in, if ECS shifts traffic between two. While ECS shifts
            traffic, ECS chooses the group; for rolling updates it must be the only group that is left.
    """

    cluster: str
    service_name: str
    task_definition: str
    desired_count: int
    capacity_provider_strategy: Sequence[Mapping[str, Any]]
    subnets: Sequence[str]
    security_groups: Sequence[str]
    assign_public_ip: str
    load_balancers: Sequence[Mapping[str, Any]]
    service_registries: Sequence[Mapping[str, Any]]
    health_check_grace_period_seconds: int
    deployment_configuration: Mapping[str, Any]
    availability_zone_rebalancing: str
    enable_execute_command: bool
    enable_ecs_managed_tags: bool
    propagate_tags: str
    service_connect: Mapping[str, Any] | None = None
    high_resolution_metrics: Sequence[str] = ()
    scales: bool = False
    target_group: str | None = None

    type_name = "service"
    api = API
    arn = "service/{stack}/*"
    permissions = (
        *TAGGED,
        *grants(
            "ecs",
            "ListServices ListTasks",
            conditions=(("ArnEquals", "ecs:cluster", ("arn:{partition}:ecs:{region}:{account}:cluster/{stack}",)),),
        ),
        *grants("ecs", "DescribeServices", OWN),
        *grants("ecs", "ListServiceDeployments", OWN, use=Use.OTHER, why=FAILURE),
        *grants("ecs", "DescribeServiceDeployments", "service-deployment/{stack}/*", use=Use.OTHER, why=FAILURE),
        *grants("ecs", "ContinueServiceDeployment", "service-deployment/{stack}/*", use=Use.OTHER, why=ANSWERED),
        *grants("ecs", "StopServiceDeployment", "service-deployment/{stack}/*", use=Use.OTHER, why=BACK),
        *grants("ecs", "DescribeServiceRevisions", "service-revision/{stack}/*", use=Use.OTHER, why=REVISIONS),
        *grants("ecs", "DescribeTasks", "task/{stack}/*"),
        *grants("ecs", "CreateService", OWN, conditions=ASKED),
        *grants("ecs", "DeleteService UpdateService", OWN),
    )
    identity = ("cluster", "service_name")
    derived = ("id", "resource_id")
    unordered = frozenset(
        {
            *("capacity_provider_strategy", "subnets", "security_groups", "load_balancers", "service_registries"),
            monitoring.FIELD,
        }
    )
    outputs = ("resource_id",)
    # From no instance at all: managed scaling checks once a minute, then one boots, pulls, and passes health checks
    create_timeout = 1800
    delete_timeout = 1200
    poll_interval = 5

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        if on_fargate(settings):
            yield from task_costs(name, settings, around)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        for cluster in own_clusters(aws):
            # Services that are DRAINING are not listed, only described
            names = {f["service_name"] for f in known if f["cluster"] == cluster or unknown(f["cluster"])}
            if aws.include_unrecorded:
                all_pages = {"PageSize": 100}
                arns = aws.pages("ecs", "list_services", "serviceArns", cluster=cluster, PaginationConfig=all_pages)
                names |= {arn.rpartition("/")[2] for arn in arns}
            yield from cls._named(aws, known, cluster, names)

    @classmethod
    def read_some(cls, aws: Aws, known: Sequence[Mapping[str, Any]], ids: Collection[str]) -> Iterator[Observed]:
        names = {arn.rpartition("/")[2] for arn in ids}
        for cluster in own_clusters(aws):
            yield from (live for live in cls._named(aws, known, cluster, names) if live.id in ids)

    @classmethod
    def _named(
        cls, aws: Aws, known: Sequence[Mapping[str, Any]], cluster: str, names: Collection[str]
    ) -> Iterator[Observed]:
        """Yield the services of a cluster with these names."""
        shown = [
            service
            for some in aws.each(partial(existing, aws, cluster), batches(sorted(names), 10))
            for service in some
        ]
        requested = [fields for fields in known if fields["cluster"] == cluster or unknown(fields["cluster"])]
        for read in reads(aws, cluster, shown, requested):
            live = cls._live(aws, read)
            ill = bool(live.problems) or progress_of(live).judged
            if ill and progress_of(live).rollout_state == "IN_PROGRESS":
                # its tasks were read later: by now ECS may have given it up itself, and can tell its next action
                again = existing(aws, cluster, [live.attributes["service_name"]])
                for once_more in reads(aws, cluster, again, requested):
                    yield as_requested(aws, cls._live(aws, once_more), once_more)
            else:
                yield as_requested(aws, live, read)

    @staticmethod
    def _live(aws: Aws, read: Read) -> Observed:
        service = read.service
        # A value left over from an earlier load balancer has no effect, and cannot be changed any more
        grace = service.get("healthCheckGracePeriodSeconds") if service.get("loadBalancers") else None
        tags = tag_map(service.get("tags"), "key", "value")
        progress = read_progress(aws, read)
        cluster = service["clusterArn"].rpartition("/")[2]
        attributes = {
            **members.shown(SETTINGS, {**DEFAULTS, **service}),
            **revision_fields(service),
            "cluster": cluster,
            "service_name": service["serviceName"],
            "health_check_grace_period_seconds": grace or 0,
            "deployment_configuration": strategies.configuration(service.get("deploymentConfiguration", {})),
            "target_group": read.serving,
        }
        if read.requests:
            attributes = strategies.hidden(attributes, read.requests)
        draining, left = service["status"] == "DRAINING", service["runningCount"] + service["pendingCount"]
        return observed(
            aws,
            service["serviceArn"],
            attributes,
            tags,
            {"resource_id": f"service/{cluster}/{service['serviceName']}"},
            status=f"DRAINING, {left} tasks left" if draining and left else service["status"],
            deleting=draining,
            problems={"failed": True} if progress.failed else {},
            details={PROGRESS: progress},
        )

    def _settings(self, fields: Collection[str]) -> dict[str, Any]:
        """Return these fields as CreateService and UpdateService take them."""
        settings = members.arguments(SETTINGS, {name: getattr(self, name) for name in fields})
        if NETWORK.keys() & {*fields}:
            # always with all members
            settings["networkConfiguration"] = {"awsvpcConfiguration": members.arguments(NETWORK, self.fields())}
        if "service_connect" in fields:
            settings[connect.MEMBER] = connect.asked(self.service_connect)
        if monitoring.FIELD in fields:
            settings[monitoring.MEMBER] = monitoring.asked(self.high_resolution_metrics)
        return settings

    def create(self, aws: Aws, token: str) -> Observed:
        settings = self._settings(self.fields())
        if not self.load_balancers:
            # ECS refuses any value of it without a load balancer
            del settings["healthCheckGracePeriodSeconds"]
        if self.service_connect is None:
            del settings[connect.MEMBER]
        if not self.high_resolution_metrics:
            del settings[monitoring.MEMBER]
        tags = aws.tag_list(self.address, "key", "value")
        made = aws.client("ecs").create_service(
            cluster=self.cluster,
            serviceName=self.service_name,
            clientToken=token,
            tags=tags,
            **settings,
        )["service"]
        return self._live(aws, Read({**made, "tags": tags}))

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        if self._goes_back(aws, live, changes):
            return
        # a field that ECS has undone with a revision is no change of a later one, and has to be asked for again
        request = self._settings((changes.keys() | progress_of(live).undone_fields) - live.problems.keys())
        if "deployment_configuration" in changes:
            there = live.attributes["deployment_configuration"]
            request["deploymentConfiguration"] = strategies.request(
                self.deployment_configuration, there, progress_of(live).other_hooks
            )
        # These reach no running task by themselves, and a given-up deployment starts none
        if changes.keys() & {"capacity_provider_strategy", "enable_execute_command", "failed", "target_group"}:
            request["forceNewDeployment"] = True
        service = {"cluster": self.cluster, "service": self.service_name}
        if "load_balancers" not in changes:
            aws.client("ecs").update_service(**service, **request)
            return
        # ECS refuses it beside a first load balancer: the service must have one (cloudformation-coverage-roadmap#1313)
        grace = request.pop("healthCheckGracePeriodSeconds", None)
        aws.client("ecs").update_service(**service, **request)
        if grace is not None and self.load_balancers:
            aws.client("ecs").update_service(**service, healthCheckGracePeriodSeconds=grace)

    def _goes_back(self, aws: Aws, live: Observed, changes: Changes) -> bool:
        """Return whether ECS returns to the wanted revision from a deployment under way, whose former tasks still run.

        So does not only `rollback`, but also an `up` after a `rollback` that was killed.
        """
        former = progress_of(live).former
        of_revision = {*revision_fields({}), monitoring.FIELD, *live.problems}
        if former is None or "task_definition" not in changes or not changes.keys() <= of_revision:
            return False
        if former.task_definition != self.task_definition:
            return False
        return stopping.go_back(aws, self.cluster, self.service_name, self.fields())

    @classmethod
    def end_failed(cls, aws: Aws, live: Observed) -> str:
        if not progress_of(live).judged:
            return ""
        return stopping.end(aws, live.attributes["cluster"], live.attributes["service_name"])

    @property
    def ignored(self) -> frozenset[str]:
        scaled = {"desired_count"} if self.scales else set[str]()
        return frozenset(scaled if self.target_group else {*scaled, "target_group"})

    def ready_within(self) -> float:
        return self.create_timeout + strategies.minutes(self.fields()) * 60

    def widened(self, before: Mapping[str, Any], live: Observed) -> Service:
        """Keep the name, the load balancer and the autoscaled number of tasks until nothing needs them any more.

        ECS registers a service in one place at most, so it replaces a registry in one step (developer guide, "Service
        discovery"); for load balancers this method does the same. Autoscaling would set its own number of tasks again,
        so that number stays until it is deleted. A record from before `scales` existed is of a service that scaled.
        """

        def former(name: str) -> Sequence[Mapping[str, Any]]:
            return kept((), before.get(name), live.attributes[name])

        left = before.get("scales", True) and live.attributes.get("desired_count") != self.desired_count
        wider = replace(self, scales=True) if left and not self.scales else self
        if not self.service_registries and (names := former("service_registries")):
            wider = replace(wider, service_registries=names)
        if not self.load_balancers and (balancers := former("load_balancers")):
            grace = live.attributes["health_check_grace_period_seconds"]
            wider = replace(wider, load_balancers=balancers, health_check_grace_period_seconds=grace)
        if connect.loses_callers(self.service_connect, before.get("service_connect"), live.attributes):
            # Callers with a Service Connect proxy use it until their next rollout removes it. The present revision
            # stays as well, since it names the port.
            there = {name: live.attributes[name] for name in ("service_connect", "task_definition")}
            wider = replace(wider, **there)
        return _between_strategies(wider, live)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        where = {"cluster": live.attributes["cluster"], "service": live.attributes["service_name"]}
        # an update of a service that shifts traffic names its listener rule, which may be gone
        if live.attributes["desired_count"] and not strategies.shifts(live.attributes):
            aws.client("ecs").update_service(**where, desiredCount=0)
        aws.client("ecs").delete_service(**where, force=True)

    @classmethod
    def winding_down(cls, aws: Aws) -> str:
        """Describe the tasks of the stack's services that are still stopping: ECS completes a deployment earlier.

        With early success criteria it does so even before it stops them.
        """
        return still_stopping(aws) or still_replaced(aws)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        shown, wanted = progress_of(live), live.attributes["desired_count"]
        if shown.held:
            raise Failed(f"{shown.rolled_back}. {AGAIN}{shown.last_lines}")
        # A rollback succeeds, but the wanted revision has failed
        if live.problems or shown.undone or shown.judged:
            reason = ": ".join(filter(None, [shown.rollout_reason, shown.problem]))
            raise RolloutFailed(reason, shown)
        enough = wanted if shown.keeps_count else min(1, wanted)
        if shown.rollout_state == "COMPLETED" and shown.running_count >= enough:
            return None
        return f"{describe(live)}{f', {shown.problem}' if shown.problem else ''}"

    @classmethod
    def delays(cls, aws: Aws, live: Observed) -> str:
        return causes(aws, live)


def _between_strategies(wanted: Service, live: Observed) -> Service:
    """Return the next step of a service between rolling updates and a strategy that shifts traffic.

    First a rolling update tells its tasks of both target groups (developer guide, "Update the Amazon ECS deployment
    strategy from rolling to blue/green"). On the way back, a last shifting deployment moves the tasks to the group that
    stays: a rolling update would leave the group with the traffic empty. A deployment in progress is waited for.
    """
    there = live.attributes
    known = canonical(there["load_balancers"]) == canonical(wanted.load_balancers)
    busy = progress_of(live).rollout_state == "IN_PROGRESS"
    if strategies.shifts(wanted.fields()) == strategies.shifts(there):
        return replace(wanted, deployment_configuration=_configured(wanted, live, busy=busy))
    if strategies.shifts(wanted.fields()) and not strategies.shifts(there) and (busy or not known):
        return replace(wanted, deployment_configuration=strategies.rolling(wanted.fields()))
    if strategies.shifts(there) and not strategies.shifts(wanted.fields()) and wanted.load_balancers:
        stays = wanted.load_balancers[0]["targetGroupArn"]
        if there.get("target_group") == stays and not busy:
            return wanted
        return replace(
            wanted,
            task_definition=there["task_definition"] if busy else wanted.task_definition,
            # a deployment that only moves tasks needs no approval
            deployment_configuration=strategies.unpaused(there["deployment_configuration"]),
            load_balancers=there["load_balancers"],
            target_group=stays,
        )
    return wanted


def _configured(wanted: Service, live: Observed, *, busy: bool) -> Mapping[str, Any]:
    """Return the deployment configuration with which a service gets its wanted revision.

    A deployment that is under way ends as it began, also if it is stopped; a rollback has no steps. The declared
    configuration follows: a change of it alone is no deployment (API reference, ServiceRevision, which has none).
    """
    declared, there = wanted.deployment_configuration, live.attributes["deployment_configuration"]
    shown, other = progress_of(live), live.attributes["task_definition"] != wanted.task_definition
    returns = shown.former is not None and shown.former.task_definition == wanted.task_definition
    if (other and returns) or (busy and not other and strategies.shifts(wanted.fields())):
        kept: Mapping[str, Any] = there
        return kept
    return strategies.at_once(declared) if other and shown.at_once else declared


def set_desired_count(aws: Aws, cluster: str, name: str, number: int) -> None:
    """Set the number of tasks of a service that scales; autoscaling continues from it."""
    aws.client("ecs").update_service(cluster=cluster, service=name, desiredCount=number)
