"""Ask the user to agree to an `up` or a `down`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.cli.prompts import confirm
from provisioner.engine.words import count
from provisioner.operations.context import connection
from provisioner.operations.runs import teardown_scope
from provisioner.render import cost
from provisioner.render.text import limited

if TYPE_CHECKING:
    from provisioner.operations.context.options import Options
    from provisioner.operations.planning.proposal import Proposal
    from provisioner.operations.runs.viewer import Teardown


def ask_about_up(options: Options, proposal: Proposal, target_step: str | None) -> None:
    """Ask whether to make the planned changes; raise `Cancelled` if not."""
    account = connection.describe_account(proposal.config, proposal.aws)
    what = f"`up` of {limited(proposal.config.name, target_step)} on {account}"
    confirm(f"{what}{cost.asked(proposal.cost)}", options.yes)


def ask_about_down(options: Options, teardown: Teardown, target_step: str | None) -> None:
    """Ask whether to delete the resources; raise `Cancelled` if not."""
    deleted = teardown_scope.deletable(teardown.going)
    number = count(len(deleted), "resource") if deleted else "only the records of retained resources"
    more = ", and the resources that AWS created for them," if teardown_scope.created_by_aws(teardown.going) else ""
    what = f"`down` deletes {number}{more} of {limited(teardown.config.name, target_step)}"
    with teardown.aws.pace.runtime.watching():
        confirm(f"{what} on {connection.describe_account(teardown.config, teardown.aws)}", options.yes)
