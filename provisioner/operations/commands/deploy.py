"""Run `provision deploy`: roll out images with the jobs before them, or take a failed deployment back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.config.builds import check_contexts
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.planning import target
from provisioner.operations.context import configuration, standing, stores
from provisioner.operations.deployment import rollout, scope
from provisioner.operations.deployment.image_choice import declare_with_images
from provisioner.operations.deployment.service_connect import check_unchanged
from provisioner.operations.overrides import sleep_schedule
from provisioner.operations.planning.proposal import Proposal, describe_plan
from provisioner.operations.runs.viewer import Ended, Viewer, watched

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.engine.planning.actions import Planned
    from provisioner.operations.context.options import Options
    from provisioner.state.store import Store
    from provisioner.steps.stack import Stack

COMMAND = "deploy"


@dataclass(frozen=True)
class Deployed:
    """The end of a `deploy`.

    Attributes:
        begun: for each image whose rollout has begun, one of its services, with the revision number that this service
            ran before.
    """

    ended: Ended
    begun: Mapping[str, str]


def deploy(
    options: Options, wanted: scope.DeployOptions, viewer: Viewer, waiting: rollout.Waiting | None = None
) -> Deployed:
    """Roll out an image to the services and jobs that run it.

    Args:
        waiting: how long to wait for the services; by default until they serve or ECS gives up.

    Raises:
        ProvisionError: nothing was begun. A later error is in the outcome.
    """
    config = configuration.load(options, declares=True)
    chosen = scope.owners(config, wanted)
    check_contexts(config, options.file)
    aws = rollout.replacing_other_revisions(standing.connect(options, config))
    with stores.open_store(options, config, aws, COMMAND) as store:
        sleep_schedule.check_awake(config, aws, store.records)
        before = dict(store.records)
        stack = declare_with_images(options, config, aws, before, wanted, chosen)
        declared = target.alone(stack.declared, before, scope.addresses(stack.declared, config, chosen))
        check_unchanged(before, declared)
        replaced = scope.replaced(before, stack.declared, chosen)
        deployment = rollout.Deployment(COMMAND, declared, replaced, before, waiting or rollout.Waiting())
        ended = _Deploy(options, config, aws, store, stack).roll_out(deployment, viewer)
        return Deployed(ended, scope.find_begun(config, chosen, before, store.records))


@dataclass
class _Deploy:
    """One `deploy` whose state is open.

    Attributes:
        proposal: the plan that the run carries out, once it is known.
    """

    options: Options
    config: Config
    aws: Aws
    store: Store
    stack: Stack
    proposal: Proposal | None = None

    def roll_out(self, deployment: rollout.Deployment, viewer: Viewer) -> Ended:
        """Make the changes while the viewer watches, and return how the run ended."""
        with watched(self.aws, viewer) as emit:
            outcome = rollout.run(self.aws, self.store, self.stack, deployment, emit, self._keep_plan)
            ended = Ended(self.config, self.aws, outcome, proposal=self.proposal)
            viewer.ended(ended)
        return ended

    def _keep_plan(self, planned: Sequence[Planned]) -> None:
        """Keep the plan for the report. Unreadable prices stop no deployment."""
        with suppress(ConfigurationError):
            self.proposal = describe_plan(
                self.options, self.config, self.aws, self.stack, self.store.state, planned, None
            )
