"""Opens what a command needs: configuration, cloud or account, state, facts; and lets the user stop it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioner import __version__
from provisioner.cloud import manage
from provisioner.engine.errors import ConfigurationError, ProvisionError
from provisioner.engine.events import Emit, Notice
from provisioner.engine.waits import Pace

if TYPE_CHECKING:
    from types import FrameType

    import boto3

    from provisioner.aws import Aws
    from provisioner.commands.options import Options
    from provisioner.config import Config
    from provisioner.engine.step import Stack
    from provisioner.inspection import Condition
    from state.local import LocalStore
    from state.model import State

ELSEWHERE = "registered.example"
"""The embedded cloud's own domain when the stack is to make its zone itself."""
STOPPING = (
    "stopping: the calls under way end and are recorded. Once more ends at once, which is safe too: "
    "the next run goes on from what is recorded"
)


def load(options: Options) -> Config:
    """Read the configuration, with what the command line says instead.

    Raises:
        ConfigurationError: see `provisioner.config.load`.
    """
    from provisioner.config import load as read

    return read(options.config, env=options.env, target=options.target)


def write_sample(path: Path) -> None:
    """Write the sample configuration.

    Raises:
        ConfigurationError: something is there already, or it cannot be written.
    """
    from provisioner.config import SAMPLE

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(SAMPLE.read_text(encoding="utf-8"))
    except FileExistsError:
        raise ConfigurationError(f"{path} is there already: edit it, or name another with --config FILE") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from None


def start_cloud(options: Options, config: Config, port: int | None = None) -> manage.Cloud:
    """Return the embedded cloud of the state folder, started if it is not running; its start is told on standard error.

    Raises:
        ConfigurationError: `PROVISION_TIME_SCALE` is no scale.
        ProvisionError: it could not be started.
    """
    manage.time_scale(manage.LOCAL_TIME_SCALE)  # a wrong one is told before anything is started
    domain = ELSEWHERE if config.dns.create_zone else config.dns.domain
    running = manage.find(options.state_dir)
    if running is not None:
        return running
    sys.stderr.write("starting the embedded cloud\n")
    try:
        return manage.start(options.state_dir, domain, port=port)
    except OSError as error:
        raise ProvisionError(f"{error.filename or options.state_dir} cannot be written: {error.strerror}") from None


def connect(options: Options, config: Config) -> Aws:
    """Return the way to the embedded cloud or to AWS, the account already known.

    Raises:
        ProvisionError: it cannot be reached, or refuses the credentials.
    """
    from provisioner.aws import Aws

    if config.target == "local":
        cloud = start_cloud(options, config)
        aws = Aws(
            _local_session(config.region),
            config.project,
            config.env,
            Pace(manage.time_scale(cloud.time_scale)),
            endpoint=cloud.endpoint,
            resolver=("127.0.0.1", cloud.dns_port),
        )
    else:
        session = _aws_session(config.region, options.profile)
        aws = Aws(session, config.project, config.env, Pace(manage.time_scale(1.0)))
    aws.account = _account(aws)
    return aws


def _local_session(region: str) -> boto3.Session:
    """Return a session that reads nothing of the user's AWS settings and never uses a proxy."""
    import boto3
    import botocore.session
    from botocore.config import Config

    # In botocore's form: name in the configuration file, in the environment, default, conversion.
    nothing = (None, None, os.devnull, None)
    core = botocore.session.Session(
        {"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing}
    )
    core.set_default_client_config(Config(proxies={}, use_fips_endpoint=False, use_dualstack_endpoint=False))
    return boto3.Session("embedded", "cloud", region_name=region, botocore_session=core)


def _aws_session(region: str, profile: str | None) -> boto3.Session:
    import boto3
    from botocore.exceptions import ProfileNotFound

    try:
        return boto3.Session(profile_name=profile, region_name=region)
    except ProfileNotFound as error:
        raise ConfigurationError(f"{error}: name another with --profile, or add it to the AWS configuration") from None


def _account(aws: Aws) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    from provisioner.engine.refusal import explained

    try:
        return str(aws.client("sts").get_caller_identity()["Account"])
    except (BotoCoreError, ClientError, ValueError) as error:
        raise explained(error) from error


def where(config: Config, aws: Aws) -> str:
    """Return the account and region in words."""
    if config.target == "local":
        return f"account {aws.account} of the embedded cloud, region {aws.region}"
    endpoint = aws.client("sts").meta.endpoint_url
    return f"AWS account {aws.account}, region {aws.region}" + ("" if ".amazonaws." in endpoint else f" at {endpoint}")


def folder(options: Options, config: Config) -> Path:
    """Return where the stack's state lives."""
    return options.state_dir / config.target / config.name


def recorded(options: Options, config: Config) -> State:
    """Return the state as it stands, unlocked and unchanged.

    Raises:
        StateError: it cannot be read.
    """
    from state.local import read

    return read(folder(options, config), config.name)


def looked(options: Options, config: Config, state: State) -> tuple[Condition | None, str]:
    """Return how the stack is doing now, or None and why nobody was asked. Nothing is started for it.

    Raises:
        StateError: the state belongs to another account or region.
    """
    from provisioner.inspection import look

    if not state.records:
        return None, "nothing is recorded"
    if config.target == "local" and manage.find(options.state_dir) is None:
        return None, "the embedded cloud is not running"
    try:
        aws = connect(options, config)
        state.guard(config.name, aws.account, aws.region)
        return look(aws, state), ""
    except ProvisionError as error:
        return None, str(error)


@contextmanager
def opened(options: Options, config: Config, aws: Aws, command: str) -> Iterator[LocalStore]:
    """Hold the stack's state open and locked while the context lasts.

    Raises:
        StateError: it is locked, unreadable, or belongs to another account or region.
    """
    from state.local import LocalStore

    with LocalStore(folder(options, config), config.name, command, __version__) as store:
        store.guard(config.name, aws.account, aws.region)
        yield store


def declared(options: Options, config: Config, aws: Aws) -> Stack:
    """Read the facts and return the stack with everything declared.

    Raises:
        ProvisionError: the facts cannot be read, or do not allow what is configured.
    """
    from provisioner.operate import declare
    from provisioner.preflight import gather

    return declare(config, gather(aws, config, options.config.parent))


def writable(aws: Aws) -> None:
    """Allow writes again after a plan, and read everything anew, since the user may have taken long to agree."""
    aws.read_only = False
    aws.forget()


@contextmanager
def interruptible(pace: Pace, emit: Emit) -> Iterator[None]:
    """While the context lasts, a first Ctrl-C (or SIGTERM) ends the run in good order, and a second one at once."""

    def stop(_: int, __: FrameType | None) -> None:
        if pace.stop.is_set():
            # The live view hides the cursor.
            os.write(2, b"\033[?25h\n" if os.isatty(2) else b"")
            os._exit(130)
        pace.stop.set()
        # In a thread, since the handler may have come between two lines of a view that is just writing.
        threading.Thread(target=emit, args=(Notice(STOPPING),), daemon=True).start()

    before: dict[int, Any] = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
