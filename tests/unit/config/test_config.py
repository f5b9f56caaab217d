"""The configuration: defaults, every refusal with its key and words, overrides, and the address plan."""

from __future__ import annotations

import itertools
import subprocess
import sys
from inspect import get_annotations
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from provisioner.config import sample
from provisioner.config.base import Model
from provisioner.config.capabilities import DEFAULT, OF_ROOT, dropped
from provisioner.config.deployment import Deployment
from provisioner.config.health import Health
from provisioner.config.models import SAMPLE, Config
from provisioner.config.network import Network, Tier
from provisioner.config.scaling import Scaling
from provisioner.config.services import OnDemand, Service
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError
from tests.unit.config.unplaced import unplaced

WEB = """
[services.web]
image = "web:1"
port = 8080
"""
NAMED = 'dns = { domain = "example.com" }\n'
PUBLIC = 'image = "i"\nport = 1\npublic = true\n'
API = 'services.api = { image = "i", port = 1, public = true }\n'
KEY = "arn:aws:kms:ap-northeast-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ACL = "arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/example/1234abcd-12ab-34cd-56ef-1234567890ab"
PRIVATE = 'image = "i"\nport = 1\n'
BUILT = '[services.web]\nbuild = "app"\nport = 1\n'


def write(directory: Path, text: str) -> Path:
    path = directory / "stack.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path, **overrides: str) -> list[str]:
    """The lines of the error that loading the file must raise."""
    with pytest.raises(ConfigurationError) as caught:
        load(path, **overrides)
    assert caught.value.exit_code == 4
    return str(caught.value).splitlines()


# -- valid settings


SPOKEN = f"""network.connect = "service-connect"
[services.a]
{PRIVATE}calls = ["b"]
[services.b]
{PRIVATE}protocol = "tcp"
"""


def test_the_least_that_is_a_stack_has_every_default(tmp_path: Path) -> None:
    config = load(write(tmp_path, WEB))

    assert (config.project, config.env, config.region, config.target) == (
        "ecs-sample",
        "dev",
        "ap-northeast-1",
        "local",
    )
    assert (config.name, config.fqdn) == ("ecs-sample-dev", "")
    assert config.network == Network(cidr="10.0.0.0/16", zones=3, allow=("my-ip",))
    assert config.capacity.instance_types == ("c5.large", "c5a.large")
    assert (config.capacity.spot, config.capacity.min, config.capacity.max) == (True, 0, 5)
    assert (config.dns.private_domain, config.dns.discovery_domain) == ("db.internal", "svc.internal")
    assert config.database is None
    assert config.account.trunking is True
    assert config.logs.retention_days == 7
    assert config.services == {
        "web": Service(
            image="web:1",
            port=8080,
            launch="fargate",
            on_demand=OnDemand(base=0, percent=0),
            public=False,
            calls=(),
            database=False,
            cpu=256,
            memory=512,
            count=1,
            deployment=Deployment(min_percent=100, max_percent=200),
            stop_timeout=None,
            environment={},
            scaling=None,
            user=None,
            read_only=False,
            capabilities=OF_ROOT,
        )
    }
    web = config.services["web"]
    assert (web.path, web.deregistration_delay) == (("/*",), 30)
    assert web.health == Health(path="/health", codes="200", interval=15, timeout=5, healthy=2, unhealthy=3, grace=60)
    assert web.health.command == ()


def test_the_sample_is_right_and_says_what_the_defaults_are() -> None:
    services = {"web": {"image": "web:1", "port": 1}}
    new: dict[str, Any] = {"account": {"role_path": "/{project}/{env}/"}, "dns": {"domain": "example.com"}}
    new["logs"] = {"insights": False}
    shown, defaults = load(SAMPLE), Config.model_validate({"services": services, "database": {}, **new})

    assert shown.model_dump(exclude={"services"}) == defaults.model_dump(exclude={"services"})
    assert list(shown.services) == ["frontend", "backend"]
    assert shown.services["frontend"].calls == ("backend",)
    assert shown.variables_of("frontend") == ["BACKEND_URL"]
    assert shown.variables_of("backend") == ["DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD"]


@pytest.mark.parametrize("with_app", [False, True])
def test_what_the_sample_has_in_comments_are_the_defaults(tmp_path: Path, *, with_app: bool) -> None:
    """Uncommented, only the settings that are examples change anything."""
    optional = (
        "host",
        "build_args",
        "path",
        "database",
        "cpu",
        "memory",
        "count",
        *(["health"] if with_app else []),
        "deployment",
        "stop_timeout",
        "deregistration_delay",
        "capabilities",
        "environment",
        "on_demand",
        "spot",
    )
    text = sample.text(with_app=with_app)
    # the stop timeout is ECS's own default
    example: dict[str, Any] = {"environment": {}, "stop_timeout": None}
    for key in optional:
        assert text.count(f"# {key} = ") == 1, key
        text = text.replace(f"# {key} = ", f"{key} = ")

    plain = load(write(tmp_path, sample.text(with_app=with_app)))
    shown = load(write(tmp_path, text))

    assert shown.services["frontend"].environment == {"LOG_LEVEL": "info"}
    frontend = shown.services["frontend"].model_copy(update=example)
    assert shown.model_copy(update={"services": {**shown.services, "frontend": frontend}}) == plain


def test_the_projects_own_stack_is_the_sample() -> None:
    own = Path(__file__).parents[3] / "stack.toml"
    assert own.read_text(encoding="utf-8") == sample.text(with_app=True), "write it anew with `init --with-app`"
    with_app, ready = load(own), load(SAMPLE)
    assert with_app.model_dump(exclude={"services"}) == ready.model_dump(exclude={"services"})
    assert {name: (service.build, service.dockerfile) for name, service in with_app.services.items()} == {
        "frontend": ("app", "frontend/Dockerfile"),
        "backend": ("app", "backend/Dockerfile"),
    }


@pytest.mark.parametrize(
    ("file", "env", "host"),
    [
        (NAMED, None, "app"),
        (NAMED, "dev", "app"),
        (NAMED, "staging", "app-staging"),
        (f'env = "prod"\n{NAMED}', None, "app"),
        (f'env = "prod"\n{NAMED}', "prod", "app"),
        (f'env = "prod"\n{NAMED}', "dev", "app-dev"),
        ('dns = { domain = "example.com", host = "www" }\n', "staging", "www"),
        ('dns = { domain = "example.org" }\n', "staging", "app-staging"),
    ],
)
def test_another_environment_has_a_host_name_of_its_own(tmp_path: Path, file: str, env: str | None, host: str) -> None:
    config = load(write(tmp_path, file + WEB), env=env)
    assert config.fqdn == f"{host}.{config.dns.domain}"


def test_an_error_beside_the_environment_is_reported_as_ever(tmp_path: Path) -> None:
    for text, env, told in (("", "St aging", "--env: "), ('dns = "x"\n', "staging", "dns: must be a table")):
        with pytest.raises(ConfigurationError) as refused:
            load(write(tmp_path, text + WEB), env=env)
        (line,) = str(refused.value).splitlines()
        assert told in line


PRODUCTION = """
env = "prod"
[services.web]
image = "web:1"
port = 80
[services.hosted]
image = "web:1"
port = 80
launch = "ec2"
"""


def test_production_has_no_spot_and_two_tasks_of_each_service(tmp_path: Path) -> None:
    config = load(write(tmp_path, PRODUCTION))
    assert (config.protect, config.capacity.spot) == (True, False)
    web, hosted = config.services["web"], config.services["hosted"]
    assert (web.on_demand, web.scaling, web.count) == (OnDemand(percent=100), None, 2)
    assert (hosted.on_demand, hosted.scaling, hosted.count) == (OnDemand(), None, 2)
    assert config.by_environment == (
        "capacity.spot",
        "services.web.on_demand",
        "services.web.count",
        "services.hosted.count",
    )


def test_production_has_two_tasks_of_a_service_that_scales(tmp_path: Path) -> None:
    config = load(write(tmp_path, f'env = "prod"\n{WEB}scaling = {{ cpu = 50 }}'))
    web = config.services["web"]
    assert (web.scaling, web.count) == (Scaling(min=2, max=10, cpu=50), 2)
    assert "services.web.scaling.min" in config.by_environment


def test_production_keeps_one_task_where_there_may_not_be_two(tmp_path: Path) -> None:
    config = load(write(tmp_path, f'env = "prod"\n{WEB}deployment = "recreate"'))
    assert config.services["web"].count == 1


def test_what_the_file_says_counts_also_in_production(tmp_path: Path) -> None:
    text = """
[capacity]
spot = true
[services.web]
image = "web:1"
port = 80
on_demand = { base = 1, percent = 50 }
scaling = { min = 1 }
[services.single]
image = "web:1"
port = 80
count = 1
[services.least]
image = "web:1"
port = 80
scaling = { max = 1 }
"""
    config = load(write(tmp_path, text), env="prod")
    assert config.capacity.spot is True
    assert config.services["web"].on_demand == OnDemand(base=1, percent=50)
    assert {name: service.least for name, service in config.services.items()} == {"web": 1, "single": 1, "least": 1}
    assert config.by_environment == ("services.single.on_demand", "services.least.on_demand")


@pytest.mark.parametrize("env", ["production", "prd", "live", "prod-eu", "eu-west-1-prod", "prod2", "live-acme"])
def test_production_has_more_names_than_one(tmp_path: Path, env: str) -> None:
    config = load(write(tmp_path, WEB), env=env)
    assert (config.protect, config.capacity.spot, config.services["web"].count) == (True, False, 2)


@pytest.mark.parametrize("env", ["dev", "staging", "product", "alive", "preprod", "pre-prod", "non-prod", "a-not-live"])
def test_other_environments_have_the_plain_defaults(tmp_path: Path, env: str) -> None:
    config = load(write(tmp_path, PRODUCTION), env=env)
    assert (config.capacity.spot, config.by_environment) == (True, ())
    assert {(one.count, one.on_demand.percent) for one in config.services.values()} == {(1, 0)}


@pytest.mark.parametrize("wrong", ["services = 3", 'services = { web = "x" }', 'capacity = "x"'])
def test_a_wrong_form_is_refused_in_production_as_elsewhere(tmp_path: Path, wrong: str) -> None:
    told = []
    for env in ("dev", "prod"):
        with pytest.raises(ConfigurationError) as refused:
            load(write(tmp_path, wrong + "\n"), env=env)
        told.append(str(refused.value))
    assert told[0] == told[1]


def test_tasks_begin_at_the_scalings_minimum(tmp_path: Path) -> None:
    config = load(write(tmp_path, WEB + "scaling = { min = 3, max = 6 }"))
    assert config.services["web"].count == 3


def test_nothing_changes_after_it_was_checked(tmp_path: Path) -> None:
    config = load(write(tmp_path, WEB))
    with pytest.raises(ValidationError):
        config.env = "prod"  # type: ignore[misc]


@pytest.mark.parametrize(
    "text",
    [
        'project = "a"',
        'region = "us-gov-west-1"',
        '[network]\ncidr = "172.31.0.0/20"\nzones = 4\nallow = ["0.0.0.0/0"]',
        '[network]\ncidr = "100.64.0.0/16"\nzones = 2\nallow = ["my-ip", "203.0.113.7/32"]',
        '[dns]\nprivate_domain = "internal"\ndomain = "xn--zckzah.example.co.jp"',
        '[capacity]\ninstance_types = ["m6i.24xlarge", "g4dn.xlarge", "trn1.2xlarge", "u-6tb1.56xlarge"]',
        '[capacity]\nmin = 5\n[services.on]\nimage = "a"\nport = 1\nlaunch = "ec2"',
        '[network]\negress = "public"',
        '[network]\nendpoints = ["sqs", "secretsmanager"]',
        '[capacity]\ninstance_types = ["t3.large", "c5n.large"]',
        "[database]\nmin_acu = 0.5\nmax_acu = 256",
        '[database]\nuser = "admin"',
        f'[load_balancer]\naccess_logs = true\nwaf_acl = "{ACL}"\n[network]\nflow_logs = true',
        '[database]\nreaders = 15\nbackup_days = 35\niam_authentication = true\nlogs = ["audit", "general"]',
        "[account]\ntrunking = false",
        "[logs]\nretention_days = 3653",
        'kms_key = "alias/example"',
        f'kms_key = "{KEY}"\n[logs]\nkms_key = "arn:aws:kms:ap-northeast-1:210987654321:alias/logs/all"',
        '[services.a-b]\nbuild = "app"\nport = 65535\nlaunch = "ec2"\ncpu = 128\nmemory = 6\nuser = "nobody"',
        f'[services.a]\n{PUBLIC}path = "/a/*"\n[services.b]\n{PUBLIC}',
        f'[services.a]\n{PUBLIC}health = "/?deep=1"',
        f'[services.a]\n{PUBLIC}health = {{ path = "/up", codes = "200,300-399,404", interval = 121, timeout = 120 }}',
        f"[services.a]\n{PUBLIC}health = {{ grace = 3600, healthy = 10, unhealthy = 2 }}\nderegistration_delay = 3600",
        f'[services.a]\n{PUBLIC}health = {{ command = "wget -qO- localhost", grace = 3600, timeout = 14 }}',
        f'[services.a]\n{PRIVATE}health = {{ command = ["/check"], interval = 5, timeout = 60, unhealthy = 1 }}',
        f'[services.a]\n{PRIVATE}launch = "ec2"\nstop_timeout = 600',
        f"[services.a]\n{PRIVATE}ephemeral_storage = 200\nulimits = {{ memlock = -1, nofile = 1048576 }}",
        f"[services.a]\n{PRIVATE}deployment = {{ min_percent = 0, max_percent = 100 }}",
        f"[services.a]\n{PRIVATE}scaling = {{ min = 2 }}\ndeployment = {{ max_percent = 150 }}",
        "\ufeff# a byte order mark",
    ],
)
def test_right(tmp_path: Path, text: str) -> None:
    load(write(tmp_path, text + WEB))


# Task sizes of the ECS API reference (RegisterTaskDefinition, memory): GiB from and to, and how many.
@pytest.mark.parametrize(
    ("cpu", "least", "most", "sizes"),
    [
        (256, 0.5, 2, 3),
        (512, 1, 4, 4),
        (1024, 2, 8, 7),
        (2048, 4, 16, 13),
        (4096, 8, 30, 23),
        (8192, 16, 60, 12),
        (16384, 32, 120, 12),
    ],
)
def test_every_size_of_fargate(cpu: int, least: float, most: int, sizes: int) -> None:
    def taken(memory: int) -> bool:
        try:
            Service(image="web:1", port=1, cpu=cpu, memory=memory)
        except ValidationError:
            return False
        return True

    allowed = [memory for memory in range(256, 131072, 256) if taken(memory)]
    assert (allowed[0], allowed[-1], len(allowed)) == (least * 1024, most * 1024, sizes)


# -- errors: text before [services.web], the key, and words of the message

TOP = [
    ('project = "Shop"', "project", ["lower-case", '"Shop"']),
    ('project = "shop-"', "project", ["single hyphens"]),
    ('project = "a--b"', "project", ["single hyphens"]),
    ('project = ""', "project", ["beginning with a letter"]),
    ('project = "aws-shop"', "project", ["Parameter Store"]),
    ('project = "internal-shop"', "project", ["Elastic Load Balancing"]),
    ('project = "internal"', "project", ["Elastic Load Balancing"]),
    ('project = "sg-shop"', "project", ["security groups"]),
    ('project = "sg"', "project", ["security groups"]),
    ('project = "sthree-shop"', "project", ["S3 refuses"]),
    ('project = "amzn-s3"\nenv = "demo"', "project", ["S3 refuses", "amzn-s3-demo-"]),
    ('[state]\nbucket = "amzn-s3-demo-mine"', "state.bucket", ["is not a bucket name"]),
    (f'project = "a-very-long-name-of-a-project"\n{API}', "project", ["32", "shorten", "by 5"]),
    ("project = 5", "project", ["must be text in quotes, not 5", 'write "5"']),
    ('env = "Dev"', "env", ["lower-case"]),
    ('region = "tokyo"', "region", ["region", "ap-northeast-1"]),
    ('target = "aww"', "target", ['"local" or "aws"', '"aww"']),
    ('targt = "aws"', "targt", ['did you mean "target"?']),
    ('cidr = "10.0.0.0/16"', "cidr", ["move it to the table [network]"]),
    (
        '[services.api]\nport = 1\nbuild = "x"\nkms_key = "alias/a"',
        "services.api.kms_key",
        ["for the whole stack there is kms_key or logs.kms_key"],
    ),
    ("retention_days = 7", "retention_days", ["move it to the table [queues.NAME] or to the table [logs]"]),
    ("network = 5", "network", ["must be a table, not 5"]),
    ('[network]\ncidr = "10.0.0.0"', "network.cidr", ["CIDR notation", '"10.0.0.0/32"']),
    ('[network]\ncidr = "10.0.0.5/16"', "network.cidr", ['did you mean "10.0.0.0/16"?']),
    ('[network]\ncidr = "10.0.0.0/255.255.0.0"', "network.cidr", ['did you mean "10.0.0.0/16"?']),
    ('[network]\ncidr = "10.0.0.0/33"', "network.cidr", ["CIDR notation"]),
    ('[network]\ncidr = "fd00::/16"', "network.cidr", ["IPv4"]),
    ('[network]\ncidr = "8.8.0.0/16"', "network.cidr", ["not private", "192.168.0.0/16"]),
    ('[network]\ncidr = "172.17.0.0/16"', "network.cidr", ["Docker", "10.0.0.0/16"]),
    ('[network]\ncidr = "172.17.128.0/20"', "network.cidr", ["Docker"]),
    ('[network]\ncidr = "10.0.0.0/8"', "network.cidr", ["no VPC larger than /16"]),
    ('[network]\ncidr = "10.0.0.0/21"', "network.cidr", ["need /20 or larger"]),
    ("[network]\nzones = 1", "network.zones", ["use 2 to 4"]),
    ("[network]\nzones = 5", "network.zones", ["use 2 to 4"]),
    ('[network]\nzones = "3"', "network.zones", ["a whole number", "write 3 without quotes"]),
    ("[network]\nzones = 3.0", "network.zones", ["a whole number, not 3.0"]),
    ("[network]\nzones = true", "network.zones", ["a whole number, not true"]),
    ("[network]\nallow = []", "network.allow", ["nobody could reach"]),
    ('[network]\nallow = "my-ip"', "network.allow", ["a list", 'write ["my-ip"]']),
    ('[network]\nallow = ["0.0.0.0"]', "network.allow", ['did you mean "0.0.0.0/0"?']),
    ('[network]\nallow = ["203.0.113.7"]', "network.allow", ['did you mean "203.0.113.7/32"?']),
    ('[network]\nallow = ["my_ip"]', "network.allow", ['write "my-ip"']),
    ('[network]\nallow = ["2001:db8::/32"]', "network.allow", ["IPv4"]),
    ('[network]\nallow = ["my-ip", "my-ip"]', "network.allow", ["twice"]),
    ('[network]\ncdir = "10.0.0.0/16"', "network.cdir", ['did you mean "cidr"?']),
    ("[network]\nqqq = 1", "network.qqq", ["allow, cidr, connect, egress, endpoints, flow_logs, subnets, vpc, zones"]),
    (
        f'[network]\nvpc = "vpc-01234567"\nsubnets = {{ private = {[f"subnet-{n:08}" for n in range(17)]} }}',
        "network.subnets.private",
        ["are 17", "at most 16"],
    ),
    ('[network]\negress = "yes"', "network.egress", ["none", "nat-per-zone", "public"]),
    ('[network]\nendpoints = ["com.amazonaws.eu-west-1.sqs"]', "network.endpoints", ["after the Region"]),
    ('[network]\nendpoints = ["s3"]', "network.endpoints", ["gateway endpoint"]),
    ('[network]\negress = "nat"\nendpoints = ["sqs"]', "network.endpoints", ["no use", "remove them"]),
    (
        '[network]\negress = "public"\n[services.on]\nimage = "a"\nport = 1\nlaunch = "ec2"',
        "network.egress",
        ["services.on", '"nat"'],
    ),
    ("[capacity]\nmin = 1", "capacity.min", ["no effect", 'launch = "ec2"']),
    ('[services.db]\nimage = "a"\nport = 1\ndatabase = true', "services.db.database", ["[database]"]),
    ('[dns]\ndomain = "example"', "dns.domain", ["not a domain name"]),
    ('[dns]\ndomain = "https://Example.com/"', "dns.domain", ['did you mean "example.com"?']),
    ('[dns]\ndomain = "example.com."', "dns.domain", ['did you mean "example.com"?']),
    ('[dns]\ndomain = "-a.example.com"', "dns.domain", ["not a domain name"]),
    ('[dns]\ndomain = "10.0.0.1"', "dns.domain", ["not a domain name"]),
    (f'[dns]\ndomain = "{"a" * 64}.com"', "dns.domain", ["not a domain name"]),
    (f'[dns]\ndomain = "{"a" * 60}.com"', "dns.host", ["68 characters", "at most 64"]),
    ('[dns]\nhost = "www.app"', "dns.host", ["single DNS label"]),
    ('[dns]\nprivate_domain = "db_internal"', "dns.private_domain", ["not a domain name"]),
    ('[dns]\nprivate_domain = "x.internal"\ndiscovery_domain = "x.internal"', "dns.discovery_domain", ["Cloud Map"]),
    ('[dns]\ndomain = "example.com"\nprivate_domain = "example.com"', "dns.private_domain", ["hide"]),
    ('[dns]\ndomain = "example.com"\ndiscovery_domain = "example.com"', "dns.discovery_domain", ["hide"]),
    ("[dns]\ncreate_zone = 1", "dns.create_zone", ["true or false, not 1"]),
    ('[dns]\ncreate_zone = "true"', "dns.create_zone", ["write true without quotes"]),
    ("[capacity]\ninstance_types = []", "capacity.instance_types", ["at least one"]),
    ('[capacity]\ninstance_types = ["c5"]', "capacity.instance_types", ["not an EC2 instance type"]),
    ('[capacity]\ninstance_types = ["c5.large", "c5.large"]', "capacity.instance_types", ["twice"]),
    ("[capacity]\nmin = 6", "capacity.min", ["more than capacity.max", "5"]),
    ("[capacity]\nmin = -1", "capacity.min", ["0 or more"]),
    ("[capacity]\nmax = 0", "capacity.max", ["1 or more"]),
    ('[database]\nname = "1st"', "database.name", ["a letter first"]),
    ('[database]\nname = "my-db"', "database.name", ["letters and digits"]),
    (f'[database]\nname = "{"a" * 65}"', "database.name", ["64"]),
    ('[database]\nuser = "RdsAdmin"', "database.user", ["reserved"]),
    ('[database]\nuser = "root"', "database.user", ["reserved by RDS or MySQL", '"dbadmin"']),
    ('[database]\nuser = "Select"', "database.user", ["reserved by RDS or MySQL"]),
    ('[database]\nname = "mysql"', "database.name", ["reserved by MySQL", '"sample"']),
    ('[database]\nname = "ORDER"', "database.name", ["reserved by MySQL"]),
    ('[database]\nengine = "postgres"', "database.engine", ['"aurora-mysql" or "aurora-postgresql"']),
    ('[database]\nengine = "aurora-postgresql"\nuser = "Admin"', "database.user", ["reserved by RDS or PostgreSQL"]),
    ('[database]\nengine = "aurora-postgresql"\nname = "order"', "database.name", ["reserved by PostgreSQL"]),
    (f'[database]\nengine = "aurora-postgresql"\nname = "{"a" * 64}"', "database.name", ["PostgreSQL", "63"]),
    ('[database]\nengine = "aurora-postgresql"\nlogs = ["error"]', "database.logs", ['no log "error"', '"postgresql"']),
    ('[database]\nlogs = ["postgresql"]', "database.logs", ["Aurora MySQL has no log", '"slowquery"']),
    (
        '[database]\nengine = "aurora-postgresql"\nlogs = ["iam-db-auth-error"]',
        "database.logs",
        ["iam_authentication = true"],
    ),
    ('[database]\nuser = "seventeen-letters"', "database.user", ["16"]),
    (f'[database]\nuser = "{"a" * 17}"', "database.user", ["16"]),
    ("[database]\nreaders = 16", "database.readers", ["0 to 15"]),
    ("[database]\nbackup_days = 0", "database.backup_days", ["1 to 35"]),
    ('[database]\niam_authentication = "yes"', "database.iam_authentication", ["true or false"]),
    ('[database]\nlogs = ["error", "slow"]', "database.logs", ["slowquery"]),
    ('[database]\nlogs = ["error", "error"]', "database.logs", ["twice"]),
    ("[database]\nmin_acu = 0.3", "database.min_acu", ["steps of 0.5"]),
    ("[database]\nmin_acu = -1", "database.min_acu", ["0 to 256"]),
    ("[database]\nmin_acu = nan", "database.min_acu", ["0 to 256"]),
    ("[database]\nmax_acu = inf", "database.max_acu", ["0 to 256"]),
    ("[database]\nmax_acu = 256.5", "database.max_acu", ["0 to 256"]),
    ("[database]\nmax_acu = 0.5", "database.max_acu", ["1 to 256"]),
    ("[database]\nmin_acu = 8", "database.min_acu", ["more than database.max_acu"]),
    ('[database]\nmax_acu = "4"', "database.max_acu", ["a number", "write 4 without quotes"]),
    ('kms_key = "1234abcd-12ab-34cd-56ef-1234567890ab"', "kms_key", ["not a KMS key", "alias/example"]),
    ('kms_key = "alias/aws/rds"', "kms_key", ["AWS managed key", "customer managed key"]),
    ('kms_key = "arn:aws:kms:ap-northeast-1:123456789012:alias/aws/ebs"', "kms_key", ["AWS managed key"]),
    (f'region = "eu-west-1"\nkms_key = "{KEY}"', "kms_key", ["in ap-northeast-1", "the stack is in eu-west-1"]),
    (f'region = "eu-west-1"\n[logs]\nkms_key = "{KEY}"', "logs.kms_key", ["in ap-northeast-1"]),
    ("[load_balancer]\naccess_logs = 1", "load_balancer.access_logs", ["true or false"]),
    ('[load_balancer]\nwaf_acl = "example"', "load_balancer.waf_acl", ["not the ARN of a web ACL"]),
    (f'[load_balancer]\nwaf_acl = "{ACL.replace("regional", "global")}"', "load_balancer.waf_acl", ["CloudFront"]),
    (f'region = "eu-west-1"\n[load_balancer]\nwaf_acl = "{ACL}"', "load_balancer.waf_acl", ["in ap-northeast-1"]),
    ("[network]\nflow_logs = 1", "network.flow_logs", ["true or false"]),
    (
        '[logs]\ninsights = false\n[alarms]\nemail = ["a@example.com"]',
        "logs.insights",
        ["alarms.running", "write true, or running = false under [alarms]"],
    ),
    ("[logs]\nretention_days = 8", "logs.retention_days", ["8 days", "nearest", "7"]),
    ('[account]\ntrunking = "no"', "account.trunking", ["true or false"]),
    ("[services]", "services", ["is empty", "a service or a job", "add [services.web], or [jobs.nightly]"]),
    ("services = {}", "services", ["is empty", "a service or a job"]),
    ("services = 1", "services", ["must be a table"]),
    ("", "services", ["is missing", "[services.web]"]),
]

SHIFTED = "port = 1\npublic = true\ndeployment = "
SERVICE = [
    ("port = 0", "port", ["0 is not a port", "1 to 65535"]),
    ("port = 65536", "port", ["65536 is not a port", "1 to 65535"]),
    ('port = "80"', "port", ["write 80 without quotes"]),
    ("pord = 1", "pord", ['did you mean "port"?']),
    ('port = 1\nenv = { A = "b" }', "env", ['did you mean "environment"?']),
    ('port = 1\nhost = "www"', "host", ['did you mean "hosts"']),
    ("port = 1\ncommand = []", "command", ["is empty", "a program and its arguments"]),
    ('port = 1\ncommand = "a \\"b"', "command", ["quotation mark"]),
    ('port = 1\nentrypoint = ""', "entrypoint", ["is empty"]),
    ('port = 1\ntarget = "a"', "target", ["has no effect on a prebuilt image"]),
    ('port = 1\narchitecture = "arm"', "architecture", ['"x86_64" or "arm64"']),
    ("public = true", "port", ["is missing", "a public service needs one"]),
    ('extends = "wev"\nport = 1', "extends", ['no service "wev"', 'did you mean "web"?']),
    ('port = 1\nbuild = "app"', "", ["both image and build"]),
    ('port = 1\nlaunch = "farget"', "launch", ['"ec2" or "fargate"', '"farget"']),
    ('port = 1\npath = "/x"', "path", ["not public", "public = true"]),
    ('port = 1\npublic = true\npath = "x"', "path", ["begin with /"]),
    ('port = 1\npublic = true\npath = "/a b"', "path", ["path pattern"]),
    (f'port = 1\npublic = true\npath = "/{"a" * 128}"', "path", ["at most 128"]),
    ('port = 1\ncalls = ["wob"]', "calls", ['no service "wob"', "web"]),
    ('port = 1\ncalls = ["web"]', "calls", ["cannot call itself"]),
    ('port = 1\ncalls = ["x", "x"]', "calls", ["twice"]),
    ("port = 1\ncpu = 300", "cpu", ["Fargate", "256, 512"]),
    ("port = 1\nmemory = 768", "memory", ["Fargate does not support 768 MiB with 256", "512, 1024, 2048"]),
    ("port = 1\ncpu = 4096\nmemory = 8191", "memory", ["8192 to 30720 in steps of 1024", "nearest: 8192"]),
    ('port = 1\nlaunch = "ec2"\ncpu = 0', "cpu", ["128 to 196608"]),
    ('port = 1\nlaunch = "ec2"\nmemory = 0', "memory", ["6 or more"]),
    ("port = 1\non_demand = { base = 1 }", "on_demand.base", ["percent of 1 or more", "add percent = 1"]),
    ("port = 1\non_demand = { base = -1, percent = 1 }", "on_demand.base", ["0 to 100000"]),
    ("port = 1\non_demand = { percent = 101 }", "on_demand.percent", ["0 to 100"]),
    ("port = 1\non_demand = true", "on_demand", ["must be a table"]),
    ("port = 1\ncircuit_breaker = { threshold = 0 }", "circuit_breaker.threshold", ["0 is no", "from 1 on", '"100%"']),
    ("port = 1\ncircuit_breaker = { threshold = true }", "circuit_breaker.threshold", ["true is no threshold"]),
    ('port = 1\ncircuit_breaker = { threshold = "0%" }', "circuit_breaker.threshold", ['"0%" is no threshold']),
    ('port = 1\ncircuit_breaker = { threshold = "101%" }', "circuit_breaker.threshold", ['"101%" is no threshold']),
    ("port = 1\ncircuit_breaker = 3", "circuit_breaker", ["must be a table"]),
    ('port = 1\nlaunch = "ec2"\non_demand = { percent = 100 }', "on_demand", ["capacity.spot", "remove on_demand"]),
    ("port = 1\ncount = 11\nscaling = { cpu = 70 }", "count", ["outside scaling", "1 to 10"]),
    ("port = 1\ncount = 0\nscaling = { cpu = 70 }", "count", ["outside scaling"]),
    ("port = 1\ncount = -1", "count", ["fewer than 0"]),
    ("port = 1\nscaling = { requests = 100 }", "scaling.requests", ["not public", "use cpu or memory"]),
    ("port = 1\nscaling = { memory = 101 }", "scaling.memory", ["1 to 100"]),
    ('port = 1\ncount = 2\ndeployment = "recreate"', "deployment", ["never lets two", "count = 1"]),
    ('port = 1\nscaling = { max = 3 }\ndeployment = "recreate"', "deployment", ["scaling.max is 3"]),
    ('port = 1\ndeployment = "bluegreen"', "deployment", ['"rolling", "recreate"', '"blue-green"']),
    ("port = 1\nscaling = { min = 0 }", "scaling.min", ["1 or more"]),
    ("port = 1\nscaling = { max = 0 }", "scaling.max", ["1 or more"]),
    ("port = 1\nscaling = { min = 4, max = 3 }", "scaling.min", ["more than scaling.max"]),
    ("port = 1\nscaling = { cpu = 0 }", "scaling.cpu", ["1 to 100"]),
    ("port = 1\nscaling = { cup = 50 }", "scaling.cup", ['did you mean "cpu"?']),
    ("port = 1\nscaling = 3", "scaling", ["must be a table"]),
    (
        "scaling = { scale_in_cooldown = -1 }",
        "scaling.scale_in_cooldown",
        ["-1 is not a cooldown in seconds: use 0 to 86400"],
    ),
    ("port = 1\nscaling = { resolution = 30 }", "scaling.resolution", ["must be 20 or 60, not 30"]),
    (
        "port = 1\npublic = true\nscaling = { requests = 9, resolution = 20 }",
        "scaling.resolution",
        ["no effect without cpu or memory", "remove resolution"],
    ),
    ('port = 1\npublic = true\nhealth = "health"', "health", ["not a health check path"]),
    ('port = 1\npublic = true\nhealth = { path = "up" }', "health.path", ["not a health check path"]),
    ("port = 1\npublic = true\nhealth = 200", "health", ["a table", "/up"]),
    ("port = 1\npublic = true\nhealth = { codes = 200 }", "health.codes", ['write "200"']),
    ('port = 1\npublic = true\nhealth = { codes = "2xx" }', "health.codes", ["200 to 499", '"200-399"']),
    ('port = 1\npublic = true\nhealth = { codes = "200-599" }', "health.codes", ["200 to 499"]),
    ('port = 1\npublic = true\nhealth = { codes = "399-200" }', "health.codes", ["200 to 499"]),
    ("port = 1\npublic = true\nhealth = { interval = 4 }", "health.interval", ["5 to 300"]),
    ("port = 1\npublic = true\nhealth = { timeout = 121, interval = 200 }", "health.timeout", ["2 to 120"]),
    ("port = 1\npublic = true\nhealth = { timeout = 15 }", "health.timeout", ["not below health.interval", "15"]),
    ("port = 1\npublic = true\nhealth = { healthy = 1 }", "health.healthy", ["2 to 10"]),
    ("port = 1\npublic = true\nhealth = { unhealthy = 1 }", "health.unhealthy", ["load balancer", "2 to 10"]),
    ("port = 1\npublic = true\nhealth = { grace = -1 }", "health.grace", ["use 0 to"]),
    ("port = 1\npublic = true\nhealth = { gracefully = 1 }", "health.gracefully", ['did you mean "grace"?']),
    ('port = 1\nhealth = "/up"', "health", ["not public", "health.command", "public = true", "remove"]),
    ("port = 1\nhealth = { grace = 90 }", "health", ["not public", "health.command"]),
    ('port = 1\nhealth = { command = "x", codes = "200" }', "health.codes", ["load balancer", "remove it"]),
    ('port = 1\nhealth = { command = "x", path = "/" }', "health.path", ["load balancer", "remove it"]),
    ('port = 1\nhealth = { command = "x", healthy = 3 }', "health.healthy", ["load balancer", "remove it"]),
    ('port = 1\nhealth = { command = "x", grace = 301 }', "health.grace", ["0 to 300"]),
    ('port = 1\nhealth = { command = "x", timeout = 61 }', "health.timeout", ["2 to 60"]),
    ('port = 1\nhealth = { command = "" }', "health.command", ["is empty"]),
    ("port = 1\nhealth = { command = [] }", "health.command", ["is empty"]),
    ("port = 1\nhealth = { command = true }", "health.command", ["must be a list"]),
    ('port = 1\nhealth = { command = ["CMD-SHELL", "x"] }', "health.command", ['"CMD-SHELL"', "leave that out"]),
    ("port = 1\nstop_timeout = 1", "stop_timeout", ["2 to 600"]),
    ("port = 1\nstop_timeout = 121", "stop_timeout", ["Fargate", "2 to 120"]),
    ("port = 1\nephemeral_storage = 20", "ephemeral_storage", ["20 is not a disk", "21 to 200"]),
    ('port = 1\nlaunch = "ec2"\nephemeral_storage = 30', "ephemeral_storage", ["instance's disk", "remove it"]),
    ("port = 1\nulimits = { files = 9 }", "ulimits.files", ["nofile"]),
    ("port = 1\nulimits = { nofile = -1 }", "ulimits.nofile", ["use at most 1048576"]),
    ("port = 1\nulimits = { nofile = 1048577 }", "ulimits.nofile", ["use at most 1048576"]),
    ("port = 1\nulimits = { nofile = '9' }", "ulimits.nofile", ["whole number", "table"]),
    ("port = 1\nulimits = { core = { soft = 2, hard = 1 } }", "ulimits.core.soft", ["more than hard, which is 1"]),
    ("port = 1\nulimits = { core = { soft = -1, hard = 1 } }", "ulimits.core.soft", ["unlimited is more than hard"]),
    ('port = 1\nprotocol = "REDIS"', "protocol", ["no scheme of a URL"]),
    ('protocol = "tcp"', "protocol", ["without a port", "add port"]),
    ('port = 1\npublic = true\nprotocol = "tcp"', "protocol", ['is "tcp"', "load balancer speaks HTTP"]),
    ("port = 1\nderegistration_delay = 60", "deregistration_delay", ["not public", "remove deregistration_delay"]),
    ("port = 1\npublic = true\nderegistration_delay = 3601", "deregistration_delay", ["0 to 3600"]),
    ("port = 1\ndeployment = { min_percent = 101 }", "deployment.min_percent", ["0 to 100"]),
    ("port = 1\ndeployment = { max_percent = 99 }", "deployment.max_percent", ["100 to 200"]),
    ("port = 1\ndeployment = { max_percent = 150 }", "deployment.min_percent", ["one task", "max_percent = 200"]),
    ("port = 1\ndeployment = { max_percent = 100 }", "deployment.min_percent", ["neither stop nor start"]),
    ('port = 1\ndeployment = "canary"', "deployment", ['"canary"', "not public", "add public = true"]),
    ('port = 1\npublic = true\ndeployment = "green"', "deployment", ["not a way to deploy", '"blue-green"']),
    (f"{SHIFTED}{{ strategy = 'canary', min_percent = 50 }}", "deployment.min_percent", ["for rolling", "remove it"]),
    (
        f"{SHIFTED}{{ strategy = 'linear', early_success = true }}",
        "deployment.early_success",
        ["for rolling", "remove"],
    ),
    (f"{SHIFTED}{{ strategy = 'blue-green', step_percent = 5 }}", "deployment.step_percent", ["canary and linear"]),
    (
        f"{SHIFTED}{{ strategy = 'linear', step_percent = 2 }}",
        "deployment.step_percent",
        ["too small for linear", "3 to"],
    ),
    (f"{SHIFTED}{{ strategy = 'canary', step_percent = 0.25 }}", "deployment.step_percent", ["multiple of 0.1"]),
    (f"{SHIFTED}{{ strategy = 'canary', bake_minutes = 1441 }}", "deployment.bake_minutes", ["0 to 1440"]),
    (f"{SHIFTED}{{ pause_at = ['post-scale-up'] }}", "deployment.pause_at", ["documents no stage", "use canary"]),
    (
        f"{SHIFTED}{{ strategy = 'canary', pause_at = ['production-traffic-shift'] }}",
        "deployment.pause_at",
        ["pauses no deployment while it shifts", "use pre- or post-production-traffic-shift"],
    ),
    (
        f"{SHIFTED}{{ strategy = 'canary', pause_at = ['bake-time'] }}",
        "deployment.pause_at",
        ["not a stage", "use pre-scale-up, "],
    ),
    (
        f"{SHIFTED}{{ strategy = 'canary', pause_at = ['pre-scale-up', 'pre-scale-up'] }}",
        "deployment.pause_at",
        ["listed twice"],
    ),
    (
        f"{SHIFTED}{{ strategy = 'canary', pause_at = ['pre-scale-up'], pause_minutes = 0 }}",
        "deployment.pause_minutes",
        ["1 to 20160"],
    ),
    (f"{SHIFTED}{{ test_port = 8443 }}", "deployment.test_port", ['strategy "rolling"', "remove it"]),
    (f"{SHIFTED}{{ strategy = 'canary', test_port = 443 }}", "deployment.test_port", ["such as 8443"]),
    (f"{SHIFTED}{{ strategy = 'canary', test_port = 65536 }}", "deployment.test_port", ["use 1 to 65535"]),
    (f"{SHIFTED}{{ strategy = 'canary', pause_minutes = 9 }}", "deployment.pause_minutes", ["without pause_at"]),
    (f"{SHIFTED}{{ strategy = 'canary', alarms = ['a', 'a'] }}", "deployment.alarms", ["listed twice"]),
    (f"{SHIFTED}'canary'\nscaling = {{ requests = 9 }}", "scaling.requests", ["uses two in turn", "use cpu or memory"]),
    ('port = 1\nuser = "a:b:c"', "user", ["user:group"]),
    ("port = 1\nread_only = 1", "read_only", ["true or false"]),
    ('port = 1\ncapabilities = ["SYS_ADMIN"]', "capabilities", ["SYS_ADMIN", "there are no others", "use AUDIT_WRITE"]),
    ('port = 1\ncapabilities = ["CAP_CHOWN"]', "capabilities", ["CAP_CHOWN", "use AUDIT_WRITE, CHOWN"]),
    ('port = 1\ncapabilities = ["CHOWN", "CHOWN"]', "capabilities", ["listed twice"]),
    ("port = 1\ncapabilities = true", "capabilities", ["list"]),
    ('port = 1\nenvironment = { "A-B" = "" }', "environment", ["underscores"]),
    ("port = 1\nenvironment = { A = 1 }", "environment.A", ['write "1"']),
    ('port = 1\nbuild_args = { BASE = "x" }', "build_args", ["no effect on a prebuilt image"]),
    ('port = 1\nbuild_args = { "A-B" = "" }', "build_args", ["underscores"]),
    ('port = 1\ndatabase = true\nenvironment = { DB_HOST = "x" }', "environment.DB_HOST", ["set by the stack"]),
]


@pytest.mark.parametrize(("text", "key", "words"), TOP)
def test_wrong_settings(tmp_path: Path, text: str, key: str, words: list[str]) -> None:
    path = write(tmp_path, text if key == "services" else text + WEB)
    (line,) = refusal(path)
    assert unplaced(line).startswith(f"{path}: {key}: ")
    assert all(word in line for word in words), line


def test_a_stack_may_have_jobs_alone_but_nothing_to_put_to_sleep(tmp_path: Path) -> None:
    jobs = "[jobs.a]\nimage = 'a:1'\n"
    assert load(write(tmp_path, jobs)).services == {}
    nights = "[schedule]\nsleep = 'cron(0 20 * * ? *)'\nwake = 'cron(0 7 * * ? *)'\n"
    (line,) = refusal(write(tmp_path, jobs + nights))
    assert "schedule: has no effect on a stack that has no service and no database: remove it" in line
    load(write(tmp_path, jobs + nights + "[database]\n"))


@pytest.mark.parametrize(("text", "key", "words"), SERVICE)
def test_wrong_services(tmp_path: Path, text: str, key: str, words: list[str]) -> None:
    path = write(tmp_path, f'[services.web]\nimage = "web:1"\n{text}\n')
    # A misspelt port is missing as well; that is a line of its own.
    lines = [line for line in refusal(path) if "is missing" not in line or key == "port"]
    (line,) = lines
    assert unplaced(line).startswith(f"{path}: services.web{'.' if key else ''}{key}: ")
    assert all(word in line for word in words), line


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("[services.web]\nport = 1", "services.web", ["neither image nor build"]),
        ('[services.web]\nport = 1\nimage = "https://x/y"', "services.web.image", ["not an image"]),
        ('[services.web]\nport = 1\nimage = "a b"', "services.web.image", ["not an image"]),
        ('[services.web]\nport = 1\nbuild = "/app"', "services.web.build", ["beside this file"]),
        ('[services.web]\nport = 1\nbuild = ""', "services.web.build", ["beside this file"]),
        (f'[services.web]\nport = 1\nbuild = "{"x" * 256}"', "services.web.build", ["beside this file"]),
        (f'[services.web]\nport = 1\nbuild = "{"x/" * 501}"', "services.web.build", ["beside this file"]),
        (f'{WEB}dockerfile = "Dockerfile"', "services.web.dockerfile", ["prebuilt image", "remove it"]),
        ('[services.web]\nport = 1\ndockerfile = "x"', "services.web", ["neither image nor build"]),
        (f'{BUILT}dockerfile = ""', "services.web.dockerfile", ["relative to build"]),
        (f'{BUILT}dockerfile = "/web.Dockerfile"', "services.web.dockerfile", ["relative to build"]),
        (f'{BUILT}dockerfile = "~/web.Dockerfile"', "services.web.dockerfile", ["relative to build"]),
        (f'{BUILT}dockerfile = "docker/"', "services.web.dockerfile", ["relative to build"]),
        (f'{BUILT}dockerfile = "../../Dockerfile"', "services.web.dockerfile", ["outside the directory", "keep"]),
        (f'{BUILT}dockerfile = "../.."', "services.web.dockerfile", ["outside the directory", "keep"]),
        ('[services.Web]\nport = 1\nimage = "i"', "services.Web", ["lower-case"]),
        ('[services."a.b"]\nport = 1\nimage = "i"', 'services."a.b"', ["lower-case"]),
        ('[services.database]\nport = 1\nimage = "i"', "services.database", ["security group"]),
        ("[services]\nweb = 1", "services.web", ["must be a table"]),
        ("".join(f"[services.s{n}]\n{PRIVATE}" for n in range(501)), "services", ["501", "AWS's quotas allow 500"]),
        (
            "".join(f'[services.s{n}]\n{PUBLIC}path = "/{n}"\n' for n in range(101)),
            "services",
            ["need 101 target groups", "allows 100"],
        ),
        (
            f"[services.a]\n{PUBLIC}[services.b]\n{PUBLIC}",
            "services.b.path",
            ['"/*" is the path of services.a too', '"/b/*"'],
        ),
        (
            f'[services.a]\n{PRIVATE}calls = ["bakend"]\n[services.backend]\n{PRIVATE}',
            "services.a.calls",
            ['did you mean "backend"?'],
        ),
        (
            SPOKEN.replace('protocol = "tcp"', 'calls = ["a"]'),
            "network.connect",
            ["a and b call each other", "remove a call, or network.connect"],
        ),
    ],
)
def test_services_that_are_wrong_as_a_whole_or_together(tmp_path: Path, text: str, key: str, words: list[str]) -> None:
    path = write(tmp_path, text)
    (line,) = refusal(path)
    assert unplaced(line).startswith(f"{path}: {key}: ")
    assert all(word in line for word in words), line


def test_everything_that_is_wrong_has_its_own_line(tmp_path: Path) -> None:
    path = write(tmp_path, f'region = "x"\n[network]\nzones = 9\ncdir = ""\n{WEB}scaling = {{ min = 0 }}\n')
    keys = ["region", "network.zones", "network.cdir", "services.web.scaling.min"]
    assert [line.split(": ")[1] for line in refusal(path)] == keys


# -- the command line over the file


def test_the_command_line_wins(tmp_path: Path) -> None:
    config = load(write(tmp_path, WEB), env="prod", target="aws")
    assert (config.name, config.target) == ("ecs-sample-prod", "aws")


def test_the_command_line_is_blamed_for_its_own_mistakes(tmp_path: Path) -> None:
    path = write(tmp_path, WEB)
    assert refusal(path, target="gcp") == ['--target: must be "local" or "aws", not "gcp"']
    (line,) = refusal(path, env="Prod")
    assert line.startswith('--env: "Prod" is not a name')


# -- files that cannot be read


def test_no_file(tmp_path: Path) -> None:
    (line,) = refusal(tmp_path / "stack.toml")
    assert line.startswith(f"{tmp_path / 'stack.toml'}: there is no such file")
    assert "provision init" in line
    assert "--config" in line


def test_a_directory(tmp_path: Path) -> None:
    assert refusal(tmp_path) == [f"{tmp_path}: is a directory: it has no stack.toml: choose a file"]
    (file := tmp_path / "stack.toml").touch()
    assert refusal(tmp_path) == [f"{tmp_path}: is a directory: use the file in it with --config {file}"]


def test_a_file_below_a_file(tmp_path: Path) -> None:
    (line,) = refusal(write(tmp_path, WEB) / "stack.toml")
    assert "cannot be read: Not a directory" in line


def test_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "stack.toml"
    path.write_bytes(b'project = "a"\nenv = "\xff"\n')
    assert refusal(path) == [f"{path}:2:8: is not UTF-8 text: save it in that encoding"]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("a = 1\nb = = 2\n", 2, 5), ("a = 1\na = 2\n", 2, 1), ("a = 1\n[b", 2, 3), ('a = "x', 1, 7)],
)
def test_not_toml(tmp_path: Path, text: str, line: int, column: int) -> None:
    path = write(tmp_path, text)
    (message,) = refusal(path)
    assert message.startswith(f"{path}:{line}:{column}: is not TOML: ")
    assert "(at " not in message


def test_text_without_quotes_is_reported_as_such(tmp_path: Path) -> None:
    path = write(tmp_path, "env = dev\n")
    assert refusal(path) == [f"{path}:1:7: is not TOML: this value is not valid TOML: put text in quotes"]


# -- the address plan


def test_the_address_plan_of_the_default() -> None:
    network = Network()
    assert network.blocks("public") == ("10.0.0.0/20", "10.0.16.0/20", "10.0.32.0/20", "10.0.48.0/20")
    assert network.blocks("private") == ("10.0.64.0/20", "10.0.80.0/20", "10.0.96.0/20", "10.0.112.0/20")
    assert network.blocks("database") == ("10.0.128.0/20", "10.0.144.0/20", "10.0.160.0/20", "10.0.176.0/20")


@st.composite
def cidrs(draw: st.DrawFn) -> str:
    """Any CIDR that a VPC of the stack may have."""
    parent = IPv4Network(draw(st.sampled_from(["10.0.0.0/8", "172.24.0.0/13", "192.168.0.0/16", "100.64.0.0/10"])))
    prefix = draw(st.integers(16, 20))
    index = draw(st.integers(0, 2 ** (prefix - parent.prefixlen) - 1))
    return f"{parent[index << (32 - prefix)]}/{prefix}"


@given(cidr=cidrs())
def test_subnets_are_disjoint_inside_the_vpc_and_equal(cidr: str) -> None:
    network = Network(cidr=cidr)
    subnets = [IPv4Network(block) for tier in get_args(Tier) for block in network.blocks(tier)]

    assert len(subnets) == 3 * 4
    assert all(subnet.subnet_of(IPv4Network(cidr)) for subnet in subnets)
    assert {subnet.prefixlen for subnet in subnets} == {IPv4Network(cidr).prefixlen + 4}
    assert not any(a.overlaps(b) for a, b in itertools.combinations(subnets, 2))


@given(cidr=cidrs())
def test_another_zone_moves_no_subnet(cidr: str) -> None:
    for tier in get_args(Tier):
        assert Network(cidr=cidr, zones=4).blocks(tier) == Network(cidr=cidr, zones=3).blocks(tier)


def test_more_tasks_than_addresses_are_refused(tmp_path: Path) -> None:
    """A /24 in each zone has 256 addresses, without AWS's 5 and an endpoint of each of 8 services 243."""
    many = f"{PUBLIC}count = {{count}}\nscaling = {{{{ min = 1, max = 1000 }}}}\n"
    small = '[network]\ncidr = "10.0.0.0/20"\nzones = 2\n[services.web]\n'
    load(write(tmp_path, small + many.format(count=486)))
    (line,) = refusal(write(tmp_path, small + many.format(count=487)))
    assert "network.cidr: the private subnets of 10.0.0.0/20 in 2 zones have 486 addresses" in line
    assert "begin with 487 tasks (count): lower services.*.count, raise network.zones" in line


@given(cidr=cidrs())
def test_a_tier_has_a_range_of_its_own(cidr: str) -> None:
    network = Network(cidr=cidr)
    for tier in get_args(Tier):
        whole = IPv4Network(network.range_of(tier))
        assert [*whole.subnets(new_prefix=IPv4Network(network.blocks(tier)[0]).prefixlen)] == [
            IPv4Network(block) for block in network.blocks(tier)
        ]


WORDS = st.text('aB1-_./ "\né', max_size=12)
TOML_VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats() | WORDS | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@given(
    table=st.dictionaries(st.sampled_from([*Config.model_fields]), TOML_VALUES, max_size=4),
    service=st.dictionaries(st.sampled_from([*Service.model_fields]), TOML_VALUES, max_size=6),
)
def test_whatever_stands_there_is_taken_or_explained(table: dict[str, Any], service: dict[str, Any]) -> None:
    from provisioner.config import loader

    try:
        Config.model_validate({"services": {"web": service}} | table)
    except ValidationError as error:
        problems = loader.found(error, Config)
        lines = str(loader.refusal(Path("absent.toml"), {}, problems)).splitlines()
        assert lines
        assert all(line.startswith("absent.toml: ") for line in lines)


def test_it_is_light_to_import() -> None:
    heavy = "boto3 botocore moto rich typer steps state"
    found = f"[name for name in '{heavy}'.split() if name in sys.modules]"
    code = f"import sys, provisioner.config.stack_file; print({found})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_no_model_has_annotations_as_text() -> None:
    """Pydantic compiles each text again, at every start."""
    models, found = [Model], list[str]()
    while models:
        model = models.pop()
        models += model.__subclasses__()
        found += [f"{model.__name__}.{name}" for name, one in get_annotations(model).items() if isinstance(one, str)]
    assert found == []


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"image": "i", "port": 80}, OF_ROOT),
        ({"image": "i", "port": 80, "user": "root"}, OF_ROOT),
        ({"build": "app", "port": 8080, "user": "0:0"}, OF_ROOT),
        ({"image": "i", "port": 80, "user": "101"}, ("NET_BIND_SERVICE",)),
        ({"image": "i", "port": 1024, "user": "101"}, ()),
        ({"image": "i", "port": 80, "capabilities": []}, ()),
        ({"build": "app", "port": 80, "capabilities": ["NET_RAW"]}, ("NET_RAW",)),
    ],
)
def test_a_service_keeps_the_capabilities_that_it_needs(said: Any, kept: tuple[str, ...]) -> None:
    assert Service.model_validate(said).capabilities == kept


def test_a_capability_that_is_not_kept_is_dropped() -> None:
    assert dropped(()) == ["ALL"]
    assert dropped(OF_ROOT) == ["AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP", "SYS_CHROOT"]
    assert dropped(DEFAULT) == []


ON_INSTANCES = """
[services.web]
image = "web:1"
launch = "ec2"
"""


@pytest.mark.parametrize("arm", ["t4g.large", "c7g.large", "g5g.xlarge", "im4gn.large", "a1.large", "x2gd.medium"])
def test_instances_have_the_architecture_of_the_services_on_them(tmp_path: Path, arm: str) -> None:
    types = f'capacity = {{ instance_types = ["{arm}"] }}'
    (line,) = refusal(write(tmp_path, types + ON_INSTANCES))
    assert f"capacity.instance_types: {arm} has an ARM processor" in line
    assert 'services.web with launch = "ec2" has architecture = "x86_64"' in line
    config = load(write(tmp_path, types + ON_INSTANCES + 'architecture = "arm64"'))
    assert config.architecture == "arm64"
    (line,) = refusal(write(tmp_path, ON_INSTANCES + 'architecture = "arm64"'))
    assert "c5.large has an x86_64 processor" in line
    assert 'use types such as "c7g.large"' in line


def test_two_architectures_on_instances_are_refused(tmp_path: Path) -> None:
    other = ON_INSTANCES.replace("web]", "other]") + 'architecture = "arm64"\n'
    (line,) = refusal(write(tmp_path, ON_INSTANCES + other))
    assert "services.other.architecture: " in line
    assert "services.web is x86_64" in line
    load(write(tmp_path, ON_INSTANCES + other.replace('"ec2"', '"fargate"')))


def test_an_image_need_not_say_what_runs_where_everybody_does(tmp_path: Path) -> None:
    config = load(write(tmp_path, WEB + 'command = "serve"\n[jobs.migrate]\nextends = "web"\n'))
    assert not config.runs_as_it_is("web")
    config = load(write(tmp_path, WEB + '[jobs.migrate]\nextends = "web"\nentrypoint = ["/migrate"]\n'))
    assert config.runs_as_it_is("web")
