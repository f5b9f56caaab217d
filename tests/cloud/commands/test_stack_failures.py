"""Failures in the middle of `up`: refused calls, a zone that nobody delegated, Ctrl-C."""

from __future__ import annotations

import signal

import pytest

from tests.cloud.project import SAMPLE, Project, project, with_dns  # noqa: F401  (a fixture)
from tests.cloud.proxy import refusing

pytestmark = pytest.mark.slow


def test_a_second_up_completes_what_was_refused(project: Project) -> None:  # noqa: F811
    refusals = {"CreateRepository": "AccessDeniedException", "CreatePrivateDnsNamespace": "InvalidInput"}
    with refusing(project.cloud.endpoint, refusals) as endpoint:
        project.reach(endpoint)
        ended = project.up(code=1)
        failed = {event["address"]: event["error"] for event in ended.said("failed")}
        assert failed.keys() == {"repository/backend", "repository/frontend", "private_dns_namespace/main"}
        assert "CreateRepository was refused: AccessDeniedException" in failed["repository/backend"]
        assert "permission" in failed["repository/backend"]
        assert "CreatePrivateDnsNamespace was refused: InvalidInput" in failed["private_dns_namespace/main"]
        skipped = {event["address"]: event["because"] for event in ended.said("skipped")}
        assert skipped["service/backend"] in {*failed, *skipped}
        for address in ("listener/https", "db_cluster/main", "auto_scaling_group/main", "certificate/app.example.com"):
            assert ended.results[address] == "created", "what does not depend on it is finished"
        assert "repository/backend" in ended.err
        refusals.clear()
        mended = project.up()
        assert {mended.results[address] for address in (*failed, "service/backend")} == {"created"}
        assert set(mended.results.values()) <= {"created", "unchanged"}


def test_a_zone_that_is_not_delegated_stops_up_for_a_while(project: Project) -> None:  # noqa: F811
    domain = "shop.example.net"
    project.write(with_dns(SAMPLE, f'domain = "{domain}"\ncreate_zone = true'))
    ended = project.up(code=3)
    (zone,) = [z for z in project.inventory()["zones"] if z["Name"] == f"{domain}."]
    route53 = project.cloud.client("route53")
    servers = route53.get_hosted_zone(Id=zone["Id"])["DelegationSet"]["NameServers"]
    assert len(servers) == 4
    for server in servers:
        assert server.rstrip(".") in ended.err
    assert ended.results["db_cluster/main"] == "created", "what does not depend on it is finished"
    assert not project.inventory()["listeners"] or all(x["Port"] != 443 for x in project.inventory()["listeners"])
    project.run("cloud", "delegate", domain)
    project.up()
    project.down()
    assert [z["Name"] for z in project.inventory()["zones"]] == ["example.com."]


def test_interrupted_it_stops_in_good_order_and_goes_on_later(project: Project) -> None:  # noqa: F811
    ended = project.cut(10, signal.SIGINT, "up", "--yes")
    assert ended.code == 130
    assert "interrupted" in ended.err
    phases = [line.split() for line in project.run("state", "list").out.splitlines()]
    assert phases
    assert not any("creating" in words for words in phases), "calls under way were let end and recorded"
    timeline = project.run("timeline", "--json").document
    assert timeline["result"] == "interrupted"
    assert timeline["resources"]
    assert all(
        (resource["ended"] is None) == (resource["result"] == "unfinished") for resource in timeline["resources"]
    )
    assert set(project.up().results.values()) <= {"created", "adopted", "changed", "unchanged"}
    assert project.cut(10, signal.SIGTERM, "down", "--yes").code == 130
    project.down()
    assert project.run("state", "list").out.strip() == ""
