"""Translate a container of a task into keys of a service, a job or a sidecar."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from provisioner.config import secret_words
from provisioner.config import validators as values
from provisioner.config.capabilities import DEFAULT, PRIVILEGED_PORTS, kept
from provisioner.config.secret_values import looks_secret
from provisioner.config.ulimits import MOST_FILES
from provisioner.migration.ecs import secrets
from provisioner.migration.ecs.answers import Answer
from provisioner.migration.ecs.findings import UNKNOWN, Keys, Workload, said

EXEC_FOLDERS = frozenset({"/managed-agents", "/var/lib/amazon/ssm", "/var/log/amazon/ssm"})
"""The directories of the ECS Exec agent (aws/containers-roadmap#1359): volumes, with `exec` and `read_only`."""
LOWEST_PORT = "net.ipv4.ip_unprivileged_port_start"
OWN_LABELS = "provisioner."
LARGEST_TMP = 64
"""MiB of /tmp with `read_only`."""
ON_EC2 = "Fargate allows no such thing, and instances are not changed for it"

KEYS = Keys(
    read=frozenset(
        {
            *("name", "image", "cpu", "memory", "memoryReservation", "portMappings", "essential", "entryPoint"),
            *("command", "environment", "mountPoints", "linuxParameters", "secrets", "stopTimeout", "user"),
            *("readonlyRootFilesystem", "dockerLabels", "logConfiguration", "healthCheck", "systemControls"),
            # a stack always runs an image by its digest
            "versionConsistency",
            *("dependsOn", "startTimeout", "ulimits"),
        }
    ),
    why={
        "credentialSpecs": "no domain is joined here",
        "disableNetworking": ON_EC2,
        "dnsSearchDomains": ON_EC2,
        "dnsServers": ON_EC2,
        "dockerSecurityOptions": ON_EC2,
        "environmentFiles": "its variables are in files in S3: write them into environment, and secrets by "
        "`provision secret set NAME`",
        "extraHosts": ON_EC2,
        "firelensConfiguration": "logs go to CloudWatch Logs, without FireLens",
        "hostname": ON_EC2,
        "interactive": "nobody types into a task; see exec",
        "links": "the containers of a task reach each other at localhost; services find each other by calls",
        "privileged": "no container is privileged here",
        "pseudoTerminal": "nobody types into a task; see exec",
        "repositoryCredentials": "log in to the registry with docker: its credentials are used to copy the image",
        "resourceRequirements": "graphics processors cannot be asked for",
        "restartPolicy": "a container that ends ends its task, which ECS replaces",
        "volumesFrom": "the containers of a task share no directory here",
        "workingDirectory": "is the image's: set WORKDIR there",
    },
)


def fill(workload: Workload, container: Answer) -> None:
    """Write the settings of a container into the table, and note the rest."""
    for key, handler in HANDLERS.items():
        if said(value := container.get(key)):
            handler(workload, value)
    if not ((container.get("linuxParameters") or {}).get("capabilities") or {}).get("drop"):
        workload.gathered.undropped.append(workload.name)
    secrets.fill(workload, container.get("secrets") or ())
    KEYS.leave_rest(container, workload.leave)


def variables(workload: Workload, found: Sequence[Answer]) -> None:
    """Write variables to `environment`; write only the name to `secrets` if a variable looks like a secret."""
    plain: dict[str, str] = workload.table.setdefault("environment", {})
    for one in found:
        name, value = str(one.get("name", "")), str(one.get("value") or "")
        if not re.fullmatch(values.VARIABLE, name):
            workload.leave("environment", "has an entry that is not the name of a variable")
        elif looks_secret(name, value):
            workload.table.setdefault("secrets", {})[name] = True
            workload.leave(
                f"environment.{name}",
                "looks like a secret, and everybody who may read task definitions sees it: its name alone is carried "
                f"over; `provision secret set {name}`",
                "nothing",
            )
        else:
            plain[name] = value


def words(workload: Workload, key: str, found: Sequence[Any]) -> None:
    """Write a command line into the table, unless it may contain a secret."""
    line = [str(word) for word in found]
    if secret_words.looks(line):
        workload.leave(key, "has a word that looks like a secret: write it, and have the program read a variable")
    else:
        workload.table[key] = line


def _entrypoint(workload: Workload, found: Sequence[str]) -> None:
    words(workload, "entrypoint", found)


def _command(workload: Workload, found: Sequence[str]) -> None:
    words(workload, "command", found)


def _user(workload: Workload, value: str) -> None:
    if re.fullmatch(r"[\w.-]+(:[\w.-]+)?", value, re.ASCII):
        workload.table["user"] = value
    else:
        workload.leave("user", "is no user of a container")


def _read_only(workload: Workload, value: bool) -> None:
    workload.table["read_only"] = value


def _stop(workload: Workload, seconds: int) -> None:
    if seconds < 2:
        workload.leave("stopTimeout", f"{seconds} is too short: 2 seconds are the least here")
    else:
        workload.table["stop_timeout"] = seconds


def _ulimits(workload: Workload, found: Sequence[Answer]) -> None:
    for one in found:
        name, soft, hard = str(one.get("name")), int(one.get("softLimit", 0)), int(one.get("hardLimit", 0))
        if name == "nofile" and not 0 <= soft <= hard <= MOST_FILES:
            workload.leave(f"ulimits.{name}", f"a container has at most {MOST_FILES} open files")
        else:
            limit = soft if soft == hard else {"soft": soft, "hard": hard}
            workload.table.setdefault("ulimits", {})[name] = limit


def _linux(workload: Workload, found: Answer) -> None:
    for key, value in found.items():
        if key == "capabilities":
            _capabilities(workload, value or {})
        elif key == "tmpfs":
            _tmpfs(workload, value)
        elif key != "initProcessEnabled" and said(value):
            workload.leave(f"linuxParameters.{key}", UNKNOWN)


def _tmpfs(workload: Workload, found: Sequence[Answer]) -> None:
    for one in found:
        path, size = one.get("containerPath", ""), one.get("size", 0)
        if path == "/tmp" and workload.table.get("read_only"):  # noqa: S108 (the container's own)
            if size > LARGEST_TMP:
                workload.leave("linuxParameters.tmpfs", f"{path} has {size} MiB; here it has {LARGEST_TMP}")
        else:
            workload.leave("linuxParameters.tmpfs", f"{path}: no memory is mounted here, but for /tmp with read_only")


def _capabilities(workload: Workload, found: Answer) -> None:
    """Write the container's present capabilities, if it drops some and the result differs from this tool's default."""
    for name in found.get("add") or ():
        workload.leave("linuxParameters.capabilities.add", f"{name}: none is added here")
    if drop := {str(name).upper() for name in found.get("drop") or ()}:
        stay = [] if "ALL" in drop else [name for name in DEFAULT if name not in drop]
        if set(stay) != set(kept(workload.table)):
            workload.table["capabilities"] = stay


def _labels(workload: Workload, found: Mapping[str, str]) -> None:
    for name in found:
        if not name.startswith(OWN_LABELS):
            workload.tell(f"dockerLabels.{name}", "containers have no labels of yours here")


def _log(workload: Workload, found: Answer) -> None:
    driver = found.get("logDriver", "")
    if driver != "awslogs":
        why = "logs go to CloudWatch Logs (awslogs), to a log group of the stack's own"
        workload.leave("logConfiguration", f"{driver}: {why}")
    if found.get("secretOptions"):
        workload.leave("logConfiguration.secretOptions", UNKNOWN)


def _controls(workload: Workload, found: Sequence[Answer]) -> None:
    for one in found:
        name = one.get("namespace", "")
        if name != LOWEST_PORT or workload.table.get("port", PRIVILEGED_PORTS) >= PRIVILEGED_PORTS:
            workload.leave("systemControls", f"{name}: settings of the kernel are not made here")


def _mounts(workload: Workload, found: Sequence[Answer]) -> None:
    for one in found:
        path = str(one.get("containerPath", ""))
        if path not in EXEC_FOLDERS:
            volume = one.get("sourceVolume", "")
            workload.leave(
                f"mountPoints.{path}", f"the volume {volume} is not carried over: see volumes in docs/volumes.md"
            )


def _health(workload: Workload, found: Answer) -> None:
    """Write the health check inside the container into the table, with ECS's defaults (ECS API, HealthCheck).

    The load balancer's check is added later, and wins for settings that both checks share.
    """
    command = list(found.get("command") or ())
    if command in ([], ["NONE"]):
        return
    if workload.job:
        workload.leave("healthCheck", "nobody asks a job whether it is well")
        return
    if secret_words.looks(map(str, command)):
        workload.leave("healthCheck", "has a word that looks like a secret: write health.command")
        return
    check: dict[str, Any] = {"command": _check(command)}
    for ours, theirs, usual in (
        ("interval", "interval", 30),
        ("timeout", "timeout", 5),
        ("unhealthy", "retries", 3),
        ("grace", "startPeriod", 0),
    ):
        # ECS shows 0 for a start period that was not set
        check[ours] = found.get(theirs) if found.get(theirs) is not None else usual
    workload.table["health"] = check


def _check(command: list[str]) -> Any:
    """Return a check in the form of `health.command`: a text for the shell, or a list."""
    if command[0] == "CMD-SHELL":
        return " ".join(command[1:])
    return command[1:] if command[0] == "CMD" else command


HANDLERS: Mapping[str, Callable[[Workload, Any], None]] = {
    "entryPoint": _entrypoint,
    "command": _command,
    "environment": variables,
    "user": _user,
    "readonlyRootFilesystem": _read_only,
    "stopTimeout": _stop,
    "ulimits": _ulimits,
    "linuxParameters": _linux,
    "dockerLabels": _labels,
    "logConfiguration": _log,
    "systemControls": _controls,
    "mountPoints": _mounts,
    "healthCheck": _health,
}
"""The order matters: later handlers read the keys that earlier handlers wrote."""
