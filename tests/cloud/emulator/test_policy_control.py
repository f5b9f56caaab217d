"""Policies by way of the commands and of SimulatePrincipalPolicy; and the boundary beside the roles' own policies."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from ecs_emulator.authorization.policy import like
from provisioner.config.models import Config
from provisioner.operations.planning import step_run
from provisioner.permissions.boundary import boundary
from provisioner.resources.iam import Role
from tests.cloud.conftest import EmbeddedCloud, make_network
from tests.cloud.policies import ALL, PLACE, allowing, answer, bound, denying, enforce, organized, policy
from tests.cloud.project import Project
from tests.unit.steps.test_capacity_steps import FACTS

# -- asked beforehand --------------------------------------------------------------------------------------------------

CALLER = "arn:aws:iam::123456789012:user/moto"


def test_simulation_says_what_calls_would_get(cloud: EmbeddedCloud) -> None:
    iam = cloud.client("iam")

    def simulated(**more: Any) -> list[tuple[str, str, str]]:
        found = iam.simulate_principal_policy(PolicySourceArn=CALLER, **more)["EvaluationResults"]
        parts = [(one, part) for one in found for part in one.get("ResourceSpecificResults") or [{}]]
        return [
            (one["EvalActionName"], part.get("EvalResourceName", "*"), part.get("EvalResourceDecision", "-"))
            if part
            else (one["EvalActionName"], one["EvalResourceName"], one["EvalDecision"])
            for one, part in parts
        ]

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
    (part,) = asked["EvaluationResults"][0]["ResourceSpecificResults"]
    assert part["MissingContextValues"] == ["aws:requesttag/project"]
    listed = iam.simulate_principal_policy(PolicySourceArn=CALLER, ActionNames=["ec2:DescribeVpcs"])
    (only,) = listed["EvaluationResults"]
    assert only["MissingContextValues"] == ["aws:requesttag/project"], "also those of statements on other actions"
    assert "ResourceSpecificResults" not in only
    assert not {"OrganizationsDecisionDetail", "PermissionsBoundaryDecisionDetail"} & only.keys()


def test_an_actions_result_is_its_resources_strictest_decision(cloud: EmbeddedCloud) -> None:
    vpcs = [f"arn:aws:ec2:{PLACE}:vpc/{name}" for name in ("a", "b", "c")]
    barred = {**denying("ec2:DeleteVpc"), "Resource": vpcs[2]}
    enforce(cloud, policy({**allowing("ec2:DeleteVpc"), "Resource": vpcs[0]}, barred, allowing("iam:Simulate*")))
    (found,) = cloud.client("iam").simulate_principal_policy(
        PolicySourceArn=CALLER, ActionNames=["ec2:DeleteVpc"], ResourceArns=vpcs
    )["EvaluationResults"]
    assert found["EvalDecision"] == "explicitDeny"
    assert found["EvalResourceName"] == "arn:${Partition}:ec2:${Region}:${Account}:vpc/a", "the form, not a resource"
    parts = [(it["EvalResourceName"], it["EvalResourceDecision"]) for it in found["ResourceSpecificResults"]]
    assert parts == list(zip(vpcs, ("allowed", "implicitDeny", "explicitDeny"), strict=True))


# -- an organization, and the caller's boundary ------------------------------------------------------------------------

ONLY_US = {
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
    "Condition": {"ArnNotLike": {"aws:PrincipalARN": [CALLER]}},
}


def simulate(cloud: EmbeddedCloud, action: str, **context: str) -> Any:
    entries = [
        {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value]}
        for key, value in context.items()
    ]
    answered = cloud.client("iam").simulate_principal_policy(
        PolicySourceArn=CALLER, ActionNames=[action], ContextEntries=entries
    )
    return answered["EvaluationResults"][0]


def test_a_service_control_policy_that_lets_this_caller_through(cloud: EmbeddedCloud) -> None:
    """Its condition sees the keys of the request alone, and the answer does not report its key as missing."""
    organized(cloud, policy(ONLY_US))
    cloud.client("ec2").describe_vpcs()
    found = simulate(cloud, "ec2:DescribeVpcs")
    assert (found["EvalDecision"], found["MissingContextValues"]) == ("explicitDeny", [])
    assert found["MatchedStatements"] == [], "none of a service control policy is shown"
    assert found["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": False}
    found = simulate(cloud, "ec2:DescribeVpcs", **{"aws:PrincipalArn": CALLER})
    assert (found["EvalDecision"], found["OrganizationsDecisionDetail"]["AllowedByOrganizations"]) == ("allowed", True)


def test_a_service_control_policy_denies_calls_in_its_own_words(cloud: EmbeddedCloud) -> None:
    on = f"{PLACE}:parameter/a"
    user = f"User: {CALLER} is not authorized to perform: ssm:GetParameter on resource: arn:aws:ssm:{on}"
    organized(cloud, policy(denying("ssm:Get*")))
    told = answer(cloud, "ssm", "get_parameter", Name="a")[2]
    assert told == f"{user} with an explicit deny in a service control policy"
    cloud.client("ec2").describe_vpcs()
    organized(cloud, policy(allowing("ec2:*")))
    told = answer(cloud, "ssm", "get_parameter", Name="a")[2]
    assert told == f"{user} because no service control policy allows the ssm:GetParameter action"
    organized(cloud)
    assert answer(cloud, "ssm", "get_parameter", Name="a")[1] == "ParameterNotFound"


def test_who_is_in_an_organization_may_ask_which(cloud: EmbeddedCloud) -> None:
    assert answer(cloud, "organizations", "describe_organization")[1] == "AWSOrganizationsNotInUseException"
    scp = {"StringNotEquals": {"aws:PrincipalOrgID": "o-rehearsal1"}}
    organized(cloud, policy({**denying("ec2:*"), "Condition": scp}))
    assert cloud.client("organizations").describe_organization()["Organization"]["Id"] == "o-rehearsal1"
    cloud.client("ec2").describe_vpcs()
    cloud.reset()
    assert answer(cloud, "organizations", "describe_organization")[1] == "AWSOrganizationsNotInUseException"


def test_the_callers_own_tags_are_what_policies_ask_for(cloud: EmbeddedCloud) -> None:
    organized(cloud, policy({**denying("ec2:*"), "Condition": {"StringNotEquals": {"aws:PrincipalTag/team": "shop"}}}))
    assert answer(cloud, "ec2", "describe_vpcs")[2].endswith("with an explicit deny in a service control policy")
    cloud.client("iam").tag_user(UserName="moto", Tags=[{"Key": "team", "Value": "shop"}])
    cloud.client("ec2").describe_vpcs()


def test_the_callers_boundary_is_the_most_that_it_may(cloud: EmbeddedCloud) -> None:
    bound(cloud, policy(allowing("ec2:*", "iam:*"), denying("ec2:CreateVpc")))
    cloud.client("ec2").describe_vpcs()
    told = answer(cloud, "ec2", "create_vpc", CidrBlock="10.0.0.0/16")[2]
    assert told.endswith("with an explicit deny in a permissions boundary")
    told = answer(cloud, "ssm", "get_parameter", Name="a")[2]
    assert told.endswith("because no permissions boundary allows the ssm:GetParameter action")
    decisions = {
        action: (found["EvalDecision"], found["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"])
        for action in ("ec2:DescribeVpcs", "ec2:CreateVpc", "ssm:GetParameter")
        for found in [simulate(cloud, action)]
    }
    assert decisions == {
        "ec2:DescribeVpcs": ("allowed", True),
        "ec2:CreateVpc": ("explicitDeny", False),
        "ssm:GetParameter": ("implicitDeny", False),
    }
    iam = cloud.client("iam")
    assert iam.get_user()["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith(":policy/limit")
    iam.delete_user_permissions_boundary(UserName="moto")
    assert answer(cloud, "ssm", "get_parameter", Name="a")[1] == "ParameterNotFound"
    assert answer(cloud, "iam", "put_user_permissions_boundary", UserName="moto", PermissionsBoundary=CALLER)[1] == (
        "NoSuchEntity"
    )


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
    wrong = policy(allowing("ec2:*"), {**ALL, "Condition": {"NumericLessThan": {"aws:SourceIp": "1"}}})
    (tmp_path / "c.json").write_text(json.dumps(wrong))
    refused = project.run(*start, "c.json", code=4)
    assert refused.err.startswith(
        "error: c.json, statement 2: the operator NumericLessThan is not evaluated here: use one of "
    )
    assert project.run(*start, "none.json", code=4).err == (
        "error: none.json cannot be read (No such file or directory): use the file of an IAM policy\n"
    )
    assert answer(cloud, "ssm", "describe_parameters")[1] == "AccessDeniedException", "what was in force is"
    assert project.run(*start, "none").code == 0
    cloud.client("ssm").describe_parameters()


def test_start_puts_the_account_into_an_organization(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    project = Project(cloud, tmp_path)
    (tmp_path / "scp.json").write_text(json.dumps(policy(denying("ssm:*"))))
    project.run("cloud", "start", "--scp", "scp.json")
    assert answer(cloud, "ssm", "describe_parameters")[2].endswith("with an explicit deny in a service control policy")
    project.run("cloud", "start", "--scp", "none")
    cloud.client("ssm").describe_parameters()


def test_an_emptied_cloud_allows_everything(cloud: EmbeddedCloud) -> None:
    enforce(cloud, policy(denying("*")))
    cloud.reset()
    make_network(cloud)
    assert json.loads(cloud.control("GET", "policy")) == {"policies": [], "organization": [], "checks": []}


def test_what_is_printed_can_be_put_in_force(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    project = Project(cloud, tmp_path)
    for number, words in enumerate([(), ("--json",), ("--part", "2"), ("--read-only",), ("--boundary",)]):
        printed = project.run("policy", *words)
        (tmp_path / f"{number}.json").write_text(printed.out)
        assert project.run("cloud", "start", "--policy", f"{number}.json").code == 0, words
    assert "Attach all of them" in project.run("policy").err
    assert project.run("policy", "--json").err == ""


# -- the boundary ------------------------------------------------------------------------------------------------------


def test_the_boundary_allows_just_what_the_roles_policies_do() -> None:
    on = {"network": {"flow_logs": True}, "database": {"iam_authentication": True}, "kms_key": "alias/example"}
    services = {"web": {"image": "nginx:1", "port": 80, "database": True, "exec": True, "launch": "ec2"}}
    config = Config.model_validate({"services": services, **on})
    facts = replace(FACTS, kms_key="arn:aws:kms:eu-west-1:123456789012:key/1")
    roles = [it.resource for it in step_run.declare(config, facts).declared.values() if isinstance(it.resource, Role)]
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
