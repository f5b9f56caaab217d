"""`init --from ecs`: tables of a `stack.toml` from AWS's answers, and the notes on the rest."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from provisioner.engine.errors import ConfigurationError
from provisioner.migration import write
from provisioner.migration.draft import text
from provisioner.migration.ecs.answers import Answers, Balancing, Run, Scaling, Subnet, Unread
from provisioner.migration.ecs.cluster import draft
from provisioner.migration.ecs.secrets import place_of

PLACE: dict[str, Any] = {"account": "123456789012", "region": "eu-west-1"}
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:1"
REPOSITORY, OLD, NEW = IMAGE.rpartition(":")[0], f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
CLUSTER = {"clusterName": "main", "settings": [{"name": "containerInsights", "value": "enabled"}]}
SERVICE: dict[str, Any] = {
    "serviceName": "web",
    "status": "ACTIVE",
    "desiredCount": 2,
    "launchType": "FARGATE",
    "taskDefinition": "web:1",
    "deploymentConfiguration": {
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "minimumHealthyPercent": 100,
        "maximumPercent": 200,
    },
}
CONTAINER: dict[str, Any] = {"name": "web", "image": IMAGE, "linuxParameters": {"capabilities": {"drop": ["ALL"]}}}
TASK: dict[str, Any] = {"taskDefinitionArn": "web:1", "networkMode": "awsvpc", "cpu": "256", "memory": "512"}
GROUP, BALANCER, LISTENER = "arn:tg/web/1", "arn:lb/front/1", "arn:listener/1"
REACHED = {"loadBalancers": [{"targetGroupArn": GROUP, "containerName": "web", "containerPort": 80}]}


def answers(
    service: Mapping[str, Any] | None = None,
    container: Mapping[str, Any] | None = None,
    task: Mapping[str, Any] | None = None,
    beside: Mapping[str, Any] | None = None,
    **more: Any,
) -> Answers:
    """Return AWS's answers about a cluster with one service, with these changes."""
    containers = [{**CONTAINER, **(container or {})}, *([beside] if beside else [])]
    definitions = {"web:1": {**TASK, "containerDefinitions": containers, **(task or {})}}
    given = {"cluster": CLUSTER, "services": [{**SERVICE, **(service or {})}], "definitions": definitions}
    return Answers(**{**PLACE, **given, **more})


def read(found: Answers) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the written tables, and the notes by place and key."""
    made = draft(found)
    return tomllib.loads(text(made)), {f"{one.file}: {one.key}": one.why for one in made.left}


def web(*, told: bool = False, **changed: Any) -> Any:
    written, left = read(answers(**changed))
    return (written["services"]["web"], left) if told else written["services"]["web"]


def balanced(**changed: Any) -> dict[str, Any]:
    """Return a service behind a load balancer, with changed `group`, `balancer`, `listener`, `rules`, `attributes`."""
    forward = [{"Type": "forward", "TargetGroupArn": GROUP}]
    group = {"TargetGroupArn": GROUP, "LoadBalancerArns": [BALANCER], "HealthCheckPath": "/up", "Protocol": "HTTP"}
    balancer = {
        "LoadBalancerArn": BALANCER,
        "Type": "application",
        "Scheme": "internet-facing",
        "VpcId": "vpc-0aaaaaaa",
    }
    listener = {"ListenerArn": LISTENER, "DefaultActions": forward}
    rules = [{"Actions": forward, **rule} for rule in changed.get("rules", [])]
    return {
        "service": {**REACHED, **changed.get("service", {})},
        "container": changed.get("container"),
        "balancing": Balancing(
            {GROUP: {**group, **changed.get("group", {})}},
            {GROUP: changed.get("attributes", {})},
            {BALANCER: {**balancer, **changed.get("balancer", {})}},
            [{**listener, **changed.get("listener", {})}],
            {LISTENER: rules},
        ),
    }


def test_the_least_that_a_service_can_be(tmp_path: Any) -> None:
    written, left = read(answers())
    assert written["services"] == {
        "web": {
            "image": IMAGE,
            "launch": "fargate",
            "cpu": 256,
            "memory": 512,
            "count": 2,
            "on_demand": {"percent": 100},
            "capabilities": [],
            "exec": False,
        }
    }
    assert (written["account"], written["region"]) == ({"id": "123456789012"}, "eu-west-1")
    assert left.keys() == {"cluster main: env", "cluster main: network.vpc", "cluster main: logs"}
    assert write(draft(answers()), tmp_path / "stack.toml").problems == ()


def test_members_that_aws_leaves_out_are_no_mistake() -> None:
    bare = Answers(
        cluster={"clusterName": "main"},
        services=[{"serviceName": "web", "taskDefinition": "t"}, {}],
        definitions={"t": {"containerDefinitions": [{"name": "web", "image": "nginx:1"}]}},
        **PLACE,
    )
    written, left = read(bare)
    assert written["services"]["web"] == {"image": "nginx:1", "launch": "ec2", "count": 0, "exec": False}
    assert "service : " in left


@pytest.mark.parametrize(
    ("changed", "key", "why"),
    [
        ({"service": {"schedulingStrategy": "DAEMON"}}, "", "is a daemon"),
        ({"service": {"launchType": "EXTERNAL"}}, "", "ECS Anywhere"),
        ({"service": {"deploymentController": {"type": "EXTERNAL"}}}, "", "another controller"),
        ({"service": {"status": "DRAINING"}}, "", "is being deleted"),
        ({"service": {"taskDefinition": "gone:1"}}, "", "could not be read"),
        (
            {"task": {"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}},
            "runtimePlatform",
            "Linux",
        ),
        ({"container": {"image": "UPPER CASE"}}, "image", "web is left out"),
    ],
)
def test_what_cannot_run_here_is_left_out(changed: dict[str, Any], key: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match="there is no service that can be carried over") as caught:
        draft(answers(**changed))
    assert f"service web: {key}{': ' if key else ''}" in str(caught.value)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"container": {"links": ["db"]}}, "links"),
        ({"container": {"dependsOn": [{"containerName": "x", "condition": "START"}]}}, "dependsOn"),
        ({"container": {"firelensConfiguration": {"type": "fluentbit"}}}, "firelensConfiguration"),
        ({"container": {"environmentFiles": [{"value": "arn:s3", "type": "s3"}]}}, "environmentFiles"),
        ({"container": {"privileged": True}}, "privileged"),
        ({"container": {"somethingNew": "on"}}, "somethingNew"),
        ({"container": {"mountPoints": [{"sourceVolume": "v", "containerPath": "/data"}]}}, "mountPoints./data"),
        ({"container": {"logConfiguration": {"logDriver": "splunk"}}}, "logConfiguration"),
        ({"container": {"dockerLabels": {"com.example": "1"}}}, "dockerLabels.com.example"),
        ({"container": {"systemControls": [{"namespace": "net.core.somaxconn"}]}}, "systemControls"),
        ({"container": {"linuxParameters": {"sharedMemorySize": 64}}}, "linuxParameters.sharedMemorySize"),
        ({"container": {"stopTimeout": 1}}, "stopTimeout"),
        ({"container": {"user": "a b"}}, "user"),
        ({"container": {"command": ["--token=abcdef123456"]}}, "command"),
        ({"task": {"volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]}}, "volumes.v"),
        ({"container": {"ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 2000000}]}}, "ulimits.nofile"),
        ({"task": {"pidMode": "task"}}, "pidMode"),
        ({"task": {"networkMode": "bridge"}}, "networkMode"),
        ({"task": {"taskRoleArn": "arn:aws:iam::1:role/web"}}, "taskRoleArn"),
        ({"task": {"cpu": "100", "memory": "100"}}, "cpu"),
        ({"service": {"deploymentController": {"type": "CODE_DEPLOY"}}}, "deploymentController"),
        ({"service": {"platformVersion": "1.3.0"}}, "platformVersion"),
        ({"service": {"placementConstraints": [{"type": "distinctInstance"}]}}, "placementConstraints"),
        (
            {"service": {"capacityProviderStrategy": [{"capacityProvider": "asg", "weight": 1}]}},
            "capacityProviderStrategy",
        ),
        ({"service": {"resourceManagementType": "ECS"}}, "resourceManagementType"),
        ({"service": {"loadBalancers": [{"loadBalancerName": "classic"}]}}, "loadBalancers"),
        (
            {"service": {"deployments": [{"status": "PRIMARY", "volumeConfigurations": [{"name": "v"}]}]}},
            "volumeConfigurations",
        ),
        (
            {"service": {"deploymentConfiguration": {"strategy": "BLUE_GREEN"}}},
            "deploymentConfiguration.strategy",
        ),
        (
            {"service": {"deploymentConfiguration": {"strategy": "SIDEWAYS"}}},
            "deploymentConfiguration.strategy",
        ),
        (
            {"service": {"deploymentConfiguration": {"alarms": {"enable": True, "alarmNames": ["a"]}}}},
            "deploymentConfiguration.alarms",
        ),
    ],
)
def test_what_has_no_counterpart_is_told(changed: dict[str, Any], key: str) -> None:
    _, left = read(answers(**changed))
    assert f"service web: {key}" in left


def test_containers_beside_it_become_sidecars() -> None:
    """A container in front gets the traffic, the service waits for another one, and a log router is left out."""
    front = {
        "name": "nginx_front",
        "image": "nginx:1",
        "portMappings": [{"containerPort": 8000}, {"containerPort": 8001}],
        "dependsOn": [{"containerName": "web", "condition": "START"}],
        "linuxParameters": {"capabilities": {"drop": ["ALL"]}},
    }
    agent = {
        "name": "agent",
        "image": "agent:1",
        "essential": False,
        "cpu": 64,
        "memory": 128,
        "environment": [{"name": "SITE", "value": "eu"}],
        "secrets": [{"name": "KEY", "valueFrom": "/shared/key"}],
        "healthCheck": {"command": ["CMD-SHELL", "agent health"], "retries": 5},
        "readonlyRootFilesystem": True,
        "user": "100",
        "stopTimeout": 10,
        "ulimits": [
            {"name": "nofile", "softLimit": 1024, "hardLimit": 65536},
            {"name": "core", "softLimit": 0, "hardLimit": 0},
        ],
    }
    router = {"name": "log_router", "image": "fluent:1", "firelensConfiguration": {"type": "fluentbit"}}
    own = {**CONTAINER, "dependsOn": [{"containerName": "agent", "condition": "HEALTHY"}]}
    leads = {"targetGroupArn": GROUP, "containerName": "nginx_front", "containerPort": 8000}
    task = {"containerDefinitions": [own, front, agent, router], "ephemeralStorage": {"sizeInGiB": 50}}
    tables, left = read(answers(**balanced(service={"loadBalancers": [leads]}) | {"task": task}))
    found = tables["services"]["web"]
    assert (found["image"], found["target_container"], found["depends_on"]) == (
        IMAGE,
        "nginx-front",
        {"agent": "healthy"},
    )
    assert found["ephemeral_storage"] == 50
    assert found["sidecars"]["nginx-front"] == {
        "image": "nginx:1",
        "port": 8000,
        "depends_on": {"web": "start"},
        "capabilities": [],
    }
    assert found["sidecars"]["agent"] == {
        "image": "agent:1",
        "essential": False,
        "cpu": 64,
        "memory": 128,
        "user": "100",
        "read_only": True,
        "ulimits": {"nofile": {"soft": 1024, "hard": 65536}, "core": 0},
        "stop_timeout": 10,
        "health": {"command": "agent health", "interval": 30, "timeout": 5, "unhealthy": 5, "grace": 0},
        "environment": {"SITE": "eu"},
        "secrets": {"KEY": "ssm:/shared/key"},
    }
    assert "is a log router" in left["service web, log_router: "]
    assert "8001/tcp" in left["service web, nginx_front: portMappings"]


def test_which_of_several_containers_the_service_is() -> None:
    log = {"name": "log", "image": "fluent:1"}
    assert web(beside={**log, "essential": False})["image"] == IMAGE
    assert web(beside=log)["image"] == IMAGE, "it is called like the service"
    with pytest.raises(ConfigurationError, match="which of main, log is the service is not said"):
        draft(answers(container={"name": "main"}, beside=log))
    leads = {"targetGroupArn": GROUP, "containerName": "main", "containerPort": 80}
    reached = balanced(container={"name": "main"}, service={"loadBalancers": [leads]})
    assert web(**reached, beside=log)["image"] == IMAGE, "the load balancer leads to it"


def test_a_tag_that_has_moved_gives_way_to_the_digest() -> None:
    def running(*digests: str) -> list[dict[str, Any]]:
        return [
            {
                "taskDefinitionArn": "web:1",
                "createdAt": str(number),
                "containers": [{"name": "web", "imageDigest": digest}, {"name": "other"}],
            }
            for number, digest in enumerate(digests)
        ]

    assert web(tasks=running(OLD), images={IMAGE: {OLD, NEW}})["image"] == IMAGE, "of an index one part runs"
    assert web(tasks=running(OLD), images={IMAGE: {NEW}})["image"] == f"{REPOSITORY}@{OLD}"
    assert web(tasks=running(OLD), images={IMAGE: set()})["image"] == f"{REPOSITORY}@{OLD}", "there is no such tag now"
    assert web(tasks=running(OLD, NEW))["image"] == f"{REPOSITORY}@{NEW}", "of several the newest"
    assert web(images={IMAGE: {NEW}})["image"] == IMAGE, "nothing runs"
    kept, left = web(told=True, tasks=running(OLD))
    assert kept["image"] == IMAGE
    assert f"runs as {OLD}" in left["service web: image"]
    pinned = f"{REPOSITORY}@{NEW}"
    assert web(container={"image": pinned}, tasks=running(OLD))["image"] == pinned


def test_variables_that_look_like_secrets_are_not_written() -> None:
    given = [
        {"name": "LEVEL", "value": "info"},
        {"name": "STRIPE_KEY", "value": "sk_live_1234567890abcdef"},
        {"name": "not-a-name", "value": "x"},
        {"name": "PORT", "value": "80"},
        {"name": "EMPTY"},
    ]
    found, left = web(told=True, container={"environment": given, "portMappings": [{"containerPort": 80}]})
    assert found["environment"] == {"LEVEL": "info", "EMPTY": ""}, "PORT is set anyway"
    assert found["secrets"] == {"STRIPE_KEY": True}
    assert "sk_live" not in str(left)
    assert "provision secret set STRIPE_KEY" in left["service web: environment.STRIPE_KEY"]


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("plain", "ssm:plain"),
        ("/shop/key", "ssm:/shop/key"),
        ("arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key", "ssm:/shop/key"),
        ("arn:aws:ssm:eu-west-1:123456789012:parameter/plain", "ssm:plain"),
        *(
            (arn, arn)
            for arn in (
                "arn:aws:ssm:us-east-1:123456789012:parameter/shop/key",
                "arn:aws:ssm:eu-west-1:999999999999:parameter/shop/key",
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf",
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:password::",
            )
        ),
        (
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:::",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf",
        ),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:key:AWSPREVIOUS:", ""),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:key::1234", ""),
        ("arn:aws:s3:::bucket/key", ""),
        ("", ""),
    ],
)
def test_where_secrets_are(value: str, place: str) -> None:
    assert place_of(value, **PLACE) == place


@pytest.mark.parametrize(
    ("strategy", "on_demand"),
    [
        ({"FARGATE": (1, 0)}, {"percent": 100}),
        ({"FARGATE_SPOT": (1, 0)}, {"percent": 0}),
        ({"FARGATE": (1, 2), "FARGATE_SPOT": (3, 0)}, {"base": 2, "percent": 25}),
        ({"FARGATE": (1, 0), "FARGATE_SPOT": (2, 0)}, {"percent": 33}),
        ({"FARGATE": (0, 2), "FARGATE_SPOT": (1, 0)}, {"percent": 0}),
        ({"FARGATE": (0, 0)}, {"percent": 100}),
    ],
)
def test_capacity_providers_of_fargate(strategy: dict[str, tuple[int, int]], on_demand: dict[str, int]) -> None:
    given = [{"capacityProvider": name, "weight": w, "base": b} for name, (w, b) in strategy.items()]
    found, left = web(told=True, service={"launchType": None, "capacityProviderStrategy": given})
    assert (found["launch"], found["on_demand"]) == ("fargate", on_demand)
    exact = on_demand["percent"] != 33 and strategy.get("FARGATE", (1, 0)) != (0, 2)
    assert ("service web: capacityProviderStrategy" not in left) == exact


def test_alarms_that_roll_back_are_taken_over() -> None:
    alarms = {"enable": True, "rollback": True, "alarmNames": ["web-5xx", "errors"]}
    found = web(service={"deploymentConfiguration": {"alarms": alarms, "minimumHealthyPercent": 50}})
    assert found["deployment"] == {"min_percent": 50, "max_percent": 200, "alarms": ["web-5xx"]}


def test_alarms_of_a_service_that_stops_first() -> None:
    alarms = {"enable": True, "rollback": True, "alarmNames": ["late"]}
    given = {"alarms": alarms, "minimumHealthyPercent": 0, "maximumPercent": 100}
    found, left = web(told=True, service={"desiredCount": 1, "deploymentConfiguration": given})
    assert found["deployment"] == {"min_percent": 0, "max_percent": 100, "alarms": ["late"]}
    assert "service web: deploymentConfiguration.alarms" not in left


def pause(*stages: str, **more: Any) -> dict[str, Any]:
    return {"targetType": "PAUSE", "lifecycleStages": list(stages), **more}


@pytest.mark.parametrize(
    ("given", "deployment"),
    [
        ({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 10}, {"strategy": "blue-green", "bake_minutes": 10}),
        (
            {
                "strategy": "CANARY",
                "canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 5},
                "bakeTimeInMinutes": 10,
                "alarms": {"enable": True, "rollback": True, "alarmNames": ["web-5xx"]},
            },
            {
                "strategy": "canary",
                "step_percent": 10.0,
                "step_minutes": 5,
                "bake_minutes": 10,
                "alarms": ["web-5xx"],
            },
        ),
        ({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 5.0}}, {"strategy": "canary"}),
        (
            {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 20.0, "stepBakeTimeInMinutes": 6}},
            {"strategy": "linear", "step_percent": 20.0},
        ),
        (
            {
                "strategy": "BLUE_GREEN",
                "lifecycleHooks": [
                    pause("POST_TEST_TRAFFIC_SHIFT", "PRE_SCALE_UP", timeoutConfiguration={"timeoutInMinutes": 60})
                ],
            },
            {
                "strategy": "blue-green",
                "pause_at": ["pre-scale-up", "post-test-traffic-shift"],
                "pause_minutes": 60,
            },
        ),
    ],
)
def test_strategies_are_taken_over(given: dict[str, Any], deployment: dict[str, Any], tmp_path: Any) -> None:
    found = answers(**balanced(service={"deploymentConfiguration": given}))
    written, left = read(found)
    assert written["services"]["web"]["deployment"] == deployment
    assert [key for key in left if "deploymentConfiguration" in key] == []
    assert write(draft(found), tmp_path / "stack.toml").problems == ()


@pytest.mark.parametrize(
    ("given", "key", "why"),
    [
        (
            {
                "lifecycleHooks": [
                    {"lifecycleStages": ["PRE_SCALE_UP"], "hookTargetArn": "arn:aws:lambda:x:1:function:ok"}
                ]
            },
            "lifecycleHooks",
            "ok: no function is called here at pre-scale-up",
        ),
        ({"lifecycleHooks": [pause("RECONCILE_SERVICE")]}, "lifecycleHooks", "reconcile-service: a deployment waits"),
        (
            {"lifecycleHooks": [pause("PRE_SCALE_UP", timeoutConfiguration={"action": "CONTINUE"})]},
            "lifecycleHooks",
            "goes on by itself",
        ),
        ({"minimumHealthyPercent": 50}, "minimumHealthyPercent", "have no effect with canary"),
        ({"deploymentCircuitBreaker": {"resetOnHealthyTask": False}}, "deploymentCircuitBreaker.resetOn", "begins"),
    ],
)
def test_what_a_strategy_loses_is_told(given: dict[str, Any], key: str, why: str) -> None:
    one = {"deploymentConfiguration": {"strategy": "CANARY", **given}}
    found, left = web(told=True, **balanced(service=one))
    assert found["deployment"]["strategy"] == "canary"
    told = [text for place, text in left.items() if place.startswith(f"service web: deploymentConfiguration.{key}")]
    assert why in told[0]


def test_a_service_whose_traffic_has_moved_is_public() -> None:
    """After a blue/green deployment the listener hands all requests to the other target group."""
    other = "arn:tg/web-b/1"
    weights = [{"TargetGroupArn": GROUP, "Weight": 0}, {"TargetGroupArn": other, "Weight": 100}]
    forward = [{"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}]
    reached = {**REACHED["loadBalancers"][0], "advancedConfiguration": {"alternateTargetGroupArn": other}}
    given = balanced(service={"loadBalancers": [reached]}, listener={"DefaultActions": forward})
    assert web(**given)["public"] is True


def test_the_port_for_tests_is_taken_over() -> None:
    rule = "arn:aws:elasticloadbalancing:eu-west-1:1:listener-rule/app/front/1/22/33"
    reached = {**REACHED["loadBalancers"][0], "advancedConfiguration": {"testListenerRule": rule}}
    one = {"loadBalancers": [reached], "deploymentConfiguration": {"strategy": "BLUE_GREEN"}}
    secure = {"ListenerArn": "arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/front/1/22", "Protocol": "HTTPS"}
    rules = [{"Conditions": [{"Field": "host-header", "Values": ["shop.example.com"]}]}]
    found = web(**balanced(service=one, listener={**secure, "Port": 8443, "DefaultActions": []}))
    assert "deployment" not in found, "no listener leads to it"
    forward = [{"Type": "forward", "TargetGroupArn": GROUP}]
    listener = {**secure, "Port": 8443, "DefaultActions": forward}
    given = balanced(service=one, listener=listener)
    balancing: Balancing = given["balancing"]
    arn = str(listener["ListenerArn"])
    named = {**given, "balancing": replace(balancing, rules={arn: [{**rules[0], "Actions": forward}]})}
    assert web(**named)["deployment"]["test_port"] == 8443
    found, left = web(told=True, **given)
    assert "test_port" not in found["deployment"]
    assert "needs HTTPS" in left["service web: loadBalancers.advancedConfiguration.testListenerRule"]
    found, left = web(told=True, **balanced(service=one, listener={**secure, "Protocol": "HTTP", "Port": 8080}))
    assert "test_port" not in found["deployment"]
    assert "service web: loadBalancers.advancedConfiguration.testListenerRule" in left


def test_an_express_service_keeps_no_name_of_aws() -> None:
    host = "web-1a2b.ecs.eu-west-1.on.aws"
    rule = {"Conditions": [{"Field": "host-header", "Values": [host]}]}
    arn = "arn:aws:ecs:eu-west-1:1:service/main/web"
    one = {"serviceArn": arn, "resourceManagementType": "ECS"}
    given = balanced(service=one, rules=[rule], listener={"DefaultActions": []})
    written, left = read(Answers(**{**vars(answers(**given)), "gateways": {arn: "front"}}))
    assert "dns" not in written
    assert "stays with its load balancer" in left["service web: rule.host-header"]
    assert "Express" in left["service web: resourceManagementType"]
    assert left["service web: gatewayConnectors"].startswith("front: a gateway of ECS")


def listening(*listeners: dict[str, Any], strategy: str = "ROLLING") -> tuple[dict[str, Any], dict[str, str]]:
    """Return the tables and notes of a service at the first listener, with a host."""
    rule = {"Conditions": [{"Field": "host-header", "Values": ["shop.example.com"]}]}
    service = {"deploymentConfiguration": {"strategy": strategy}}
    given = balanced(service=service, rules=[rule], listener={"DefaultActions": []})
    whole = [
        {**one, "LoadBalancerArn": BALANCER, "ListenerArn": f"arn:listener/{number}"}
        for number, one in enumerate(listeners, 1)
    ]
    return read(answers(**{**given, "balancing": replace(given["balancing"], listeners=whole)}))


def test_http_beside_https_is_taken_over() -> None:
    secure = {
        "Port": 443,
        "Protocol": "HTTPS",
        "SslPolicy": "TLS-X",
        "Certificates": [{"CertificateArn": "arn:acm:1"}],
        "MutualAuthentication": {"Mode": "verify"},
    }
    clear = {"Port": 80, "Protocol": "HTTP", "DefaultActions": [{"Type": "forward", "TargetGroupArn": "arn:tg/o/1"}]}
    away = {**clear, "DefaultActions": [{"Type": "redirect"}]}
    written, left = listening(secure, clear, {**secure, "Port": 9443, "MutualAuthentication": {"Mode": "off"}})
    assert written["load_balancer"] == {"http": True}
    assert left["cluster main: listener"] == "HTTPS at port 9443: a load balancer listens at 80 and 443 here"
    assert left["cluster main: listener.Certificates"].startswith("arn:acm:1; TLS-X: ")
    assert "cluster main: listener.MutualAuthentication" in left
    assert "are not read" in left["cluster main: load balancer"]
    assert "load_balancer" not in listening(secure, away)[0]
    written, left = listening(secure, clear, strategy="BLUE_GREEN")
    assert "load_balancer" not in written
    assert "ECS shifts one rule's traffic for web" in left["cluster main: listener"]


def test_tags_of_people_are_carried_over_or_told() -> None:
    tags = {"team": "shop", "aws:cloudformation:stack-name": "x", "copilot-service": "web", "Project": "shop"}
    tags["a#b"] = "not for all services"
    table, left = read(answers(service={"tags": [{"key": key, "value": value} for key, value in tags.items()]}))
    assert table["tags"] == {"team": "shop"}
    assert left["service web: tags"].startswith("a#b: not on all services alike")


def test_shares_of_capacity_providers_are_told() -> None:
    given = [{"capacityProvider": "gpu", "weight": 3, "base": 1}, {"capacityProvider": "FARGATE", "weight": 1}]
    made = draft(answers(service={"launchType": None, "capacityProviderStrategy": given}))
    told = [one.why for one in made.left if one.key == "capacityProviderStrategy"]
    assert told[0].startswith("gpu, weight 3, base 1: ")
    assert told[1].startswith("FARGATE, weight 1, base 0: a service is on Fargate or on instances")


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("shop-test-web-Service-Q1w2E3r4T5y6", "web"),
        ("ShopStack-WebService2A1B3C4D-AbCdEf123456", "web"),
        ("orders-service", "orders-service"),
        ("orders-service-internationa", "orders-service-internationa"),
    ],
)
def test_names_lose_what_cloudformation_adds(called: str, name: str) -> None:
    written, _ = read(answers(service={"serviceName": called}))
    assert list(written["services"]) == [name]


def test_copilots_jobs_are_named() -> None:
    _, left = read(answers(unused=["shop-test-nightly"]))
    assert left["cluster main: taskDefinitions"].startswith("shop-test-nightly: no service and no schedule names it")


def test_deployments_that_end_early() -> None:
    deferred = {"enable": True, "healthyPercent": 100, "sourceServiceRevisionCleanup": "DEFERRED"}

    def early(**given: Any) -> Any:
        return web(told=True, service={"deploymentConfiguration": {"earlySuccessCriteria": deferred | given}})

    found, left = early()
    assert found["deployment"] == {"early_success": True}
    assert not any("earlySuccessCriteria" in key for key in left)
    assert "deployment" not in early(enable=False)[0]
    found, left = early(healthyPercent=90, sourceServiceRevisionCleanup="BLOCKING")
    assert "deployment" not in found
    assert "90" in left["service web: deploymentConfiguration.earlySuccessCriteria.healthyPercent"]


@pytest.mark.parametrize(
    ("least", "most", "count", "deployment"),
    [
        (100, 200, 2, None),
        (0, 100, 1, "recreate"),
        (0, 100, 2, {"min_percent": 0, "max_percent": 100}),
        (50, 150, 2, {"min_percent": 50, "max_percent": 150}),
        (100, 300, 2, None),
        (None, None, 2, None),
    ],
)
def test_how_tasks_are_replaced(least: int | None, most: int | None, count: int, deployment: Any) -> None:
    given = {"minimumHealthyPercent": least, "maximumPercent": most}
    found = web(service={"desiredCount": count, "deploymentConfiguration": given})
    assert found.get("deployment") == deployment


def test_when_a_deployment_is_given_up() -> None:
    def breaker(**given: Any) -> Any:
        return web(told=True, service={"deploymentConfiguration": {"deploymentCircuitBreaker": given}})

    limit = {"type": "COUNT", "value": 4}
    found, left = breaker(enable=True, rollback=True, thresholdConfiguration=limit)
    assert found["circuit_breaker"] == {"threshold": 4}
    assert "service web: deploymentConfiguration.deploymentCircuitBreaker" not in left
    found, left = breaker(enable=True, rollback=True, thresholdConfiguration={"type": "UNBOUNDED_PERCENT", "value": 25})
    assert found["circuit_breaker"] == {"threshold": "25%"}
    assert "at least 3" in left["service web: deploymentConfiguration.deploymentCircuitBreaker.thresholdConfiguration"]
    share = {"type": "BOUNDED_PERCENT", "value": 50}
    assert "circuit_breaker" not in breaker(enable=True, rollback=True, thresholdConfiguration=share)[0]
    assert (
        "rolled back here" in breaker(enable=False)[1]["service web: deploymentConfiguration.deploymentCircuitBreaker"]
    )


def scaled(*policies: Mapping[str, Any], actions: Sequence[Mapping[str, Any]] = (), **target: Any) -> Any:
    name = "service/main/web"
    scaling = Scaling({name: {"MinCapacity": 1, "MaxCapacity": 8, **target}}, {name: policies}, {name: actions})
    return web(told=True, scaling=scaling)


def tracking(metric: str, value: float, **more: Any) -> dict[str, Any]:
    followed = {"PredefinedMetricSpecification": {"PredefinedMetricType": metric}, "TargetValue": value, **more}
    return {
        "PolicyName": metric,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": followed,
    }


def test_how_many_tasks_there_are() -> None:
    cpu, memory = tracking("ECSServiceAverageCPUUtilization", 60), tracking("ECSServiceAverageMemoryUtilization", 75.5)
    found, left = scaled(cpu, memory)
    usual = {"scale_out_cooldown": 300}  # ECS's own, where a policy names none
    assert found["scaling"] == {"min": 1, "max": 8, "cpu": 60, "memory": 76, **usual}
    assert found["count"] == 2, "it begins with as many as there are now"
    assert "75.5" in left["service web: scaling.ECSServiceAverageMemoryUtilization.TargetValue"]
    found, left = scaled(cpu, MinCapacity=0)
    assert found["scaling"]["min"] == 1
    assert "service web: scaling.MinCapacity" in left
    found, left = scaled({"PolicyName": "q", "PolicyType": "StepScaling"})
    assert ("scaling" in found, found["count"]) == (False, 2)
    assert {"service web: scaling.q", "service web: scaling"} <= left.keys()
    found, left = scaled(tracking("ECSServiceAverageMemoryUtilizationHighResolution", 60))
    assert found["scaling"] == {"min": 1, "max": 8, "memory": 60, "resolution": 20, **usual}
    slow = tracking("ECSServiceAverageCPUUtilization", 60, ScaleInCooldown=900, DisableScaleIn=True)
    found, left = scaled(slow)
    assert found["scaling"] == {"min": 1, "max": 8, "cpu": 60, "scale_out_cooldown": 300, "scale_in_cooldown": 900}
    assert "service web: scaling.ECSServiceAverageCPUUtilization.DisableScaleIn" in left
    found, left = scaled(slow, memory)
    assert found["scaling"]["scale_in_cooldown"] == 900, "the longest of all"
    assert "300, 900" in left["service web: scaling.scale_in_cooldown"]


def at(name: str, schedule: str, zone: str = "Asia/Tokyo", **bounds: int) -> dict[str, Any]:
    return {
        "ScheduledActionName": name,
        "Schedule": schedule,
        "Timezone": zone,
        "ScalableTargetAction": bounds,
    }


def test_tasks_that_follow_the_clock() -> None:
    cpu = tracking("ECSServiceAverageCPUUtilization", 60)
    morning = at("Morning scale_out", "cron(0 8 ? * MON-FRI *)", MinCapacity=4, MaxCapacity=8)
    evening = at("evening", "cron(0 20 ? * MON-FRI *)", MinCapacity=0)
    last = at("last", "cron(0 8 L * ? *)", MinCapacity=1)
    elsewhere = at("elsewhere", "cron(0 9 * * ? *)", "UTC", MinCapacity=1)
    found, left = scaled(cpu, actions=[morning, evening, last, elsewhere], MinCapacity=0)
    assert found["scaling"] == {
        "min": 0,
        "max": 8,
        "cpu": 60,
        "scale_out_cooldown": 300,
        "schedule": {
            "morning-scale-out": {"at": "cron(0 8 ? * MON-FRI *)", "min": 4, "max": 8},
            "evening": {"at": "cron(0 20 ? * MON-FRI *)", "min": 0},
        },
        "timezone": "Asia/Tokyo",
    }
    assert "here it is scaling.max then" in left["service web: scaling.evening"]
    assert "without L, W, #" in left["service web: scaling.last"]
    assert "one time zone" in left["service web: scaling.elsewhere"]
    found, left = scaled(actions=[at("all", "cron(0 8 * * ? *)", MinCapacity=2, MaxCapacity=2)])
    assert "cpu" not in found["scaling"]
    assert "it follows the CPU too" in left["service web: scaling"]


def own(name: str, namespace: str, metric: str, statistic: str = "Average", **dimensions: str) -> dict[str, Any]:
    shown = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    followed = {"Namespace": namespace, "MetricName": metric, "Dimensions": shown, "Statistic": statistic}
    tracking = {"CustomizedMetricSpecification": followed, "TargetValue": 1.5, "ScaleOutCooldown": 60}
    return {"PolicyName": name, "TargetTrackingScalingPolicyConfiguration": tracking}


def test_tasks_that_follow_metrics_of_ones_own() -> None:
    balancer = {"LoadBalancer": "app/a/1", "TargetGroup": "targetgroup/a/1"}
    waiting = own("Waiting", "AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName="work")
    found, left = scaled(
        waiting,
        own("slow", "AWS/ApplicationELB", "TargetResponseTime", **balancer),
        own("broken", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum", **balancer),
        {
            "PolicyName": "math",
            "TargetTrackingScalingPolicyConfiguration": {
                "CustomizedMetricSpecification": {"Metrics": []},
                "TargetValue": 2.0,
            },
        },
        MinCapacity=0,
    )
    metric = {
        "namespace": "AWS/SQS",
        "name": "ApproximateNumberOfMessagesVisible",
        "dimensions": {"QueueName": "work"},
        "statistic": "Average",
        "target": 1.5,
    }
    assert found["scaling"] == {"min": 0, "max": 8, "metrics": {"waiting": metric}}
    assert "not public here" in left["service web: scaling.slow"]
    assert "have other names here" in left["service web: scaling.broken"]
    assert "computes its metric" in left["service web: scaling.math"]


def test_a_public_service() -> None:
    group = {"HealthCheckIntervalSeconds": 30, "Matcher": {"HttpCode": "200-299"}, "UnhealthyThresholdCount": 2}
    rules = [
        {"Conditions": [{"Field": "path-pattern", "Values": ["/api", "/api/*"]}]},
        {
            "Conditions": [{"Field": "host-header", "HostHeaderConfig": {"Values": ["shop.example.com"]}}],
            "Priority": "2",
        },
    ]
    service = {"healthCheckGracePeriodSeconds": 60}
    attributes = {"deregistration_delay.timeout_seconds": "300", "stickiness.enabled": "false"}
    given = balanced(group=group, rules=rules, service=service, attributes=attributes, listener={"DefaultActions": []})
    written, left = read(answers(**given))
    found = written["services"]["web"]
    assert (found["public"], found["port"], found["path"], found["deregistration_delay"]) == (True, 80, "/api*", 300)
    assert found["health"] == {"path": "/up", "codes": "200-299", "interval": 30, "unhealthy": 2}
    assert written["dns"] == {"domain": "example.com", "host": "shop"}
    assert "/*: path is /api* here" in left["service web: rule.path-pattern"]
    assert "until you write others" in left["cluster main: network.allow"]


def test_several_paths_and_clients_that_stay() -> None:
    rules = [{"Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a/*", "/b", "/c?"]}}]}]
    sticky = {"stickiness.enabled": "true", "stickiness.lb_cookie.duration_seconds": "60"}
    found, _ = web(told=True, **balanced(rules=rules, attributes=sticky, listener={"DefaultActions": []}))
    assert (found["path"], found["sticky"]) == (["/a/*", "/b", "/c?"], 60)
    sticky |= {"stickiness.type": "app_cookie"}
    found, left = web(told=True, **balanced(rules=rules, attributes=sticky, listener={"DefaultActions": []}))
    assert "sticky" not in found
    assert "app_cookie" in left["service web: targetGroup.stickiness.type"]


OIDC = {
    "Type": "authenticate-oidc",
    "Order": 1,
    "AuthenticateOidcConfig": {
        "Issuer": "https://accounts.login.example",
        "AuthorizationEndpoint": "https://accounts.login.example/authorize",
        "TokenEndpoint": "https://accounts.login.example/token",
        "UserInfoEndpoint": "https://accounts.login.example/userinfo",
        "ClientId": "web",
        "SessionCookieName": "AWSELBAuthSessionCookie",
        "Scope": "openid email",
        "SessionTimeout": 604800,
        "OnUnauthenticatedRequest": "authenticate",
    },
}
FORWARD = {"Type": "forward", "Order": 2, "TargetGroupArn": GROUP}
AT_SHOP = [{"Field": "host-header", "Values": ["shop.example.com"]}]
SECURE = {"Protocol": "HTTPS", "Port": 443, "DefaultActions": []}


def test_a_sign_in_is_carried_over_without_its_secret() -> None:
    rules = [{"Conditions": AT_SHOP, "Actions": [OIDC, FORWARD]}]
    written, left = read(answers(**balanced(rules=rules, listener=SECURE)))
    assert written["services"]["web"]["sign_in"] == "login"
    assert written["sign_in"] == {
        "login": {
            "issuer": "https://accounts.login.example",
            "authorization_endpoint": "https://accounts.login.example/authorize",
            "token_endpoint": "https://accounts.login.example/token",
            "user_info_endpoint": "https://accounts.login.example/userinfo",
            "client_id": "web",
            "scope": "openid email",
            "client_secret": "LOGIN_CLIENT_SECRET",
        }
    }
    assert "provision secret set LOGIN_CLIENT_SECRET" in left["service web: rule.actions.ClientSecret"]


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ([{"Actions": [OIDC, FORWARD]}], "needs dns.domain"),
        ([{"Conditions": AT_SHOP, "Actions": [OIDC, FORWARD]}, {"Conditions": AT_SHOP}], "of some of its rules"),
        ([{"Conditions": AT_SHOP, "Actions": [{"Type": "authenticate-cognito"}, FORWARD]}], "OpenID Connect alone"),
    ],
)
def test_sign_ins_that_are_named(rules: list[Any], why: str) -> None:
    written, left = read(answers(**balanced(rules=rules, listener=SECURE)))
    assert "sign_in" not in written["services"]["web"]
    assert "sign_in" not in written
    assert why in left["service web: rule.actions"]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"balancer": {"Scheme": "internal"}}, "internal load balancer"),
        ({"balancer": {"Type": "network"}}, "Network Load Balancer"),
        ({"group": {"LoadBalancerArns": []}}, "no load balancer that could be read"),
        ({"listener": {"DefaultActions": []}}, "no listener that could be read"),
    ],
)
def test_load_balancers_that_are_not_made_here(changed: dict[str, Any], why: str) -> None:
    found, left = web(told=True, **balanced(**changed))
    assert "public" not in found
    assert why in left["service web: loadBalancers"]


def test_what_a_header_has_to_be_is_not_shown() -> None:
    header = {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Verify", "Values": ["hunter22"]}}
    _, left = web(told=True, **balanced(rules=[{"Conditions": [header]}], listener={"DefaultActions": []}))
    assert "service web: rule.http-header" in left
    assert "hunter22" not in str(left)


def test_both_checks_have_one_interval() -> None:
    check = {"command": ["CMD", "check"], "interval": 10, "timeout": 5, "retries": 3, "startPeriod": 0}
    asked = {"HealthCheckIntervalSeconds": 30, "UnhealthyThresholdCount": 3, "HealthCheckTimeoutSeconds": 5}
    found, left = web(told=True, **balanced(container={"healthCheck": check}, group=asked))
    assert found["health"] == {"path": "/up", "command": ["check"], "interval": 30, "grace": 0}
    assert left["service web: healthCheck.interval"].startswith("10: both checks have one interval here, 30")
    assert "service web: healthCheck.timeout" not in left


def test_one_path_is_one_services() -> None:
    given = balanced()
    other = {**SERVICE, **given["service"], "serviceName": "zweit"}
    found = answers(**given)
    written, left = read(Answers(**{**vars(found), "services": [*found.services, other]}))
    assert ("public" in written["services"]["web"], "public" in written["services"]["zweit"]) == (True, False)
    assert "services.web has this path already" in left["service zweit: loadBalancers"]


def placed(*subnets: str, groups: tuple[str, ...] = (), outside: bool = False) -> dict[str, Any]:
    config = {"subnets": list(subnets), "securityGroups": list(groups), "assignPublicIp": "ENABLED" if outside else ""}
    return {"networkConfiguration": {"awsvpcConfiguration": config}}


A, B = "subnet-0aaaaaaa", "subnet-0bbbbbbb"


@pytest.mark.parametrize(
    ("leads", "outside", "network"),
    [
        ("igw", True, {"egress": "public", "subnets": {"public": [A, B]}}),
        ("other", False, {"subnets": {"private": [A, B]}}),
        ("", False, {"subnets": {"private": [A, B]}}),
        ("other", True, {"subnets": {"private": [A, B]}}),
        (None, True, {"egress": "public", "subnets": {"public": [A, B]}}),
    ],
)
def test_where_tasks_are(leads: str | None, outside: bool, network: dict[str, Any]) -> None:
    subnets = {one: Subnet(one, "vpc-0aaaaaaa", leads) for one in (A, B)}
    written, _ = read(answers(service=placed(A, B, outside=outside), subnets=subnets))
    assert written["network"] == {"vpc": "vpc-0aaaaaaa", **network}


def test_without_addresses_of_its_own_a_task_has_no_subnets() -> None:
    written, left = read(answers(task={"networkMode": "bridge"}, **balanced()))
    assert written["network"] == {"vpc": "vpc-0aaaaaaa"}, "the load balancer's"
    assert "bridge" in left["service web: networkMode"]


def test_a_stacks_own_secrets_stay_its_own() -> None:
    tags = {"Project": "shop", "Environment": "qa", "ManagedBy": "provisioner"}
    cluster = {**CLUSTER, "tags": [{"key": key, "value": value} for key, value in tags.items()]}
    secret = {"name": "KEY", "valueFrom": "arn:aws:ssm:eu-west-1:123456789012:parameter/shop-qa/secrets/KEY"}
    found = answers(cluster=cluster, container={"secrets": [secret]})
    for env, place in ((None, True), ("qa", True), ("two", "ssm:/shop-qa/secrets/KEY")):
        made = draft(found, env)
        assert made.tables[made.own]["services"]["web"]["secrets"] == {"KEY": place}


def test_groups_by_which_something_else_is_reached() -> None:
    def group(name: str, *sources: str) -> dict[str, Any]:
        return {"GroupId": name, "IpPermissions": [{"UserIdGroupPairs": [{"GroupId": one} for one in sources]}]}

    mine, shared, lonely = "sg-0aaaaaaa", "sg-0bbbbbbb", "sg-0ccccccc"
    known = [group("sg-0ddddddd", mine), group(shared, shared), group(lonely), group(mine), {"GroupId": "sg-0eeeeeee"}]
    subnets = {A: Subnet(A, "vpc-0aaaaaaa", "igw")}
    service = placed(A, groups=(mine, shared, lonely))
    found, left = web(told=True, service=service, subnets=subnets, security_groups=known)
    assert found["security_groups"] == [mine, shared]
    assert lonely in left["service web: securityGroups"]
    found, left = web(told=True, service=service, subnets=subnets)
    assert "security_groups" not in found
    assert "could not be read" in left["service web: securityGroups"]


def test_who_calls_whom_is_not_guessed() -> None:
    api = {"serviceName": "api", "serviceRegistries": [{"registryArn": "arn:api"}], "taskDefinition": "api:1"}
    containers = [{**CONTAINER, "name": "api", "portMappings": [{"containerPort": 8080}]}]

    def called(value: str, name: str = "API_URL") -> Any:
        found = answers(container={"environment": [{"name": name, "value": value}]})
        definitions = {**found.definitions, "api:1": {**TASK, "containerDefinitions": containers}}
        more = {"services": [*found.services, {**SERVICE, **api}], "definitions": definitions}
        written, left = read(Answers(**{**vars(found), **more, "registries": {"arn:api": "api.svc.internal"}}))
        return written["services"]["web"], left

    found, left = called("http://api.svc.internal:8080")
    assert (found["calls"], "environment" in found) == (["api"], False)
    for value, name in (("http://api.svc.internal:8080/v1", "API_URL"), ("api.svc.internal", "HOST")):
        found, left = called(value, name)
        assert ("calls" in found, found["environment"]) == (False, {name: value})
        assert 'write calls = ["api"]' in left[f"service web: environment.{name}"]
    found, left = called("http://elsewhere:8080")
    assert "calls" not in found
    assert "its callers are named nowhere" in left["service api: serviceRegistries"]


def run(kind: str = "schedule", target: Mapping[str, Any] | None = None, **says: Any) -> Run:
    parameters = {"TaskDefinitionArn": "web:1", "LaunchType": "FARGATE"}
    given = {"Name": "nightly", "ScheduleExpression": "cron(0 3 * * ? *)", "State": "ENABLED", **says}
    return Run(kind, given, {"EcsParameters": parameters, **(target or {})})


def job(one: Run) -> tuple[dict[str, Any], dict[str, str]]:
    written, left = read(answers(runs=[one]))
    (found,) = written["jobs"].values()
    return found, {key.partition(": ")[2]: why for key, why in left.items() if "nightly" in key}


def test_a_job_by_the_clock() -> None:
    found, left = job(run(ScheduleExpressionTimezone="Asia/Tokyo", FlexibleTimeWindow={"Mode": "OFF"}))
    assert found == {
        "image": IMAGE,
        "schedule": "cron(0 3 * * ? *)",
        "timezone": "Asia/Tokyo",
        "cpu": 256,
        "memory": 512,
        "capabilities": [],
    }
    assert left == {}
    words = '{"containerOverrides": [{"name": "web", "command": ["x"], "environment": [{"name": "A", "value": "1"}]}]}'
    found, left = job(run("rule", {"Input": words}))
    assert (found["command"], found["environment"], left) == (["x"], {"A": "1"}, {})


@pytest.mark.parametrize(
    ("one", "key"),
    [
        (run(State="DISABLED"), "State"),
        (run(ScheduleExpression=None, EventPattern="{}"), "EventPattern"),
        (run(ScheduleExpression="cron(nonsense)"), "ScheduleExpression"),
        (run(FlexibleTimeWindow={"Mode": "FLEXIBLE"}), "FlexibleTimeWindow"),
        (run(target={"Input": "no json"}), "Input"),
        (run(target={"Input": '{"cpu": "512"}'}), "Input.cpu"),
        (run(target={"DeadLetterConfig": {"Arn": "x"}}), "DeadLetterConfig"),
        (run(target={"EcsParameters": {"TaskDefinitionArn": "web:1", "TaskCount": 3}}), "TaskCount"),
        (run(target={"EcsParameters": {"TaskDefinitionArn": "web:1", "LaunchType": "EC2"}}), "LaunchType"),
    ],
)
def test_what_a_job_has_no_word_for_is_told(one: Run, key: str) -> None:
    _, left = job(one)
    assert key in left


def test_jobs_and_services_do_not_share_names() -> None:
    written, left = read(answers(runs=[run(Name="web")]))
    assert list(written["jobs"]) == ["web-job"]
    assert "is called web-job here" in left["schedule web: Name"]


@pytest.mark.parametrize(
    ("tags", "names"),
    [
        ({}, ("main", "dev")),
        ({"Project": "shop", "Environment": "qa", "ManagedBy": "provisioner"}, ("shop", "qa")),
        ({"Project": "shop", "Environment": "qa"}, ("main", "dev")),
        ({"copilot-application": "shop", "copilot-environment": "test"}, ("shop", "test")),
        ({"copilot-application": "Not A Name", "copilot-environment": "test"}, ("main", "dev")),
    ],
)
def test_what_the_stack_is_called(tags: dict[str, str], names: tuple[str, str]) -> None:
    cluster = {**CLUSTER, "tags": [{"key": key, "value": value} for key, value in tags.items()]}
    written, _ = read(answers(cluster=cluster))
    assert (written["project"], written["env"]) == names


def test_what_could_not_be_read_is_told() -> None:
    _, left = read(answers(unread=[Unread("ecs:ListTasks", "which images run", "AccessDeniedException")]))
    assert left["cluster main: ecs:ListTasks"] == "could not be read (AccessDeniedException): which images run"


@pytest.mark.parametrize(
    ("group", "written"),
    [
        ({"ProtocolVersion": "HTTP2"}, {"protocol": "http2", "health": "/up"}),
        (
            {
                "ProtocolVersion": "GRPC",
                "HealthCheckPath": "/grpc.health.v1.Health/Check",
                "Matcher": {"GrpcCode": "0"},
            },
            {"protocol": "grpc", "health": {"path": "/grpc.health.v1.Health/Check", "codes": "0"}},
        ),
        (
            {"ProtocolVersion": "GRPC", "HealthCheckPath": "/up", "Matcher": {"GrpcCode": "12"}},
            {"protocol": "grpc", "health": {"path": "/AWS.ALB/healthcheck", "codes": "12"}},
        ),
        ({"Protocol": "HTTPS", "HealthCheckProtocol": "HTTPS"}, {"tls": True, "health": "/up"}),
    ],
)
def test_protocols_come_with_their_checks(group: dict[str, Any], written: dict[str, Any]) -> None:
    named = [{"Conditions": [{"Field": "host-header", "Values": ["app.example.com"]}]}]
    found = web(**balanced(group=group, rules=named, service={"healthCheckGracePeriodSeconds": 60}))
    assert {key: found.get(key) for key in written} == written


def test_a_protocol_that_needs_https_waits_for_a_domain() -> None:
    found, left = web(told=True, **balanced(group={"ProtocolVersion": "HTTP2"}))
    assert "protocol" not in found
    assert "write dns.domain" in left["service web: targetGroup.ProtocolVersion"]


def test_a_protocol_of_proxies_is_carried_over() -> None:
    ports = [{"containerPort": 50051, "name": "api", "appProtocol": "grpc"}]
    found = web(container={"portMappings": ports})
    assert (found["port"], found["protocol"]) == (50051, "grpc")
