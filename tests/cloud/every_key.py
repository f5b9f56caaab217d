"""Change every key of `stack.toml` on a standing stack, alone and with an image that exits, and list the outages.

    python -m tests.cloud.every_key              one JSON document
    python -m tests.cloud.every_key --markdown   the table of docs/rehearse.md

One process stands the stack up in its own embedded cloud; each change is rehearsed in a fork of it. The keys are those
of the models: one without a value in `VALUES` is an error.
"""

from __future__ import annotations

import copy
import faulthandler
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from ecs_emulator import control
from provisioner.config.base import Model
from provisioner.config.models import Config
from provisioner.config.services import Service
from provisioner.operations.context.options import Options
from provisioner.operations.rehearsal import run
from provisioner.operations.rehearsal.copy_run import run_on_copy
from provisioner.operations.rehearsal.options import RehearsalOptions
from provisioner.operations.rehearsal.stack_copy import StackCopy
from provisioner.operations.rehearsal.temporary_cloud import TemporaryCloud, temporary_cloud
from provisioner.state.model import State

SERVICE = "services.web"
REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
KEY = "arn:aws:kms:ap-northeast-1:123456789012:key/11111111-2222-3333-4444-555555555555"
CERTIFICATE = "arn:aws:acm:ap-northeast-1:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab"
LISTENER = (
    "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:listener/app/shared/50dc6c495c0c9188/f2f7dc8efc522ab2"
)
ACL = "arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/example/11111111-2222-3333-4444-555555555555"
EDGE_ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/example/11111111-2222-3333-4444-555555555555"
TOPIC = "arn:aws:sns:ap-northeast-1:123456789012:ops"
BOUNDARY = "arn:aws:iam::123456789012:policy/team-boundary"
PROVIDER = {
    "company": {
        "issuer": "https://login.example.org",
        "authorization_endpoint": "https://login.example.org/authorize",
        "token_endpoint": "https://login.example.org/token",
        "user_info_endpoint": "https://login.example.org/userinfo",
        "client_id": "web",
        "client_secret": "COMPANY_CLIENT_SECRET",
    }
}
BASE: dict[str, Any] = {
    "network": {"allow": ["127.0.0.1/32"]},
    "dns": {"domain": "example.com"},
    "database": {},
    "alarms": {"email": ["ops@example.com"]},
    "services": {
        "web": {
            "image": f"{REGISTRY}/web:1", "port": 8080, "public": True, "calls": ["api"], "database": True,
            "scaling": {"min": 2}, "count": 2,
        },
        "api": {"image": f"{REGISTRY}/api:1", "port": 9200},
        "built": {"build": "app", "port": 8090, "public": True, "path": "/built/*", "launch": "ec2"},
    },
}  # fmt: skip
"""The standing stack: a public service with two tasks, a service that it calls, and one on instances with a path of its
own."""
OTHER_STACK = {"project", "env", "region", "target", "account.id", "state.bucket", "steps.dir"}
"""Keys that say which stack it is, in which account, or where own steps are: with another value nothing of the standing
one changes."""
OTHER_ENGINE = {"database.instance", "database.storage", "database.standby"} | {
    f"database.{key}" for key in ("cluster", "instance_id", "security_group", "password", "url")
}
"""Keys that engines of Aurora, as that of the standing stack, do not have, and keys of a database of others."""
BUILT = ("build", "dockerfile", "target", "build_args")
VALUES: dict[str, Any] = {
    "tags": {"Team": "shop"},
    "defaults": {"cpu": 512, "memory": 1024, "environment": {"LOG_LEVEL": "debug"}},
    "protect": True,
    "kms_key": KEY,
    "network.cidr": "10.8.0.0/16",
    "network.zones": 2,
    "network.allow": ["198.51.100.0/24"],
    "network.flow_logs": True,
    "network.vpc": "vpc-0a1b2c3d4e5f67890",
    "network.subnets.public": ["subnet-0a1b2c3d4e5f67890"],
    "network.subnets.private": ["subnet-0a1b2c3d4e5f67891"],
    "network.egress": "nat",
    "network.endpoints": ["sqs"],
    "network.connect": "service-connect",
    "dns.domain": "example.org",
    "dns.host": "www",
    "dns.create_zone": True,
    "dns.certificate": CERTIFICATE,
    "dns.private_domain": "data.internal",
    "dns.discovery_domain": "apps.internal",
    "capacity.instance_types": ["m5.large"],
    "capacity.spot": False,
    "capacity.min": 1,
    "capacity.max": 6,
    "database.engine": "aurora-postgresql",
    "database.name": "other",
    "database.user": "other",
    "database.min_acu": 1,
    "database.max_acu": 8,
    "database.readers": 1,
    "database.backup_days": 14,
    "database.iam_authentication": True,
    "database.logs": ["error"],
    "database.from_snapshot": "rescue",
    "database.url_scheme": "mysql2",
    "database.url_query": "charset=utf8mb4",
    "redis.node": "cache.t4g.small",
    "redis.replicas": 2,
    "redis.evict": True,
    "redis.from_snapshot": "rescue",
    "buckets": {"uploads": {}},
    "volumes": {"media": {}},
    "queues": {"work": {}},
    "topics": {"orders": {}},
    "load_balancer.listener": LISTENER,
    "load_balancer.http": True,
    "load_balancer.idle_timeout": 120,
    "load_balancer.tls_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "load_balancer.access_logs": True,
    "load_balancer.waf_acl": ACL,
    "cloudfront.cache": True,
    "cloudfront.read_timeout": 60,
    "cloudfront.waf_acl": EDGE_ACL,
    "sign_in": PROVIDER,
    "account.trunking": False,
    "account.boundary": BOUNDARY,
    "account.role_path": "/team/",
    "account.bulk_roles": True,
    "logs.retention_days": 30,
    "logs.kms_key": KEY,
    "logs.insights": False,
    "alarms.email": ["other@example.com"],
    "alarms.topic": TOPIC,
    "alarms.errors": False,
    "alarms.unhealthy": False,
    "alarms.running": False,
    "alarms.cpu": 80,
    "alarms.memory": 80,
    "alarms.acu": 80,
    "alarms.storage": 20,
    "alarms.dead_letters": False,
    "alarms.schedules": False,
    "alarms.failed_jobs": False,
    "schedule.sleep": "cron(0 20 ? * MON-FRI *)",
    "schedule.wake": "cron(0 8 ? * MON-FRI *)",
    "schedule.timezone": "Asia/Tokyo",
    "cost.budget": 400,
    "jobs": {
        "task": {"image": f"{REGISTRY}/task:1", "database": True, "calls": ["api"]},
        "migrate": {"image": f"{REGISTRY}/task:1", "database": True, "before_deploy": True},
        "nightly": {"image": f"{REGISTRY}/task:1", "schedule": "cron(30 3 * * ? *)", "timezone": "Asia/Tokyo"},
    },
    "services.web.extends": "api",
    "services.web.image": f"{REGISTRY}/web:2",
    "services.web.build": "other",
    "services.web.dockerfile": "Dockerfile.other",
    "services.web.build_args": {"VERSION": "2"},
    "services.web.target": "production",
    "services.web.architecture": "arm64",
    "services.web.command": "serve --verbose",
    "services.web.entrypoint": ["/entry"],
    "services.web.hosts": ["www", "app"],
    "services.web.port": 8181,
    "services.web.protocol": "http2",
    "services.web.tls": True,
    "services.web.launch": "ec2",
    "services.web.on_demand.base": 1,
    "services.web.on_demand.percent": 50,
    "services.web.public": False,
    "services.web.path": "/web/*",
    "services.web.strip_path": True,
    "services.web.calls": [],
    "services.web.database": False,
    "services.web.wait_for_database": False,
    "services.web.cpu": 512,
    "services.web.memory": 1024,
    "services.web.ephemeral_storage": 30,
    "services.web.ulimits": {"nofile": 65536},
    "services.web.scaling.min": 3,
    "services.web.scaling.max": 12,
    "services.web.scaling.cpu": 50,
    "services.web.scaling.memory": 60,
    "services.web.scaling.requests": 500,
    "services.web.scaling.response_time": 1.5,
    "services.web.scaling.backlog.queue": "work",
    "services.web.scaling.backlog.per_task": 10,
    "services.web.scaling.metrics": {
        "waiting": {"namespace": "AWS/SQS", "name": "ApproximateNumberOfMessagesVisible", "target": 10}
    },
    "services.web.scaling.schedule": {"morning": {"at": "cron(0 8 * * ? *)", "min": 3}},
    "services.web.scaling.timezone": "Asia/Tokyo",
    "services.web.scaling.resolution": 20,
    "services.web.scaling.scale_out_cooldown": 30,
    "services.web.scaling.scale_in_cooldown": 120,
    "services.web.count": 3,
    "services.web.health.path": "/up",
    "services.web.health.codes": "200-399",
    "services.web.health.command": ["/app", "check"],
    "services.web.health.interval": 20,
    "services.web.health.timeout": 6,
    "services.web.health.healthy": 3,
    "services.web.health.unhealthy": 4,
    "services.web.health.grace": 90,
    "services.web.deployment.strategy": "blue-green",
    "services.web.deployment.min_percent": 50,
    "services.web.deployment.max_percent": 150,
    "services.web.deployment.early_success": True,
    "services.web.deployment.step_percent": 20,
    "services.web.deployment.step_minutes": 3,
    "services.web.deployment.bake_minutes": 2,
    "services.web.deployment.alarms": ["errors"],
    "services.web.deployment.pause_at": ["post-scale-up"],
    "services.web.deployment.pause_minutes": 90,
    "services.web.deployment.test_port": 8443,
    "services.web.stop_timeout": 40,
    "services.web.circuit_breaker.threshold": 5,
    "services.web.deregistration_delay": 60,
    "services.web.environment": {"GREETING": "hello", "PGHOST": "{database.host}"},
    "services.web.secrets": {"API_KEY": True, "PGPASSWORD": "database.password"},
    "services.web.user": "1000:1000",
    "services.web.read_only": True,
    "services.web.capabilities": ["NET_BIND_SERVICE"],
    "services.web.policies": ["arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"],
    "services.web.redis": True,
    "services.web.buckets": ["uploads"],
    "services.web.volumes": {"media": "/srv/media"},
    "services.web.queues": ["work"],
    "services.web.topics": ["orders"],
    "services.web.security_groups": [],
    "services.web.sticky": 3600,
    "services.web.sign_in": "company",
    "services.web.sign_in_except": ["/up"],
    "services.web.exec": False,
    "services.web.task_protection": True,
    "services.web.sidecars": {"proxy": {"image": f"{REGISTRY}/proxy:1", "port": 8000}},
    "services.web.depends_on": {"proxy": "start"},
    "services.web.target_container": "proxy",
}
"""Another value for each key."""
_EDGE: dict[str, Any] = {"dns.domain": None, "network.allow": ["0.0.0.0/0"]}
_QUEUE: dict[str, Any] = {"queues": {"work": {}}, "services.web.queues": ["work"]}
_NIGHTS = {"schedule.sleep": "cron(0 21 ? * MON-FRI *)", "schedule.wake": "cron(0 7 ? * MON-FRI *)"}
WITH: dict[str, dict[str, Any]] = {
    "cloudfront.cache": _EDGE,
    "cloudfront.read_timeout": _EDGE,
    "cloudfront.waf_acl": _EDGE,
    "sign_in": {"services.web.sign_in": "company"},
    "services.web.sign_in": {"sign_in": PROVIDER},
    "services.web.sign_in_except": {"services.web.sign_in": "company", "sign_in": PROVIDER},
    "schedule.sleep": {"schedule.wake": _NIGHTS["schedule.wake"]},
    "schedule.wake": {"schedule.sleep": _NIGHTS["schedule.sleep"]},
    "schedule.timezone": _NIGHTS,
    "network.subnets.public": {"network.vpc": "vpc-0a1b2c3d4e5f67890"},
    "network.subnets.private": {"network.vpc": "vpc-0a1b2c3d4e5f67890"},
    "load_balancer.listener": {"network": {"vpc": "vpc-0a1b2c3d4e5f67890"}},
    "logs.insights": {"alarms.running": False},
    "services.web.on_demand.base": {"services.web.on_demand.percent": 50},
    "services.web.scaling.min": {"services.web.count": 3},
    "services.web.scaling.backlog.queue": {**_QUEUE, "services.web.scaling.backlog.per_task": 10},
    "services.web.scaling.backlog.per_task": {**_QUEUE, "services.web.scaling.backlog.queue": "work"},
    "services.web.scaling.timezone": {
        "services.web.scaling.schedule": {"morning": {"at": "cron(0 8 * * ? *)", "min": 3}}
    },
    "services.web.redis": {"redis": {}},
    "services.web.buckets": {"buckets": {"uploads": {}}},
    "services.web.volumes": {"volumes": {"media": {}}},
    "services.web.queues": {"queues": {"work": {}}},
    "services.web.topics": {"topics": {"orders": {}}},
    "services.web.strip_path": {"services.web.path": ["/web", "/web/*"]},
    "services.web.cpu": {"services.web.memory": 1024},
    "services.web.depends_on": {"services.web.sidecars": {"proxy": {"image": f"{REGISTRY}/proxy:1"}}},
    "services.web.target_container": {
        "services.web.sidecars": {"proxy": {"image": f"{REGISTRY}/proxy:1", "port": 8000}}
    },
    "services.web.deployment.step_percent": {"services.web.deployment.strategy": "canary"},
    "services.web.deployment.step_minutes": {"services.web.deployment.strategy": "linear"},
    "services.web.deployment.bake_minutes": {"services.web.deployment.strategy": "blue-green"},
    "services.web.deployment.alarms": {"services.web.deployment.strategy": "blue-green"},
    "services.web.deployment.test_port": {"services.web.deployment.strategy": "blue-green"},
    "services.web.deployment.pause_at": {"services.web.deployment.strategy": "blue-green"},
    "services.web.deployment.pause_minutes": {
        "services.web.deployment.strategy": "blue-green",
        "services.web.deployment.pause_at": ["post-scale-up"],
    },
}
"""Further keys that must change along with a key."""


@dataclass
class Row:
    """One change, and the outages during it.

    Attributes:
        refused: the reason for which nothing was done.
        failed: the problems of the run.
        counts: the number of resources by result.
        outages: the URL or service that was down, for how many seconds (None: for good), and why.
    """

    change: str
    fails: bool
    refused: str = ""
    failed: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    outages: list[tuple[str, float | None, str]] = field(default_factory=list)


def keys(model: type[Model] = Config, before: str = "") -> Iterator[str]:
    """Yield the full names of the models' keys; keys of services as `services.web.KEY`."""
    for name, one in model.model_fields.items():
        inner = next((it for it in get_args(one.annotation) if it is not type(None)), one.annotation)
        if name == "services" and model is Config:
            yield from keys(Service, f"{SERVICE}.")
        elif name == "defaults":
            # the keys of services
            yield name
        elif isinstance(inner, type) and issubclass(inner, Model):
            yield from keys(inner, f"{before}{name}.")
        else:
            yield f"{before}{name}"


def changes() -> dict[str, Callable[[dict[str, Any]], None]]:
    """Return the changes to the table of the standing stack, by the names of their rows."""
    found: dict[str, Callable[[dict[str, Any]], None]] = {
        key: _setting({key: VALUES[key]} | WITH.get(key, {})) for key in keys() if key not in OTHER_STACK | OTHER_ENGINE
    }
    return found | {
        "services.api.port, which web calls": _setting({"services.api.port": 9300}),
        "services.api.protocol, which web calls": _setting({"services.api.protocol": "tcp"}),
        "services.web.health and its image": _setting(
            {"services.web.health.path": "/up", "services.web.image": f"{REGISTRY}/web:2"}
        ),
        "services.web.port, health and image": _setting(
            {"services.web.port": 8181, "services.web.health.path": "/up", "services.web.image": f"{REGISTRY}/web:2"}
        ),
        "services.web renamed": _renamed("web", "front"),
        "services.api renamed": _renamed("api", "backend"),
        "services.web.scaling removed": lambda table: table["services"]["web"].pop("scaling"),
        "services.api.scaling added": _setting({"services.api.scaling": {"min": 1, "max": 4}}),
        "services.api.count without scaling": _setting({"services.api.count": 2}),
        'services.api.deployment = "recreate"': _setting({"services.api.deployment": "recreate"}),
        "services.built removed": lambda table: _removed(table, "built"),
        "the paths of web and built exchanged": _setting(
            {"services.web.path": "/built/*", "services.built.path": "/*"}
        ),
    }


def _setting(values: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    def change(table: dict[str, Any]) -> None:
        for key, value in values.items():
            # what is about builds is changed where there is one
            built = key.rpartition(".")[2] in BUILT
            *path, last = (key.replace(SERVICE, "services.built") if built else key).split(".")
            inner = table
            for name in path:
                inner = inner.setdefault(name, {})
            inner[last] = value

    return change


def _renamed(name: str, other: str) -> Callable[[dict[str, Any]], None]:
    def change(table: dict[str, Any]) -> None:
        services = table["services"]
        services[other] = services.pop(name)
        for service in services.values():
            service["calls"] = [other if callee == name else callee for callee in service.get("calls", ())]

    return change


def _removed(table: dict[str, Any], name: str) -> None:
    del table["services"][name]


# -- the standing stack, and its forks ---------------------------------------------------------------------------------


def standing(directory: Path) -> TemporaryCloud:
    """Stand the stack up, in this process, and leave it alone for an hour.

    Args:
        directory: the place of the files that it builds from.
    """
    config = Config.model_validate(BASE)
    for name in ("app/Dockerfile", "app/Dockerfile.other", "other/Dockerfile"):
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(f"FROM scratch\nLABEL of={name}\n")
    temporary = temporary_cloud(Options(config=directory / "stack.toml"), config, "")
    there = {
        "region": config.region, "keys": [KEY], "web_acls": [ACL, EDGE_ACL], "topics": [TOPIC],
        "boundaries": [BOUNDARY],
        "certificates": {CERTIFICATE: ["app.example.com"]},
        "parameters": [f"/ecs-sample-dev/secrets/{name}" for name in ("API_KEY", "COMPANY_CLIENT_SECRET")],
        "zones": [{"id": "ZEXAMPLEORG", "domain": "example.org"}], "delegated": ["example.org"],
    }  # fmt: skip
    control.put_unmanaged(temporary.cloud, there)
    control.pass_time(temporary.cloud, 0, "times:0.1")
    first = run_on_copy(_copy(temporary, config), RehearsalOptions(), "typical")
    assert first.passes, first.problems
    control.pass_time(temporary.cloud, run.QUIET_SECONDS, "uneven")
    # a group is known once the stack's VPC is
    with temporary.connected() as aws:
        ec2 = aws.client("ec2")
        (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "tag:Project", "Values": [config.project]}])["Vpcs"]
        group = ec2.create_security_group(GroupName="beside", Description="Beside the stack", VpcId=vpc["VpcId"])
    VALUES["services.web.security_groups"] = [group["GroupId"]]
    return temporary


def _copy(temporary: TemporaryCloud, config: Config) -> StackCopy:
    return StackCopy(
        replace(temporary, config=config), config, State(config.name), builds=True, report=lambda text: None
    )


def rehearsed(temporary: TemporaryCloud, name: str, *, fails: bool) -> Row:
    """Make one change to the standing stack, in a process of its own."""
    from ecs_emulator import inside

    there, here = os.pipe()
    with _FORKING:
        child = inside.fork()
        if child == 0:
            os.close(there)
            _finish(here, lambda: _rehearse(temporary, name, fails=fails))
        os.close(here)
    with os.fdopen(there, "rb") as told:
        text = told.read()
    os.waitpid(child, 0)
    assert text, f"{name}: stood still for {ROW_SECONDS} s"
    document = json.loads(text)
    assert "traceback" not in document, f"{name}: {document['traceback']}"
    return Row(**document)


_FORKING = threading.Lock()
ROW_SECONDS = 300


def _finish(pipe: int, work: Callable[[], Row]) -> None:
    # where it stands still, and an end to the wait for it
    faulthandler.dump_traceback_later(ROW_SECONDS, exit=True)
    try:
        document = asdict(work())
    except BaseException:  # noqa: BLE001 (it is told to the one who waits)
        document = {"traceback": traceback.format_exc()}
    with os.fdopen(pipe, "wb") as tell:
        tell.write(json.dumps(document).encode())
    os._exit(0)


def _rehearse(temporary: TemporaryCloud, name: str, *, fails: bool) -> Row:
    from ecs_emulator import inside

    temporary = replace(temporary, cloud=inside.after_fork(temporary.cloud))
    table = copy.deepcopy(BASE)
    changes()[name](table)
    broken: tuple[str, ...] = ()
    if fails:
        broken = tuple(one for one in ("web", "front") if one in table["services"])
        for service in broken:
            table["services"][service]["image"] = f"{REGISTRY}/web:3"
    copied = _copy(temporary, Config.model_validate(table))
    found = run_on_copy(copied, RehearsalOptions(fails=broken), "uneven")
    refused, problems = found.problems[0] if found.refused else "", [] if found.refused else list(found.problems)
    outages: list[tuple[str, float | None, str]] = [
        (one.url or one.service, None if one.until is None else round(one.until - one.since), one.why)
        for one in found.outages
    ]
    return Row(name, fails, refused, problems, dict(found.counts), outages)


def table(only: str = "") -> list[Row]:
    """Return all rows: each change alone, and with an image that exits."""
    wanted = [(name, fails) for name in changes() for fails in (False, True) if only in name]
    with TemporaryDirectory() as directory, ThreadPoolExecutor(os.cpu_count()) as pool:
        temporary = standing(Path(directory))
        return list(pool.map(lambda one: rehearsed(temporary, one[0], fails=one[1]), wanted))


def markdown(rows: list[Row]) -> list[str]:
    """Return the table of docs/rehearse.md."""
    found = {(row.change, row.fails): row for row in rows}
    names = dict.fromkeys(row.change for row in rows)
    lines = [f"| {name} | {_words(found[name, False])} | {_words(found[name, True])} |" for name in names]
    return ["| change | outage | with an image that exits |", "|---|---|---|", *lines]


def _words(row: Row) -> str:
    if row.refused:
        return "refused"
    told = dict.fromkeys(
        f"`{what}`{'' if seconds is not None else ' permanently'}: {why}" for what, seconds, why in row.outages
    )
    return "; ".join(told) or "none"


if __name__ == "__main__":
    only = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    rows = table(only)
    print("\n".join(markdown(rows)) if "--markdown" in sys.argv else json.dumps([asdict(row) for row in rows]))
    sys.stdout.flush()
    os._exit(0)
