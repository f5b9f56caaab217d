"""The S3 bucket that holds the state: its name, its client, its objects and its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioner.engine.errors import ConfigurationError
from provisioner.operations.context import signals

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.state.bucket import StateBucket
    from provisioner.state.objects import Objects

CONNECT_TIMEOUT = 3.0
"""Seconds to wait for a connection to one address of S3."""
READ_TIMEOUT = 10.0
"""Seconds to wait for an answer of S3."""


def objects(config: Config, aws: Aws, client: Any) -> Objects:
    """Return the objects of the stack's state in the configured bucket."""
    from provisioner.state.objects import Objects

    bucket, prefix = str(config.state.bucket), f"{config.name}/"
    return Objects(client, bucket, prefix, aws.account, aws.pace.runtime, signals.interrupted)


def bucket_client(aws: Aws) -> Any:
    """Return a client for the objects of the state. It differs from the client of the resource types.

    The client of the types refuses writes while a plan is made, and the state is locked before. It never repeats a
    write whose answer was lost; writes of the state are conditional and signed with a nonce, so they can be repeated.
    A state that cannot be written has to be reported sooner than other errors. After Ctrl-C this client goes on, so
    that finished calls are recorded, but repeats no call that gets no answer: together with `Objects` this ends a
    command half a minute after Ctrl-C even if S3 is silent.
    """
    from botocore.config import Config

    from provisioner.aws import answers
    from provisioner.aws.connection import keep_time

    settings = Config(
        retries={"mode": "standard", "total_max_attempts": 5},
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        max_pool_connections=32,
        user_agent_extra="provisioner",
    )
    client = aws.connection.session.client("s3", region_name=aws.region, endpoint_url=aws.endpoint, config=settings)
    keep_time(client, aws.pace, ending=signals.interrupted)
    answers.guard(client)
    if aws.connection.log:
        aws.connection.log.watch(client)
    return client


def named(config: Config) -> str:
    """Return the name of the configured bucket.

    Raises:
        ConfigurationError: the configuration names no bucket.
    """
    if config.state.bucket:
        return config.state.bucket
    raise ConfigurationError('no state bucket is configured: write bucket = "…" under [state] in the configuration')


def bucket(config: Config, aws: Aws, client: Any = None) -> StateBucket:
    """Return the bucket with its required settings.

    Args:
        client: the client that reads and repairs it; by default `bucket_client`, which may write and repeats calls.

    Raises:
        ConfigurationError: the configuration names no bucket.
    """
    from provisioner.state.bucket import StateBucket

    tags = {"Project": config.project, "ManagedBy": aws.owner["ManagedBy"]}
    s3_client, runtime = client or bucket_client(aws), aws.pace.runtime
    return StateBucket(s3_client, named(config), aws.account, aws.region, aws.partition, tags, runtime)
