"""Copies a recorded stack to a temporary cloud, runs `up` or `down` there, and returns how that went."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ecs_emulator import control
from provisioner.config.facts import Facts
from provisioner.config.loader import suggestion
from provisioner.docker import engine
from provisioner.engine.errors import ConfigurationError, Interrupted, Protected, ProvisionError, SomeFailed
from provisioner.engine.events import Event
from provisioner.engine.planning import removal
from provisioner.engine.planning.actions import Planned
from provisioner.engine.planning.plan import plan
from provisioner.engine.planning.refusals import PlanRefused
from provisioner.engine.records.references import KnownResources
from provisioner.engine.words import count
from provisioner.operations.context import connection, embedded_cloud, graceful_stop, regions, signals
from provisioner.operations.planning import declaration
from provisioner.operations.prerequisites import ami, preflight
from provisioner.operations.rehearsal import secrets, unmanaged
from provisioner.operations.rehearsal.outage import PredictedOutage
from provisioner.operations.rehearsal.redeclaration import declarations
from provisioner.operations.rehearsal.temporary_cloud import TemporaryCloud, raise_interruption, temporary_cloud
from provisioner.operations.rehearsal.variables import with_values
from provisioner.operations.runs import apply, destroy
from provisioner.operations.runs.summary import Summary
from provisioner.resources.ecr.copied_images import CopiedImage
from provisioner.resources.ecr.images import Image
from provisioner.state.counted import counted
from provisioner.steps.stack import Stack

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.engine.timeline import Segment
    from provisioner.operations.context.options import Options, Report
    from provisioner.state.model import State
    from provisioner.state.store import Store

QUIET_SECONDS = 4000.0
"""Seconds between the copying and the run: no instance is too many by then, and ECS shows no stopped tasks."""
COPYING = "times:0.01"
"""How long AWS takes for the copy, which says nothing of the run: waiting takes few reads then."""
AFTERWARDS = 600.0
"""Seconds after the run in which a service may come up again."""
IMAGES = (Image.type_name, CopiedImage.type_name)


@dataclass(frozen=True)
class RehearsalOptions:
    """What is to be rehearsed: `up` or `down`, with these options of theirs.

    Attributes:
        fails: the services, sidecars of services, and jobs that run before them, whose new containers exit at once.
    """

    command: str = "up"
    target_step: str | None = None
    unprotect: bool = False
    new_ami: bool = False
    delete: Sequence[str] = ()
    fails: tuple[str, ...] = ()


@dataclass(frozen=True)
class RehearsedRun:
    """One run on a copy.

    Attributes:
        durations: how long AWS's operations took: `typical`, `fast`, `slow` or `seed:NUMBER`.
        seconds: how long the run took, on AWS's clock.
        counts: the number of resources by result.
        problems: what failed or was refused; it passes if there is none.
        refused: whether nothing was written because the plan holds what cannot be done.
        outages: the services that were up before and were down meanwhile.
        calls, writes: how many calls the run made, and how many of them change something.
    """

    durations: str
    seconds: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
    path: Sequence[Segment] = ()
    problems: Sequence[str] = ()
    refused: bool = False
    outages: Sequence[PredictedOutage] = ()
    calls: int = 0
    writes: int = 0

    @property
    def passes(self) -> bool:
        """Whether all goes well."""
        return not self.problems


@dataclass(frozen=True)
class Rehearsal:
    """The result of a rehearsal.

    Attributes:
        resources: how many were copied.
        planned: what `up` would do, in declared order.
        notes: what was assumed, left out, or came out differently.
        runs: with each choice of durations, the one that was asked for first.
    """

    request: RehearsalOptions
    stack: str
    resources: int
    planned: Sequence[Planned]
    notes: Sequence[str]
    runs: Sequence[RehearsedRun]

    @property
    def exit_code(self) -> int:
        """0 if it passes, however long AWS takes, and 1 if not."""
        return int(not all(run.passes for run in self.runs))


def check(request: RehearsalOptions, config: Config, state: State) -> None:
    """Refuse what cannot be rehearsed.

    Raises:
        ConfigurationError: there is no such step or service, an option is of the other command, or there is nothing
            to take down.
    """
    if request.new_ami and request.command == "down":
        raise ConfigurationError("--new-ami is an option of `up`, not of `down`")
    if request.delete and request.command == "down":
        raise ConfigurationError("--delete is an option of `up`; `down` deletes everything")
    if request.command == "up":
        declaration.removal(request.delete, request.unprotect, request.target_step)
    if request.fails and request.command == "down":
        raise ConfigurationError("--fails is about the new tasks of an `up`, and `down` starts none")
    for name in request.fails:
        of_services = {one for one in config.containers if one.partition(".")[0] in config.services}
        tried = {*of_services, *(job for job, one in config.jobs.items() if one.before_deploy)}
        if name in config.jobs and name not in tried:
            raise ConfigurationError(f"--fails {name}: `up` does not run that job: it has no before_deploy = true")
        if name not in tried:
            raise ConfigurationError(f"--fails {name}: there is no such service{suggestion(name, tried)}")
    declaration.check_new_ami(config, request.target_step, new_ami=request.new_ami)
    declaration.check_target(request.target_step, state.records.values() if request.command == "down" else ())
    if request.command == "down" and not state.records:
        raise ConfigurationError(f"{config.name} has no resources, so there is no `down` to rehearse")


@embedded_cloud.used()
def rehearse(
    options: Options, config: Config, state: State, request: RehearsalOptions, durations: Sequence[str], report: Report
) -> Rehearsal:
    """Run it once for each choice of durations, each time on a fresh cloud.

    Args:
        state: the stack's; it is only read.
        report: is told what is done.

    Raises:
        ConfigurationError: there are no such durations, no such step, or no such Region.
        ProvisionError: the cloud could not be started.
        Interrupted: the user asked to stop.
    """
    session = connection.local_session(config.region, "")
    regions.check_emulated(session, config.region, str(options.file))
    builds = config.target == "aws" or engine.named()
    report("starting an embedded cloud for the rehearsal")
    temporary = temporary_cloud(options, config, state.account)
    rehearsals = [_once(temporary.emptied(), config, state, request, choice, builds, report) for choice in durations]
    return replace(rehearsals[0], runs=[run for one in rehearsals for run in one.runs])


def _once(
    temporary: TemporaryCloud,
    config: Config,
    state: State,
    request: RehearsalOptions,
    durations: str,
    builds: bool,
    report: Report,
) -> Rehearsal:
    # refused at once if there is no such choice
    control.pass_time(temporary.cloud, 0, durations)
    copy = _Copy(temporary, config, state, builds, report)
    copy.create()
    if request.new_ami:
        copy.release_ami()
    # what is looked at again and again is so as seldom as on AWS, from now on
    control.pass_time(temporary.cloud, 0, "typical")
    control.pass_time(temporary.cloud, QUIET_SECONDS, durations)
    planned = copy.plan(request)
    run = copy.run(request, durations)
    if any(one.action != "none" and one.address.partition("/")[0] in IMAGES for one in planned):
        copy.notes.append("assumed: images are built, copied and pushed in no time")
    notes = list(dict.fromkeys(copy.notes))
    return Rehearsal(request, config.name, len(copy.declared), planned, notes, [run])


class _Copy:
    """A copy of a stack, and what is run on it.

    Args:
        config: the user's, of which the temporary cloud has its own form.
        builds: whether images are built and pushed where it counts.
    """

    def __init__(self, temporary: TemporaryCloud, config: Config, state: State, builds: bool, report: Report) -> None:
        self.temporary, self.config, self.state = temporary, config, state
        self.builds, self.report = builds, report
        self.notes: list[str] = []
        self.whole = True
        restored, assumed = with_values(state.records, config)
        restored |= unmanaged.in_own_groups(state.records)
        self.declared, left_out = declarations(state.records, restored)
        self.notes += [f"assumed: {text}" for text in assumed]
        self.notes += [f"not copied: {address} {why}" for address, why in left_out.items()]

    def create(self) -> None:
        """Create what is recorded; note what comes out differently."""
        self._approve()
        referred_to, assumed = unmanaged.resources(self.state.records, self.config)
        control.put_unmanaged(self.temporary.cloud, referred_to)
        self.notes += [f"assumed: {text}" for text in assumed]
        if not self.declared:
            return
        self.report(f"copying the stack from its state: {count(counted(self.declared), 'resource')}")
        control.pass_time(self.temporary.cloud, 0, COPYING)
        with self.temporary.connected() as aws, self.temporary.state(aws, "rehearse") as store:
            facts = _bare_facts(aws, self.state)
            stack = Stack(self.temporary.config, facts, declared=self.declared)
            outcome = self._execute(aws, lambda emit: apply.up(aws, store, stack, emit))
            self.notes += [f"not copied: {text}" for text in problems(outcome.error)]
            self.whole = not outcome.error

    def release_ami(self) -> None:
        """Have a newer AMI be recommended than any that the stack may have."""
        control.release(self.temporary.cloud, self.config.region)
        self.notes.append("assumed: AWS recommends a newer AMI than the stack has")

    def plan(self, request: RehearsalOptions) -> list[Planned]:
        """Note how the copy differs, and return what `up` would do; nothing if that cannot be told: the run tells."""
        with self.temporary.connected() as aws, self.temporary.state(aws, "rehearse") as store:
            reading, records = replace(aws.reading(), new_ami=request.new_ami), store.records
            try:
                stack = self._declared(reading, store, request) if request.command == "up" else None
                # all is read once, for both
                wanted = {**self.declared, **(stack.declared if stack else {})}
                reading = reading.knowing(KnownResources(records, wanted))
                self._compare(plan(reading, records, self.declared, ()))
                return (
                    plan(
                        reading,
                        records,
                        *declaration.scope(records, stack, request.target_step),
                        limited=request.target_step is not None,
                    )
                    if stack
                    else []
                )
            except Interrupted:
                raise
            except ProvisionError:
                return []

    def _compare(self, planned: Sequence[Planned]) -> None:
        differing = [one for one in planned if one.action != "none"] if self.whole else []
        self.notes += [f"the copy differs: {_difference(one)}" for one in differing]

    def run(self, request: RehearsalOptions, durations: str) -> RehearsedRun:
        """Run the command, and watch the services meanwhile."""
        self.report(f"rehearsing {request.command} with {durations} durations")
        paths = {name: service.health.path for name, service in self.config.services.items() if service.public}
        control.watch(self.temporary.cloud, paths)
        if request.fails:
            control.exit_at_once(self.temporary.cloud, request.fails)
        before = len(control.calls(self.temporary.cloud))
        with self.temporary.connected() as aws:
            try:
                with self.temporary.state(aws, request.command) as store:
                    outcome = self._command(aws, store, request)
            except Interrupted:
                raise
            except ProvisionError as error:
                return RehearsedRun(durations, problems=problems(error), refused=True)
            started = aws.pace.now() - outcome.seconds
            calls = control.calls(self.temporary.cloud)[before:]
        control.pass_time(self.temporary.cloud, AFTERWARDS, durations)
        return RehearsedRun(
            durations,
            outcome.seconds,
            outcome.counts,
            outcome.path,
            [*problems(outcome.error), *(f"not deleted: {left.type_name} {left.id}" for left in outcome.leftovers)],
            isinstance(outcome.error, (PlanRefused, Protected)),
            self._outages(started, request.command),
            len(calls),
            sum(call["write"] for call in calls),
        )

    def _approve(self) -> None:
        """Let deployments that would wait for a person go on at once, from now on."""
        control.approve_all(self.temporary.cloud)
        if any(service.deployment.pause_at for service in self.config.services.values()):
            self.notes.append("assumed: whoever is asked to approve a deployment does so at once")

    def _command(self, aws: Aws, store: Store, request: RehearsalOptions) -> Summary:
        if request.command == "down":
            return self._execute(
                aws, lambda emit: destroy.down(aws, store, emit, request.target_step, unprotect=request.unprotect)
            )
        aws = replace(aws, new_ami=request.new_ami)
        stack = self._declared(aws, store, request)
        self.notes += stack.notices
        return self._execute(aws, lambda emit: apply.up(aws, store, stack, emit, request.target_step))

    def _execute(self, aws: Aws, command: Callable[[Callable[[Event], None]], Summary]) -> Summary:
        with graceful_stop.interruptible(aws.pace, lambda event: None):
            outcome = command(lambda event: None)
        raise_interruption(outcome.error)
        return outcome

    def _declared(self, aws: Aws, store: Store, request: RehearsalOptions) -> Stack:
        """Return what the configuration declares, with the facts as they are where it counts."""
        config = self.temporary.config
        with signals.at_once():
            facts = preflight.gather(aws, config, self.temporary.options.file, store.records.values())
            if self.config.target == "aws":
                facts = replace(facts, allow=preflight.allowed(self.config))
        facts = secrets.as_recorded(facts, store.records, config)
        if any(facts.secrets):
            self.notes.append(f"assumed: {secrets.UNCHANGED}")
        if self.builds:
            facts = replace(facts, engine=True, local=self.config.target == "local")
        stack = declaration.declare(config, facts)
        stack.removal = declaration.removal(request.delete, request.unprotect, request.target_step)
        stack.notices += removal.check(store.records, stack.declared, stack.removal)
        return stack

    def _outages(self, started: float, command: str) -> list[PredictedOutage]:
        """Return what was down; that an `up` stops and deletes what is no longer declared is no outage."""
        found = control.outages(self.temporary.cloud)
        found = [one for one in found if command == "down" or not one["removed"]]
        return [
            PredictedOutage(
                one["service"],
                round(one["since"] - started, 2),
                None if one["until"] is None else round(one["until"] - started, 2),
                one["why"],
                one["url"],
            )
            for one in found
        ]


def problems(error: ProvisionError | None) -> list[str]:
    """Return what ended a run badly, one text for each cause; nothing if it ended well."""
    if error is None:
        return []
    if isinstance(error, PlanRefused):
        return [reason.text for reason in error.reasons]
    if isinstance(error, SomeFailed):
        return [f"{address}: {failure}" for address, failure in error.failures.items()]
    return [str(error)]


def _difference(one: Planned) -> str:
    if one.action == "refused":
        return f"{one.address}: {one.why}"
    what = f" ({', '.join(one.changes)})" if one.changes and one.action == "change" else ""
    return f"{one.address} would be {'adopted' if one.action == 'adopt' else f'{one.action}d'}{what}"


def _bare_facts(aws: Aws, state: State) -> Facts:
    """Return facts for a stack of which everything is declared already."""
    image = ami.recorded(state.records.values()) or ""
    return Facts(aws.account, aws.partition, aws.region, (), image, None, (), engine=False, local=True)
