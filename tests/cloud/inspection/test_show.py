"""`provision show`: the stack as one document, by its configuration, its state and AWS."""

from __future__ import annotations

from typing import Any

from tests.cloud.project import NETWORK, SMALL, Project, project  # noqa: F401  (a fixture)


def nodes(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The resources by address; each edge must lead from one to another."""
    found = {node["address"]: node for node in document["nodes"]}
    assert len(found) == len(document["nodes"])
    assert {end for edge in document["edges"] for end in (edge["user"], edge["needs"])} <= found.keys()
    return found


def test_a_stack_is_one_document_from_each_of_its_sources(project: Project) -> None:  # noqa: F811
    variables = 'public = true\nenvironment = { GREETING = "hello", API_KEY = "sk_live_51HoldOLDold" }'
    project.write(SMALL.replace("public = true", variables))
    project.up(*NETWORK)

    ended = project.run("show", "--json")
    declared = nodes(ended.document)
    assert "hello" not in ended.out
    assert "sk_live" not in ended.out
    definition = declared["task_definition/frontend"]
    [container] = definition["settings"]["container_definitions"]
    variables_of = {one["name"]: one["value"] for one in container["environment"]}
    assert variables_of == {"API_KEY": "(hidden)", "GREETING": "(hidden)", "PORT": "80"}
    assert (definition["workload"], definition["kind"], definition["state"]) == ("frontend", "service", "absent")
    assert declared["service/frontend"]["seconds"]["create"] > 10
    edges = {(edge["user"], edge["needs"]) for edge in ended.document["edges"]}
    assert {("service/frontend", "task_definition/frontend"), ("subnet/public-a", "vpc/main")} <= edges

    recorded = nodes(project.run("show", "--json", "--source", "recorded").document)
    live = nodes(project.run("show", "--json", "--source", "live").document)
    assert recorded.keys() == live.keys() == {a for a, node in declared.items() if node["state"] == "ready"}
    vpc = live["vpc/main"]["id"]
    assert recorded["vpc/main"]["id"] == declared["vpc/main"]["id"] == vpc
    assert declared["subnet/public-a"]["settings"]["vpc_id"] == vpc, "what is known by now is filled in"
    assert [live["vpc/main"][name] for name in ("state", "status", "problem")] == ["ready", "available", ""]


def test_the_plan_of_one_address_shows_all_of_it(project: Project) -> None:  # noqa: F811
    project.write(SMALL)
    text = project.run("plan", "vpc/main", code=2).out
    assert text.startswith("+ vpc/main: to create (step network)\n")
    assert "    cidr_block: 10.0.0.0/16\n" in text
    assert "    subnet/public-a\n" in text.partition("  needed by\n")[2]
    document = project.run("plan", "vpc/main", "--json", code=2).document
    assert [item["address"] for item in document["resources"]] == ["vpc/main"]
    assert document["resource"]["node"]["settings"]["cidr_block"] == "10.0.0.0/16"
    refused = project.run("plan", "vcp/main", code=4)
    assert refused.err.endswith('vcp/main is neither declared nor recorded; did you mean "vpc/main"?\n')
