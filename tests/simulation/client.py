"""The way from the tool to the simulated cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from provisioner.aws.client import Aws
from provisioner.engine.clock import Pace
from provisioner.engine.resource import Observed, Resource
from tests.simulation.cloud import Cloud
from tests.simulation.hub import Process, Violation

ASKED = 6
"""How often one command may ask for the same change of a resource, once all its calls are accepted."""


class Client(Aws):
    """The way to the simulated cloud: bulk reads, tags and ownership are the real ones, calls are not boto3's."""

    def __init__(self, cloud: Cloud, process: Process, check: Callable[[str, str, str], None]) -> None:
        session: Any = SimpleNamespace(region_name="sim-1", get_partition_for_region=lambda region: "aws")
        super().__init__(session, "shop", "dev", Pace(runtime=process), rates=False)
        self.account = "123456789012"
        self.cloud, self.process, self._check = cloud, process, check
        self._changed: dict[str, int] = {}

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
        return iter(())

    def ask(self, operation: str, act: Callable[[], Any]) -> Any:
        """Make a call that reads."""
        return self._call(operation, act, write=False)

    def write(self, verb: str, type_name: str, who: str, act: Callable[[], Any]) -> Any:
        """Make a call that writes: on the resource to be made at an address, or on one with an id."""

        self.cloud.tried.append((verb, who))

        def effect() -> Any:
            result = act()
            if self.process.alive:
                self.cloud.writes.append((verb, who))
            return result

        return self._call(
            f"{verb} {type_name} {who}", effect, write=True, check=lambda: self._check(verb, type_name, who)
        )

    def _call(
        self, operation: str, act: Callable[[], Any], *, write: bool, check: Callable[[], None] = lambda: None
    ) -> Any:
        """Make a call; a promise that it breaks is kept, since the engine takes it for a failure of the resource."""
        try:
            check()
            return self.cloud.call(self.process, operation, act, write=write, read_only=self.read_only)
        except Violation as violation:
            self.process.hub.broken = self.process.hub.broken or violation
            raise

    def changed(self, id: str, wanted: Mapping[str, Any]) -> None:
        """Count a change that was accepted: the same one is not asked for without end."""
        asked = self._changed[f"{id}: {wanted}"] = self._changed.get(f"{id}: {wanted}", 0) + 1
        if asked > ASKED:
            self.process.hub.broken = self.process.hub.broken or Violation(f"{id} is changed {asked} times")

    def tag(self, resource_type: type[Resource], live: Observed, address: str) -> None:
        if resource_type.tagged:  # type: ignore[attr-defined]
            self.write(
                "tag",
                resource_type.type_name,
                live.id,
                lambda: resource_type.retag(self.cloud, live.id, self.tags(address)),
            )  # type: ignore[attr-defined]
