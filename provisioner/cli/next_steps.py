"""Choose the next steps that a command recommends at its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from provisioner.operations.context import embedded_cloud
from provisioner.operations.inspection import stack_status
from provisioner.render import advice, cost

if TYPE_CHECKING:
    from provisioner.operations.commands.request import UpOptions
    from provisioner.operations.context.options import Options
    from provisioner.operations.runs.viewer import Ended


def recommend(ended: Ended, options: Options, wanted: UpOptions, names: Sequence[str] = ()) -> list[str]:
    """Return the lines with the user's next steps, and with the cost of the stack.

    Args:
        names: the services and jobs that the command line names.
    """
    outcome, config, command = ended.outcome, ended.config, options.command_line
    if wanted.give_back:
        advised = advice.after_give_back(outcome, command, wanted.name_words)
    elif outcome.command == "up":
        advised = advice.after_up(
            outcome,
            command,
            config,
            stack_status.url(ended.records, config),
            embedded_cloud.entry(options, config),
            new_ami=wanted.new_ami,
            again=[*ended.removal.words, *wanted.name_words],
            urls=stack_status.urls(ended.records, config),
            certificate=embedded_cloud.certificate(options, config),
        )
        advised += cost.from_now_on(ended.cost)
    elif outcome.command in ("deploy", "rollback"):
        advised = advice.after_deploy(outcome, command)
    elif outcome.command in ("scale", "pause", "resume", "sleep", "wake"):
        advised = advice.after_sizing(outcome, command, names)
    else:
        advised = advice.after_down(outcome, command, config, unprotect=wanted.unprotect)
        advised += cost.so_far(ended.spent, config.target)
    return [*advised, *advice.after_long(outcome, command)]
