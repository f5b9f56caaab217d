"""What the tables of `stack.toml` have in common: the base of their models, and types that several use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from provisioner.config import loader
from provisioner.config import validators as values

Name = Annotated[
    str,
    values.matching(
        values.NAME, "is not a name: use lower-case letters, digits and single hyphens, beginning with a letter"
    ),
]
# TOML has lists only; a tuple cannot be changed after it was checked.
LIST = Field(strict=False)

Problem = tuple[str, str]
"""A dotted key below the model that found it, and what is wrong there."""


class Model(BaseModel):
    """Base of all tables: nothing is converted, nothing unknown is let pass, nothing changes afterwards."""

    # what is wrong may be a secret, and pydantic's own message would repeat it
    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong between settings that are each right alone."""
        yield from ()

    @model_validator(mode="after")
    def _consistent(self) -> Model:
        if found := list(self.problems()):
            raise loader.Inconsistent(found)
        return self
