"""What stands with the types is what the tables said that it takes the place of."""

from __future__ import annotations

from dataclasses import fields

import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)
from provisioner.engine.resource import all_types
from provisioner.operations import estimates, stack_status


def test_the_time_of_each_type_stands_with_it() -> None:
    taken = {name: one.takes for name, one in all_types().items() if one.takes}
    assert {
        name: {part.name: list(getattr(takes, part.name)) for part in fields(takes) if getattr(takes, part.name)}
        for name, takes in taken.items()
    } == estimates.TABLE


def test_each_printed_output_stands_with_its_type() -> None:
    printed = {
        called: (name, "" if output == "id" else output)
        for name, one in all_types().items()
        for output, called in one.printed.items()
    }
    assert printed == stack_status.OUTPUTS
