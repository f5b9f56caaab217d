"""The beginning of a path that a service does not get."""

from __future__ import annotations

import re
from typing import Any

import pytest

from provisioner.config.models import Config
from provisioner.config.path_patterns import beginning
from provisioner.resources.elbv2.conditions import without_beginning
from provisioner.resources.elbv2.listeners import ListenerRule
from provisioner.steps import offline
from provisioner.steps.stack import run
from tests.unit.config.test_hosts import WEB


def declared(**service: Any) -> Any:
    services = {"web": WEB, "api": {**WEB, "path": ["/api", "/api/*"], **service}}
    config = Config.model_validate({"dns": {"domain": "example.com"}, "services": services})
    return run(config, offline.facts(config)).declared["listener_rule/api"].resource


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["/api/*"], "/api"),
        (["/api", "/api/*"], "/api"),
        (["/a/b/*"], "/a/b"),
        (["/*"], ""),
        (["/api*"], ""),
        (["/a/*", "/b/*"], ""),
        (["/?/*"], ""),
        (["/api/"], ""),
    ],
)
def test_one_beginning(patterns: list[str], found: str) -> None:
    assert beginning(patterns) == found


def test_a_rule_takes_it_off() -> None:
    assert declared(strip_path=True).transforms == without_beginning("/api")
    assert declared().transforms == ()


@pytest.mark.parametrize(
    ("asked", "gets"),
    [
        ("/api", "/"),
        ("/api/", "/"),
        ("/api/orders/7", "/orders/7"),
        ("/api/a?b=/api/", "/a?b=/api/"),
        ("/api?x", "/?x"),
    ],
)
def test_the_rest_stays(asked: str, gets: str) -> None:
    [transform] = without_beginning("/api")
    [rewrite] = transform["UrlRewriteConfig"]["Rewrites"]
    assert re.sub(rewrite["Regex"], rewrite["Replace"].replace("$1", r"\1"), asked) == gets


def test_signs_of_expressions_in_a_path_are_taken_as_they_are() -> None:
    [transform] = without_beginning("/v1.0+x")
    regex = transform["UrlRewriteConfig"]["Rewrites"][0]["Regex"]
    assert re.match(regex, "/v1.0+x/a")
    assert not re.match(regex, "/v1a0+x/a")


@pytest.mark.parametrize(
    ("service", "text"),
    [
        ({"path": "/*"}, "needs a path with one beginning to take off"),
        ({"path": ["/a/*", "/b/*"]}, "needs a path with one beginning to take off"),
        ({"public": False, "path": "/*"}, "has no effect on a service that is not public"),
    ],
)
def test_nothing_to_take_off_is_refused(service: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        declared(strip_path=True, **service)


def test_the_former_transforms_hold_while_services_roll_out() -> None:
    from provisioner.engine.resource import Observed

    rule = declared(strip_path=True)
    assert isinstance(rule, ListenerRule)
    before = {**rule.fields(), "transforms": []}
    live = Observed("arn", {**before, "actions": list(rule.actions)})
    assert rule.widened(before, live).transforms == []
    assert rule.shifted(before, live).transforms == without_beginning("/api")
