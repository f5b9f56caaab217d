"""The tool's client of the simulated cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from provisioner.aws.client import Aws
from provisioner.aws.connection import Connection
from provisioner.aws.inventory import Inventory
from provisioner.engine.clock import Pace
from provisioner.engine.resource import Observed, Resource
from tests.simulation.cloud import Cloud
from tests.simulation.hub import Process, Violation

ASKED = 6
"""The most times that one command may request the same change of a resource, once all its calls are accepted."""


def client(cloud: Cloud, process: Process, check: Callable[[str, str, str], None]) -> Client:
    """Return a client of the simulated cloud; `check` sees each write before it is made."""
    session: Any = SimpleNamespace(region_name="sim-1", get_partition_for_region=lambda region: "aws")
    connection = Connection(session, Pace(runtime=process), rates=False)
    inventory = Inventory(connection.pace)
    return Client(
        "shop", "dev", connection, inventory, "123456789012", cloud=cloud, process=process, check=check, asked_for={}
    )


@dataclass(frozen=True, kw_only=True)
class Client(Aws):
    """A client of the simulated cloud: bulk reads, tags and ownership are real, only the calls are not boto3's."""

    cloud: Cloud
    process: Process
    check: Callable[[str, str, str], None]
    asked_for: dict[str, int]

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
        return iter(())

    def ask(self, operation: str, act: Callable[[], Any]) -> Any:
        """Make a call that reads."""
        return self._call(operation, act, write=False)

    def write(self, verb: str, type_name: str, who: str, act: Callable[[], Any]) -> Any:
        """Make a call that writes: on the resource to be made at an address, or on one with an id."""

        self.fence()
        self.cloud.tried.append((verb, who))

        def effect() -> Any:
            result = act()
            if self.process.alive:
                self.cloud.writes.append((verb, who))
            return result

        return self._call(
            f"{verb} {type_name} {who}", effect, write=True, check=lambda: self.check(verb, type_name, who)
        )

    def _call(
        self, operation: str, act: Callable[[], Any], *, write: bool, check: Callable[[], None] = lambda: None
    ) -> Any:
        """Make a call; note a broken promise, since the engine would treat it as a failure of the resource."""
        try:
            check()
            return self.cloud.call(self.process, operation, act, write=write, read_only=self.reads_only)
        except Violation as violation:
            self.process.hub.broken = self.process.hub.broken or violation
            raise

    def changed(self, id: str, wanted: Mapping[str, Any]) -> None:
        """Count an accepted change: the same one must not be requested without end."""
        asked = self.asked_for[f"{id}: {wanted}"] = self.asked_for.get(f"{id}: {wanted}", 0) + 1
        if asked > ASKED:
            self.process.hub.broken = self.process.hub.broken or Violation(f"{id} is changed {asked} times")

    def taggable(self, resource_type: type[Resource]) -> bool:
        sort: Any = resource_type
        return bool(sort.tagged)

    def read_tags(self, resource_type: type[Resource], live: Observed) -> dict[str, str]:
        sort: Any = resource_type
        return dict(self.ask(f"Read tags of {live.id}", lambda: sort.tagging(self.cloud, live.id)))

    def tag(self, resource_type: type[Resource], live: Observed, address: str) -> None:
        sort: Any = resource_type
        if self.taggable(resource_type):
            self.write(
                "tag",
                resource_type.type_name,
                live.id,
                lambda: sort.retag(self.cloud, live.id, self.tags(address)),
            )
