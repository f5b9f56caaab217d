"""The request of `up` and `plan`: their options, checked, and the stack declared with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from provisioner.engine.planning.removal import Removal, check
from provisioner.operations.context import signals
from provisioner.operations.overrides import expiration
from provisioner.operations.planning import declaration, dns_takeover, request_checks, run_scope
from provisioner.operations.prerequisites import secret_parameters
from provisioner.operations.runs import teardown_scope

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.engine.planning.actions import Planned
    from provisioner.operations.context.options import Options
    from provisioner.state.model import Record
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
        dns_takeover.check(self.take_over, self.give_back, self._others)
        request_checks.check_target(self.target_step)
        removal = request_checks.check_removal(self.delete, self.unprotect, self.target_step)
        request_checks.check_new_ami(config, self.target_step, new_ami=self.new_ami)
        secret_parameters.check_delete(config, removal.delete)
        if self.expires is not None and expiration.seconds(self.expires):
            expiration.check_unprotected(config, ())
        return removal

    def on(self, aws: Aws) -> Aws:
        """Return the way to AWS with what is asked for."""
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


class Reviewed(Protocol):
    """A plan that was made and reviewed before."""

    def check_place(self, config: Config, aws: Aws) -> None:
        """Raise ProvisionError if it is a plan of another stack, account or Region."""

    def check_same(
        self, config: Config, aws: Aws, stack: Stack, records: Mapping[str, Record], planned: Sequence[Planned]
    ) -> None:
        """Raise ProvisionError, with what has changed since, if it is not what would be done now."""


def _declared(
    options: Options, config: Config, aws: Aws, records: Mapping[str, Record], wanted: Wanted, removal: Removal
) -> Stack:
    """Return the stack as it is declared, with notices of what is let go and of names that move.

    Raises:
        ProvisionError: it cannot be declared, or what is wanted does not go with it.
    """
    now = aws.pace.time()
    until = expiration.wanted(records, wanted.expires, now)
    if wanted.expires is not None and until is not None:
        with signals.at_once():
            expiration.check_unprotected(config, teardown_scope.protected(aws, records, records))
    stack = declaration.declare_stack(options, config, aws, expiration.dated(records, until))
    stack.notices += expiration.changed(records, until, wanted.expires, now)
    stack.removal = removal
    stack.notices += check(records, stack.declared, removal)
    with signals.at_once():
        stack.notices += dns_takeover.check_taken(aws, records, stack, wanted.target_step)
    _, orphaned = run_scope.find_scope(records, stack, wanted.target_step)
    stack.notices += dns_takeover.put_back({address: records[address] for address in orphaned})
    return stack
