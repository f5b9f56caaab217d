"""Tasks and rules without room: told before the first write, or in the plan; a waiting task names the limit."""

from __future__ import annotations

import re

import pytest

from tests.cloud import world
from tests.cloud.project import Project, project  # noqa: F401  (a fixture)

pytestmark = world.EMPTY

IMAGE = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/web:1"
NAMED = '[dns]\ndomain = "example.com"\n'
GROUPS = ("--target-step", "security_groups")


def services(number: int, *lines: str) -> str:
    head = 'project = "ecs-sample"\nenv = "dev"\n' + ("\n[database]\n" if "database = true" in lines else "")
    each = "\n".join([f'image = "{IMAGE}"', "port = 80", *lines])
    return head + "".join(f"\n[services.s{n}]\n{each}\n" for n in range(number))


def refused(project: Project) -> str:  # noqa: F811
    """Return the refusal of `plan` and `up`, which must be the same; nothing may be written."""
    since = project.last_call()
    first, second = (project.run(*words, code=4).err for words in (("plan",), ("up", "--yes")))
    assert first == second
    assert project.writes(since) == []
    return " ".join(first.split())


def ingress(project: Project, name: str) -> list[str]:  # noqa: F811
    """The networks and groups that a group lets in."""
    which = [{"Name": "group-name", "Values": [f"ecs-sample-dev-{name}"]}]
    (group,) = project.cloud.client("ec2").describe_security_groups(Filters=which)["SecurityGroups"]
    return [
        peer.get("CidrIp") or peer["GroupId"]
        for rule in group["IpPermissions"]
        for peer in (*rule["IpRanges"], *rule["UserIdGroupPairs"])
    ]


# -- instances


def test_more_tasks_than_instances_can_run_are_refused(project: Project) -> None:  # noqa: F811
    project.write(services(14, 'launch = "ec2"', "cpu = 1024"))
    text = refused(project)
    assert 'capacity.max is 5, but the services with launch = "ec2" begin with 14 tasks' in text
    assert "which need 7 instances or more" in text
    assert "Set capacity.max = 14, which is enough for a deployment too" in text


def test_plan_tells_which_tasks_do_not_fit_at_once(project: Project) -> None:  # noqa: F811
    project.write(services(2, 'launch = "ec2"', "cpu = 2048", "scaling = { max = 1 }") + "[capacity]\nmax = 2\n")
    for words in (("plan",), ("up", "--yes", *GROUPS)):
        ended = project.run(*words, code=2 if words[0] == "plan" else 0)
        text = " ".join((ended.out + ended.err).split())
        assert "capacity.max = 2 has no room for one task more of services.s0, services.s1, without which no" in text
        assert "set 4, which is enough to replace all at once" in text


@pytest.mark.slow
def test_a_task_that_waits_says_how_many_instances_there_may_be(project: Project) -> None:  # noqa: F811
    """Three tasks of 1,330 MiB would fit the 4,096 of a c5.large if the system kept nothing of it."""
    three = services(1, 'launch = "ec2"', "memory = 1330", "count = 3", "scaling = { max = 3 }")
    project.write(three + "[capacity]\nmax = 1\n")
    assert "capacity.max = 1 is hardly enough for 3 tasks" in " ".join(project.run("plan", code=2).out.split())
    (failed,) = project.up(code=1).said("failed")
    assert failed["address"] == "service/s0"
    group = "Auto Scaling group ecs-sample-dev has 1 of at most 1 instances: raise capacity.max, or lower services."
    assert group in failed["error"]
    assert (
        "last failed task: TaskFailedToStart: RESOURCE:MEMORY (no instance has enough memory left)" in failed["error"]
    )


def test_a_type_without_trunking_is_told_with_what_it_holds(project: Project) -> None:  # noqa: F811
    types = '[capacity]\ninstance_types = ["t3.large"]\n'
    project.write(services(1, 'launch = "ec2"', "scaling = { max = 1 }") + types)
    text = " ".join(project.run("plan", code=2).out.split())
    assert "t3.large has no ENI trunking (ECS developer guide), so that an instance runs 2 tasks at most" in text


# -- rules of security groups


def test_my_address_may_be_listed_as_well(project: Project) -> None:  # noqa: F811
    """On this machine `my-ip` is 127.0.0.1."""
    project.write(services(1, "public = true") + NAMED + '[network]\nallow = ["127.0.0.1/32", "my-ip"]\n')
    project.up(*GROUPS)
    assert ingress(project, "alb") == ["127.0.0.1/32"] * 2
    assert project.planned(*GROUPS) == {}


@pytest.mark.slow
def test_more_users_of_the_database_than_a_group_has_rules(project: Project) -> None:  # noqa: F811
    project.write(services(62, "database = true"))
    project.up(*GROUPS)
    assert ingress(project, "database") == ["10.0.64.0/18"]
    assert project.planned(*GROUPS) == {}
    project.cloud.control("POST", "quota", "service=vpc&code=L-0EA8095F&value=62")
    assert [*project.planned(*GROUPS)] == ["security_group/database"]
    project.up(*GROUPS)
    assert len(set(ingress(project, "database"))) == 62


def test_more_sources_than_a_group_has_rules(project: Project) -> None:  # noqa: F811
    sources = ", ".join(f'"10.{number}.0.0/16"' for number in range(31))
    project.write(services(1, "public = true") + f"{NAMED}[network]\nallow = [{sources}]\n")
    text = refused(project)
    assert "network.allow has 31 sources, which take 62 rules (ports 80 and 443 of each)" in text
    assert "use 30 or fewer, such as larger networks, or request an increase of the quota L-0EA8095F" in text
    project.cloud.control("POST", "quota", "service=vpc&code=L-0EA8095F&value=62")
    project.up(*GROUPS)
    assert len(ingress(project, "alb")) == 62


def test_the_default_counts_where_the_quota_may_not_be_read(project: Project) -> None:  # noqa: F811
    project.write(services(62, "database = true"))
    project.cloud.control("POST", "faults", "scenarios=denied&only=^servicequotas:")
    text = " ".join(project.run("plan", *GROUPS, code=2).out.split())
    assert re.search(r"ecs-sample-dev-database has 10\.0\.64\.0/18, .* since a group may have 60 rules: request", text)


def test_the_quota_is_read_only_where_the_default_is_too_few(project: Project) -> None:  # noqa: F811
    since = project.last_call()

    def asked() -> int:
        return sum(call["operation"] == "GetServiceQuota" for call in project.cloud.calls(since))

    project.planned(*GROUPS)
    assert asked() == 0
    project.write(services(62, "database = true"))
    project.planned(*GROUPS)
    assert asked() == 1
