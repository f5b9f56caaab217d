"""Policies by way of the commands and of SimulatePrincipalPolicy; and the boundary beside the roles' own policies."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from provisioner.config.models import Config
from provisioner.emulator.authorization.policy import like
from provisioner.operations import declaring
from provisioner.permissions.boundary import boundary
from provisioner.resources.iam import Role
from tests.cloud.conftest import EmbeddedCloud, make_network
from tests.cloud.permissions import ALL, PLACE, allowing, answer, denying, enforce, policy
from tests.cloud.project import Project
from tests.unit.test_capacity_steps import FACTS

# -- asked beforehand --------------------------------------------------------------------------------------------------

CALLER = "arn:aws:iam::123456789012:user/moto"


def test_simulation_says_what_calls_would_get(cloud: EmbeddedCloud) -> None:
    iam = cloud.client("iam")

    def simulated(**more: Any) -> list[tuple[str, str, str]]:
        found = iam.simulate_principal_policy(PolicySourceArn=CALLER, **more)["EvaluationResults"]
        return [(it["EvalActionName"], it["EvalResourceName"], it["EvalDecision"]) for it in found]

    both = ["ec2:CreateVpc", "ec2:DeleteVpc"]
    assert simulated(ActionNames=both) == [(name, "*", "allowed") for name in both], "as long as there is no policy"
    vpc = f"arn:aws:ec2:{PLACE}:vpc/*"
    ours = {
        **allowing("ec2:CreateVpc"),
        "Resource": vpc,
        "Condition": {"StringEquals": {"aws:RequestTag/Project": "shop"}},
    }
    enforce(cloud, policy(ours, allowing("iam:Simulate*"), denying("ec2:Delete*")))
    tags = [{"ContextKeyName": "aws:RequestTag/Project", "ContextKeyType": "string", "ContextKeyValues": ["shop"]}]
    assert simulated(ActionNames=both, ResourceArns=[vpc], ContextEntries=tags) == [
        ("ec2:CreateVpc", vpc, "allowed"),
        ("ec2:DeleteVpc", vpc, "explicitDeny"),
    ]
    assert simulated(ActionNames=["ec2:CreateVpc"], ResourceArns=[vpc]) == [("ec2:CreateVpc", vpc, "implicitDeny")]
    asked = iam.simulate_principal_policy(PolicySourceArn=CALLER, ActionNames=["ec2:CreateVpc"], ResourceArns=[vpc])
    assert asked["EvaluationResults"][0]["MissingContextValues"] == ["aws:requesttag/project"]
    assert asked["IsTruncated"] is False


def test_simulation_refuses_what_it_cannot_know(cloud: EmbeddedCloud) -> None:
    parameters = {"PolicySourceArn": CALLER.replace("moto", "other"), "ActionNames": ["ec2:CreateVpc"]}
    assert answer(cloud, "iam", "simulate_principal_policy", **parameters)[:2] == (404, "NoSuchEntity")
    wrong = {"PolicySourceArn": CALLER, "ActionNames": ["CreateVpc"]}
    assert answer(cloud, "iam", "simulate_principal_policy", **wrong)[1] == "InvalidInput"
    enforce(cloud, policy(allowing("ec2:*")))
    assert answer(cloud, "iam", "simulate_principal_policy", **wrong)[1] == "AccessDenied"


# -- putting them in force ---------------------------------------------------------------------------------------------


def test_start_puts_policies_in_force_and_ends_them(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    project = Project(cloud, tmp_path)
    for name, actions in (("a.json", "ec2:Describe*"), ("b.json", "sts:*")):
        (tmp_path / name).write_text(json.dumps(policy(allowing(actions))))
    start = ("cloud", "start", "--policy")
    assert project.run(*start, "a.json", "--policy", "b.json").code == 0
    cloud.client("ec2").describe_vpcs()
    assert answer(cloud, "ssm", "describe_parameters")[1] == "AccessDeniedException"
    wrong = policy(allowing("ec2:*"), {**ALL, "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}})
    (tmp_path / "c.json").write_text(json.dumps(wrong))
    refused = project.run(*start, "c.json", code=4)
    assert refused.err.startswith(
        "error: c.json, statement 2: the operator IpAddress is not evaluated here: use one of "
    )
    assert project.run(*start, "none.json", code=4).err == (
        "error: none.json cannot be read (No such file or directory): use the file of an IAM policy\n"
    )
    assert answer(cloud, "ssm", "describe_parameters")[1] == "AccessDeniedException", "what was in force is"
    assert project.run(*start, "none").code == 0
    cloud.client("ssm").describe_parameters()


def test_an_emptied_cloud_allows_everything(cloud: EmbeddedCloud) -> None:
    enforce(cloud, policy(denying("*")))
    cloud.reset()
    make_network(cloud)
    assert json.loads(cloud.control("GET", "policy")) == {"policies": [], "checks": []}


def test_what_is_printed_can_be_put_in_force(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    project = Project(cloud, tmp_path)
    for number, words in enumerate([(), ("--json",), ("--part", "2"), ("--read-only",), ("--boundary",)]):
        printed = project.run("policy", *words)
        (tmp_path / f"{number}.json").write_text(printed.out)
        assert project.run("cloud", "start", "--policy", f"{number}.json").code == 0, words
    assert "Attach all of them" in project.run("policy").err
    assert project.run("policy", "--json").err == ""


# -- the boundary ------------------------------------------------------------------------------------------------------


def test_the_boundary_has_all_that_the_roles_policies_say_today_and_no_more() -> None:
    on = {"network": {"flow_logs": True}, "database": {"iam_authentication": True}, "kms_key": "alias/example"}
    services = {"web": {"image": "nginx:1", "port": 80, "database": True, "exec": True}}
    config = Config.model_validate({"services": services, **on})
    facts = replace(FACTS, kms_key="arn:aws:kms:eu-west-1:123456789012:key/1")
    roles = [it.resource for it in declaring.declare(config, facts).declared.values() if isinstance(it.resource, Role)]
    known = json.loads(aws_managed_policies_data)
    attached = {arn.rpartition("/")[2] for role in roles for arn in role.managed_policy_arns}
    assert len(attached) == 2
    documents = [known[name]["Document"] for name in attached]
    documents += [document for role in roles for document in role.inline_policies.values()]
    said = {action for one in documents for statement in one["Statement"] for action in _list(statement["Action"])}
    most = [it.name for it in boundary(config)]
    assert len(said) > 25
    assert {it for it in said if not any(like(pattern, it) for pattern in most)} == {"ecs:CreateCluster"}
    assert {it for it in most if it not in said} == set()


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
