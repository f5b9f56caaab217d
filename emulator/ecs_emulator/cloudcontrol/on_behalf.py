"""Clients for what a handler calls in the name of who called Cloud Control."""

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
"""Returns the boto3 client of a service."""

VIA = "ecs_emulator.via_service"
"""What marks a call in its environ that a service makes for its caller (`aws:ViaAWSService`)."""


def clients(call: Callable[[Environ], Answer], key: str, region: str, host: str) -> Api:
    """Return what gives the clients of a Region, whose calls are answered here, signed with the caller's key.

    Args:
        host: where the caller reached the cloud, which stands in the addresses of queues.
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
