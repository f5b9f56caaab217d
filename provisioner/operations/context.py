"""Opens what a command needs: configuration, cloud or account, state, facts; and lets the user stop it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.engine.clock import Pace
from provisioner.engine.errors import ConfigurationError, ProvisionError
from provisioner.engine.events import Emit, Notice
from provisioner.operations import embedded_cloud, signals

if TYPE_CHECKING:
    import boto3

    from ecs_emulator.control import CloudProcess
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.cloud_runtime import EmbeddedRuntime
    from provisioner.operations.options import Options
    from provisioner.operations.stack_status import Health
    from provisioner.state.model import Record, State
    from provisioner.steps.stack import Stack

EMULATOR_DOMAIN = "registered.example"
"""The embedded cloud's own domain when the stack is to make its zone itself."""
STOPPING = (
    "stopping: waiting for the calls in progress. Press Ctrl-C again to exit at once; "
    "either way the next run resumes from the recorded state"
)


def load(options: Options, *, declares: bool = False) -> Config:
    """Read the configuration, with what the command line says instead; one found above is named on standard error.

    Args:
        declares: whether the command declares the stack, so that it needs the user's own steps. The others have them
            only where they are trusted already.

    Raises:
        ConfigurationError: there is none, or it is wrong; or the stack's state lies where it was kept formerly; or its
            own steps are not trusted or wrong.
    """
    from provisioner.config.models import load as read
    from provisioner.operations.stacks import check_place

    path = found(options)
    if not options.config and not os.path.lexists(path):
        raise ConfigurationError(
            f"there is no {path} in this directory or above it: write one with `provision init`, or name one with "
            f"--config FILE"
        )
    config = read(path, env=options.env, target=options.target)
    check_place(options, config)
    if declares or (path.parent / config.steps.dir).is_dir():
        from provisioner.operations import own_steps

        own_steps.load(options, config, ask=declares)
    return config


def found(options: Options) -> Path:
    """Return the configuration's path, and name on standard error the one that was found in a directory above."""
    path = options.file
    if not options.config and path.parent != Path():
        options.report(f"configuration: {path}")
    return path


def overwrite(path: Path, text: str) -> None:
    """Write a file, whatever may be there already.

    Raises:
        ConfigurationError: it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(f"{path} cannot be written: {reason}: choose another file") from None


@embedded_cloud.used()
def start_cloud(options: Options, config: Config, port: int | None = None) -> CloudProcess:
    """Return the embedded cloud of the state directory, started if it is not running, which standard error tells.

    Raises:
        ConfigurationError: it is not installed, or runs on another port.
        ProvisionError: it could not be started.
        StateError: somebody else could write to the state directory.
    """
    from ecs_emulator import manage
    from provisioner.state.directory import trust

    trust(options.directory)
    domain = EMULATOR_DOMAIN if config.dns.create_zone else config.dns.domain
    running = manage.find(options.directory)
    if running is not None:
        return manage.on_port(running, port)
    sys.stderr.write("starting the embedded cloud\n")
    try:
        # what an earlier cloud's clock showed was ahead of the machine's: this one is later than all that is recorded
        return manage.start(options.directory, domain, port=port, more=["--since", str(_newest(options.directory))])
    except OSError as error:
        raise ProvisionError(
            f"{error.filename or options.directory} cannot be written: {error.strerror}. Fix that, then run again"
        ) from None


def _newest(directory: Path) -> float:
    """Return when something was recorded last of any stack on the embedded cloud, in seconds since the epoch."""
    from provisioner.state.local import read
    from provisioner.state.model import StateError

    newest = 0.0
    for here in (directory / "local").glob("*"):
        with suppress(StateError, OSError):
            newest = max([newest, *(record.changed + 1 for record in read(here, here.name).records.values())])
    return newest


def connect(options: Options, config: Config, cloud: CloudProcess | None = None) -> Aws:
    """Return the way to the embedded cloud or to AWS, the account already known.

    Args:
        cloud: the embedded cloud to connect to, instead of the one of the state directory.

    Raises:
        ProvisionError: it cannot be reached, or refuses the credentials.
    """
    aws = aws_without_account(options, config, cloud)
    aws = aws.in_account(_account(aws, options.file))
    if options.log:
        place = {"account": aws.account, "region": aws.region, "target": config.target}
        options.log.write({"event": "connected", **place})
    return aws


def aws_without_account(options: Options, config: Config, cloud: CloudProcess | None = None) -> Aws:
    """Return the way to the embedded cloud or to AWS, on which nobody has asked anything yet.

    Raises:
        ProvisionError: the embedded cloud could not be started, or there is no such profile.
    """
    from provisioner.aws.client import Aws
    from provisioner.aws.connection import Connection
    from provisioner.aws.inventory import Inventory

    if config.target == "local":
        if cloud is None and not cloud_runs(options):
            from provisioner.operations import regions

            session = local_session(config.region, "")
            regions.check_emulated(session, config.region, str(options.file))
        cloud = cloud or start_cloud(options, config)
        runtime = _runtime(cloud)
        options.ends.callback(runtime.close)
        session, resolver = local_session(config.region, cloud.key), ("127.0.0.1", cloud.dns_port)
        cloud.reach(session)
        connection = Connection(session, Pace(runtime), endpoint=cloud.endpoint, log=options.log)
    else:
        from provisioner.operations import regions

        regions.check_named(config.region, str(options.file))
        session, resolver = _aws_session(config.region, options.profile), None
        connection = Connection(session, Pace(scale=_time_scale()), log=options.log)
    return Aws(
        config.project,
        config.env,
        connection,
        Inventory(connection.pace),
        resolver=resolver,
        domains={config.fqdn, config.dns.domain},
    )


@embedded_cloud.used()
def _runtime(cloud: CloudProcess) -> EmbeddedRuntime:
    from provisioner.operations.cloud_runtime import EmbeddedRuntime

    return EmbeddedRuntime(cloud.clock_link())


@embedded_cloud.used()
def cloud_runs(options: Options) -> bool:
    """Say whether the embedded cloud of the state directory is running.

    Raises:
        ConfigurationError: it is not installed.
    """
    from ecs_emulator import manage

    return manage.find(options.directory) is not None


@embedded_cloud.used()
def cloud_started(options: Options) -> float:
    """Return when the embedded cloud of the state directory was started, in seconds since the epoch; 0 if none runs.

    Raises:
        ConfigurationError: it is not installed.
    """
    from ecs_emulator import manage

    return manage.started(options.directory)


def _time_scale() -> float:
    """Return how many real seconds each of AWS's lasts at an endpoint that stands in for AWS (PROVISION_TIME_SCALE).

    Raises:
        ConfigurationError: it is not a number above 0.
    """
    given = os.environ.get("PROVISION_TIME_SCALE")
    try:
        scale = float(given) if given else 1.0
    except ValueError:
        scale = -1.0
    if not 0 < scale < float("inf"):
        raise ConfigurationError(f"PROVISION_TIME_SCALE is {given!r}: set it to a number above 0, or unset it")
    return scale


def local_session(region: str, key: str) -> boto3.Session:
    """Return a session that reads nothing of the user's AWS settings and never uses a proxy."""
    import boto3
    from botocore.config import Config

    from provisioner.aws.service_models import without_settings

    core = without_settings()
    core.set_default_client_config(Config(proxies={}, use_fips_endpoint=False, use_dualstack_endpoint=False))
    return boto3.Session(key, "cloud", region_name=region, botocore_session=core)


def _aws_session(region: str, profile: str | None) -> boto3.Session:
    import boto3
    import botocore.session
    from botocore.exceptions import ProfileNotFound

    from provisioner.aws.service_models import read_plainly

    core = botocore.session.Session()
    try:
        session = boto3.Session(profile_name=profile, region_name=region, botocore_session=core)
    except ProfileNotFound as error:
        raise ConfigurationError(
            f"{error}: choose another with --profile, or add it to the AWS configuration"
        ) from None
    read_plainly(core)
    return session


def _account(aws: Aws, file: Path) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return str(aws.client("sts").get_caller_identity()["Account"])
    except (BotoCoreError, ClientError, ValueError) as error:
        from provisioner.operations import regions

        raise regions.region_error(aws.connection.session, error, str(file)) from error


def describe_account(config: Config, aws: Aws) -> str:
    """Return the account and region in words."""
    if config.target == "local":
        return f"account {aws.account} of the embedded cloud, Region {aws.region}"
    endpoint = aws.client("sts").meta.endpoint_url
    return f"AWS account {aws.account}, Region {aws.region}" + ("" if ".amazonaws." in endpoint else f" at {endpoint}")


def entry(options: Options, config: Config) -> str:
    """Return the URL at which the stack answers on this machine, where the embedded cloud runs its containers."""
    if config.target != "local":
        return ""
    with embedded_cloud.used():
        from ecs_emulator import manage

        return manage.entry(options.directory, config.fqdn)


def reader(options: Options, config: Config) -> Aws:
    """Return the way to the bucket of the state for reads only. Nothing is started.

    Raises:
        ProvisionError: there is none.
    """
    if config.target == "local" and not cloud_runs(options):
        raise ConfigurationError(
            "the embedded cloud, which has the state bucket, is not running: start it with `provision cloud start`"
        )
    return connect(options, config).reading()


def read_condition(options: Options, config: Config, state: State, aws: Aws | None = None) -> tuple[Health | None, str]:
    """Return how the stack is doing now, or None and why nobody was asked. Nothing is started for it.

    Args:
        aws: the way to AWS, if there is one already: on the embedded cloud's clock a second one waits for the first.

    Raises:
        StateError: the state belongs to another account or region.
    """
    from provisioner.operations.stack_status import look

    if not state.records:
        return None, "no resources are recorded"
    if config.target == "local" and not cloud_runs(options):
        return None, "the embedded cloud is not running"
    try:
        aws = aws or connect(options, config)
        state.guard(config.name, aws.account, aws.region)
        return look(aws, state), ""
    except ProvisionError as error:
        return None, str(error)


def declared(
    options: Options,
    config: Config,
    aws: Aws,
    records: Mapping[str, Record],
    on_missing: Callable[[str], None] | None = None,
) -> Stack:
    """Read the facts and return the stack with everything declared.

    Args:
        records: what the state says of what stays as it is until it is to change; nothing, if AWS is to be believed.
        on_missing: is told what the configuration asks for and AWS does not have; None: that is refused.

    Raises:
        ProvisionError: the facts cannot be read, or do not allow what is configured.
    """
    from provisioner.operations import image_copies, production
    from provisioner.operations.declaring import declare
    from provisioner.operations.preflight import gather

    for line in image_copies.hosts(config):
        options.report(line)
    with signals.at_once():
        stack = declare(config, gather(aws, config, options.file, records.values(), on_missing))
    for text in production.notices(stack, records):
        stack.notice(text)
    return stack


@contextmanager
def interruptible(pace: Pace, emit: Emit) -> Iterator[None]:
    """While the context lasts, a first Ctrl-C (SIGTERM, closed terminal) ends the run in good order."""

    def stop() -> None:
        pace.stop.set()
        emit(Notice(STOPPING))

    with signals.calling(stop):
        yield
