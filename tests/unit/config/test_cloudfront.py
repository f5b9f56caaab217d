"""`[cloudfront]`: its settings, and their contradictions."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from provisioner.config import group_rules
from provisioner.config.models import Config

EVERYBODY = {"allow": ["0.0.0.0/0"]}
WEB = {"web": {"image": "web:1", "port": 80, "public": True}}
ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/edge/1a2b"


def config(**more: Any) -> Config:
    """A stack behind CloudFront, with further tables."""
    return Config.model_validate({"cloudfront": {}, "network": EVERYBODY, "services": WEB, **more})


def refused(**more: Any) -> str:
    """The message by which a configuration is refused."""
    with pytest.raises(ValidationError) as caught:
        config(**more)
    return str(caught.value)


def test_an_empty_table_is_enough() -> None:
    found = config()
    assert found.distributed
    assert not found.https
    assert (found.cloudfront.cache, found.cloudfront.read_timeout) == (False, 30) if found.cloudfront else False
    assert not Config.model_validate({"services": WEB}).distributed


@pytest.mark.parametrize(
    ("more", "key", "says"),
    [
        ({"network": {}}, "network.allow", 'write allow = ["0.0.0.0/0"]'),
        ({"network": {"allow": ["198.51.100.0/24"]}}, "network.allow", "CloudFront lets everybody in"),
        (
            {"network": {"allow": ["198.51.100.0/24"]}, "cloudfront": {"waf_acl": ACL}},
            "network.allow", "has no effect with cloudfront.waf_acl",
        ),
        ({"dns": {"domain": "example.com"}}, "cloudfront", "remove one of them"),
        ({"load_balancer": {"http": True}}, "load_balancer.http", "redirects HTTP to HTTPS"),
        (
            {"load_balancer": {"waf_acl": "arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/a/1"}},
            "load_balancer.waf_acl", "use cloudfront.waf_acl",
        ),
        ({"services": {"web": {"image": "web:1"}}}, "cloudfront", "no service is public"),
        ({"region": "cn-north-1"}, "cloudfront", "AWS does not offer in cn-north-1"),
    ],
)  # fmt: skip
def test_contradictions_are_refused(more: dict[str, Any], key: str, says: str) -> None:
    assert key in refused(**more)
    assert says in refused(**more)


@pytest.mark.parametrize("acl", ["web", ACL.replace("us-east-1", "eu-west-1"), "arn:aws:wafv2:us-east-1:1:global/x"])
def test_a_web_acl_is_an_arn_of_the_global_region(acl: str) -> None:
    assert "is not the ARN of a web ACL" in refused(cloudfront={"waf_acl": acl})
    regional = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/a/1"
    assert "use a web ACL of scope CLOUDFRONT" in refused(cloudfront={"waf_acl": regional})


def test_a_web_acl_decides_who_may_come() -> None:
    assert config(network={}, cloudfront={"waf_acl": ACL}).distributed
    assert config(cloudfront={"waf_acl": ACL}).distributed


@pytest.mark.parametrize("seconds", [0, 121])
def test_a_read_timeout_is_one_that_cloudfront_takes(seconds: int) -> None:
    assert "read timeout" in refused(cloudfront={"read_timeout": seconds})


def test_the_list_of_cloudfronts_servers_counts_as_55_rules() -> None:
    assert group_rules.largest(config()) == 55
    assert [*group_rules.problems(config(), 60)] == []
    (problem,) = group_rules.problems(config(), 50)
    assert "[cloudfront] takes 55 rules" in problem
