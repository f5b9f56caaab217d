"""`plan --format terraform-json`, and a policy tool that reads it and fails a plan by a rule."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.project import NETWORK, SMALL, Project, project  # noqa: F401  (a fixture)

RULE = """
metadata:
  id: CKV2_OWN_1
  name: Tasks have at most 256 CPU units
  category: GENERAL_SECURITY
definition:
  cond_type: attribute
  resource_types: [aws_ecs_task_definition]
  attribute: cpu
  operator: less_than_or_equal
  value: 256
"""
VARIABLES = 'public = true\nenvironment = { GREETING = "hello", API_KEY = "sk_live_51HoldOLDold" }'


def printed(project: Project, code: int = 2) -> dict[str, Any]:  # noqa: F811
    """The document, in which no value of a variable may be."""
    ended = project.run("plan", "--format", "terraform-json", code=code)
    assert "hello" not in ended.out
    assert "sk_live" not in ended.out
    document: dict[str, Any] = ended.document
    return document


def test_a_plan_is_said_as_terraform_says_it(project: Project) -> None:  # noqa: F811
    project.write(SMALL.replace("public = true", VARIABLES))
    project.up(*NETWORK)
    project.change(r"^zones = 2", "zones = 3")
    changes = {one["provisioner_address"]: one for one in printed(project)["resource_changes"]}
    vpc, subnet = changes["vpc/main"], changes["subnet/private-d"]
    assert (vpc["address"], vpc["change"]["actions"]) == ("aws_vpc.main", ["no-op"])
    assert vpc["change"]["before"] == vpc["change"]["after"]
    assert vpc["change"]["after"]["cidr_block"] == "10.0.0.0/16"
    assert subnet["change"]["before"] is None
    assert subnet["change"]["after"]["vpc_id"].startswith("vpc-"), "what is known by now is filled in"
    assert changes["route_table/private"]["change"]["actions"] == ["update"]
    assert {"subnet_ids": [False, False, True]}.items() <= changes["route_table/private"]["change"][
        "after_unknown"
    ].items()
    definition = changes["task_definition/frontend"]["change"]
    assert definition["after_unknown"] == {"execution_role_arn": True, "task_role_arn": True}
    assert definition["after_sensitive"] == {"container_definitions": True}
    [container] = json.loads(definition["after"]["container_definitions"])
    assert {"name": "API_KEY", "value": "(hidden)"} in container["environment"]
    [users, *_] = changes["security_group/alb"]["change"]["after"]["ingress"]
    assert (users["protocol"], users["from_port"]) == ("tcp", 80)


def test_a_policy_tool_fails_a_plan_by_a_rule(project: Project, tmp_path: Path) -> None:  # noqa: F811
    checkov = os.environ.get("CHECKOV") or shutil.which("checkov")
    if not checkov:
        pytest.skip("there is no checkov here: install it (`pipx install checkov`), or name it in CHECKOV")
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "own.yaml").write_text(RULE)
    project.write(SMALL)
    words = ["--framework", "terraform_plan", "--external-checks-dir", str(rules), "--check", "CKV2_OWN_1"]
    for cpu, code in ((256, 0), (512, 1)):
        project.write(SMALL.replace("public = true", f"public = true\ncpu = {cpu}\nmemory = 1024"))
        file = tmp_path / f"plan-{cpu}.json"
        file.write_text(json.dumps(printed(project)))
        command = [checkov, "-f", str(file), *words, "-o", "json", "--quiet"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == code, ended.stdout + ended.stderr
        found = json.loads(ended.stdout)
        failed = [one["resource"] for one in found["results"]["failed_checks"]] if code else []
        assert failed == ["aws_ecs_task_definition.frontend"] * code
