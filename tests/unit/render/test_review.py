"""A plan for its reviewer."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from provisioner.config.secrets import VERSION_LABEL
from provisioner.engine.planning.actions import HIDDEN, HIDDEN_CHANGE, KNOWN_AFTER_UP, Planned
from provisioner.engine.planning.plan import masked
from provisioner.engine.resource import Change
from provisioner.operations.inspection.workload_names import Kind, workload_of
from provisioner.render import review
from provisioner.render.review import Around
from provisioner.render.tasks import Images

WEB: dict[str, Kind] = {"web": "service"}


def planned(action: str, address: str = "vpc/main", step: str = "network", why: str = "", **changes: Change) -> Planned:
    return Planned(address, action, step, changes, why)  # type: ignore[arg-type]


def lines(wanted: list[Planned], width: int = 120, **around: object) -> list[str]:
    return review.lines(wanted, Around(width=width, **around))  # type: ignore[arg-type]


def test_a_plan_is_a_review_by_step_with_counts() -> None:
    wanted = [
        planned("create", "subnet/a"),
        planned("none"),
        planned("change", "vpc/main", enable_dns=Change(False, True), cidr=Change("10.0.0.0/16", "(known after up)")),
        planned("refused", "role/web", "roles", "role web is not ours.\nRename it"),
        planned("adopt", "role/run", "roles"),
        planned("delete", "log_group/old", "logs"),
    ]
    assert lines(wanted) == [
        "subnet, vpc (step network): 1 to create, 1 to change",
        "  ~ vpc/main",
        "      enable_dns: false -> true",
        "      cidr: 10.0.0.0/16 -> (known after up)",
        "  + subnet/a",
        "role (step roles): 1 to adopt",
        "  + adopt role/run",
        "log_group (step logs): 1 to delete",
        "  - log_group/old",
        "refused",
        "  ! role/web: role web is not ours.",
        "      Rename it",
        "",
        "Plan: 1 to create, 1 to change, 1 to delete, 1 to adopt, 1 refused, 1 unchanged.",
    ]


def named(**values: str) -> list[dict[str, str]]:
    """Variables of a container."""
    return [{"name": name, "value": value} for name, value in values.items()]


RULE = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIpv4": "10.0.0.0/8", "Description": "users"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}}, ["f.b.c: 2 -> 3"]),
        ({"a": 1}, {"b": 2}, ["- f.a: 1", "+ f.b: 2"]),
        ({"a": None}, {"a": 1}, ["f.a: null -> 1"]),
        ([1, 2, 3], [2, 3, 4], ["- f: 1", "+ f: 4"]),
        ([1, 1], [1], ["- f: 1"]),
        ([1, 2], [2, 1], ["f: in another order: [1, 2] -> [2, 1]"]),
        ([{"p": 80}, {"p": 90, "c": "x"}], [{"p": 80}, {"p": 91, "c": "x"}], ["f[1].p: 90 -> 91"]),
        ([{"p": 80}], [], ['- f: {"p": 80}']),
        (named(A="1", B="2"), named(B="3", C="4"), ["- f.A: 1", "f.B: 2 -> 3", "+ f.C: 4"]),
        (named(A="1", K="(hidden)"), named(K="changed (hidden)", A="1"), ["f.K: changed (hidden)"]),
        ([*named(A="1"), *named(A="2")], named(A="2"), ['- f: {"name": "A", "value": "1"}']),
        ('{"Action": ["a", "b"]}', {"Action": ["a"]}, ["- f.Action: b"]),
        ("{not json", "x", ["f: {not json -> x"]),
        ("", "x", ['f: "" -> x']),
        (None, ["a"], ['f: null -> ["a"]']),
        ("x" * 500, "y", [f"f: {'x' * 159}… -> y"]),
        (
            [{"name": "web", "cpu": 1}, {"name": "log", "cpu": 2}],
            [{"name": "log", "cpu": 2}, {"name": "web", "cpu": 3}],
            ["f[web].cpu: 1 -> 3"],
        ),
        (
            [{"name": "a", "v": 1}],
            [{"name": "b", "v": 1}],
            ['- f[a]: {"name": "a", "v": 1}', '+ f[b]: {"name": "b", "v": 1}'],
        ),
        (None, named(A="1"), ["+ f.A: 1"]),
        ([RULE, RULE | {"ToPort": 90}], [RULE], ["- f: tcp 80-90, 10.0.0.0/8 (users)"]),
        (
            [{"targetGroupArn": "arn:aws:x:r:1:tg/a", "containerPort": 1}],
            [{"targetGroupArn": "arn:aws:x:r:1:tg/a", "containerPort": 2}],
            ["f[tg/a].containerPort: 1 -> 2"],
        ),
    ],
)
def test_nested_values_are_compared_leaf_by_leaf(old: object, new: object, expected: list[str]) -> None:
    body = lines([planned("change", f=Change(old, new))], width=1000)[2:-2]
    assert [line.removeprefix("      ") for line in body] == expected


def test_each_step_is_named_once_whatever_the_order() -> None:
    wanted = [planned("create", "a/1", "one"), planned("create", "a/2", "two"), planned("delete", "a/3", "one")]
    assert lines(wanted)[:5] == [
        "a (step one): 1 to create, 1 to delete",
        "  + a/1",
        "  - a/3",
        "a (step two): 1 to create",
        "  + a/2",
    ]


def test_a_refusal_without_a_reason_is_shown_as_one() -> None:
    assert lines([planned("refused")])[1] == "  ! vpc/main: no reason was given"


def test_a_deployment_that_failed_is_said_and_not_its_flag() -> None:
    lines_of = lines([planned("change", "service/web", "services", failed=Change(True, False))])
    assert lines_of[2] == "      redeploy: the last deployment failed"


def test_a_plan_without_changes_is_one_line() -> None:
    assert lines([planned("none"), planned("none", "role/web")]) == ["No changes: 2 resources as declared."]


def container(image: str, port: int, environment: list[dict[str, str]], cpu: int = 256) -> dict[str, object]:
    ports = [{"containerPort": port, "protocol": "tcp"}]
    return {"name": "web", "image": image, "cpu": cpu, "portMappings": ports, "environment": environment}


OLD, NEW = "1.dkr.ecr.eu-west-1.amazonaws.com/shop/web@sha256:" + "a" * 64, KNOWN_AFTER_UP
BEFORE, AFTER = (f"docker.io/acme/web:1.{number}@sha256:{64 * letter}" for number, letter in enumerate("ab"))
IMAGES = Images({OLD: BEFORE}, {"web": AFTER})
IMAGE = f"image 1.0 (sha256:{12 * 'a'}…) -> 1.1 (sha256:{12 * 'b'}…)"
VARIABLES = "ALLOWED_HOSTS changed, GONE removed, KEY changed"
SIDECAR = {"name": "proxy", "image": "envoy:1", "environment": named(LEVEL="info")}


def rolled_out() -> list[Planned]:
    """An image, a port, sizes, variables and secrets of a service change, and its sidecar moves to the other end."""
    old = container(OLD, 80, named(ALLOWED_HOSTS="a", GONE="1", KEY=HIDDEN))
    new = container(NEW, 8080, named(ALLOWED_HOSTS="b", NEW_VAR="1", KEY=HIDDEN_CHANGE), cpu=512)
    old |= {
        "secrets": [{"name": "TOKEN", "valueFrom": "arn:token"}],
        "dockerLabels": {f"{VERSION_LABEL}TOKEN": "1", f"{VERSION_LABEL}DSN": "1"},
    }
    new |= {
        "secrets": [{"name": "MORE", "valueFrom": "arn:more"}, {"name": "TOKEN", "valueFrom": "arn:token"}],
        "dockerLabels": {f"{VERSION_LABEL}TOKEN": "2", f"{VERSION_LABEL}MORE": "1"},
    }
    changes = {
        "cpu": Change("256", "512"),
        "container_definitions": Change([old, SIDECAR], [SIDECAR | {"environment": named(LEVEL="debug")}, new]),
    }
    return [
        planned("change", "service/web", "services", task_definition=Change("arn:1", KNOWN_AFTER_UP)),
        Planned("task_definition/web", "change", "task_definitions", changes),
    ]


def test_a_service_is_told_in_the_words_of_its_table() -> None:
    assert lines(rolled_out(), workloads=WEB, images=IMAGES) == [
        "service web: 2 to change, new tasks",
        f"  ~ {IMAGE}",
        "  ~ cpu 256 -> 512",
        "  ~ port 80 -> 8080",
        "  ~ ALLOWED_HOSTS changed: a -> b",
        "  - GONE removed: 1",
        "  ~ KEY changed",
        "  + NEW_VAR added: 1",
        "  + secret MORE added",
        "  ~ secret TOKEN changed: 1 -> 2",
        "  ~ container proxy: LEVEL changed: info -> debug",
        "",
        "Plan: 2 to change, 0 unchanged.",
    ]


def test_the_question_of_up_names_it_in_a_line_without_values() -> None:
    assert review.in_short(rolled_out(), Around(WEB, IMAGES, width=1000)) == [
        f"  ~ service web: {IMAGE}, cpu 256 -> 512, port 80 -> 8080, {VARIABLES}, 4 more",
        "Plan: 2 to change, 0 unchanged.",
    ]


def test_only_the_member_that_is_not_known_is_said_to_be_so() -> None:
    [line] = [one for one in lines(rolled_out(), workloads=WEB) if "image" in one]
    assert line == f"  ~ image 1.dkr.ecr.eu-west-1.amazonaws.com/shop/web (sha256:{'a' * 12}…) -> (known after up)"
    policy = json.dumps({"Action": "s3:*", "Resource": ["${bucket/a:arn}/*", "arn:b"]})
    assert json.loads(masked(policy)) == {"Action": "s3:*", "Resource": [KNOWN_AFTER_UP, "arn:b"]}
    assert masked("http://${service/a:id}") == KNOWN_AFTER_UP


def created() -> list[Planned]:
    """A new service, and a part of a new network."""
    definition: dict[str, object] = {
        "family": "shop-dev-web",
        "cpu": "256",
        "memory": "512",
        "container_definitions": [container("acme/web:1.0", 80, named(KEY=HIDDEN))],
    }
    service: dict[str, object] = {
        "desired_count": 2,
        "capacity_provider_strategy": [{"capacityProvider": "FARGATE_SPOT"}],
    }
    target: dict[str, object] = {"min_capacity": 2, "max_capacity": 9}
    some = {"task_definition/web": definition, "service/web": service, "scalable_target/web": target}
    return [
        planned("create", "vpc/main", cidr_block=Change(None, "10.0.0.0/16")),
        *(planned("create", f"subnet/{zone}") for zone in "abc"),
        planned("create", "route_table/public"),
        *(
            Planned(address, "create", "s", {name: Change(None, value) for name, value in settings.items()})
            for address, settings in some.items()
        ),
        planned("create", "log_group/service-web", "logs"),
        Planned("instances/shop-dev", "none", "capacity"),
    ]


def test_what_is_new_is_told_by_the_settings_that_matter() -> None:
    assert lines(created(), workloads=WEB) == [
        "service web: 4 to create",
        "  + image acme/web:1.0, port 80, cpu 256, memory 512, 2 tasks on Fargate Spot",
        "  + scalable_target/web: 2 to 9 tasks",
        "  + task_definition/web, service/web, log_group/service-web",
        "vpc, subnet, route_table (step network): 5 to create",
        "  + vpc/main: 10.0.0.0/16",
        "  + subnet/a, b, c",
        "  + route_table/public",
        "",
        "Plan: 9 to create, 0 unchanged.",
    ]
    assert review.in_short(created(), Around(WEB, width=1000))[0] == (
        "  + service web: image acme/web:1.0, port 80, cpu 256, memory 512, 2 tasks on Fargate Spot, 4 to create"
    )


def test_the_numbers_of_the_groups_add_up_to_those_of_the_plan() -> None:
    everything = [
        *created(),
        planned("change", "vpc/c"),
        planned("delete", "subnet/d"),
        planned("adopt", "vpc/b", "elsewhere"),
    ]
    groups = review.groups(everything, WEB)
    counts = Counter(item.action for group in groups for item in group.items)
    assert counts == Counter(item.action for item in everything if item.action != "none")
    assert len({item.address for group in groups for item in group.items}) == counts.total()
    assert lines(everything, workloads=WEB, kept=2)[-1] == (
        "Plan: 9 to create, 1 to change, 1 to delete, 1 to adopt, 2 kept, 0 unchanged."
    )


def test_what_only_keeps_the_books_is_never_counted_unchanged() -> None:
    books = Planned("instances/shop-dev", "none", "capacity")
    assert lines([books, planned("none")]) == ["No changes: 1 resource as declared."]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_lines_are_folded_to_the_columns_there_are(width: int) -> None:
    for some in (created(), rolled_out()):
        shown, whole = (lines(some, columns, workloads=WEB, images=IMAGES) for columns in (width, 1000))
        assert max(map(len, shown)) <= width
        assert " ".join(shown).split() == " ".join(whole).split()


@pytest.mark.parametrize(
    ("address", "workload"),
    [
        ("service/web", "web"),
        ("service/web-api", "web-api"),
        ("alarm/web.running", "web"),
        ("target_group/web-green", "web"),
        ("log_group/service-web", "web"),
        ("log_group/web", ""),
        ("role/task-web-api", "web-api"),
        ("role/execution", ""),
        ("subnet/web", ""),
        ("security_group/webs", ""),
    ],
)
def test_a_resource_belongs_to_the_longest_name_it_bears(address: str, workload: str) -> None:
    assert workload_of(address, ["web", "web-api"]) == workload
