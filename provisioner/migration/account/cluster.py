"""Read one ECS cluster from AWS: its services, task definitions and images, and the resources around them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from provisioner.aws.client import batches
from provisioner.aws.errors import explaining
from provisioner.docker.manifests import INDEXES, MANIFESTS, Manifest, entries
from provisioner.engine.errors import ConfigurationError
from provisioner.migration.account import network, schedules
from provisioner.migration.account.reader import Reader
from provisioner.migration.ecs.answers import APPLICATION_TAG, ENVIRONMENT_TAG, Answer, Answers, Scaling, tags

if TYPE_CHECKING:
    from provisioner.aws.client import Aws

SERVICES, TASKS = 10, 100
"""The most services and tasks of one call (API reference, DescribeServices and DescribeTasks)."""
REGISTRY = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[\w-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[^:@]+):(?P<tag>[^:@]+)",
    re.ASCII,
)
MISSING = frozenset({"ImageNotFound", "ImageTagDoesNotMatchDigest"})


def read(aws: Aws, name: str, *, on_aws: bool) -> Answers:
    """Return AWS's answers about a cluster.

    The caller must be able to read the cluster and its services; any other refused read is noted.

    Args:
        name: the cluster's name or ARN.
        on_aws: whether the cluster is on AWS, and not on the embedded cloud.

    Raises:
        ConfigurationError: there is no such cluster; with the names of the existing clusters.
        ApiError: AWS refuses to read the cluster, or cannot be reached.
    """
    with explaining():
        return _read(Reader(aws), name, on_aws=on_aws)


def _read(reader: Reader, name: str, *, on_aws: bool) -> Answers:
    aws = reader.aws
    cluster = _cluster(aws, name)
    arn = str(cluster["clusterArn"])
    services = _services(aws, arn)
    found = schedules.read(reader, arn)
    named = [str(one["taskDefinition"]) for one in services if isinstance(one.get("taskDefinition"), str)]
    definitions = _definitions(reader, [*named, *(schedules.definition(one) for one in found)])
    vpcs = network.subnets(reader, services, found)
    balancing = network.balancing(reader, services)
    networks = {one.vpc for one in vpcs.values()} | {str(b["VpcId"]) for b in balancing.balancers.values()}
    return Answers(
        account=aws.account,
        region=aws.region,
        cluster=cluster,
        on_aws=on_aws,
        services=services,
        definitions=definitions,
        tasks=_tasks(reader, arn),
        images=_images(reader, definitions.values()),
        balancing=balancing,
        scaling=_scaling(reader, str(cluster.get("clusterName")), services),
        subnets=vpcs,
        security_groups=network.security_groups(reader, networks),
        registries=network.registries(reader, services),
        runs=found,
        unused=_unused(reader, cluster, definitions.values()),
        gateways=_gateways(reader, arn),
        unread=reader.unread,
    )


def _cluster(aws: Aws, name: str) -> Answer:
    answer = aws.client("ecs").describe_clusters(clusters=[name], include=["TAGS", "SETTINGS", "CONFIGURATIONS"])
    found: list[Answer] = [one for one in answer.get("clusters") or () if one.get("status", "ACTIVE") == "ACTIVE"]
    if found:
        return found[0]
    names = sorted(one.rpartition("/")[2] for one in aws.pages("ecs", "list_clusters", "clusterArns"))
    there = f"there are {', '.join(names)}" if names else "there is none"
    raise ConfigurationError(
        f'cluster "{name}": account {aws.account} has no such cluster in {aws.region}: {there}; choose another, or '
        "another Region with --region, or another account with --profile"
    )


def _unused(reader: Reader, cluster: Answer, definitions: Iterable[Answer]) -> list[str]:
    """Return the families of an environment of Copilot's that nothing named: its jobs are run by Step Functions."""
    said = tags(cluster)
    if not said.get(APPLICATION_TAG) or not said.get(ENVIRONMENT_TAG):
        return []
    prefix = f"{said[APPLICATION_TAG]}-{said[ENVIRONMENT_TAG]}-"
    what = "task definitions of scheduled jobs"
    search = {"familyPrefix": prefix, "status": "ACTIVE"}
    families = reader.pages("ecs", "list_task_definition_families", "families", what, **search)
    used = {str(one.get("family")) for one in definitions}
    return [str(family) for family in families if family not in used]


def _gateways(reader: Reader, cluster: str) -> dict[str, str]:
    """Return the gateway of each service that one leads to, by the service's ARN (ECS API, ListGatewayRoutes)."""
    what = "which services users reach through a gateway"
    if not hasattr(reader.aws.client("ecs"), "list_gateway_routes"):
        return {}  # a boto3 that is older than gateways
    routes = reader.pages("ecs", "list_gateway_routes", "gatewayRoutes", what, cluster=cluster)
    return {str(one.get("serviceArn")): str(one.get("gatewayArn")).rpartition("/")[2] for one in routes}


def _services(aws: Aws, cluster: str) -> list[Answer]:
    arns = list(aws.pages("ecs", "list_services", "serviceArns", cluster=cluster))
    ecs = aws.client("ecs")
    return [
        one
        for some in batches(arns, SERVICES)
        for one in ecs.describe_services(cluster=cluster, services=list(some), include=["TAGS"]).get("services") or ()
    ]


def _definitions(reader: Reader, named: Iterable[str]) -> dict[str, Answer]:
    """Return task definitions by ARN or family; definitions that cannot be read are left out."""

    def one(name: str) -> Answer | None:
        def read() -> Answer:
            answer = reader.aws.client("ecs").describe_task_definition(taskDefinition=name)
            found: Answer = answer["taskDefinition"]
            return found

        return reader.tried("the images of tasks, and their settings", read)

    names = list(dict.fromkeys(named))
    return {name: found for name, found in zip(names, reader.aws.each(one, names), strict=True) if found}


def _tasks(reader: Reader, cluster: str) -> list[Answer]:
    """Return the cluster's running tasks."""
    what = "the digests of the images that run"
    arns = reader.pages("ecs", "list_tasks", "taskArns", what, cluster=cluster)

    def some(wanted: Sequence[str]) -> list[Answer]:
        answer = reader.aws.client("ecs").describe_tasks(cluster=cluster, tasks=list(wanted))
        found: list[Answer] = answer.get("tasks") or []
        return found

    found: list[Answer] = []
    for wanted in batches(arns, TASKS):
        found += reader.tried(what, partial(some, wanted)) or []
    return found


def _images(reader: Reader, definitions: Iterable[Answer]) -> dict[str, Collection[str]]:
    """Return the digests of tagged images in ECR, by the images' full names."""
    images = (str(one.get("image", "")) for each in definitions for one in each.get("containerDefinitions") or ())
    tagged = {name: place for name in images if (place := REGISTRY.fullmatch(name))}

    def one(place: re.Match[str]) -> Collection[str] | None:
        return reader.tried("whether tags of images have moved", lambda: _digests(reader.aws, place))

    digests = reader.aws.each(one, tagged.values())
    return {name: found for name, found in zip(tagged, digests, strict=True) if found is not None}


def _digests(aws: Aws, place: re.Match[str]) -> Collection[str] | None:
    """Return the digests of a tag, with the parts of an index; empty if the tag is gone; None if AWS does not tell."""
    answer = aws.client("ecr", place["region"]).batch_get_image(
        registryId=place["account"],
        repositoryName=place["repository"],
        imageIds=[{"imageTag": place["tag"]}],
        acceptedMediaTypes=[*INDEXES, *MANIFESTS],
    )
    found = answer.get("images") or ()
    if not found:
        codes = {one.get("failureCode") for one in answer.get("failures") or ()}
        return frozenset() if codes <= MISSING else None
    return frozenset(digest for one in found for digest in (_digest(one), *_parts(one)) if digest)


def _digest(image: Answer) -> str:
    return str((image.get("imageId") or {}).get("imageDigest") or "")


def _parts(image: Answer) -> list[str]:
    """Return the digests of an index's manifests."""
    manifest = Manifest(str(image.get("imageManifest") or "{}").encode(), "")
    try:
        return [str(one["digest"]) for one in entries(manifest)]
    except ValueError:
        return []


def _scaling(reader: Reader, cluster: str, services: Sequence[Answer]) -> Scaling:
    """Return the scalable targets, policies and scheduled actions of the services (Application Auto Scaling)."""
    names = [f"service/{cluster}/{one.get('serviceName')}" for one in services]
    if not names:
        return Scaling()
    what = "the number of tasks of services, and their scaling"

    def listed(operation: str, key: str) -> list[Any]:
        mine = reader.pages("application-autoscaling", operation, key, what, ServiceNamespace="ecs")
        return [one for one in mine if one.get("ResourceId") in names]

    def by_service(found: Sequence[Answer]) -> dict[str, list[Answer]]:
        grouped: dict[str, list[Answer]] = {}
        for one in found:
            grouped.setdefault(str(one["ResourceId"]), []).append(one)
        return grouped

    targets = listed("describe_scalable_targets", "ScalableTargets")
    if not targets:
        return Scaling()
    return Scaling(
        {str(one["ResourceId"]): one for one in targets},
        by_service(listed("describe_scaling_policies", "ScalingPolicies")),
        by_service(listed("describe_scheduled_actions", "ScheduledActions")),
    )
