"""Translate the keys of a Compose service that have a counterpart, each by a function."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

from provisioner.config import secret_words
from provisioner.config import validators as values
from provisioner.config.capabilities import DEFAULT
from provisioner.config.ulimits import MOST_FILES, Kind
from provisioner.migration import names
from provisioner.migration.compose import copies, stores
from provisioner.migration.compose.findings import Service
from provisioner.migration.yaml_tree import Value

WHY = {
    "cap_add": "see capabilities: Fargate has Docker's default ones alone",
    "configs": "a task has no files of its own: put them into the image",
    "extends": "is not followed: write the other service's keys",
    "labels": "containers have no labels: a proxy that reads them does not learn of this service",
    "privileged": "no container of ECS on Fargate is",
    "secrets": "its secrets are files; here they are variables: list their names in secrets",
    "working_dir": "is the image's: set WORKDIR there",
}
"""Keys without a counterpart, and the reason or the fix."""
TOLD = {
    "container_name": "a task's name is ECS's",
    "hostname": "a task's name is ECS's",
    "networks": "`calls` says which service may connect to another",
}
"""Keys whose difference is no loss."""
SILENT = frozenset(
    {
        *(
            "image",
            "build",
            "init",
            "tty",
            "stdin_open",
            "expose",
            "pull_policy",
            "profiles",
            "environment",
            "env_file",
        ),
        *("attach", "develop", "annotations"),
    }
)
"""Keys that are for the run on one machine, have the value that ECS has anyway, or are read by other functions."""
_LOCAL = re.compile(r"127\.|localhost:|\[?::1\]?:")
CHECK = {"interval": ("interval", 30, 5, 300), "timeout": ("timeout", 30, 2, 60), "retries": ("unhealthy", 3, 1, 10)}
"""Keys of a check: the key here, the default of Compose in seconds or checks, and the least and the most here."""
START = ("grace", 0, 0, 300)
HTTP = 80
SMALLEST = 512
"""MiB of the smallest task on Fargate with 256 CPU units (ECS developer guide, "Task CPU and memory")."""


def words(service: Service, value: Value, key: str) -> None:
    """Write a command line into the table, unless it has a part that is not known, or looks like a secret."""
    line = value.words
    if not line or service.unfilled(value, key, line if isinstance(line, str) else "\n".join(line)):
        return
    if secret_words.looks([line] if isinstance(line, str) else line):
        service.leave(value, key, "has a word that looks like a secret: write it, and have the program read a variable")
        return
    service.table[key] = line


def command(service: Service, value: Value) -> None:
    """Write `command`."""
    words(service, value, "command")


def entrypoint(service: Service, value: Value) -> None:
    """Write `entrypoint`."""
    words(service, value, "entrypoint")


def user(service: Service, value: Value) -> None:
    """Write `user`."""
    if service.unfilled(value, "user", value.text or ""):
        return
    if value.text and re.fullmatch(r"[\w.-]+(:[\w.-]+)?", value.text, re.ASCII):
        service.table["user"] = value.text
    else:
        service.leave(value, "user", "is no user of a container")


def read_only(service: Service, value: Value) -> None:
    """Write `read_only`."""
    service.table["read_only"] = bool(value.flag)


def stop(service: Service, value: Value) -> None:
    """Write `stop_timeout`."""
    seconds = duration(value) or 0
    if 2 <= seconds <= 120:
        service.table["stop_timeout"] = seconds
    else:
        service.leave(value, "stop_grace_period", "Fargate allows 2 to 120 seconds: write stop_timeout")


def ulimits(service: Service, value: Value) -> None:
    """Write `ulimits`; a single number is the soft and the hard limit."""
    for name, one in value.table.items():
        numbers = {key: found.number for key, found in one.table.items()} or {"soft": one.number, "hard": one.number}
        soft, hard = numbers.get("soft"), numbers.get("hard")
        if name not in get_args(Kind) or soft is None or hard is None or not soft <= hard <= MOST_FILES:
            service.leave(one, f"ulimits.{name}", "is no limit that ECS knows: write ulimits")
        else:
            limit = soft if soft == hard else {"soft": soft, "hard": hard}
            service.table.setdefault("ulimits", {})[name] = limit


def duration(value: Value) -> int | None:
    """Return a duration such as `1m30s` in whole seconds; None if it is none (Compose specification, durations)."""
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:\d+(?:ms|us))?", value.text or "")
    if not value.text or found is None:
        return value.number
    return sum(int(part or 0) * unit for part, unit in zip(found.groups(), (3600, 60, 1), strict=True))


def check(service: Service, value: Value) -> None:
    """Write the health check inside the container, with Compose's defaults; for ECS a job has none."""
    test = value.at("test")
    parts = test.texts if test else []
    off = (value.at("disable") or Value("", 0, "false", "bool")).flag or parts[:1] == ["NONE"]
    line: Any = test.text if test and test.text is not None else " ".join(parts[1:])
    if parts[:1] == ["CMD"]:
        line = parts[1:]
    if off or not line or service.unfilled(value, "healthcheck", line if isinstance(line, str) else "\n".join(line)):
        if not off:
            why = "has no command of its own: write health.command, or the image's check is not made"
            service.leave(value, "healthcheck", why)
        return
    if service.job:
        service.tell(value, "healthcheck", "nobody asks a job whether it is well")
        return
    health: dict[str, Any] = {"command": line}
    for key, (ours, usual, least, most) in {**CHECK, "start_period": START}.items():
        given = value.at(key)
        asked = (given.number if key == "retries" else duration(given)) if given else usual
        health[ours] = min(most, max(least, usual if asked is None else asked))
        if given and asked != health[ours]:
            service.leave(given, f"healthcheck.{key}", f"is {health[ours]} here: ECS allows {least} to {most}")
    for key, one in value.table.items():
        if key not in ("test", "disable", "start_period", *CHECK):
            service.tell(one, f"healthcheck.{key}", "ECS has no such key")
    service.table["health"] = health


def platform(service: Service, value: Value) -> None:
    """Write `architecture`."""
    system, _, processor = (value.text or "").lower().partition("/")
    if processor.startswith("arm64"):
        service.table["architecture"] = "arm64"
    elif system != "linux" or not processor.startswith("amd64"):
        service.leave(value, "platform", "is no platform of Fargate here: linux/amd64 and linux/arm64 are")


def restart(service: Service, value: Value) -> None:
    """Note a service that is not started again there."""
    if service.job or value.text in ("always", "unless-stopped"):
        return
    why = f"{value.text}: ECS starts a task that ends again"
    if port_of(service.gathered.kept[service.name]):
        # a program that listens does not end by itself
        service.tell(value, "restart", why)
    else:
        service.leave(value, "restart", f"{why}: write it as a job in [jobs] if it ends by itself")


def logging(service: Service, value: Value) -> None:
    """Note another log driver than Docker's own."""
    driver = value.at("driver")
    if driver and driver.text not in ("json-file", "local"):
        service.leave(value, "logging", f"{driver.text}: logs go to CloudWatch Logs here")
    else:
        service.tell(value, "logging", "logs go to CloudWatch Logs here, for logs.retention_days")


def volumes(service: Service, value: Value) -> None:
    """Write each volume that has a name; note others. Files that the image has anyway are no loss."""
    mounts = list(stores.mounts(Value("", 0, {"volumes": value})))
    for one, (source, path) in zip(value.values, mounts, strict=False):
        if source and not stores.is_volume(source) and copies.has(service, source, path):
            why = f"{source} at {path}: the image has these files, too: a change here needs a new image"
            service.tell(one, "volumes", why)
            continue
        if not source and any(path.startswith(f"{at.rstrip('/')}/") for host, at in mounts if host):
            why = f"{path}: keeps the image's own files visible below a directory of this machine: nothing hides them"
            service.tell(one, "volumes", why)
            continue
        if stores.is_volume(source) and path.startswith("/"):
            name = names.workload(source)
            mount: Any = {"path": path, "read_only": True} if stores.is_read_only(one) else path
            service.table.setdefault("volumes", {})[name] = mount
            service.leave(one, "volumes", f"{source} at {path}: [volumes.{name}] is empty: copy the files", "stays")
            continue
        if not source:
            why = f"a volume at {path}: has no name: data there is lost with the task"
        elif source.endswith("docker.sock"):
            why = f"{source}: a task reaches no Docker"
        else:
            why = f"{source} at {path}: a task has no files of this machine: put them into the image"
        service.leave(one, "volumes", why)


def dropped(service: Service, value: Value) -> None:
    """Write `capabilities` without the dropped ones."""
    drop = {one.upper().removeprefix("CAP_") for one in value.texts}
    service.table["capabilities"] = [] if "ALL" in drop else [name for name in DEFAULT if name not in drop]


def deploy(service: Service, value: Value) -> None:
    """Write `count`, `cpu` and `memory`, and note the rest."""
    for key, one in value.table.items():
        if key == "replicas" and one.number is not None and not service.job:
            service.table["count"] = one.number
        elif key == "resources":
            for inner, part in one.table.items():
                if inner == "limits":
                    _size(service, part, part.at("cpus"), part.at("memory"))
                else:
                    service.tell(part, f"deploy.resources.{inner}", "a task on Fargate has cpu and memory alone")
        elif key == "restart_policy":
            service.tell(one, "deploy.restart_policy", "ECS starts a task that ends again")
        else:
            service.leave(one, f"deploy.{key}", "has no counterpart here")


def _size(service: Service, place: Value, cpus: Value | None, memory: Value | None) -> None:
    """Write the smallest size of Fargate that has at least the limits of a container."""
    try:
        units = round(float(cpus.text or 0) * 1024) if cpus else 0
    except ValueError:
        units = -1
    mib = _mib(memory) if memory else 0
    sizes = ((cpu, size) for cpu, sizes in values.FARGATE_MEMORY.items() for size in sizes)
    fitting = next(((cpu, size) for cpu, size in sizes if cpu >= units and size >= (mib or SMALLEST)), None)
    if units < 0 or mib is None or fitting is None:
        service.leave(place, "deploy.resources", "is no size of Fargate: write cpu and memory")
        return
    service.table |= {"cpu": fitting[0], "memory": fitting[1]}
    if (units and units != fitting[0]) or (mib and mib != fitting[1]):
        service.tell(place, "deploy.resources", f"is {fitting[0]} CPU units and {fitting[1]} MiB, a size of Fargate")


def _mib(value: Value) -> int | None:
    """Return an amount of memory in MiB, rounded up; None if it is none."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", (value.text or "").lower())
    if found is None:
        return None
    unit = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}[found[2]]
    return -int(-float(found[1]) * unit // 2**20)


def ports(service: Service, value: Value) -> None:
    """Note all ports but the service's: the first, or the port published as 80."""
    for one in _first(value)[1:]:
        service.leave(one, "ports", "a service has one port here, the first of these, or the one at port 80")


def _first(ports: Value) -> list[Value]:
    """Return the ports of a service with the one first that is published as port 80."""
    return sorted(ports.values, key=lambda one: published(one) != HTTP)


def published(port: Value) -> int | None:
    """Return the port of the machine at which a port is published; None if it is none, or is not known."""
    if port.table:
        return (port.at("published") or Value("", 0, None)).number
    found = re.fullmatch(r"(?:.*:)?(\d+):\d+(?:/tcp)?", port.text or "")
    return int(found[1]) if found else None


def expose(service: Service, value: Value) -> None:
    """Note the further ports that others may connect to there, beside the service's port here."""
    here = port_of(service.gathered.kept[service.name])
    for one in value.values:
        if one.text != str(here) and one.text != f"{here}/tcp":
            service.leave(one, "expose", f"{one.text}: a service has one port here, {here}")


HANDLERS: Mapping[str, Callable[[Service, Value], None]] = {
    "cap_drop": dropped,
    "command": command,
    "deploy": deploy,
    "entrypoint": entrypoint,
    "expose": expose,
    "healthcheck": check,
    "logging": logging,
    "platform": platform,
    "ports": ports,
    "read_only": read_only,
    "restart": restart,
    "stop_grace_period": stop,
    "ulimits": ulimits,
    "user": user,
    "volumes": volumes,
}
"""The readers of keys that depend on no other service."""


def is_local(service: Value) -> bool:
    """Return whether a service publishes its ports for its own machine alone, as for a proxy on it."""
    hosts = [
        _LOCAL.match(f"{(one.at('host_ip') or one).text}:" if one.table else one.text or "")
        for one in (service.at("ports") or Value("", 0, [])).values
    ]
    return bool(hosts) and all(hosts)


def port_of(service: Value) -> int | None:
    """Return the container's port by TCP: the port published as 80, or the first published or exposed."""
    for key in ("ports", "expose"):
        for one in _first(service.at(key) or Value("", 0, [])):
            text = (one.at("target") or one).text or ""
            udp = one.at("protocol")
            if (not udp or udp.text == "tcp") and (found := re.search(r"(?:^|:)(\d+)(?:/tcp)?$", text)):
                return int(found[1])
    return None
