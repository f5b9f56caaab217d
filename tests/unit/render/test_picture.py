"""The picture's geometry, for one service and for two hundred: nothing overlaps, and nothing is missing."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from xml.etree import ElementTree as ET

import pytest

from provisioner.config.models import SAMPLE, Config
from provisioner.config.stack_file import load
from provisioner.operations.inspection.workload_names import workload_of, workloads
from provisioner.operations.pictures.diagram import Card, Diagram, diagram
from provisioner.operations.pictures.view import Node, View
from provisioner.render.picture.layout import MANY, Box, layout
from provisioner.render.picture.svg import svg

WHOLE = (
    "vpc/main", "subnet/public-a", "internet_gateway/main", "security_group/alb", "load_balancer/main",
    "listener/https", "certificate/app.example.com", "hosted_zone/public", "record_set/app", "hosted_zone/private",
    "record_set/database",
    "cluster/main", "auto_scaling_group/main", "launch_template/main", "db_cluster/main", "db_instance/main",
    "log_group/insights", "secure_parameter/database-password", "role/instance", "private_dns_namespace/svc.internal",
    "vpc_endpoint/ssm", "vpc_endpoint/ecr.api", "vpc_endpoint/s3", "own.queue/orders",
)  # fmt: skip
"""The resources of the stack as a whole; `own.queue` is a type of the user's."""
OF_SERVICE = ("service", "task_definition", "repository", "copied_image", "security_group", "target_group")


def config(tmp_path: Path, number: int, *, jobs: int = 1) -> Config:
    """Return a configuration of so many services with random calls without cycles; every third has the database."""
    random = Random(number)
    names = [f"s{one:03}" for one in range(number)]
    lines = ['project = "many"', "[dns]", 'domain = "example.com"', "[database]", "[capacity]", "max = 1000"]
    for place, name in enumerate(names):
        later = names[place + 1 :]
        calls = random.sample(later, min(len(later), random.choice((0, 1, 1, 2))))
        lines += [f"[services.{name}]", 'image = "a.example.com/b:1"', "port = 8080", f"calls = {calls}"]
        lines += [f'launch = "{random.choice(("ec2", "fargate"))}"', f"database = {str(place % 3 == 0).lower()}"]
        lines += ["public = true", f'path = "/{name}/*"'] if place < 4 else []
    for job in range(jobs):
        lines += [f"[jobs.job{job}]", 'extends = "s000"', 'command = "work"']
    path = tmp_path / "stack.toml"
    path.write_text("\n".join(lines))
    return load(path)


def view(config: Config) -> View:
    """Return the resources of a stack with this configuration, by its main types."""
    names = workloads(config, {})
    addresses = [*WHOLE, *(f"{kind}/{name}" for name in config.services for kind in OF_SERVICE)]
    addresses += [f"task_definition/{name}" for name in config.jobs]
    nodes = []
    for address in addresses:
        type_name, _, name = address.partition("/")
        owner = workload_of(address, names)
        kind = names[owner] if owner else ""
        nodes.append(
            Node(address, type_name, name, "", owner, kind, "ready", None, "", "", {}, {}, None, None, {}, False)
        )
    return View(config.name, "123456789012", config.region, "declared", nodes, [])


def drawn(config: Config, **actions: str) -> Diagram:
    return diagram(config, view(config), {key.replace("__", "/"): value for key, value in actions.items()})


@pytest.mark.parametrize("number", [1, 2, 12, 13, 50, 200])
def test_no_cards_overlap_and_each_is_in_its_frame(tmp_path: Path, number: int) -> None:
    picture = drawn(config(tmp_path, number))
    found = layout(picture)
    boxes = list(found.cards.items())
    assert found.cards.keys() == picture.by_key.keys()
    assert found.small == (number + 1 > MANY)
    for place, (key, box) in enumerate(boxes):
        assert [other for other, there in boxes[place + 1 :] if box.overlaps(there)] == [], key
        assert Box(0, 0, found.wide, found.high).holds(box), key
    frames = {frame.place: frame.box for frame in found.frames}
    for key, card in picture.by_key.items():
        if card.place in frames:
            assert frames[card.place].holds(found.cards[key]), key
            assert frames["vpc"].holds(found.cards[key]), key
        else:
            assert not frames["vpc"].overlaps(found.cards[key]), key
    tiers = [box for place, box in frames.items() if place != "vpc"]
    assert not any(one.overlaps(other) for one in tiers for other in tiers if one is not other)


@pytest.mark.parametrize("number", [2, 12])
def test_lines_to_the_database_and_to_instances_cross_no_card(tmp_path: Path, number: int) -> None:
    found = layout(drawn(config(tmp_path, number, jobs=0)))
    checked = 0
    for line in found.lines:
        if line.link.wire not in ("sql", "runs", "port"):
            continue
        x, y = map(float, re.match(r"M([\d.]+) ([\d.]+)", line.path).groups())  # type: ignore[union-attr]
        for step, value in re.findall(r"([HV])([\d.]+)", line.path):
            before = (x, y)
            x, y = (float(value), y) if step == "H" else (x, float(value))
            left, right = sorted((before[0], x))
            top, bottom = sorted((before[1], y))
            crossed = [
                key for key, box in found.cards.items()
                if key not in (line.link.start, line.link.end)
                and left < box.right and box.x < right + 0.1 and top < box.bottom and box.y < bottom + 0.1
                and (left > box.x or right > box.x) and (top > box.y or bottom > box.y)
            ]  # fmt: skip
            assert crossed == [], line
            checked += 1
    assert checked > number


@pytest.mark.parametrize("number", [1, 50])
def test_each_resource_is_in_one_place(tmp_path: Path, number: int) -> None:
    settings = config(tmp_path, number)
    picture = drawn(settings)
    there = [*picture.network, *(address for card in picture.cards for address in card.resources)]
    assert sorted(there) == sorted(node.address for node in view(settings).nodes)


def card(picture: Diagram, key: str) -> Card:
    return picture.by_key[key]


def test_a_card_says_what_becomes_of_all_that_it_stands_for(tmp_path: Path) -> None:
    settings = config(tmp_path, 2)
    new = {f"{kind}__s001": "create" for kind in OF_SERVICE}
    picture = drawn(
        settings, **new, task_definition__s000="change", db_cluster__main="refused", vpc_endpoint__ssm="delete"
    )
    assert [card(picture, key).sign for key in ("s001", "s000", "database", "endpoint ssm", "balancer")] == [
        "+", "~", "!", "-", "",
    ]  # fmt: skip


def test_ranks_follow_the_longest_way_of_calls(tmp_path: Path) -> None:
    path = tmp_path / "stack.toml"
    text = 'project = "x"\n[dns]\ndomain = "example.com"\n'
    for name, calls in {"a": ["b", "d"], "b": ["c"], "c": ["d"], "d": []}.items():
        text += f'[services.{name}]\nimage = "a.example.com/b:1"\nport = 80\ncalls = {calls}\n'
    path.write_text(text)
    picture = drawn(load(path))
    assert [card(picture, name).rank for name in "abcd"] == [0, 1, 2, 3]


def test_the_file_is_svg_that_asks_for_nothing(tmp_path: Path) -> None:
    text = svg(drawn(load(SAMPLE)))
    root = ET.fromstring(text)  # noqa: S314 (our own)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert re.findall(r"(?:href|src|url\()\W*(\w+:)?//", text) == []
    assert re.findall(r"var\(|light-dark\(", text) == [], "some programs know neither"


def test_texts_are_cut_and_escaped(tmp_path: Path) -> None:
    settings = config(tmp_path, 1)
    picture = diagram(settings, view(settings), {}, about="<script>alert(1)</script> & more")
    text = svg(picture)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
