"""From Copilot's manifests to a standing stack: init --from copilot, config, up, plan and down as a user types them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.project import Project, without_config

pytestmark = pytest.mark.slow

REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
FILES = {
    "copilot/.workspace": "application: ledger\n",
    "copilot/environments/staging/manifest.yml": "name: staging\ntype: Environment\n",
    "copilot/environments/prod/manifest.yml": "name: prod\ntype: Environment\n",
    "copilot/web/manifest.yml": f"""
name: web
type: Load Balanced Web Service
http:
  path: '/'
  healthcheck: {{path: /healthz, grace_period: 90s}}
image:
  location: {REGISTRY}/web:1
  port: 8000
cpu: 256
memory: 512
count: 1
exec: true
variables:
  LEVEL: info
  CACHE_HOST: cache
environments:
  prod:
    cpu: 512
    memory: 1024
    count: 3
    variables:
      LEVEL: warning
""",
    "copilot/worker/manifest.yml": f"""
name: worker
type: Backend Service
image:
  location: {REGISTRY}/worker:1
command: celery -A ledger worker
count: 1
deployment:
  rolling: recreate
""",
    "copilot/cache/manifest.yml": f"""
name: cache
type: Backend Service
image:
  location: {REGISTRY}/cache:1
  port: 6379
network:
  connect: true
""",
}


@pytest.fixture
def ledger(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A directory with Copilot's files, and no stack.toml."""
    with without_config(cloud, tmp_path, FILES) as here:
        yield here


def as_copilot_made_it(cloud: EmbeddedCloud) -> None:
    """Compare the defaults of Copilot and AWS with the stack: HTTP alone, checks, draining, logs, names."""
    elb = cloud.client("elbv2")
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    assert (listener["Protocol"], listener["Port"]) == ("HTTP", 80)
    (group,) = elb.describe_target_groups()["TargetGroups"]
    checks = (
        "HealthCheckIntervalSeconds",
        "HealthyThresholdCount",
        "UnhealthyThresholdCount",
        "HealthCheckTimeoutSeconds",
    )
    assert [group[key] for key in checks] == [30, 5, 2, 5]
    attributes = elb.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])["Attributes"]
    delays = [one["Value"] for one in attributes if one["Key"] == "deregistration_delay.timeout_seconds"]
    assert delays == ["60"]
    groups = cloud.client("logs").describe_log_groups()["logGroups"]
    assert {one["retentionInDays"] for one in groups if one["logGroupName"].endswith(("web", "worker", "cache"))} == {
        30
    }
    names = [one["Name"] for one in cloud.client("servicediscovery").list_services()["Services"]]
    assert names == ["cache"], "the one that is called"


def test_manifests_become_a_stack(ledger: Project) -> None:
    told = ledger.run("init", "--from", "copilot", "--json").document
    assert (told["problems"], told["environments"]) == ([], ["staging", "prod"])
    assert told["verdict"]["text"].startswith("3 of 3 services are whole; ")
    ledger.run("up", "--yes")
    assert ledger.planned() == {}
    as_copilot_made_it(ledger.cloud)
    ecs = ledger.cloud.client("ecs")
    families = {name: f"ledger-staging-{name}" for name in ("web", "worker")}
    found = {
        name: ecs.describe_task_definition(taskDefinition=family)["taskDefinition"] for name, family in families.items()
    }
    (web,), (worker,) = (one["containerDefinitions"] for one in found.values())
    assert {"name": "LEVEL", "value": "info"} in web["environment"]
    assert {"name": "CACHE_HOST", "value": "cache.svc.internal"} in web["environment"]
    assert [port["containerPort"] for port in web["portMappings"]] == [8000]
    assert (worker["command"], worker.get("portMappings") or []) == (["celery", "-A", "ledger", "worker"], [])
    services = {
        one["serviceName"]: one
        for one in ecs.describe_services(cluster="ledger-staging", services=["web", "worker"])["services"]
    }
    assert services["web"]["healthCheckGracePeriodSeconds"] == 90
    targets = ledger.cloud.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")
    assert targets["ScalableTargets"] == [], "a number that is fixed stays"
    settings = services["worker"]["deploymentConfiguration"]
    assert (settings["minimumHealthyPercent"], settings["maximumPercent"]) == (0, 100)

    shown = ledger.run("config", "--env", "prod", "--json").document["settings"]
    assert shown["services.web.count"] == {"value": 3, "from": "environments.prod"}
    assert shown["services.web.environment.LEVEL"] == {"value": "warning", "from": "environments.prod"}
    assert shown["services.web.health.path"] == {"value": "/healthz", "from": "file"}
    prod = ledger.planned("--env", "prod")
    (container,) = prod["task_definition/web"]["changes"]["container_definitions"]["new"]
    assert prod["task_definition/web"]["changes"]["cpu"]["new"] == "512"
    assert {"name": "LEVEL", "value": "warning"} in container["environment"]
    ledger.run("down", "--yes")
