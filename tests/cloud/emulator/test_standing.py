"""The standing stack for other clients: every waiter of boto3's ends well, every read answers as its model says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.conftest import REGION, EmbeddedCloud, refused
from tests.cloud.crash.life import own_cloud
from tests.cloud.inventory import well
from tests.cloud.lookups import NAME
from tests.cloud.project import Project
from tests.cloud.reads import UNKNOWN, Read, in_pages, reads

pytestmark = pytest.mark.slow

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

# What the stack has none of: bundles, exports, VPN, NAT, secondary networks, volumes of one's own, daemons, ACME …
ABSENT = {
    "acm": ("acme_",),
    "ec2": (
        "bundle_",
        "conversion_",
        "customer_gateway_",
        "export_",
        "image_usage_",
        "key_pair_",
        "nat_gateway_",
        "password_data_",
        "secondary_",
        "security_group_vpc_",
        "snapshot_",
        "store_image_",
        "volume_",
        "vpc_peering_",
        "vpn_",
        "instance_stopped",
        "instance_terminated",
        "network_interface_available",
    ),
    "ecs": ("daemon_", "services_inactive", "tasks_stopped"),
    "iam": ("user_exists",),
    "rds": ("db_snapshot_", "db_cluster_snapshot_", "tenant_"),
    "route53": ("health_check_source_",),
    "ssm": ("command_executed",),
}


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    """A cloud with the stack up and settled."""
    directory: Path = tmp_path_factory.mktemp("waiters")
    with own_cloud(directory / "cloud") as cloud:
        project = Project(cloud, directory)
        project.up()
        project.settled(well, "all tasks and instances")
        yield cloud
        project.close()


def first(client: Any, operation: str, key: str, **arguments: Any) -> Any:
    """The first resource of a list."""
    return next(iter(getattr(client, operation)(**arguments)[key]))


def image(ecr: Any) -> dict[str, Any]:
    """An image in the stack's first repository, as the arguments that name it."""
    name = first(ecr, "describe_repositories", "repositories")["repositoryName"]
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": {}, "layers": []})
    ecr.put_image(repositoryName=name, imageManifest=manifest, imageManifestMediaType=MANIFEST, imageTag="waited-for")
    return {"repositoryName": name, "imageId": {"imageTag": "waited-for"}}


def preview(ecr: Any) -> dict[str, Any]:
    """A repository whose lifecycle policy is being tried."""
    name = first(ecr, "describe_repositories", "repositories")["repositoryName"]
    ecr.start_lifecycle_policy_preview(repositoryName=name)
    return {"repositoryName": name}


def certificate(acm: Any) -> dict[str, Any]:
    return {"CertificateArn": first(acm, "list_certificates", "CertificateSummaryList")["CertificateArn"]}


def services(ecs: Any) -> dict[str, Any]:
    return {"cluster": NAME, "services": ecs.list_services(cluster=NAME)["serviceArns"]}


def tasks(ecs: Any) -> dict[str, Any]:
    return {"cluster": NAME, "tasks": ecs.list_tasks(cluster=NAME)["taskArns"]}


def instances(ec2: Any) -> dict[str, Any]:
    running = [{"Name": "instance-state-name", "Values": ["running"]}]
    found = ec2.describe_instances(Filters=running)["Reservations"]
    return {"InstanceIds": [one["InstanceId"] for group in found for one in group["Instances"]]}


def balancers(elb: Any) -> dict[str, Any]:
    return {"LoadBalancerArns": [one["LoadBalancerArn"] for one in elb.describe_load_balancers()["LoadBalancers"]]}


def targets(elb: Any) -> dict[str, Any]:
    return {"TargetGroupArn": first(elb, "describe_target_groups", "TargetGroups")["TargetGroupArn"]}


def never_registered(elb: Any) -> dict[str, Any]:
    return {**targets(elb), "Targets": [{"Id": "10.0.64.250", "Port": 80}]}


def changed(route53: Any) -> dict[str, Any]:
    """A change of a record in the account's zone."""
    zone = first(route53, "list_hosted_zones", "HostedZones")["Id"]
    record = {"Name": "waits.example.com", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"x"'}]}
    batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    return {"Id": route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"]["Id"]}


def every(operation: str, key: str, name: str, plural: str) -> Callable[[Any], dict[str, Any]]:
    """Return a function that gives the names of all resources of a list, as the arguments of a call."""
    return lambda client: {plural: [one[name] for one in getattr(client, operation)()[key]]}


GONE = "ecs-sample-gone"
CASES: dict[tuple[str, str], Callable[[Any], dict[str, Any]]] = {
    ("acm", "certificate_validated"): certificate,
    ("ec2", "image_available"): lambda ec2: {"ImageIds": [ami(ec2)]},
    ("ec2", "image_exists"): lambda ec2: {"ImageIds": [ami(ec2)]},
    ("ec2", "instance_exists"): instances,
    ("ec2", "instance_running"): instances,
    ("ec2", "instance_status_ok"): instances,
    ("ec2", "internet_gateway_exists"): every(
        "describe_internet_gateways", "InternetGateways", "InternetGatewayId", "InternetGatewayIds"
    ),
    ("ec2", "security_group_exists"): every("describe_security_groups", "SecurityGroups", "GroupId", "GroupIds"),
    ("ec2", "spot_instance_request_fulfilled"): every(
        "describe_spot_instance_requests", "SpotInstanceRequests", "SpotInstanceRequestId", "SpotInstanceRequestIds"
    ),
    ("ec2", "subnet_available"): every("describe_subnets", "Subnets", "SubnetId", "SubnetIds"),
    ("ec2", "system_status_ok"): instances,
    ("ec2", "vpc_available"): every("describe_vpcs", "Vpcs", "VpcId", "VpcIds"),
    ("ec2", "vpc_exists"): every("describe_vpcs", "Vpcs", "VpcId", "VpcIds"),
    ("ecr", "image_scan_complete"): image,
    ("ecr", "lifecycle_policy_preview_complete"): preview,
    ("ecs", "services_stable"): services,
    ("ecs", "tasks_running"): tasks,
    ("elbv2", "load_balancer_available"): balancers,
    ("elbv2", "load_balancer_exists"): balancers,
    ("elbv2", "load_balancers_deleted"): lambda elb: {"Names": [GONE]},
    ("elbv2", "target_deregistered"): never_registered,
    ("elbv2", "target_in_service"): targets,
    ("iam", "instance_profile_exists"): lambda iam: {
        "InstanceProfileName": first(iam, "list_instance_profiles", "InstanceProfiles")["InstanceProfileName"]
    },
    ("iam", "policy_exists"): lambda iam: {"PolicyArn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"},
    ("iam", "role_exists"): lambda iam: {"RoleName": first(iam, "list_roles", "Roles")["RoleName"]},
    ("rds", "db_cluster_available"): lambda rds: {"DBClusterIdentifier": NAME},
    ("rds", "db_cluster_deleted"): lambda rds: {"DBClusterIdentifier": GONE},
    ("rds", "db_instance_available"): lambda rds: {
        "DBInstanceIdentifier": first(rds, "describe_db_instances", "DBInstances")["DBInstanceIdentifier"]
    },
    ("rds", "db_instance_deleted"): lambda rds: {"DBInstanceIdentifier": GONE},
    ("route53", "resource_record_sets_changed"): changed,
}


def ami(ec2: Any) -> str:
    """The image that the stack's instances run."""
    templates = ec2.describe_launch_template_versions(LaunchTemplateName=NAME)["LaunchTemplateVersions"]
    return str(templates[0]["LaunchTemplateData"]["ImageId"])


@pytest.mark.parametrize(("service", "waiter"), sorted(CASES))
def test_a_waiter_ends_well(standing: EmbeddedCloud, service: str, waiter: str) -> None:
    client = standing.client(service)
    asked = CASES[service, waiter](client)
    # a waiter of boto3 waits by the machine's clock
    client.meta.events.register("after-call", lambda **_: standing.step(60), unique_id="waits")
    try:
        client.get_waiter(waiter).wait(**asked, WaiterConfig={"Delay": 0, "MaxAttempts": 50})
    finally:
        client.meta.events.unregister("after-call", unique_id="waits")


def test_no_waiter_of_these_services_is_forgotten(standing: EmbeddedCloud) -> None:
    named = {service for service, _ in CASES}
    for service in named | ABSENT.keys():
        waiters = standing.client(service).waiter_names
        tried = {waiter for of, waiter in CASES if of == service}
        assert {name for name in waiters if not name.startswith(ABSENT.get(service, ()))} == tried, service


def test_a_service_says_which_revision_it_runs(standing: EmbeddedCloud) -> None:
    ecs = standing.client("ecs")
    for service in ecs.describe_services(**services(ecs))["services"]:
        (running,) = service["currentServiceRevisions"]
        assert running["runningTaskCount"] == service["runningCount"] > 0
        assert service["resourceManagementType"] == "CUSTOMER"
        (revision,) = ecs.describe_service_revisions(serviceRevisionArns=[running["arn"]])["serviceRevisions"]
        assert revision["taskDefinition"] == service["taskDefinition"]
        (container,) = revision["containerImages"]
        definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
        assert container["image"] == definition["containerDefinitions"][0]["image"]
        if "platformVersion" in service:
            versions = (service["platformVersion"], service["deployments"][0]["platformVersion"])
            assert versions == ("LATEST", "1.4.0"), "the service says what was asked for, the deployment what runs"
    unknown = ecs.describe_service_revisions(serviceRevisionArns=[running["arn"][:-1]])["failures"]
    assert [one["reason"] for one in unknown] == ["MISSING"]


def test_a_service_behind_a_balancer_says_what_it_registered(standing: EmbeddedCloud) -> None:
    ecs, elb = standing.client("ecs"), standing.client("elbv2")
    (behind,) = (one for one in ecs.describe_services(**services(ecs))["services"] if one["loadBalancers"])
    group = targets(elb)["TargetGroupArn"]
    said = f"(service {behind['serviceName']}) registered 1 targets in (target-group {group})"
    assert said in [event["message"] for event in behind["events"]]


def test_spot_instances_have_requests(standing: EmbeddedCloud) -> None:
    ec2 = standing.client("ec2")
    found = {i["InstanceId"]: i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]}
    assert {one["InstanceLifecycle"] for one in found.values()} == {"spot"}
    requests = ec2.describe_spot_instance_requests()["SpotInstanceRequests"]
    assert {one["InstanceId"]: one["SpotInstanceRequestId"] for one in requests} == {
        name: instance["SpotInstanceRequestId"] for name, instance in found.items()
    }
    assert {(one["State"], one["Status"]["Code"]) for one in requests} == {("active", "fulfilled")}
    closed = [{"Name": "state", "Values": ["closed"]}]
    assert ec2.describe_spot_instance_requests(Filters=closed)["SpotInstanceRequests"] == []


def test_what_is_aws_s_own_has_ids_as_aws_gives_them(standing: EmbeddedCloud) -> None:
    ec2 = standing.client("ec2")
    assert all(re.fullmatch("pl-[0-9a-f]{8}", p["PrefixListId"]) for p in ec2.describe_prefix_lists()["PrefixLists"])
    for vpc in ec2.describe_vpcs()["Vpcs"]:
        assert re.fullmatch("dopt-[0-9a-f]+", vpc["DhcpOptionsId"])


def test_a_targets_port_is_a_number_and_a_health_checks_as_asked(standing: EmbeddedCloud) -> None:
    elb = standing.client("elbv2")
    group = targets(elb)["TargetGroupArn"]
    (asked,) = elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"]
    assert asked["HealthCheckPort"] == "traffic-port"
    for health in elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]:
        assert health["HealthCheckPort"] == str(health["Target"]["Port"])


def test_tasks_can_be_protected(standing: EmbeddedCloud) -> None:
    ecs = standing.client("ecs")
    some = tasks(ecs)
    assert {one["protectionEnabled"] for one in ecs.get_task_protection(**some)["protectedTasks"]} == {False}
    (held,) = ecs.update_task_protection(cluster=NAME, tasks=some["tasks"][:1], protectionEnabled=True)[
        "protectedTasks"
    ]
    assert held["expirationDate"]
    assert [one["protectionEnabled"] for one in ecs.get_task_protection(**some)["protectedTasks"]].count(True) == 1
    ecs.update_task_protection(cluster=NAME, tasks=some["tasks"][:1], protectionEnabled=False)


def test_protection_has_limits_and_failures(standing: EmbeddedCloud) -> None:
    ecs = standing.client("ecs")
    one = {"cluster": NAME, "tasks": tasks(ecs)["tasks"][:1]}
    for minutes in (0, 2881):
        with refused("InvalidParameterException"):
            ecs.update_task_protection(**one, protectionEnabled=True, expiresInMinutes=minutes)
    (failure,) = ecs.update_task_protection(cluster=NAME, tasks=["0" * 32], protectionEnabled=True)["failures"]
    assert failure["reason"] == "MISSING"


def test_reads_of_instances_and_namespaces(standing: EmbeddedCloud) -> None:
    ecs, ssm = standing.client("ecs"), standing.client("ssm")
    ids = set(instances(standing.client("ec2"))["InstanceIds"])
    found = ecs.list_attributes(cluster=NAME, targetType="container-instance", attributeName="ecs.instance-type")
    assert len(found["attributes"]) == len(ids)
    nodes = ssm.describe_instance_information()["InstanceInformationList"]
    assert {node["InstanceId"] for node in nodes if node["PingStatus"] == "Online"} == ids
    space = first(standing.client("servicediscovery"), "list_namespaces", "Namespaces")
    assert ecs.list_services_by_namespace(namespace=space["Arn"])["serviceArns"] == [], "none uses Service Connect"
    with refused("NamespaceNotFoundException"):
        ecs.list_services_by_namespace(namespace="nothing")


def test_reads_of_the_database(standing: EmbeddedCloud) -> None:
    rds = standing.client("rds")
    assert rds.describe_pending_maintenance_actions()["PendingMaintenanceActions"] == []
    endpoints = rds.describe_db_cluster_endpoints(DBClusterIdentifier=NAME)["DBClusterEndpoints"]
    assert [one["EndpointType"] for one in endpoints] == ["WRITER", "READER"]
    assert first(rds, "describe_db_clusters", "DBClusters")["Endpoint"] == endpoints[0]["Endpoint"]
    usual = rds.describe_certificates()["DefaultCertificateForNewLaunches"]
    assert rds.describe_certificates(CertificateIdentifier=usual)["Certificates"][0]["CertificateType"] == "CA"
    with refused("CertificateNotFound"):
        rds.describe_certificates(CertificateIdentifier="nothing")


BUCKET = "standing-state"
ON_THE_NEXT_PAGE = "missing .Marker"
"""Route 53's model requires a member that AWS sends from the second page on."""


@pytest.fixture(scope="module")
def every_read(standing: EmbeddedCloud) -> dict[tuple[str, str], Read]:
    """Every read that can be made, and its answer."""
    s3 = standing.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=BUCKET, Key="state.json", Body=b"{}")
    elb = standing.client("elbv2")
    listener = first(elb, "describe_listeners", "Listeners", LoadBalancerArn=balancers(elb)["LoadBalancerArns"][0])
    given = {
        "ecs": {"cluster": NAME},
        "ec2": {"LaunchTemplateName": NAME},
        "elbv2": {"ListenerArn": listener["ListenerArn"], **targets(elb)},
        "logs": {"logGroupName": f"/ecs/{NAME}/frontend"},
        "s3": {"Bucket": BUCKET, "Key": "state.json"},
    }
    return reads(standing, given)


def test_every_read_answers_by_its_model(every_read: dict[tuple[str, str], Read]) -> None:
    failed = {name: read for name, read in every_read.items() if read.status >= 500}
    assert failed == {}
    strange = {name: found for name, read in every_read.items() if (found := {*read.strange} - {ON_THE_NEXT_PAGE})}
    assert strange == {}
    unknown = [name for name, read in every_read.items() if read.code in UNKNOWN]
    assert len(every_read) - len(unknown) > 200, "most of these services' reads that can be made are offered"


def test_a_list_in_pages_is_the_list(standing: EmbeddedCloud, every_read: dict[tuple[str, str], Read]) -> None:
    tried = 0
    for (service, name), read in every_read.items():
        for key, whole, pages in in_pages(standing.client(service), name, read):
            tried += 1
            assert pages == whole, f"{service} {name} {key}"
    assert tried > 20


def test_instances_volumes_and_images_as_other_tools_read_them(standing: EmbeddedCloud) -> None:
    ec2 = standing.client("ec2")
    found = [one for group in ec2.describe_instances()["Reservations"] for one in group["Instances"]]
    running = [one for one in found if one["State"]["Name"] == "running"]
    assert {(one["RootDeviceName"], one["VirtualizationType"]) for one in running} == {("/dev/xvda", "hvm")}
    assert not any("StateReason" in one or "Association" in one["NetworkInterfaces"][0] for one in running)
    profile = first(standing.client("iam"), "list_instance_profiles", "InstanceProfiles")
    assert {one["IamInstanceProfile"]["Id"] for one in running} == {profile["InstanceProfileId"]}
    (image,) = ec2.describe_images(ImageIds=[running[0]["ImageId"]])["Images"]
    disk = image["BlockDeviceMappings"][0]["Ebs"]
    for volume in ec2.describe_volumes()["Volumes"]:
        assert (volume["SnapshotId"], volume["Throughput"]) == (disk["SnapshotId"], 125)
        assert [one["DeleteOnTermination"] for one in volume["Attachments"]] == [True]
