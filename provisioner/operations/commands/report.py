"""The subject of a report: the stack with its planned changes, and the caller of the command."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from provisioner.cost import estimate
from provisioner.engine.errors import ConfigurationError, ProvisionError
from provisioner.engine.planning.actions import Planned
from provisioner.operations.commands.picture import drawn
from provisioner.operations.context import configuration
from provisioner.operations.impact import costs
from provisioner.operations.pictures import view
from provisioner.operations.runs import teardown_scope
from provisioner.state.lock import myself, pipeline_run
from provisioner.state.model import State

if TYPE_CHECKING:
    from pathlib import Path

    from provisioner.config.models import Config
    from provisioner.cost.estimate import Difference
    from provisioner.engine.declaration import Declared
    from provisioner.engine.planning.losses import Loss
    from provisioner.operations.commands.picture import Picture
    from provisioner.operations.context.options import Options
    from provisioner.operations.planning.proposal import Proposal
    from provisioner.operations.rehearsal.outcome import Rehearsal
    from provisioner.operations.runs.viewer import Teardown
    from provisioner.state.model import Record


GIT_SECONDS = 5
"""The longest that git may take to print the commit."""


@dataclass(frozen=True)
class About:
    """A stack, and the changes that a command was to make.

    Attributes:
        planned: each resource with its action, unchanged resources included.
        records: the records before the command.
        declared: the declared resources, by address; empty for a command that deletes.
        lost: the data that is deleted.
        kept: the addresses of resources with data that are no longer declared and stay.
        notes: facts that the plan does not show, one sentence each.
        seconds: the expected duration on AWS; 0 if unknown.
        cost: the change of the costs; None if unknown.
    """

    config: Config
    account: str
    region: str
    planned: Sequence[Planned]
    records: Mapping[str, Record]
    declared: Mapping[str, Declared] = field(default_factory=dict)
    lost: Sequence[Loss] = ()
    kept: Sequence[str] = ()
    notes: Sequence[str] = ()
    seconds: float = 0.0
    cost: Difference | None = None

    def picture(self, failed: Collection[str]) -> Picture:
        """Return the picture of the stack with the planned changes."""
        planned = {one.address: one for one in self.planned}
        planned |= {address: replace(planned[address], action="refused") for address in failed if address in planned}
        if self.declared:
            shown = view.declared(self.config, self.account, self.records, (), self.declared)
            return drawn(self.config, shown, planned, self.cost.after if self.cost else None, "as declared")
        state = State(self.config.name, self.account, self.region, records=dict(self.records))
        before = self.cost.before if self.cost else None
        return drawn(self.config, view.recorded(self.config, state), planned, before, "as recorded before")


def of_proposal(proposal: Proposal) -> About:
    """Return the subject of a `plan`, an `up` or a `deploy`."""
    return About(
        proposal.config,
        proposal.aws.account,
        proposal.aws.region,
        proposal.planned,
        proposal.records,
        proposal.declared,
        proposal.lost,
        proposal.kept,
        proposal.notes,
        proposal.seconds,
        proposal.cost,
    )


def of_teardown(teardown: Teardown, directory: Path) -> About:
    """Return the subject of a `down`.

    Args:
        directory: the state directory.
    """
    config, aws, records = teardown.config, teardown.aws, teardown.records
    planned = [Planned(one.address, "delete", one.step) for one in teardown_scope.deletable(teardown.going).values()]
    stays = {address: record for address, record in records.items() if address not in teardown.going}
    before, after = (estimate.recorded(some) for some in (records, stays))
    cost = None
    # unreadable prices must not stop a teardown
    with suppress(ConfigurationError):
        cost = costs.of_settings(before, after, aws.region, directory)
    return About(config, aws.account, aws.region, planned, records, lost=teardown.lost, notes=teardown.notes, cost=cost)


def of_rehearsal(options: Options, config: Config, state: State, found: Rehearsal) -> About:
    """Return the subject of a rehearsed command. Facts that only AWS has are made up, which changes nothing here.

    Raises:
        ProvisionError: a step of the user's own failed.
    """
    if found.request.command == "down":
        gone = teardown_scope.removal(state.records, found.request.target_step)
        planned = [Planned(one.address, "delete", one.step) for one in teardown_scope.deletable(gone).values()]
        return About(config, state.account, config.region, planned, dict(state.records))
    import provisioner.steps  # noqa: F401  (importing the package registers the steps)
    from provisioner.steps import offline
    from provisioner.steps.stack import run

    items = run(config, offline.facts(config)).declared
    cost = costs.of_plan(found.planned, state.records, items, config.region, options.directory)
    return About(config, state.account, config.region, found.planned, dict(state.records), items, cost=cost)


@dataclass(frozen=True)
class Caller:
    """The caller of a command.

    Attributes:
        who: the forge's user in a pipeline, else the user and the machine.
        run: the address of the pipeline run's log; empty outside a pipeline.
        commit: the commit of the directory's repository; empty without a repository or git.
    """

    who: str
    run: str
    commit: str


def stack_name(options: Options) -> str:
    """Return the name of the configured stack; empty if the configuration cannot be read."""
    try:
        return configuration.load(options).name
    except ProvisionError:
        return ""


def caller(directory: Path) -> Caller:
    """Return the caller of this process.

    Args:
        directory: the configuration's directory.
    """
    actor = os.environ.get("GITHUB_ACTOR") or os.environ.get("GITLAB_USER_LOGIN")
    me = myself("")
    commit = os.environ.get("GITHUB_SHA") or os.environ.get("CI_COMMIT_SHA") or _head(directory)
    return Caller(actor or f"{me['user']} on {me['host']}", pipeline_run(), commit)


def _head(directory: Path) -> str:
    if not (git := shutil.which("git")):
        return ""
    try:
        asked = [git, "-C", str(directory), "rev-parse", "--verify", "--quiet", "HEAD"]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=GIT_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
