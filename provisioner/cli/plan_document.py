"""Print a plan as one JSON document, or all of one resource in it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from provisioner.engine.resource_types import current
from provisioner.operations.overrides import expiration
from provisioner.operations.pictures import view
from provisioner.render import cost, rehearsal
from provisioner.render import plan as show
from provisioner.render.text import columns, say
from provisioner.render.view import resource

if TYPE_CHECKING:
    from provisioner.operations.context.options import Options
    from provisioner.operations.planning.proposal import Proposal
    from provisioner.operations.rehearsal.foresight import Foreseen


def print_document(proposal: Proposal, foreseen: Foreseen, notes: Sequence[str]) -> None:
    """Print the whole plan as one JSON document."""
    aws, planned = proposal.aws, proposal.planned
    shown = show.document(planned, proposal.config.name, aws.account, aws.region, notes, proposal.lost, proposal.kept)
    shown |= expiration.document(proposal.expires, aws.pace.time())
    say([json.dumps(shown | rehearsal.outages(foreseen) | cost.change(proposal.cost), ensure_ascii=False)])


def print_resource(options: Options, proposal: Proposal, address: str) -> int:
    """Print all of one resource, and return the exit code of its plan."""
    found = view.one(proposal.config, proposal.records, proposal.history, proposal.declared, current(address))
    planned = [item for item in proposal.planned if item.address == found.node.address]
    if options.json:
        aws = proposal.aws
        shown = show.document(planned, proposal.config.name, aws.account, aws.region)
        say([json.dumps(shown | {"resource": asdict(found)}, ensure_ascii=False, default=str)])
    else:
        kept = found.node.address in proposal.kept
        say(resource(next(iter(planned), None), found, columns(sys.stdout), kept=kept))
    return show.exit_code(planned)
