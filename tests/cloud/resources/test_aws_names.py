"""The IDs of a whole stack have the forms that docs/resource-types.md and `provision import` name."""

from __future__ import annotations

import re

import pytest

from provisioner.resources.aws_names import AWS_NAMES
from tests.cloud.project import SAMPLE, Project, project  # noqa: F401  (a fixture)

FIELD = re.compile(r"\\\{\w+\\\}")
MORE = """
[load_balancer]
access_logs = true

[alarms]
email = ["ops@example.com"]

[network]
egress = "nat"
flow_logs = true

[jobs.nightly]
extends = "backend"
schedule = "cron(30 3 * * ? *)"
"""


def form(text: str) -> re.Pattern[str]:
    """Return the pattern of the IDs of a form, in which braces stand for any text."""
    return re.compile(FIELD.sub(r"[^:|]+", re.escape(text)))


@pytest.mark.slow
def test_the_ids_of_a_stack_have_their_forms(project: Project) -> None:  # noqa: F811
    project.write(SAMPLE.replace("[services.backend]", '[services.backend]\npublic = true\npath = "/api/*"') + MORE)
    project.up()
    found = project.run("state", "list", "--json").document
    records = [(one["address"].partition("/")[0], one["id"]) for one in found]
    assert len({kind for kind, _ in records}) > 45
    forms = [(AWS_NAMES[kind].id, name) for kind, name in records if AWS_NAMES[kind].id]
    assert [one for one in forms if not form(one[0]).fullmatch(one[1])] == []


def test_import_says_what_an_id_looks_like(project: Project) -> None:  # noqa: F811
    ended = project.run("import", "vpc/main", "main", "--yes", code=4)
    assert "Check the ID, which looks like vpc-{id}" in ended.err
    assert project.run("state", "list", "--json").document == []
