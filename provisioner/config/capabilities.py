"""Which Linux capabilities a container keeps of those that Docker, and with it ECS, gives to every container."""

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
"""Those of Docker's default configuration (Docker documentation, runtime privilege and Linux capabilities)."""
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
"""What a program needs that begins as root, prepares its directories and goes on as another user.

The images of nginx, Apache and most databases do so. It is the default of CRI-O (crio.conf(5); cri-o/cri-o#3119),
under which such images run on Kubernetes. Without KILL, the init process cannot pass on the signal by which ECS ends a
task, and takes the task down at once.
"""
BIND = "NET_BIND_SERVICE"
PRIVILEGED_PORTS = 1024
ROOT = ("0", "root")


def kept(said: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a service keeps if its `capabilities` do not say, by its `user` and `port`.

    A user other than root has no use for any: what they would still do is serve a program with a setuid bit. A program
    with a file capability does not even start without it (capabilities(7), safety checking for capability-dumb
    binaries), and NET_BIND_SERVICE is the one that images have, so it stays where the port asks for it.
    """
    user, port = said.get("user"), said.get("port")
    if user is None or user.partition(":")[0] in ROOT:
        return OF_ROOT
    return (BIND,) if isinstance(port, int) and port < PRIVILEGED_PORTS else ()


def dropped(names: Collection[str]) -> list[str]:
    """Return what a task definition drops so that these stay.

    By name, since dropping ALL and adding some again is not possible on Fargate, which adds SYS_PTRACE only (ECS API
    reference, KernelCapabilities).
    """
    return [name for name in DEFAULT if name not in names] if names else ["ALL"]
