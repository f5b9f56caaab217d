"""Run `provision down --expired`: delete each stack whose date has passed, and no other."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.engine.errors import Cancelled, Interrupted, NobodyToAsk, ProvisionError, WaitingOnUser
from provisioner.engine.events import StackLeft
from provisioner.operations.context import cluster_tags, configuration, connection, embedded_cloud
from provisioner.operations.context.options import Options, Target
from provisioner.operations.context.stacks import HIDDEN
from provisioner.operations.inspection import stack_list
from provisioner.operations.overrides import expiration
from provisioner.operations.overrides.expiration import NotExpired
from provisioner.state.model import StateError, StateLocked

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.operations.context.stacks import RecordedStack

CODES = (Interrupted.exit_code, ProvisionError.exit_code, WaitingOnUser.exit_code)
"""The exit codes of runs, in order: the first that occurs is the command's."""


Delete = Callable[[Options, "RecordedStack"], int]
"""Deletes one stack, named by the options, if its date has passed when checked under its lock; returns the exit code.
"""


def delete_expired(
    options: Options, delete: Delete, left: Callable[[StackLeft], None], report: Callable[[str], None]
) -> int:
    """Delete the stacks whose date has passed, one after the other, and return the exit code of all.

    The stacks are searched as `list` does: with `--env` only that environment's, with `--target` only that cloud's.

    Args:
        left: called with each stack that is not deleted.
        report: takes sentences on places that could not be searched.

    Raises:
        ProvisionError: the configuration cannot be read, no user can be asked, or the user ended the command.
        StateError: the state directory cannot be read.
    """
    config = configuration.load(options)
    found, notes = _found(options)
    for text in notes:
        report(text)
    codes = {ProvisionError.exit_code} if notes else set[int]()
    for one in found:
        other = (options.target and one.target != options.target) or (options.env and one.name != config.name)
        # a stack without records was deleted
        if other or (one.state and not one.state.records):
            continue
        ended = _why_not(one, options) or _deleted(options, one, delete)
        if isinstance(ended, StackLeft):
            left(ended)
            ended = ProvisionError.exit_code if ended.due else 0
        codes.add(ended)
        if ended == Interrupted.exit_code:
            break
    if Interrupted.exit_code not in codes:
        codes |= _search_lost(options, config, {one.name for one in found}, left, report)
    return next((code for code in CODES if code in codes), max(codes, default=0))


def _search_lost(
    options: Options,
    config: Config,
    known: Collection[str],
    left: Callable[[StackLeft], None],
    report: Callable[[str], None],
) -> set[int]:
    """Tell the expired stacks of the project that have no state here, and return the exit codes.

    The tags of their clusters have the date. Only `recover` finds what `down` has to delete.

    Args:
        known: the names of the stacks that have a state.
    """
    if config.target == "local" and not embedded_cloud.runs(options):
        return set()
    try:
        aws = connection.connect(options, config).reading()
        found = cluster_tags.of_project(aws)
    except ProvisionError as error:
        report(f"stacks without a state could not be searched: {error}")
        return {ProvisionError.exit_code}
    codes = set[int]()
    for env, records in found.items():
        until, name = expiration.recorded(records), f"{config.project}-{env}"
        other = name in known or (options.env and name != config.name)
        if not other and until is not None and until <= aws.pace.time():
            why = (
                f"it expired, and its state is lost or elsewhere: run `provision recover --env {env}`, then this again"
            )
            left(StackLeft(name, config.target, why))
            codes.add(ProvisionError.exit_code)
    return codes


def _found(options: Options) -> tuple[list[RecordedStack], list[str]]:
    """Return the stacks that `list` finds. The clock of an embedded cloud waits for this command no longer."""
    looking = replace(options, report=lambda line: None)
    with looking.ends:
        return stack_list.everywhere(looking)


def _why_not(one: RecordedStack, options: Options) -> StackLeft | None:
    """Return why a stack is left; None if it is to be deleted."""
    if one.state is None:
        # a stack in the same bucket that the caller may not read is another caller's to delete
        return StackLeft(one.name, one.target, one.problem, due=bool(one.env) and one.problem != HIDDEN)
    try:
        expiration.check_over(one.state.records, one.now)
    except NotExpired as error:
        return StackLeft(one.name, one.target, str(error), due=False)
    if not one.env:
        why = "it is of another project, whose own configuration deletes it"
        return StackLeft(one.name, one.target, why, due=False)
    if one.holder and not options.wait:
        return StackLeft(one.name, one.target, f"it is locked by {one.holder}")
    return None


def _deleted(options: Options, one: RecordedStack, delete: Delete) -> int | StackLeft:
    """Delete one stack, and return the exit code of that; or the reason why nothing was begun."""
    own = replace(options, env=one.env, target=Target(one.target))
    try:
        with own.ends:
            return delete(own, one)
    except (NobodyToAsk, Interrupted):
        raise
    except NotExpired as error:
        return StackLeft(one.name, one.target, str(error), due=False)
    except StateLocked as error:
        return StackLeft(one.name, one.target, f"it is locked by {error.holder}")
    except Cancelled:
        return StackLeft(one.name, one.target, "you did not agree")
    except (ProvisionError, StateError) as error:
        return StackLeft(one.name, one.target, str(error))
