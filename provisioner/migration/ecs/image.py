"""The image of a container: by its tag, or by the digest that runs."""

from __future__ import annotations

import re

from provisioner.config import validators as values
from provisioner.docker import reference
from provisioner.migration.ecs.answers import Answer, Answers
from provisioner.migration.ecs.findings import Workload


def fill(workload: Workload, definition: Answer, main: Answer) -> bool:
    """Put the image into the table: by its tag, or by the digest that runs where the tag has moved since.

    Returns:
        False, and a note, if it is none that can be named.
    """
    image = str(main.get("image", ""))
    try:
        values.image(image)
    except ValueError as error:
        workload.leave("image", f"{error}: {workload.name} is left out")
        return False
    kept, why = pinned(workload.answers, str(definition.get("taskDefinitionArn")), main)
    workload.table["image"] = kept
    if why:
        workload.leave("image", why)
    return True


def pinned(answers: Answers, definition: str, main: Answer) -> tuple[str, str]:
    """Return a container's image as it is to be written, and what is to be known of it, if there is something.

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
    """Return the digests that run of a container, each once, the one of the newest task last."""
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
