"""ECS services, which run tasks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from provisioner.aws.client import Aws, batches
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.declaration import unknown
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources import members
from provisioner.resources.ecs_cluster import own_clusters
from provisioner.resources.ecs_problems import (
    ROLLING_BACK,
    completed,
    last_failure,
    newest,
    problem,
    rolled_back,
    short,
    standing,
    stopped,
)

SETTINGS = {
    "task_definition": "taskDefinition",
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
NETWORK = {"subnets": "subnets", "security_groups": "securityGroups", "assign_public_ip": "assignPublicIp"}
"""What CreateService, UpdateService and DescribeServices call the fields; the latter in `awsvpcConfiguration`."""
DEFAULTS: Mapping[str, Any] = {
    "subnets": [], "securityGroups": [], "assignPublicIp": "DISABLED", "availabilityZoneRebalancing": "DISABLED",
    "enableExecuteCommand": False, "enableECSManagedTags": False, "propagateTags": "NONE",
}  # fmt: skip
"""What they are unless DescribeServices says otherwise."""


@dataclass(frozen=True)
class Service(Resource):
    """An ECS service of awsvpc tasks on a capacity provider; how many of them is autoscaling's business once it runs.

    Attributes:
        load_balancers, service_registries: as CreateService spells them.
        failed: whether ECS has given its newest deployment up. Nobody wants that, so `up` starts another one.
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
    failed: bool = False

    service = "ecs"
    identity = ("cluster", "service_name")
    derived = ("id", "resource_id")
    ignore_changes = frozenset({"desired_count"})
    unordered = frozenset(
        {"capacity_provider_strategy", "subnets", "security_groups", "load_balancers", "service_registries"}
    )
    outputs = ("resource_id",)
    runs = True
    # From no instance at all: managed scaling looks once a minute, then one boots, pulls, and passes health checks
    create_timeout = 1800
    delete_timeout = 1200
    poll_interval = 5

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
        """Yield those services of a cluster that have these names."""
        shown = [
            service for some in aws.each(partial(_shown, aws, cluster), batches(sorted(names), 10)) for service in some
        ]
        well = all(completed(service) and not short(service) for service in shown)
        tasks = [] if well else stopped(aws, cluster)
        requested = [fields for fields in known if fields["cluster"] == cluster]
        for service in shown:
            live = cls._live(aws, service, tasks)
            if live.attributes["failed"] and live.attributes["rollout_state"] == "IN_PROGRESS":
                # its tasks were read after it: by now ECS may have given it up itself, and says what it does
                again = _shown(aws, cluster, [service["serviceName"]])
                yield from (_as_requested(aws, cls._live(aws, service, tasks), requested) for service in again)
            else:
                yield _as_requested(aws, live, requested)

    @staticmethod
    def _live(aws: Aws, service: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]]) -> Observed:
        network = service.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
        deployment = service.get("deploymentConfiguration", {})
        breaker = deployment.get("deploymentCircuitBreaker", {})
        primary = newest(service)
        # One that is left from an earlier load balancer counts for nothing, and cannot be changed any more
        grace = service.get("healthCheckGracePeriodSeconds") if service.get("loadBalancers") else None
        tags = tag_map(service.get("tags"), "key", "value")
        failed, why = problem(aws, service, tasks) if aws.owns(tags) else (False, "")
        cluster = service["clusterArn"].rpartition("/")[2]
        attributes = {
            **members.shown(SETTINGS, {**DEFAULTS, **service}),
            **members.shown(NETWORK, {**DEFAULTS, **network}),
            "cluster": cluster,
            "service_name": service["serviceName"],
            "desired_count": service["desiredCount"],
            "capacity_provider_strategy": [
                {"capacityProvider": s["capacityProvider"], "weight": s.get("weight", 0), "base": s.get("base", 0)}
                for s in service.get("capacityProviderStrategy", ())
            ],
            "load_balancers": [
                {key: lb[key] for key in ("targetGroupArn", "containerName", "containerPort") if key in lb}
                for lb in service.get("loadBalancers", ())
            ],
            "service_registries": [
                {key: value for key, value in registry.items() if value is not None}
                for registry in service.get("serviceRegistries", ())
            ],
            "health_check_grace_period_seconds": grace or 0,
            "deployment_configuration": {
                "deploymentCircuitBreaker": {key: breaker.get(key, False) for key in ("enable", "rollback")},
                "maximumPercent": deployment.get("maximumPercent"),
                "minimumHealthyPercent": deployment.get("minimumHealthyPercent"),
            },
            "failed": failed,
            "running_count": service["runningCount"],
            "running_new": primary.get("runningCount", service["runningCount"]),
            "rollout_state": primary.get("rolloutState", ""),
            "rollout_reason": primary.get("rolloutStateReason", ""),
            "problem": why,
            "rolled_back": rolled_back(service),
        }
        draining, left = service["status"] == "DRAINING", service["runningCount"] + service["pendingCount"]
        return observed(
            aws,
            service["serviceArn"],
            attributes,
            tags,
            {"resource_id": f"service/{cluster}/{service['serviceName']}"},
            status=f"DRAINING, {left} tasks left" if draining and left else service["status"],
            deleting=draining,
        )

    def _settings(self, fields: Collection[str]) -> dict[str, Any]:
        """Return these fields as CreateService and UpdateService take them."""
        settings = members.arguments(SETTINGS, {name: getattr(self, name) for name in fields})
        if NETWORK.keys() & {*fields}:
            # always whole
            settings["networkConfiguration"] = {"awsvpcConfiguration": members.arguments(NETWORK, self.fields())}
        return settings

    def create(self, aws: Aws, token: str) -> Observed:
        settings = self._settings(self.fields())
        if not self.load_balancers:
            # Refused without a load balancer, whatever its value
            del settings["healthCheckGracePeriodSeconds"]
        tags = aws.tag_list(self.address, "key", "value")
        made = aws.client("ecs").create_service(
            cluster=self.cluster,
            serviceName=self.service_name,
            desiredCount=self.desired_count,
            clientToken=token,
            tags=tags,
            **settings,
        )["service"]
        return self._live(aws, {**made, "tags": tags}, [])

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        request = self._settings(changes)
        # These reach no running task by themselves, and a deployment that was given up starts none
        if changes.keys() & {"capacity_provider_strategy", "enable_execute_command", "failed"}:
            request["forceNewDeployment"] = True
        service = {"cluster": self.cluster, "service": self.service_name}
        if "load_balancers" not in changes:
            aws.client("ecs").update_service(**service, **request)
            return
        # Refused beside a first load balancer: the service must have one already (cloudformation-coverage-roadmap#1313)
        grace = request.pop("healthCheckGracePeriodSeconds", None)
        aws.client("ecs").update_service(**service, **request)
        if grace is not None and self.load_balancers:
            aws.client("ecs").update_service(**service, healthCheckGracePeriodSeconds=grace)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        where = {"cluster": live.attributes["cluster"], "service": live.attributes["service_name"]}
        if live.attributes["desired_count"]:
            aws.client("ecs").update_service(**where, desiredCount=0)
        aws.client("ecs").delete_service(**where, force=True)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        now, wanted = live.attributes["running_count"], live.attributes["desired_count"]
        state, reason = live.attributes["rollout_state"], live.attributes["rollout_reason"]
        problem = live.attributes["problem"]
        # A rollback is a deployment of its own, which succeeds: what was wanted has failed all the same
        rolling_back = state == "IN_PROGRESS" and ROLLING_BACK in reason
        if live.attributes["failed"] or rolling_back:
            reason_text = reason.rstrip(".") if state == "FAILED" or rolling_back else ""
            raise Failed(": ".join(filter(None, [reason_text, problem])))
        if state == "COMPLETED" and (now or not wanted):
            return None
        return f"{_progress(live.attributes)}{f', {problem}' if problem else ''}"

    @classmethod
    def delays(cls, aws: Aws, live: Observed) -> str:
        return standing(aws, live.attributes["cluster"], live.attributes["service_name"])

    @classmethod
    def rolled_back(cls, aws: Aws, live: Observed, changes: Changes) -> str:
        if "task_definition" not in changes or not live.attributes["rolled_back"]:
            return ""
        why = last_failure(aws, live.attributes["cluster"], live.attributes["service_name"])
        return f"ECS rolled back to the previous revision ({live.attributes['rolled_back']}){f': {why}' if why else ''}"


def _as_requested(aws: Aws, live: Observed, requested: Sequence[Mapping[str, Any]]) -> Observed:
    """Return a service that somebody else deployed a newer revision to as running what was asked for last.

    Such a deployment, by a pipeline for instance, is no difference: it stays until another revision is declared, or
    until the user asks for what is declared (`Aws.redeploy`). It is kept as the attribute `deployed`. An older revision
    is a difference: ECS goes back to one by itself when a deployment fails.
    """
    runs = live.attributes["task_definition"]
    name = live.attributes["service_name"]
    known = [fields["task_definition"] for fields in requested if fields["service_name"] == name]
    before = [arn for arn in known if not unknown(arn) and _newer(runs, arn)]
    if aws.redeploy or not live.owned or runs in known or not before:
        return live
    last = max(before, key=_revision)
    return replace(live, attributes={**live.attributes, "task_definition": last, "deployed": runs})


def _revision(arn: str) -> tuple[str, int]:
    """Return the family's ARN and the number of a revision; that of a family alone is 0."""
    family, _, number = arn.rpartition(":")
    return (family, int(number)) if number.isdecimal() else (arn, 0)


def _newer(one: str, other: str) -> bool:
    """Say whether one is a newer revision of the other's family."""
    return _revision(one)[0] == _revision(other)[0] and _revision(one)[1] > _revision(other)[1]


def deployed_by_others(aws: Aws, replaced: Collection[str] = ()) -> list[str]:
    """Say of each of this stack's services that somebody else deployed to what it runs, and how to undo that.

    Args:
        replaced: the addresses of the services that get another revision in any case.
    """
    notes = []
    for live in aws.live(Service):
        if "deployed" in live.attributes:
            runs, requested = (live.attributes[name].rpartition("/")[2] for name in ("deployed", "task_definition"))
            what = f"{live.address} runs {runs}, which somebody else deployed:"
            stays = f"it is not changed. `provision up --redeploy` restores {requested}"
            notes.append(f"{what} {'it is replaced' if live.address in replaced else stays}")
    return notes


def ineffective_counts(aws: Aws, counts: Mapping[str, int]) -> list[str]:
    """Say of which of this stack's services another number of tasks is wanted than `count` says, as scaling decides.

    Args:
        counts: what is configured, by the name of the service.
    """
    return [
        f"services.{name}.count = {counts[name]} has no effect on an existing service: scaling sets the number of "
        f"tasks, now {live.attributes['desired_count']}. Set services.{name}.scaling instead"
        for live in aws.live(Service)
        if live.owned and not live.deleting and (name := live.attributes["service_name"]) in counts
        if counts[name] != live.attributes["desired_count"]
    ]


def _shown(aws: Aws, cluster: str, names: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the services of these names that there are; DescribeServices takes ten at once."""
    shown = aws.client("ecs").describe_services(cluster=cluster, services=names, include=["TAGS"])["services"]
    return [service for service in shown if service["status"] != "INACTIVE"]


def _progress(attributes: Mapping[str, Any]) -> str:
    """Say how far a deployment is: its own tasks, and whether those of the previous one are left beside them."""
    wanted, there = attributes["desired_count"], attributes["running_count"]
    new = min(attributes["running_new"], there)
    if there > new:
        return f"rolling out: {new}/{wanted} running, old tasks {'draining' if new >= wanted else 'still running'}"
    if new >= wanted:
        return f"rolling out: {new}/{wanted} running, waiting for ECS to complete the deployment"
    return f"{new}/{wanted} tasks running"
