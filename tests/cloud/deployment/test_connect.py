"""Service Connect, turned on and off by a user on a standing stack: no outage, thanks to the order of changes."""

from __future__ import annotations

from typing import Any

import pytest

from ecs_emulator import control
from tests.cloud.project import Ended, Project, project  # noqa: F401  (a fixture)
from tests.cloud.rehearsals import QUIET, predicted, rehearsed, temporary  # noqa: F401  (a fixture)

pytestmark = pytest.mark.slow
REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
NETWORK = '[network]\nallow = ["127.0.0.1/32"]'
DNS = f"""
project = "ecs-sample"
env = "dev"

[services.web]
image = "{REGISTRY}/web:1"
port = 8080
calls = ["api"]

[services.api]
image = "{REGISTRY}/api:1"
port = 8081
calls = ["store"]

[services.store]
image = "{REGISTRY}/store:1"
port = 8082

[jobs.report]
image = "{REGISTRY}/report:1"
calls = ["store"]

{NETWORK}
"""
CONNECT = DNS.replace(NETWORK, f'{NETWORK}\nconnect = "service-connect"')


def services(ended: Ended) -> list[str]:
    """The services that were changed, in the order in which that was completed."""
    done = (event["address"] for event in ended.said("done") if event["result"] == "changed")
    return [address.removeprefix("service/") for address in done if address.startswith("service/")]


def entries(here: Project) -> set[str]:
    """Return the names of the entries for proxies in Cloud Map; names of callers without their random part."""
    found = here.cloud.client("servicediscovery").list_services()["Services"]
    names = (str(one["Name"]) for one in found if one["Type"] == "HTTP")
    return {name if not name.startswith("aws-ecs-sc.client.") else name.rpartition(".")[2] for name in names}


def proxied(here: Project) -> dict[str, Any]:
    ecs = here.cloud.client("ecs")
    found = ecs.describe_services(cluster="ecs-sample-dev", services=["web", "api", "store"])["services"]
    return {one["serviceName"]: one["deployments"][0].get("serviceConnectConfiguration") for one in found}


def test_it_is_turned_on_and_off_without_an_outage(project: Project) -> None:  # noqa: F811
    project.write(DNS)
    project.up()
    project.write(CONNECT)
    assert predicted(rehearsed(project)).outages == []
    assert services(project.up()) == ["store", "api", "web"]
    assert project.planned() == {}
    assert entries(project) == {"store_connect", "api_connect", "web"}
    assert all(one["enabled"] for one in proxied(project).values())

    # a state that is lost is read again, and nothing differs
    (project.state / "local" / "ecs-sample-dev" / "state.json").unlink()
    project.run("recover", "--yes")
    assert project.planned() == {}

    project.write(DNS)
    refused = project.run("deploy", "api", code=4).err
    assert "network.connect" in refused
    assert "run `provision up` first" in refused
    assert predicted(rehearsed(project)).outages == []
    assert services(project.up()) == ["web", "api", "store"]
    assert set(project.planned()) <= {"log_group/proxies"}
    assert not any(one and one["enabled"] for one in proxied(project).values())
    former = project.run("history", "store").out
    assert "ecs-sample-dev-store:2" in former


def test_drift_is_mended_and_a_rollback_needs_the_port(project: Project) -> None:  # noqa: F811
    project.write(DNS)
    project.up()
    project.write(CONNECT)
    project.up()
    assert "from before network.connect" in project.run("rollback", "store", "--to", "1", code=4).err

    ecs = project.cloud.client("ecs")
    control.watch(project.cloud.process)
    off = {"enabled": False}
    ecs.update_service(cluster="ecs-sample-dev", service="store", serviceConnectConfiguration=off)
    control.pass_time(project.cloud.process, QUIET, "typical")
    (outage,) = control.outages(project.cloud.process)
    assert outage["service"] == "api"
    assert outage["why"] == "the proxies of its running tasks know no task of store.svc.internal"
    assert set(project.planned()) == {"service/store"}
    assert services(project.up()) == ["store"]
    assert project.planned() == {}
    (outage,) = control.outages(project.cloud.process)
    assert outage["until"], "the proxies find new tasks of an endpoint that they knew"


def test_down_waits_for_the_entries_that_ecs_keeps(project: Project) -> None:  # noqa: F811
    project.write(CONNECT)
    project.up()
    assert entries(project) == {"store_connect", "api_connect", "web"}
    project.run("down", "--yes")
    discovery = project.cloud.client("servicediscovery")
    assert discovery.list_services()["Services"] == []
    assert discovery.list_namespaces()["Namespaces"] == []
