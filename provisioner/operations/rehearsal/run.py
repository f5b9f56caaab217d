"""Rehearse the next `up` or `down`: copy the recorded stack to a temporary cloud, and run the command there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ecs_emulator import control
from provisioner.docker import engine
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.context import connection, embedded_cloud, regions
from provisioner.operations.rehearsal.copy_plan import plan_on_copy
from provisioner.operations.rehearsal.copy_run import run_on_copy
from provisioner.operations.rehearsal.outcome import Rehearsal
from provisioner.operations.rehearsal.stack_copy import StackCopy
from provisioner.operations.rehearsal.temporary_cloud import TemporaryCloud, temporary_cloud
from provisioner.resources.ecr.copied_images import CopiedImage
from provisioner.resources.ecr.images import Image

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options, Report
    from provisioner.operations.rehearsal.options import RehearsalOptions
    from provisioner.state.model import State

QUIET_SECONDS = 4000.0
"""Seconds between the copying and the run: by then no instance is too many, and ECS shows no stopped tasks."""
IMAGES = (Image.type_name, CopiedImage.type_name)


def _check(config: Config) -> None:
    """Refuse a stack whose database is somebody else's: the copy would give its tasks another endpoint.

    Raises:
        ConfigurationError: the database has a name in the account alone.
    """
    if used := config.used_database:
        raise ConfigurationError(
            f"database.{used.named_by} is {used.identifier}, a database of somebody else, which a rehearsal does not "
            "have: read `provision plan` instead"
        )


@embedded_cloud.used()
def rehearse(
    options: Options, config: Config, state: State, request: RehearsalOptions, durations: Sequence[str], report: Report
) -> Rehearsal:
    """Rehearse the command once for each choice of durations, each time in an empty cloud.

    Args:
        state: the state of the stack; it is only read.
        report: takes a line for the user before each part of the work.

    Raises:
        ConfigurationError: the durations, the step or the Region do not exist; or the database is somebody else's.
        ProvisionError: the cloud could not be started.
        Interrupted: the user asked to stop.
    """
    _check(config)
    session = connection.local_session(config.region, "")
    regions.check_emulated(session, config.region, str(options.file))
    builds = config.target == "aws" or engine.named()
    report("starting an embedded cloud for the rehearsal")
    temporary = temporary_cloud(options, config, state.account)
    rehearsals = [
        _rehearse_once(temporary.emptied(), config, state, request, choice, builds, report) for choice in durations
    ]
    return replace(rehearsals[0], runs=[run for one in rehearsals for run in one.runs])


def _rehearse_once(
    temporary: TemporaryCloud,
    config: Config,
    state: State,
    request: RehearsalOptions,
    durations: str,
    builds: bool,
    report: Report,
) -> Rehearsal:
    # refuses an unknown choice before the copy is made
    control.pass_time(temporary.cloud, 0, durations)
    copy = StackCopy(temporary, config, state, builds, report)
    copy.create()
    if request.new_ami:
        copy.release_ami()
    # from now on the waits take as long as on AWS, so the reads come as seldom
    control.pass_time(temporary.cloud, 0, "typical")
    control.pass_time(temporary.cloud, QUIET_SECONDS, durations)
    planned = plan_on_copy(copy, request)
    run = run_on_copy(copy, request, durations)
    if any(one.action != "none" and one.address.partition("/")[0] in IMAGES for one in planned):
        copy.notes.append("assumed: images are built, copied and pushed in no time")
    notes = list(dict.fromkeys(copy.notes))
    return Rehearsal(request, config.name, len(copy.declared), planned, notes, [run])
