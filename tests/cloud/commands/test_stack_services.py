"""Services are a list in the configuration: taken out, added, fifty of them, for which AWS is asked no more often."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.many import stack
from tests.cloud.crash.life import own_cloud
from tests.cloud.inventory import Inventory, difference, names
from tests.cloud.project import SAMPLE, Project, project  # noqa: F401  (a fixture)

pytestmark = pytest.mark.slow

WORKER = """
[services.worker]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/worker:1"
port = 9000
"""
DATA = ("log_group/service-backend", "repository/backend")
"""Resources of a removed service that are kept."""


def services(found: Inventory) -> set[str]:
    return {service["serviceName"] for service in found["ecs_services"]}


def belonging(found: Inventory, service: str) -> list[str]:
    """The sorts that hold something that is called after a service."""
    return sorted(sort for sort, called in names(found).items() if re.search(rf"\b{service}\b", repr(called)))


def test_a_service_is_deleted_and_another_created_and_changed(project: Project) -> None:  # noqa: F811
    project.up()
    assert services(project.inventory()) == {"frontend", "backend"}
    before = belonging(project.inventory(), "backend")
    text = re.sub(r"\[services\.backend\].*", "", SAMPLE, flags=re.DOTALL).replace('"backend"', '"worker"')
    project.write(text + WORKER)
    actions = {address: item["action"] for address, item in project.planned().items()}
    assert {address for address, action in actions.items() if action == "delete"} == {
        address for address in actions if address.endswith(("/backend", "-backend"))
    }
    assert not actions.keys() & {*DATA}
    ended = project.up()
    assert {r for a, r in ended.results.items() if a.endswith("/worker")} == {"created"}
    results = {a: r for a, r in ended.results.items() if a.endswith("/backend")}
    # the tasks that a stopped service leaves behind may be gone by themselves
    assert {a for a, r in results.items() if r != "deleted"} <= {"running_tasks/backend", "wanted_image/backend"}
    timeline = project.run("timeline", "--json").document
    removed, made = ([t for t in timeline["resources"] if t["result"] == what] for what in ("deleted", "created"))
    assert all(resource["after"] for resource in removed), "the first of them when all that is wanted was there"
    assert min(resource["began"] for resource in removed) >= max(resource["ended"] for resource in made)
    found = project.inventory()
    assert services(found) == {"frontend", "worker"}
    assert belonging(found, "backend") == ["log_groups", "repositories"], "what holds data is kept"
    named = project.up(*(word for address in DATA for word in ("--delete", address)))
    assert {named.results[address] for address in DATA} == {"deleted"}
    assert belonging(project.inventory(), "backend") == []
    # it is neither public nor scaled
    of_others = {"alarms", "listener_rules", "records", "scalable_targets", "scaling_policies", "target_groups"}
    assert set(belonging(found, "worker")) >= set(before) - of_others
    assert project.planned() == {}
    project.write(f"{text}{WORKER}scaling = {{ min = 3 }}\non_demand = {{ base = 1, percent = 50 }}\n")
    _mix_spot_and_on_demand(project)


def _mix_spot_and_on_demand(project: Project) -> None:  # noqa: F811
    """See three tasks of a service that is to have one on demand, and half of the others."""
    assert list(project.planned()["service/worker"]["changes"]) == ["capacity_provider_strategy"]
    project.up()
    assert project.planned() == {}

    def on(found: Inventory) -> list[str]:
        running = [one for one in found["tasks"] if one["group"] == "service:worker" and one["lastStatus"] == "RUNNING"]
        return sorted(one["capacityProviderName"] for one in running)

    project.settled(lambda found: on(found) == ["FARGATE", "FARGATE", "FARGATE_SPOT"], "one and half of the rest")


OF_ROLES = ("GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies")
"""The calls that read a role: one role each, unless `account.bulk_roles` allows one call for all of the account."""


def test_fifty_services_take_hardly_more_reads_than_two(project: Project) -> None:  # noqa: F811
    # ready ones, of which nothing is asked: for those that are to be built, ECR is, where no engine builds them
    ready = 'image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/web:1"'
    project.write(re.sub(r'build = "app"\ndockerfile = .*', ready, stack(50)))
    planned = project.planned()
    assert {item["action"] for address, item in planned.items() if not address.startswith("delegation/")} == {"create"}
    assert len([address for address in planned if address.startswith("service/")]) == 50
    since = project.last_call()
    ended = project.up()
    assert ended.said("run_finished")[0]["ok"]
    reads = Counter(call["operation"] for call in project.cloud.calls(since) if not call["write"])
    # how often they are looked at until they run is a matter of the machine
    del reads["DescribeServices"]
    # what they wait for is looked at every five seconds, for ten minutes
    for looked in ("DescribeDBInstances", "DescribeDBClusters", "DescribeLoadBalancers", "ListTasks"):
        del reads[looked]
    found = project.inventory()
    # looked for, and looked at once more when they are there
    assert max(reads.pop(operation) for operation in OF_ROLES) <= 2 * len(found["roles"])
    assert reads.total() <= 400, reads
    assert len(services(found)) == 50
    since = project.last_call()
    assert project.planned() == {}
    # beside those of two services only further pages, and services by ten
    again = Counter(call["operation"] for call in project.cloud.calls(since))
    assert max(again.pop(operation) for operation in OF_ROLES) <= len(found["roles"])
    assert (again["ListTaskDefinitions"], again["DescribeTaskDefinition"]) == (1, 0)
    assert again.total() <= 62, again
    since = project.last_call()
    project.write(f"{project.config.read_text()}\n[account]\nbulk_roles = true\n")
    assert project.planned() == {}
    again = Counter(call["operation"] for call in project.cloud.calls(since))
    assert {*OF_ROLES} & again.keys() == set()
    assert again.total() <= 62, again


@pytest.mark.enumeration
def test_two_hundred_services_live_from_nothing_to_nothing(tmp_path: Path) -> None:
    """All lists of services, tags, scalable targets and records have several pages."""
    with own_cloud(tmp_path / "cloud") as cloud:
        project = Project(cloud, tmp_path, seconds=600)
        before = project.inventory()
        # on Fargate and without the database: a security group takes 60 rules, an Auto Scaling group five instances
        project.write("".join(WORKER.replace("worker]", f"worker-{number}]") for number in range(200)))
        project.up()
        assert len(services(project.inventory())) == 200
        assert project.planned() == {}
        project.down()
        assert difference(before, project.inventory(), "service_linked_roles") == {}
        project.close()
