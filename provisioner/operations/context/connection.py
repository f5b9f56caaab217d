"""Connect a command to the embedded cloud or to AWS."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.engine.clock import Pace
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.context import account, embedded_cloud

if TYPE_CHECKING:
    from ecs_emulator.control import CloudProcess
    from provisioner.aws.client import Aws
    from provisioner.aws.connection import Connection
    from provisioner.aws.session import Session
    from provisioner.config.models import Config
    from provisioner.operations.context.embedded_runtime import EmbeddedRuntime
    from provisioner.operations.context.options import Options


def connect(options: Options, config: Config, cloud: CloudProcess | None = None) -> Aws:
    """Return an `Aws` for the embedded cloud or for AWS, with its account checked.

    Args:
        cloud: the embedded cloud to connect to, instead of the state directory's.

    Raises:
        ProvisionError: the cloud cannot be reached, or refuses the credentials.
        WrongAccount: the credentials are of another account than the configuration names. No other call was made.
    """
    aws = aws_without_account(options, config, cloud)
    aws = aws.in_account(_account(aws, options.file))
    account.check(config, aws, options.file)
    if options.log:
        place = {"account": aws.account, "region": aws.region, "target": config.target}
        options.log.write({"event": "connected", **place})
    return aws


def aws_without_account(options: Options, config: Config, cloud: CloudProcess | None = None) -> Aws:
    """Return an `Aws` for the embedded cloud or for AWS, before any call: its account is not known yet.

    Raises:
        ProvisionError: the embedded cloud could not be started, or there is no such profile.
    """
    from provisioner.aws.client import Aws
    from provisioner.aws.inventory import Inventory

    if config.target == "local":
        if cloud is None and not embedded_cloud.runs(options):
            from provisioner.operations.context import regions

            session = local_session(config.region, "")
            regions.check_emulated(session, config.region, str(options.file))
        cloud = cloud or embedded_cloud.start(options, config)
        connection, resolver = _embedded(options, config.region, cloud), ("127.0.0.1", cloud.dns_port)
    else:
        from provisioner.operations.context import regions

        regions.check_named(config.region, str(options.file))
        connection, resolver = _to_aws(options, _aws_session(config.region, options.profile)), None
    return Aws(
        config.project,
        config.env,
        connection,
        Inventory(connection.pace),
        chosen=config.tags,
        resolver=resolver,
        bulk_roles=config.account.bulk_roles,
        domains={*config.names, config.fqdn, config.dns.domain} if config.dns.domain else set(),
    )


def _embedded(options: Options, region: str, cloud: CloudProcess) -> Connection:
    from provisioner.aws.connection import Connection

    runtime = _runtime(cloud)
    options.ends.callback(runtime.close)
    session = local_session(region, cloud.key)
    cloud.reach(session)
    return Connection(session, Pace(runtime), endpoint=cloud.endpoint, log=options.log)


def _to_aws(options: Options, session: Session) -> Connection:
    from provisioner.aws.connection import Connection

    return Connection(session, Pace(scale=time_scale()), log=options.log)


def account_reader(options: Options, region: str | None) -> Aws:
    """Return a read-only `Aws` for an account without a configuration, with its account known.

    Args:
        region: None: the Region of AWS_REGION or of the profile; on the embedded cloud the configuration's default.

    Raises:
        ProvisionError: no Region is known, the account cannot be reached, or it refuses the credentials.
    """
    from provisioner.aws.client import Aws
    from provisioner.aws.inventory import Inventory
    from provisioner.config.models import Config
    from provisioner.operations.context import regions

    where = Path("--region")  # error messages name this option instead of a file
    if options.target == "local":
        region = region or str(Config.model_fields["region"].default)
        regions.check_emulated(local_session(region, ""), region, str(where))
        connection = _embedded(options, region, embedded_cloud.running(options))
    else:
        session = _aws_session(region or os.environ.get("AWS_REGION") or None, options.profile)
        if session.region_name is None:
            raise ConfigurationError(
                "no Region is known: add --region NAME, such as --region eu-west-1, or set one in the profile"
            )
        regions.check_named(session.region_name, str(where))
        connection = _to_aws(options, session)
    aws = Aws("", "", connection, Inventory(connection.pace)).reading()
    return aws.in_account(_account(aws, where))


def reader(options: Options, config: Config) -> Aws:
    """Return a read-only `Aws` that reaches the state bucket. The embedded cloud is not started for it.

    Raises:
        ProvisionError: the embedded cloud does not run, or `connect` fails.
    """
    if config.target == "local" and not embedded_cloud.runs(options):
        raise ConfigurationError(
            "the embedded cloud, which has the state bucket, is not running: start it with `provision cloud start`"
        )
    return connect(options, config).reading()


@embedded_cloud.used()
def _runtime(cloud: CloudProcess) -> EmbeddedRuntime:
    from provisioner.operations.context.embedded_runtime import EmbeddedRuntime

    return EmbeddedRuntime(cloud.clock_link())


def time_scale() -> float:
    """Return the real seconds in one second of an endpoint that replaces AWS (PROVISION_TIME_SCALE).

    Raises:
        ConfigurationError: the variable is not a number above 0.
    """
    given = os.environ.get("PROVISION_TIME_SCALE")
    try:
        scale = float(given) if given else 1.0
    except ValueError:
        scale = -1.0
    if not 0 < scale < float("inf"):
        raise ConfigurationError(f"PROVISION_TIME_SCALE is {given!r}: set it to a number above 0, or unset it")
    return scale


def local_session(region: str, key: str) -> Session:
    """Return a session that ignores the user's AWS settings and never uses a proxy."""
    from botocore.config import Config

    from provisioner.aws.service_models import without_settings
    from provisioner.aws.session import Session

    core = without_settings()
    core.set_default_client_config(Config(proxies={}, use_fips_endpoint=False, use_dualstack_endpoint=False))
    return Session(core, region=region, keys=(key, "cloud"))


def _aws_session(region: str | None, profile: str | None) -> Session:
    import botocore.session
    from botocore.exceptions import ProfileNotFound

    from provisioner.aws.service_models import read_plainly
    from provisioner.aws.session import Session

    core = botocore.session.Session()
    try:
        session = Session(core, region=region, profile=profile)
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
        from provisioner.operations.context import regions

        raise regions.region_error(aws.connection.session, error, str(file)) from error


def describe_account(config: Config, aws: Aws) -> str:
    """Return the account and region in words."""
    if config.target == "local":
        return f"account {aws.account} of the embedded cloud, Region {aws.region}"
    endpoint = aws.client("sts").meta.endpoint_url
    return f"AWS account {aws.account}, Region {aws.region}" + ("" if ".amazonaws." in endpoint else f" at {endpoint}")
