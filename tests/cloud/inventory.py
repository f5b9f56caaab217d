"""An independent look at everything that an account holds, with plain boto3 and nothing of this project."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

Client = Callable[[str], Any]
Resource = dict[str, Any]
Inventory = dict[str, list[Resource]]

NOT_FOUND = 404
NEVER_REMOVED = ("service_linked_roles",)
"""Sorts that a teardown may leave behind: AWS's services share these roles, and a later stack finds them again."""

_VOLATILE = {
    *("ResponseMetadata", "RoleLastUsed", "storedBytes", "LastModifiedDate", "LastUpdatedTimestamp"),
    *("LatestRestorableTime", "Serial", "PasswordLastUsed", "lastRecordedPullTime"),
    *("StateUpdatedTimestamp", "StateTransitionedTimestamp", "StateReasonData"),
}
"""Members that change without anybody's doing."""
_IDS = re.compile(r"[0-9a-f]{8,}(-[0-9a-f]{4,})*|\b[A-Z0-9]{12,}\b|\b\d+\.\d+\.\d+\.\d+\b(?!/)|\d{4}(-\d\d){4}")
_CALLED: Mapping[str, Sequence[str]] = {
    "vpcs": ("CidrBlock",),
    "subnets": ("CidrBlock",),
    "network_acls": ("IsDefault",),
    "instances": ("InstanceType",),
    "volumes": ("Size", "VolumeType"),
    "records": ("Name", "Type"),
    "scalable_targets": ("ResourceId",),
    "scheduled_actions": ("ResourceId", "ScheduledActionName"),
    "scaling_policies": ("PolicyName", "ResourceId"),
    "subscriptions": ("Endpoint",),
    "tasks": ("group",),
    "container_instances": ("status",),
    "db_cluster_snapshots": ("DBClusterIdentifier", "SnapshotType"),
}
"""Members that tell resources of a sort apart if they have no name of their own, or a generated one."""


def inventory(client: Client) -> Inventory:
    """Return everything in account and region by sort, as JSON has it: equal inventories mean that nothing differs.

    Resources that fade away by themselves are left out: terminated instances, stopped tasks, inactive clusters and
    services, deleted endpoints, task definition revisions under deletion; nor are RDS's default parameter groups, which
    AWS makes.
    """
    found: Inventory = {}
    for read in (
        _ec2,
        _iam,
        _route53,
        _acm,
        _logs,
        _cloud_map,
        _ecr,
        _elb,
        _cloudfront,
        _groups,
        _ecs,
        _scaling,
        _scheduler,
        _states,
        _events,
        _sns,
        _sqs,
        _rds,
        _elasticache,
        _rest,
        _s3,
        _efs,
    ):
        found |= {sort: _plain(resources) for sort, resources in read(client)}
    return found


class Look(Inventory):
    """An inventory of which each sort is read when it is asked for: a condition that is asked often needs few."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = client
        self._begun: dict[Callable[[Client], Sorts], Sorts] = {}

    def __missing__(self, sort: str) -> list[Resource]:
        if sort not in _READ_BY:
            self.update(inventory(self._client))
            return self[sort]
        read = _READ_BY[sort]
        for name, resources in self._begun.setdefault(read, read(self._client)):
            if name == sort or isinstance(resources, list):
                self[name] = _plain(resources)
            if name == sort:
                break
        return self[sort]


def _plain(resources: Iterable[Resource]) -> list[Resource]:
    plain = [json.loads(json.dumps(_steady(resource), default=str)) for resource in resources]
    return sorted(plain, key=lambda resource: json.dumps(resource, sort_keys=True))


def counts(found: Inventory) -> dict[str, int]:
    """Return how many resources there are of each sort that there are any of."""
    return {sort: len(resources) for sort, resources in found.items() if resources}


def names(found: Inventory) -> dict[str, list[str]]:
    """Return the names of the resources of each sort, without ids and addresses: the same for equal runs."""
    return {
        sort: sorted(_IDS.sub("*", called(sort, resource)) for resource in resources)
        for sort, resources in found.items()
    }


def difference(before: Inventory, after: Inventory, *aside: str) -> dict[str, dict[str, list[Resource]]]:
    """Return the resources that `after` lacks and that it adds, by sort, without the sorts in `aside`."""
    result = {}
    for sort in before:
        lacking = [resource for resource in before[sort] if resource not in after[sort]]
        added = [resource for resource in after[sort] if resource not in before[sort]]
        if (lacking or added) and sort not in aside:
            result[sort] = {"lacking": lacking, "added": added}
    return result


def well(found: Inventory) -> bool:
    """Return whether instances have joined and all that follows a task is there: target, discovery, exact counts."""
    services = found["ecs_services"]
    wanted = sum(s["desiredCount"] for s in services)
    return (
        bool(services)
        and all(s["desiredCount"] == s["runningCount"] and len(s["deployments"]) == 1 for s in services)
        and wanted == len(found["tasks"])
        and registered(services) == len(found["discovery_instances"])
        and all(t["TargetHealth"]["State"] == "healthy" for g in found["target_groups"] for t in g["targets"])
        and 0 < len(found["instances"]) == len(found["container_instances"])
        # those of tasks that were replaced go last
        and wanted == sum(":attachment/" in one.get("Description", "") for one in found["network_interfaces"])
    )


def registered(services: Iterable[Mapping[str, Any]]) -> int:
    """Count the tasks that Cloud Map must know: all tasks of services with a registry."""
    return sum(s["desiredCount"] for s in services if s.get("serviceRegistries"))


def running(found: Inventory) -> bool:
    """Return whether all tasks of all services are running and healthy."""
    services = found["ecs_services"]
    return (
        all(s["runningCount"] == s["desiredCount"] and len(s["deployments"]) == 1 for s in services)
        and len(services) == len(found["tasks"])
        and registered(services) == len(found["discovery_instances"])
        and all(t["TargetHealth"]["State"] == "healthy" for g in found["target_groups"] for t in g["targets"])
    )


def called(sort: str, resource: Mapping[str, Any]) -> str:
    """Return a resource's name, or else the members that tell it from others of its sort."""
    if sort in _CALLED:
        return " ".join(str(resource.get(key)) for key in _CALLED[sort])
    tags = resource.get("Tags") or resource.get("tags") or ()
    pairs = (
        tags if isinstance(tags, Mapping) else {t.get("Key") or t["key"]: t.get("Value", t.get("value")) for t in tags}
    )
    for key in ("GroupName", "Name", "name", "RoleName", "repositoryName", "family", "ServiceName", "Description"):
        if resource.get(key):
            return str(resource[key])
    if address := pairs.get("provisioner:address"):
        return str(address)
    return " ".join(
        str(value) for key, value in sorted(resource.items()) if key.lower().endswith(("name", "arn", "port"))
    )


# -- by service ----------------------------------------------------------------------------------------------------

Sorts = Iterator[tuple[str, Iterable[Resource]]]


def pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    """Yield the items under `key` in all pages."""
    if client.can_paginate(operation):
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from page[key]
        return
    while True:
        answer = getattr(client, operation)(**arguments)
        yield from answer[key]
        if not answer.get("nextToken"):
            return
        arguments["nextToken"] = answer["nextToken"]


def _ec2(client: Client) -> Sorts:
    ec2 = client("ec2")
    for sort, operation, key in (
        ("subnets", "describe_subnets", "Subnets"),
        ("internet_gateways", "describe_internet_gateways", "InternetGateways"),
        ("route_tables", "describe_route_tables", "RouteTables"),
        ("network_acls", "describe_network_acls", "NetworkAcls"),
        ("security_groups", "describe_security_groups", "SecurityGroups"),
        ("network_interfaces", "describe_network_interfaces", "NetworkInterfaces"),
        ("volumes", "describe_volumes", "Volumes"),
        ("addresses", "describe_addresses", "Addresses"),
        ("key_pairs", "describe_key_pairs", "KeyPairs"),
        ("flow_logs", "describe_flow_logs", "FlowLogs"),
    ):
        yield sort, pages(ec2, operation, key)
    yield "vpcs", [vpc | _vpc_attributes(ec2, vpc["VpcId"]) for vpc in pages(ec2, "describe_vpcs", "Vpcs")]
    gateways = pages(ec2, "describe_nat_gateways", "NatGateways")
    yield "nat_gateways", [gateway for gateway in gateways if gateway["State"] not in ("deleted", "failed")]
    endpoints = pages(ec2, "describe_vpc_endpoints", "VpcEndpoints")
    yield "endpoints", [endpoint for endpoint in endpoints if endpoint["State"].lower() != "deleted"]
    reservations = pages(ec2, "describe_instances", "Reservations")
    instances = [instance for reservation in reservations for instance in reservation["Instances"]]
    yield "instances", [instance for instance in instances if instance["State"]["Name"] != "terminated"]
    yield "launch_templates", [_template(ec2, t) for t in pages(ec2, "describe_launch_templates", "LaunchTemplates")]


def _vpc_attributes(ec2: Any, vpc: str) -> Resource:
    names = ("enableDnsSupport", "enableDnsHostnames")
    answers = {name: ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name) for name in names}
    return {name: answer[name[0].upper() + name[1:]]["Value"] for name, answer in answers.items()}


def _template(ec2: Any, template: Resource) -> Resource:
    found = pages(
        ec2,
        "describe_launch_template_versions",
        "LaunchTemplateVersions",
        LaunchTemplateId=template["LaunchTemplateId"],
    )
    return template | {"Name": template["LaunchTemplateName"], "versions": list(found)}


def _iam(client: Client) -> Sorts:
    iam = client("iam")
    roles = list(pages(iam, "get_account_authorization_details", "RoleDetailList", Filter=["Role"]))
    shared = [role for role in roles if role["Path"].startswith("/aws-service-role/")]
    yield "service_linked_roles", shared
    yield "roles", [role for role in roles if role not in shared]
    yield "instance_profiles", pages(iam, "list_instance_profiles", "InstanceProfiles")
    yield "policies", pages(iam, "list_policies", "Policies", Scope="Local")
    yield "users", pages(iam, "list_users", "Users")


def _route53(client: Client) -> Sorts:
    route53 = client("route53")
    zones = [route53.get_hosted_zone(Id=zone["Id"]) for zone in pages(route53, "list_hosted_zones", "HostedZones")]
    yield (
        "zones",
        [{**zone["HostedZone"], "VPCs": zone.get("VPCs", []), "Tags": _zone_tags(route53, zone)} for zone in zones],
    )
    yield (
        "records",
        [
            {"zone": zone["HostedZone"]["Id"]} | record
            for zone in zones
            for record in pages(
                route53, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["HostedZone"]["Id"]
            )
        ],
    )


def _zone_tags(route53: Any, zone: Resource) -> Any:
    short = zone["HostedZone"]["Id"].removeprefix("/hostedzone/")
    return route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=short)["ResourceTagSet"]["Tags"]


def _acm(client: Client) -> Sorts:
    acm = client("acm")
    arns = [item["CertificateArn"] for item in pages(acm, "list_certificates", "CertificateSummaryList")]
    yield (
        "certificates",
        [
            acm.describe_certificate(CertificateArn=arn)["Certificate"]
            | {"Tags": acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]}
            for arn in arns
        ],
    )


def _remade(group: Resource, tags: Resource) -> bool:
    """Return whether it is the group that late metrics of a deleted cluster make again, at any moment."""
    return not tags and str(group["logGroupName"]).startswith("/aws/ecs/containerinsights/")


def _logs(client: Client) -> Sorts:
    logs = client("logs")
    groups = list(pages(logs, "describe_log_groups", "logGroups"))
    yield (
        "log_groups",
        [
            {"Name": group["logGroupName"]} | group | {"tags": tags}
            for group in groups
            if not _remade(group, tags := logs.list_tags_log_group(logGroupName=group["logGroupName"])["tags"])
        ],
    )


def _cloud_map(client: Client) -> Sorts:
    discovery = client("servicediscovery")
    namespaces = list(pages(discovery, "list_namespaces", "Namespaces"))
    yield "namespaces", [n | _tags(discovery.list_tags_for_resource(ResourceARN=n["Arn"])) for n in namespaces]
    services = [
        discovery.get_service(Id=service["Id"])["Service"] for service in pages(discovery, "list_services", "Services")
    ]
    yield "discovery_services", [s | _tags(discovery.list_tags_for_resource(ResourceARN=s["Arn"])) for s in services]
    yield (
        "discovery_instances",
        [
            {"ServiceName": service["Name"]} | instance
            for service in services
            for instance in pages(discovery, "list_instances", "Instances", ServiceId=service["Id"])
        ],
    )


def _tags(answer: Mapping[str, Any]) -> Resource:
    return {"Tags": answer.get("Tags") or []}


def _ecr(client: Client) -> Sorts:
    ecr = client("ecr")
    repositories = list(pages(ecr, "describe_repositories", "repositories"))
    yield (
        "repositories",
        [
            repository
            | {
                "lifecycle": _lifecycle(ecr, repository["repositoryName"]),
                "tags": ecr.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"],
            }
            for repository in repositories
        ],
    )
    yield (
        "images",
        [
            image
            for repository in repositories
            for image in pages(ecr, "describe_images", "imageDetails", repositoryName=repository["repositoryName"])
        ],
    )


def _lifecycle(ecr: Any, repository: str) -> Any:
    try:
        return json.loads(ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "LifecyclePolicyNotFoundException":
            raise
        return None


def _elb(client: Client) -> Sorts:
    elb = client("elbv2")
    balancers = list(pages(elb, "describe_load_balancers", "LoadBalancers"))
    arns = [balancer["LoadBalancerArn"] for balancer in balancers]
    yield (
        "load_balancers",
        [
            {"Name": balancer["LoadBalancerName"]}
            | balancer
            | {
                "attributes": _pairs(elb.describe_load_balancer_attributes(LoadBalancerArn=arn)),
                "Tags": _elb_tags(elb, arn),
            }
            for arn, balancer in zip(arns, balancers, strict=True)
        ],
    )
    groups = list(pages(elb, "describe_target_groups", "TargetGroups"))
    yield "target_groups", [_target_group(elb, group) for group in groups]
    listeners = [item for arn in arns for item in pages(elb, "describe_listeners", "Listeners", LoadBalancerArn=arn)]
    yield "listeners", [listener | {"Tags": _elb_tags(elb, listener["ListenerArn"])} for listener in listeners]
    rules = [
        rule | {"listener_port": listener["Port"]}
        for listener in listeners
        for rule in pages(elb, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"])
    ]
    yield "listener_rules", rules


def _target_group(elb: Any, group: Resource) -> Resource:
    arn = group["TargetGroupArn"]
    health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    attributes = _pairs(elb.describe_target_group_attributes(TargetGroupArn=arn))
    named = {"Name": group["TargetGroupName"]}
    return named | group | {"attributes": attributes, "targets": health, "Tags": _elb_tags(elb, arn)}


def _pairs(answer: Mapping[str, Any]) -> dict[str, str]:
    return {pair["Key"]: pair["Value"] for pair in answer["Attributes"]}


def _elb_tags(elb: Any, arn: str) -> Any:
    return elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]


def _cloudfront(client: Client) -> Sorts:
    cloudfront = client("cloudfront")

    def tags(arn: str) -> Resource:
        return {"Tags": cloudfront.list_tags_for_resource(Resource=arn)["Tags"].get("Items", [])}

    shown = cloudfront.list_distributions()["DistributionList"].get("Items", [])
    yield "distributions", [{"Name": one["Comment"]} | one | tags(one["ARN"]) for one in shown]
    origins = cloudfront.list_vpc_origins()["VpcOriginList"].get("Items", [])
    yield "vpc_origins", [one | tags(one["Arn"]) for one in origins]


def _groups(client: Client) -> Sorts:
    autoscaling = client("autoscaling")
    groups = list(pages(autoscaling, "describe_auto_scaling_groups", "AutoScalingGroups"))
    yield "auto_scaling_groups", [{"Name": group["AutoScalingGroupName"]} | group for group in groups]
    yield "group_policies", pages(autoscaling, "describe_policies", "ScalingPolicies")
    yield "launch_configurations", pages(autoscaling, "describe_launch_configurations", "LaunchConfigurations")
    yield (
        "lifecycle_hooks",
        [
            hook
            for group in groups
            for hook in autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=group["AutoScalingGroupName"])[
                "LifecycleHooks"
            ]
        ],
    )


def _ecs(client: Client) -> Sorts:
    ecs = client("ecs")
    clusters = [
        cluster
        for arn in pages(ecs, "list_clusters", "clusterArns")
        for cluster in ecs.describe_clusters(
            clusters=[arn], include=["TAGS", "SETTINGS", "CONFIGURATIONS", "ATTACHMENTS"]
        )["clusters"]
        if cluster["status"] != "INACTIVE"
    ]
    yield "clusters", [{"Name": cluster["clusterName"]} | cluster for cluster in clusters]
    providers = pages(ecs, "describe_capacity_providers", "capacityProviders", include=["TAGS"])
    yield "capacity_providers", [provider for provider in providers if provider["status"] != "INACTIVE"]
    for sort, operation, key, describe, described in (
        ("ecs_services", "list_services", "serviceArns", "describe_services", "services"),
        ("tasks", "list_tasks", "taskArns", "describe_tasks", "tasks"),
        (
            "container_instances",
            "list_container_instances",
            "containerInstanceArns",
            "describe_container_instances",
            "containerInstances",
        ),
    ):
        yield (
            sort,
            [resource for cluster in clusters for resource in _in(ecs, cluster, operation, key, describe, described)],
        )
    # AWS keeps revisions that are only deregistered for ever
    found = [pages(ecs, "list_task_definitions", "taskDefinitionArns", status=s) for s in ("ACTIVE", "INACTIVE")]
    yield "task_definitions", [_task_definition(ecs, arn) for arns in found for arn in arns]
    yield "account_settings", pages(ecs, "list_account_settings", "settings", effectiveSettings=True)


def _in(ecs: Any, cluster: Resource, operation: str, key: str, describe: str, described: str) -> Iterator[Resource]:
    """Yield the resources in a cluster, described ten at a time: as many as the smallest of the three calls takes."""
    arns = list(pages(ecs, operation, key, cluster=cluster["clusterArn"]))
    if operation == "list_tasks":
        arns += pages(ecs, operation, key, cluster=cluster["clusterArn"], desiredStatus="STOPPED")
    for start in range(0, len(arns), 10):
        request = {"cluster": cluster["clusterArn"], key.removesuffix("Arns") + "s": arns[start : start + 10]}
        answer = getattr(ecs, describe)(**request, include=["TAGS"])
        yield from (resource for resource in answer[described] if resource.get("lastStatus") != "STOPPED")


def _task_definition(ecs: Any, arn: str) -> Resource:
    answer = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
    return {**answer["taskDefinition"], "tags": answer.get("tags", [])}


def _scaling(client: Client) -> Sorts:
    scaling, cloudwatch = client("application-autoscaling"), client("cloudwatch")
    yield "scalable_targets", pages(scaling, "describe_scalable_targets", "ScalableTargets", ServiceNamespace="ecs")
    yield "scaling_policies", pages(scaling, "describe_scaling_policies", "ScalingPolicies", ServiceNamespace="ecs")
    actions = pages(scaling, "describe_scheduled_actions", "ScheduledActions", ServiceNamespace="ecs")
    yield "scheduled_actions", actions
    yield "alarms", pages(cloudwatch, "describe_alarms", "MetricAlarms")


def _sns(client: Client) -> Sorts:
    sns = client("sns")
    topics = pages(sns, "list_topics", "Topics")
    yield "topics", [sns.get_topic_attributes(TopicArn=one["TopicArn"])["Attributes"] for one in topics]
    yield "subscriptions", pages(sns, "list_subscriptions", "Subscriptions")


def _sqs(client: Client) -> Sorts:
    sqs = client("sqs")
    urls = sqs.list_queues().get("QueueUrls", ())
    yield "queues", [_queue(sqs, one) for one in urls]


def _queue(sqs: Any, url: str) -> Resource:
    shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    # the counts of messages are no settings
    settings = {key: value for key, value in shown.items() if not key.startswith("Approximate") and "Times" not in key}
    return {"Name": url.rpartition("/")[2], **settings, "Tags": sqs.list_queue_tags(QueueUrl=url).get("Tags", {})}


def _scheduler(client: Client) -> Sorts:
    scheduler = client("scheduler")
    groups = pages(scheduler, "list_schedule_groups", "ScheduleGroups")
    yield "schedule_groups", [group for group in groups if group["Name"] != "default"]
    shown = pages(scheduler, "list_schedules", "Schedules")
    yield (
        "schedules",
        [scheduler.get_schedule(GroupName=one["GroupName"], Name=one["Name"]) for one in shown],
    )


def _states(client: Client) -> Sorts:
    states = client("stepfunctions")
    found = pages(states, "list_state_machines", "stateMachines")
    shown = [states.describe_state_machine(stateMachineArn=one["stateMachineArn"]) for one in found]
    yield "state_machines", [{key: value for key, value in one.items() if key != "ResponseMetadata"} for one in shown]


def _events(client: Client) -> Sorts:
    yield "event_rules", pages(client("events"), "list_rules", "Rules")


def _rds(client: Client) -> Sorts:
    rds = client("rds")
    for sort, operation, key in (
        ("db_clusters", "describe_db_clusters", "DBClusters"),
        ("db_instances", "describe_db_instances", "DBInstances"),
        ("db_subnet_groups", "describe_db_subnet_groups", "DBSubnetGroups"),
        ("db_parameter_groups", "describe_db_parameter_groups", "DBParameterGroups"),
        ("db_cluster_snapshots", "describe_db_cluster_snapshots", "DBClusterSnapshots"),
        ("db_snapshots", "describe_db_snapshots", "DBSnapshots"),
    ):
        # AWS makes a default group when one is first needed, and nobody can remove it
        yield (
            sort,
            [t for t in pages(rds, operation, key) if not t.get("DBParameterGroupName", "").startswith("default.")],
        )
    groups = pages(rds, "describe_db_cluster_parameter_groups", "DBClusterParameterGroups")
    own = [group for group in groups if not group["DBClusterParameterGroupName"].startswith("default.")]
    yield "db_cluster_parameter_groups", [group | {"own": _own_parameters(rds, group)} for group in own]


def _own_parameters(rds: Any, group: Resource) -> dict[str, Any]:
    only = {"DBClusterParameterGroupName": group["DBClusterParameterGroupName"], "Source": "user"}
    found = pages(rds, "describe_db_cluster_parameters", "Parameters", **only)
    return {parameter["ParameterName"]: parameter.get("ParameterValue") for parameter in found}


def _elasticache(client: Client) -> Sorts:
    cache = client("elasticache")
    groups = list(pages(cache, "describe_replication_groups", "ReplicationGroups"))
    tags = {one["ARN"]: cache.list_tags_for_resource(ResourceName=one["ARN"])["TagList"] for one in groups}
    yield "replication_groups", [group | {"Tags": tags[group["ARN"]]} for group in groups]
    yield "cache_nodes", pages(cache, "describe_cache_clusters", "CacheClusters")
    yield "cache_subnet_groups", pages(cache, "describe_cache_subnet_groups", "CacheSubnetGroups")
    own = pages(cache, "describe_cache_parameter_groups", "CacheParameterGroups")
    yield "cache_parameter_groups", [group | {"own": _own_cache_parameters(cache, group)} for group in own]
    yield "cache_snapshots", pages(cache, "describe_snapshots", "Snapshots")


def _own_cache_parameters(cache: Any, group: Resource) -> dict[str, Any]:
    only = {"CacheParameterGroupName": group["CacheParameterGroupName"], "Source": "user"}
    found = pages(cache, "describe_cache_parameters", "Parameters", **only)
    return {parameter["ParameterName"]: parameter.get("ParameterValue") for parameter in found}


def _rest(client: Client) -> Sorts:
    ssm = client("ssm")
    parameters = list(pages(ssm, "describe_parameters", "Parameters"))
    yield (
        "parameters",
        [
            parameter
            | {"Tags": ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=parameter["Name"])["TagList"]}
            for parameter in parameters
        ],
    )


def _s3(client: Client) -> Sorts:
    s3 = client("s3")
    found = pages(s3, "list_buckets", "Buckets")
    yield "buckets", [bucket | _bucket(s3, bucket["Name"]) for bucket in found]


_BUCKET = {
    "versioning": "get_bucket_versioning",
    "encryption": "get_bucket_encryption",
    "policy": "get_bucket_policy",
    "public_access": "get_public_access_block",
    "lifecycle": "get_bucket_lifecycle_configuration",
    "cors": "get_bucket_cors",
    "tags": "get_bucket_tagging",
}


def _bucket(s3: Any, bucket: str) -> Resource:
    return {"objects": _objects(s3, bucket)} | {name: _setting(s3, read, bucket) for name, read in _BUCKET.items()}


def _setting(s3: Any, read: str, bucket: str) -> Any:
    """Return one setting of a bucket; None if S3 answers with 404, as it does for a setting that nobody made."""
    try:
        answer = getattr(s3, read)(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != NOT_FOUND:
            raise
        return None
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def _efs(client: Client) -> Sorts:
    efs = client("efs")
    systems = list(pages(efs, "describe_file_systems", "FileSystems"))
    # with the time at which EFS measured them
    yield "file_systems", [one | {"SizeInBytes": one["SizeInBytes"]["Value"]} for one in systems]
    targets = [
        pages(efs, "describe_mount_targets", "MountTargets", FileSystemId=one["FileSystemId"]) for one in systems
    ]
    yield "mount_targets", [one for found in targets for one in found]
    yield "access_points", pages(efs, "describe_access_points", "AccessPoints")


def _objects(s3: Any, bucket: str) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", ())]


def _steady(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _steady(item) for key, item in value.items() if key not in _VOLATILE}
    if isinstance(value, (list, tuple)):
        return [_steady(item) for item in value]
    return value


_READ_BY: Mapping[str, Callable[[Client], Sorts]] = {
    "ecs_services": _ecs,
    "tasks": _ecs,
    "container_instances": _ecs,
    "target_groups": _elb,
    "discovery_instances": _cloud_map,
    "instances": _ec2,
}
"""Functions that read the sorts for which tests wait, in their order."""
