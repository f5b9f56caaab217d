"""Changes that a colleague makes past the tool, by plain boto3: each deletes or changes one thing of a stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.cloud.lookups import NAME

Clients = Callable[[str], Any]
Hand = Callable[[Clients], bool]
"""Makes one change; returns False if the stack has nothing of that sort."""


def log_group(clients: Clients) -> bool:
    """Delete the logs of a service."""
    logs = clients("logs")
    found = logs.describe_log_groups(logGroupNamePrefix=f"/ecs/{NAME}/")["logGroups"]
    for one in found[:1]:
        logs.delete_log_group(logGroupName=one["logGroupName"])
    return bool(found)


def retention(clients: Clients) -> bool:
    """Keep the logs of a service for ever."""
    logs = clients("logs")
    found = logs.describe_log_groups(logGroupNamePrefix=f"/ecs/{NAME}/")["logGroups"]
    for one in found[:1]:
        logs.delete_retention_policy(logGroupName=one["logGroupName"])
    return bool(found)


def alarm(clients: Clients) -> bool:
    """Delete an alarm."""
    cloudwatch = clients("cloudwatch")
    found = cloudwatch.describe_alarms(AlarmNamePrefix=f"{NAME}-")["MetricAlarms"]
    if found:
        cloudwatch.delete_alarms(AlarmNames=[found[0]["AlarmName"]])
    return bool(found)


def group_rule(clients: Clients) -> bool:
    """Revoke the rules by which others reach a security group."""
    ec2 = clients("ec2")
    groups = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [f"{NAME}-*"]}])["SecurityGroups"]
    found = [one for one in groups if one["IpPermissions"]]
    for one in found[:1]:
        ec2.revoke_security_group_ingress(GroupId=one["GroupId"], IpPermissions=one["IpPermissions"])
    return bool(found)


def role_policy(clients: Clients) -> bool:
    """Delete the inline policy of a role."""
    iam = clients("iam")
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        if name.startswith(f"{NAME}-") and (found := iam.list_role_policies(RoleName=name)["PolicyNames"]):
            iam.delete_role_policy(RoleName=name, PolicyName=found[0])
            return True
    return False


def tasks(clients: Clients) -> bool:
    """Run one task more of a service whose number is fixed."""
    ecs = clients("ecs")
    scaled = clients("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    names = {one["ResourceId"].rpartition("/")[2] for one in scaled}
    arns = [arn for arn in ecs.list_services(cluster=NAME)["serviceArns"] if arn.rpartition("/")[2] not in names]
    found = ecs.describe_services(cluster=NAME, services=arns)["services"] if arns else []
    for one in found[:1]:
        ecs.update_service(cluster=NAME, service=one["serviceName"], desiredCount=one["desiredCount"] + 1)
    return bool(found)


def insights(clients: Clients) -> bool:
    """Switch Container Insights to the other setting."""
    ecs = clients("ecs")
    (cluster,) = ecs.describe_clusters(clusters=[NAME], include=["SETTINGS"])["clusters"]
    value = "disabled" if cluster["settings"][0]["value"] != "disabled" else "enabled"
    ecs.update_cluster_settings(cluster=NAME, settings=[{"name": "containerInsights", "value": value}])
    return True


def idle_timeout(clients: Clients) -> bool:
    """Change the idle timeout of the load balancer."""
    elb = clients("elbv2")
    found = elb.describe_load_balancers()["LoadBalancers"]
    for one in found[:1]:
        wanted = [{"Key": "idle_timeout.timeout_seconds", "Value": "77"}]
        elb.modify_load_balancer_attributes(LoadBalancerArn=one["LoadBalancerArn"], Attributes=wanted)
    return bool(found)


def public_access(clients: Clients) -> bool:
    """Delete the block of public access of a bucket."""
    s3 = clients("s3")
    found = [one["Name"] for one in s3.list_buckets()["Buckets"] if one["Name"].startswith(f"{NAME}-")]
    for name in found[:1]:
        s3.delete_public_access_block(Bucket=name)
    return bool(found)


def visibility(clients: Clients) -> bool:
    """Change the visibility timeout of a queue."""
    sqs = clients("sqs")
    found = sqs.list_queues(QueueNamePrefix=f"{NAME}-").get("QueueUrls", [])
    for url in found[:1]:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "77"})
    return bool(found)


def health_check(clients: Clients) -> bool:
    """Change the path of a health check."""
    elb = clients("elbv2")
    found = [one for one in elb.describe_target_groups()["TargetGroups"] if one["TargetGroupName"].startswith(NAME)]
    for one in found[:1]:
        elb.modify_target_group(TargetGroupArn=one["TargetGroupArn"], HealthCheckIntervalSeconds=77)
    return bool(found)


def scaled_out(clients: Clients) -> dict[str, int]:
    """Let autoscaling start a task more where it may; return the numbers before, by service: `up` may undo none."""
    scaling, ecs = clients("application-autoscaling"), clients("ecs")
    found = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    most = {one["ResourceId"].rpartition("/")[2]: one["MaxCapacity"] for one in found}
    shown = ecs.describe_services(cluster=NAME, services=[*most])["services"] if most else []
    before = {one["serviceName"]: one["desiredCount"] for one in shown}
    set_counts(clients, {name: min(count + 1, most[name]) for name, count in before.items()})
    return before


def set_counts(clients: Clients, counts: Mapping[str, int]) -> None:
    """Give services these numbers of tasks."""
    for service, count in counts.items():
        clients("ecs").update_service(cluster=NAME, service=service, desiredCount=count)


HANDS: tuple[Hand, ...] = (
    log_group,
    retention,
    alarm,
    group_rule,
    role_policy,
    tasks,
    insights,
    idle_timeout,
    public_access,
    visibility,
    health_check,
)
"""Changes that `plan` has to show."""
