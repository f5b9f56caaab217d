"""The request of an `up` or a `plan`: its options, checked, and the stack declared with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from provisioner.config.builds import check_contexts
from provisioner.engine.planning.removal import Removal, check
from provisioner.operations.context import configuration, signals, stacks
from provisioner.operations.impact import data_loss
from provisioner.operations.overrides import expiration
from provisioner.operations.planning import declaration, dns_takeover, request_checks, run_scope
from provisioner.operations.prerequisites import secret_parameters
from provisioner.operations.rehearsal import stand_ins
from provisioner.operations.runs import teardown_scope

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.state.model import Record
    from provisioner.steps.stack import Stack


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """The options of `up` and `plan`.

    Attributes:
        target_step: the step to limit the run to.
        redeploy: go back to the declared task definition where somebody else deployed another one.
        retry_failed: try again a task definition that ECS rolled back.
        new_ami: use the newest AMI.
        delete: addresses of resources with data that are no longer declared, and are to be deleted.
        unprotect: delete protected resources too.
        skip_checks: names of checks before the first write to leave out, separated by commas.
        take_over: public names that lead to another system, and are to lead to this stack.
        give_back: public names that were taken over, and are to lead to their former targets. The run does nothing
            else then.
        expires: the time span after which the stack may be deleted, or `never`; None: as the state says.
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

    def check(self, config: Config) -> Removal:
        """Return the removals that the options allow.

        Raises:
            ConfigurationError: the options do not go together, or not with the configuration.
        """
        dns_takeover.check(self.take_over, self.give_back, self._others)
        request_checks.check_target(self.target_step)
        removal = request_checks.check_removal(self.delete, self.unprotect, self.target_step)
        request_checks.check_new_ami(config, self.target_step, new_ami=self.new_ami)
        secret_parameters.check_delete(config, removal.delete)
        if self.expires is not None and expiration.seconds(self.expires):
            expiration.check_unprotected(config, ())
        return removal

    def apply_to(self, aws: Aws) -> Aws:
        """Return an `Aws` whose resource types follow these options."""
        return replace(
            aws,
            redeploy=self.redeploy,
            retry_failed=self.retry_failed,
            new_ami=self.new_ami,
            take_over=dns_takeover.normal_names(self.take_over),
            give_back=dns_takeover.normal_names(self.give_back),
        )

    @property
    def name_words(self) -> list[str]:
        """The words of the command line that move public names."""
        taken = [word for name in self.take_over for word in ("--take-over", name)]
        return taken + [word for name in self.give_back for word in ("--give-back", name)]

    @property
    def _others(self) -> list[str]:
        """The given options that cannot be combined with `--give-back`."""
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
class Request:
    """An `up` or a `plan` whose options were checked against the configuration."""

    options: Options
    config: Config
    wanted: UpOptions
    removal: Removal


def load_request(options: Options, wanted: UpOptions) -> Request:
    """Read the configuration, and check the options against it.

    Raises:
        ConfigurationError: the configuration or an option is wrong, or a build context is missing.
    """
    config = configuration.load(options, declares=True)
    removal = wanted.check(config)
    check_contexts(config, options.file)
    return Request(options, config, wanted, removal)


def declare_as_requested(
    request: Request, aws: Aws, records: Mapping[str, Record], on_missing_secret: Callable[[str], None] | None = None
) -> Stack:
    """Return the declared stack, with notices of the removals and of the names that move.

    Args:
        on_missing_secret: takes a sentence on each secret that AWS does not have; None: refuse it.

    Raises:
        ProvisionError: the stack cannot be declared, or an option does not fit it.
    """
    config, wanted, now = request.config, request.wanted, aws.pace.time()
    until = expiration.wanted(records, wanted.expires, now)
    if wanted.expires is not None and until is not None:
        with signals.at_once():
            expiration.check_unprotected(config, teardown_scope.all_protected(aws, records))
    present = stand_ins.put(request.options, config)
    stack = declaration.declare_stack(
        request.options, config, aws, expiration.dated(records, until), None, on_missing_secret
    )
    stack.notices[:0] = present
    stack.notices += expiration.changed(records, until, wanted.expires, now)
    stack.removal = request.removal
    stack.notices += check(records, stack.declared, request.removal)
    with signals.at_once():
        stack.notices += dns_takeover.check_taken(aws, records, stack, wanted.target_step)
    _, orphaned = run_scope.find_scope(records, stack, wanted.target_step)
    stack.notices += dns_takeover.put_back({address: records[address] for address in orphaned})
    return stack


def declare_for_up(request: Request, aws: Aws, records: Mapping[str, Record]) -> Stack:
    """Return the declared stack, with notices of other stacks too, and of data that is no longer declared and stays.

    Raises:
        ProvisionError: the stack cannot be declared, or an option does not fit it.
    """
    stack = declare_as_requested(request, aws, records)
    stack.notices[:0] = stacks.beside(request.options, request.config, records)
    if not request.wanted.target_step:
        stack.notices += data_loss.note(records, stack, request.options.command_line, request.options.directory)
    return stack
