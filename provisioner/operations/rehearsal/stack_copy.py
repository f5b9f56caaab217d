"""Copy a recorded stack into the temporary cloud of a rehearsal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecs_emulator import control
from provisioner.config.facts import Facts
from provisioner.engine.words import count
from provisioner.operations.prerequisites import ami
from provisioner.operations.rehearsal import unmanaged
from provisioner.operations.rehearsal.outcome import problems
from provisioner.operations.rehearsal.redeclaration import declarations
from provisioner.operations.rehearsal.temporary_cloud import run_interruptibly
from provisioner.operations.rehearsal.variables import with_values
from provisioner.operations.runs import apply
from provisioner.state.counted import counted
from provisioner.steps.stack import Stack

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Report
    from provisioner.operations.rehearsal.temporary_cloud import TemporaryCloud
    from provisioner.state.model import State

COPYING = "times:0.01"
"""The durations while the copy is made. They do not affect the run, and short waits need few reads."""


class StackCopy:
    """A copy of a stack in a temporary cloud.

    Args:
        config: the user's configuration; the temporary cloud has a form of it that fits the copy.
        builds: whether images can be built and pushed at the real target.

    Attributes:
        declared: the recorded resources, declared again.
        notes: assumptions, and resources that were not copied or came out differently.
        complete: whether all resources were created.
    """

    def __init__(self, temporary: TemporaryCloud, config: Config, state: State, builds: bool, report: Report) -> None:
        self.temporary, self.config, self.state = temporary, config, state
        self.builds, self.report = builds, report
        self.notes: list[str] = []
        self.complete = True
        restored, assumed = with_values(state.records, config)
        restored |= unmanaged.in_own_groups(state.records)
        self.declared, left_out = declarations(state.records, restored)
        self.notes += [f"assumed: {text}" for text in assumed]
        self.notes += [f"not copied: {address} {why}" for address, why in left_out.items()]

    def create(self) -> None:
        """Create the recorded resources in the temporary cloud, and note each failure."""
        self._approve_deployments()
        referred_to, assumed = unmanaged.resources(self.state.records, self.config)
        control.put_unmanaged(self.temporary.cloud, referred_to)
        self.notes += [f"assumed: {text}" for text in assumed]
        if not self.declared:
            return
        self.report(f"copying the stack from its state: {count(counted(self.declared), 'resource')}")
        control.pass_time(self.temporary.cloud, 0, COPYING)
        with self.temporary.connected() as aws, self.temporary.state(aws, "rehearse") as store:
            facts = _bare_facts(aws, self.state)
            stack = Stack(self.temporary.config, facts, declared=self.declared)
            outcome = run_interruptibly(aws, lambda emit: apply.up(aws, store, stack, emit))
            self.notes += [f"not copied: {text}" for text in problems(outcome.error)]
            self.complete = not outcome.error

    def release_ami(self) -> None:
        """Let AWS recommend a newer AMI than the stack has."""
        control.release(self.temporary.cloud, self.config.region)
        self.notes.append("assumed: AWS recommends a newer AMI than the stack has")

    def _approve_deployments(self) -> None:
        """Approve each deployment at once that waits for a person."""
        control.approve_all(self.temporary.cloud)
        if any(service.deployment.pause_at for service in self.config.services.values()):
            self.notes.append("assumed: each deployment is approved at once")


def _bare_facts(aws: Aws, state: State) -> Facts:
    """Return the facts of a stack whose resources are all declared already."""
    image = ami.recorded(state.records.values()) or ""
    return Facts(aws.account, aws.partition, aws.region, (), image, None, (), engine=False, local=True)
