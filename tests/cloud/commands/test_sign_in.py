"""A public service whose users sign in at the load balancer: its whole life, and the secret that nobody sees."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ecs_emulator import control
from tests.cloud import world
from tests.cloud.commands.test_outages import told
from tests.cloud.policies import asked, denied, enforce, policies
from tests.cloud.project import SMALL, Project, kms_key, project  # noqa: F401

pytestmark = [pytest.mark.slow, world.EMPTY]

VALUE, OTHER = "first-Xk39-value-of-the-client", "second-Pq71-value-of-the-client"
PROVIDER = """
[sign_in.company]
issuer = "https://login.example.org"
authorization_endpoint = "https://login.example.org/authorize"
token_endpoint = "https://login.example.org/token"
user_info_endpoint = "https://login.example.org/userinfo"
client_id = "stack"
client_secret = "COMPANY_CLIENT_SECRET"
"""
SIGNED = SMALL.replace("public = true\n", 'public = true\nsign_in = "company"\n') + PROVIDER
OPEN = SIGNED.replace('sign_in = "company"\n', 'sign_in = "company"\nsign_in_except = ["/up", "/hooks/*"]\n')


def set_secret(project: Project, value: str) -> None:  # noqa: F811
    assert project.given(value.encode(), "secret", "set", "COMPANY_CLIENT_SECRET").code == 0


def listener(project: Project) -> Any:  # noqa: F811
    elb = project.cloud.client("elbv2")
    [balancer] = elb.describe_load_balancers()["LoadBalancers"]
    found = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    return next(one for one in found if one["Protocol"] == "HTTPS")


def reads(project: Project, since: int) -> int:  # noqa: F811
    """Return how often the value of a parameter was read after the call of that number."""
    return [call["operation"] for call in project.cloud.calls(since)].count("GetParameter")


def kinds(project: Project) -> list[str]:  # noqa: F811
    return [one["Type"] for one in listener(project)["DefaultActions"]]


def test_a_sign_in_comes_changes_and_goes(project: Project) -> None:  # noqa: F811
    project.write(SMALL)
    project.up()
    project.write(SIGNED)
    assert "sign_in.company.client_secret: " in project.run("up", "--yes", code=4).err
    set_secret(project, VALUE)
    planned = project.planned()
    assert planned["listener/https"]["changes"].keys() == {"sign_in", "secret_version"}
    assert planned.keys() == {"listener/https", "security_group_egress/alb"}
    said = project.run("up", "--yes", "--log", "calls.log")
    callback = "https://app.example.com/oauth2/idpresponse"
    assert callback in said.out + said.err
    assert project.run("output", "sign_in_frontend").out.strip() == callback
    assert (kinds(project), project.planned()) == (["authenticate-oidc", "forward"], {})
    project.write(SIGNED.replace("client_id", 'scope = "openid email"\nclient_id'))
    before = project.last_call()
    project.up()
    set_secret(project, OTHER)
    assert project.planned()["listener/https"]["changes"].keys() == {"secret_version"}
    assert reads(project, before) == 0
    project.up()
    assert (project.planned(), reads(project, before)) == ({}, 1)
    texts = [one.read_text(errors="replace") for one in project.directory.rglob("*") if one.is_file()]
    texts += [said.out, said.err, json.dumps(listener(project), default=str)]
    assert not [text for text in texts if VALUE in text or OTHER in text]
    project.write(OPEN)
    project.up()
    project.lose_state()
    project.run("recover", "--yes")
    assert project.planned() == {}
    project.write(SMALL)
    project.up()
    assert (kinds(project), project.planned()) == (["forward"], {})
    project.down()


def test_nothing_is_denied_under_the_printed_policy(project: Project) -> None:  # noqa: F811
    manager, key = project.cloud.client("secretsmanager"), kms_key(project.cloud)
    held = json.dumps({"secret": VALUE})
    manager.create_secret(Name="shared/company", SecretString=held, KmsKeyId=key)
    project.write(SMALL)
    project.run("policy", "--create-boundary", "--yes")
    denials = []

    def allowed(text: str) -> None:
        project.write(text)
        enforce(project.cloud, *policies(project.config))
        set_secret(project, VALUE)
        project.up()
        assert project.planned() == {}
        denials.extend(denied(asked(project.cloud)))
        enforce(project.cloud)

    allowed(SIGNED)
    set_secret(project, OTHER)
    allowed(OPEN)
    allowed(SIGNED.replace('"COMPANY_CLIENT_SECRET"', '"secretsmanager:shared/company#secret"'))
    manager.put_secret_value(SecretId="shared/company", SecretString=json.dumps({"other": OTHER}))
    project.write(SIGNED.replace('"COMPANY_CLIENT_SECRET"', '"secretsmanager:shared/company#secret"'))
    refused = project.up(code=1)
    assert "no JSON document with the key secret" in refused.out + refused.err
    assert OTHER not in refused.out + refused.err
    assert denials == []
    project.down()


def test_a_way_to_the_provider_is_watched(project: Project) -> None:  # noqa: F811
    project.write(SIGNED)
    set_secret(project, VALUE)
    project.up()
    control.pass_time(project.cloud.process, 300, "typical")
    ec2 = project.cloud.client("ec2")
    filters = [{"Name": "group-name", "Values": ["ecs-sample-dev-alb"]}]
    (group,) = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    out = [one for one in group["IpPermissionsEgress"] if one["FromPort"] == 443]
    with told(project) as down:
        pass
    assert down == [], "the provider's page is an answer"
    with told(project) as down:
        ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=out)
    assert [(url, "nobody can sign in" in why) for url, why in down] == [("https://app.example.com/*", True)]
