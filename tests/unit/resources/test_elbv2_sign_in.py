"""The sign-in of a listener or rule in the parts of a change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provisioner.engine.resource import Observed
from provisioner.resources.elbv2.actions import answer, forward, weights
from provisioner.resources.elbv2.conditions import path
from provisioner.resources.elbv2.listeners import Listener, ListenerRule

PROVIDER = {"Issuer": "https://login.example.org", "TokenEndpoint": "https://login.example.org/t", "ClientId": "web"}
SIGNED: dict[str, Any] = {"sign_in": PROVIDER, "secret_place": "ssm:/s", "secret_version": "2"}
PLAIN: dict[str, Any] = {"sign_in": None, "secret_place": None, "secret_version": None}


def listener(group: str, signed: dict[str, Any]) -> Listener:
    return Listener("https", "balancer", 443, "HTTPS", [forward(group)], "policy", "certificate", **signed)


def live(there: Listener | ListenerRule) -> tuple[dict[str, Any], Observed]:
    fields = there.fields()
    return fields, Observed("arn", {name: one for name, one in fields.items() if name != "secret_place"})


def in_parts(before: Listener, wanted: Listener) -> list[tuple[list[str], bool]]:
    """Return by part the groups with requests, and whether users sign in before they get there."""
    found = []
    for part in (wanted.widened(*live(before)), wanted.shifted(*live(before)), wanted):
        groups = weights(part.default_actions[0])
        found.append(([arn for arn, weight in groups.items() if weight], part.sign_in is not None))
    return found


def test_a_sign_in_comes_before_the_service_rolls_out() -> None:
    found = in_parts(listener("a", PLAIN), listener("a", SIGNED))
    assert found == [(["a"], True)] * 3


def test_a_sign_in_stays_until_the_service_has_rolled_out() -> None:
    found = in_parts(listener("a", SIGNED), listener("a", PLAIN))
    assert found == [(["a"], True), (["a"], False), (["a"], False)]


@pytest.mark.parametrize("before", [PLAIN, SIGNED])
@pytest.mark.parametrize("after", [PLAIN, SIGNED])
def test_no_owner_of_a_path_gets_the_other_one_s_sign_in(before: dict[str, Any], after: dict[str, Any]) -> None:
    first, last = before is SIGNED, after is SIGNED
    found = in_parts(listener("a", before), listener("b", after))
    assert found == [(["a"], first), (["b"], last), (["b"], last)]


def test_a_service_behind_a_former_answer_is_signed_at_once() -> None:
    before = replace(listener("a", PLAIN), default_actions=[answer("404", "not found")])
    assert in_parts(before, listener("a", SIGNED))[0] == (["a"], True)


def test_a_rule_goes_the_same_way() -> None:
    rule = ListenerRule("web", "listener", 7, [path("/a")], [forward("a")], **SIGNED)
    assert rule.widened(*live(replace(rule, **PLAIN))).sign_in == PROVIDER
    gone = replace(rule, **PLAIN)
    assert gone.widened(*live(rule)).secret_version == "2"
    assert gone.shifted(*live(rule)).sign_in is None
