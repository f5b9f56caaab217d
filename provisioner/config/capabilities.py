"""Linux capabilities that a container keeps, out of the set that Docker, and so ECS, gives to every container."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

DEFAULT = (
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
)
"""Docker's default capabilities (Docker documentation, runtime privilege and Linux capabilities)."""
OF_ROOT = (
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_BIND_SERVICE",
    "SETGID",
    "SETPCAP",
    "SETUID",
)
"""Capabilities of a program that starts as root, prepares its directories and continues as another user.

The images of nginx, Apache and most databases do so. It is the default of CRI-O (crio.conf(5); cri-o/cri-o#3119),
under which such images run on Kubernetes. Without KILL, the init process cannot pass on the signal by which ECS ends a
task, and takes the task down at once.
"""
BIND = "NET_BIND_SERVICE"
PRIVILEGED_PORTS = 1024
ROOT = ("0", "root")


def kept(said: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the capabilities that a container keeps by default, from its `user` and `port`.

    A user other than root needs none: they would only help a program with a setuid bit. But a program with a file
    capability does not start without that capability (capabilities(7), safety checking for capability-dumb
    binaries). NET_BIND_SERVICE is the file capability that images use, so it stays if the port is below 1024.
    """
    user, port = said.get("user"), said.get("port")
    if user is None or user.partition(":")[0] in ROOT:
        return OF_ROOT
    return (BIND,) if isinstance(port, int) and port < PRIVILEGED_PORTS else ()


def dropped(names: Collection[str]) -> list[str]:
    """Return the capabilities that a task definition drops, so that only the given ones stay.

    It drops them by name: Fargate cannot drop ALL and add some again, because it adds SYS_PTRACE only (ECS API
    reference, KernelCapabilities).
    """
    return [name for name in DEFAULT if name not in names] if names else ["ALL"]
