"""Give public names that were taken over back to the system that had them (`up --give-back`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from provisioner.engine.planning.removal import Removal
from provisioner.operations.context import signals, stores
from provisioner.operations.planning.proposal import Proposal
from provisioner.operations.runs.dns_return import declare_return, plan_return, return_names
from provisioner.operations.runs.viewer import Ended, Viewer, watched

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.operations.commands.request import Request
    from provisioner.state.model import Record


def give_back(request: Request, aws: Aws, viewer: Viewer) -> Ended:
    """Point the names back at their former targets. Nothing else is read or checked, so a broken stack is no obstacle.

    Raises:
        ProvisionError: nothing was begun. A later error is in the outcome.
    """
    options, config = request.options, request.config
    with stores.open_store(options, config, aws, "up") as store:
        declared = declare_return(store.records, aws.give_back)
        planned = None
        if config.target == "aws" and not options.yes:
            with signals.at_once():
                planned = plan_return(aws, store.records, declared)
            viewer.agree(Proposal(config, aws, planned, [], [], store.records, Removal()))
            aws.drop_reads()  # the user may have taken long to agree
        with watched(aws, viewer) as emit:
            outcome = return_names(aws, store, declared, emit, planned)
            ended = Ended(config, aws, outcome)
            viewer.ended(ended)
    return ended


def propose_return(request: Request, aws: Aws, records: Mapping[str, Record]) -> Proposal:
    """Return the plan of giving the names back. Only reads are made."""
    planned = plan_return(aws, records, declare_return(records, aws.give_back))
    return Proposal(request.config, aws, planned, [], [], records, request.removal)
