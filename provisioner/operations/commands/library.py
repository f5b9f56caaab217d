"""Offer `up`, `plan` and `down` to programs: the same as the commands, with events in place of a terminal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from provisioner.engine.errors import Cancelled
from provisioner.engine.events import Emit, Event, Notice
from provisioner.operations.commands.down import down as run_down
from provisioner.operations.commands.plan import plan as run_plan
from provisioner.operations.commands.request import UpOptions
from provisioner.operations.commands.up import up as run_up
from provisioner.operations.context.options import Options, Target
from provisioner.operations.planning.proposal import Proposal
from provisioner.operations.runs.summary import Summary
from provisioner.operations.runs.viewer import Ended, Teardown


def up(
    config: str | Path = "stack.toml",
    *,
    env: str | None = None,
    target: str | None = None,
    state_dir: str | Path | None = None,
    profile: str | None = None,
    emit: Emit = lambda event: None,
    agree: Callable[[Proposal], bool] | None = None,
    target_step: str | None = None,
    redeploy: bool = False,
    retry_failed: bool = False,
    new_ami: bool = False,
    delete: Sequence[str] = (),
    unprotect: bool = False,
    skip_checks: str | None = None,
    take_over: Sequence[str] = (),
    give_back: Sequence[str] = (),
    expires: str | None = None,
) -> Summary:
    """Create or change a stack, as `provision up --yes` does, and return how the run ended.

    Args:
        config, env, target, state_dir, profile: as the options of these names.
        emit: takes each event of the run, in whichever thread it happens, one at a time.
        agree: takes the plan on AWS before anything is written, and returns whether to go on; None: no question.
        target_step, redeploy, retry_failed, new_ami, delete, unprotect, skip_checks, take_over, give_back, expires: as
            the options of these names.

    Raises:
        ProvisionError: nothing was written. A later failure is the `error` of the summary.
    """
    wanted = UpOptions(
        target_step=target_step,
        redeploy=redeploy,
        retry_failed=retry_failed,
        new_ami=new_ami,
        delete=delete,
        unprotect=unprotect,
        skip_checks=skip_checks,
        take_over=take_over,
        give_back=give_back,
        expires=expires,
    )
    options = _options(config, env, target, state_dir, profile, emit, yes=agree is None)
    with options.ends:
        return run_up(options, wanted, _Program(emit, agree)).outcome


def plan(
    config: str | Path = "stack.toml",
    *,
    env: str | None = None,
    target: str | None = None,
    state_dir: str | Path | None = None,
    profile: str | None = None,
    emit: Emit = lambda event: None,
    target_step: str | None = None,
    redeploy: bool = False,
    retry_failed: bool = False,
    new_ami: bool = False,
    delete: Sequence[str] = (),
    unprotect: bool = False,
    take_over: Sequence[str] = (),
    give_back: Sequence[str] = (),
    expires: str | None = None,
) -> Proposal:
    """Return the plan of an `up` with the same arguments. Only reads are made.

    Raises:
        ProvisionError: the plan cannot be made.
    """
    wanted = UpOptions(
        target_step=target_step,
        redeploy=redeploy,
        retry_failed=retry_failed,
        new_ami=new_ami,
        delete=delete,
        unprotect=unprotect,
        take_over=take_over,
        give_back=give_back,
        expires=expires,
    )
    options = _options(config, env, target, state_dir, profile, emit)
    with options.ends:
        return run_plan(options, wanted)


def down(
    config: str | Path = "stack.toml",
    *,
    env: str | None = None,
    target: str | None = None,
    state_dir: str | Path | None = None,
    profile: str | None = None,
    emit: Emit = lambda event: None,
    agree: Callable[[Teardown], bool] | None = None,
    target_step: str | None = None,
    unprotect: bool = False,
    delete_secrets: bool = False,
) -> Summary:
    """Delete a stack, as `provision down --yes` does, and return how the run ended, with all leftovers.

    Args:
        config, env, target, state_dir, profile: as the options of these names.
        emit: takes each event of the run, in whichever thread it happens, one at a time.
        agree: takes the resources and data to delete, and returns whether to go on; None: no question.
        target_step, unprotect, delete_secrets: as the options of these names.

    Raises:
        ProvisionError: nothing was deleted. A later failure is the `error` of the summary.
    """
    options = _options(config, env, target, state_dir, profile, emit)
    with options.ends:
        viewer = _Program(emit, agree_to_teardown=agree)
        return run_down(options, viewer, target_step, unprotect=unprotect, delete_secrets=delete_secrets).outcome


def _options(
    config: str | Path,
    env: str | None,
    target: str | None,
    state_dir: str | Path | None,
    profile: str | None,
    emit: Emit,
    *,
    yes: bool = True,
) -> Options:
    return Options(
        config=Path(config),
        env=env,
        target=Target(target) if target else None,
        state_dir=Path(state_dir) if state_dir else None,
        profile=profile,
        yes=yes,
        report=lambda line: emit(Notice(line)),
    )


@dataclass(frozen=True)
class _Program:
    """A viewer for programs: it passes events on, and lets the program agree or not."""

    emit: Emit
    agree_to_plan: Callable[[Proposal], bool] | None = None
    agree_to_teardown: Callable[[Teardown], bool] | None = None

    def agree(self, proposal: Proposal) -> None:
        if self.agree_to_plan is not None and not self.agree_to_plan(proposal):
            raise Cancelled("cancelled: nothing was changed")

    def agree_to_delete(self, teardown: Teardown) -> None:
        if self.agree_to_teardown is not None and not self.agree_to_teardown(teardown):
            raise Cancelled("cancelled: nothing was changed")

    @contextmanager
    def watching(self, clock: Callable[[], float]) -> Iterator[Emit]:
        lock = threading.RLock()

        def one_at_a_time(event: Event) -> None:
            with lock:
                self.emit(event)

        yield one_at_a_time

    def ended(self, ended: Ended) -> None:
        """Do nothing: `up` and `down` return the outcome."""
