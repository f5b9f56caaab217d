"""A plan as its reviewer reads it: by service and job, then by step, with what matters of each."""

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
"""What of a service or a step is told in lists, after what changes."""
FEW = 6
"""Differences of one service that the question of `up` names."""


@dataclass(frozen=True)
class Around:
    """What a plan does not say itself.

    Attributes:
        workloads: all services and jobs, in the order in which they are shown.
        images: what their images are called.
        kept: how many resources are no longer declared and stay, since they hold data.
        width: the columns that lists are folded to.
    """

    workloads: Mapping[str, Kind] = field(default_factory=dict)
    images: Images = field(default_factory=Images)
    kept: int = 0
    width: int = 80

    @classmethod
    def of(cls, proposal: Proposal, width: int) -> Around:
        """Return what a proposal says beside its plan."""
        config, records = proposal.config, proposal.records
        images = Images.of(config, proposal.planned, records)
        return cls(workloads(config, records), images, len(proposal.kept), width)


@dataclass(frozen=True)
class Group:
    """What a plan does to one service or job, or to what one step declares for all."""

    title: str
    workload: str
    items: Sequence[Planned]

    @property
    def counts(self) -> str:
        """How many resources are to be created, changed and so on."""
        return totals(self.items) or "what AWS created by itself"

    def of(self, action: str) -> list[Planned]:
        """The resources with one action."""
        return [item for item in self.items if item.action == action]

    @property
    def changed(self) -> list[Planned]:
        """The resources that change: what tasks run, the service, and the others."""
        own = [self.task_definition("change"), self.service("change")]
        return sorted(self.of("change"), key=lambda item: own.index(item) if item in own else len(own))

    def task_definition(self, action: str) -> Planned | None:
        """The task definition of the service or job, if that is what becomes of it."""
        return self._own("task_definition", action)

    def service(self, action: str) -> Planned | None:
        """The service itself, if that is what becomes of it."""
        return self._own("service", action)

    def _own(self, type_name: str, action: str) -> Planned | None:
        address = f"{type_name}/{self.workload}"
        return next((item for item in self.of(action) if item.address == address), None)


def groups(planned: Sequence[Planned], workloads: Mapping[str, Kind]) -> list[Group]:
    """Return what differs by service and job, and the rest by step, each resource in one group; nothing refused."""
    found: dict[str, list[Planned]] = {name: [] for name in workloads}
    steps: dict[str, list[Planned]] = {}
    for item in differing(planned):
        if item.action != "refused":
            name = workload_of(item.address, workloads)
            (found[name] if name else steps.setdefault(item.step or "(no step)", [])).append(item)
    own = [Group(f"{workloads[name]} {name}", name, items) for name, items in found.items() if items]
    return own + [Group(step, "", items) for step, items in steps.items()]


def lines(planned: Sequence[Planned], around: Around) -> list[str]:
    """Return the plan as lines, ending with the counts."""
    wanted = differing(planned)
    if not wanted:
        return [f"No changes: {count(unchanged(planned), 'resource')} as declared."]
    shown = [line for group in groups(planned, around.workloads) for line in of_group(group, around)]
    return [*shown, *refused(wanted), "", _sum(planned, around)]


def in_short(planned: Sequence[Planned], around: Around) -> list[str]:
    """Return the plan in a line for each service, job and step, ending with the counts: for the question of `up`."""
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
    """Return what a plan means beyond its resources: interruptions, data that goes, what it costs, how long it takes.

    Args:
        foreseen: what a rehearsal of it said, if there was one.
    """
    seconds = proposal.seconds if foreseen.seconds is None else foreseen.seconds
    refusing = any(item.action == "refused" for item in proposal.planned)
    takes = [f"Takes about {roughly(seconds)} on AWS."] if seconds and not refusing else []
    money = cost.of_plan(proposal.cost)
    return [*rehearsal.expected(foreseen), *summary.data_lost(proposal.lost), *money, *takes]


def refused(planned: Sequence[Planned]) -> list[str]:
    """Return what of a plan is refused, each with the reason."""
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
    """Yield a group's heading, what changes in it, and what comes and goes."""
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
    """Yield what changes of one resource; a task definition by what its containers run."""
    if item is group.task_definition("change"):
        for one in differences(group.workload, item.changes, around.images):
            yield f"  {one.sign} {visible(one.text)}"
    elif item is group.service("change") and group.task_definition("change"):
        rest = [line for line in fields(item) if not line.startswith("task_definition: ")]
        yield from [f"  {SYMBOLS['change']} {item.address}", *(f"      {line}" for line in rest)] if rest else []
    else:
        yield from thing(item, named="")


def _settings(group: Group, images: Images) -> Iterator[str]:
    """Yield what matters of a new service or job."""
    task_definition, service = group.task_definition("create"), group.service("create")
    if task_definition or service:
        words = made_of(group.workload, task_definition.changes, images) if task_definition else []
        number = tasks(_new(service)) if service else ""
        yield ", ".join(filter(None, (*words, number)))


def _new(item: Planned) -> dict[str, Any]:
    """Return the settings of a resource to create."""
    return {name: parsed(one.new) for name, one in item.changes.items()}


def _listed(action: str, group: Group, width: int) -> Iterator[str]:
    """Yield the resources with one action: those with settings that matter one by one, of the others the names."""
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
    """Yield what the question of `up` says of a group."""
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
