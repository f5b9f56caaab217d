"""Shared parts of the tables of `stack.toml`: the base class of their models, and types that several models use."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from provisioner.config import loader
from provisioner.config import validators as values

Name = Annotated[
    str,
    values.matching(
        values.NAME, "is not a name: use lower-case letters, digits and single hyphens, beginning with a letter"
    ),
]
# TOML has lists only; the models keep tuples, which cannot change after the checks.
LIST = Field(strict=False)

Problem = tuple[str, str]
"""A dotted key, relative to the model that found the error, and the message."""


class Model(BaseModel):
    """Base class of all tables: strict types, no unknown keys, immutable.

    The modules of models do without `from __future__ import annotations`: pydantic would compile each annotation again
    from its text, at every start.
    """

    # pydantic would read the source of each model for the descriptions of its keys, which only the schema needs:
    # `provisioner.config.schema` reads them; a wrong value may be a secret, and pydantic's own message would repeat it;
    # `Config` has the validators of all tables, so no table needs its own: `defer_build`, and `model_construct` for its
    # defaults
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)

    def problems(self) -> Iterator[Problem]:
        """Yield contradictions between settings that are each valid alone."""
        yield from ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if found := list(self.problems()):
            raise loader.Inconsistent(found)
        return self
