"""Tells which copy of a service this is: its task, its zone and its host."""

from __future__ import annotations

import json
import logging
import socket
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SECONDS = 2


@dataclass(frozen=True)
class Whereabouts:
    """Where a service runs; `task` and `zone` are empty outside ECS."""

    host: str
    task: str = ""
    zone: str = ""


def find_out(environ: Mapping[str, str]) -> Whereabouts:
    """Ask ECS's task metadata endpoint, version 4, whose address ECS puts into the environment.

    Where there is none, `TASK_ID` and `AVAILABILITY_ZONE` say it, if they are set.
    """
    host = socket.gethostname()
    if not (base := environ.get("ECS_CONTAINER_METADATA_URI_V4")):
        return Whereabouts(host, environ.get("TASK_ID", ""), environ.get("AVAILABILITY_ZONE", ""))
    try:
        with urllib.request.urlopen(f"{base}/task", timeout=SECONDS) as answer:  # noqa: S310 (ECS's own address)
            return from_metadata(host, json.load(answer))
    except (OSError, ValueError) as error:
        logging.getLogger(__name__).warning("The task metadata cannot be read: %s", error)
        return Whereabouts(host)


def from_metadata(host: str, task: Mapping[str, Any]) -> Whereabouts:
    """Pick from what `/task` answers: the task's id ends its ARN; the zone may be missing."""
    return Whereabouts(host, str(task.get("TaskARN", "")).rpartition("/")[2], str(task.get("AvailabilityZone", "")))
