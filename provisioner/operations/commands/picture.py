"""Run `provision picture`: draw the stack from its configuration, its state or AWS, with the changes of a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.cost.estimate import rough
from provisioner.operations.commands import plan, request, show
from provisioner.operations.context import configuration, stores
from provisioner.operations.impact import costs
from provisioner.operations.pictures import view
from provisioner.operations.pictures.diagram import Diagram, diagram

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.cost.estimate import Estimate
    from provisioner.engine.planning.actions import Planned
    from provisioner.operations.context.options import Options

WORDS: Mapping[view.Source, str] = {"declared": "declared", "recorded": "recorded", "live": "AWS has it"}


@dataclass(frozen=True)
class Picture:
    """A diagram of the stack, with the details of each resource that the page shows.

    Attributes:
        planned: the actions of an `up`, by address; empty unless the source is the configuration.
        costs: by address, the items that cost something, each with its USD a month.
        sums: the costs of the stack, in sentences.
    """

    diagram: Diagram
    view: view.View
    planned: Mapping[str, Planned]
    costs: Mapping[str, Sequence[tuple[str, float]]]
    sums: Sequence[str]


def picture(options: Options, source: view.Source) -> Picture:
    """Return the picture of a stack. Only reads are made; none for the recorded stack.

    Raises:
        ProvisionError: the source cannot be read.
    """
    if source == "declared":
        proposal = plan.plan(options, request.UpOptions())
        config, planned = proposal.config, {one.address: one for one in proposal.planned}
        shown = view.declared(config, proposal.aws.account, proposal.records, proposal.history, proposal.declared)
        cost = proposal.cost.after if proposal.cost else None
    else:
        config, planned = configuration.load(options), {}
        shown = show.show(options, source)
        records = stores.as_written(options, config).records
        cost = costs.of_records(records, shown.region, options.directory)
    return drawn(config, shown, planned, cost, f"as {WORDS[source]}")


def drawn(
    config: Config, shown: view.View, planned: Mapping[str, Planned], cost: Estimate | None, about: str
) -> Picture:
    """Return the picture of a stack that was read before.

    Args:
        planned: a plan's actions on its resources, by address.
        about: the words after the Region in the picture's second line.
    """
    sums = [*_sums(cost)]
    actions = {address: one.action for address, one in planned.items()}
    dollars = {address: one.usual for address, one in cost.by_address.items()} if cost else {}
    head = ", ".join([shown.region, about, *sums[:1]])
    return Picture(diagram(config, shown, actions, head, dollars), shown, planned, _lines(cost), sums)


def _sums(cost: Estimate | None) -> list[str]:
    """Return the costs of the stack, a usual month first; none if no price is known."""
    if cost is None or not cost.known:
        return []
    idle, usual, most = (rough(each) for each in cost.sums)
    at = f"list prices of {cost.date}, without tax"
    return [f"about {usual} USD a month", f"idle {idle} USD a month, at most {most} ({at})"]


def _lines(cost: Estimate | None) -> dict[str, list[tuple[str, float]]]:
    found: dict[str, list[tuple[str, float]]] = {}
    for line in cost.lines if cost else ():
        found.setdefault(line.address, []).append((line.what, line.sums.usual))
    return found
