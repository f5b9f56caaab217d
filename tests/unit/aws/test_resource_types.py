"""The resource types are found by the table of their modules, with or without earlier imports."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from inspect import get_annotations

import pytest

import provisioner.resources
from provisioner.engine import traits
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.resource import RESOURCE_TYPES, Resource
from provisioner.engine.resource_types import all_types, current, type_named
from tests.simulation.resources import SIMULATED

PACKAGE = provisioner.resources.__name__


@pytest.mark.parametrize(
    "first",
    [
        "operations.state_admin.edit",
        "operations.state_admin.set_aside",
        "operations.state_admin.state_transfer",
        "resources.ssm",
    ],
)
def test_a_type_is_known_whose_module_nobody_has_imported(first: str) -> None:
    code = (
        f"import sys, provisioner.{first}\n"
        "from provisioner.engine.resource import RESOURCE_TYPES\n"
        "from provisioner.engine.resource_types import all_types, type_named\n"
        "assert 'wafv2' not in ''.join(sys.modules) and 'web_acl_association' not in RESOURCE_TYPES;"
        "assert type_named('web_acl_association').service == 'wafv2' and type_named('no_such_type') is None;"
        f"assert len(all_types()) == len(RESOURCE_TYPES) > 50 and {PACKAGE + '.wafv2'!r} in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def defined(name: str, type_name: str | None, **more: object) -> type[Resource]:
    """Return a new resource type."""
    names = {} if type_name is None else {"type_name": type_name}
    return type(name, (Resource,), {"__module__": "mine.things", **names, **more})


@pytest.fixture
def only_theirs() -> Iterator[None]:
    """Forget a test's resource types afterwards."""
    before = dict(all_types())
    yield
    RESOURCE_TYPES.clear()
    RESOURCE_TYPES.update(before)


@pytest.mark.usefixtures("only_theirs")
def test_two_types_of_one_name_are_refused() -> None:
    for more in ({"type_name": "vpc"}, {"type_name": "own.net", "aliases": ("vpc",)}):
        with pytest.raises(ConfigurationError) as caught:
            defined("Net", **more)
        for place in ("provisioner.resources.ec2.network.Vpc", "mine.things.Net", "called vpc"):
            assert place in str(caught.value)
    with pytest.raises(ConfigurationError, match=r"mine.things.Net has no type_name"):
        defined("Net", None)


@pytest.mark.usefixtures("only_theirs")
def test_a_type_is_known_under_its_former_names() -> None:
    topic = defined("Topic", "own.topic", aliases=("own.news", "bulletin"))
    assert type_named("own.news") is type_named("bulletin") is type_named("own.topic") is topic
    assert current("own.news/main") == current("own.topic/main") == "own.topic/main"
    assert current("no_such/main") == "no_such/main"
    again = defined("Topic", "own.topic")
    assert RESOURCE_TYPES["own.topic"] is again
    assert type_named("bulletin") is None


def _hooks_without_their_trait(resource_type: type[Resource]) -> list[str]:
    """Return a type's hooks for traits that it does not name: the engine would never call them."""
    found = []
    for trait in vars(traits).values():
        if isinstance(trait, type) and trait.__module__ == traits.__name__ and not issubclass(resource_type, trait):
            hooks = {name for name in {*vars(trait), *get_annotations(trait)} if not name.startswith("__")}
            found += [f"{trait.__name__}.{name}" for name in sorted(hooks) if hasattr(resource_type, name)]
    return found


@pytest.mark.parametrize("resource_type", [*all_types().values(), *SIMULATED.values()], ids=lambda one: one.type_name)
def test_a_type_names_the_trait_of_each_hook_that_it_has(resource_type: type[Resource]) -> None:
    assert _hooks_without_their_trait(resource_type) == []


@pytest.mark.usefixtures("only_theirs")
def test_a_hook_without_its_trait_is_noticed() -> None:
    assert _hooks_without_their_trait(defined("Net", "own.net", shared=lambda: True)) == ["KnownByContent.shared"]
