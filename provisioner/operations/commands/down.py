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
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.state.store import Store


def down(
    options: Options,
    viewer: Viewer,
    target_step: str | None = None,
    *,
    unprotect: bool = False,
    delete_secrets: bool = False,
    expired: bool = False,
) -> Ended:
    """Delete the recorded resources, or only one step with its dependents.

    Args:
        delete_secrets: also delete the secrets that users have set.
        expired: delete the stack only if its date has passed.

    Raises:
        NotExpired: the date has not passed, and `expired` is set.
        ProvisionError: nothing was begun. A later error is in the outcome.
    """
    if target_step and delete_secrets:
        raise ConfigurationError("--delete-secrets: with --target-step none is deleted: leave one of the two out")
    config = configuration.load(options)
    _check_target_early(options, config, target_step)
    aws = connection.connect(options, config)
    with stores.open_store(options, config, aws, "down") as store:
        if expired:
            # somebody may have extended it since it was listed
            expiration.check_over(store.records, aws.pace.time())
        request_checks.check_target(target_step, store.records.values())
        teardown = _describe_teardown(
            options, config, aws, store, target_step, unprotect=unprotect, delete_secrets=delete_secrets
        )
        viewer.agree_to_delete(teardown)
        aws.drop_reads()  # the user may have taken long to agree
        with watched(aws, viewer) as emit:
            outcome = destroy.down(
                aws,
                store,
                emit,
                target_step,
                unprotect=unprotect,
                configured=config.protect,
                redis=config.redis is not None,
                delete_secrets=delete_secrets,
            )
            spent = _sum_costs(options, teardown) if outcome.ok and not target_step else None
            ended = Ended(config, aws, outcome, spent=spent)
            viewer.ended(ended)
    return ended


def _check_target_early(options: Options, config: Config, target_step: str | None) -> None:
    """Refuse an unknown step before anything is started, unless the state is in a bucket: it can be read only later."""
    if target_step and not config.state.bucket:
        request_checks.check_target(target_step, stores.as_written(options, config).records.values())


def _describe_teardown(
    options: Options,
    config: Config,
    aws: Aws,
    store: Store,
    target_step: str | None,
    *,
    unprotect: bool,
    delete_secrets: bool,
) -> Teardown:
    """Return the resources and the data that will be deleted.

    Raises:
        Protected: the stack or a resource is protected, and `unprotect` is not set.
    """
    going = teardown_scope.removal(store.records, target_step)
    with signals.at_once():
        if not unprotect:
            words = ["--target-step", target_step] if target_step else []
            command = options.command_line("down", *words, "--unprotect")
            teardown_scope.check_protection(aws, store.records, going, command, configured=config.protect)
        if target_step:
            protected = teardown_scope.protected(aws, store.records, going)
        else:
            protected = teardown_scope.all_protected(aws, store.records, configured=config.protect)
        lost = data_loss.lost_of(aws, going.values(), store.records, amounts=not options.yes)
        if delete_secrets and (found := secret_parameters.kept(aws)):
            lost.append(Loss("the secrets that were set", found))
    notes = dns_takeover.put_back(going) if going else stacks.beside(options, config, store.records)
    return Teardown(config, aws, going, protected, lost, notes, dict(store.records))


def _sum_costs(options: Options, teardown: Teardown) -> costs.SoFar | None:
    """Return the costs of the deleted stack; None if no prices can be read, which must not fail a teardown."""
    with suppress(ConfigurationError):
        return costs.so_far(teardown.records, teardown.aws.region, options.directory, teardown.aws.pace.time())
    return None
