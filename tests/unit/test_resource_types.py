"""The resource types are known by the table of their modules, whatever has been imported so far."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules

import pytest

import provisioner.resources
from provisioner.engine.resource import MODULES, Resource

PACKAGE = provisioner.resources.__name__


def defines_types(module: str) -> bool:
    """Whether a module defines resource types of its own."""
    found = vars(import_module(module)).values()
    return any(isinstance(it, type) and issubclass(it, Resource) and it.__module__ == module for it in found)


def test_the_table_names_each_module_that_defines_types_and_no_other() -> None:
    there = [f"{PACKAGE}.{module.name}" for module in iter_modules(provisioner.resources.__path__)]
    assert sorted(MODULES) == [module for module in there if defines_types(module)]


@pytest.mark.parametrize(
    "first", ["operations.state_edit", "operations.state_set_aside", "operations.state_transfer", "resources.ssm"]
)
def test_a_type_is_known_whose_module_nobody_has_imported(first: str) -> None:
    code = (
        f"import sys, provisioner.{first}\n"
        "from provisioner.engine.resource import RESOURCE_TYPES, all_types, type_named\n"
        "assert 'wafv2' not in ''.join(sys.modules) and 'web_acl_association' not in RESOURCE_TYPES;"
        "assert type_named('web_acl_association').service == 'wafv2' and type_named('no_such_type') is None;"
        f"assert len(all_types()) == len(RESOURCE_TYPES) > 50 and {PACKAGE + '.wafv2'!r} in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
