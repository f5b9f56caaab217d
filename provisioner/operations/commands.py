"""What `up`, `plan` and `down` do, from the configuration to the end: the command line and programs call the same.

What is to be shown and agreed to goes to a `Viewer`. The command line's writes to the terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from provisioner.config.builds import check_contexts
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.events import RunCost
from provisioner.engine.kept import Removal, check
from provisioner.engine.losses import Loss
from provisioner.operations import (
    apply,
    configuration,
    connecting,
    costs,
    declaring,
    destroy,
    expiry,
    giving_back,
    handover,
    losing,
    planning,
    secrets,
    signals,
    stacks,
    stopping,
    stores,
)
from provisioner.operations.doctor import beforehand
from provisioner.operations.proposal import Proposal, begun, proposed
from provisioner.operations.sizing import schedule, sizes

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.cost.estimate import Estimate
    from provisioner.engine.events import Emit
    from provisioner.engine.planned import Planned
    from provisioner.operations.costs import SoFar
    from provisioner.operations.options import Options
    from provisioner.operations.summary import Summary
    from provisioner.state.model import Record, State
    from provisioner.steps.stack import Stack


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What `up` and `plan` are asked for, as their options say it.

    Attributes:
        target_step: the step to limit the run to.
        redeploy: go back to the declared task definition where somebody else deployed another.
        retry_failed: try again a task definition that ECS rolled back.
        new_ami: use the newest AMI.
        delete: addresses of what holds data, is no longer declared, and is to be deleted.
        unprotect: delete what is protected as well.
        skip_checks: names of checks before the first write, separated by commas.
        take_over: public names that another system has, and that are to lead to this stack.
        give_back: names that were taken over, and are to lead again where they did before. Nothing else is done then.
        expires: for how long the stack is wanted from now on, or `never`; None: as the state says.
    """

    target_step: str | None = None
    redeploy: bool = False
    retry_failed: bool = False
    new_ami: bool = False
    delete: Sequence[str] = ()
    unprotect: bool = False
    skip_checks: str | None = None
    take_over: Sequence[str] = ()
    give_back: Sequence[str] = ()
    expires: str | None = None

    def checked(self, config: Config) -> Removal:
        """Return what is let go; raises ConfigurationError where the options do not go together."""
        handover.check(self.take_over, self.give_back, self._others)
        declaring.check_target(self.target_step)
        removal = declaring.removal(self.delete, self.unprotect, self.target_step)
        declaring.check_new_ami(config, self.target_step, new_ami=self.new_ami)
        secrets.check_delete(config, removal.delete)
        if self.expires is not None and expiry.seconds(self.expires):
            expiry.check_unprotected(config, ())
        return removal

    def on(self, aws: Aws) -> Aws:
        """Return the way to AWS with what is asked for."""
        return replace(
            aws,
            redeploy=self.redeploy,
            retry_failed=self.retry_failed,
            new_ami=self.new_ami,
            take_over=handover.normal_names(self.take_over),
            give_back=handover.normal_names(self.give_back),
        )

    @property
    def name_words(self) -> list[str]:
        """The options of the command line that say which names move."""
        taken = [word for name in self.take_over for word in ("--take-over", name)]
        return taken + [word for name in self.give_back for word in ("--give-back", name)]

    @property
    def _others(self) -> list[str]:
        """The given options that `--give-back` has no use for."""
        given = {
            "--target-step": self.target_step,
            "--redeploy": self.redeploy,
            "--retry-failed": self.retry_failed,
            "--new-ami": self.new_ami,
            "--delete": self.delete,
            "--unprotect": self.unprotect,
            "--expires": self.expires,
        }
        return [option for option, value in given.items() if value]


@dataclass(frozen=True)
class Teardown:
    """What `down` would do.

    Attributes:
        going: the records that go, by address.
        protected: the addresses of what is protected.
        lost: which data would be deleted.
        records: all that is recorded.
    """

    config: Config
    aws: Aws
    going: Mapping[str, Record]
    protected: Sequence[str] = ()
    lost: Sequence[Loss] = ()
    notes: Sequence[str] = ()
    records: Mapping[str, Record] = field(default_factory=dict)


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        cost: what the stack costs from now on; only of an `up` that went well.
        spent: what it has cost; only of a `down` that has deleted all of it.
        proposal: what it was to do; None of a run that has no plan, or of which it was refused.
    """

    config: Config
    aws: Aws
    outcome: Summary
    removal: Removal = field(default_factory=Removal)
    cost: Estimate | None = None
    spent: SoFar | None = None
    proposal: Proposal | None = None


class Viewer(Protocol):
    """Is shown what happens, and agrees to it."""

    def agree(self, proposal: Proposal) -> None:
        """Return if `up` on AWS may do this; raise `Cancelled` otherwise. Called only where `--yes` was not given."""

    def agree_to_delete(self, teardown: Teardown) -> None:
        """Return if `down` may do this; raise `Cancelled` otherwise."""

    def watching(self, clock: Callable[[], float]) -> AbstractContextManager[Emit]:
        """Return a context that is entered with what takes the run's events; `clock` is the run's."""

    def ended(self, ended: Ended) -> None:
        """Take note of how a run ended, while it is watched still and before the state is closed."""


class Reviewed(Protocol):
    """A plan that was made and reviewed before."""

    def check_place(self, config: Config, aws: Aws) -> None:
        """Raise ProvisionError if it is a plan of another stack, account or Region."""

    def check_same(
        self, config: Config, aws: Aws, stack: Stack, records: Mapping[str, Record], planned: Sequence[Planned]
    ) -> None:
        """Raise ProvisionError, with what has changed since, if it is not what would be done now."""


def up(options: Options, wanted: Wanted, viewer: Viewer, reviewed: Reviewed | None = None) -> Ended:
    """Create or change the stack.

    Args:
        reviewed: the plan that is to be done and nothing else; nobody is asked again.

    Raises:
        ProvisionError: nothing was begun; what goes wrong later is in the outcome.
    """
    config = configuration.load(options, declares=True)
    removal = wanted.checked(config)
    check_contexts(config, options.file)
    skip = beforehand.skipped(wanted.skip_checks)
    aws = wanted.on(connecting.connect(options, config))
    if reviewed:
        reviewed.check_place(config, aws)
    if wanted.give_back:
        return _give_back(options, config, aws, viewer)
    with stores.open_store(options, config, aws, "up") as store:
        sizes.check_awake(store.records, schedule.asleep_until(config, aws, store.records))
        stack = _declared(options, config, aws, store.records, wanted, removal)
        stack.notices[:0] = stacks.beside(options, config, store.records)
        if not wanted.target_step:
            stack.notices += losing.note(store.records, stack, options.command_line)
        planned = None
        if config.target == "aws":
            with signals.at_once():
                beforehand.check(aws, stack, options.file, store.records, wanted.target_step, skip)
            if not options.yes and not reviewed:
                planned = _agreed(options, config, aws, stack, store.state, wanted.target_step, viewer)
        if reviewed:
            with signals.at_once():
                planned = planning.show_plan(aws, store.records, stack, wanted.target_step)
            reviewed.check_same(config, aws, stack, store.records, planned)
            aws.drop_reads()

        proposals = list[Proposal]()

        with watched(aws, viewer) as emit:

            def check(planned: Sequence[Planned]) -> None:
                proposal = begun(options, config, aws, stack, store.state, planned, wanted.target_step)
                proposals.append(proposal)
                costs.check_budget(config, proposal.cost)
                if proposal.cost and proposal.cost.after.known:
                    after = proposal.cost.after
                    emit(RunCost(after.sums.usual, not after.missing))

            keep = partial(expiry.keep, store, stack.facts.expires)
            outcome = apply.up(aws, store, stack, emit, wanted.target_step, planned, keep, check)
            cost = costs.of_records(store.records, aws.region, options.directory) if outcome.ok else None
            ended = Ended(config, aws, outcome, removal, cost, proposal=next(iter(proposals), None))
            viewer.ended(ended)
    return ended


def _declared(
    options: Options, config: Config, aws: Aws, records: Mapping[str, Record], wanted: Wanted, removal: Removal
) -> Stack:
    """Return the stack as it is declared, with notices of what is let go and of names that move.

    Raises:
        ProvisionError: it cannot be declared, or what is wanted does not go with it.
    """
    now = aws.pace.time()
    until = expiry.wanted(records, wanted.expires, now)
    if wanted.expires is not None and until is not None:
        with signals.at_once():
            expiry.check_unprotected(config, destroy.protected(aws, records, records))
    stack = declaring.declared(options, config, aws, expiry.dated(records, until))
    stack.notices += expiry.changed(records, until, wanted.expires, now)
    stack.removal = removal
    stack.notices += check(records, stack.declared, removal)
    with signals.at_once():
        stack.notices += handover.check_taken(aws, records, stack, wanted.target_step)
    _, orphaned = declaring.scope(records, stack, wanted.target_step)
    stack.notices += handover.put_back({address: records[address] for address in orphaned})
    return stack


def _give_back(options: Options, config: Config, aws: Aws, viewer: Viewer) -> Ended:
    """Give names back, whatever else is declared: nothing that may be broken here must hold it up."""
    with stores.open_store(options, config, aws, "up") as store:
        declared = giving_back.returning(store.records, aws.give_back)
        planned = None
        if config.target == "aws" and not options.yes:
            with signals.at_once():
                planned = giving_back.plan_return(aws, store.records, declared)
            viewer.agree(Proposal(config, aws, planned, [], [], store.records, Removal()))
            aws.drop_reads()  # the user may have taken long to agree
        with watched(aws, viewer) as emit:
            outcome = giving_back.give_back(aws, store, declared, emit, planned)
            ended = Ended(config, aws, outcome)
            viewer.ended(ended)
    return ended


def _agreed(
    options: Options,
    config: Config,
    aws: Aws,
    stack: Stack,
    state: State,
    target_step: str | None,
    viewer: Viewer,
) -> Sequence[Planned]:
    """Return the plan that the viewer has agreed to; what was read for it is forgotten."""
    with signals.at_once():
        planned = planning.show_plan(aws, state.records, stack, target_step)
        proposal = proposed(options, config, aws, stack, state, planned, target_step)
    viewer.agree(proposal)
    aws.drop_reads()  # the user may have taken long to agree
    return planned


def plan(options: Options, wanted: Wanted) -> Proposal:
    """Return what `up` would do. Only reads are made.

    Raises:
        ProvisionError: that cannot be told.
    """
    config = configuration.load(options, declares=True)
    removal = wanted.checked(config)
    check_contexts(config, options.file)
    aws = wanted.on(connecting.connect(options, config).reading())
    state = stores.recorded(options, config, aws)
    state.guard(config.name, aws.account, aws.region)
    if wanted.give_back:
        declared = giving_back.returning(state.records, aws.give_back)
        planned = giving_back.plan_return(aws, state.records, declared)
        return Proposal(config, aws, planned, [], [], state.records, removal)
    stack = _declared(options, config, aws, state.records, wanted, removal)
    planned = planning.show_plan(aws, state.records, stack, wanted.target_step)
    proposal = proposed(options, config, aws, stack, state, planned, wanted.target_step)
    beside = stacks.beside(options, config, state.records)
    kept = losing.note(state.records, stack, options.command_line) if proposal.kept else []
    return replace(proposal, notes=[*beside, *proposal.notes, *kept])


def down(
    options: Options,
    viewer: Viewer,
    target_step: str | None = None,
    *,
    unprotect: bool = False,
    delete_secrets: bool = False,
    expired: bool = False,
) -> Ended:
    """Delete what is recorded, or only a step with its dependents.

    Args:
        delete_secrets: delete the secrets that users have set as well.
        expired: only if the time until which the stack is wanted is over.

    Raises:
        NotExpired: it is not, though it was to be.
        ProvisionError: nothing was begun; what goes wrong later is in the outcome.
    """
    if target_step and delete_secrets:
        raise ConfigurationError("--delete-secrets: with --target-step none is deleted: leave one of the two out")
    config = configuration.load(options)
    if target_step and not config.state.bucket:
        # before anything is started; what is in a bucket can be read only afterwards
        declaring.check_target(target_step, stores.as_written(options, config).records.values())
    aws = connecting.connect(options, config)
    with stores.open_store(options, config, aws, "down") as store:
        if expired:
            # somebody may have extended it since it was listed
            expiry.check_over(store.records, aws.pace.time())
        declaring.check_target(target_step, store.records.values())
        going = destroy.removal(store.records, target_step)
        with signals.at_once():
            if not unprotect:
                words = ["--target-step", target_step] if target_step else []
                command = options.command_line("down", *words, "--unprotect")
                destroy.check_protection(aws, store.records, going, command)
            protected = destroy.protected(aws, store.records, going)
            lost = losing.lost_of(aws, going.values(), store.records, amounts=not options.yes)
            if delete_secrets and (found := secrets.kept(aws)):
                lost.append(Loss("the secrets that were set", found))
        notes = handover.put_back(going) if going else stacks.beside(options, config, store.records)
        records = dict(store.records)
        viewer.agree_to_delete(Teardown(config, aws, going, protected, lost, notes, records))
        aws.drop_reads()  # the user may have taken long to agree
        with watched(aws, viewer) as emit:
            outcome = destroy.down(aws, store, emit, target_step, unprotect=unprotect, delete_secrets=delete_secrets)
            spent = None
            if outcome.ok and not target_step:
                # prices that cannot be read do not make a teardown fail
                with suppress(ConfigurationError):
                    spent = costs.so_far(records, aws.region, options.directory, aws.pace.time())
            ended = Ended(config, aws, outcome, spent=spent)
            viewer.ended(ended)
    return ended


@contextmanager
def watched(aws: Aws, viewer: Viewer) -> Iterator[Emit]:
    """Show the events of a run while the context lasts; the first signal ends it in good order."""
    with viewer.watching(aws.pace.now) as emit, stopping.interruptible(aws.pace, emit):
        yield emit
