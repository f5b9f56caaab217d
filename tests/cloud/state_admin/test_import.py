"""`import`, `state mv` and `state rm`: a resource is taken, renamed, or forgotten, and `up` makes none twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from provisioner.aws import tagging
from provisioner.engine.declaration import Handle
from provisioner.engine.errors import ConfigurationError, NotOwned, ReplacementRequired
from provisioner.engine.records.references import KnownResources
from provisioner.engine.resource import RESOURCE_TYPES, Observed, Resource
from provisioner.operations.state_admin import edit, imports
from provisioner.resources.ec2.launch import LaunchTemplate
from provisioner.resources.ec2.network import InternetGateway, RouteTable, Subnet, Vpc
from provisioner.resources.ec2.security import SecurityGroup, allow
from provisioner.resources.ecr.copied_images import CopiedImage
from provisioner.resources.ecr.images import IN_USE, MANIFESTS, ImageInUse
from provisioner.resources.ecr.repository import Repository
from provisioner.resources.ecs.cluster import Cluster
from provisioner.resources.ecs.task_definition import TaskDefinition
from provisioner.resources.elbv2.target_groups import TargetGroup
from provisioner.resources.iam import InstanceProfile, Role
from provisioner.resources.logs import LogGroup
from provisioner.resources.rds.groups import DbClusterParameterGroup, DbSubnetGroup
from provisioner.resources.route53.records import RecordSet
from provisioner.resources.route53.zones import HostedZone
from provisioner.resources.servicediscovery import DiscoveryService, PrivateDnsNamespace
from provisioner.resources.ssm import SecureParameter
from provisioner.state.local import LocalStore
from provisioner.state.model import Record
from provisioner.steps.stack import Stack
from tests.cloud import world
from tests.cloud.conftest import make_network
from tests.cloud.rig import Declare, Outcome, Rig
from tests.cloud.rules_rig import Net, change

pytestmark = world.EMPTY

TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"},
                                                 "Action": "sts:AssumeRole"}]}  # fmt: skip
NO_SCAN = {"scanOnPush": False}


def take(rig: Rig, declare: Declare, address: str, name: str) -> imports.Candidate:
    """Import as the command does: look with reads only, then take."""
    aws, stack = rig.aws(), rig.declare(declare)
    with LocalStore(rig.directory, rig.config.name, "import", "0") as store:
        found = imports.candidate(aws, store.records, stack.declared, address, name)
        imports.take(aws, store, found)
    return found


def taken(rig: Rig, declare: Declare, address: str, name: str) -> Outcome:
    """Import, and bring up: nothing may be made a second time, nor be left to do."""
    take(rig, declare, address, name)
    ended = rig.up(declare).ok()
    assert not [write for write in ended.writes if write.startswith(("Create", "Register", "PutParameter"))], address
    assert rig.plan(declare) == []
    return ended


# -- resources with names, and resources without -------------------------------------------------------------------


def test_a_network_is_imported_and_goes_with_the_stack(rig: Rig) -> None:
    ec2 = rig.cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24", AvailabilityZone="ap-northeast-1a")["Subnet"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="web", Description="web")["GroupId"]

    def declare(stack: Stack) -> None:
        net = stack.ensure(Vpc("main", "10.9.0.0/16"))
        stack.ensure(InternetGateway("main", net.id))
        one = stack.ensure(Subnet("a", net.id, "ap-northeast-1a", "10.9.1.0/24"))
        stack.ensure(RouteTable("a", net.id, [one.id], {}))
        stack.ensure(SecurityGroup("web", net.id, "web", "web", [], []))

    with pytest.raises(ConfigurationError, match="depends on vpc/main: create or import that first"):
        take(rig, declare, "subnet/a", subnet["SubnetId"])
    found = take(rig, declare, "vpc/main", vpc)
    assert set(found.changes) == {"enable_dns_hostnames"}
    assert found.tags["provisioner:address"].new == "vpc/main"
    take(rig, declare, "internet_gateway/main", gateway)
    take(rig, declare, "subnet/a", subnet["SubnetId"])
    take(rig, declare, "security_group/web", group)
    taken(rig, declare, "route_table/a", table)
    assert rig.up(declare).ok().writes == []
    rig.down().ok()
    assert vpc not in [there["VpcId"] for there in ec2.describe_vpcs()["Vpcs"]]


def test_an_imported_groups_rules_stay_until_all_else_is_done(rig: Rig) -> None:
    """It may be in use: it is recorded as if the stack had asked for it."""
    ec2 = rig.cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    front, web = (
        ec2.create_security_group(VpcId=vpc, GroupName=name, Description=name)["GroupId"] for name in ("front", "web")
    )
    pairs = [{"GroupId": front}]
    former = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": pairs}
    ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=[former])

    def declare(stack: Stack) -> None:
        net = stack.ensure(Vpc("main", "10.9.0.0/16"))
        source = stack.ensure(SecurityGroup("front", net.id, "front", "front", [], []))
        stack.ensure(SecurityGroup("web", net.id, "web", "web", [allow(8090, "", group=source.id)], []))

    for address, name in (("vpc/main", vpc), ("security_group/front", front), ("security_group/web", web)):
        take(rig, declare, address, name)
    (planned,) = [item for item in rig.plan(declare) if item.address == "security_group/web"]
    ports = [[rule["FromPort"] for rule in planned.later["ingress"].old], [8090]]
    assert ports == [[8090, 8080], [rule["FromPort"] for rule in planned.later["ingress"].new]]
    writes = rig.up(declare).ok().writes
    assert writes.index("AuthorizeSecurityGroupIngress") < writes.index("RevokeSecurityGroupIngress")
    assert rig.plan(declare) == []


@dataclass(frozen=True)
class Named:
    """A resource type whose resources differ by name: the declared resource, its creation by somebody else, its id."""

    resource: Resource
    make: Callable[[Any], Any]
    id: str


def _of(service: str, operation: str, **arguments: Any) -> Callable[[Any], Any]:
    return lambda cloud: getattr(cloud.client(service), operation)(**arguments)


NAMED = [
    Named(LogGroup("web", "/ecs/web", 7), _of("logs", "create_log_group", logGroupName="/ecs/web"), "/ecs/web"),
    Named(
        Repository("web", "web/web", "IMMUTABLE", {"scanOnPush": True}, None),
        _of("ecr", "create_repository", repositoryName="web/web", imageScanningConfiguration=NO_SCAN),
        "web/web",
    ),
    Named(
        Role("web", "web", TRUST, [], {}, ""),
        _of("iam", "create_role", RoleName="web", AssumeRolePolicyDocument=json.dumps(TRUST)),
        "web",
    ),
    Named(
        SecureParameter("web", "/web/password", "A password"),
        _of("ssm", "put_parameter", Name="/web/password", Type="SecureString", Value="x" * 20),
        "/web/password",
    ),
    Named(
        Cluster("web", "web", [{"name": "containerInsights", "value": "enabled"}]),
        _of("ecs", "create_cluster", clusterName="web"),
        "web",
    ),
    Named(
        DbClusterParameterGroup("web", "web", "aurora-mysql8.0", "web", {"character_set_client": "utf8mb4"}),
        _of(
            "rds",
            "create_db_cluster_parameter_group",
            DBClusterParameterGroupName="web",
            DBParameterGroupFamily="aurora-mysql8.0",
            Description="web",
        ),
        "web",
    ),
]


@pytest.mark.parametrize("named", NAMED, ids=lambda named: named.resource.type_name)
def test_what_up_refuses_can_be_imported(rig: Rig, named: Named) -> None:
    named.make(rig.cloud)

    def declare(stack: Stack) -> None:
        stack.ensure(named.resource)

    (refused,) = rig.plan(declare)
    assert f"provision import {named.resource.address} '{named.id}'" in refused.why
    taken(rig, declare, named.resource.address, named.id)
    rig.down().ok()
    assert rig.aws().live(type(named.resource)) == []
    with pytest.raises(ConfigurationError, match="cannot import"):
        take(rig, declare, named.resource.address, named.id)


def test_images_are_taken_by_their_tags_alone(rig: Rig) -> None:
    """ECR tags repositories only: its tagging calls take no image."""

    def repository(stack: Stack) -> Handle:
        return stack.ensure(Repository("web", "web/web", "IMMUTABLE", {"scanOnPush": True}, None))

    def declare(stack: Stack) -> None:
        uri = repository(stack).repository_uri
        copy = stack.ensure(CopiedImage("web", "web/web", uri, "copy", "docker.io/library/nginx:1", "linux/amd64"))
        stack.ensure(ImageInUse("web.copy", "web/web", f"{IN_USE}copy", copy.reference))

    rig.up(repository).ok()
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFESTS[0], "config": {"digest": "sha256:1"}})
    for tag in ("copy", f"{IN_USE}copy"):
        rig.cloud.client("ecr").put_image(repositoryName="web/web", imageManifest=manifest, imageTag=tag)
    take(rig, declare, "copied_image/web", "web/web:copy")
    assert taken(rig, declare, "image_in_use/web.copy", f"web/web:{IN_USE}copy").writes == []
    assert rig.down().ok().summary.leftovers == []


def test_a_profile_and_a_launch_template_are_compared_whole(rig: Rig) -> None:
    iam, ec2 = rig.cloud.client("iam"), rig.cloud.client("ec2")
    iam.create_instance_profile(InstanceProfileName="web")
    data = {"ImageId": "ami-12345678", "InstanceType": "c5.large"}
    template = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)["LaunchTemplate"]

    def declare(stack: Stack) -> None:
        role = stack.ensure(Role("web", "web", TRUST))
        stack.ensure(InstanceProfile("web", "web", role.id))
        stack.ensure(LaunchTemplate("web", "web", data, ""))

    rig.up(lambda stack: stack.ensure(Role("web", "web", TRUST))).ok()
    take(rig, declare, "instance_profile/web", "web")
    found = take(rig, declare, "launch_template/web", template["LaunchTemplateId"])
    assert "launch_template_data" not in found.changes
    assert "tagged" in found.changes
    assert not [w for w in rig.up(declare).ok().writes if w in ("CreateLaunchTemplate", "CreateInstanceProfile")]
    assert rig.plan(declare) == []
    rig.down().ok()


def test_a_family_is_imported_with_its_newest_revision(rig: Rig) -> None:
    ecs = rig.cloud.client("ecs")
    role = rig.cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    rig.cloud.advance(10)  # until ECS knows it
    container = {"name": "web", "image": "web:1", "essential": True}
    request = {
        "family": "web",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": role,
        "taskRoleArn": role,
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
    }
    ecs.register_task_definition(**request, containerDefinitions=[{**container, "image": "web:0"}])
    ecs.register_task_definition(**request, containerDefinitions=[container])

    def declare(stack: Stack, image: str = "web:1") -> None:
        stack.ensure(
            TaskDefinition(
                "web",
                "web",
                ["FARGATE"],
                "awsvpc",
                "256",
                "512",
                role,
                role,
                request["runtimePlatform"],
                [{**container, "image": image}],
            )
        )

    assert taken(rig, declare, "task_definition/web", "web").writes == []
    assert rig.up(lambda stack: declare(stack, "web:2")).ok().writes == ["RegisterTaskDefinition"]
    rig.down().ok()
    assert ecs.list_task_definitions()["taskDefinitionArns"] == [
        arn for arn in ecs.list_task_definitions()["taskDefinitionArns"] if arn.endswith("web:1")
    ], "the revision that nobody imported is not ours"


def test_a_record_in_a_foreign_zone_is_imported_and_then_changed(rig: Rig) -> None:
    route53 = rig.cloud.client("route53")
    zone = route53.list_hosted_zones()["HostedZones"][0]["Id"].removeprefix("/hostedzone/")
    record = {"Name": "app.example.com", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "old.example.net"}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)

    def declare(stack: Stack) -> None:
        stack.ensure(RecordSet("web", zone, "app.example.com", "CNAME", 60, ["new.example.net"]))

    (refused,) = rig.plan(declare)
    assert f"provision import record_set/web '{zone}|app.example.com|CNAME'" in refused.why
    found = take(rig, declare, "record_set/web", f"{zone}|app.example.com|CNAME")
    assert (found.tags, [*found.changes]) == ({}, ["resource_records"])
    assert rig.up(declare).ok().writes == ["ChangeResourceRecordSets"]
    assert rig.plan(declare) == []
    # it leads to nothing of this stack, in a zone that is not this stack's either
    assert rig.down().summary.exit_code == 1
    names = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert "app.example.com." in {one["Name"] for one in names}


@pytest.mark.parametrize("own", [False, True], ids=["the account's zone", "this stack's own zone"])
def test_a_record_to_another_stacks_balancer_is_never_imported(rig: Rig, *, own: bool) -> None:
    route53, domain = rig.cloud.client("route53"), "made.example.org" if own else "example.com"

    def zone_alone(stack: Stack) -> None:
        if own:
            stack.ensure(HostedZone("public", domain))

    rig.up(zone_alone).ok()
    ids = {zone["Name"]: zone["Id"].removeprefix("/hostedzone/") for zone in route53.list_hosted_zones()["HostedZones"]}
    zone = ids[f"{domain}."]
    network = make_network(rig.cloud)
    Net(rig.cloud, network.vpc, network.subnets).gateway()
    theirs, ours = (
        balancer(rig, network.subnets, f"{project}-{env}", Project=project, Environment=env)
        for project, env in (("shop", "prod"), ("ecs-sample", "dev"))
    )
    change(rig.cloud, zone, "CREATE", {"Name": f"app.{domain}", "Type": "A", "AliasTarget": theirs})

    def declare(stack: Stack) -> None:
        zone_alone(stack)
        stack.ensure(RecordSet("app", zone, f"app.{domain}", "A", alias_target=ours))

    refused = next(item for item in rig.plan(declare) if item.address == "record_set/app")
    assert f"{zone}|app.{domain}|A has the name of record_set/app" in refused.why
    assert "belongs to another stack (project shop, environment prod), so it is not changed" in refused.why
    assert "provision import" not in refused.why
    with pytest.raises(NotOwned, match=r"belongs to another stack \(project shop, environment prod\)"):
        take(rig, declare, "record_set/app", f"{zone}|app.{domain}|A")
    assert rig.up(declare).summary.exit_code == 1
    # what an earlier version has imported, or a state claims, is not theirs to change or to remove either
    with LocalStore(rig.directory, rig.config.name, "test", "0") as store:
        asked = RecordSet("app", zone, f"app.{domain}", "A", alias_target=theirs).fields()
        store.put(Record("record_set/app", "record_set", "ready", "", f"{zone}|app.{domain}|A", asked, step="step"))
    assert rig.up(declare).summary.exit_code == 1
    assert "project shop, environment prod" in str(rig.down().failures()["record_set/app"])
    with LocalStore(rig.directory, rig.config.name, "test", "0") as store:
        store.drop("record_set/app")
    if own:
        stays = str(rig.down().failures()["hosted_zone/public"])
        assert "app.made.example.org A (project shop, environment prod)" in stays
    found = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert theirs["DNSName"] in next(one for one in found if one["Type"] == "A")["AliasTarget"]["DNSName"]


def balancer(rig: Rig, subnets: list[str], name: str, **tags: str) -> dict[str, Any]:
    """An alias that leads to a new load balancer of that name and these tags."""
    pairs = [{"Key": key, "Value": value} for key, value in {**tags, "ManagedBy": "provisioner"}.items()]
    (made,) = rig.cloud.client("elbv2").create_load_balancer(Name=name, Subnets=subnets, Tags=pairs)["LoadBalancers"]
    return {"HostedZoneId": made["CanonicalHostedZoneId"], "DNSName": made["DNSName"], "EvaluateTargetHealth": False}


# -- refusals ---------------------------------------------------------------------------------------------------------


def groups(stack: Stack) -> None:
    stack.ensure(LogGroup("web", "/ecs/web", 7))
    stack.ensure(LogGroup("api", "/ecs/api", 7))


def test_another_stacks_resource_is_refused_and_left_alone(rig: Rig) -> None:
    tags = {"Project": "other", "Environment": "prod", "ManagedBy": "provisioner", "provisioner:address": "log_group/x"}
    rig.cloud.client("logs").create_log_group(logGroupName="/ecs/web", tags=tags)
    since = max(call["number"] for call in rig.cloud.calls())
    with pytest.raises(NotOwned, match=r"/ecs/web belongs to another stack \(project other, environment prod\)"):
        take(rig, groups, "log_group/web", "/ecs/web")
    assert [call for call in rig.cloud.calls(since) if call["write"]] == []
    assert rig.state().records == {}


def test_what_cannot_be_imported_is_said_in_one_sentence(rig: Rig) -> None:
    def fixed(stack: Stack) -> None:
        stack.ensure(Repository("web", "web/web", "IMMUTABLE", NO_SCAN, None))
        stack.ensure(Vpc("main", "10.0.0.0/16"))

    vpc = rig.cloud.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    with pytest.raises(ReplacementRequired, match=r"cidr_block is '10.1.0.0/16', but declared as '10.0.0.0/16'"):
        take(rig, fixed, "vpc/main", vpc)
    for name in ("vpc-0123456789abcdef0", "no id at all"):
        with pytest.raises(Exception, match=r"cannot import vpc|refused"):
            take(rig, fixed, "vpc/main", name)
    with pytest.raises(ConfigurationError, match="did you mean repository/web"):
        take(rig, fixed, "repository/wed", "web/web")
    rig.up(groups).ok()
    with pytest.raises(ConfigurationError, match="log_group/web is already in the state"):
        take(rig, groups, "log_group/web", "/ecs/web")
    with pytest.raises(
        ConfigurationError, match="already in the state as log_group/api: to rename it, run `provision state mv"
    ):
        take(rig, lambda stack: stack.ensure(LogGroup("new", "/ecs/api", 7)), "log_group/new", "/ecs/api")


def test_what_depends_on_what_is_not_there_is_not_imported(rig: Rig) -> None:
    """The comparison would need values that are not known yet, and the record would depend on resources without one."""

    def nested(stack: Stack) -> None:
        vpc = stack.ensure(Vpc("main", "10.0.0.0/16"))
        gateway = stack.ensure(InternetGateway("main", vpc.id))
        stack.ensure(Vpc("other", "10.9.0.0/16"), after=[gateway])

    ec2 = rig.cloud.client("ec2")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    with pytest.raises(ConfigurationError, match="depends on vpc/main: create or import that first"):
        take(rig, nested, "internet_gateway/main", gateway)
    assert rig.state().records == {}


# -- called otherwise, forgotten ------------------------------------------------------------------------------------


def test_a_renamed_resource_is_not_created_twice(rig: Rig) -> None:
    def declare(name: str) -> Declare:
        def step(stack: Stack) -> None:
            net = stack.ensure(Vpc(f"{name}", "10.9.0.0/16"))
            stack.ensure(Subnet(name, net.id, "ap-northeast-1a", "10.9.1.0/24"))

        return step

    rig.up(declare("old")).ok()
    with LocalStore(rig.directory, rig.config.name, "state mv", "0") as store:
        for type_name in ("vpc", "subnet"):
            with pytest.raises(ConfigurationError, match=f"write {type_name}/NAME"):
                edit.rename(store, f"{type_name}/old", "role/new")
        assert edit.rename(store, "vpc/old", "vpc/new") == ["subnet/old"]
        assert edit.rename(store, "subnet/old", "subnet/new") == []
        assert store.records["subnet/new"].dependencies == ["vpc/new"]
        with pytest.raises(ConfigurationError, match="there is no record vpc/old"):
            edit.rename(store, "vpc/old", "vpc/newer")
    planned = rig.plan(declare("new"))
    assert [(item.address, item.action, [*item.changes]) for item in planned] == [
        ("vpc/new", "change", ["address"]),
        ("subnet/new", "change", ["address"]),
    ]
    assert rig.up(declare("new")).ok().writes == ["CreateTags", "CreateTags"]
    assert rig.plan(declare("new")) == []
    rig.directory.joinpath("state.json").unlink()
    ended = rig.up(declare("new")).ok()
    assert ended.writes == []
    assert dict(ended.summary.counts) == {"adopted": 2}
    rig.down().ok()


def test_killed_while_it_is_called_otherwise_nothing_is_removed(rig: Rig) -> None:
    rig.up(groups).ok()
    with LocalStore(rig.directory, rig.config.name, "state mv", "0") as store:
        old = store.records["log_group/web"]
        edit.rename(store, "log_group/web", "log_group/new")
        store.put(old)
        assert edit.rename(store, "log_group/web", "log_group/new") == []
        store.put(old)
    assert rig.plan(groups) == [], "the other name has nothing of its own"
    assert rig.up(groups).ok().writes == []
    assert [*rig.state().records] == ["log_group/api", "log_group/web"]


def test_forgotten_it_stays_in_the_cloud_and_up_finds_it(rig: Rig) -> None:
    def declare(stack: Stack) -> None:
        role = stack.ensure(Role("web", "web", TRUST))
        stack.ensure(InstanceProfile("web", "web", role.id))

    rig.up(declare).ok()
    with LocalStore(rig.directory, rig.config.name, "state rm", "0") as store:
        with pytest.raises(ConfigurationError, match="role/web is a dependency of instance_profile/web"):
            edit.to_forget(store, "role/web", force=False)
        assert edit.to_forget(store, "role/web", force=True) == "web itself is not changed"
        store.drop("role/web")
    ended = rig.up(declare).ok()
    assert ended.writes == []
    assert ended.summary.counts["adopted"] == 1


# -- tags, by every API -----------------------------------------------------------------------------------------------


def everything(stack: Stack) -> None:
    """Declare one resource of nearly every resource type that has tags."""
    net = stack.ensure(Vpc("main", "10.9.0.0/16"))
    zones = [stack.ensure(Subnet(z, net.id, f"ap-northeast-1{z}", f"10.9.{n}.0/24")).id for n, z in enumerate("ac")]
    stack.ensure(DbSubnetGroup("main", "main", "main", zones))
    stack.ensure(HostedZone("main", "main.internal", net.id))
    space = stack.ensure(PrivateDnsNamespace("main", "svc.internal", net.id, "main"))
    dns = {"RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": "A", "TTL": 10}]}
    stack.ensure(DiscoveryService("main", "main", space.id, dns, {"FailureThreshold": 1}))
    stack.ensure(TargetGroup("main", "main", net.id, "/"))
    for named in NAMED:
        stack.ensure(named.resource)
    stack.ensure(InstanceProfile("main", "main", "${role/web:id}"))


def test_the_tags_of_every_resource_type_are_read_and_put_on(rig: Rig) -> None:
    rig.up(everything).ok()
    aws, seen = rig.aws().knowing(KnownResources(rig.state().records)), set()
    for address, record in rig.state().records.items():
        resource_type = RESOURCE_TYPES[record.type]
        (live,) = [live for live in aws.live(resource_type) if live.id == record.id]
        assert tagging.read(aws, resource_type, live) == {
            **tagging.read(aws, resource_type, live),
            **aws.tags(address),
        }, address
        aws.tag(resource_type, live, f"{record.type}/other")
        assert aws.address_in(tagging.read(aws, resource_type, live)) == f"{record.type}/other", address
        seen.add(resource_type.service)
    arn = rig.cloud.client("acm").request_certificate(DomainName="web.example.com")["CertificateArn"]
    template = {"LaunchTemplateName": "one", "LaunchTemplateData": {"ImageId": "ami-1", "InstanceType": "c5.large"}}
    rig.cloud.client("ec2").create_launch_template(**template)
    rig.cloud.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="g",
        MinSize=0,
        MaxSize=0,
        LaunchTemplate={"LaunchTemplateName": "one", "Version": "$Latest"},
        AvailabilityZones=["ap-northeast-1a"],
    )
    for resource_type, name in ((RESOURCE_TYPES["certificate"], arn), (RESOURCE_TYPES["auto_scaling_group"], "g")):
        aws.tag(resource_type, Observed(name, {}), f"{resource_type.type_name}/web")
        assert tagging.read(aws, resource_type, Observed(name, {})) == aws.tags(f"{resource_type.type_name}/web")
    assert seen == {"ec2", "ecr", "ecs", "elbv2", "iam", "logs", "rds", "route53", "servicediscovery", "ssm"}
