"""Convert a container definition of ECS into the arguments of Docker's create call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ecs_emulator.containers import caches, file_systems, relays
from ecs_emulator.containers.authority import BUNDLE, BUNDLE_FOLDER
from ecs_emulator.containers.engine import LIMITS
from ecs_emulator.ecs import overrides, secrets, task_endpoint
from ecs_emulator.ecs.container_instances import size
from ecs_emulator.ecs.dependencies import in_order
from ecs_emulator.ecs.records import Shape, Task
from ecs_emulator.ecs.store import Store

SECOND = 1_000_000_000
"""A second in Docker's unit, nanoseconds."""
MIB = 1024 * 1024
NETWORK = "net."
"""The beginning of the names of the network's kernel parameters: the containers of a task share the network."""
HASTE = 20
"""The number of health checks here in the time of one check on AWS."""

_TRUST = {
    "REDIS_CA_BUNDLE": f"{BUNDLE_FOLDER}/{BUNDLE}",
    # the directories of Debian and Alpine, and of Red Hat, stay in use beside the authority's
    "SSL_CERT_DIR": f"{BUNDLE_FOLDER}:/etc/ssl/certs:/etc/pki/tls/certs",
    "NODE_EXTRA_CA_CERTS": f"{BUNDLE_FOLDER}/{BUNDLE}",
}
"""The variables by which OpenSSL and its users, Go and Node.js find the authority of a cache's certificate: on AWS they
trust Amazon's without a setting. Other clients have to be given its file. (OpenSSL manual, openssl-env;
golang/go#35325; Node.js manual, command-line options)"""


class CannotStart(Exception):
    """ECS cannot start the task; the message is its `stoppedReason`."""


class EssentialExited(Exception):
    """An essential container has ended, or can never start, before all the others have started."""


@dataclass(frozen=True)
class ContainerSpec:
    """A container to start: its task's id, its name in the engine, its image, the rest of Docker's create call.

    Attributes:
        database, cache: the host names of its database and of its cache, or empty.
        given: the variables that the agent sets, unless the definition or the image sets them.
        relayed, apart: more such variables, for a task with a relay to the embedded cloud and for one without.
    """

    task: str
    name: str
    definition: Shape
    image: str
    create: dict[str, Any]
    host: dict[str, Any]
    database: str = ""
    cache: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    relayed: Mapping[str, str] = field(default_factory=dict)
    apart: Mapping[str, str] = field(default_factory=dict)

    def complete(self, image: Iterable[str], *, by_relay: bool) -> ContainerSpec:
        """Return the spec with all variables; the image's own (`NAME=value`) win over the agent's."""
        own = {one.partition("=")[0] for one in image}
        given = {**self.given, **(self.relayed if by_relay else self.apart)}
        variables = {name: value for name, value in given.items() if name not in own}
        return replace(self, create={**self.create, "environment": variables | self.create["environment"]})


def container_specs(store: Store, task: Task, port: int) -> list[ContainerSpec]:
    """Return the task's containers, each after its dependencies.

    Args:
        port: the port of their own loopback at which a relay listens.

    Raises:
        CannotStart: a secret cannot be read, or a container needs rights beyond Docker's defaults.
    """
    containers = task.definition.shape["containerDefinitions"]
    specs = [_one(store, task, overrides.container(task, container)) for container in in_order(containers)]
    # the same address as on this machine, so that a URL which a container presigns opens in a browser too
    url = f"http://127.0.0.1:{port}"
    address = task_endpoint.begin(store, task, url)
    apart = {"TASK_ID": task.id, "AVAILABILITY_ZONE": task.zone}
    return [replace(one, relayed=_relayed(task, url, address, one), apart=apart) for one in specs]


def relay_spec(task: Task, port: int) -> ContainerSpec:
    """Return the container that holds the network of a task and relays one port of it to the embedded cloud."""
    containers = task.definition.shape["containerDefinitions"]
    settings = {one["namespace"]: one["value"] for each in containers for one in each.get("systemControls", ())}
    network = {name: value for name, value in settings.items() if name.startswith(NETWORK)}
    host = {**LIMITS, **relays.hosted_with(), "sysctls": network}
    create = {**relays.created_with(port), "environment": {}}
    name = f"relay-{task.definition.family}-{task.id[:12]}"
    return ContainerSpec(task.id, name, {}, relays.image(), create, host)


def _one(store: Store, task: Task, container: Shape) -> ContainerSpec:
    environment = _environment(store, task, container)
    database = environment.get("DB_HOST", "")
    if database:
        # the database's certificate is issued by the embedded cloud's authority, which is not in RDS's bundle
        environment["DB_CA_BUNDLE"] = f"{BUNDLE_FOLDER}/{BUNDLE}"
    cache = caches.endpoint_in(environment.values())
    create: dict[str, Any] = {
        "command": container.get("command"),
        "entrypoint": container.get("entryPoint"),
        "environment": environment,
        "user": container.get("user"),
        "working_dir": container.get("workingDirectory"),
        "healthcheck": _health(container["healthCheck"]) if "healthCheck" in container else None,
    }
    linux = container.get("linuxParameters", {})
    added = linux.get("capabilities", {}).get("add")
    if added or container.get("privileged"):
        raise CannotStart(
            f"the embedded cloud runs containers on your machine, and gives {container['name']} no rights beyond "
            f"Docker's: remove {', '.join(added) if added else 'privileged'} from its definition"
        )
    host: dict[str, Any] = {
        **LIMITS,
        "read_only": container.get("readonlyRootFilesystem", False),
        "init": linux.get("initProcessEnabled", False),
        "cap_drop": linux.get("capabilities", {}).get("drop"),
        "tmpfs": {one["containerPath"]: f"size={one['size']}m" for one in linux.get("tmpfs", ())},
        "sysctls": {one["namespace"]: one["value"] for one in container.get("systemControls", ())},
        "ulimits": [
            {"Name": one["name"], "Soft": one["softLimit"], "Hard": one["hardLimit"]}
            for one in container.get("ulimits", ())
        ],
        "cpu_shares": max(2, int(container.get("cpu") or 0)),
        "mem_limit": int(container.get("memory") or size(task)[1] or 512) * MIB,
        "mounts": [
            *file_systems.mounts(store, task.definition.shape, container),
            *([{"Type": "volume", "Target": BUNDLE_FOLDER, "ReadOnly": False}] if database or cache else []),
        ],
    }
    name = f"{task.definition.family}-{task.id[:12]}-{container['name']}"
    given = {**_given(store, task), **(_TRUST if cache else {})}
    return ContainerSpec(task.id, name, container, container["image"], create, host, database, cache, given)


def _environment(store: Store, task: Task, container: Shape) -> dict[str, str]:
    variables = {one["name"]: one["value"] for one in container.get("environment", ())}
    try:
        variables |= {one["name"]: secrets.value(store, task, one["valueFrom"]) for one in container.get("secrets", ())}
    except secrets.Unreadable as error:
        raise CannotStart(str(error)) from None
    return variables


def _given(store: Store, task: Task) -> dict[str, str]:
    """Return the agent's variables for a task's containers (the Region on EC2 too: aws/amazon-ecs-agent#4946)."""
    return {
        "AWS_REGION": store.region,
        "AWS_DEFAULT_REGION": store.region,
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE" if task.launch_type == "FARGATE" else "AWS_ECS_EC2",
    }


def _relayed(task: Task, url: str, address: str, spec: ContainerSpec) -> dict[str, str]:
    """Return variables that point to the embedded cloud (SDKs and Tools reference, "Service-specific endpoints")."""
    return {"AWS_ENDPOINT_URL": url, **task_endpoint.variables(task, address, spec.definition["name"])}


def _health(check: Shape) -> dict[str, Any]:
    """Return the health check for Docker: more frequent than on AWS to save time, but at most once a second."""
    return {
        "test": check["command"],
        "interval": max(SECOND, int(check.get("interval", 30) * SECOND / HASTE)),
        "timeout": check.get("timeout", 5) * SECOND,
        "retries": check.get("retries", 3),
        "start_period": check.get("startPeriod", 0) * SECOND,
    }
