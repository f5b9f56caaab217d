"""Copies a recorded stack to a cloud of its own, plays `up` or `down` there, and tells what that would be on AWS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from provisioner.config.facts import Facts
from provisioner.docker import engine
from provisioner.emulator import control
from provisioner.engine.errors import ConfigurationError, Interrupted, Protected, ProvisionError, SomeFailed
from provisioner.engine.events import Event
from provisioner.engine.planned import Planned
from provisioner.engine.refused import PlanRefused
from provisioner.operations import ami, apply, context, declaring, destroy, planning, preflight, signals, stores
from provisioner.operations.rehearsal import beside
from provisioner.operations.rehearsal.declarations import declarations
from provisioner.operations.rehearsal.stage import Stage, stage, unless_interrupted
from provisioner.operations.summary import Summary
from provisioner.resources.copied_images import CopiedImage
from provisioner.resources.images import Image
from steps.stack import Stack

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.engine.timeline import Segment
    from provisioner.operations.options import Options
    from state.model import State
    from state.store import Store

SETTLED = 4000.0
"""Seconds between the copying and what is played: no instance is too many by then, and ECS shows no stopped tasks."""
HASTE = "times:0.1"
"""How long AWS takes for the copy, which says nothing of what is played on it: what is waited for takes few looks."""
AFTERWARDS = 600.0
"""Seconds after what is played in which a service may come up again."""
IMAGES = (Image.type_name, CopiedImage.type_name)
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Wish:
    """What is to be rehearsed: `up` or `down`, with these options of theirs."""

    command: str = "up"
    target_step: str | None = None
    unprotect: bool = False
    new_ami: bool = False


@dataclass(frozen=True)
class Outage:
    """A service is down: seconds since the run's start (`until` is None if it is for good), and how it began.

    With a `name`: only that name does not lead there any more.
    """

    service: str
    since: float
    until: float | None
    why: str
    name: str = ""


@dataclass(frozen=True)
class Played:
    """One performance.

    Attributes:
        durations: how long AWS's operations took: `typical`, `fast`, `slow` or `seed:NUMBER`.
        seconds: how long the run took, on AWS's clock.
        counts: the number of resources by result.
        troubles: what failed or was refused; it passes if there is none.
        refused: whether nothing was written because the plan holds what cannot be done.
        outages: the services that were up before and were down meanwhile.
        calls, writes: how many calls the run made, and how many of them change something.
    """

    durations: str
    seconds: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
    path: Sequence[Segment] = ()
    troubles: Sequence[str] = ()
    refused: bool = False
    outages: Sequence[Outage] = ()
    calls: int = 0
    writes: int = 0

    @property
    def passes(self) -> bool:
        """Whether all goes well."""
        return not self.troubles


@dataclass(frozen=True)
class Rehearsal:
    """What a rehearsal tells.

    Attributes:
        resources: how many resources were copied.
        planned: what `up` would do, in declared order.
        notes: what was assumed, left out, or came out differently.
        plays: the performances, the one that was asked for first.
    """

    wish: Wish
    stack: str
    resources: int
    planned: Sequence[Planned]
    notes: Sequence[str]
    plays: Sequence[Played]

    @property
    def exit_code(self) -> int:
        """0 if it passes, however long AWS takes, and 1 if not."""
        return int(not all(play.passes for play in self.plays))


def check(wish: Wish, config: Config, state: State) -> None:
    """Refuse what cannot be rehearsed.

    Raises:
        ConfigurationError: there is no such step, an option is of the other command, or there is nothing to take down.
    """
    if wish.new_ami and wish.command == "down":
        raise ConfigurationError("--new-ami is an option of `up`, not of `down`")
    if wish.unprotect and wish.command == "up":
        raise ConfigurationError("--unprotect is an option of `down`, not of `up`")
    declaring.check_new_ami(config, wish.target_step, asked=wish.new_ami)
    declaring.check_target(wish.target_step, state.records.values() if wish.command == "down" else ())
    if wish.command == "down" and not state.records:
        raise ConfigurationError(f"{config.name} has no resources, so there is no `down` to rehearse")


def rehearse(
    options: Options, config: Config, state: State, wish: Wish, durations: Sequence[str], tell: Tell
) -> Rehearsal:
    """Play it once for each choice of durations, each time on a fresh cloud.

    Args:
        state: the stack's; it is only read.
        tell: is told what is done.

    Raises:
        ConfigurationError: there are no such durations, or no such step.
        CloudError: the cloud could not be started.
        Interrupted: the user asked to stop.
    """
    rehearsals = [_once(options, config, state, wish, choice, tell) for choice in durations]
    plays = [play for one in rehearsals for play in one.plays]
    return replace(rehearsals[0], plays=plays)


def _once(options: Options, config: Config, state: State, wish: Wish, durations: str, tell: Tell) -> Rehearsal:
    builds = config.target == "aws" or engine.named()
    tell("starting an embedded cloud for the rehearsal")
    with stage(options, config, state.account) as on:
        # refused at once if there is no such choice
        control.pass_time(on.cloud, 0, durations)
        performance = _Performance(on, config, state, builds, tell)
        performance.copy()
        if wish.new_ami:
            performance.release()
        control.pass_time(on.cloud, SETTLED, durations)
        planned = performance.plan(wish) if wish.command == "up" else []
        played = performance.play(wish, durations)
    if any(one.action != "none" and one.address.partition("/")[0] in IMAGES for one in planned):
        performance.notes.append("assumed: images are built, copied and pushed in no time")
    notes = list(dict.fromkeys(performance.notes))
    return Rehearsal(wish, config.name, len(performance.declared), planned, notes, [played])


class _Performance:
    """One copy of a stack, and what is played on it.

    Args:
        config: the user's, of which the stage has its own form.
        builds: whether images are built and pushed where it counts.
    """

    def __init__(self, on: Stage, config: Config, state: State, builds: bool, tell: Tell) -> None:
        self.on, self.config, self.state, self.builds, self.tell = on, config, state, builds, tell
        self.notes: list[str] = []
        self.declared, left_out = declarations(state.records)
        self.notes += [f"not copied: {address} {why}" for address, why in left_out.items()]

    # -- the stack as it is ----------------------------------------------------------------------------------------

    def copy(self) -> None:
        """Build what is recorded; note what comes out differently."""
        things, assumed = beside.resources(self.state.records, self.config)
        control.put_foreign(self.on.cloud, things)
        self.notes += [f"assumed: {text}" for text in assumed]
        if not self.declared:
            return
        self.tell(f"copying the stack from its state: {len(self.declared)} resources")
        control.pass_time(self.on.cloud, 0, HASTE)
        with self.on.connected() as aws, stores.open_store(self.on.options, self.on.config, aws, "rehearse") as store:
            facts = _bare_facts(aws, self.state)
            stack = Stack(self.on.config, facts, declared=self.declared)
            outcome = self._run(aws, lambda emit: apply.up(aws, store, stack, emit))
            self.notes += [f"not copied: {text}" for text in troubles(outcome.error)]
            aws.drop_reads()
            differing = [one for one in planning.show_plan(aws, store.records, stack) if one.action != "none"]
            self.notes += [f"the copy differs: {_told(one)}" for one in differing if not outcome.error]

    def release(self) -> None:
        """Have a newer AMI be recommended than any that the stack may have."""
        control.release(self.on.cloud, self.config.region)
        self.notes.append("assumed: AWS recommends a newer AMI than the stack has")

    # -- what is to come -------------------------------------------------------------------------------------------

    def plan(self, wish: Wish) -> list[Planned]:
        """Return what `up` would do; nothing if that cannot be told, as the performance then tells."""
        with self.on.connected() as aws, stores.open_store(self.on.options, self.on.config, aws, "rehearse") as store:
            aws.read_only, aws.new_ami = True, wish.new_ami
            try:
                return planning.show_plan(aws, store.records, self._declared(aws, store), wish.target_step)
            except Interrupted:
                raise
            except ProvisionError:
                return []

    def play(self, wish: Wish, durations: str) -> Played:
        """Run the command, and watch the services meanwhile."""
        self.tell(f"rehearsing {wish.command} with {durations} durations")
        control.watch(self.on.cloud)
        with self.on.connected() as aws:
            try:
                with stores.open_store(self.on.options, self.on.config, aws, wish.command) as store:
                    outcome = self._command(aws, store, wish)
            except Interrupted:
                raise
            except ProvisionError as error:
                return Played(durations, troubles=troubles(error), refused=True)
            started = aws.pace.now() - outcome.seconds
            calls = list(aws.calls)
        control.pass_time(self.on.cloud, AFTERWARDS, durations)
        return Played(
            durations,
            outcome.seconds,
            outcome.counts,
            outcome.path,
            [*troubles(outcome.error), *(f"not deleted: {left.type_name} {left.id}" for left in outcome.leftovers)],
            isinstance(outcome.error, (PlanRefused, Protected)),
            self._outages(started),
            len(calls),
            sum(not call.read for call in calls),
        )

    def _command(self, aws: Aws, store: Store, wish: Wish) -> Summary:
        if wish.command == "down":
            return self._run(
                aws, lambda emit: destroy.down(aws, store, emit, wish.target_step, unprotect=wish.unprotect)
            )
        aws.new_ami = wish.new_ami
        stack = self._declared(aws, store)
        self.notes += stack.notices
        return self._run(aws, lambda emit: apply.up(aws, store, stack, emit, wish.target_step))

    def _run(self, aws: Aws, run: Callable[[Callable[[Event], None]], Summary]) -> Summary:
        with context.interruptible(aws.pace, lambda event: None):
            outcome = run(lambda event: None)
        unless_interrupted(outcome.error)
        return outcome

    def _declared(self, aws: Aws, store: Store) -> Stack:
        """Return what the configuration declares, with the facts as they are where it counts."""
        config = self.on.config
        with signals.at_once():
            facts = preflight.gather(aws, config, self.on.options.file, store.records.values())
            if self.config.target == "aws":
                facts = replace(facts, allow=preflight.allowed(self.config))
        if self.builds:
            facts = replace(facts, engine=True, local=self.config.target == "local")
        return declaring.declare(config, facts)

    def _outages(self, started: float) -> list[Outage]:
        found = control.outages(self.on.cloud)
        return [
            Outage(
                one["service"],
                round(one["since"] - started, 2),
                None if one["until"] is None else round(one["until"] - started, 2),
                one["why"],
                one["name"],
            )
            for one in found
        ]


def troubles(error: ProvisionError | None) -> list[str]:
    """Return what ended a run badly, one text for each cause; nothing if it ended well."""
    if error is None:
        return []
    if isinstance(error, PlanRefused):
        return [reason.text for reason in error.reasons]
    if isinstance(error, SomeFailed):
        return [f"{address}: {failure}" for address, failure in error.failures.items()]
    return [str(error)]


def _told(one: Planned) -> str:
    what = f" ({', '.join(one.changes)})" if one.changes and one.action == "change" else ""
    return f"{one.address} would be {one.action}d{what}" if one.action.endswith("e") else f"{one.address}: {one.why}"


def _bare_facts(aws: Aws, state: State) -> Facts:
    """Return facts for a stack of which everything is declared already."""
    image = ami.recorded(state.records.values()) or ""
    return Facts(aws.account, aws.partition, aws.region, (), image, None, (), engine=False, local=True)
