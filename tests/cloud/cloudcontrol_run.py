"""One `up` of resources by Cloud Control in a process of its own, which can be killed: see its test."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ecs_emulator.control import CloudProcess
from provisioner.steps.stack import Stack
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.rig import Rig
from tests.cloud.samples.cloudcontrol import declared

TYPES = ("AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::SecretsManager::Secret")


def some(stack: Stack, seconds: int = 45) -> None:
    """Declare one resource of each of these types."""
    for name in TYPES:
        stack.ensure(declared(name, **({"VisibilityTimeout": seconds} if name == TYPES[0] else {})))


if __name__ == "__main__":
    process, directory, seconds = sys.argv[1:]
    # until somebody has said where it is to be killed
    sys.stdin.readline()
    rig = Rig(EmbeddedCloud(CloudProcess(**json.loads(process))), Path(directory))
    rig.up(lambda stack: some(stack, int(seconds))).ok()
