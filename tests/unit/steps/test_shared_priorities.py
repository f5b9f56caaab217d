"""The places of a stack's rules among the rules of others at one listener."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.config.facts import ExistingListener, OthersRule
from provisioner.config.path_patterns import contains, meet
from provisioner.engine.errors import ConfigurationError
from provisioner.steps.rules import LAST_PRIORITY, Rule
from provisioner.steps.shared_priorities import shared_priorities

ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shared/50dc6c495c0c9188/f2f7dc8efc522ab2"
APP = "app.example.com"
ANY = "*.example.com"
PATHS = ("/*", "/a", "/a/*", "/a/b*", "/c", "/?/x")
HOSTS = (APP, ANY, "*", "api.example.com", "ap?.example.com")


def listener(*others: OthersRule, **own: int) -> ExistingListener:
    return ExistingListener(ARN, "shared.elb.amazonaws.com", "Z1", "HTTPS", 443, ("sg-1",), others, own)


def rule(service: str, *paths: str, hosts: tuple[str, ...] = (APP,)) -> Rule:
    return Rule(service, hosts, paths or ("/*",), own=True)


def test_a_rule_stands_between_narrower_and_wider_ones_of_others() -> None:
    others = (OthersRule(10, (APP,), ("/shop/*",)), OthersRule(40, (ANY,)), OthersRule(90, (), ("/*",)))
    found = shared_priorities(listener(*others), {"web": rule("web")}, {})
    assert 10 < found["web"] < 40


def test_a_rule_without_a_host_stands_behind_all_that_it_meets() -> None:
    others = (OthersRule(10, ("shop.example.com",)), OthersRule(700, (ANY,)), OthersRule(900, (), ("/*",)))
    found = shared_priorities(listener(*others), {"api": rule("api", "/api/*", hosts=())}, {})
    assert 700 < found["api"] < 900


def test_a_header_beside_the_same_host_makes_a_rule_narrower() -> None:
    others = (OthersRule(10, (APP,), narrower=True), OthersRule(20, narrower=True))
    assert shared_priorities(listener(*others), {"web": rule("web")}, {})["web"] > 20


@pytest.mark.parametrize(
    "other", [OthersRule(5, (APP,)), OthersRule(5, (APP,), ("/*",)), OthersRule(5, (APP, "b.example.com"), ("/*",))]
)
def test_the_same_requests_have_one_owner(other: OthersRule) -> None:
    if len(other.hosts) == 1:
        with pytest.raises(ConfigurationError, match=r"rule 5 leads app\.example\.com"):
            shared_priorities(listener(other), {"web": rule("web")}, {})
    else:
        # of two hosts one moves
        assert shared_priorities(listener(other), {"web": rule("web")}, {})["web"] < 5


def test_a_rule_without_room_is_refused() -> None:
    others = (OthersRule(7, (APP,), ("/x",)), OthersRule(8, (ANY,)))
    with pytest.raises(ConfigurationError, match="whose rules 7, 8 leave no free place"):
        shared_priorities(listener(*others), {"web": rule("web")}, {})


def test_few_places_are_packed() -> None:
    wanted = {"web": rule("web"), "api": rule("api", "/api/*"), "long": rule("long", "/api/long/*")}
    found = shared_priorities(listener(OthersRule(4, (ANY,))), wanted, {})
    assert found == {"long": 1, "api": 2, "web": 3}


def test_a_standing_rule_keeps_its_place() -> None:
    wanted = {"web": rule("web"), "api": rule("api", "/api/*")}
    first = shared_priorities(listener(), wanted, {})
    others = (OthersRule(first["web"] - 1, ("x.example.com",)), OthersRule(1, (APP,)))
    assert shared_priorities(listener(*others), wanted, first) == first
    assert shared_priorities(listener(*others, **first), wanted, {}) == first


def test_a_rule_whose_path_gets_longer_moves_before_the_other() -> None:
    wanted = {"web": rule("web", "/a*"), "api": rule("api", "/a/*")}
    first = shared_priorities(listener(), wanted, {})
    changed = {"web": rule("web", "/a/b*"), "api": rule("api", "/a/*")}
    found = shared_priorities(listener(**first), changed, first)
    assert found["web"] < found["api"]


others = st.builds(
    OthersRule,
    st.integers(1, 60),
    st.lists(st.sampled_from(HOSTS), max_size=2, unique=True).map(tuple),
    st.lists(st.sampled_from(PATHS), max_size=2, unique=True).map(tuple),
    st.booleans(),
)


def takes(hosts: tuple[str, ...], paths: tuple[str, ...], host: str, path: str) -> bool:
    return (not hosts or any(meet(one, host) for one in hosts)) and (not paths or any(meet(one, path) for one in paths))


@given(st.lists(others, max_size=6, unique_by=lambda one: one.priority), st.sets(st.sampled_from(PATHS), min_size=1))
def test_nobody_loses_what_only_they_take(there: list[OthersRule], paths: set[str]) -> None:
    """A rule of others answers the same requests with the stack's rules as without, unless it is a wider one."""
    wanted = {f"s{number}": rule(f"s{number}", path) for number, path in enumerate(sorted(paths))}
    try:
        found = shared_priorities(listener(*there), wanted, {})
    except ConfigurationError:
        return
    assert not {one.priority for one in there} & {*found.values()}
    assert all(1 <= place <= LAST_PRIORITY for place in found.values())
    for host in (APP, "api.example.com", "x.org"):
        for path in ("/", "/a", "/a/", "/a/bc", "/c", "/q/x"):
            former = [one for one in there if not one.narrower and takes(one.hosts, one.paths, host, path)]
            before = min(former, key=lambda one: one.priority, default=None)
            own = [name for name, one in wanted.items() if takes(one.hosts, one.paths, host, path)]
            first = min(own, key=lambda name: found[name], default=None)
            if before is None or first is None or found[first] > before.priority:
                continue
            wider = wanted[first]
            assert not before.hosts or all(any(contains(one, its) for one in before.hosts) for its in wider.hosts)
            assert not before.paths or all(any(contains(one, its) for one in before.paths) for its in wider.paths)


@given(st.sets(st.sampled_from(PATHS), min_size=2))
def test_longer_paths_come_first(paths: set[str]) -> None:
    wanted = {f"s{number}": rule(f"s{number}", path) for number, path in enumerate(sorted(paths))}
    found = shared_priorities(listener(), wanted, {})
    ordered = sorted(wanted, key=lambda name: found[name])
    for one, other in pairwise(ordered):
        if meet(wanted[one].paths[0], wanted[other].paths[0]):
            assert len(wanted[one].paths[0].rstrip("*")) >= len(wanted[other].paths[0].rstrip("*"))
