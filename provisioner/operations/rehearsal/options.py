"""The options of `provision rehearse`, and the check that they go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.config.loader import suggestion
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.planning import request_checks

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.state.model import State


@dataclass(frozen=True)
class RehearsalOptions:
    """A command to rehearse, `up` or `down`, with its options.

    Attributes:
        fails: the services, sidecars of services, and jobs before a deployment whose new containers exit at once.
    """

    command: str = "up"
    target_step: str | None = None
    unprotect: bool = False
    new_ami: bool = False
    delete: Sequence[str] = ()
    fails: tuple[str, ...] = ()


def check_options(request: RehearsalOptions, config: Config, state: State) -> None:
    """Refuse a rehearsal that cannot be run.

    Raises:
        ConfigurationError: the step or service does not exist, an option belongs to the other command, or there is
            nothing to delete.
    """
    if request.new_ami and request.command == "down":
        raise ConfigurationError("--new-ami is an option of `up`, not of `down`")
    if request.delete and request.command == "down":
        raise ConfigurationError("--delete is an option of `up`; `down` deletes everything")
    if request.command == "up":
        request_checks.check_removal(request.delete, request.unprotect, request.target_step)
    if request.fails and request.command == "down":
        raise ConfigurationError("--fails is about the new tasks of an `up`, and `down` starts none")
    for name in request.fails:
        of_services = {one for one in config.containers if one.partition(".")[0] in config.services}
        tried = {*of_services, *(job for job, one in config.jobs.items() if one.before_deploy)}
        if name in config.jobs and name not in tried:
            raise ConfigurationError(f"--fails {name}: `up` does not run that job: it has no before_deploy = true")
        if name not in tried:
            raise ConfigurationError(f"--fails {name}: there is no such service{suggestion(name, tried)}")
    request_checks.check_new_ami(config, request.target_step, new_ami=request.new_ami)
    request_checks.check_target(request.target_step, state.records.values() if request.command == "down" else ())
    if request.command == "down" and not state.records:
        raise ConfigurationError(f"{config.name} has no resources, so there is no `down` to rehearse")
