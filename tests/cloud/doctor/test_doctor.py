"""`provision doctor` on a healthy account and on sick ones: each line with its verdict, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dns.resolver
import pytest

from ecs_emulator import manage
from provisioner.config.models import Config
from provisioner.docker.credentials import Login
from provisioner.docker.manifests import Manifest
from provisioner.docker.reference import parse
from provisioner.docker.registry import Registries
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.events import Checked, Event
from provisioner.operations.context import state_bucket
from provisioner.operations.doctor import before_up
from provisioner.operations.doctor.caller import NotSimulated, asking
from provisioner.operations.doctor.context import Context
from provisioner.operations.doctor.examine import CHECKS, together
from provisioner.permissions.policy import documents
from provisioner.permissions.table import needed
from provisioner.render import doctor as show
from provisioner.resources.ec2.network import Subnet, Vpc
from provisioner.resources.ecr.images import login
from provisioner.state.model import Record
from provisioner.steps.stack import Stack
from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.outside import DOCKER, digest_of, outside
from tests.cloud.project import Project, kms_key, put_index, web_acl
from tests.cloud.rig import Rig
from tests.ways import calls

pytestmark = world.EMPTY

FILE = Path("stack.toml")
REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
AMD64, ARM64 = {"os": "linux", "architecture": "amd64"}, {"os": "linux", "architecture": "arm64"}
SERVICES = {
    "web": {"image": f"{REGISTRY}/web:1", "port": 80, "public": True, "launch": "ec2", "calls": ["api"]},
    "api": {"image": f"{REGISTRY}/api:1", "port": 8080, "database": True},
}


def push(cloud: EmbeddedCloud, repository: str, *platforms: dict[str, str]) -> None:
    """Put an index for these platforms into a new repository of ECR."""
    ecr = cloud.client("ecr")
    ecr.create_repository(repositoryName=repository)
    put_index(ecr, repository, *platforms)


@pytest.fixture
def account(cloud: EmbeddedCloud) -> EmbeddedCloud:
    """A healthy account: the domain, both images, and quotas that leave room."""
    for name in ("web", "api"):
        push(cloud, name, AMD64, ARM64)
    cloud.control("POST", "quota", "service=ec2&code=L-34B43A08&value=64")
    return cloud


def configured(services: Any = None, **tables: Any) -> Config:
    """The configuration of these services, or of both, with a domain, and a database where one of them uses it."""
    services = services or SERVICES
    if any(one.get("database") for one in services.values()):
        tables = {"database": {}} | tables
    return Config.model_validate({"services": services, "dns": {"domain": "example.com"}, **tables})


Look = Callable[..., dict[str, Checked]]


@pytest.fixture
def look(rig: Rig, tmp_path: Path) -> Iterator[Look]:
    """Makes these checks, or all, on an account with both images; returns the results by the name of the check."""
    for name in ("web", "api"):
        push(rig.cloud, name, AMD64, ARM64)

    def examined(*names: str, services: Any = None, **tables: Any) -> dict[str, Checked]:
        config = configured(services, **tables)
        aws = replace(rig, config=config, facts=replace(rig.facts, region=config.region)).aws()
        seen = list[Event]()
        checks = {name: check for name, check in CHECKS.items() if name in names or not names}
        found = together(Context(aws, config, tmp_path / "stack.toml", lambda _: {}), seen.append, checks)
        assert sorted(map(str, seen)) == sorted(map(str, found)), "each is told as soon as it is known"
        assert not [call for call in calls(aws) if not call.read]
        return {one.check: one for one in found}

    yield examined
    rig.cloud.control("POST", "faults", "scenarios=")


def sick(found: dict[str, Checked], *verdicts: str) -> set[str]:
    """Return the names of the checks with these verdicts; if none is named, of all checks that are not ok."""
    return {name for name, one in found.items() if one.verdict in (verdicts or ("warning", "failed", "unknown"))}


# -- the command ---------------------------------------------------------------------------------------------------


@pytest.fixture
def project(account: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    here = Project(account, tmp_path)
    here.write(f"""
[database]

[services.web]
image = "{REGISTRY}/web:1"
port = 80
public = true
launch = "ec2"
calls = ["api"]

[services.api]
image = "{REGISTRY}/api:1"
port = 8080
database = true
""")
    yield here
    account.control("POST", "faults", "scenarios=")
    here.close()


def test_a_healthy_account_and_a_sick_one_from_the_command_line(project: Project) -> None:
    since = project.last_call()
    ended = project.run("doctor")
    lines = ended.out.splitlines()
    assert not [line for line in lines if line.startswith("! failed")]
    assert any(line.startswith("= ok") and "1 of 5 used, 1 more needed" in line for line in lines)
    assert "Next: `provision up`." in lines[-1]
    assert project.writes(since) == []
    project.cloud.control("POST", "quota", "service=vpc&code=L-F678F1CE&value=1")
    document = project.run("doctor", "--json", code=1).document
    assert (document["ok"], document["counts"]["failed"]) == (False, 1)
    (failed,) = [one for one in document["checks"] if one["verdict"] == "failed"]
    assert failed["check"] == "quota VPCs"
    assert failed["text"] == "1 of 1 used, 1 more needed"
    assert "--quota-code L-F678F1CE --desired-value 2 --region ap-northeast-1`" in failed["fix"]


def test_nobody_is_asked_anything_without_valid_credentials(project: Project) -> None:
    project.cloud.control("POST", "faults", "scenarios=expired&only=^sts:")
    since = project.last_call()
    lines = project.run("doctor", code=1).out.splitlines()
    assert lines[0].startswith("! failed   credentials   expired (ExpiredToken): renew them")
    assert {call["service"] for call in project.cloud.calls(since)} == {"sts"}


# -- what is not ok ------------------------------------------------------------------------------------------------


def test_what_may_not_be_asked_is_unknown_and_no_failure(look: Look, rig: Rig) -> None:
    rig.cloud.control("POST", "faults", "scenarios=denied&only=^(servicequotas:|ec2:DescribeRegions|ecr:BatchGetImage)")
    found = look("region", "images", "quota VPCs")
    assert sick(found, "failed") == set()
    assert found["region"].text == "the caller may not call DescribeRegions"
    assert found["image web"].verdict == found["quota VPCs"].verdict == "unknown"
    assert show.exit_code(list(found.values())) == 0


def test_no_zone_and_no_delegation(look: Look, rig: Rig) -> None:
    domain = {"domain": "nowhere.example"}
    found = look("public zone", "delegation", dns=domain)
    assert sick(found, "failed") == {"public zone"}
    assert found["delegation"].verdict == "unknown"
    assert "this account has no public hosted zone of that name" in found["public zone"].text
    rig.cloud.client("route53").create_hosted_zone(Name="nowhere.example", CallerReference="1")
    found = look("public zone", "delegation", dns=domain)
    assert sick(found) == {"delegation"}
    assert "is not delegated to its hosted zone" in found["delegation"].text
    assert found["delegation"].fix.count("awsdns") == 4
    assert look("delegation", dns={"domain": "later.example", "create_zone": True})["delegation"].verdict == "warning"


def test_govcloud_has_no_public_zones(look: Look) -> None:
    """This holds for a zone that `create_zone` would make, too."""
    found = look(
        "public zone", "delegation", region="us-gov-west-1", dns={"domain": "example.com", "create_zone": True}
    )
    assert found["public zone"].verdict == "failed"
    assert found["public zone"].text.startswith("us-gov-west-1 is in AWS GovCloud (US)")
    assert found["public zone"].fix == "set region to one outside GovCloud, or remove dns.domain"
    assert found["delegation"].verdict == "unknown"


def test_several_zones_of_the_domain(look: Look, rig: Rig) -> None:
    rig.cloud.client("route53").create_hosted_zone(Name="example.com", CallerReference="2")
    assert "2 public hosted zones" in look("public zone")["public zone"].text


@pytest.mark.parametrize(
    ("record", "verdict"),
    [('0 issue "letsencrypt.org"', "failed"), ('0 issue "amazon.com; policy=ev"', "ok"), ('0 issuewild ";"', "failed")],
)
def test_records_that_forbid_amazons_certificates(look: Look, rig: Rig, record: str, verdict: str) -> None:
    put_record(rig, "example.com", "CAA", record)
    assert look("caa")["caa"].verdict == verdict


def put_record(rig: Rig, name: str, record_type: str, value: str) -> None:
    """Put a record into the account's zone."""
    route53 = rig.cloud.client("route53")
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    record_set = {"Name": name, "Type": record_type, "TTL": 60, "ResourceRecords": [{"Value": value}]}
    change = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record_set}]}
    route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch=change)


def test_doctor_asks_no_resolver_for_a_name_still_to_be_made(
    look: Look, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resolver would cache that the name does not exist, and tell users so after `up`."""
    asked, resolve = list[str](), dns.resolver.Resolver.resolve

    def noting(self: dns.resolver.Resolver, name: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(str(name))
        return resolve(self, name, *arguments, **options)

    monkeypatch.setattr(dns.resolver.Resolver, "resolve", noting)
    assert look("caa", "delegation", "public name")["caa"].verdict == "ok"
    assert asked == ["com."]
    put_record(rig, "app.example.com", "CAA", '0 issue "letsencrypt.org"')
    found = look("caa")["caa"]
    assert (found.verdict, found.text[:38]) == ("failed", "the CAA records of app.example.com do ")


@pytest.mark.parametrize(
    ("record_type", "value", "verdict"), [("CNAME", "old.example.net", "failed"), ("AAAA", "2001:db8::1", "warning")]
)
def test_another_record_at_the_public_name(look: Look, rig: Rig, record_type: str, value: str, verdict: str) -> None:
    put_record(rig, "app.example.com", record_type, value)
    found = look("public name")["public name"]
    assert found.verdict == verdict
    assert value in found.text
    assert found.fix.startswith("Delete it")


@pytest.mark.parametrize("mode", ["block-bidirectional", "block-ingress"])
def test_public_access_that_the_account_blocks(look: Look, rig: Rig, mode: str) -> None:
    ec2 = rig.cloud.client("ec2")
    assert look("public access")["public access"].verdict == "ok"
    ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode=mode)
    found = look("public access")["public access"]
    assert (found.verdict, found.text) == (
        "warning",
        f"VPC Block Public Access is {mode}: nobody will reach the load balancer from the internet",
    )
    assert found.fix.startswith("once `up` has made the VPC, exclude it: `aws ec2 create-vpc-block")
    rig.up(lambda stack: stack.ensure(Vpc("main", "10.0.0.0/16"))).ok()
    (vpc,) = [live.id for live in rig.aws().live(Vpc) if live.owned]
    rig.close()
    assert f"--vpc-id {vpc} " in look("public access")["public access"].fix
    ec2.create_vpc_block_public_access_exclusion(VpcId=vpc, InternetGatewayExclusionMode="allow-egress")
    assert look("public access")["public access"].verdict == "warning"
    ec2.create_vpc_block_public_access_exclusion(VpcId=vpc, InternetGatewayExclusionMode="allow-bidirectional")
    assert look("public access")["public access"].verdict == "ok"
    ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="off")


def test_too_few_zones_and_types_that_are_not_offered(look: Look) -> None:
    found = look("instance types", "zones", network={"zones": 4})
    assert sick(found) == {"zones"}
    assert "only 3 Availability Zones" in found["zones"].text
    found = look("instance types", "zones", capacity={"instance_types": ["c5.large", "q9.large"]})
    assert sick(found, "failed") == {"instance types", "zones"}
    assert "q9.large" in found["instance types"].text


def test_images_that_are_missing_or_for_another_processor(look: Look, rig: Rig) -> None:
    push(rig.cloud, "arm", ARM64)
    with outside() as elsewhere:
        elsewhere.image("1")
        services = {
            "gone": {"image": f"{REGISTRY}/web:2", "port": 80},
            "none": {"image": f"{REGISTRY}/none:1", "port": 80},
            "arm": {"image": f"{REGISTRY}/arm:1", "port": 80},
            "hub": {"image": "nginx:1", "port": 80},
            "near": {"image": f"{elsewhere.host}/web:1", "port": 80},
            "lost": {"image": f"{elsewhere.host}/web:2", "port": 80},
        }
        found = look("images", services=services)
    assert sick(found, "failed") == {"image gone", "image none", "image arm", "image lost"}
    assert "is for linux/arm64, but tasks run on linux/amd64" in found["image arm"].text
    assert found["image hub"].verdict == "warning", "tests ask nobody outside, and a rehearsal does without the image"
    assert found["image near"].text.endswith("exists, for linux/amd64; `up` copies it to ECR if needed")


@world.REAL
def test_a_single_image_tells_its_processor_in_its_configuration(look: Look, rig: Rig) -> None:
    ecr = rig.cloud.client("ecr")
    ecr.create_repository(repositoryName="single")
    access = login(rig.aws())
    registry = Registries(login=lambda _: Login(access["username"], access["password"]))
    runs = {"config": {"Entrypoint": ["/web"]}}
    for tag, platform in (("1", AMD64 | runs), ("2", ARM64 | runs), ("3", AMD64)):
        image = parse(f"{rig.cloud.endpoint.removeprefix('http://')}/single:{tag}")
        config = json.dumps(platform).encode()
        part: dict[str, Any] = {"digest": digest_of(config), "size": len(config), "mediaType": "x"}
        registry.upload(image, part["digest"], len(config), [config])
        manifest = {"schemaVersion": 2, "mediaType": DOCKER, "config": part, "layers": []}
        assert registry.put(image, Manifest(json.dumps(manifest).encode(), DOCKER)) == ""
    services = {f"s{tag}": {"image": f"{REGISTRY}/single:{tag}", "port": 80} for tag in "123"}
    found = look("images", services=services)
    assert found["image s1"].text.endswith("exists, for linux/amd64")
    assert "is for linux/arm64" in found["image s2"].text
    assert "has neither an ENTRYPOINT nor a CMD" in found["image s3"].text


def test_no_engine_where_something_is_built(look: Look, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text("FROM scratch\n")
    services = {"web": {"build": "app", "port": 80}}
    found = look("docker", services=services, target="aws", network={"allow": ["192.0.2.0/24"]})
    assert found["image web"].verdict == "failed"
    assert found["image web"].text.endswith("but no Docker engine responds")
    assert look("docker", services=services)["image web"].verdict == "warning", "the embedded cloud does without"


def test_the_states_bucket(look: Look, rig: Rig) -> None:
    state = {"bucket": "states-of-a-team"}
    found = look("state bucket", "state", state=state)["state bucket"]
    assert (found.verdict, found.text) == ("failed", "there is no bucket states-of-a-team")
    s3 = rig.cloud.client("s3")
    s3.create_bucket(Bucket="states-of-a-team", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    found = look("state bucket", state=state)["state bucket"]
    assert (found.verdict, "versioning enabled" in found.text) == ("warning", True)
    bucket = state_bucket.bucket(configured(state=state), rig.aws(), s3)
    for repair_step in bucket.to_repair():
        bucket.repair(repair_step)
    assert look("state bucket", state=state)["state bucket"].verdict == "ok"
    found = look("state bucket", state=state, region="eu-west-1")["state bucket"]
    assert (found.verdict, found.text) == (
        "warning",
        "states-of-a-team is in ap-northeast-1, but the stack is in eu-west-1",
    )
    rig.cloud.control("POST", "faults", "scenarios=denied&only=^s3:")
    assert look("state bucket", state=state)["state bucket"].verdict == "unknown"


# -- permissions ---------------------------------------------------------------------------------------------------


@pytest.fixture
def allow(rig: Rig) -> Callable[..., None]:
    """Puts the policy of a configuration in force, without some of its actions."""

    def put(*besides: str, **tables: Any) -> None:
        config = configured(**tables)
        wanted = [one for one in needed(config, account="123456789012") if one.name not in besides]
        texts = [json.dumps(document) for document in documents(wanted)]
        files = [{"name": f"policy {number}", "text": text} for number, text in enumerate(texts, 1)]
        manage.set_policies(rig.cloud.process, files)

    return put


def test_the_printed_policy_is_all_that_is_needed(look: Look, allow: Callable[..., None]) -> None:
    allow()
    found = look()
    assert found["permissions"].text.startswith("all "), found["permissions"].text
    assert sick(found, "failed", "unknown") == set(), "the images too, in repositories of somebody else"


def test_what_options_take_is_asked_for_with_them(look: Look, allow: Callable[..., None], rig: Rig) -> None:
    options = {
        "kms_key": "alias/example",
        "logs": {"kms_key": kms_key(rig.cloud)},
        "network": {"flow_logs": True},
        "load_balancer": {"access_logs": True, "waf_acl": web_acl(rig.cloud, "example")},
    }
    allow(**options)
    assert look("permissions", **options)["permissions"].verdict == "ok"
    # the buckets of a stack are asked for by the pattern of their names, flow logs by the type alone
    allow("s3:CreateBucket", **options)
    found = look("permissions", **options)["permissions"]
    told = "denied by the caller's policies, unless they allow the stack's resources by name: s3:CreateBucket"
    assert (found.verdict, found.text) == ("warning", told)
    allow("ec2:CreateFlowLogs", **options)
    found = look("permissions", **options)["permissions"]
    assert (found.verdict, found.text) == ("failed", "denied by the caller's policies: ec2:CreateFlowLogs")
    # a key's own policy may allow what the caller's policies do not, and the simulation does not see it
    allow("kms:RetireGrant", **options)
    found = look("permissions", **options)["permissions"]
    told = "denied by the caller's policies, unless the policy of the KMS key allows it: kms:RetireGrant"
    assert (found.verdict, found.text) == ("warning", told)


def test_actions_that_are_denied(look: Look, allow: Callable[..., None]) -> None:
    allow("ec2:CreateVpc", "iam:PassRole", "ecs:StopTask")
    found = look("permissions")["permissions"]
    assert found.verdict == "warning", "one line for what is needed now, one for other cases: the last is kept here"
    assert found.text == "denied, but needed only in some cases: ecs:StopTask"
    allow("ec2:CreateVpc")
    found = look("permissions")["permissions"]
    assert (found.verdict, found.text) == ("failed", "denied by the caller's policies: ec2:CreateVpc")
    allow("iam:PassRole")
    found = look("permissions")["permissions"]
    assert (found.verdict, found.text) == ("failed", "denied by the caller's policies: iam:PassRole")
    allow("ecr:CreateRepository")
    found = look("permissions")["permissions"]
    told = "denied by the caller's policies, unless they allow the stack's resources by name: ecr:CreateRepository"
    assert (found.verdict, found.text) == ("warning", told)
    allow("iam:SimulatePrincipalPolicy")
    assert look("permissions")["permissions"].text == "the caller may not call SimulatePrincipalPolicy"


def test_what_is_not_told_of_the_caller_does_not_end_the_check(look: Look, allow: Callable[..., None]) -> None:
    allow("iam:GetUser", "organizations:DescribeOrganization")
    found = look("permissions")["permissions"]
    assert (found.verdict, found.text) == (
        "warning",
        "denied, but needed only in some cases: iam:GetUser, organizations:DescribeOrganization",
    )


def test_an_assumed_role_stands_for_the_role_with_its_path(rig: Rig) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    role = rig.cloud.client("iam").create_role(
        RoleName="admin",
        Path="/teams/",
        AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}),
        Tags=[{"Key": "team", "Value": "shop"}],
    )["Role"]["Arn"]
    assert role == "arn:aws:iam::123456789012:role/teams/admin"
    identity = {"Arn": "arn:aws:sts::123456789012:assumed-role/admin/me", "UserId": "AROA1:me"}
    caller = asking(rig.aws(), identity)
    assert caller.arn == role
    assert caller.context["aws:PrincipalArn"] == (role,)
    assert caller.context["aws:PrincipalTag/team"] == ("shop",)
    assert caller.context["aws:userid"] == ("AROA1:me",)
    assert not {"aws:PrincipalOrgID", "aws:username", "aws:MultiFactorAuthPresent"} & caller.context.keys()
    rig.cloud.control("POST", "faults", "scenarios=denied&only=^iam:GetRole$")
    with pytest.raises(NotSimulated, match=r"may not read its own role admin \(iam:GetRole\)"):
        asking(rig.aws(), identity)


# -- quotas --------------------------------------------------------------------------------------------------------


def test_a_default_counts_where_no_value_is_applied(look: Look, rig: Rig) -> None:
    rig.cloud.control("POST", "quota", "service=vpc&code=L-F678F1CE")
    assert look("quota VPCs")["quota VPCs"].text == "1 of 5 used, 1 more needed"


def test_what_scaling_may_want_is_a_warning(look: Look, rig: Rig) -> None:
    found = look("quota Spot vCPUs", capacity={"instance_types": ["c5.large"], "max": 50})
    assert found["quota Spot vCPUs"].verdict == "warning"
    assert found["quota Spot vCPUs"].text == "0 of 5 used, 2 more needed, 100 when scaled out"
    rig.cloud.control("POST", "quota", "service=fargate&code=L-36FBB829&value=0")
    assert look("quota Fargate Spot vCPUs")["quota Fargate Spot vCPUs"].verdict == "failed"


def test_interfaces_and_targets_are_counted(look: Look, rig: Rig) -> None:
    """Endpoints and load balancer in 3 zones, the database, 2 tasks; 10 of each in a deployment, 5 instances."""
    scaled = {name: {**one, "scaling": {"max": 10}} for name, one in SERVICES.items()}
    found = look("quota network interfaces", "quota targets per load balancer", services=scaled)
    assert found["quota network interfaces"].text == "0 of 5000 used, 30 more needed, 78 when scaled out"
    assert found["quota targets per load balancer"].text == "0 of 1000 used, 1 more needed, 20 when scaled out"
    rig.cloud.control("POST", "quota", "service=elasticloadbalancing&code=L-7E6692B2&value=19")
    found = look("quota targets per load balancer", services=scaled)
    assert found["quota targets per load balancer"].verdict == "warning"


def test_room_for_all_tasks(look: Look, rig: Rig) -> None:
    assert (look("room")["room"].verdict, look("room")["room"].text) == (
        "ok",
        "for all tasks, also while they are replaced",
    )
    web = {"image": f"{REGISTRY}/web:1", "port": 80, "launch": "ec2", "cpu": 2048, "scaling": {"max": 10}}
    found = look("room", services={"web": web}, capacity={"max": 1})["room"]
    assert (found.verdict, found.fix[:6]) == ("warning", "set 10")
    found = look("room", services={"web": {**web, "count": 6}})["room"]
    assert (found.verdict, found.text[:17]) == ("failed", "capacity.max is 5")
    found = look("room", network={"allow": [f"10.{n}.0.0/16" for n in range(31)]})["room"]
    assert (found.verdict, found.text[:13]) == ("failed", "network.allow")


def network_of(block: str) -> Callable[[Stack], None]:
    """A step that makes a VPC with one private subnet."""

    def network(stack: Stack) -> None:
        vpc = stack.ensure(Vpc("main", "10.0.0.0/20"))
        stack.ensure(Subnet("private-a", vpc.id, "ap-northeast-1a", block))

    return network


def test_subnets_that_fill_up(look: Look, rig: Rig) -> None:
    rig.up(network_of("10.0.4.0/24")).ok()
    services = {"api": {**SERVICES["api"], "count": 200, "scaling": {"max": 200}}}
    here: dict[str, Any] = {"services": services, "network": {"cidr": "10.0.0.0/20", "zones": 3}}
    assert look("room", **here)["room"].verdict == "ok"
    ec2 = rig.cloud.client("ec2")
    (subnet,) = ec2.describe_subnets(Filters=[{"Name": "cidr-block", "Values": ["10.0.4.0/24"]}])["Subnets"]
    for _ in range(52):
        ec2.create_network_interface(SubnetId=subnet["SubnetId"])
    found = look("room", **here)["room"]
    assert found.verdict == "warning"
    assert found.text.endswith("has 199 free addresses, and a deployment of all tasks takes 200 in each")


# -- before `up` ---------------------------------------------------------------------------------------------------


def declared(rig: Rig, services: Any = None) -> Stack:
    stack = Stack(configured(services), rig.facts)
    stack.run()
    return stack


def test_up_is_refused_before_its_first_write(look: Look, rig: Rig) -> None:
    aws, stack = rig.aws(), declared(rig)
    before_up.check(aws, stack, FILE, {})
    assert any(notice.startswith("quota Spot vCPUs: ") for notice in stack.notices)
    rig.cloud.control("POST", "quota", "service=vpc&code=L-F678F1CE&value=1")
    with pytest.raises(ConfigurationError, match=r"nothing was changed:\n  quota VPCs: 1 of 1 used, 1 more"):
        before_up.check(aws, stack, FILE, {})
    before_up.check(aws, stack, FILE, {}, "repositories")
    assert all(call.read for call in calls(aws))
    made = {
        address: Record(address, item.resource.type_name, "ready", "", "x") for address, item in stack.declared.items()
    }
    aws = rig.aws()
    before_up.check(aws, stack, FILE, made)
    assert calls(aws) == []
