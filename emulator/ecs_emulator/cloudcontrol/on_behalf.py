"""Clients for the API calls of handlers, which use the identity of Cloud Control's caller."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from ecs_emulator.errors import Answer
from ecs_emulator.in_process import answered
from ecs_emulator.wsgi import Environ

Api = Callable[[str], Any]
"""A function that returns the boto3 client of a service."""

VIA = "ecs_emulator.via_service"
"""The key that marks a call in its environ: a service makes it for its caller (`aws:ViaAWSService`)."""


def clients(call: Callable[[Environ], Answer], key: str, region: str, host: str) -> Api:
    """Return a function that makes a Region's clients: this process answers their calls, signed with the caller's key.

    Args:
        host: the address at which the caller reached the cloud; URLs of queues contain it.
    """
    session = boto3.Session(key, "in-process", region_name=region, botocore_session=botocore.session.Session())
    config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})

    def send(request: Any, **_: Any) -> Any:
        return answered(request, lambda environ: call({**environ, VIA: True}))

    @cache
    def client(service: str) -> Any:
        made = session.client(service, endpoint_url=f"http://{host}", config=config)
        made.meta.events.register_first("before-send", send)
        return made

    return client
