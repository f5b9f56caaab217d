"""A plan for its reviewer: by service and job, then by step, with the important settings of each resource."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.engine.planning.actions import parsed
from provisioner.engine.planning.refusals import reasons
from provisioner.engine.words import count
from provisioner.operations.inspection.workload_names import Kind, workload_of, workloads
from provisioner.render import cost, rehearsal, summary
from provisioner.render.created import matters, tasks
from provisioner.render.fields import WORDS, differing, fields, thing, totals, unchanged
from provisioner.render.tasks import Difference, Images, differences, made_of
from provisioner.render.text import SYMBOLS, roughly, visible, wrapped

if TYPE_CHECKING:
    from provisioner.engine.planning.actions import Planned, PlannedAction
    from provisioner.operations.planning.proposal import Proposal
    from provisioner.operations.rehearsal.foresight import Foreseen

LISTED: tuple[PlannedAction, ...] = ("create", "adopt", "delete")
"""The actions that are shown in lists, after the changes."""
MOST_TYPES = 3
"""The most resource types in the heading of a step."""
FEW = 6
"""The most differences of one service that the question of `up` names."""


@dataclass(frozen=True)
class Around:
    """Facts for the review that a plan itself does not contain.

    Attributes:
        workloads: all services and jobs, in the order in which they are shown.
        images: the names of their images.
        kept: the number of orphaned resources that stay, since they hold data.
        width: the columns at which lists are folded.
    """

    workloads: Mapping[str, Kind] = field(default_factory=dict)
    images: Images = field(default_factory=Images)
    kept: int = 0
    width: int = 80

    @classmethod
    def of(cls, proposal: Proposal, width: int) -> Around:
        """Return the facts of a proposal that its plan does not contain."""
        config, records = proposal.config, proposal.records
        images = Images.of(config, proposal.planned, records)
        return cls(workloads(config, records), images, len(proposal.kept), width)


@dataclass(frozen=True)
class Group:
    """The part of a plan for one service or job, or for one step's shared resources."""

    title: str
    workload: str
    items: Sequence[Planned]

    @property
    def counts(self) -> str:
        """The numbers of resources to create, change and so on."""
        return totals(self.items) or "resources that AWS created by itself"

    def of(self, action: str) -> list[Planned]:
        """Return the resources with one action."""
        return [item for item in self.items if item.action == action]

    @property
    def changed(self) -> list[Planned]:
        """The resources that change: the task definition, the service, then the others."""
        own = [self.task_definition("change"), self.service("change")]
        return sorted(self.of("change"), key=lambda item: own.index(item) if item in own else len(own))

    def task_definition(self, action: str) -> Planned | None:
        """Return the task definition of the service or job, if it has this action."""
        return self._own("task_definition", action)

    def service(self, action: str) -> Planned | None:
        """Return the service itself, if it has this action."""
        return self._own("service", action)

    def _own(self, type_name: str, action: str) -> Planned | None:
        address = f"{type_name}/{self.workload}"
        return next((item for item in self.of(action) if item.address == address), None)


def groups(planned: Sequence[Planned], workloads: Mapping[str, Kind]) -> list[Group]:
    """Return the differing resources by service and job, and the rest by step, without refused ones."""
    found: dict[str, list[Planned]] = {name: [] for name in workloads}
    steps: dict[str, list[Planned]] = {}
    for item in differing(planned):
        if item.action != "refused":
            name = workload_of(item.address, workloads)
            (found[name] if name else steps.setdefault(item.step, [])).append(item)
    own = [Group(f"{workloads[name]} {name}", name, items) for name, items in found.items() if items]
    return own + [Group(_title(step, items), "", items) for step, items in steps.items()]


def _title(step: str, items: Sequence[Planned]) -> str:
    """Return the resource types of a step, then its name, which `--target-step` takes."""
    types = list(dict.fromkeys(item.address.partition("/")[0] for item in items))
    more = f" and {len(types) - MOST_TYPES} more" if len(types) > MOST_TYPES else ""
    return f"{', '.join(types[:MOST_TYPES])}{more} ({f'step {step}' if step else 'no step'})"


def lines(planned: Sequence[Planned], around: Around) -> list[str]:
    """Return the plan as lines, ending with the counts."""
    wanted = differing(planned)
    if not wanted:
        return [f"No changes: {count(unchanged(planned), 'resource')} as declared."]
    shown = [line for group in groups(planned, around.workloads) for line in of_group(group, around)]
    return [*shown, *refused(wanted), "", _sum(planned, around)]


def in_short(planned: Sequence[Planned], around: Around) -> list[str]:
    """Return the plan for the question of `up`: a line for each service, job and step, and the counts."""
    wanted = differing(planned)
    if not wanted:
        return lines(planned, around)
    shown = []
    for group in groups(planned, around.workloads):
        [sign, *more] = dict.fromkeys(SYMBOLS[item.action] for item in group.items)
        text = f"{group.title}: {', '.join(briefly(group, around.images)) or group.counts}"
        shown += wrapped(f"  {'~' if more else sign} {text}", around.width, 6)
    return [*shown, *refused(wanted), _sum(planned, around)]


def consequences(proposal: Proposal, foreseen: Foreseen) -> list[str]:
    """Return a plan's effects beyond its resources: interruptions, lost data, the cost, the time.

    Args:
        foreseen: the findings of its rehearsal, if there was one.
    """
    seconds = proposal.seconds if foreseen.seconds is None else foreseen.seconds
    refusing = any(item.action == "refused" for item in proposal.planned)
    takes = [f"Takes about {roughly(seconds)} on AWS."] if seconds and not refusing else []
    money = cost.of_plan(proposal.cost, proposal.saving)
    return [*rehearsal.expected(foreseen), *summary.data_lost(proposal.lost), *money, *takes]


def refused(planned: Sequence[Planned]) -> list[str]:
    """Return the refused parts of a plan, each with the reason."""
    found = [reason.text.splitlines() for reason in reasons(planned)]
    shown = [
        line
        for first, *rest in found
        for line in (f"  {SYMBOLS['refused']} {first}", *(f"      {line}" for line in rest))
    ]
    return ["refused", *shown] if shown else []


def _sum(planned: Sequence[Planned], around: Around) -> str:
    stay = f"{around.kept} kept" if around.kept else ""
    return f"Plan: {', '.join(filter(None, (totals(planned), stay, f'{unchanged(planned)} unchanged')))}."


def of_group(group: Group, around: Around) -> Iterator[str]:
    """Yield a group's heading, its changes, and its creations and deletions."""
    replaced = group.task_definition("change") and group.service("change")
    yield from wrapped(f"{group.title}: {group.counts}{', new tasks' if replaced else ''}", around.width, 4)
    for item in group.changed:
        for line in _changed(item, group, around):
            yield from wrapped(line, around.width, len(line) - len(line.lstrip()) + 4)
    for words in _settings(group, around.images):
        yield from wrapped(f"  {SYMBOLS['create']} {words}", around.width, 6)
    for action in LISTED:
        yield from _listed(action, group, around.width)


def _changed(item: Planned, group: Group, around: Around) -> Iterator[str]:
    """Yield the changes of one resource; a task definition by the settings of its containers."""
    if item is group.task_definition("change"):
        for one in differences(group.workload, item.changes, around.images):
            yield f"  {one.sign} {visible(one.text)}"
    elif item is group.service("change") and group.task_definition("change"):
        rest = [line for line in fields(item) if not line.startswith("task_definition: ")]
        yield from [f"  {SYMBOLS['change']} {item.address}", *(f"      {line}" for line in rest)] if rest else []
    else:
        yield from thing(item, named="")


def _settings(group: Group, images: Images) -> Iterator[str]:
    """Yield the important settings of a new service or job."""
    task_definition, service = group.task_definition("create"), group.service("create")
    if task_definition or service:
        words = made_of(group.workload, task_definition.changes, images) if task_definition else []
        number = tasks(_new(service)) if service else ""
        yield ", ".join(filter(None, (*words, number)))


def _new(item: Planned) -> dict[str, Any]:
    """Return the settings of a resource to create."""
    return {name: parsed(one.new) for name, one in item.changes.items()}


def _listed(action: str, group: Group, width: int) -> Iterator[str]:
    """Yield the resources with one action: with important settings one by one, the others by name."""
    word = f"{action} " if action == "adopt" else ""
    names: dict[str, list[str]] = {}
    said = (group.service("create"), group.task_definition("create"))
    for item in group.of(action):
        type_name, _, name = item.address.partition("/")
        if action == "create" and item not in said and (settings := matters(type_name, _new(item))):
            yield from wrapped(f"  {SYMBOLS[action]} {item.address}: {visible(settings)}", width, 6)
        elif type_name == "job_run":
            yield from thing(item)
        else:
            names.setdefault(type_name, []).append(name)
    single = [f"{type_name}/{some[0]}" for type_name, some in names.items() if len(some) == 1]
    several = [f"{type_name}/{', '.join(some)}" for type_name, some in names.items() if len(some) > 1]
    for text in [*several, *([", ".join(single)] if single else [])]:
        yield from wrapped(f"  {SYMBOLS[action]} {word}{text}", width, 6)


def briefly(group: Group, images: Images) -> Iterator[str]:
    """Yield the words for a group in the question of `up`."""
    task_definition = group.task_definition("change")
    found: list[Difference] = []
    if task_definition:
        found = [*differences(group.workload, task_definition.changes, images)]
        yield from (one.brief for one in found[:FEW])
        if more := len(found) - FEW if len(found) > FEW else 0:
            yield f"{more} more"
    others = [item for item in group.of("change") if item is not task_definition]
    if task_definition:
        others = [item for item in others if item is not group.service("change")]
    yield from (f"{item.address} changed" for item in others[:FEW])
    if len(others) > FEW:
        yield f"{len(others) - FEW} more changed"
    yield from _settings(group, images)
    counts = Counter(item.action for item in group.items if not item.bookkeeping)
    yield from (f"{counts[action]} {WORDS[action]}" for action in LISTED if counts[action])
