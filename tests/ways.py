"""Clients of AWS for tests: their calls are recorded, and the test sets their known resources."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3

from provisioner.aws.client import Aws
from provisioner.aws.connection import Connection, Watcher
from provisioner.aws.inventory import Inventory
from provisioner.aws.reads import reads
from provisioner.engine.clock import Pace
from provisioner.engine.records.references import KnownResources
from provisioner.engine.resource import Observed, Resource
from tests.jumping import Jumping

REGION = "ap-northeast-1"


@dataclass(frozen=True)
class Call:
    """One answered call: `service` by boto3's name, `operation` by AWS's, the parameters, and the result."""

    service: str
    operation: str
    read: bool
    code: str | None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Calls:
    """A recorder of the answered calls of its clients."""

    made: list[Call] = field(default_factory=list)

    def watch(self, client: Any) -> None:
        """Record the calls of a boto3 client from now on."""
        client.meta.events.register("provide-client-params", self._keep)
        client.meta.events.register("after-call", self._note)

    @staticmethod
    def _keep(params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["asked with"] = params

    def _note(self, model: Any, parsed: Mapping[str, Any], context: Mapping[str, Any], **_: Any) -> None:
        code, asked = parsed.get("Error", {}).get("Code"), context.get("asked with", {})
        self.made.append(Call(model.service_model.service_name, model.name, reads(model.name), code, asked))


def way(
    session: boto3.Session | None = None,
    project: str = "shop",
    env: str = "dev",
    pace: Pace | None = None,
    *,
    endpoint: str | None = None,
    rates: bool = True,
    log: Watcher | None = None,
    **more: Any,
) -> Aws:
    """Return an `Aws`; without a session, with dummy credentials. `more` goes to `Aws`."""
    session = session or boto3.Session("testing", "testing", region_name=REGION)
    connection = Connection(session, pace or Pace(Jumping()), endpoint=endpoint, log=log or Calls(), rates=rates)
    return Aws(project, env, connection, Inventory(connection.pace), **more)


def calls(aws: Aws) -> list[Call]:
    """Return the calls of an `Aws` that were answered so far."""
    assert isinstance(aws.connection.log, Calls)
    return aws.connection.log.made


@dataclass(frozen=True)
class Knows(KnownResources):
    """The known resources that a test sets."""

    fields: Callable[[type[Resource]], Sequence[Mapping[str, Any]]] = lambda resource_type: ()
    ready: Callable[[type[Resource]], Sequence[Mapping[str, Any]]] = lambda resource_type: ()
    ids: Callable[[type[Resource]], Sequence[str]] = lambda resource_type: ()

    def known(self, resource_type: type[Resource], observed: Mapping[str, Observed]) -> Sequence[Mapping[str, Any]]:
        """Return the fields of the declared and recorded resources."""
        return self.fields(resource_type)

    def settled(self, resource_type: type[Resource]) -> Sequence[Mapping[str, Any]]:
        """Return the recorded fields of the ready resources."""
        return self.ready(resource_type)

    def recorded(self, resource_type: type[Resource]) -> Sequence[str]:
        """Return the ids of the recorded resources."""
        return self.ids(resource_type)
