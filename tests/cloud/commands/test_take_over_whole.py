"""A team moves its public name from its old system to the new stack and back, as it types that, under its policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.crash.cuts import kill
from tests.cloud.lookups import NAME
from tests.cloud.names import HOST, Raw, at, old_balancer, plain, put
from tests.cloud.policies import enforce, policies
from tests.cloud.project import SMALL, Project, project, with_dns  # noqa: F401

pytestmark = [pytest.mark.slow, world.EMPTY]

ADDRESS = f"record_set/{HOST}"
MOVE, RETURN = ("up", "--yes", "--take-over", HOST), ("up", "--yes", "--give-back", HOST)
CHANGE = "route53:ChangeResourceRecordSets"


def beside(project: Project) -> list[Raw]:  # noqa: F811
    """Stand the stack up under a host of its own beside the old system; return the old system's records."""
    old = old_balancer(project.cloud)
    put(project.cloud, *({"Name": HOST, "Type": kind, "AliasTarget": old} for kind in ("A", "AAAA")))
    project.write(with_dns(SMALL, 'domain = "example.com"\nhost = "app-new"'))
    project.run("policy", "--create-boundary", "--yes")
    project.run("up", "--yes")
    project.change('host = "app-new"', 'host = "www"')
    return at(project.cloud)


def both_hosts(project: Project) -> list[Mapping[str, Any]]:  # noqa: F811
    """Return the policies that `provision policy` prints for the stack with its new host, and with its former one."""
    found = policies(project.config)
    text = project.config.read_text()
    project.write(text.replace('host = "www"', 'host = "app-new"'))
    found += policies(project.config)
    project.write(text)
    return found


def recorded(project: Project) -> dict[str, Any]:  # noqa: F811
    """The outputs of the name's record, as `state show` has them."""
    shown = project.done("show", ADDRESS, "--json")
    return dict(json.loads(shown.out)["outputs"]) if shown.code == 0 else {}


def test_the_name_moves_last_and_returns_under_the_policy(project: Project) -> None:  # noqa: F811
    before = beside(project)
    enforce(project.cloud, *both_hosts(project))
    refused = project.up(code=1)
    assert [event["addresses"] for event in refused.said("refused")] == [[ADDRESS]]
    planned = project.planned("--take-over", HOST)
    assert planned[ADDRESS]["action"] == "change"
    assert planned[ADDRESS]["changes"]["alias_target"]["old"]["DNSName"].startswith("dualstack.old-public-")
    since = project.last_call()
    moved = project.up("--take-over", HOST)
    assert moved.results[ADDRESS] == "changed"
    ended = [event["address"] for event in moved.said("done")]
    assert ended.index("service/frontend") < ended.index(ADDRESS), "what serves is ready before the clients come"
    assert ended.index(f"listener_certificate/{HOST}") < ended.index(ADDRESS), "so is its certificate"
    (ours,) = at(project.cloud)
    assert ours["AliasTarget"]["DNSName"].startswith(f"{NAME}-")
    # the proof of the new host's certificate, the name, and what the host of its own had
    assert project.writes(since).count(CHANGE) == 4
    assert at(project.cloud, "app-new.example.com") == []
    since = project.last_call()
    again = project.up("--take-over", HOST)
    assert f"--take-over {HOST}: it was taken over already" in [event["text"] for event in again.said("notice")]
    project.run("up", "--yes")
    assert (project.writes(since), project.planned()) == ([], {})
    assert project.planned("--give-back", HOST).keys() == {ADDRESS}
    project.run(*RETURN)
    assert project.writes(since) == [CHANGE]
    assert at(project.cloud) == before
    later = project.up()
    assert any(f"{HOST} was given back and leads to A dualstack.old-public-" in e["text"] for e in later.said("notice"))
    assert (project.writes(since), project.planned()) == ([CHANGE], {})
    said = {one["check"]: one for one in project.done("doctor", "--json").document["checks"]}
    assert said["public name"]["text"] == f"{HOST} was given back to the system that had it before"
    assert said["quota targets per load balancer"]["verdict"] == "ok"
    assert "it would succeed" in project.run("rehearse").out
    project.down()
    assert at(project.cloud) == before


def test_down_puts_the_name_back_before_anything_else_goes(project: Project) -> None:  # noqa: F811
    before = beside(project)
    project.run(*MOVE)
    enforce(project.cloud, *policies(project.config))
    asked = project.run("down", code=4)
    assert f"note: {HOST} was taken over: when its record is deleted, it leads to A dualstack.old-public-" in asked.err
    assert f"`provision up --give-back {HOST}` first" in asked.err
    ended = [event["address"] for event in project.down().said("done")]
    assert ended.index(ADDRESS) < ended.index("service/frontend")
    assert at(project.cloud) == before


def test_another_host_gives_the_name_back_too(project: Project) -> None:  # noqa: F811
    before = beside(project)
    project.run(*MOVE)
    project.change('host = "www"', 'host = "app-new"')
    notes = project.run("plan", "--json", code=2).document["notes"]
    assert any(f"{HOST} was taken over: when its record is deleted" in note for note in notes)
    assert project.up().results[ADDRESS] == "deleted"
    assert at(project.cloud) == before


def test_a_cname_moves_and_returns_under_the_policy(project: Project) -> None:  # noqa: F811
    beside(project)
    put(project.cloud, *at(project.cloud), action="DELETE")
    put(project.cloud, plain(HOST, "CNAME", "old.example.net."))
    before = at(project.cloud)
    enforce(project.cloud, *both_hosts(project))
    assert f"`provision up --take-over {HOST}`" in project.run("up", "--yes", code=1).err
    project.run(*MOVE)
    assert [record["Type"] for record in at(project.cloud)] == ["A"]
    project.run(*RETURN)
    assert at(project.cloud) == before
    assert project.planned() == {}
    project.run(*MOVE)
    project.down()
    assert at(project.cloud) == before


def test_the_certificate_of_another_domain_is_shown_first(project: Project) -> None:  # noqa: F811
    project.cloud.client("route53").create_hosted_zone(Name="example.org", CallerReference="theirs")
    project.cloud.delegate("example.org")
    put(project.cloud, plain(HOST, "A", "192.0.2.50"))
    before = at(project.cloud)
    project.write(with_dns(SMALL, 'domain = "example.org"'))
    project.run("up", "--yes")
    project.write(with_dns(SMALL, 'domain = "example.com"\nhost = "www"'))
    ended = [event["address"] for event in project.up("--take-over", HOST).said("done")]
    assert ended.index(f"listener_certificate/{HOST}") < ended.index(ADDRESS)
    assert project.planned() == {}
    project.run(*RETURN)
    assert at(project.cloud) == before


def test_the_way_back_can_be_forgotten(project: Project) -> None:  # noqa: F811
    """As docs/moving.md says, once the old system is gone for good."""
    beside(project)
    project.run(*MOVE)
    found = project.done("show", ADDRESS, "--json").document["id"]
    project.run("state", "rm", ADDRESS, "--yes")
    project.run("import", ADDRESS, found, "--yes")
    assert recorded(project) == {}
    # no other system's clients come any more: the default certificate is enough
    assert project.planned().keys() == {f"listener_certificate/{HOST}"}
    project.up()
    assert project.planned() == {}
    project.down()
    assert at(project.cloud) == []


def test_a_rebuilt_state_has_forgotten_the_way_back(project: Project) -> None:  # noqa: F811
    beside(project)
    project.run(*MOVE)
    project.lose_state()
    lost = f"{HOST} leads to this stack, and the state has no record of it. If it was taken over from another system"
    assert lost in project.run("plan", code=2).out
    assert [text for event in project.up().said("notice") if (text := event["text"]).startswith(lost)]
    project.lose_state()
    told = project.run("recover", "--yes")
    assert f"{ADDRESS}: if it was taken over from another system, where it led before was only in the lost state" in (
        told.out
    )
    ours = at(project.cloud)
    assert "the state does not say where it led before this stack" in project.run(*RETURN, code=4).err
    assert project.planned() == {}
    assert at(project.cloud) == ours


def killed(project: Project, words: tuple[str, ...], *how: str, **aim: Any) -> bool:  # noqa: F811
    """Run a command that is to be killed somewhere; whether it was."""
    run = project.fork(*words, how=how)
    if aim:
        kill(project.cloud, pid=run.pid, **aim)
    return project.end(run).code == -9


def test_no_kill_loses_where_the_name_led(project: Project) -> None:  # noqa: F811
    """At each write to AWS and each line of the journal, before and after it, there and back."""
    before = beside(project)
    project.run(*MOVE)
    (ours,) = at(project.cloud)
    project.run(*RETURN)
    cuts: list[tuple[tuple[str, ...], dict[str, Any]]] = [
        ((), {"call": 1, "when": when, "operation": CHANGE}) for when in ("before", "after")
    ]
    lines = 6
    cuts += [(("die", "journal", str(n), when), {}) for n in range(1, lines + 1) for when in ("before", "after")]
    hit = 0
    for way, other, wanted in ((MOVE, RETURN, [ours]), (RETURN, MOVE, before)):
        if way is RETURN:
            project.run(*MOVE)
        for how, aim in cuts:
            hit += killed(project, way, *how, **aim)
            there = at(project.cloud)
            assert there in ([ours], before), "it is one or the other, and whole"
            if there == [ours]:
                assert recorded(project)["former_records"] == before, (how, aim)
            project.run(*way)
            assert at(project.cloud) == wanted, (how, aim)
            project.run(*other)
    assert hit > lines
    print(f"{hit} kills")


def test_what_a_kill_left_is_finished_or_undone(project: Project) -> None:  # noqa: F811
    before = beside(project)
    assert killed(project, MOVE, call=2, when="before", operation=CHANGE)
    assert (at(project.cloud), recorded(project)["former_records"]) == (before, before)
    # the next one goes on with it, also without being asked again, unless it is told to give the name back
    assert project.planned()[ADDRESS]["action"] == "change"
    since = project.last_call()
    project.run(*RETURN)
    assert (at(project.cloud), project.writes(since)) == (before, [])
    project.run(*MOVE)
    assert killed(project, RETURN, call=1, when="before", operation=CHANGE)
    project.run("up", "--yes")
    assert at(project.cloud) == before
    assert killed(project, MOVE, call=1, when="before", operation=CHANGE)
    project.down()
    assert at(project.cloud) == before
