"""Several stacks in one account and region, up and down at the same time: none touches anything of another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, Inventory, difference, running
from tests.cloud.project import SAMPLE, Project, with_dns

pytestmark = [pytest.mark.random_order(disabled=True), pytest.mark.slow]
"""They are one life, in its order."""

COUNTED = "zones"
"""A zone counts its records."""


@dataclass
class Three:
    """Three stacks in one account: `long` has the name of `short` and more; `staging` is of the project of `short`."""

    short: Project
    long: Project
    staging: Project
    before: Inventory


@pytest.fixture(scope="module")
def stacks(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Three]:
    """All of them are down at first. The tests are their life, in their order."""
    running_cloud.reset()
    with ExitStack() as ending:
        directory = tmp_path_factory.mktemp("stacks")

        def made(name: str, env: str, project: str = "ecs-sample") -> Project:
            here = Project(running_cloud, directory / name)
            # on Fargate alone: an Auto Scaling group would go on changing by itself
            own = with_dns(SAMPLE, f'domain = "example.com"\nhost = "{name}"')
            here.write(
                own.replace('launch = "ec2"', 'launch = "fargate"').replace(
                    'project = "ecs-sample"\nenv = "dev"', f'project = "{project}"\nenv = "{env}"'
                )
            )
            ending.callback(here.close)
            return here

        three = (made("short", "dev"), made("long", "x", "ecs-sample-dev"), made("staging", "staging"))
        yield Three(*three, three[0].inventory())


def together(*commands: tuple[Project, str]) -> None:
    """Run commands at the same time; each must end well."""
    begun = [(project, project.begin(command, "--yes")) for project, command in commands]
    for project, process in begun:
        ended = project.end(process)
        assert ended.code == 0, ended.err


def added(before: Inventory, after: Inventory) -> dict[str, object]:
    """Return the resources that are new or differ, by sort."""
    found = difference(before, after, COUNTED)
    return {sort: resources["added"] for sort, resources in found.items() if resources["added"]}


def _meet_a_twin(stacks: Three) -> None:
    """See that another project and environment which make the same name are another stack, in either direction."""
    short = stacks.short
    twin = Project(short.cloud, short.directory.with_name("twin"))
    twin.write(short.config.read_text().replace('"ecs-sample"\nenv = "dev"', '"ecs"\nenv = "sample-dev"'))
    since = short.last_call()
    for words in (["plan"], ["up", "--yes"]):
        refused = twin.run(*words, code=4).err
        assert "ecs-sample-dev" in refused, refused
    assert twin.run("down", "--yes").out.startswith("down done: no changes"), "the sweep finds nothing of its own"
    assert short.writes(since) == []


def test_none_touches_another_whatever_they_do_at_the_same_time(stacks: Three) -> None:
    together((stacks.short, "up"), (stacks.long, "up"))
    first = stacks.short.settled(running, "all tasks of both")
    assert [cluster["clusterName"] for cluster in first["clusters"]] == ["ecs-sample-dev", "ecs-sample-dev-x"]
    assert stacks.short.planned() == stacks.long.planned() == {}
    _meet_a_twin(stacks)
    # one goes while another environment of its project comes
    together((stacks.short, "down"), (stacks.staging, "up"))
    second = stacks.short.settled(running, "all tasks of both")
    assert [cluster["clusterName"] for cluster in second["clusters"]] == ["ecs-sample-dev-x", "ecs-sample-staging"]
    assert stacks.staging.planned() == {}
    stacks.staging.down()
    alone = stacks.long.inventory()
    assert added(first, alone) == added(second, alone) == {}, "what is left is as it was beside each of the others"
    assert stacks.long.planned() == {}
    stacks.long.down()
    assert difference(stacks.before, stacks.short.inventory(), *NEVER_REMOVED) == {}
