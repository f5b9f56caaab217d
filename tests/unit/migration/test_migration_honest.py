"""`init --from`, key by key: a part of the source, and the value that stands in the draft or the note that names it.

Each row is something that a source says, or that its tool does by default. None may change without a word.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from provisioner.migration.compose import file as compose
from provisioner.migration.copilot.workspace import draft as of_copilot
from provisioner.migration.draft import Draft

Row = tuple[str, dict[str, str], dict[str, Any], list[str]]
"""A name, files, the values that the draft must have by their dotted keys, and patterns that notes must match."""

ABSENT = object()
"""The value of a key that must not be in the draft."""
COPILOT = {".workspace": "application: shop\n", "environments/test/manifest.yml": "name: test\ntype: Environment\n"}
WEB = "name: web\ntype: Load Balanced Web Service\nimage: {build: Dockerfile, port: 80}\nhttp: {path: /}\n"
API = "name: api\ntype: Backend Service\nimage: {build: api/Dockerfile, port: 4000}\n"
REDIS = "name: redis\ntype: Backend Service\nimage: {location: 'redis:7', port: 6379}\n"
CONNECT = "network: {connect: true}\n"
ENVIRONMENT = "environments/test/manifest.yml"
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
IN_US_EAST = CERTIFICATE.replace("eu-west", "us-east")
JOB = "name: nightly\ntype: Scheduled Job\nimage: {build: Dockerfile}\non: {schedule: '@daily'}\n"


def web(more: str = "", **others: str) -> dict[str, str]:
    """Return the manifests of `web`, with further keys, and of other services."""
    return {"web/manifest.yml": WEB + more, **{f"{name}/manifest.yml": text for name, text in others.items()}}


def at(names: str) -> str:
    return WEB.replace("{path: /}", f"{{path: /, alias: {names}}}")


def web_at(names: str) -> dict[str, str]:
    """Return the manifest of `web` with aliases."""
    return {"web/manifest.yml": at(names)}


def value_of(table: dict[str, Any], key: str) -> Any:
    found: Any = table
    for part in key.split("."):
        if not isinstance(found, dict) or part not in found:
            return ABSENT
        found = found[part]
    return found


def check(made: Draft, values: dict[str, Any], notes: list[str]) -> None:
    table = made.tables[made.own]
    assert {key: value_of(table, key) for key in values} == values
    told = "\n".join(map(str, made.left))
    assert [one for one in notes if not re.search(one, told, re.MULTILINE)] == [], told


COPILOT_ROWS: list[Row] = [
    # what Copilot does by default
    ("logs-30-days", web(), {"logs.retention_days": 30}, []),
    (
        "health-of-elb",
        web(),
        {"services.web.health": {"path": "/", "interval": 30, "healthy": 5, "unhealthy": 2}},
        [],
    ),
    ("delay-60", web(), {"services.web.deregistration_delay": 60}, []),
    ("exec-off", web(), {"services.web.exec": False}, []),
    ("insights-off", web(), {"logs.insights": False}, []),
    ("capabilities", web(), {}, [r"capabilities: .*keeps fewer"]),
    ("own-variables", web(), {}, [r"COPILOT_ENVIRONMENT_NAME.*not set here"]),
    ("two-zones", web(), {"network.zones": 2}, []),
    (
        "nat-per-zone",
        web("network: {vpc: {placement: private}}\n"),
        {"network.egress": "nat-per-zone", "network.zones": 2},
        [],
    ),
    (
        "check-inside",
        {"api/manifest.yml": API.replace("4000}", "4000, healthcheck: {command: ['CMD', 'ok']}}")},
        {"services.api.health": {"command": ["ok"], "interval": 10, "unhealthy": 2, "grace": 0}},
        [],
    ),
    (
        "no-alias",
        web(),
        {"services.web.public": True, "dns": ABSENT},
        [r"answers by HTTP under the load balancer's own name", r"copilot app init --domain"],
    ),
    # what manifests say
    ("retention", web("logging: {retention: 180}\n"), {"logs.retention_days": 180}, []),
    (
        "retentions",
        web("logging: {retention: 180}\n", api=API + "logging: {retention: 7}\n"),
        {"logs.retention_days": 180},
        [r"api/manifest.yml:\d+: logging.retention: 7 days"],
    ),
    (
        "path",
        web("", api=WEB.replace("web", "api").replace("path: /", "path: api")),
        {"services.api.path": ["/api", "/api/*"], "services.web.path": ABSENT},
        [],
    ),
    (
        "sticky",
        {"web/manifest.yml": WEB.replace("{path: /}", "{path: /, stickiness: true}")},
        {"services.web.sticky": 86400},
        [],
    ),
    ("disk", web("storage: {ephemeral: 50}\n"), {"services.web.ephemeral_storage": 50}, []),
    (
        "insights-on",
        {**web(), "environments/test/manifest.yml": "observability: {container_insights: true, other: 1}\n"},
        {"logs": {"retention_days": 30, "insights": True}},
        [r"observability.other: is no key of Copilot's"],
    ),
    (
        "build-args",
        {
            "web/manifest.yml": WEB.replace(
                "build: Dockerfile", "build: {dockerfile: Dockerfile, args: {URL: '${URL}'}}"
            )
        },
        {"services.web.build_args": ABSENT},
        [r"image.build.args.URL: is filled in from the shell"],
    ),
    (
        "password",
        web("variables: {DATABASE_URL: 'postgresql://postgres:hunter22@db.example.com/shop', LEVEL: info}\n"),
        {"services.web.environment": {"LEVEL": "info"}, "services.web.secrets": {"DATABASE_URL": True}},
        [r"variables.DATABASE_URL: looks like a secret"],
    ),
    (
        "plain-host",
        web("variables: {REDIS_HOST: redis}\n", redis=REDIS),
        {"services.web.environment": {"REDIS_HOST": "redis.svc.internal"}, "services.web.calls": ["redis"]},
        [r"variables.REDIS_HOST: redis has another address here, which is written"],
    ),
    (
        "own-url",
        web("variables: {API_URL: 'http://api:4000'}\n", api=API),
        {"services.web.environment": ABSENT, "services.web.calls": ["api"]},
        [],
    ),
    (
        "discovery",
        web("variables: {BACK: 'http://api.test.shop.local:4000/v1'}\n", api=API),
        {"services.web.environment": {"BACK": "http://api.svc.internal:4000/v1"}, "services.web.calls": ["api"]},
        [],
    ),
    (
        "alias-of-connect",
        web("variables: {BACK: 'back:4000'}\n", api=API + "network: {connect: {alias: back}}\n"),
        {"services.web.environment": {"BACK": "api.svc.internal:4000"}, "services.web.calls": ["api"]},
        [],
    ),
    (
        "taken-name",
        web("variables: {REDIS_URL: 'redis://redis:6379'}\n", redis=REDIS),
        {
            "services.web.calls": ["redis"],
            "services.web.environment": {"REDIS_URL": "redis://redis.svc.internal:6379"},
        },
        [r"variables.REDIS_URL: redis has another address here, which is written"],
    ),
    (
        "connected-without-a-name",
        {
            "web/manifest.yml": WEB + CONNECT + "secrets: {REDIS_URL: /shop/redis}\n",
            "redis/manifest.yml": REDIS + CONNECT,
        },
        {"services.web.calls": ["redis"], "services.web.secrets": {"REDIS_URL": "ssm:/shop/redis"}},
        [r"network.connect: web may connect to redis there, and name it in calls here"],
    ),
    (
        "connected-alone",
        web("", redis=REDIS + "network: {connect: true}\n"),
        {"services.web.calls": ABSENT},
        [],
    ),
    (
        "env_file",
        {
            **web("env_file: web.env\nvariables: {A: own}\n"),
            "../web.env": '# c\nA=1\nB="2"\nAPI_TOKEN=hunter22hunter22\n',
        },
        {"services.web.environment": {"A": "own", "B": '"2"'}, "services.web.secrets": {"API_TOKEN": True}},
        [r"web.env:4: env_file.API_TOKEN: looks like a secret"],
    ),
    ("env_file-missing", web("env_file: gone.env\n"), {}, [r"env_file: gone.env: is not there"]),
    (
        "host-without-a-port",
        web("variables: {BACK_HOST: api}\n", api="name: api\ntype: Backend Service\nimage: {build: api/Dockerfile}\n"),
        {"services.web.environment": ABSENT},
        [r"variables.BACK_HOST: is the address of api, which has no port here"],
    ),
    (
        "volume",
        web("storage: {volumes: {files: {path: /data, efs: true}}}\n"),
        {"volumes.files": {}, "services.web.volumes": {"files": {"path": "/data", "read_only": True}}},
        [r"storage.volumes.files: EFS at /data: Copilot's stays where it is"],
    ),
    (
        "volume-to-write",
        web("storage: {volumes: {files: {path: /data, read_only: false, efs: {uid: 472, gid: 0}}}}\n"),
        {"volumes.files": {"uid": 472, "gid": 0}, "services.web.volumes": {"files": "/data"}},
        [r"storage.volumes.files: .*copy the files"],
    ),
    (
        "volume-of-a-job",
        {**web(), "nightly/manifest.yml": JOB + "storage: {volumes: {files: {path: /data, efs: {id: fs-1}}}}\n"},
        {},
        [r"nightly/manifest.yml:\d+: storage.volumes.files: EFS fs-1 at /data"],
    ),
    (
        "one-alias",
        web(api=WEB.replace("web", "api").replace("path: /", "path: api, alias: api.example.com")),
        {},
        [r"web/manifest.yml:\d+: http: .*api\.example\.com"],
    ),
    (
        "secret-of-the-environment",
        web("secrets: {KEY: '/copilot/${COPILOT_APPLICATION_NAME}/${COPILOT_ENVIRONMENT_NAME}/secrets/KEY'}\n"),
        {"services.web.secrets": {"KEY": "ssm:/copilot/shop/test/secrets/KEY"}},
        [],
    ),
    (
        "secret-of-secrets-manager",
        web("secrets: {KEY: {secretsmanager: 'shop/${COPILOT_ENVIRONMENT_NAME}/db:password::'}}\n"),
        {"services.web.secrets": {"KEY": "secretsmanager:shop/test/db#password"}},
        [],
    ),
    (
        "stage-of-a-secret",
        web("secrets: {KEY: {secretsmanager: 'db:password:AWSPREVIOUS:'}}\n"),
        {"services.web.secrets": ABSENT},
        [r"secrets.KEY: names a version or a stage"],
    ),
    (
        "http-beside-https",
        {"web/manifest.yml": WEB.replace("path: /", "path: /, alias: shop.example.com, redirect_to_https: false")},
        {"load_balancer.http": True, "dns": {"domain": "example.com", "host": "shop"}},
        [],
    ),
    (
        "certificate-region",
        web("secrets: {K: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:k-AbCdEf'}\n"),
        {"region": "eu-west-1"},
        [r"region: eu-west-1"],
    ),
    (
        "certificate-of-the-load-balancer",
        {
            "web/manifest.yml": at("www.example.com") + "variables: {AWS_REGION: ap-south-1}\n",
            ENVIRONMENT: f"http: {{public: {{certificates: ['{IN_US_EAST}']}}}}\n",
        },
        {"region": "us-east-1"},
        [r"region: us-east-1: that of the certificates"],
    ),
    (
        "existing-load-balancer",
        {"web/manifest.yml": WEB.replace("{path: /}", "{path: /, alb: shared}")},
        {"services.web.public": True},
        [r"http.alb: is an existing load balancer: write its listener's ARN in load_balancer.listener"],
    ),
    (
        "port-of-a-sidecar",
        {
            "web/manifest.yml": WEB.replace("{path: /}", "{path: /, target_port: 8081}")
            + "sidecars: {envoy: {port: 8081, image: 'envoy:1'}}\n"
        },
        {"services.web.target_container": "envoy", "services.web.port": 80},
        [],
    ),
    (
        "port-of-the-service",
        {
            "web/manifest.yml": WEB.replace("{path: /}", "{path: /, target_port: 80}")
            + "sidecars: {envoy: {port: 8081, image: 'envoy:1'}}\n"
        },
        {"services.web.target_container": ABSENT},
        [],
    ),
    (
        "port-of-no-container",
        {
            "web/manifest.yml": WEB.replace("{path: /}", "{path: /, target_container: envoy, target_port: 9000}")
            + "sidecars: {envoy: {port: 8081, image: 'envoy:1'}}\n"
        },
        {"services.web.target_container": "envoy"},
        [r"http.target_port: the load balancer reaches the port of the service, or of the sidecar"],
    ),
    (
        "registry-region",
        web(bot=REDIS.replace("redis:7", "123456789012.dkr.ecr.sa-east-1.amazonaws.com/bot:1")),
        {"region": "sa-east-1"},
        [],
    ),
    (
        "zone-region",
        {
            **web(),
            "environments/test/manifest.yml": "name: test\nnetwork: {vpc: {subnets: {public: [{az: us-west-2a}]}}}\n",
        },
        {"region": "us-west-2"},
        [],
    ),
    ("variable-region", web("variables: {AWS_REGION: ap-south-1}\n"), {"region": "ap-south-1"}, []),
    (
        "pipeline-region",
        {
            **web(),
            "pipelines/main/manifest.yml": "name: main\nsource: {provider: CodeCommit, properties: {repository: 'https://git-codecommit.us-east-2.amazonaws.com/v1/repos/a'}}\n",
        },
        {"region": "us-east-2"},
        [],
    ),
    (
        "several-regions",
        web("variables: {AWS_REGION: ap-south-1, HOST: db.abc.eu-west-1.rds.amazonaws.com}\n"),
        {"region": ABSENT},
        [r"region: .*ap-south-1.*eu-west-1|region: .*eu-west-1.*ap-south-1"],
    ),
    ("no-region", web(), {"region": ABSENT}, [r"region: .*ap-northeast-1 until you write yours"]),
    # names
    (
        "apex-and-www",
        web_at("[example.com, www.example.com]"),
        {"dns": {"domain": "example.com"}, "services.web.hosts": ["@", "www"]},
        [r"http.alias: dns.domain is taken as example\.com"],
    ),
    (
        "apex-of-a-country",
        web_at("shop.co.uk"),
        {"dns": {"domain": "shop.co.uk"}, "services.web.hosts": ["@"]},
        [],
    ),
    (
        "deep-name-beside-its-parent",
        web_at("[www.shop.example.com, shop.example.com]"),
        {"dns.domain": "example.com", "services.web.hosts": ["www.shop.example.com", "shop"]},
        [],
    ),
    ("wildcard", web_at("'*.example.com'"), {"dns.domain": "example.com", "services.web.hosts": ["*"]}, []),
    (
        "name-of-another-zone",
        web_at("[www.example.com, www.example.org]"),
        {"dns.domain": "example.com", "services.web.hosts": ["www", "www.example.org"]},
        [],
    ),
    (
        "one-name-a-service",
        {**web_at("www.example.com"), "api/manifest.yml": at("api.example.com").replace("web", "api")},
        {
            "services.api.hosts": ["api"],
            "services.web.hosts": ["www"],
            "services.api.public": True,
            "services.web.public": True,
        },
        [],
    ),
    (
        "name-from-the-shell",
        web_at("'${HOST}'"),
        {"dns": ABSENT},
        [r"http.alias: \$\{HOST\}: is filled in from the shell"],
    ),
    (
        "zone-by-its-id",
        {"web/manifest.yml": WEB.replace("{path: /}", "{path: /, alias: www.example.com, hosted_zone: Z1}")},
        {"dns.host": "www"},
        [r"http.hosted_zone: is found here by its name"],
    ),
    (
        "certificate",
        {**web_at("www.example.com"), ENVIRONMENT: f"http: {{public: {{certificates: [{CERTIFICATE}]}}}}\n"},
        {"dns.certificate": CERTIFICATE},
        [r"http.public.certificates: with certificates of your own, Copilot makes no records"],
    ),
    (
        "certificate-without-a-name",
        {**web(), ENVIRONMENT: f"http: {{public: {{certificates: [{CERTIFICATE}]}}}}\n"},
        {"dns": ABSENT},
        [r"http.public.certificates: no service has an alias"],
    ),
    (
        "tls-policy",
        {**web_at("www.example.com"), ENVIRONMENT: "http: {public: {ssl_policy: ELBSecurityPolicy-TLS13-1-2-2021-06}}"},
        {"load_balancer.tls_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
        [],
    ),
    ("usual-tls-policy", web_at("www.example.com"), {}, [r"ssl_policy: ELB's ELBSecurityPolicy-2016-08 there"]),
    (
        "clients",
        {**web(), ENVIRONMENT: "http: {public: {ingress: {source_ips: [192.0.2.0/24]}}}\n"},
        {"network.allow": ["192.0.2.0/24"]},
        [],
    ),
    (
        "clients-in-the-former-form",
        {
            **web(),
            ENVIRONMENT: "http: {public: {security_groups: {ingress: {restrict_to: {source_ips: [192.0.2.0/24]}}}}}\n",
        },
        {"network.allow": ["192.0.2.0/24"]},
        [],
    ),
    # keys without an effect there, or with the same one here
    (
        "unknown-keys",
        web("deployments: {rolling: x}\nnetwork: {assign_public_ip: true}\ncount: {min: 1, range: 1-2}\n"),
        {"services.web.scaling.max": 2},
        [
            r"web/manifest.yml:\d+: deployments: is no key of Copilot's",
            r"network.assign_public_ip: is no",
            r"count.min",
        ],
    ),
    (
        "unknown-key-of-an-environment",
        {**web(), ENVIRONMENT: "tags: {a: b}\n"},
        {},
        [r"environments/test/manifest.yml:\d+: tags: is no key of Copilot's"],
    ),
    (
        "closed-already",
        web("network: {vpc: {security_groups: {deny_default: true}}}\n"),
        {},
        [r"deny_default: no service is open to others here"],
    ),
    ("own-port", {"web/manifest.yml": WEB.replace("{path: /}", "{path: /, target_port: 80}")}, {}, []),
    (
        "internal-balancer-of-nobody",
        {**web(), ENVIRONMENT: "http: {private: {subnets: [subnet-1]}}\n"},
        {},
        [r"http.private: an internal load balancer is not made here: services that have http for it are named"],
    ),
    # scaling
    (
        "cooldowns-by-default",
        web("count: {range: 1-4, cpu_percentage: 70}\n"),
        {"services.web.scaling": {"min": 1, "max": 4, "cpu": 70, "scale_in_cooldown": 120}},
        [],
    ),
    (
        "cooldowns",
        web("count: {range: 1-4, cooldown: {in: 30s, out: 2m}, cpu_percentage: 70}\n"),
        {"services.web.scaling": {"min": 1, "max": 4, "cpu": 70, "scale_out_cooldown": 120, "scale_in_cooldown": 30}},
        [],
    ),
    (
        "cooldown-of-one-metric",
        web("count: {range: 1-4, cpu_percentage: {value: 70, cooldown: {in: 5m}}, memory_percentage: 80}\n"),
        {"services.web.scaling": {"min": 1, "max": 4, "cpu": 70, "memory": 80}},
        [r"count: scale_in_cooldown: is 120, 300 seconds there; here 300 for all metrics"],
    ),
    (
        "response-time",
        web("count: {range: 1-4, response_time: {value: 1500ms, cooldown: {in: 5m}}}\n"),
        {"services.web.scaling": {"min": 1, "max": 4, "response_time": 1.5}},
        [],
    ),
    (
        "spot-from-the-third",
        web("count: {range: {min: 1, max: 4, spot_from: 3}, cpu_percentage: 70}\n"),
        {"services.web.on_demand": {"base": 2, "percent": 1}},
        [r"spot_from: is carried over with 1 percent on-demand"],
    ),
    # the task definition
    (
        "stop-timeout",
        web("taskdef_overrides: [{path: 'ContainerDefinitions[0].StopTimeout', value: 120}]\n"),
        {"services.web.stop_timeout": 120},
        [],
    ),
    (
        "other-override",
        web("taskdef_overrides: [{path: 'ContainerDefinitions[0].PseudoTerminal', value: true}]\n"),
        {},
        [r"taskdef_overrides\[0\]: ContainerDefinitions\[0\]\.PseudoTerminal: has no key here"],
    ),
    (
        "app-runner",
        {"web/manifest.yml": "name: web\ntype: Request-Driven Web Service\nimage: {build: Dockerfile, port: 80}\n"},
        {"services.web.public": True},
        [r"HTTPS.*App Runner"],
    ),
]


@pytest.mark.parametrize("row", COPILOT_ROWS, ids=lambda row: row[0])
def test_copilot_key_by_key(row: Row, tmp_path: Path) -> None:
    _, files, values, notes = row
    for name, content in {**COPILOT, **files}.items():
        path = tmp_path / "copilot" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    check(of_copilot(tmp_path), values, notes)
    assert "hunter22" not in str(of_copilot(tmp_path))


DB = "  db:\n    image: postgres:17\n    volumes: ['data:/var/lib/postgresql/data']\n"


def app(more: str, rest: str = "") -> dict[str, str]:
    """Return a Compose file with a service `web`, its further keys, and other services."""
    lines = "".join(f"    {line}\n" for line in more.splitlines())
    return {"compose.yaml": f"name: shop\nservices:\n  web:\n    build: .\n    ports: ['80:80']\n{lines}{rest}"}


COMPOSE_ROWS: list[Row] = [
    (
        "object-store",
        app("", "  files:\n    image: minio/minio\n"),
        {"services.files": ABSENT},
        [r"services.files: is an object store, .*use \[buckets.NAME\]"],
    ),
    (
        "queue-stand-in",
        app("", "  sqs:\n    image: softwaremill/elasticmq\n"),
        {"services.sqs": ABSENT},
        [r"services.sqs: is a stand-in for SQS, .*use \[queues.NAME\]"],
    ),
    # databases are no tasks
    *(
        (f"store-{image}", app("", f"  db:\n    image: {image}\n"), {"services.db": ABSENT}, [r"services.db: is a"])
        for image in (
            *("postgres:17", "bitnami/postgresql:16", "pgvector/pgvector:pg16", "pgautoupgrade/pgautoupgrade:17"),
            *("mysql:8", "mariadb:11", "redis:7", "redislabs/redismod", "clickhouse/clickhouse-server:24"),
            *("mcr.microsoft.com/mssql/server:2022-latest", "cockroachdb/cockroach", "apache/kafka:3", "nats:2"),
            *("qdrant/qdrant", "getmeili/meilisearch:v1", "couchdb:3", "neo4j:5", "influxdb:2", "valkey/valkey:8"),
        )
    ),
    (
        "unknown-image-with-a-volume",
        app("depends_on: [box]", "  box:\n    image: example/box:1\n    volumes: ['box:/var/lib/box']\n"),
        {"services.box": ABSENT},
        [r"services.box: .*volume box.*left out"],
    ),
    (
        "worker-with-a-volume",
        app("", "  worker:\n    image: example/shop:1\n    volumes: ['files:/files']\n"),
        {
            "services.worker.image": "example/shop:1",
            "services.worker.volumes": {"files": "/files"},
            "volumes.files": {},
        },
        [r"services.worker.volumes: files at /files: .*copy the files"],
    ),
    (
        "the-same-image-with-a-volume",
        {
            "compose.yaml": "services:\n  web: {image: 'n:1', ports: ['80:80'], depends_on: [worker]}\n"
            "  worker: {image: 'n:1', volumes: ['files:/files']}\n"
        },
        {"services.worker.image": "n:1"},
        [],
    ),
    (
        "profiles-alone",
        {
            "compose.yaml": "services:\n  web: {image: 'n:1', ports: ['80:80'], profiles: [app]}\n"
            "  db: {image: 'postgres:17'}\n"
        },
        {"services.web.image": "n:1"},
        [r"services.web.profiles: runs only with a profile \(app\)"],
    ),
    (
        "port-of-the-machine",
        app("", "  admin:\n    image: example/admin:1\n    ports: ['127.0.0.1:3000:3000']\n"),
        {"services.web.public": True, "services.admin.public": ABSENT},
        [r"services.admin.ports: .*machine itself"],
    ),
    (
        "env_file-that-may-be-missing",
        app("env_file: [{path: gone.env, required: false}]\nenvironment: {A: x}"),
        {"services.web.environment": {"A": "x"}},
        [],
    ),
    (
        "built-database",
        app("", "  box:\n    build: ./box\n    volumes: ['box:/var/lib/mysql']\n"),
        {"services.box": ABSENT},
        [r"services.box: .*left out"],
    ),
    (
        "own-volume",
        {"compose.yaml": "services:\n  blog: {image: 'wordpress:6', ports: ['80:80'], volumes: ['w:/var/www']}\n"},
        {"services.blog.public": True, "services.blog.volumes": {"w": "/var/www"}},
        [r"services.blog.volumes: w at /var/www: .*copy the files"],
    ),
    (
        "dead-host",
        app("environment: {DB_HOST: 'db:27017', LEVEL: info}\ndepends_on: [db]", DB.replace("postgres:17", "mongo:8")),
        {"services.web.environment": {"LEVEL": "info"}, "database": ABSENT, "services.web.database": ABSENT},
        [r"services.web.environment.DB_HOST: db is left out", r"services.web.depends_on: db is left out"],
    ),
    # the file's own stores are the stack's
    (
        "own-database",
        app(
            "environment:\n"
            "  SQLALCHEMY_DATABASE_URI: postgresql+psycopg://shop:hunter22@db:5432/orders\n"
            "  SPRING_DATASOURCE_URL: jdbc:postgresql://db:5432/orders\n"
            "  PGHOST: db\n  PGUSER: shop\n  PGDATABASE: orders\n  PGPASSWORD: hunter22\n  DB_PASSWORD: hunter22\n"
            "  DATABASE_URL: postgresql+psycopg://shop:hunter22@db/orders\n  OTHER: postgres://shop:hunter22@db/audit\n",
            DB + "    environment: {POSTGRES_USER: shop, POSTGRES_DB: orders, POSTGRES_PASSWORD: hunter22}\n",
        ),
        {
            "database": {
                "engine": "aurora-postgresql",
                "name": "orders",
                "user": "shop",
                "url_scheme": "postgresql+psycopg",
            },
            "services.web.database": True,
            "services.web.secrets": {
                "SQLALCHEMY_DATABASE_URI": "database.url",
                "PGPASSWORD": "database.password",
                # another database of the same server
                "OTHER": True,
            },
            "services.web.environment": {
                "SPRING_DATASOURCE_URL": "jdbc:postgresql://{database.host}:{database.port}/{database.name}",
                "PGHOST": "{database.host}",
                "PGUSER": "{database.user}",
                "PGDATABASE": "{database.name}",
            },
            "services.db": ABSENT,
        },
        [
            r"services.db: is \[database\] here, new and empty",
            r"DATABASE_URL: is set by the stack itself",
            r"OTHER: db is left out: set the address",
        ],
    ),
    (
        "own-redis",
        {
            **app(
                "environment:\n  CELERY_BROKER_URL: redis://:${TOKEN}@cache:6379/0\n  RESULTS: redis://cache/1\n"
                "  REDIS_HOST: cache\n  REDIS_PASSWORD: ${TOKEN}\n  REDIS_URL: redis://cache\n",
                "  cache:\n    image: valkey/valkey:8\n    command: valkey-server --requirepass ${TOKEN}\n",
            ),
            ".env": "TOKEN=hunter22\n",
        },
        {
            "redis": {"replicas": 1},
            "services.web.redis": True,
            "services.web.secrets": {
                "CELERY_BROKER_URL": "redis.url",
                "RESULTS": "redis.url",
                "REDIS_PASSWORD": "redis.password",
            },
            "services.web.environment": {"REDIS_HOST": "{redis.host}"},
        },
        [r"RESULTS: has database 1 there, and redis.url has 0", r"REDIS_HOST: is reached by TLS and with a token here"],
    ),
    (
        "own-mysql-as-wordpress-has-it",
        app(
            "depends_on: [db]\nenvironment: {WORDPRESS_DB_HOST: 'db:3306', WORDPRESS_DB_PASSWORD: hunter22}",
            "  db: {image: 'mariadb:11', environment: ['MARIADB_PASSWORD=hunter22', MARIADB_USER=root]}\n",
        ),
        {
            # RDS refuses this user's name
            "database": {"engine": "aurora-mysql"},
            "services.web.environment": {"WORDPRESS_DB_HOST": "{database.host}:{database.port}"},
            "services.web.secrets": {"WORDPRESS_DB_PASSWORD": "database.password"},
        },
        [],
    ),
    (
        "two-databases-stay-out",
        app("environment: {PGHOST: db}", DB + DB.replace("db:", "other:", 1)),
        {"database": ABSENT, "services.web.environment": {"PGHOST": "db"}},
        [r"services.db: is a database", r"services.other: is a database"],
    ),
    (
        "unused-database",
        app("", DB),
        {"database": ABSENT},
        [r"services.db: is a database, .*use \[database\] with engine"],
    ),
    (
        "dead-host-inside",
        app("environment: {JAVA_OPTS: '-Xmx1g -Dhost=db:5432'}", DB),
        {"services.web.environment": {"JAVA_OPTS": "-Xmx1g -Dhost=db:5432"}},
        [r"services.web.environment.JAVA_OPTS: has the address of db in it, which is left out"],
    ),
    (
        "host-inside",
        app("environment: {OPTS: '--to http://api:4000 -v'}", "  api: {build: api, expose: ['4000']}\n"),
        {"services.web.environment": {"OPTS": "--to http://api:4000 -v"}},
        [r"services.web.environment.OPTS: has the address of api in it, which is api\.svc\.internal here"],
    ),
    (
        "dead-host-in-a-command",
        app("command: wait-for db:5432 -- serve", DB),
        {"services.web.command": "wait-for db:5432 -- serve"},
        [r"services.web.command: .*db is left out"],
    ),
    # services find each other
    (
        "host",
        app("environment: {BACK: 'http://api:4000/v1'}", "  api:\n    build: api\n    expose: ['4000']\n"),
        {"services.web.environment": {"BACK": "http://api.svc.internal:4000/v1"}, "services.web.calls": ["api"]},
        [],
    ),
    (
        "one-off",
        app(
            "depends_on: {migrate: {condition: service_completed_successfully}}",
            "  migrate:\n    build: .\n    command: migrate\n",
        ),
        {"services.migrate": ABSENT, "jobs.migrate.before_deploy": True, "jobs.migrate.command": "migrate"},
        [],
    ),
    # what is filled in
    (
        "default",
        app("environment: {A: '${A:-x}', B: '${B-y}', C: 'a${C:-}b'}"),
        {"services.web.environment": {"A": "x", "B": "y", "C": "ab"}},
        [],
    ),
    ("nested-default", app("environment: {A: '${A:-${B:-z}}'}"), {"services.web.environment": {"A": "z"}}, []),
    (
        "needed",
        app("environment: {A: '${A:?say A}'}"),
        {"services.web.environment": ABSENT},
        [r"environment.A: is filled in from A"],
    ),
    ("instead", app("environment: {A: '${A:+yes}'}"), {"services.web.environment": {"A": ""}}, []),
    ("dollar", app("environment: {A: '$${A}'}"), {"services.web.environment": {"A": "${A}"}}, []),
    (
        "of-.env",
        {**app("environment: {A: '${A:-x}', B: '$B'}"), ".env": "# c\nexport A='1 2'\nB=\"3\" # c\n"},
        {"services.web.environment": {"A": "1 2", "B": "3"}},
        [],
    ),
    (
        "secret-of-.env",
        {**app("environment: {U: 'postgres://u:${PASSWORD}@h/d', PW: '${PASSWORD}'}"), ".env": "PASSWORD=hunter22\n"},
        {"services.web.secrets": ["U", "PW"], "services.web.environment": ABSENT},
        [],
    ),
    (
        "secret-in-a-command",
        {**app("command: serve --token ${TOKEN}"), ".env": "TOKEN=hunter22hunter22\n"},
        {"services.web.command": ABSENT},
        [r"services.web.command: is filled in from TOKEN"],
    ),
    (
        "image",
        {"compose.yaml": "services:\n  n8n:\n    image: n8nio/n8n:${N8N_VERSION}\n    ports: ['80:80']\n"},
        {"services.n8n.image": "n8nio/n8n:${N8N_VERSION}"},
        [r"services.n8n.image: is filled in from N8N_VERSION"],
    ),
    (
        "image-of-.env",
        {"compose.yaml": "services:\n  n8n:\n    image: n8nio/n8n:${V}\n    ports: ['80:80']\n", ".env": "V=1.2\n"},
        {"services.n8n.image": "n8nio/n8n:1.2"},
        [],
    ),
    (
        "env_file",
        {**app("env_file: [web.env]\nenvironment: {A: own}"), "web.env": "A=1\nB=2\nAPI_TOKEN=hunter22hunter22\n"},
        {"services.web.environment": {"B": "2", "A": "own"}, "services.web.secrets": ["API_TOKEN"]},
        [],
    ),
    ("env_file-missing", app("env_file: {path: gone.env}"), {}, [r"services.web.env_file: gone.env: .*is not there"]),
    (
        "profiles",
        app("", "  mail:\n    image: axllent/mailpit\n    profiles: [dev]\n"),
        {"services.mail": ABSENT},
        [r"services.mail.profiles: .*COMPOSE_PROFILES"],
    ),
    (
        "profiles-of-.env",
        {**app("", "  mail:\n    image: axllent/mailpit\n    profiles: [dev]\n"), ".env": "COMPOSE_PROFILES=dev,x\n"},
        {"services.mail.image": "axllent/mailpit"},
        [],
    ),
    (
        "port-of-.env",
        {"compose.yaml": "services:\n  web:\n    build: .\n    ports: ['80:${PORT:-8080}']\n"},
        {"services.web.port": 8080},
        [],
    ),
    # keys
    (
        "check",
        app("healthcheck: {test: [CMD, ok], interval: 1m, timeout: 10s, retries: 5, start_period: 20s}"),
        {
            "services.web.health": {
                "path": "/",
                "command": ["ok"],
                "interval": 60,
                "timeout": 10,
                "unhealthy": 5,
                "grace": 20,
            }
        },
        [],
    ),
    (
        "check-of-both",
        app("healthcheck: {test: ok, interval: 5s, timeout: 5s, retries: 1}"),
        {
            "services.web.health": {
                "path": "/",
                "command": "ok",
                "interval": 5,
                "timeout": 4,
                "unhealthy": 2,
                "grace": 0,
            }
        },
        [r"healthcheck: timeout is 4 here, and not 5", r"healthcheck: unhealthy is 2 here, and not 1"],
    ),
    ("hole-in-a-build", app("", "  api: {build: '${WHERE}'}\n"), {"services.api": ABSENT}, [r"build: .*WHERE"]),
    (
        "check-by-default",
        app("", "  api:\n    build: api\n    healthcheck: {test: ok}\n"),
        {"services.api.health": {"command": "ok", "interval": 30, "timeout": 30, "unhealthy": 3, "grace": 0}},
        [],
    ),
    ("check-off", app("healthcheck: {disable: true}"), {"services.web.health": {"path": "/"}}, []),
    ("arm", app("platform: linux/arm64"), {"services.web.architecture": "arm64"}, []),
    (
        "size",
        app("deploy: {resources: {limits: {cpus: '0.5', memory: 1G}}}"),
        {"services.web.cpu": 512, "services.web.memory": 1024},
        [],
    ),
    (
        "no-restart",
        app("", "  seed:\n    image: seed:1\n    restart: 'no'\n"),
        {},
        [r"services.seed.restart: no: .*again"],
    ),
    ("logging", app("logging: {driver: gelf}"), {}, [r"services.web.logging: .*CloudWatch"]),
    ("labels", app("labels: ['traefik.http.routers.web.rule=Host(`a.example.com`)']"), {}, [r"services.web.labels: "]),
    ("env-from-the-shell", app("environment: [A]"), {}, [r"environment.A: "]),
    (
        "override",
        {**app(""), "compose.override.yaml": "services: {}\n"},
        {},
        [r"compose.override.yaml: .*Compose reads it, too"],
    ),
    # what Compose does by default
    ("spot", app(""), {"services.web.on_demand": {"percent": 100}}, []),
    ("capabilities", app(""), {}, [r"capabilities: .*keeps fewer"]),
    ("no-limit", app(""), {}, [r"cpu: .*no limit"]),
    ("one-task", app(""), {"services.web.count": 1}, []),
    ("stop-after-10", app(""), {"services.web.stop_timeout": 10}, []),
    (
        "port-80-of-several",
        {
            "compose.yaml": "services:\n  proxy: {image: 'n:1', ports: ['443:8443', '80:8080']}\n"
            "  web: {image: 'w:1', ports: [{target: 5000, published: 81}]}\n"
        },
        {"services.proxy.public": True, "services.proxy.port": 8080, "services.web.public": ABSENT},
        [
            r"services.web.ports: proxy has port 80: write public = true",
            r"services.proxy.ports: a service has one port",
        ],
    ),
    (
        "port-80-of-none",
        {"compose.yaml": "services:\n  a: {image: 'n:1', ports: ['81:80']}\n  b: {image: 'w:1', ports: ['82:80']}\n"},
        {"services.a.public": ABSENT, "services.b.public": ABSENT},
        [r"services.a.ports: several services publish one", r"services.b.ports: several services publish one"],
    ),
    (
        "restart-of-a-server",
        app("restart: 'no'"),
        {"services.web.port": 80},
        [r"web.restart: no: ECS starts .* again$"],
    ),
    (
        "restart-of-a-worker",
        app("", "  worker:\n    image: example/shop:1\n    restart: on-failure\n"),
        {},
        [r"services.worker.restart: on-failure: ECS starts a task that ends again: write it as a job"],
    ),
    ("egress", app(""), {"network.egress": "public"}, []),
    ("no-domain", app(""), {"dns": ABSENT}, [r"answers by HTTP under the load balancer's own name"]),
]


@pytest.mark.parametrize("row", COMPOSE_ROWS, ids=lambda row: row[0])
def test_compose_key_by_key(row: Row, tmp_path: Path) -> None:
    _, files, values, notes = row
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    made = compose.draft(tmp_path)
    check(made, values, notes)
    assert "hunter22" not in str(made)
