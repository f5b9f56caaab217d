"""The order in which the load balancer checks its rules."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provisioner.steps.rules import FIRST_OF_ANY, LAST_PRIORITY, Rule, priorities

PATHS = st.lists(
    st.from_regex(r"/[a-c/]{0,5}\*?", fullmatch=True).filter(lambda pattern: pattern != "/")
    | st.sampled_from([f"/{'z' * n}*" for n in (120, 126)]),
    max_size=20,
    unique=True,
)
OWN = st.dictionaries(
    st.from_regex(r"[a-z]{1,3}", fullmatch=True),
    st.sampled_from(["/*", "/a/*", "/b/*", "/a/b/*"]),
    min_size=1,
    max_size=30,
)


def rules(paths: list[str]) -> dict[str, Rule]:
    return {f"s{n}": Rule(f"s{n}", (), path, own=False) for n, path in enumerate(paths)}


def own(paths: dict[str, str]) -> dict[str, Rule]:
    return {name: Rule(name, (f"{name}.example.com",), path, own=True) for name, path in paths.items()}


@given(PATHS)
def test_each_has_its_own_and_elb_takes_them_all(paths: list[str]) -> None:
    given_out = priorities(rules(paths))
    assert len(set(given_out.values())) == len(paths)
    assert all(1 <= priority <= LAST_PRIORITY for priority in given_out.values())


@given(PATHS)
def test_the_longer_path_is_asked_first(paths: list[str]) -> None:
    given_out = priorities(rules(paths))
    lengths = [len(paths[int(name[1:])].rstrip("*")) for name in sorted(given_out, key=lambda n: given_out[n])]
    assert lengths == sorted(lengths, reverse=True)


@given(OWN, st.from_regex(r"[a-z]{1,3}", fullmatch=True))
def test_none_is_renumbered_when_another_comes(paths: dict[str, str], new: str) -> None:
    before = own(paths)
    standing = priorities(before)
    after = priorities({**own({new: "/*"}), **before}, standing)
    assert standing.items() <= after.items()
    assert len(set(after.values())) == len(after)


def test_none_is_renumbered_when_it_gets_hosts() -> None:
    before = rules(["/api/*", "/admin/*"])
    standing = priorities(before)
    assert priorities(before | {"s0": Rule("s0", ("api.x.org",), "/api/*", own=True)}, standing) == standing


def test_all_names_below_come_after_single_ones() -> None:
    wanted = own({"a": "/*", "b": "/b/*"})
    wanted |= {name: Rule(name, ("*.x.org",), path, own=True) for name, path in (("any", "/*"), ("deep", "/any/*"))}
    given_out = priorities(wanted)
    assert given_out["deep"] < given_out["any"] <= LAST_PRIORITY
    assert max(given_out["a"], given_out["b"]) < FIRST_OF_ANY <= given_out["deep"]
