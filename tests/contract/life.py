"""One life of the sample on the embedded cloud, with every answer recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.model import OperationModel

from provisioner.aws import call_log
from provisioner.aws.client import Aws
from provisioner.config.models import Config
from provisioner.operations.context import configuration, connection, stores
from provisioner.operations.context.options import Options, Target
from provisioner.operations.inspection import stack_status
from provisioner.operations.planning import declaration, dry_run
from provisioner.operations.runs import apply, destroy
from tests.cloud.project import Project
from tests.contract.unmodelled import unmodelled


@dataclass(frozen=True)
class Life:
    """The answers of a life.

    Attributes:
        log: the calls, as by `--log`.
        unmodelled: the members of answers that no model has, each as `<service>.<operation> <path>`.
    """

    log: Path
    unmodelled: frozenset[str]


def live(project: Project, log: Path) -> Life:
    """Create, read, change and delete the sample."""
    options = Options(project.config, target=Target.LOCAL, state_dir=project.state, log=call_log.CallLog(log))
    strange: set[str] = set()
    _up(options, strange)
    _look(options, strange)
    project.change(r"port = 8080$", 'port = 8080\nenvironment = { LOG_LEVEL = "debug" }')
    project.change(r"port = 80$", 'port = 80\nhealth = "/ready"')
    project.change(r"scaling = \{ max = 10 \}$", "scaling = { cpu = 60 }")
    project.change(r"\A", "\nlogs = { retention_days = 14 }\ncapacity = { max = 7 }\n")
    _up(options, strange)
    _down(options, strange)
    return Life(log, frozenset(strange))


@contextmanager
def _connected(options: Options, strange: set[str]) -> Iterator[tuple[Config, Aws]]:
    config = configuration.load(options)
    aws = connection.connect(options, config)

    def look(operation_model: OperationModel, response_dict: dict[str, Any], **_: Any) -> None:
        if response_dict["status_code"] < 300:
            name = f"{operation_model.service_model.service_name}.{operation_model.name}"
            strange.update(f"{name} {path}" for path in unmodelled(operation_model, response_dict["body"]))

    aws.connection.session.events.register("before-parse", look)
    with options.ends:
        yield config, aws


def _up(options: Options, strange: set[str]) -> None:
    with _connected(options, strange) as (config, aws), stores.open_store(options, config, aws, "up") as store:
        summary = apply.up(
            aws, store, declaration.declare_stack(options, config, aws, store.records), lambda event: None
        )
    assert summary.ok, summary.error


def _look(options: Options, strange: set[str]) -> None:
    with _connected(options, strange) as (config, aws):
        state = stores.recorded(options, config, aws)
        planned = dry_run.show_plan(aws, state.records, declaration.declare_stack(options, config, aws, state.records))
        assert {item.action for item in planned} == {"none"}
        aws.pace.runtime.close()  # `looked` makes an `Aws` of its own
        condition, silent = stack_status.condition(options, config, state)
        assert condition, silent


def _down(options: Options, strange: set[str]) -> None:
    with _connected(options, strange) as (config, aws), stores.open_store(options, config, aws, "down") as store:
        summary = destroy.down(aws, store, lambda event: None)
    assert summary.ok, summary.error or summary.leftovers
