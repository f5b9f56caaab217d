"""The check of permissions in a company's account: an organization, the caller's boundary, tags; and `up` beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.doctor.test_doctor import REGISTRY, Look, account, allow, look, project  # noqa: F401  (fixtures)
from tests.cloud.policies import allowing, bound, denying, organized, policy
from tests.cloud.project import Ended, Project

pytestmark = pytest.mark.slow

CALLER = "arn:aws:iam::123456789012:user/moto"
ALL = allowing("*")


def unless(condition: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A service control policy that denies everything but where a condition does not hold."""
    return policy({**denying("*"), "Condition": condition})


@pytest.fixture
def aws(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:  # noqa: F811
    """Runs `up` of the network alone as on AWS, for which the embedded cloud stands."""
    for name, value in {
        "AWS_ENDPOINT_URL": project.cloud.endpoint,
        "AWS_ACCESS_KEY_ID": project.cloud.process.key,
        "AWS_SECRET_ACCESS_KEY": "b",
    }.items():
        monkeypatch.setenv(name, value)
    project.write(project.config.read_text() + '[network]\nallow = ["203.0.113.0/24"]\n')

    def up(*words: str, code: int = 0) -> Ended:
        return project.run("up", "--target", "aws", "--yes", "--target-step", "network", *words, code=code)

    return up


@pytest.mark.parametrize(
    "condition",
    [
        {"ArnNotLike": {"aws:PrincipalARN": [CALLER]}},
        {"StringNotEquals": {"aws:PrincipalOrgID": "o-rehearsal1"}},
        {"StringNotEquals": {"aws:PrincipalTag/team": "shop"}},
        {"StringNotEquals": {"aws:PrincipalAccount": "123456789012"}},
        {"Bool": {"aws:SecureTransport": "false"}},
        {"StringNotEqualsIfExists": {"aws:username": "moto"}, "Bool": {"aws:ViaAWSService": False}},
    ],
    ids=lambda condition: next(iter(next(iter(condition.values())))),
)
def test_a_control_policy_that_allows_the_caller_is_no_denial(
    look: Look,  # noqa: F811
    cloud: EmbeddedCloud,
    condition: dict[str, Any],
) -> None:
    cloud.client("iam").tag_user(UserName="moto", Tags=[{"Key": "team", "Value": "shop"}])
    organized(cloud, unless(condition))
    found = look("permissions")["permissions"]
    assert (found.verdict, found.text.partition(";")[0][-19:]) == ("ok", "actions are allowed")
    assert found.text.endswith("session, resource and VPC endpoint policies are not simulated")


def test_a_policy_that_the_simulation_cannot_see_is_a_warning(
    look: Look,  # noqa: F811
    cloud: EmbeddedCloud,
) -> None:
    """The caller's address is in the policy's range, which only a real call shows."""
    organized(cloud, unless({"NotIpAddress": {"aws:SourceIp": ["127.0.0.0/8"]}}))
    cloud.client("ec2").describe_vpcs()
    found = look("permissions")["permissions"]
    assert found.verdict == "warning"
    assert found.text.startswith("denied by a service control policy of the organization, as far as a simulation can")
    assert found.fix.startswith("ask the organization's administrators if a call is denied; it may well be allowed")


def test_up_goes_on_where_only_the_simulation_says_no(aws: Callable[..., Ended], cloud: EmbeddedCloud) -> None:
    organized(cloud, unless({"NotIpAddress": {"aws:SourceIp": ["127.0.0.0/8"]}}))
    ended = aws()
    assert "permissions: denied by a service control policy of the organization" in ended.out + ended.err
    assert len([vpc for vpc in cloud.client("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]) == 1


def test_up_runs_under_a_policy_for_this_caller(aws: Callable[..., Ended], cloud: EmbeddedCloud) -> None:
    organized(cloud, unless({"ArnNotLike": {"aws:PrincipalARN": [CALLER]}}))
    ended = aws()
    assert "permissions:" not in ended.out + ended.err
    assert "nothing was changed" not in ended.err


def test_a_denial_of_the_organization_is_a_warning_then_an_error(
    aws: Callable[..., Ended], cloud: EmbeddedCloud
) -> None:
    organized(cloud, policy(denying("ec2:CreateVpc")))
    ended = aws(code=1)
    told = ended.out + ended.err
    assert (
        "permissions: denied by a service control policy of the organization, as far as a simulation can tell: " in told
    )
    assert "ec2:CreateVpc on resource: " in told
    assert "with an explicit deny in a service control policy" in told
    assert "is not authorized to perform: ec2:CreateVpc" in told


def test_a_boundary_is_named_and_not_the_policies(look: Look, cloud: EmbeddedCloud) -> None:  # noqa: F811
    bound(cloud, policy(ALL, denying("ec2:CreateVpc", "iam:PassRole", "ecs:StopTask")))
    found = look("permissions")["permissions"]
    assert found.verdict == "warning"
    assert found.text == "denied, but needed only in some cases: ecs:StopTask"
    cloud.client("iam").delete_user_permissions_boundary(UserName="moto")
    cloud.client("iam").delete_policy(PolicyArn="arn:aws:iam::123456789012:policy/limit")
    bound(cloud, policy(ALL, denying("ec2:CreateVpc", "iam:PassRole")))
    found = look("permissions")["permissions"]
    assert (found.verdict, found.text) == (
        "failed",
        "denied by the caller's permissions boundary: ec2:CreateVpc, iam:PassRole",
    )
    assert "permissions boundary" in found.fix


def test_up_does_not_stop_at_what_is_only_simulated(aws: Callable[..., Ended], cloud: EmbeddedCloud) -> None:
    bound(cloud, policy(ALL, denying("rds:CreateDBCluster")))
    ended = aws()
    assert "permissions: denied by the caller's permissions boundary: rds:CreateDBCluster: have them added" in (
        ended.out + ended.err
    )


def test_a_check_is_left_out_by_its_name(aws: Callable[..., Ended], cloud: EmbeddedCloud) -> None:
    cloud.control("POST", "quota", "service=vpc&code=L-F678F1CE&value=1")
    organized(cloud, unless({"NotIpAddress": {"aws:SourceIp": ["127.0.0.0/8"]}}))
    ended = aws(code=4)
    assert "nothing was changed:\n  quota VPCs: 1 of 1 used, 1 more needed: " in ended.err
    assert "If a check is wrong, leave it out with `--skip-checks NAME`" in ended.err
    assert aws("--skip-checks", "quota", code=4).err == (
        "error: --skip-checks: there is no check quota: choose from permissions, boundary, images, public-access, "
        "quotas\n"
    )
    ended = aws("--skip-checks", "quotas,permissions")
    assert "permissions: " not in ended.out + ended.err
