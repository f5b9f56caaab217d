"""Declarations for a configuration's services: containers, capacity, variables, and scaling."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

import provisioner.steps  # noqa: F401  (importing the package registers the steps)
from provisioner.config import sample
from provisioner.config.capabilities import DEFAULT
from provisioner.config.facts import Copy, Facts
from provisioner.config.models import Config
from provisioner.engine.declaration import Dependency
from provisioner.engine.resource import Resource
from provisioner.steps import offline
from provisioner.steps.stack import Stack, run

ZONES = ("eu-west-1a", "eu-west-1b", "eu-west-1c")
FACTS = Facts(
    *("123456789012", "aws", "eu-west-1", ZONES, "ami-1", "Z1", ("10.0.0.0/8",)),
    engine=False,
    local=True,
    s3_prefix_list="pl-1",
)


def declared(keys: Mapping[str, Any] | None = None, **services: dict[str, Any]) -> Stack:
    database: dict[str, Any] = {"database": {}} if any(one.get("database") for one in services.values()) else {}
    tables = {"region": "eu-west-1", "dns": {"domain": "example.com"}, "services": services, **database, **(keys or {})}
    stack = Stack(Config.model_validate(tables), FACTS)
    stack.run()
    return stack


def desired(stack: Stack, address: str) -> Any:
    return stack.declared[address].resource


def container(stack: Stack, name: str) -> dict[str, Any]:
    [only] = desired(stack, f"task_definition/{name}").container_definitions
    return dict(only)


def environment(stack: Stack, name: str) -> dict[str, str]:
    return {pair["name"]: pair["value"] for pair in container(stack, name)["environment"]}


def needs(stack: Stack, address: str) -> dict[str, bool]:
    return {need.address: need.ready for need in stack.declared[address].dependencies}


def test_a_container_has_few_privileges() -> None:
    stack = declared(web={"build": "nowhere", "port": 80, "user": "10001:10001", "read_only": True})
    web = container(stack, "web")
    assert web["user"] == "10001:10001"
    assert web["readonlyRootFilesystem"] is True
    assert {mount["containerPath"] for mount in web["mountPoints"]} == {
        "/managed-agents",
        "/var/lib/amazon/ssm",
        "/var/log/amazon/ssm",
    }
    assert len(web["linuxParameters"]["capabilities"]["drop"]) == 13, "all but NET_BIND_SERVICE"
    volumes = {volume["name"] for volume in desired(stack, "task_definition/web").volumes}
    assert volumes == {mount["sourceVolume"] for mount in web["mountPoints"]}
    assert web["systemControls"] == [{"namespace": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]


def test_what_init_writes_has_few_privileges() -> None:
    services = tomllib.loads(sample.text())["services"]
    stack = declared(**services)
    assert len(services) == 2
    for name in services:
        one = container(stack, name)
        assert (one["user"], one["readonlyRootFilesystem"]) == ("101", True)
        assert one["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
        assert not {"privileged", "dockerSecurityOptions"} & one.keys()


def test_a_ready_image_as_root_drops_capabilities_and_adds_none() -> None:
    own = {"image": "nginx:1", "port": 80}
    stack = declared(web=own, all=own | {"capabilities": list(DEFAULT)}, none=own | {"capabilities": []})
    linux = container(stack, "web")["linuxParameters"]
    assert linux["capabilities"] == {"drop": ["AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP", "SYS_CHROOT"]}
    assert "capabilities" not in container(stack, "all")["linuxParameters"]
    assert container(stack, "none")["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}


def test_on_an_instance_ecs_mounts_its_own_log_directory() -> None:
    stack = declared(web={"build": "nowhere", "port": 80, "launch": "ec2", "read_only": True})
    assert [mount["containerPath"] for mount in container(stack, "web")["mountPoints"]] == ["/var/lib/amazon/ssm"]
    assert desired(stack, "task_definition/web").volumes == [{"name": "exec-state"}]


def test_a_ready_image_keeps_its_user_and_writes_by_default() -> None:
    own, said = {"image": "nginx:1", "port": 80}, {"user": "101", "read_only": True}
    stack = declared(web=own, strict={**own, **said})
    assert "user" not in container(stack, "web")
    assert container(stack, "web")["readonlyRootFilesystem"] is False
    assert container(stack, "strict")["user"] == "101"
    assert container(stack, "strict")["readonlyRootFilesystem"] is True


def test_a_writable_root_needs_no_volumes() -> None:
    stack = declared(web={"build": "nowhere", "port": 8080, "read_only": False})
    assert not {"mountPoints", "systemControls"} & container(stack, "web").keys()
    assert desired(stack, "task_definition/web").volumes == []


def test_callers_and_users_of_the_database_get_its_address() -> None:
    stack = declared(
        web={"image": "nginx:1", "port": 80, "calls": ["order-api"], "environment": {"PORT": "81", "LEVEL": "info"}},
        **{"order-api": {"image": "nginx:1", "port": 8080, "database": True}},
    )
    assert environment(stack, "web") == {
        "ORDER_API_URL": "http://order-api.svc.internal:8080",
        "LEVEL": "info",
        "PORT": "81",
    }
    assert environment(stack, "order-api") == {
        "PORT": "8080",
        # the name in its certificate, not the alias in the private zone
        "DB_HOST": "${db_cluster/main:endpoint}",
        "DB_PORT": "3306",
        "DB_NAME": "sample",
        "DB_USER": "dbadmin",
    }
    assert container(stack, "order-api")["secrets"] == [
        {"name": "DATABASE_URL", "valueFrom": "${connection_url/database:arn}"},
        {"name": "DB_PASSWORD", "valueFrom": "${secure_parameter/database-password:arn}"},
    ]
    # another password makes another revision, whose tasks read it
    assert container(stack, "order-api")["dockerLabels"] == {
        "provisioner.password-version": "${secure_parameter/database-password:version!}",
        "provisioner.secret.DATABASE_URL": "${connection_url/database:version!}",
    }
    assert "secrets" not in container(stack, "web")
    assert "dockerLabels" not in container(stack, "web")


def test_the_databases_url_is_made_of_its_settings() -> None:
    stack = declared(
        {"database": {"name": "shop", "user": "owner", "url_scheme": "mysql2", "url_query": "timeout=10"}},
        web={"image": "nginx:1", "port": 80, "database": True},
    )
    assert desired(stack, "connection_url/database").url == (
        "mysql2://owner@${db_cluster/main:endpoint}:3306/shop?timeout=10"
    )


def test_references_lead_to_the_stores_parameters_and_addresses() -> None:
    pool = {"image": "pool:1", "environment": {"AT": "{database.host}"}, "secrets": {"PW": "database.password"}}
    stack = declared(
        {"database": {}, "redis": {}},
        web={
            "image": "nginx:1",
            "port": 80,
            "database": True,
            "redis": True,
            "sidecars": {"pool": pool},
            "environment": {"NODE": "tcp://{redis.host}:{redis.port}/{database.name}", "KEPT": "${database.host}"},
            "secrets": {"BROKER": "redis.url", "DATABASE_URL": "database.url", "CACHE_PW": "redis.password"},
        },
    )
    beside, own = desired(stack, "task_definition/web").container_definitions[1], environment_and_secrets(stack, "web")
    assert own["NODE"] == "tcp://${replication_group/main:endpoint!}:6379/sample"
    assert own["KEPT"] == "${database.host}"
    assert own["BROKER"] == own["REDIS_URL"] == "${connection_url/redis:arn}"
    assert own["DATABASE_URL"] == "${connection_url/database:arn}"
    assert own["CACHE_PW"] == "${secure_parameter/redis-token:arn}"
    assert beside["environment"] == [{"name": "AT", "value": "${db_cluster/main:endpoint}"}]
    assert beside["secrets"] == [{"name": "PW", "valueFrom": "${secure_parameter/database-password:arn}"}]
    assert beside["dockerLabels"] == {"provisioner.secret.PW": "${secure_parameter/database-password:version!}"}
    # no task starts with a password that its store has not taken yet
    assert needs(stack, "task_definition/web")["db_cluster/main"] is True
    reads = desired(stack, "role/execution-web").inline_policies
    [read] = reads["redis-token"]["Statement"]
    assert read["Resource"] == "arn:aws:ssm:eu-west-1:123456789012:parameter/ecs-sample-dev/redis/token"


def environment_and_secrets(stack: Stack, name: str) -> dict[str, str]:
    """Return the variables of a service's container, and the places of its secrets."""
    own = next(one for one in desired(stack, f"task_definition/{name}").container_definitions if one["name"] == name)
    places = {one["name"]: one["valueFrom"] for one in own["secrets"]}
    return places | {one["name"]: one["value"] for one in own["environment"]}


@pytest.mark.parametrize("own", [{"environment": {"DATABASE_URL": "sqlite:///"}}, {"secrets": ["DATABASE_URL"]}])
def test_a_database_url_of_the_file_comes_first(own: dict[str, Any]) -> None:
    stack = declared(web={"image": "nginx:1", "port": 80, "database": True, **own})
    places = [one["valueFrom"] for one in container(stack, "web")["secrets"]]
    assert "${connection_url/database:arn}" not in places
    assert environment(stack, "web").get("DATABASE_URL") == own.get("environment", {}).get("DATABASE_URL")


def test_a_container_has_no_health_check_unless_asked_for() -> None:
    stack = declared(
        web={"build": "nowhere", "port": 80, "public": True, "health": "/up"},
        worker={"build": "nowhere", "port": 81},
        listed={"image": "web:1", "port": 82, "health": {"command": ["/check", "-q"]}},
        text={"image": "web:1", "port": 83, "health": {"command": "test -e /tmp/ok", "unhealthy": 1, "grace": 300}},
        both={"image": "web:1", "port": 84, "public": True, "path": "/b", "health": {"command": "true", "grace": 900}},
    )
    assert not any("healthCheck" in container(stack, name) for name in ("web", "worker"))
    assert container(stack, "listed")["healthCheck"] == {
        "command": ["CMD", "/check", "-q"],
        "interval": 15,
        "timeout": 5,
        "retries": 3,
        "startPeriod": 60,
    }
    check = container(stack, "text")["healthCheck"]
    assert (check["command"], check["retries"], check["startPeriod"]) == (["CMD-SHELL", "test -e /tmp/ok"], 1, 300)
    # ECS allows 300 s there, and the grace period of the service counts for both checks
    assert container(stack, "both")["healthCheck"]["startPeriod"] == 300
    assert desired(stack, "service/both").health_check_grace_period_seconds == 900


def test_a_public_service_has_its_target_groups_health_check() -> None:
    health = {"path": "/up", "codes": "200-399", "interval": 30, "timeout": 9, "healthy": 4, "unhealthy": 5}
    plain = declared(web={"image": "web:1", "port": 80, "public": True})
    stack = declared(
        web={"image": "web:1", "port": 80, "public": True, "health": health, "deregistration_delay": 120},
        api={"image": "api:1", "port": 80},
    )
    group = desired(stack, "target_group/web")
    assert (group.health_check_path, group.matcher, group.deregistration_delay) == ("/up", "200-399", 120)
    assert (group.health_check_interval_seconds, group.health_check_timeout_seconds) == (30, 9)
    assert (group.healthy_threshold_count, group.unhealthy_threshold_count) == (4, 5)
    assert [desired(stack, f"service/{name}").health_check_grace_period_seconds for name in ("web", "api")] == [60, 0]
    group = desired(plain, "target_group/web")
    assert (group.health_check_path, group.matcher, group.deregistration_delay) == ("/health", "200", 30)
    assert (group.health_check_interval_seconds, group.health_check_timeout_seconds) == (15, 5)
    assert (group.healthy_threshold_count, group.unhealthy_threshold_count) == (2, 3)


def test_a_service_that_must_not_run_twice_has_no_rebalancing() -> None:
    stack = declared(
        web={"image": "web:1", "port": 80},
        beat={"image": "beat:1", "port": 81, "deployment": {"min_percent": 0, "max_percent": 100}, "stop_timeout": 90},
    )
    for name, least, most, rebalancing in (("web", 100, 200, "ENABLED"), ("beat", 0, 100, "DISABLED")):
        service = desired(stack, f"service/{name}")
        configuration = service.deployment_configuration
        assert (configuration["maximumPercent"], configuration["minimumHealthyPercent"]) == (most, least)
        assert service.availability_zone_rebalancing == rebalancing
    assert container(stack, "beat")["stopTimeout"] == 90
    assert "stopTimeout" not in container(stack, "web")


def test_names_that_aws_would_refuse_are_short_and_unlike() -> None:
    long = "a-storefront-with-a-name-of-many-words"
    service = {"image": "web:1", "port": 80, "public": True}
    stack = declared(
        **{
            long: {**service, "path": "/a/*", "deployment": "blue-green"},
            f"{long}-two": {**service, "path": "/b/*"},
            "web": {**service, "path": "/w/*"},
        }
    )
    addresses = [f"target_group/{name}" for name in (long, f"{long}-B", f"{long}-two")]
    groups = [desired(stack, address).target_group_name for address in addresses]
    assert all(len(name) <= 32 and name.startswith("ecs-sample-dev-a-stor") for name in groups)
    assert len({*groups}) == 3
    assert desired(stack, "target_group/web").target_group_name == "ecs-sample-dev-web"
    role = desired(stack, f"role/task-{long}-two").role_name
    assert role == f"ecs-sample-dev-task-{long}-two"
    longest = "b" * 63
    declaration = declared(**{longest: {"image": "web:1"}})
    assert len(desired(declaration, f"role/task-{longest}").role_name) <= 64


def test_services_in_a_circle_have_rules_apart_and_an_order() -> None:
    stack = declared(
        web={"image": "web:1", "port": 80, "public": True, "calls": ["api"]},
        api={"image": "api:1", "port": 81, "calls": ["web", "store"]},
        store={"image": "store:1", "port": 82},
    )
    for name, port, callers in (("web", 80, {"alb", "api"}), ("api", 81, {"web"})):
        assert desired(stack, f"security_group/{name}").ingress is None
        rules = desired(stack, f"security_group_ingress/{name}").rules
        assert {(rule["FromPort"], rule["ReferencedGroupId"]) for rule in rules} == {
            (port, f"${{security_group/{caller}:id}}") for caller in callers
        }
        assert f"security_group_ingress/{name}" in needs(stack, f"security_group_egress/{name}"), "tasks start later"
    assert len(desired(stack, "security_group/store").ingress) == 1
    assert "security_group_ingress/store" not in stack.declared
    assert environment(stack, "web")["API_URL"] == "http://api.svc.internal:81"
    assert environment(stack, "api")["WEB_URL"] == "http://web.svc.internal:80"
    order = [address for address in stack.declared if address.startswith("service/")]
    assert order.index("service/store") < order.index("service/api") < order.index("service/web")


def test_callers_get_the_address_in_the_form_of_the_protocol() -> None:
    called = {"image": "c:1", "port": 6379}
    stack = declared(
        cache={**called, "protocol": "redis"},
        raw={**called, "protocol": "tcp"},
        api=called,
        web={"image": "web:1", "calls": ["cache", "raw", "api"], "environment": {"RAW_URL": "amqp://guest@raw"}},
    )
    assert environment(stack, "web") == {
        "CACHE_URL": "redis://cache.svc.internal:6379",
        "CACHE_HOST": "cache.svc.internal",
        "CACHE_PORT": "6379",
        "RAW_HOST": "raw.svc.internal",
        "RAW_PORT": "6379",
        "RAW_URL": "amqp://guest@raw",
        "API_URL": "http://api.svc.internal:6379",
    }


def test_disks_and_limits_are_those_of_the_file() -> None:
    limits = {"nofile": 65536, "core": {"soft": 0, "hard": -1}}
    stack = declared(
        web={"image": "web:1", "port": 80, "ephemeral_storage": 50, "ulimits": limits, "memory": 1024},
        host={"extends": "web", "port": 81, "launch": "ec2"},
        plain={"image": "web:1", "port": 80},
    )
    asked = [
        {"name": "core", "softLimit": 0, "hardLimit": -1},
        {"name": "nofile", "softLimit": 65536, "hardLimit": 65536},
    ]
    assert desired(stack, "task_definition/web").ephemeral_storage == {"sizeInGiB": 50}
    assert container(stack, "web")["ulimits"] == container(stack, "host")["ulimits"] == asked
    for name in ("host", "plain"):  # instances have no such disks
        assert desired(stack, f"task_definition/{name}").ephemeral_storage is None
    assert "ulimits" not in container(stack, "plain")


def test_what_would_be_built_is_recorded_and_said_in_one_line() -> None:
    stack = declared(web={"build": "nowhere", "port": 80}, other={"image": "nginx:1", "port": 81})
    image = desired(stack, "wanted_image/web")
    assert (image.uri, image.source) == ("${repository/web:repository_uri}:unknown", "nowhere")
    assert container(stack, "web")["image"] == image.uri
    assert container(stack, "other")["image"] == "nginx:1"
    [notice] = [text for text in stack.notices if "build" in text]
    assert notice.startswith('services.web.build is "nowhere", but there is no directory')
    assert notice.endswith("the image is not built")


def test_an_image_is_kept_before_a_task_definition_names_it() -> None:
    services = {"web": {"build": "nowhere", "port": 80}, "other": {"image": "nginx:1", "port": 81}}
    stack = Stack(Config.model_validate({"services": services}), replace(FACTS, pushed=frozenset({"web"})))
    stack.run()
    in_use = desired(stack, "image_in_use/web.unknown")
    assert (in_use.tag, in_use.image) == ("in-use-unknown", container(stack, "web")["image"])
    assert "image_in_use/web.unknown" in needs(stack, "task_definition/web")
    assert not [address for address in stack.declared if address.startswith("image_in_use/other")]


def test_a_copied_image_is_named_by_its_copys_digest() -> None:
    services = {name: {"image": "nginx:1", "port": 80} for name in ("web", "other")}
    copies = {
        "web": Copy("docker.io/library/nginx:1@sha256:1", "a-1", "told"),
        "other": Copy("docker.io/library/nginx:1", "a-unknown", "not copied", possible=False),
    }
    stack = Stack(Config.model_validate({"services": services}), replace(FACTS, copies=copies))
    stack.run()
    copied = desired(stack, "copied_image/web")
    assert (copied.repository_name, copied.tag, copied.source) == ("ecs-sample-dev/web", "a-1", copies["web"].source)
    assert container(stack, "web")["image"] == "${copied_image/web:reference}"
    assert desired(stack, "image_in_use/web.a-1").tag == "in-use-a-1"
    assert "image_in_use/web.a-1" in needs(stack, "task_definition/web")
    assert desired(stack, "wanted_image/other").source == "docker.io/library/nginx:1"
    assert container(stack, "other")["image"] == "${repository/other:repository_uri}:a-unknown"
    assert [text for text in stack.notices if text in ("told", "not copied")] == ["told", "not copied"]


def test_where_services_run() -> None:
    stack = declared(web={"image": "nginx:1", "port": 80, "launch": "ec2"}, api={"image": "nginx:1", "port": 81})
    [on_instances] = desired(stack, "service/web").capacity_provider_strategy
    assert on_instances["capacityProvider"] == "${capacity_provider/main:id}"
    assert desired(stack, "task_definition/web").requires_compatibilities == ["EC2"]
    assert desired(stack, "task_definition/api").requires_compatibilities == ["FARGATE"]
    for name in ("web", "api"):
        service = desired(stack, f"service/{name}")
        assert service.subnets == [f"${{subnet/private-{letter}:id}}" for letter in "abc"]
        assert service.assign_public_ip == "DISABLED"


@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        ("blue-green", {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5}),
        (
            {"strategy": "canary", "step_percent": 20, "bake_minutes": 0},
            {
                "strategy": "CANARY",
                "bakeTimeInMinutes": 0,
                "canaryConfiguration": {"canaryPercent": 20.0, "canaryBakeTimeInMinutes": 10},
            },
        ),
        (
            {"strategy": "linear", "step_minutes": 2, "alarms": ["slow"]},
            {
                "strategy": "LINEAR",
                "bakeTimeInMinutes": 5,
                "linearConfiguration": {"stepPercent": 10.0, "stepBakeTimeInMinutes": 2},
                "alarms": {"alarmNames": ["slow"], "enable": True, "rollback": True},
            },
        ),
        (
            {"strategy": "blue-green", "pause_at": ["post-production-traffic-shift", "post-scale-up"]},
            {
                "strategy": "BLUE_GREEN",
                "bakeTimeInMinutes": 5,
                "lifecycleHooks": [
                    {
                        "targetType": "PAUSE",
                        "lifecycleStages": ["POST_SCALE_UP", "POST_PRODUCTION_TRAFFIC_SHIFT"],
                        "timeoutConfiguration": {"timeoutInMinutes": 1440, "action": "ROLLBACK"},
                    }
                ],
            },
        ),
    ],
)
def test_traffic_is_shifted_between_two_target_groups(deployment: Any, expected: dict[str, Any]) -> None:
    stack = declared(web={"image": "web:1", "port": 80, "public": True, "deployment": deployment})
    service = desired(stack, "service/web")
    none = {"alarms": {"alarmNames": [], "enable": False, "rollback": False}}
    assert {key: service.deployment_configuration[key] for key in none | expected} == none | expected
    assert service.load_balancers[0]["advancedConfiguration"] == {
        "alternateTargetGroupArn": "${target_group/web-B:id}",
        "productionListenerRule": "${listener_rule/web:id}",
        "roleArn": "${role/traffic:arn!}",
    }
    assert desired(stack, "listener_rule/web").weighted_by_ecs
    assert desired(stack, "listener/https").default_actions[0]["Type"] == "fixed-response"
    assert needs(stack, "service/web")["role/traffic"], "ECS can use it once its policy is known"
    assert service.ready_within() >= service.create_timeout + 60 * expected["bakeTimeInMinutes"]


def test_new_tasks_can_be_tried_at_a_port_of_their_own() -> None:
    one = {"image": "web:1", "port": 80, "public": True, "deployment": {"strategy": "canary", "test_port": 8443}}
    stack = declared(web=one, shop=one | {"path": "/shop/*"})
    test, https = desired(stack, "listener/test-8443"), desired(stack, "listener/https")
    assert (test.port, test.certificate_arn, test.ssl_policy) == (8443, https.certificate_arn, https.ssl_policy)
    assert test.default_actions[0]["Type"] == "fixed-response"
    rule, everybody = desired(stack, "listener_rule/shop-T"), desired(stack, "listener_rule/shop")
    assert (rule.conditions, rule.actions, rule.weighted_by_ecs) == (everybody.conditions, everybody.actions, True)
    settings = desired(stack, "service/shop").load_balancers[0]["advancedConfiguration"]
    assert settings["testListenerRule"] == "${listener_rule/shop-T:id}"
    users = desired(stack, "security_group/alb").ingress
    assert {rule["FromPort"] for rule in users} == {80, 443, 8443}
    sources = [{rule["CidrIpv4"] for rule in users if rule["FromPort"] == port} for port in (443, 8443)]
    assert sources[0] == sources[1]


def test_alarms_end_rolling_deployments_too() -> None:
    stack = declared(worker={"image": "web:1", "deployment": {"alarms": ["slow"]}}, mail={"image": "web:1"})
    asked = desired(stack, "service/worker").deployment_configuration
    assert asked["alarms"] == {"alarmNames": ["slow"], "enable": True, "rollback": True}
    assert "strategy" not in asked
    assert "alarms" not in desired(stack, "service/mail").deployment_configuration


def test_a_rolling_deployment_may_end_early() -> None:
    deployment = {"early_success": True}
    stack = declared(worker={"image": "web:1", "deployment": deployment}, mail={"image": "web:1"})
    asked = desired(stack, "service/worker").deployment_configuration["earlySuccessCriteria"]
    assert asked == {"enable": True, "healthyPercent": 100, "sourceServiceRevisionCleanup": "DEFERRED"}
    assert "earlySuccessCriteria" not in desired(stack, "service/mail").deployment_configuration


def test_a_rolling_service_has_one_target_group() -> None:
    stack = declared(web={"image": "web:1", "port": 80, "public": True})
    assert "strategy" not in desired(stack, "service/web").deployment_configuration
    assert not {"role/traffic", "target_group/web-B", "listener_rule/web"} & stack.declared.keys()


@pytest.mark.parametrize(
    ("settings", "kind", "value"),
    [
        ({}, "BOUNDED_PERCENT", 50),
        ({"circuit_breaker": {"threshold": "20%"}}, "BOUNDED_PERCENT", 20),
        ({"circuit_breaker": {"threshold": 5}}, "COUNT", 5),
    ],
)
def test_after_how_many_failures_a_deployment_is_rolled_back(settings: dict[str, Any], kind: str, value: int) -> None:
    stack = declared(api={"image": "nginx:1", "port": 81, **settings})
    assert desired(stack, "service/api").deployment_configuration["deploymentCircuitBreaker"] == {
        "enable": True,
        "rollback": True,
        "resetOnHealthyTask": True,
        "thresholdConfiguration": {"type": kind, "value": value},
    }


@pytest.mark.parametrize(
    ("on_demand", "shares"),
    [
        ({}, [("FARGATE_SPOT", 1, 0)]),
        ({"percent": 100}, [("FARGATE", 1, 0)]),
        ({"base": 2, "percent": 25}, [("FARGATE", 1, 2), ("FARGATE_SPOT", 3, 0)]),
    ],
)
def test_how_much_of_fargate_is_spot(on_demand: dict[str, int], shares: list[tuple[str, int, int]]) -> None:
    stack = declared(api={"image": "nginx:1", "port": 81, "on_demand": on_demand})
    strategy = desired(stack, "service/api").capacity_provider_strategy
    assert [(one["capacityProvider"], one["weight"], one["base"]) for one in strategy] == shares
    attached = desired(stack, "cluster_capacity_providers/main").capacity_providers
    assert set(attached) >= {provider for provider, _, _ in shares}, "else ECS refuses the service"


def test_tasks_start_after_what_they_cannot_do_without() -> None:
    stack = declared(web={"image": "nginx:1", "port": 80, "public": True}, api={"image": "nginx:1", "port": 81})
    endpoints = {address for address in stack.declared if address.startswith("vpc_endpoint/")}
    for name in ("web", "api"):
        needed = needs(stack, f"service/{name}")
        assert {address for address, ready in needed.items() if ready} >= {
            *endpoints,
            "cluster_capacity_providers/main",
        }
    assert "listener/https" in needs(stack, "service/web")
    [balancer] = desired(stack, "service/web").load_balancers
    assert balancer == {"targetGroupArn": "${target_group/web:id}", "containerName": "web", "containerPort": 80}
    assert not any(address.startswith(("listener/", "target_group/")) for address in needs(stack, "service/api"))


def test_tasks_start_when_the_database_is_ready() -> None:
    """A program that connects or migrates when it starts would end, and with it the first deployment."""
    settings = {"image": "nginx:1", "port": 81, "database": True}
    stack = declared(api=settings, web={"image": "nginx:1", "port": 80}, cron=settings | {"wait_for_database": False})
    needed = {address: ready for address, ready in needs(stack, "task_definition/api").items() if "db_" in address}
    assert needed == {"db_cluster/main": False}, "which AWS tells when it begins to make it"
    waited = [one for one in stack.declared["service/api"].dependencies if "db_" in one.address]
    assert waited == [Dependency("db_instance/main", ready=True, order_only=True)]
    assert not any(address.startswith("db_") for address in stack.declared["service/api"].built_on)
    for name in ("service/web", "service/cron", "task_definition/web"):
        assert not any(address.startswith("db_") for address in needs(stack, name))


def test_a_caller_starts_after_the_new_services_that_it_calls() -> None:
    db, plain = {"image": "nginx:1", "port": 81, "database": True}, {"image": "nginx:1", "port": 82}
    stack = declared(web=plain | {"calls": ["api", "mail"]}, api=db, mail=plain)
    item = stack.declared["service/web"]

    def waits(*standing: str) -> set[str]:
        return {one.address for one in item.waits_for(standing) if one.order_only}

    assert waits() == {"service/mail"}, "the other one waits for the database"
    assert waits("service/web") == {"service/api", "service/mail"}
    standing, names = (
        ("service/web", "service/api", "service/mail"),
        ("discovery_service/api", "discovery_service/mail"),
    )
    assert waits(*standing, *names) == set(), "so that a deployment of both takes one's time"
    assert waits(*standing, names[0]) == {"service/mail"}, "which gets the name that it is to be called by"


@pytest.mark.parametrize(
    ("protect", "said", "on"), [(False, None, True), (False, False, False), (True, None, False), (True, True, True)]
)
def test_a_shell_is_on_unless_the_stack_is_protected_or_says_no(protect: bool, said: bool | None, on: bool) -> None:
    """With ECS Exec off nothing is left of it: no actions, no directories that its agent writes to."""
    services = {"web": {"image": "nginx:1", "port": 80, "read_only": True, **({} if said is None else {"exec": said})}}
    stack = Stack(Config.model_validate({"protect": protect, "services": services}), FACTS)
    stack.run()
    assert desired(stack, "service/web").enable_execute_command is on
    assert desired(stack, "role/task-web").inline_policies.keys() == ({"exec"} if on else set())
    assert bool(container(stack, "web").get("mountPoints")) is on
    assert bool(desired(stack, "task_definition/web").volumes) is on


def egress(stack: Stack, name: str) -> set[tuple[int, str]]:
    """Return the allowed targets of a group's members: port, and peer."""
    found = stack.declared.get(f"security_group_egress/{name}")
    rules = (
        desired(stack, f"security_group_egress/{name}").rules
        if found
        else desired(stack, f"security_group/{name}").egress
    )
    return _ends(rules)


def ingress(stack: Stack, name: str) -> set[tuple[int, str]]:
    """Return the allowed sources of a group's members: port, and peer."""
    return _ends(desired(stack, f"security_group/{name}").ingress)


def _ends(rules: Any) -> set[tuple[int, str]]:
    peers = ("CidrIpv4", "PrefixListId", "ReferencedGroupId")
    return {(rule["FromPort"], next(rule[peer] for peer in peers if peer in rule)) for rule in rules}


def test_nothing_goes_out_but_to_what_is_needed() -> None:
    stack = declared(
        web={"image": "nginx:1", "port": 80, "public": True, "launch": "ec2", "exec": False, "calls": ["api"]},
        api={"image": "nginx:1", "port": 81, "database": True},
        job={"image": "nginx:1", "port": 82, "launch": "ec2", "exec": False},
    )
    endpoints, layers = (443, "10.0.0.0/16"), (443, FACTS.s3_prefix_list)
    assert egress(stack, "alb") == {(80, "${security_group/web:id}")}
    assert egress(stack, "ecs-instance") == {endpoints, layers}
    assert egress(stack, "web") == {(81, "${security_group/api:id}")}, "ECS's agent fetches from outside the task"
    assert egress(stack, "api") == {endpoints, layers, (3306, "${security_group/database:id}")}
    assert egress(stack, "job") == egress(stack, "endpoints") == egress(stack, "database") == set()
    # dependents of a group's rules begin once no other traffic can go out
    assert desired(stack, "service/api").security_groups == ["${security_group_egress/api:id}"]
    assert desired(stack, "load_balancer/main").security_groups == ["${security_group_egress/alb:id}"]


# -- groups with more services than they may have rules


WEB = {"image": "nginx:1", "port": 80}
TASKS = "10.0.64.0/18"
"""The range of the private subnets, of which a VPC has up to four."""


def test_a_balancer_of_very_many_services_sends_to_their_ports() -> None:
    services = {f"s{n}": {**WEB, "port": 80 + n % 2, "public": True, "path": f"/{n}"} for n in range(61)}
    assert egress(declared(**services), "alb") == {(80, TASKS), (81, TASKS)}
    assert ingress(declared(**services), "s0") == {(80, "${security_group/alb:id}")}, "the other side names it"


def test_a_database_of_very_many_services_lets_in_their_subnets() -> None:
    services = {f"s{n}": {**WEB, "database": True} for n in range(62)}
    stack = declared(**services)
    assert ingress(stack, "database") == {(3306, TASKS)}
    assert (3306, "${security_group/database:id}") in egress(stack, "s61"), "the other side names it"
    assert [text for text in stack.notices if "ecs-sample-dev-database has 10.0.64.0/18" in text]
    few = declared(**{name: services[name] for name in [*services][:60]})
    assert len(ingress(few, "database")) == 60
    assert few.notices == []


def test_a_service_of_very_many_callers_names_their_subnets() -> None:
    callers = {f"s{n}": {**WEB, "calls": ["api"]} for n in range(60)}
    stack = declared(**callers, api={**WEB, "port": 81, "public": True})
    assert ingress(stack, "api") == {(81, TASKS), (81, "${security_group/alb:id}")}
    assert (81, "${security_group/api:id}") in egress(stack, "s0"), "the other side names it"
    called = {f"s{n}": {**WEB, "port": 80 + n % 2} for n in range(58)}
    stack = declared(**called, web={**WEB, "calls": [*called], "database": True})
    endpoints, layers = (443, "10.0.0.0/16"), (443, FACTS.s3_prefix_list)
    database = (3306, "${security_group/database:id}")
    assert egress(stack, "web") == {endpoints, layers, database, (80, TASKS), (81, TASKS)}
    assert ingress(stack, "s0") == {(80, "${security_group/web:id}")}


def test_a_higher_quota_of_rules_lets_each_service_keep_its_own() -> None:
    services = {f"s{n}": {**WEB, "database": True} for n in range(62)}
    stack = Stack(
        Config.model_validate({"region": "eu-west-1", "services": services, "database": {}}),
        replace(FACTS, group_rules=100),
    )
    stack.run()
    assert len(ingress(stack, "database")) == 62
    assert stack.notices == []


def test_endpoints_get_a_policy_where_aws_takes_one() -> None:
    services = {"web": {"image": "nginx:1", "port": 80, "launch": "ec2"}}
    stack = Stack(Config.model_validate({"services": services}), replace(FACTS, policed=frozenset({"ecs", "logs"})))
    stack.run()
    policies = {a: desired(stack, a).policy_document for a in stack.declared if a.startswith("vpc_endpoint/")}
    assert {address.partition("/")[2] for address, policy in policies.items() if policy} == {"ecs", "logs", "s3"}


def test_how_services_scale() -> None:
    stack = declared(web={"image": "nginx:1", "port": 80, "scaling": {"min": 2, "max": 5, "cpu": 40}})
    target, policy = desired(stack, "scalable_target/web"), desired(stack, "scaling_policy/web")
    assert (target.min_capacity, target.max_capacity) == (2, 5)
    assert policy.target_tracking_scaling_policy_configuration["TargetValue"] == 40
    service: Resource = desired(stack, "service/web")
    assert service.fields()["desired_count"] == 2
    assert "desired_count" in service.ignored


def test_without_scaling_the_count_is_the_stacks() -> None:
    stack = declared(web={"image": "nginx:1", "port": 80, "count": 3})
    service = desired(stack, "service/web")
    assert service.desired_count == 3
    assert "desired_count" not in service.ignored
    assert not [address for address in stack.declared if address.startswith(("scalable_target/", "scaling_policy/"))]


def test_a_policy_for_each_metric() -> None:
    scaling = {"max": 5, "memory": 60, "requests": 400}
    stack = declared(web={"image": "nginx:1", "port": 80, "public": True, "scaling": scaling})
    policies = {a: desired(stack, a) for a in stack.declared if a.startswith("scaling_policy/")}
    followed = {
        one.policy_name: one.target_tracking_scaling_policy_configuration["PredefinedMetricSpecification"]
        for one in policies.values()
    }
    label = "${load_balancer/main:arn_suffix}/${target_group/web:arn_suffix}"
    assert followed == {
        f"{stack.name}-web-memory": {"PredefinedMetricType": "ECSServiceAverageMemoryUtilization"},
        f"{stack.name}-web-requests": {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label},
    }


def test_metrics_of_high_resolution() -> None:
    scaling = {"max": 5, "cpu": 50, "memory": 60, "requests": 400, "resolution": 20}
    stack = declared(web={"image": "nginx:1", "port": 80, "public": True, "scaling": scaling}, api=TOOL)
    assert desired(stack, "service/web").high_resolution_metrics == ["CPUUtilization", "MemoryUtilization"]
    assert desired(stack, "service/api").high_resolution_metrics == []
    policies = [one for address, one in stack.declared.items() if address.startswith("scaling_policy/")]
    followed = {
        one.resource.fields()["target_tracking_scaling_policy_configuration"]["PredefinedMetricSpecification"][
            "PredefinedMetricType"
        ]
        for one in policies
    }
    assert followed == {
        "ECSServiceAverageCPUUtilizationHighResolution",
        "ECSServiceAverageMemoryUtilizationHighResolution",
        "ALBRequestCountPerTarget",
    }
    for policy in policies:
        assert "service/web" in {need.address for need in policy.dependencies if need.ready}


def test_cooldowns_are_those_of_the_file() -> None:
    scaling = {"max": 5, "cpu": 50, "scale_out_cooldown": 0, "scale_in_cooldown": 90}
    stack = declared(web={"image": "nginx:1", "scaling": scaling}, api={"image": "nginx:1", "scaling": {"max": 5}})
    pauses = {}
    for name in ("web", "api"):
        tracking = desired(stack, f"scaling_policy/{name}").target_tracking_scaling_policy_configuration
        pauses[name] = (tracking["ScaleOutCooldown"], tracking["ScaleInCooldown"])
    assert pauses == {"web": (0, 90), "api": (60, 300)}


def test_the_file_wins_over_what_calls_would_set() -> None:
    """A variable and a secret of a service's own, with the name that `calls` has for an address."""
    web = {"image": "web:1", "calls": ["api"], "environment": {"API_URL": "http://api.svc.internal:81/v2"}}
    job = {"image": "web:1", "calls": ["api"], "secrets": {"API_URL": "generate"}}
    stack = declared(web=web, other=job, api={"image": "api:1", "port": 81})
    assert environment(stack, "web")["API_URL"] == "http://api.svc.internal:81/v2"
    assert "environment" not in container(stack, "other") or "API_URL" not in environment(stack, "other")
    assert [one["name"] for one in container(stack, "other")["secrets"]] == ["API_URL"]


def test_recreate_stops_before_it_starts() -> None:
    service = desired(declared(beat={"image": "worker:1", "deployment": "recreate"}), "service/beat")
    assert service.deployment_configuration["maximumPercent"] == 100
    assert service.deployment_configuration["minimumHealthyPercent"] == 0
    assert service.availability_zone_rebalancing == "DISABLED"


def test_every_service_has_its_own_of_each() -> None:
    names = [f"s{number}" for number in range(50)]
    stack = declared(**{name: {"image": "nginx:1", "port": 8000, "scaling": {}} for name in names})
    for kind in ("task_definition", "service", "scalable_target", "scaling_policy"):
        assert [address for address in stack.declared if address.startswith(f"{kind}/")] == [
            f"{kind}/{n}" for n in names
        ]


# -- unused resources, and the end of tasks

TOOL = {"image": "nginx:1", "port": 80}


def kinds(stack: Stack) -> set[str]:
    return {address.partition("/")[0] for address in stack.declared}


def interfaces(stack: Stack) -> set[str]:
    found = (desired(stack, address) for address in stack.declared if address.startswith("vpc_endpoint/"))
    return {one.name for one in found if one.vpc_endpoint_type == "Interface"}


def with_egress(egress: str, **tables: Any) -> Stack:
    tables = {"services": {"web": TOOL}, **tables}
    stack = Stack(Config.model_validate({"region": "eu-west-1", "network": {"egress": egress}, **tables}), FACTS)
    stack.run()
    return stack


def test_nothing_is_declared_that_nothing_uses() -> None:
    stack = declared(web=TOOL)
    unused = {"load_balancer", "listener", "target_group", "certificate", "record_set", "hosted_zone", "delegation"}
    unused |= {"db_cluster", "db_instance", "db_subnet_group", "secure_parameter", "private_dns_namespace"}
    unused |= {"auto_scaling_group", "launch_template", "capacity_provider", "instance_profile", "account_setting"}
    unused |= {"container_instances", "internet_gateway", "nat_gateway", "elastic_ip"}
    assert kinds(stack) & unused == set()
    roles = {address.partition("/")[2] for address in stack.declared if address.startswith("service_linked_role/")}
    assert roles == {"ecs"}
    assert "service_linked_role/task-scaling" in declared(web={**TOOL, "scaling": {"max": 2}}).declared
    assert desired(stack, "cluster_capacity_providers/main").capacity_providers == ["FARGATE", "FARGATE_SPOT"]
    assert "running_tasks/ecs-sample-dev" in stack.declared, "what stops the tasks of a stack that goes"


def test_only_called_services_have_a_name_in_cloud_map() -> None:
    stack = declared(web={**TOOL, "calls": ["api"]}, api={**TOOL, "port": 81}, other={**TOOL, "port": 82})
    assert {a for a in stack.declared if a.startswith("discovery_service/")} == {"discovery_service/api"}
    assert desired(stack, "service/api").service_registries == [{"registryArn": "${discovery_service/api:arn}"}]
    assert desired(stack, "service/web").service_registries == []


@pytest.mark.parametrize(
    ("service", "more", "wanted"),
    [
        ({"exec": False}, {}, set()),
        ({}, {}, {"ssmmessages"}),
        ({"exec": False, "database": True}, {"database": {}}, {"ssm"}),
        ({"exec": False, "launch": "ec2"}, {}, {"ssm", "ssmmessages", "ecs", "ecs-agent", "ecs-telemetry"}),
        ({"exec": False}, {"network": {"endpoints": ["sqs", "logs"]}}, {"sqs"}),
    ],
)
def test_each_endpoint_has_somebody_who_calls_it(
    service: dict[str, Any], more: dict[str, Any], wanted: set[str]
) -> None:
    config = Config.model_validate({"region": "eu-west-1", "services": {"web": TOOL | service}, **more})
    stack = Stack(config, FACTS)
    stack.run()
    assert interfaces(stack) == {"ecr.api", "ecr.dkr", "logs"} | wanted


@pytest.mark.parametrize(
    ("egress", "gateways", "tables"),
    [
        ("nat", ["nat_gateway/a"], {"private": ["a", "b", "c"]}),
        (
            "nat-per-zone",
            ["nat_gateway/a", "nat_gateway/b", "nat_gateway/c"],
            {"private": ["a"], "private-b": ["b"], "private-c": ["c"]},
        ),
    ],
)
def test_private_subnets_leave_by_nat(egress: str, gateways: list[str], tables: dict[str, list[str]]) -> None:
    stack = with_egress(egress)
    assert [address for address in stack.declared if address.startswith("nat_gateway/")] == gateways
    for (name, zones), gateway in zip(tables.items(), gateways, strict=True):
        table = desired(stack, f"route_table/{name}")
        assert table.subnet_ids == [f"${{subnet/private-{zone}:id}}" for zone in zones]
        assert table.routes == {"0.0.0.0/0": f"${{{gateway}:id!}}"}, "EC2 takes the route when it is available"
    layers = desired(stack, "vpc_endpoint/s3")
    assert layers.route_table_ids == [f"${{route_table/{name}:id}}" for name in tables]
    assert interfaces(stack) == set()
    assert egress_of(stack) == [("-1", "0.0.0.0/0")]
    service = desired(stack, "service/web")
    assert (service.subnets[0], service.assign_public_ip) == ("${subnet/private-a:id}", "DISABLED")


def egress_of(stack: Stack) -> list[tuple[str, str]]:
    rules = desired(stack, "security_group_egress/web").rules
    return [(rule["IpProtocol"], rule["CidrIpv4"]) for rule in rules]


def test_tasks_with_public_addresses_are_where_the_gateway_is() -> None:
    stack = with_egress("public")
    service = desired(stack, "service/web")
    assert (service.subnets[0], service.assign_public_ip) == ("${subnet/public-a:id}", "ENABLED")
    assert not any("private" in address for address in stack.declared)
    assert desired(stack, "vpc_endpoint/s3").route_table_ids == ["${route_table/public:id}"]
    assert (interfaces(stack), egress_of(stack)) == (set(), [("-1", "0.0.0.0/0")])
    assert desired(stack, "security_group/web").ingress == [], "nobody comes in by these"
    made = [a for a, item in stack.declared.items() if not item.resource.created_by_aws and not item.resource.retained]
    assert len(made) <= 30


def test_all_that_runs_is_in_the_groups_of_others_too() -> None:
    others = ["sg-0123456789abcdef0", "sg-0123456789abcdef1"]
    plain = {"image": "web:1", "security_groups": others}
    jobs = {
        "migrate": {"extends": "web", "before_deploy": True},
        "nightly": {"extends": "web", "schedule": "rate(1 day)"},
    }
    stack = Stack(Config.model_validate({"services": {"web": plain}, "jobs": jobs}), FACTS)
    stack.run()
    for kind, name in (("service", "web"), ("job_run", "migrate"), ("schedule", "nightly")):
        own, *more = desired(stack, f"{kind}/{name}").security_groups
        assert own.endswith(f"/{name}:id}}")
        assert more == others


def test_a_zone_of_the_stack_stays_without_public_services() -> None:
    """Another one would have other name servers, which the registrar would have to be told."""
    private = {"web": {"image": "nginx:1", "port": 80}}
    assert not [address for address in declared(**private).declared if address.startswith("hosted_zone/")]
    config = Config.model_validate({"services": private, "dns": {"domain": "example.com", "create_zone": True}})
    assert "hosted_zone/public" in run(config, offline.facts(config)).declared
