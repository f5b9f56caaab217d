"""An independent look at the account, with plain boto3: its identity, its resources, and its running tasks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from ecs_emulator.control import CloudProcess
from tests.aws.stack import NAME, PROJECT
from tests.cloud.inventory import NEVER_REMOVED, Inventory, called, difference, inventory, pages


@dataclass
class Account:
    """An account in a Region.

    Attributes:
        cloud: the embedded cloud, or None for AWS.
    """

    region: str
    profile: str | None = None
    cloud: CloudProcess | None = None
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return a client, made once."""
        if service not in self._clients:
            own = {"aws_access_key_id": self.cloud.key, "aws_secret_access_key": "testing"} if self.cloud else {}
            session = boto3.Session(region_name=self.region, profile_name=self.profile, **own)
            endpoint = self.cloud.endpoint if self.cloud else None
            settings = Config(retries={"mode": "standard", "max_attempts": 10})
            self._clients[service] = session.client(service, endpoint_url=endpoint, config=settings)
        return self._clients[service]

    def identity(self) -> dict[str, str]:
        """Return the identity of the credentials: `Account`, `Arn`, `UserId`."""
        answer = self.client("sts").get_caller_identity()
        return {name: str(answer[name]) for name in ("Account", "Arn", "UserId")}

    def zones(self) -> list[str]:
        """Return the names of the account's public hosted zones."""
        found = pages(self.client("route53"), "list_hosted_zones", "HostedZones")
        return [zone["Name"].rstrip(".") for zone in found if not zone["Config"]["PrivateZone"]]

    def inventory(self) -> Inventory:
        """Return everything in account and Region, by kind."""
        return inventory(self.client)

    def services(self) -> dict[str, tuple[int, int]]:
        """Return by service the numbers of wanted and of running tasks."""
        names = ["frontend", "backend"]
        found = self.client("ecs").describe_services(cluster=NAME, services=names)["services"]
        return {one["serviceName"]: (one["desiredCount"], one["runningCount"]) for one in found}

    def revisions(self) -> dict[str, set[str]]:
        """Return by service the task definitions of the tasks that have not stopped."""
        ecs = self.client("ecs")
        arns = list(pages(ecs, "list_tasks", "taskArns", cluster=NAME))
        tasks = ecs.describe_tasks(cluster=NAME, tasks=arns)["tasks"] if arns else []
        found: dict[str, set[str]] = {}
        for task in tasks:
            if task["lastStatus"] != "STOPPED":
                found.setdefault(task["group"].removeprefix("service:"), set()).add(task["taskDefinitionArn"])
        return found

    def parameter(self, name: str) -> str:
        """Return the value of a SecureString."""
        answer = self.client("ssm").get_parameter(Name=name, WithDecryption=True)
        return str(answer["Parameter"]["Value"])

    def instances(self) -> int:
        """Return the number of container instances that have joined."""
        found = pages(self.client("ecs"), "list_container_instances", "containerInstanceArns", cluster=NAME)
        return len(list(found))


def ours(found: Inventory) -> list[str]:
    """Return the stack's resources, by tags or by name, each as `<sort>: <name>`."""
    return [f"{sort}: {called(sort, thing)}" for sort, things in found.items() for thing in things if _ours(thing)]


def changed(before: Inventory, after: Inventory) -> list[str]:
    """Return the changes to foreign resources, each as `<sort>: <name> is gone (or new, or changed)`."""
    said = []
    for sort, sides in difference(before, after, *NEVER_REMOVED).items():
        lacking, added = ([called(sort, thing) for thing in sides[side] if not _ours(thing)] for side in sides)
        words = {name: "changed" if name in added else "gone" for name in lacking}
        words |= {name: "new" for name in added if name not in words}
        said += [f"{sort}: {name} is {word}" for name, word in words.items()]
    return said


def _ours(thing: dict[str, Any]) -> bool:
    return PROJECT in json.dumps(thing)
