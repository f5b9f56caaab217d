"""The model of `[defaults]` in `stack.toml`: keys of services and jobs, with the same checks of each value."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from pydantic import create_model
from pydantic.fields import FieldInfo

from provisioner.config.base import Model
from provisioner.config.extends import BY_DEFAULT
from provisioner.config.jobs import Job
from provisioner.config.services import Service

OF_WORKLOADS = {**Job.model_fields, **Service.model_fields}
"""The keys of services and jobs."""


def _unset(key: str) -> tuple[Any, FieldInfo]:
    """Return the type of a key with its checks, and without its own default."""
    info = copy(OF_WORKLOADS[key])
    info.default, info.default_factory = None, None
    return info.annotation, info


if TYPE_CHECKING:

    class Defaults(Model):
        """`[defaults]`: the settings of all services and jobs that do not say otherwise."""
else:
    Defaults = create_model(
        "Defaults",
        __base__=Model,
        __module__=__name__,
        __doc__="`[defaults]`: the settings of all services and jobs that do not say otherwise.",
        **{key: _unset(key) for key in BY_DEFAULT},
    )
