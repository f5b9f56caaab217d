"""Translate the image of a container: by its tag, or by the running digest."""

from __future__ import annotations

import re

from provisioner.config import validators as values
from provisioner.docker import reference
from provisioner.migration.ecs.answers import Answer, Answers
from provisioner.migration.ecs.findings import Workload


def fill(workload: Workload, definition: Answer, main: Answer) -> bool:
    """Write the image into the table: by its tag, or by the running digest if the tag has moved.

    Returns:
        False, with a note, if the image's name is not valid.
    """
    image = str(main.get("image", ""))
    try:
        values.image(image)
    except ValueError as error:
        workload.leave("image", f"{error}: {workload.name} is left out", "all")
        return False
    kept, why = pinned(workload.answers, str(definition.get("taskDefinitionArn")), main)
    workload.table["image"] = kept
    if why:
        workload.tell("image", why)
    return True


def pinned(answers: Answers, definition: str, main: Answer) -> tuple[str, str]:
    """Return the image to write for a container, and a note about it; empty if there is nothing to note.

    Args:
        definition: the ARN of the container's task definition.
    """
    image = str(main.get("image", ""))
    digests = running(answers, definition, str(main.get("name")))
    if "@" in image or not digests:
        return image, ""
    newest, name = digests[-1], without_tag(image)
    if (tagged := answers.images.get(image)) is not None:
        if set(digests) <= set(tagged):
            return image, ""
        return f"{name}@{newest}", f"the tag of {image} has moved since: the image that runs is named by its digest"
    if len(digests) > 1:
        return f"{name}@{newest}", f"the tag of {image} has moved: of {len(digests)} images the newest is named"
    why = "its registry was not asked whether the tag has moved"
    return image, f"{image} runs as {newest}; {why}: write {name}@{newest} to be sure of the same image"


def running(answers: Answers, definition: str, container: str) -> list[str]:
    """Return the running digests of a container, each once, the newest task's digest last."""
    tasks = [one for one in answers.tasks if one.get("taskDefinitionArn") == definition]
    found: dict[str, None] = {}
    for task in sorted(tasks, key=lambda one: str(one.get("createdAt", ""))):
        for one in task.get("containers") or ():
            digest = str(one.get("imageDigest") or "")
            if one.get("name") == container and reference.DIGEST.fullmatch(digest):
                found.pop(digest, None)
                found[digest] = None
    return list(found)


def without_tag(image: str) -> str:
    """Return an image's name without its tag."""
    return re.sub(r":[\w.-]+$", "", image, flags=re.ASCII)
