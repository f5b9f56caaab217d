"""Run `provision down`: delete all recorded resources, or one step with its dependents."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from provisioner.engine.errors import ConfigurationError
from provisioner.engine.planning.losses import Loss
from provisioner.operations.context import configuration, connection, signals, stacks, stores
from provisioner.operations.impact import costs, data_loss
from provisioner.operations.overrides import expiration
from provisioner.operations.planning import dns_takeover, request_checks
from provisioner.operations.prerequisites import secret_parameters
from provisioner.operations.runs import destroy, teardown_scope
from provisioner.operations.runs.viewer import Ended, Teardown, Viewer, watched

if TYPE_CHECKING:
    from provisioner.operations.context.options import Options


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
        request_checks.check_target(target_step, stores.as_written(options, config).records.values())
    aws = connection.connect(options, config)
    with stores.open_store(options, config, aws, "down") as store:
        if expired:
            # somebody may have extended it since it was listed
            expiration.check_over(store.records, aws.pace.time())
        request_checks.check_target(target_step, store.records.values())
        going = teardown_scope.removal(store.records, target_step)
        with signals.at_once():
            if not unprotect:
                words = ["--target-step", target_step] if target_step else []
                command = options.command_line("down", *words, "--unprotect")
                teardown_scope.check_protection(aws, store.records, going, command)
            protected = teardown_scope.protected(aws, store.records, going)
            lost = data_loss.lost_of(aws, going.values(), store.records, amounts=not options.yes)
            if delete_secrets and (found := secret_parameters.kept(aws)):
                lost.append(Loss("the secrets that were set", found))
        notes = dns_takeover.put_back(going) if going else stacks.beside(options, config, store.records)
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
