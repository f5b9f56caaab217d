"""Service Connect: refusals, declarations, and the settings that a service keeps until its callers are gone."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest

import provisioner.steps  # noqa: F401  (importing the package registers the steps)
from provisioner.config.models import Config
from provisioner.engine.declaration import Declared
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.resource import Observed, compare
from provisioner.operations.deployment.service_connect import check_unchanged, lacks_port
from provisioner.permissions.boundary import proxies_on_instances
from provisioner.resources.ecs import connect
from provisioner.resources.ecs.deployments import revision_fields
from provisioner.resources.ecs.service import Service
from provisioner.state.model import Record
from provisioner.steps.stack import Stack
from tests.unit.steps.test_service_steps import FACTS, container, desired, environment

IMAGE = {"image": "nginx:1"}
WEB = IMAGE | {"port": 80, "calls": ["api"]}
API = IMAGE | {"port": 9200}
ARN = "arn:aws:servicediscovery:eu-west-1:123456789012:namespace/ns-1"
ENDPOINT = {
    "portName": "api",
    "discoveryName": "api_connect",
    "clientAliases": [{"dnsName": "api.svc.internal", "port": 9200}],
}
LOGS = {"logDriver": "awslogs", "options": {"awslogs-group": "proxies"}}
CALLED = {"namespace": ARN, "services": [ENDPOINT], "logConfiguration": LOGS}
CALLS = CALLED | {"services": []}


def configured(network: dict[str, Any], **tables: dict[str, Any]) -> Config:
    document = {"region": "eu-west-1", "network": {"connect": "service-connect"} | network, **tables}
    return Config.model_validate(document)


def declared(services: dict[str, Any], **tables: dict[str, Any]) -> Stack:
    stack = Stack(configured({}, services=services, **tables), FACTS)
    stack.run()
    return stack


@pytest.mark.parametrize(
    ("network", "services", "words"),
    [
        ({}, {"web": IMAGE, "api": API}, ["network.connect", "no service calls another one", "Remove it"]),
        ({"egress": "nat"}, {"web": WEB, "api": API | {"launch": "ec2", "memory": 69}}, ["api.memory", "70 or more"]),
        ({}, {"web": WEB, "api": API | {"launch": "ec2"}}, ["network.connect", "ecs-sc.eu-west-1.api.aws", "egress"]),
    ],
)
def test_what_cannot_be_is_refused(network: dict[str, Any], services: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"network|services") as refused:
        configured(network, services=services)
    assert all(word in str(refused.value) for word in words)


def test_jobs_alone_have_no_use_for_it() -> None:
    job = {"task": IMAGE | {"calls": ["api"]}}
    with pytest.raises(ValueError, match="jobs find services by DNS"):
        configured({}, services={"web": IMAGE, "api": API}, jobs=job)


def test_others_on_instances_have_no_proxies() -> None:
    apart = IMAGE | {"launch": "ec2"}
    assert set(configured({}, services={"web": WEB, "api": API, "apart": apart}).proxied) == {"web", "api"}


def test_agents_ask_for_proxies_on_instances() -> None:
    on = configured({"egress": "nat"}, services={"web": WEB, "api": API | {"launch": "ec2"}})
    assert proxies_on_instances(on)
    assert not proxies_on_instances(configured({}, services={"web": WEB, "api": API}))


def test_both_sides_get_a_proxy_and_urls_stay() -> None:
    stack = declared({"web": WEB, "api": API, "apart": IMAGE}, jobs={"task": IMAGE | {"calls": ["api"]}})
    web, api = (desired(stack, f"service/{name}").service_connect for name in ("web", "api"))
    assert web["services"] == []
    assert api["services"] == [ENDPOINT]
    assert web["namespace"] == api["namespace"] == "${private_dns_namespace/main:arn}"
    options = api["logConfiguration"]["options"]
    assert (options["awslogs-group"], options["awslogs-stream-prefix"]) == ("${log_group/proxies:id}", "api")
    assert desired(stack, "service/apart").service_connect is None
    assert [environment(stack, one)["API_URL"] for one in ("web", "task")] == ["http://api.svc.internal:9200"] * 2
    assert container(stack, "api")["portMappings"] == [
        {"containerPort": 9200, "protocol": "tcp", "name": "api", "appProtocol": "http"}
    ]
    assert container(stack, "web")["portMappings"] == [{"containerPort": 80, "protocol": "tcp"}]


def test_containers_leave_the_proxy_its_room() -> None:
    large = {"cpu": 1024, "memory": 2048}
    stack = declared({"web": WEB, "api": API | large, "apart": IMAGE})
    sizes = {name: (container(stack, name)["cpu"], container(stack, name)["memory"]) for name in ("web", "api")}
    assert sizes == {"web": (128, 448), "api": (768, 1984)}
    assert (container(stack, "apart")["cpu"], container(stack, "apart")["memory"]) == (256, 512)
    (notice,) = (text for text in stack.notices if "Service Connect" in text)
    assert notice.startswith("services.web: less than 512 CPU units")


def test_callers_follow_those_that_they_call() -> None:
    stack = declared({"web": WEB, "api": API})
    needs = stack.declared["service/web"].waits_for(["service/api", "service/web"])
    assert ("service/api", True) in {(one.address, one.ready) for one in needs}, "also when nothing of it is new"
    new = [one for one in stack.declared["service/web"].waits_for([]) if one.address == "service/api"]
    assert not any(one.ready and one.always for one in new), "a new one begins once the other is there"
    assert "service/api" in stack.declared["service/web"].uses
    assert "service/api" not in stack.declared["service/web"].recorded_dependencies


def test_by_dns_nobody_waits() -> None:
    stack = Stack(Config.model_validate({"region": "eu-west-1", "services": {"web": WEB, "api": API}}), FACTS)
    stack.run()
    item = stack.declared["service/web"]
    standing = [address for address in stack.declared if address != "log_group/proxies"]
    assert "service/api" not in {one.address for one in item.waits_for(standing)}
    assert "log_group/proxies" not in stack.declared


def shown(called: bool = True) -> dict[str, Any]:
    """Return a service as DescribeServices shows it, with AWS's additions."""
    configuration = connect.asked(CALLED if called else CALLS)
    for one in configuration["services"]:
        one["ingressPortOverride"] = None
    configuration["logConfiguration"] = LOGS | {"secretOptions": []}
    deployments = [
        {"status": "PRIMARY", "serviceConnectConfiguration": configuration},
        {"status": "ACTIVE", "serviceConnectConfiguration": {"enabled": False}},
    ]
    return {"deployments": deployments}


def test_what_is_asked_is_what_is_shown() -> None:
    assert connect.shown(shown()) == CALLED
    assert connect.shown(shown(called=False)) == CALLS
    assert connect.asked(CALLED)["services"][0]["timeout"] == {"perRequestTimeoutSeconds": 0}


@pytest.mark.parametrize("answer", [{}, {"deployments": []}, {"serviceConnectConfiguration": {"enabled": False}}])
def test_without_it_nothing_is_shown(answer: dict[str, Any]) -> None:
    assert connect.shown(answer) is None
    assert connect.asked(None) == {"enabled": False}


def service(**more: Any) -> Service:
    fields: dict[str, Any] = {
        "cluster": "main", "service_name": "api", "task_definition": "api:2", "desired_count": 1,
        "capacity_provider_strategy": [], "subnets": [], "security_groups": [], "assign_public_ip": "DISABLED",
        "load_balancers": [], "service_registries": [], "health_check_grace_period_seconds": 0,
        "deployment_configuration": {}, "availability_zone_rebalancing": "DISABLED", "enable_execute_command": False,
        "enable_ecs_managed_tags": True, "propagate_tags": "SERVICE",
    }  # fmt: skip
    return Service("api", **fields | more)


def test_an_endpoint_stays_until_its_callers_are_gone() -> None:
    live = Observed("arn", service(task_definition="api:1", service_connect=CALLED).fields())
    wider = service().widened(live.attributes, live)
    assert (wider.service_connect, wider.task_definition) == (CALLED, "api:1")
    as_caller = service(service_connect=CALLS).widened(live.attributes, live)
    assert (as_caller.service_connect, as_caller.task_definition) == (CALLED, "api:1"), (
        "who calls on, and is not called"
    )


def test_what_somebody_else_switched_on_goes_at_once() -> None:
    live = Observed("arn", service(task_definition="api:1", service_connect=CALLED).fields())
    before = service(task_definition="api:1").fields()
    assert service().widened(before, live) == service()


def test_a_caller_loses_its_proxy_at_once() -> None:
    live = Observed("arn", service(service_connect=CALLS).fields())
    assert service().widened(live.attributes, live).service_connect is None
    assert set(compare(service(), live)) == {"service_connect"}


def test_revisions_are_told_apart_by_it() -> None:
    revision = {"taskDefinition": "api:1", "serviceConnectConfiguration": connect.asked(CALLED)}
    assert revision_fields(revision)["service_connect"] == CALLED
    assert revision_fields({"taskDefinition": "api:1"})["service_connect"] is None


def record(**fields: Any) -> Record:
    return Record("service/api", "service", "ready", "", "arn", {"task_definition": "api:1", **fields}, {}, [], "")


@pytest.mark.parametrize("before", [{}, {"service_connect": None}, {"service_connect": CALLS}])
def test_only_up_turns_it_on_or_off(before: dict[str, Any]) -> None:
    wanted = Declared(service(service_connect=CALLED), (), "services")
    with pytest.raises(ConfigurationError, match="run `provision up` first"):
        check_unchanged({"service/api": record(**before)}, {"service/api": wanted})
    same = replace(wanted, resource=service(service_connect=before.get("service_connect")))
    check_unchanged({"service/api": record(**before)}, {"service/api": same})
    check_unchanged({}, {"service/api": wanted})


def test_a_revision_needs_the_port_that_proxies_ask_for() -> None:
    named = {"containerDefinitions": [{"portMappings": [{"containerPort": 9200, "name": "api"}]}]}
    bare = {"containerDefinitions": [{"portMappings": [{"containerPort": 9200}]}, {}]}
    on = record(service_connect=CALLED)
    assert (lacks_port(on, named), lacks_port(on, bare)) == (False, True)
    assert not any(lacks_port(one, bare) for one in (None, record(), record(service_connect=CALLS)))


def test_the_sample_says_what_it_is_without() -> None:
    from provisioner.config import sample

    assert "connect" not in tomllib.loads(sample.text())["network"]
    assert '# connect = "dns"' in sample.text()
