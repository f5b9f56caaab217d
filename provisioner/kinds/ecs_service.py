"""ECS task definitions, whose revisions never change, and the services that run them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from provisioner.aws import Aws, batches, each, tag_map
from provisioner.engine.errors import Failed, Unclear
from provisioner.engine.kind import Changes, Kind, Live
from provisioner.engine.step import unknown
from provisioner.kinds.ecs_cluster import Cluster
from provisioner.kinds.ecs_trouble import (
    ROLLING_BACK,
    completed,
    last_failure,
    newest,
    rolled_back,
    standing,
    stopped,
    trouble,
)

CONTENT_TAG = "provisioner:content"
"""The tag with the hash of what a revision was registered with: it need not be described to be compared."""


@dataclass(frozen=True)
class TaskDefinition(Kind):
    """A family of task definitions, known by its newest revision that is ours.

    A revision cannot change: other content is registered as a new revision, and the older ones stay for a rollback.
    """

    family: str
    requires_compatibilities: Sequence[str]
    network_mode: str
    cpu: str
    memory: str
    execution_role_arn: str
    task_role_arn: str
    runtime_platform: Mapping[str, str]
    container_definitions: Sequence[Mapping[str, Any]]
    volumes: Sequence[Mapping[str, Any]] = ()

    service: ClassVar[str] = "ecs"
    identity: ClassVar[Sequence[str]] = ("family",)
    derived: ClassVar[Sequence[str]] = ("id",)
    outputs: ClassVar[Sequence[str]] = ("arn",)
    fixed: ClassVar[frozenset[str]] = frozenset({"family"})
    unordered: ClassVar[frozenset[str]] = frozenset({"requires_compatibilities", "volumes"})
    revises: ClassVar[bool] = True

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Live]:
        contents = {content_of(fields): fields for fields in known}
        names = {fields["family"] for fields in known}
        half = _half_removed(aws, names) if aws.thorough else {}
        for family, arns in _revisions(aws).items():
            for arn in arns:
                # Reading tags costs a call where the bulk read is silent: only where the thing may well be ours.
                likely = family in names or (family.startswith(f"{aws.name}-") and arn == arns[0])
                tags = _tags(aws, arn) if likely else aws.tags_of(arn, dict)
                if aws.owns(tags):
                    attributes = contents.get(tags.get(CONTENT_TAG, "")) or cls._described(aws, arn)
                    yield Live(family, attributes, {"arn": arn}, address=aws.address_in(tags), status="ACTIVE")
                    half.pop(family, None)
                    break
            else:
                if family in names and aws.thorough and (inactive := _ours(aws, family, "INACTIVE")):
                    half[family] = inactive
                elif family in names:
                    yield Live(family, {"family": family}, owned=False, status="ACTIVE")
        for family, arns in half.items():
            address = aws.address_in(_tags(aws, arns[0]))
            yield Live(family, {"family": family}, {"arn": arns[0]}, address=address, status="INACTIVE")

    @classmethod
    def one(cls, aws: Aws, id: str) -> Live | None:
        for arn in _revisions(aws, id).get(id, ()):
            tags = _tags(aws, arn)
            content, address = cls._described(aws, arn), aws.address_in(tags)
            return Live(id, content, {"arn": arn}, address=address, owned=aws.owns(tags), status="ACTIVE")
        return None

    @classmethod
    def _described(cls, aws: Aws, arn: str) -> dict[str, Any]:
        """Return a revision's content without what AWS adds to it."""
        shown = aws.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
        content = {field: shown[name] for field, name in _NAMES.items() if name in shown}
        return content | {
            "container_definitions": [_container(container) for container in shown["containerDefinitions"]],
            "volumes": [_without_empty(volume) for volume in shown.get("volumes", ())],
        }

    def create(self, aws: Aws, token: str) -> Live:
        tags = aws.tags(self.address) | {CONTENT_TAG: content_of(self.fields())}
        made = aws.client("ecs").register_task_definition(
            **{_NAMES[field]: value for field, value in self.fields().items()},
            tags=[{"key": key, "value": value} for key, value in tags.items()],
        )["taskDefinition"]
        aws.note_tags(made["taskDefinitionArn"], tags)
        outputs = {"arn": made["taskDefinitionArn"]}
        return Live(self.family, self.fields(), outputs, address=self.address, status="ACTIVE")

    @classmethod
    def delete(cls, aws: Aws, live: Live) -> None:
        # AWS keeps revisions that are only deregistered for ever, and takes at most 10 to delete
        active, failures = _ours(aws, live.id, "ACTIVE"), []
        for group in batches([*active, *_ours(aws, live.id, "INACTIVE")], 10):
            for arn in (arn for arn in group if arn in active):
                # what is still active after a lost answer stays listed; what is not would be left behind half deleted
                with suppress(Unclear):
                    aws.client("ecs").deregister_task_definition(taskDefinition=arn)
            failures += aws.client("ecs").delete_task_definitions(taskDefinitions=group)["failures"]
        if not failures:
            aws.deleted.add(live.id)


_NAMES = {
    "family": "family",
    "requires_compatibilities": "requiresCompatibilities",
    "network_mode": "networkMode",
    "cpu": "cpu",
    "memory": "memory",
    "execution_role_arn": "executionRoleArn",
    "task_role_arn": "taskRoleArn",
    "runtime_platform": "runtimePlatform",
    "container_definitions": "containerDefinitions",
    "volumes": "volumes",
}
"""Each field of a task definition as RegisterTaskDefinition calls it."""


def content_of(fields: Mapping[str, Any]) -> str:
    """Return the hash of a task definition's fields, the same whatever the order of their keys."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _revisions(aws: Aws, family: str | None = None, status: str = "ACTIVE") -> dict[str, list[str]]:
    """Return the ARNs of the revisions by family, newest first: of one family, or of all in the region."""
    only = {"familyPrefix": family} if family else {}
    families: dict[str, list[tuple[int, str]]] = {}
    for arn in aws.pages("ecs", "list_task_definitions", "taskDefinitionArns", status=status, **only):
        name, revision = arn.rpartition("/")[2].split(":")
        families.setdefault(name, []).append((int(revision), arn))
    return {name: [arn for _, arn in sorted(found, reverse=True)] for name, found in families.items()}


def _ours(aws: Aws, family: str, status: str) -> list[str]:
    return [arn for arn in _revisions(aws, family, status).get(family, ()) if aws.owns(_tags(aws, arn))]


def _half_removed(aws: Aws, names: Collection[str]) -> dict[str, list[str]]:
    """Return the INACTIVE revisions of this stack by family: a teardown was cut off between deregister and delete."""
    # families that have active revisions too are found by these
    search = {"familyPrefix": f"{aws.name}-", "status": "INACTIVE"}
    families = {*aws.pages("ecs", "list_task_definition_families", "families", **search)}
    families |= {name for name in names if not name.startswith(search["familyPrefix"])}
    left = sorted(families - aws.deleted)
    inactive = each(lambda family: _ours(aws, family, "INACTIVE"), left)
    return {family: arns for family, arns in zip(left, inactive, strict=True) if arns}


def _tags(aws: Aws, arn: str) -> dict[str, str]:
    def read() -> dict[str, str]:
        return tag_map(aws.client("ecs").list_tags_for_resource(resourceArn=arn)["tags"], "key", "value")

    return aws.tags_of(arn, read)


def _container(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return a container definition as it would be written: no defaults, lists of names in order."""
    container = {k: v for k, v in _without_empty(shown).items() if (k, v) != ("cpu", 0)}
    for key in ("environment", "secrets"):
        if key in container:
            container[key] = sorted(container[key], key=lambda pair: str(pair["name"]))
    if "portMappings" in container:
        # With awsvpc the host's port is the container's.
        container["portMappings"] = [
            {"containerPort": port["containerPort"], "protocol": port.get("protocol", "tcp")}
            for port in container["portMappings"]
        ]
    return container


def _without_empty(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in shown.items() if value not in ([], {}, None)}


@dataclass(frozen=True)
class Service(Kind):
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

    service: ClassVar[str] = "ecs"
    identity: ClassVar[Sequence[str]] = ("cluster", "service_name")
    derived: ClassVar[Sequence[str]] = ("id", "resource_id")
    fixed: ClassVar[frozenset[str]] = frozenset({"cluster", "service_name"})
    written_once: ClassVar[frozenset[str]] = frozenset({"desired_count"})
    unordered: ClassVar[frozenset[str]] = frozenset(
        {"capacity_provider_strategy", "subnets", "security_groups", "load_balancers", "service_registries"}
    )
    outputs: ClassVar[Sequence[str]] = ("resource_id",)
    # From no instance at all: managed scaling looks once a minute, then one boots, pulls, and passes health checks
    budget: ClassVar[float] = 1800
    removal_budget: ClassVar[float] = 1200
    interval: ClassVar[float] = 5

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Live]:
        for cluster in (live.attributes["cluster_name"] for live in aws.live(Cluster) if live.owned):
            # Services that are DRAINING are not listed, only described
            names = {f["service_name"] for f in known if f["cluster"] == cluster or unknown(f["cluster"])}
            if aws.thorough:
                all_pages = {"PageSize": 100}
                arns = aws.pages("ecs", "list_services", "serviceArns", cluster=cluster, PaginationConfig=all_pages)
                names |= {arn.rpartition("/")[2] for arn in arns}
            shown = [
                service for some in each(partial(_shown, aws, cluster), batches(sorted(names), 10)) for service in some
            ]
            tasks = [] if all(map(completed, shown)) else stopped(aws, cluster)
            for service in shown:
                live = cls._live(aws, service, tasks)
                if live.attributes["failed"] and live.attributes["rollout_state"] == "IN_PROGRESS":
                    # its tasks were read after it: by now ECS may have given it up itself, and says what it does
                    again = _shown(aws, cluster, [service["serviceName"]])
                    yield from (cls._live(aws, service, tasks) for service in again)
                else:
                    yield live

    @staticmethod
    def _live(aws: Aws, service: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]]) -> Live:
        network = service.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
        deployment = service.get("deploymentConfiguration", {})
        breaker = deployment.get("deploymentCircuitBreaker", {})
        primary = newest(service)
        # One that is left from an earlier load balancer counts for nothing, and cannot be changed any more
        grace = service.get("healthCheckGracePeriodSeconds") if service.get("loadBalancers") else None
        tags = tag_map(service.get("tags"), "key", "value")
        failed, why = trouble(aws, service, tasks) if aws.owns(tags) else (False, "")
        cluster = service["clusterArn"].rpartition("/")[2]
        attributes = {
            "cluster": cluster,
            "service_name": service["serviceName"],
            "task_definition": service["taskDefinition"],
            "desired_count": service["desiredCount"],
            "capacity_provider_strategy": [
                {"capacityProvider": s["capacityProvider"], "weight": s.get("weight", 0), "base": s.get("base", 0)}
                for s in service.get("capacityProviderStrategy", ())
            ],
            "subnets": network.get("subnets", []),
            "security_groups": network.get("securityGroups", []),
            "assign_public_ip": network.get("assignPublicIp", "DISABLED"),
            "load_balancers": [
                {key: lb[key] for key in ("targetGroupArn", "containerName", "containerPort") if key in lb}
                for lb in service.get("loadBalancers", ())
            ],
            "service_registries": [_without_empty(registry) for registry in service.get("serviceRegistries", ())],
            "health_check_grace_period_seconds": grace or 0,
            "deployment_configuration": {
                "deploymentCircuitBreaker": {key: breaker.get(key, False) for key in ("enable", "rollback")},
                "maximumPercent": deployment.get("maximumPercent"),
                "minimumHealthyPercent": deployment.get("minimumHealthyPercent"),
            },
            "availability_zone_rebalancing": service.get("availabilityZoneRebalancing", "DISABLED"),
            "enable_execute_command": service.get("enableExecuteCommand", False),
            "enable_ecs_managed_tags": service.get("enableECSManagedTags", False),
            "propagate_tags": service.get("propagateTags", "NONE"),
            "failed": failed,
            "running_count": service["runningCount"],
            "rollout_state": primary.get("rolloutState", ""),
            "rollout_reason": primary.get("rolloutStateReason", ""),
            "trouble": why,
            "rolled_back": rolled_back(service),
        }
        draining, left = service["status"] == "DRAINING", service["runningCount"] + service["pendingCount"]
        return Live(
            service["serviceArn"],
            attributes,
            {"resource_id": f"service/{cluster}/{service['serviceName']}"},
            address=aws.address_in(tags),
            owned=aws.owns(tags),
            status=f"DRAINING, {left} tasks left" if draining and left else service["status"],
            deleting=draining,
        )

    def _settings(self) -> dict[str, tuple[str, Any]]:
        """Return for each field that UpdateService can change its parameter and value."""
        vpc = {
            "subnets": self.subnets,
            "securityGroups": self.security_groups,
            "assignPublicIp": self.assign_public_ip,
        }
        network = ("networkConfiguration", {"awsvpcConfiguration": vpc})
        return {
            "task_definition": ("taskDefinition", self.task_definition),
            "capacity_provider_strategy": ("capacityProviderStrategy", self.capacity_provider_strategy),
            "subnets": network,
            "security_groups": network,
            "assign_public_ip": network,
            "load_balancers": ("loadBalancers", self.load_balancers),
            "service_registries": ("serviceRegistries", self.service_registries),
            "health_check_grace_period_seconds": (
                "healthCheckGracePeriodSeconds",
                self.health_check_grace_period_seconds,
            ),
            "deployment_configuration": ("deploymentConfiguration", self.deployment_configuration),
            "availability_zone_rebalancing": ("availabilityZoneRebalancing", self.availability_zone_rebalancing),
            "enable_execute_command": ("enableExecuteCommand", self.enable_execute_command),
            "enable_ecs_managed_tags": ("enableECSManagedTags", self.enable_ecs_managed_tags),
            "propagate_tags": ("propagateTags", self.propagate_tags),
        }

    def create(self, aws: Aws, token: str) -> Live:
        settings = dict(self._settings().values())
        if not self.load_balancers:
            # Refused without a load balancer, whatever its value
            del settings["healthCheckGracePeriodSeconds"]
        made = aws.client("ecs").create_service(
            cluster=self.cluster,
            serviceName=self.service_name,
            desiredCount=self.desired_count,
            clientToken=token,
            tags=aws.tag_list(self.address, "key", "value"),
            **settings,
        )["service"]
        return self._live(aws, {**made, "tags": aws.tag_list(self.address, "key", "value")}, [])

    def update(self, aws: Aws, live: Live, changes: Changes) -> None:
        settings = self._settings()
        request = dict(settings[field] for field in changes if field in settings)
        # A new strategy moves no task by itself, and a deployment that was given up starts none
        if changes.keys() & {"capacity_provider_strategy", "failed"}:
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
    def delete(cls, aws: Aws, live: Live) -> None:
        where = {"cluster": live.attributes["cluster"], "service": live.attributes["service_name"]}
        if live.attributes["desired_count"]:
            aws.client("ecs").update_service(**where, desiredCount=0)
        aws.client("ecs").delete_service(**where, force=True)

    @classmethod
    def pending(cls, live: Live) -> str | None:
        now, wanted = live.attributes["running_count"], live.attributes["desired_count"]
        state, reason = live.attributes["rollout_state"], live.attributes["rollout_reason"]
        trouble = live.attributes["trouble"]
        # A rollback is a deployment of its own, which succeeds: what was wanted has failed all the same
        rolling_back = state == "IN_PROGRESS" and ROLLING_BACK in reason
        if live.attributes["failed"] or rolling_back:
            said = reason.rstrip(".") if state == "FAILED" or rolling_back else ""
            raise Failed(": ".join(filter(None, [said, trouble])))
        if state == "COMPLETED" and (now or not wanted):
            return None
        return f"{now}/{wanted} tasks{f', {trouble}' if trouble else ''}"

    @classmethod
    def delays(cls, aws: Aws, live: Live) -> str:
        return standing(aws, live.attributes["cluster"], live.attributes["service_name"])

    @classmethod
    def taken_back(cls, aws: Aws, live: Live, changes: Changes) -> str:
        if "task_definition" not in changes or not live.attributes["rolled_back"]:
            return ""
        why = last_failure(aws, live.attributes["cluster"], live.attributes["service_name"])
        return f"ECS put the former tasks back ({live.attributes['rolled_back']}){f': {why}' if why else ''}"


def _shown(aws: Aws, cluster: str, names: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the services of these names that there are; DescribeServices takes ten at once."""
    shown = aws.client("ecs").describe_services(cluster=cluster, services=names, include=["TAGS"])["services"]
    return [service for service in shown if service["status"] != "INACTIVE"]
