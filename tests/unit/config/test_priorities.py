"""The order in which the load balancer checks its paths."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provisioner.config.services import Service
from provisioner.steps.routes import LAST_PRIORITY, priorities

PATHS = st.lists(
    st.from_regex(r"/[a-c/]{0,5}\*?", fullmatch=True).filter(lambda pattern: pattern != "/")
    | st.sampled_from([f"/{'z' * n}*" for n in (120, 126)]),
    max_size=20,
    unique=True,
)


def services(paths: list[str]) -> dict[str, Service]:
    return {f"s{n}": Service(image="x", port=80, public=True, path=path) for n, path in enumerate(paths)}


@given(PATHS)
def test_each_has_its_own_and_elb_takes_them_all(paths: list[str]) -> None:
    given_out = priorities(services(paths))
    assert len(set(given_out.values())) == len(paths)
    assert all(1 <= priority <= LAST_PRIORITY for priority in given_out.values())


@given(PATHS)
def test_the_longer_path_is_asked_first(paths: list[str]) -> None:
    given_out = priorities(services(paths))
    lengths = [len(paths[int(name[1:])].rstrip("*")) for name in sorted(given_out, key=lambda n: given_out[n])]
    assert lengths == sorted(lengths, reverse=True)


def test_none_changes_when_another_path_comes() -> None:
    before = services(["/api/*", "/admin/*", "/static/*"])
    after = before | {"a": Service(image="x", port=80, public=True, path="/other/*")}
    assert priorities(before).items() <= priorities(after).items()
