"""Samples of Elastic Load Balancing's resource types, and of WAF's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.engine.declaration import Handle, ids, ready
from provisioner.engine.resource import Resource
from provisioner.resources.ec2.network import InternetGateway, Vpc
from provisioner.resources.ec2.security import SecurityGroup
from provisioner.resources.elbv2.actions import answer, forward, redirect_to
from provisioner.resources.elbv2.balancer import LoadBalancer
from provisioner.resources.elbv2.conditions import path, without_beginning
from provisioner.resources.elbv2.listener_certificates import ListenerCertificate
from provisioner.resources.elbv2.listeners import Listener, ListenerRule
from provisioner.resources.elbv2.target_groups import TargetGroup
from provisioner.resources.s3 import Bucket
from provisioner.resources.ssm import SecureParameter
from provisioner.resources.wafv2 import WebAclAssociation
from tests.cloud.samples.names import certificate
from tests.cloud.samples.network import closed, subnets
from tests.cloud.samples.sample import NAME, ByHand, Here, Sample

POLICY, OLDER = "ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
PROVIDER = {
    "Issuer": "https://login.example.org",
    "AuthorizationEndpoint": "https://login.example.org/authorize",
    "TokenEndpoint": "https://login.example.org/token",
    "UserInfoEndpoint": "https://login.example.org/userinfo",
    "ClientId": "sample",
    "SessionCookieName": "AWSELBAuthSessionCookie-sample",
    "Scope": "openid",
    "SessionTimeout": 3600,
    "OnUnauthenticatedRequest": "authenticate",
}
DROP, IDLE = "routing.http.drop_invalid_header_fields.enabled", "idle_timeout.timeout_seconds"


def _balancer(here: Here) -> Handle:
    subnets(here, "acd")
    _ = here[SecurityGroup]
    return here.ensure(
        LoadBalancer(
            NAME,
            "sample",
            ids(subnets(here)),
            [closed(here, "balancer").id],
            access_logs_bucket=ready(here[Bucket]).id,
        ),
        after=[ready(here[InternetGateway])],
    )


def targets(here: Here) -> tuple[Handle, Sequence[Handle]]:
    """Declare a target group behind a listener; return it, and the listener that comes before a service."""
    group = here.ensure(TargetGroup("web", "sample-web", here[Vpc].id, "/health"))
    return group, [here.ensure(Listener("web", here[LoadBalancer].id, 8080, "HTTP", [forward(group.id)]))]


def _signed(here: Here) -> dict[str, Any]:
    """Return the fields of a sign-in, whose secret is a parameter of the stack."""
    return {"sign_in": PROVIDER, "secret_place": f"ssm:{here[SecureParameter].id}", "secret_version": "1"}


def _listener(here: Here) -> Handle:
    nothing = [answer("404", "not found")]
    secure = certificate(here).id
    here.ensure(Listener("other", here[LoadBalancer].id, 8444, "HTTPS", nothing, POLICY, secure, **_signed(here)))
    return here.ensure(Listener(NAME, here[LoadBalancer].id, 443, "HTTPS", nothing, POLICY, secure))


def _secure(here: Here) -> Handle:
    """Declare a listener that stays one by HTTPS: by HTTP it has no certificates, and its list is empty afterwards."""
    nothing = [answer("404", "not found")]
    return here.ensure(Listener("secure", here[LoadBalancer].id, 8443, "HTTPS", nothing, POLICY, certificate(here).id))


def _rule(here: Here) -> Handle:
    actions = [forward(here[TargetGroup].id)]
    here.ensure(ListenerRule("other", _secure(here).id, 8, [path("/v3/*")], actions, **_signed(here)))
    return here.ensure(ListenerRule(NAME, here[Listener].id, 7, [path("/api/*")], actions))


def _attribute(hand: ByHand, key: str, value: str) -> None:
    hand("elbv2").modify_load_balancer_attributes(LoadBalancerArn=hand.id, Attributes=[{"Key": key, "Value": value}])


def _balanced(hand: ByHand, **change: Any) -> None:
    hand("elbv2").modify_target_group(TargetGroupArn=hand.id, **change)


def _listens(hand: ByHand, **change: Any) -> None:
    hand("elbv2").modify_listener(ListenerArn=hand.id, **change)


def _routed(hand: ByHand, **change: Any) -> None:
    hand("elbv2").modify_rule(RuleArn=hand.id, **change)


def _scoped(hand: ByHand, of: str) -> list[dict[str, Any]]:
    """Return the actions of the other listener or rule, with another scope."""
    elb = hand("elbv2")
    arn = hand[f"{of}/other"]
    if of == "listener":
        there = elb.describe_listeners(ListenerArns=[arn])["Listeners"][0]["DefaultActions"]
    else:
        there = elb.describe_rules(RuleArns=[arn])["Rules"][0]["Actions"]
    there[0]["AuthenticateOidcConfig"] |= {"Scope": "email", "UseExistingClientSecret": True}
    return list(there)


def _without_sign_in(hand: ByHand, of: str) -> list[dict[str, Any]]:
    return [{key: value for key, value in one.items() if key != "Order"} for one in _scoped(hand, of)[1:]]


def _given_another(hand: ByHand, of: str) -> None:
    tags = [{"Key": "provisioner:client-secret-version", "Value": "0"}]
    hand("elbv2").add_tags(ResourceArns=[hand[f"{of}/other"]], Tags=tags)


def _other_rule(hand: ByHand, actions: list[dict[str, Any]]) -> None:
    hand("elbv2").modify_rule(RuleArn=hand["listener_rule/other"], Actions=actions)


def _other_listener(hand: ByHand, actions: list[dict[str, Any]]) -> None:
    hand("elbv2").modify_listener(ListenerArn=hand["listener/other"], DefaultActions=actions)


def _delayed(hand: ByHand) -> None:
    delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "77"}
    hand("elbv2").modify_target_group_attributes(TargetGroupArn=hand.id, Attributes=[delay])


def _kept_at_a_target(hand: ByHand) -> None:
    sticky = [{"Key": "stickiness.enabled", "Value": "true"}]
    hand("elbv2").modify_target_group_attributes(TargetGroupArn=hand.id, Attributes=sticky)


def _another_certificate(hand: ByHand) -> None:
    _listens(hand, Certificates=[{"CertificateArn": hand.others.certificate}])


def _in_three(hand: ByHand) -> None:
    hand("elbv2").set_subnets(LoadBalancerArn=hand.id, Subnets=[hand[f"subnet/{name}"] for name in (NAME, "c", "d")])


def _other_group(hand: ByHand) -> None:
    hand("elbv2").set_security_groups(LoadBalancerArn=hand.id, SecurityGroups=[hand[SecurityGroup]])


def _other_acl(hand: ByHand) -> None:
    hand("wafv2").associate_web_acl(WebACLArn=hand.others.web_acls[1], ResourceArn=hand.id)


BALANCING: Mapping[type[Resource], Sample] = {
    LoadBalancer: Sample(
        _balancer,
        {
            "subnets": _in_three,
            "security_groups": _other_group,
            "drop_invalid_header_fields": lambda hand: _attribute(hand, DROP, "false"),
            "idle_timeout": lambda hand: _attribute(hand, IDLE, "77"),
            "deletion_protection": lambda hand: _attribute(hand, "deletion_protection.enabled", "true"),
            "access_logs_bucket": lambda hand: _attribute(hand, "access_logs.s3.enabled", "false"),
        },
    ),
    TargetGroup: Sample(
        lambda here: here.ensure(TargetGroup(NAME, "sample", here[Vpc].id, "/health")),
        {
            "health_check_path": lambda hand: _balanced(hand, HealthCheckPath="/other"),
            "deregistration_delay": _delayed,
            "health_check_interval_seconds": lambda hand: _balanced(hand, HealthCheckIntervalSeconds=77),
            "health_check_timeout_seconds": lambda hand: _balanced(hand, HealthCheckTimeoutSeconds=7),
            "healthy_threshold_count": lambda hand: _balanced(hand, HealthyThresholdCount=7),
            "unhealthy_threshold_count": lambda hand: _balanced(hand, UnhealthyThresholdCount=7),
            "matcher": lambda hand: _balanced(hand, Matcher={"HttpCode": "200-299"}),
            "health_check_protocol": lambda hand: _balanced(hand, HealthCheckProtocol="HTTPS"),
            "stickiness": _kept_at_a_target,
        },
    ),
    Listener: Sample(
        _listener,
        {
            "default_actions": lambda hand: _listens(hand, DefaultActions=[answer("503", "closed")]),
            "ssl_policy": lambda hand: _listens(hand, SslPolicy=OLDER),
            "certificate_arn": _another_certificate,
            "other:sign_in": lambda hand: _other_listener(hand, _scoped(hand, "listener")),
            "other:secret_version": lambda hand: _given_another(hand, "listener"),
            "other:sign_in secret_version": lambda hand: _other_listener(hand, _without_sign_in(hand, "listener")),
            # a plain listener has neither of the two
            "protocol ssl_policy certificate_arn": lambda hand: _listens(hand, Protocol="HTTP"),
        },
    ),
    ListenerCertificate: Sample(
        lambda here: here.ensure(ListenerCertificate(NAME, _secure(here).id, here.others.certificate)),
    ),
    ListenerRule: Sample(
        _rule,
        {
            "priority": lambda hand: hand("elbv2").set_rule_priorities(
                RulePriorities=[{"RuleArn": hand.id, "Priority": 9}]
            ),
            "conditions": lambda hand: _routed(hand, Conditions=[path("/v2/*")]),
            "actions": lambda hand: _routed(hand, Actions=[redirect_to("#{host}")]),
            "other:sign_in": lambda hand: _other_rule(hand, _scoped(hand, "listener_rule")),
            "other:secret_version": lambda hand: _given_another(hand, "listener_rule"),
            "other:sign_in secret_version": lambda hand: _other_rule(hand, _without_sign_in(hand, "listener_rule")),
            "transforms": lambda hand: _routed(hand, Conditions=[path("/api/*")], Transforms=without_beginning("/v2")),
        },
        untried={
            "weighted_by_ecs": "it is not AWS's: it says whose weights are: tests/cloud/deployment/test_strategies.py",
            "at_once": "it is not AWS's: it says how a new rule begins: tests/unit/engine/test_parts.py",
            "keeps_place": "it is not AWS's: it says that the place is not compared: tests/unit/engine/test_parts.py",
        },
    ),
    WebAclAssociation: Sample(
        lambda here: here.ensure(WebAclAssociation(NAME, ready(here[LoadBalancer]).id, here.others.web_acls[0])),
        {"web_acl_arn": _other_acl},
    ),
}
