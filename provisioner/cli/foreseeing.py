"""Rehearse a plan before the user agrees to it, if that was asked for or the stack is on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.operations.rehearsal import foresight
from provisioner.render import rehearsal

if TYPE_CHECKING:
    from provisioner.operations.commands.request import UpOptions
    from provisioner.operations.context.options import Options
    from provisioner.operations.planning.proposal import Proposal


def foresee(
    options: Options, proposal: Proposal, wanted: UpOptions, *, rehearse: bool | None
) -> foresight.Foreseen | None:
    """Return the outages that the plan will cause; None if it is not rehearsed.

    Args:
        rehearse: the choice of the user; None: rehearse on AWS only.
    """
    if not foresight.wanted(rehearse, proposal.config.target) or wanted.give_back:
        return None
    words = [*rehearsal.words(wanted.target_step, new_ami=wanted.new_ami), *proposal.removal.words]
    return foresight.foresee(options, proposal.planned, proposal.records, words)
