"""Push an image from the engine to a registry, and report the progress."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.docker.engine import DISK_FULL, from_thread, is_disk_full
from provisioner.engine.errors import Interrupted, NotCreated, OutcomeUnknown
from provisioner.state.runtime import Event

TRIES = 3
PAUSE = 2.0
"""Seconds before another try, longer each time."""
MEGA = 1_000_000
NEEDED = (
    "Allow these credentials ecr:GetAuthorizationToken, ecr:BatchCheckLayerAvailability, ecr:InitiateLayerUpload, "
    "ecr:UploadLayerPart, ecr:CompleteLayerUpload, ecr:PutImage and ecr:BatchGetImage"
)
"""The permissions for a push to ECR (ECR user guide, required IAM permissions for pushing an image)."""
_THERE = ("Pushed", "Layer already exists", "Mounted from")
_CUT = re.compile(
    r"connection (reset|refused)|broken pipe|EOF|timeout|unexpected HTTP status: 5|toomanyrequests",
    re.IGNORECASE,
)
_DENIED = re.compile(r"no basic auth credentials|denied|unauthorized|authentication required|forbidden", re.IGNORECASE)


class PushError(NotCreated):
    """An image could not be pushed; the message has the reason and the remedy."""

    code = "image-push"


class TagTaken(PushError):
    """The registry has another image under this tag, which cannot be moved."""


@dataclass
class _Layer:
    """The progress of one layer, in bytes."""

    status: str = ""
    current: int = 0
    total: int = 0


def push(
    client: Any,
    repository: str,
    tag: str,
    login: Mapping[str, str],
    say: Callable[[str], None],
    stop: Event,
    pause: float = PAUSE,
) -> str:
    """Push an image and return its digest as the engine reports it.

    Args:
        repository: the registry's name and the repository's. login: `username`, `password`, `serveraddress`.
        say: receives the progress.
        stop: set when the user wants to end.

    Raises:
        PushError: the push was refused.
        OutcomeUnknown: the push was cut off; the caller has to look up whether the image is there.
    """
    say("pushing")
    for attempt in range(1, TRIES + 1):
        try:
            return _pushed(client, repository, tag, login, say, stop)
        except _Cut as cut:
            if attempt == TRIES or stop.wait(pause * attempt):
                raise OutcomeUnknown(
                    f"the push to {repository} lost its connection ({cut}){_hint(repository, str(cut))}"
                ) from None
            say(f"pushing again: the connection was lost ({cut})")
    raise AssertionError("unreachable")


class _Cut(Exception):
    """The connection to the registry was lost or refused."""


def _pushed(
    client: Any, repository: str, tag: str, login: Mapping[str, str], say: Callable[[str], None], stop: Event
) -> str:
    from docker.errors import DockerException

    layers: dict[str, _Layer] = {}
    digest = ""
    try:
        events = client.api.push(repository, tag=tag, stream=True, decode=True, auth_config=dict(login))
        for event in from_thread(events, stop):
            if error := event.get("error"):
                raise _refusal(repository, tag, str(error))
            digest = (event.get("aux") or {}).get("Digest", digest)
            if _note(layers, event):
                say(_progress(layers))
    except (DockerException, OSError) as error:
        raise _refusal(repository, tag, str(error)) from None
    except Interrupted:
        raise OutcomeUnknown(f"the push to {repository} was interrupted") from None
    if not digest:
        raise _Cut("the engine did not report the digest of the pushed image")
    return digest


def _note(layers: dict[str, _Layer], event: Mapping[str, Any]) -> bool:
    """Note an event about a layer; return whether the event is about one."""
    if "id" not in event or "status" not in event or event["id"] == "latest":
        return False
    layer = layers.setdefault(event["id"], _Layer())
    layer.status = event["status"]
    detail = event.get("progressDetail") or {}
    layer.current, layer.total = detail.get("current", layer.current), detail.get("total", layer.total)
    return True


def _progress(layers: Mapping[str, _Layer]) -> str:
    done = sum(layer.status.startswith(_THERE) for layer in layers.values())
    total = sum(layer.total for layer in layers.values())
    # the bytes sent can be a little more than announced, or less by compression
    sent = sum(min(layer.current, layer.total) for layer in layers.values())
    size = f", {sent // MEGA} of {total // MEGA} MB" if total >= MEGA else ""
    return f"pushing {done}/{len(layers)} layers{size}"


def _refusal(repository: str, tag: str, text: str) -> Exception:
    """Return the error for the engine's message."""
    if is_disk_full(text):
        return PushError(f"pushing to {repository} failed: a disk is full. If it is the engine's: {DISK_FULL}")
    if "immutable" in text and "already exists" in text:
        return TagTaken(
            f"{repository} has another image under the tag {tag}, and its tags are immutable: it was pushed by "
            f"somebody else meanwhile. Run the same command again to use that image, or delete it in ECR first "
            f"({text})"
        )
    if "does not exist in the registry" in text:
        return PushError(
            f"pushing to {repository} was refused: {text}. Run the same command again to create the repository"
        )
    if _DENIED.search(text):
        return PushError(f"pushing to {repository} was refused: {text}. {NEEDED}")
    if _CUT.search(text):
        return _Cut(text)
    return PushError(
        f"pushing to {repository} failed: {text}. Check the network and the engine's disk, then run the same command "
        f"again"
    )


def _hint(repository: str, text: str) -> str:
    if repository.startswith("127.0.0.1:") and "refused" in text:
        return ". An engine in a virtual machine cannot reach the embedded cloud's registry on this machine"
    return ""


def reaches(client: Any, login: Mapping[str, str]) -> bool:
    """Return whether the engine can log in to a registry. The credentials are stored nowhere."""
    from docker.errors import DockerException

    try:
        # only the engine gets this login: it does not change the docker command's own
        client.login(login["username"], login["password"], registry=login["serveraddress"], reauth=True)
    except (DockerException, OSError):
        return False
    return True
