"""One stack through its whole life: made, left alone, explained, scaled, changed, taken away."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from botocore.client import ClientCreator

from provisioner.engine.records.references import KnownResources
from provisioner.engine.resource_types import all_types
from provisioner.operations.context import configuration, connection, stores
from provisioner.operations.context.options import Options, Target
from provisioner.operations.planning import declaration, dry_run
from provisioner.resources.acm.certificates import Certificate
from provisioner.resources.ecs.service import Service
from provisioner.resources.ecs.task_definition import TaskDefinition
from provisioner.resources.elbv2.balancer import LoadBalancer
from provisioner.resources.iam import Role
from provisioner.resources.logs import LogGroup
from provisioner.resources.servicediscovery import PrivateDnsNamespace
from provisioner.state.counted import counted
from tests.cloud.checks import CHECKS
from tests.cloud.checks_security import SECURITY, Check
from tests.cloud.conftest import REGION, EmbeddedCloud
from tests.cloud.former import FORMER, ids, make_former
from tests.cloud.inventory import NEVER_REMOVED, Inventory, difference, well
from tests.cloud.lookups import NAME
from tests.cloud.project import SAMPLE, Ended, Project

pytestmark = pytest.mark.random_order(disabled=True)
"""They are one life, in its order."""

DOCS = Path(__file__).parents[3] / "docs"
JSON = DOCS / "json.md"
NUMBERS = DOCS / "numbers.json"
"""The figures that the READMEs tell; UPDATE_NUMBERS=1 writes them anew."""
NO_INSIGHTS = "logs = { insights = false }\n"


@dataclass
class Life:
    """A stack that is up: the inventories before and after, the end of `up`, and the calls it made."""

    project: Project
    before: Inventory
    after: Inventory
    first: Ended
    calls: list[dict[str, Any]]

    @property
    def made(self) -> Inventory:
        """The resources that `up` added, by sort."""
        added = difference(self.before, self.after)
        return {sort: added.get(sort, {}).get("added", []) for sort in self.after}


@pytest.fixture(scope="module")
def life(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    running_cloud.reset()
    project = Project(running_cloud, tmp_path_factory.mktemp("whole"))
    project.write(NO_INSIGHTS + SAMPLE)  # as `init` writes it
    before, since = project.inventory(), project.last_call()
    first = project.up()
    calls = project.cloud.calls(since)
    yield Life(project, before, project.settled(well, "all tasks and instances"), first, calls)
    project.close()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.row}: {check.what}")
def test_each_resource_is_there_as_described(life: Life, check: Check) -> None:
    assert check.read(life.made) == check.expected


def test_up_says_what_it_created(life: Life) -> None:
    begun, finished = life.first.said("run_started")[0], life.first.said("run_finished")[0]
    assert (begun["command"], begun["stack"], begun["account"]) == ("up", NAME, "123456789012")
    assert begun["total"] == counted(life.first.results) > 78
    assert finished["ok"]
    assert "https://app.example.com" in " ".join(finished["next"])


@pytest.mark.parametrize(
    "command",
    ["plan", "status", "list", "output", "timeline", "doctor", "recover --yes", "state list", "state show vpc/main"],
)
def test_json_has_the_members_that_the_document_names(life: Life, command: str) -> None:
    name = command.removesuffix(" --yes").removesuffix(" vpc/main")
    heading = "state list`, `show ADDRESS" if name.startswith("state") else name
    section = JSON.read_text().partition(f"\n## `{heading}`\n")[2].partition("\n## ")[0]
    named = {member.replace("[]", "") for member in re.findall(r"`([a-z_.\[\]<>]+)`", section)}

    def undocumented(value: Any, place: str) -> Iterator[str]:
        if isinstance(value, dict):
            for key, inner in value.items():
                path = f"{place}{re.sub('^repository_.*', 'repository_<name>', key)}"
                if any(member.startswith(f"{path}.") for member in named):
                    yield from undocumented(inner, f"{path}.")
                elif path not in named:
                    yield path
        for item in value if isinstance(value, list) else ():
            yield from undocumented(item, place)

    # an image of the sample is in no repository, and so `doctor` fails
    document = life.project.run(*command.split(), "--json", code=int(command == "doctor")).document
    assert document
    assert set(undocumented(document, "")) == set()


def timeline(project: Project) -> Any:
    """Return the timeline of the newest run, whose path must be one chain that ends last."""
    document = project.run("timeline", "--json").document
    resources, path = {resource["address"]: resource for resource in document["resources"]}, document["path"]
    assert resources[path[0]["address"]]["after"] is None
    for before, after in pairwise(path):
        later = resources[after["address"]]
        assert later["after"] == before["address"]
        assert resources[before["address"]]["began"] <= before["end"] == after["start"] == later["began"]
    assert 0 < path[0]["start"] < path[-1]["end"] == max(resource["ended"] for resource in resources.values())
    assert path[-1]["end"] <= document["seconds"] + 0.01
    return document


def test_the_timeline_holds_all_creations_and_the_longest_chain(life: Life) -> None:
    document = timeline(life.project)
    assert (document["command"], document["result"]) == ("up", "ok")
    became = {resource["address"]: resource["result"] for resource in document["resources"]}
    assert became.items() <= life.first.results.items()
    assert became.keys() >= {address for address, result in life.first.results.items() if result == "created"}
    assert len(document["path"]) > 1
    for resource in document["resources"]:
        assert 0 < resource["began"] <= resource["called"] <= resource["ended"]


def test_up_makes_each_resource_by_a_call_or_two(life: Life) -> None:
    refused = sum(call["status"] >= 400 for call in life.calls)
    writes = sum(call["write"] for call in life.calls)
    assert writes - refused <= 1.5 * len(life.first.results)
    # most of the reads are looks at what is waited for, few of them in the first half of what it is expected to take
    assert len(life.calls) - writes <= 370


def test_a_look_asks_for_nothing_that_it_does_not_need(life: Life) -> None:
    asked = Counter(call["operation"] for call in life.calls)
    assert asked["DescribeLoadBalancers"] > 5
    assert asked["DescribeLoadBalancerAttributes"] <= 3
    # no family is there yet: a list says so of all of them
    assert asked["DescribeTaskDefinition"] < 5


@pytest.mark.parametrize("thorough", [False, True])
def test_a_look_shows_what_the_list_does(life: Life, *, thorough: bool) -> None:
    options = Options(life.project.config, target=Target.LOCAL, state_dir=life.project.state)
    config = configuration.load(options)
    looked = set()
    with options.ends:
        aws = connection.connect(options, config).reading()
        state = stores.recorded(options, config)
        stack = declaration.declare_stack(options, config, aws, state.records)
        aws = aws.knowing(KnownResources(state.records, stack.declared))
        aws = aws.exhaustive() if thorough else aws
        for resource_type in all_types().values():
            listed = {live.id: live for live in aws.live(resource_type)}
            for one in [[*listed][:1], [*listed]]:
                if one and (shown := resource_type.read_some(aws, aws.known(resource_type), one)) is not None:
                    looked.add(resource_type)
                    assert {live.id: live for live in shown} == {name: listed[name] for name in one}
    assert looked == {Certificate, LoadBalancer, LogGroup, PrivateDnsNamespace, Role, Service, TaskDefinition}


def test_a_second_up_writes_nothing(life: Life) -> None:
    since = life.project.last_call()
    ended = life.project.up()
    assert life.project.writes(since) == []
    assert set(ended.results.values()) == {"unchanged"}
    counted = {
        "created": life.first.said("run_finished")[0]["counts"]["created"],
        "calls_of_a_run_with_nothing_to_do": len(life.project.cloud.calls(since)),
    }
    if os.environ.get("UPDATE_NUMBERS"):
        NUMBERS.write_text(json.dumps(counted, indent=2) + "\n")
    assert counted == json.loads(NUMBERS.read_text())


def test_plan_finds_nothing_to_do(life: Life) -> None:
    since = life.project.last_call()
    assert life.project.planned() == {}
    assert life.project.writes(since) == []
    assert len(life.project.cloud.calls(since)) <= json.loads(NUMBERS.read_text())["calls_of_a_run_with_nothing_to_do"]


def test_a_client_is_created_once_and_only_if_a_call_needs_it(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    create = ClientCreator.create_client

    def noted(self: ClientCreator, service_name: str, *rest: Any, **more: Any) -> Any:
        made.append(service_name)
        return create(self, service_name, *rest, **more)

    monkeypatch.setattr(ClientCreator, "create_client", noted)
    options = Options(life.project.config, target=Target.LOCAL, state_dir=life.project.state)
    config = configuration.load(options)
    since = life.project.last_call()
    with options.ends:
        aws = connection.connect(options, config).reading()
        state = stores.recorded(options, config)
        stack = declaration.declare_stack(options, config, aws, state.records)
        assert {item.action for item in dry_run.show_plan(aws, state.records, stack)} == {"none"}
    assert len(made) == len(set(made)) == len({call["service"] for call in life.project.cloud.calls(since)}) > 10
    assert "s3" not in made


EDITS = {
    (r"\A", '\nnetwork = { allow = ["127.0.0.1/32", "203.0.113.0/24"] }\n'): {"security_group/alb": {"ingress"}},
    (r"^logs = \{ insights = false \}$", "logs = { insights = false, retention_days = 14 }"): {
        "log_group/service-frontend": {"retention_in_days"},
        "log_group/service-backend": {"retention_in_days"},
    },
    (r"^scaling = \{ max = 10 \}$", 'scaling = { cpu = 60 }\nhealth = "/ready"'): {
        "scaling_policy/frontend": {"target_tracking_scaling_policy_configuration"},
        "target_group/frontend": {"health_check_path"},
    },
    (r"\A", "\ncapacity = { max = 7 }\n"): {"auto_scaling_group/main": {"max_size"}},
}
"""Edits of different settings, each with the differences that it is, by address."""
ENVIRONMENT = (r"port = 8080$", 'port = 8080\nenvironment = { LOG_LEVEL = "debug" }')
NO_SHELL = (r"port = 8080$", "port = 8080\nexec = false")


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        (
            [*EDITS, ENVIRONMENT],
            {address: fields for found in EDITS.values() for address, fields in found.items()}
            | {"task_definition/backend": {"container_definitions"}, "service/backend": {"task_definition"}},
        ),
        (
            [NO_SHELL],
            {
                "role/task-backend": {"inline_policies"},
                "task_definition/backend": {"container_definitions", "volumes"},
                "service/backend": {"task_definition", "enable_execute_command"},
            },
        ),
    ],
    ids=["one setting of each step", "no shell"],
)
def test_each_edited_value_is_exactly_that_difference(
    life: Life, edits: list[tuple[str, str]], expected: dict[str, set[str]]
) -> None:
    text, since = life.project.config.read_text(), life.project.last_call()
    for pattern, replacement in edits:
        life.project.change(pattern, replacement)
    try:
        planned = life.project.planned()
    finally:
        life.project.write(text)
    assert {item["action"] for item in planned.values()} == {"change"}
    assert {address: item["changes"].keys() for address, item in planned.items()} == expected
    assert life.project.writes(since) == []


def test_what_autoscaling_does_is_no_difference(life: Life) -> None:
    ecs = life.project.cloud.client("ecs")
    before = len(life.project.inventory()["instances"])
    ecs.update_service(cluster=NAME, service="frontend", desiredCount=10)
    grown = life.project.settled(well, "ten tasks")
    assert len(grown["instances"]) >= before
    (group,) = grown["auto_scaling_groups"]
    assert group["DesiredCapacity"] > 0, "the group scaled out"
    assert life.project.planned() == {}
    since = life.project.last_call()
    life.project.up()
    assert life.project.writes(since) == []
    (service,) = [s for s in life.project.inventory()["ecs_services"] if s["serviceName"] == "frontend"]
    assert service["desiredCount"] == 10


def test_a_change_makes_a_revision_and_keeps_the_one_before(life: Life) -> None:
    life.project.change(r"port = 8080$", 'port = 8080\nenvironment = { LOG_LEVEL = "debug" }')
    ended = life.project.up()
    changed = {address for address, result in ended.results.items() if result != "unchanged"}
    assert changed == {"task_definition/backend", "service/backend"}
    found = life.project.settled(well, "the new revision running")
    revisions = [d["revision"] for d in found["task_definitions"] if d["family"] == f"{NAME}-backend"]
    assert len(revisions) == 2
    (service,) = [s for s in found["ecs_services"] if s["serviceName"] == "backend"]
    assert service["taskDefinition"].endswith(f":{max(revisions)}")
    assert life.project.planned() == {}


def test_drift_is_seen_and_mended(life: Life) -> None:
    logs, ecr = life.project.cloud.client("logs"), life.project.cloud.client("ecr")
    logs.put_retention_policy(logGroupName=f"/ecs/{NAME}/backend", retentionInDays=1)
    ecr.delete_repository(repositoryName=f"{NAME}/frontend", force=True)
    planned = life.project.planned()
    assert {address: item["action"] for address, item in planned.items()} == {
        "log_group/service-backend": "change",
        "repository/frontend": "create",
    }
    life.project.up()
    assert life.project.planned() == {}


def test_a_stack_of_a_former_version_comes_over_in_place(life: Life) -> None:
    project = life.project

    def unlike() -> set[str]:
        """Return the security checks that do not hold."""
        added = difference(life.before, found := project.settled(well, "all tasks"))
        made = {sort: added.get(sort, {}).get("added", []) for sort in found}
        return {f"{check.row}: {check.what}" for check in SECURITY if check.read(made) != check.expected}

    def instances() -> set[str]:
        return {instance["InstanceId"] for instance in project.inventory()["instances"]}

    make_former(project)
    assert unlike() == FORMER
    before, running = ids(project), instances()
    assert {item["action"] for item in project.planned().values()} == {"change"}
    assert set(project.up().results.values()) == {"unchanged", "changed"}
    assert unlike() == set()
    assert {address for address, name in ids(project).items() if name != before[address]} == {"task_definition/backend"}
    assert instances() == running
    assert project.planned() == {}


def test_status_shows_what_runs(life: Life) -> None:
    shown = json.dumps(life.project.run("status", "--json").document)
    assert "frontend" in shown
    assert life.project.inventory()["container_instances"][0]["ec2InstanceId"] in shown


def test_down_leaves_nothing(life: Life) -> None:
    assert life.project.inventory()["container_instances"]
    assert life.project.inventory()["tasks"]
    # the database takes longer than all else, and a certificate is in use for a while
    life.project.cloud.last("typical")
    since = life.project.last_call()
    ended = life.project.down()
    assert ended.said("run_finished")[0]["ok"]
    answered = life.project.cloud.calls(since)
    calls = [call["operation"] for call in answered]
    # what validates a certificate may be needed in any other Region as well
    asked = Counter(call["operation"] for call in answered if call["region"] == REGION)
    # what takes longest does not wait until each family is described
    assert calls.index("DeleteDBInstance") < calls.index("DescribeTaskDefinition")
    # the cluster is looked at once its instance is gone, and what has an id is not looked for in lists
    assert asked["DescribeDBClusters"] < asked["DescribeDBInstances"] / 2
    assert asked["ListNamespaces"] < 4 < asked["GetNamespace"]
    assert asked["ListCertificates"] < asked["DeleteCertificate"]
    # what AWS makes by itself may have gone by itself
    assert set(ended.results.values()) <= {"deleted", "retained", "unchanged"}
    assert difference(life.before, life.project.inventory(), *NEVER_REMOVED) == {}
    assert life.project.run("state", "list").out.strip() == ""
    document = timeline(life.project)
    assert document["command"] == "down"
    removed = {address for address, result in ended.results.items() if result == "deleted"}
    assert {resource["address"] for resource in document["resources"]} == removed
    assert life.project.run("timeline", "--last", "up", "--json").document["resources"], "that of the last change"
