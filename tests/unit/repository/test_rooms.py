"""Modules import each other in one direction; imports for types alone, or inside functions, count as well."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("provisioner", "ecs_emulator")
FOLDERS = ("provisioner", "steps", "state", "emulator")
MOST_IMPORTS = 20
TABLES = {
    "provisioner.cli.commands": "lists the commands",
    "provisioner.steps": "lists the steps",
    "provisioner.config.models": "lists the tables of `stack.toml`",
    "provisioner.operations.doctor.quotas": "lists the quotas, each with the resource type that it counts",
}
"""Modules that may import more of ours, each with the table that needs it."""


def place(graph: grimp.ImportGraph, importer: str, imported: str) -> str:
    """Return the place where one module imports another: its file, the line, and the statement."""
    [first, *_] = graph.get_import_details(importer=importer, imported=imported)
    file = Path(*importer.split("."))
    file = "emulator" / file if file.parts[0] == "ecs_emulator" else file
    path = file / "__init__.py" if (ROOT / file).is_dir() else file.with_suffix(".py")
    return f"{path}:{first['line_number']}: {first['line_contents']}"


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = grimp.build_graph(*PACKAGES)
    # the package itself re-exports modules of many rooms, and imports each on demand
    modules = graph.modules - {"provisioner"}
    imports = {module: graph.find_modules_directly_imported_by(module) - {"provisioner"} for module in modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        # each node is imported by the one after it
        ring = error.args[1]
        pairs = zip(ring[1:], ring, strict=False)
        pytest.fail("a circle of imports:\n" + "\n".join(f"  {place(graph, *pair)}" for pair in pairs), pytrace=False)


def test_no_module_imports_more_than_twenty_of_ours() -> None:
    graph = grimp.build_graph("provisioner")
    counts = {
        module: len(graph.find_modules_directly_imported_by(module) - {"provisioner"})
        for module in graph.modules - {"provisioner"}
    }
    long = {module for module, count in counts.items() if count > MOST_IMPORTS}
    assert long <= TABLES.keys(), {module: counts[module] for module in long - TABLES.keys()}
    assert long == TABLES.keys(), f"no exception any more: {TABLES.keys() - long}"


@pytest.mark.parametrize(
    "package", [path for name in FOLDERS for path in (ROOT / name).glob("**/__init__.py")], ids=str
)
def test_each_package_says_what_lives_there(package: Path) -> None:
    told = ast.get_docstring(ast.parse(package.read_text()))
    assert told, f"{package} has no docstring: say in two lines what lives there, and what may not"
